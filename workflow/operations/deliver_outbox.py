"""Delivers what the outbox holds: claim, check again, hand over, note the answer. Nothing is sent inside a request."""

import asyncio
import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from jinja2 import TemplateError
from sqlalchemy import Connection, Row, and_, bindparam, or_, select, update

from notifications.composition import Envelope, UnsafeMessage, compose
from notifications.rendering import Renderer
from notifications.retry import Outcome, decide
from notifications.transport import Reply, Transport
from workflow import models
from workflow.audit.entry import Entry
from workflow.decisions.record import enter
from workflow.decisions.stand_ins import also
from workflow.models.base import table_of
from workflow.store import people, recipients
from workflow.store.cases import held_of
from workflow.store.office import Office
from workflow.store.recipients import Found
from workflow.store.tasks import add_task

BATCH = 50
_LEASE = timedelta(minutes=15)
_N = table_of(models.Notification)
_ATTEMPT = table_of(models.DeliveryAttempt)
_A = table_of(models.Application)
_UNTRUE_AFTER_END = frozenset(
    {
        "renewal_heads_up",
        "renewal_invitation",
        "renewal_not_started",
        "renewal_pack_due",
        "renewal_reminder",
        "renewal_last_day",
        "renewal_undecided",
        "renewal_under_review",
        "renewal_waits_for_information",
        "certificate_ends",
    }
)


# How reminders are counted while a case is in a state of a kind; a suspension changes nothing.
_PHASES = {"review": "under_review", "waiting": "awaiting", "certified": "running", "closed": "closing"}


@dataclass(frozen=True)
class Post:
    """How mail leaves: the transport, the templates, the sender's address."""

    transport: Transport
    renderer: Renderer
    sender: str


@dataclass(frozen=True)
class _Letter:
    id: int
    fence: int
    attempts: int
    created_at: datetime
    application_id: int | None
    message: str
    recipient: str
    address: str
    person: str
    reply_to: str
    message_id: str
    payload: dict[str, Any]


def deliver_outbox(office: Office, post: Post, *, now: datetime, batch: int = BATCH) -> dict[str, int]:
    """Try every queued message that is due, once. Return how many ended in each status."""
    counts: dict[str, int] = {}
    _doubt_expired(office, now)
    asyncio.run(_deliver(office, post, now, batch, counts))
    return counts


async def _deliver(office: Office, post: Post, now: datetime, batch: int, counts: dict[str, int]) -> None:
    """One connection for the whole run; each message is settled before the next one leaves."""
    opened = False
    try:
        while (letters := _claim(office, now, batch, counts)) is not None:
            for letter in letters:
                content = _compose(post, letter, now)
                if isinstance(content, Reply):
                    reply = content
                else:
                    if not opened:
                        opened = await _open(post.transport)
                    reply = await post.transport.send(post.sender, letter.address, content)
                status = _settle(office, letter, reply, now)
                counts[status] = counts.get(status, 0) + 1
    finally:
        await post.transport.close()


async def _open(transport: Transport) -> bool:
    """Connect once ahead; where that fails, sending tries again and its answer says why."""
    try:
        await transport.open()
    except Exception:  # noqa: BLE001  # whatever the relay does, send() reports it as a reply
        return False
    return True


def _compose(post: Post, letter: _Letter, now: datetime) -> bytes | Reply:
    try:
        rendered = post.renderer.render(letter.message, letter.payload)
        return compose(
            Envelope(post.sender, letter.address, letter.reply_to or post.sender, letter.message_id, now), rendered
        )
    except (UnsafeMessage, TemplateError) as error:
        return Reply(Outcome.PERMANENT, f"Not sent: {error}")


def _doubt_expired(office: Office, now: datetime) -> None:
    """A lease that ran out means a worker died while sending: the message may have gone out."""
    with office.database.transaction() as transaction:
        connection = transaction.connection
        query = select(_N).where(_N.c.status == "sending", _N.c.lease_until < now).with_for_update(skip_locked=True)
        for row in connection.execute(query).all():
            _write(connection, row.id, row.fence, "in_doubt", None, "The worker stopped while sending.", now)
            person = recipients.person_at(connection, row.recipient, row.address)
            _enter(connection, row, "in_doubt", now, person=person, address=salted(row.address, office.salt))
            _task(
                connection, row.id, row.message, "in_doubt", "the worker stopped while sending", now, row.application_id
            )


def _claim(office: Office, now: datetime, batch: int, counts: dict[str, int]) -> list[_Letter] | None:
    """Lease due rows, find who gets them now, and hold back what is not true any more; None when nothing is due."""
    letters: list[_Letter] = []
    with office.database.transaction() as transaction:
        connection = transaction.connection
        query = (
            select(_N)
            .where(and_(_N.c.status == "queued", or_(_N.c.next_try_at.is_(None), _N.c.next_try_at <= now)))
            .order_by(_N.c.next_try_at, _N.c.id)
            .limit(batch)
            .with_for_update(skip_locked=True)
        )
        rows = connection.execute(query).all()
        for row in rows:
            payload = json.loads(row.payload)
            found = recipients.find(connection, office.editions, row, now)
            if status := _hold_back(connection, office.origin, row, payload, found, now):
                counts[status] = counts.get(status, 0) + 1
                continue
            if found.deputy:
                also(connection, office.origin, row, found, [found.deputy], now)
            connection.execute(
                update(_N)
                .where(_N.c.id == row.id)
                .values(
                    status="sending",
                    fence=row.fence + 1,
                    lease_until=now + _LEASE,
                    attempts=row.attempts + 1,
                    address=found.address,
                )
            )
            letters.append(
                _Letter(
                    row.id, row.fence + 1, row.attempts + 1, row.created_at, row.application_id, row.message,
                    row.recipient, found.address, found.person, found.reply_to, row.message_id, payload,
                )
            )  # fmt: skip
    return letters if rows else None


def _hold_back(
    connection: Connection, origin: str, row: Row[Any], payload: dict[str, Any], found: Found, now: datetime
) -> str:
    """Settle a row that is not true any more or that nobody is there for; return its status, or nothing to send it."""
    if held := _not_true_any_more(connection, row, payload):
        _write(connection, row.id, row.fence, "suppressed", None, held, now)
        return "suppressed"
    if found.nobody:
        _to_supervisors(connection, origin, row, found, now)
        return "suppressed"
    if not found.address:
        reason = "Nobody with an address is there to receive it."
        _write(connection, row.id, row.fence, "failed", None, reason, now)
        _task(connection, row.id, row.message, "failed", reason, now, row.application_id)
        return "failed"
    return ""


def _to_supervisors(connection: Connection, origin: str, row: Row[Any], found: Found, now: datetime) -> None:
    """Nobody is there for a message to a colleague: every supervisor gets it, and has to name somebody."""
    _write(connection, row.id, row.fence, "suppressed", None, found.nobody, now)
    staff = people.everybody(connection).values()
    also(connection, origin, row, found, sorted(p.id for p in staff if "supervisor" in p.roles), now)
    _enter(connection, row, "suppressed", now, why=found.nobody)
    sentence = (
        f"Message {row.id} ({row.message}) went to the supervisors: {found.nobody} "
        "Name somebody: `aeo portfolio transfer` for a company, `aeo application assign` for a case."
    )
    add_task(connection, f"nobody:{row.cause}:{row.recipient}", "supervisor", sentence, now, row.application_id)


def _not_true_any_more(connection: Connection, row: Row[Any], payload: dict[str, Any]) -> str:
    """Check the rule again at send time: what was due may not be true any more."""
    if row.message not in _UNTRUE_AFTER_END or row.application_id is None:
        return ""
    case = connection.execute(select(*_A.c).where(_A.c.id == row.application_id)).one()
    if case.ended_on is not None:
        return "The certificate has ended meanwhile."
    if payload.get("valid_until") != str(held_of(case).last_day):
        return "The certificate's last day has changed meanwhile."
    if payload.get("phase", "") not in ("", _PHASES.get(case.state_kind, payload.get("phase"))):
        return "The renewal has moved on meanwhile."
    return ""


def _settle(office: Office, letter: _Letter, reply: Reply, now: datetime) -> str:
    verdict = decide(reply.outcome, attempts=letter.attempts, created_at=letter.created_at, now=now)
    with office.database.transaction() as transaction:
        connection = transaction.connection
        if not _write(connection, letter.id, letter.fence, verdict.status, verdict.next_try_at, reply.text, now):
            return "lost_lease"
        connection.execute(
            _ATTEMPT.insert(),
            {
                "notification_id": letter.id,
                "at": now,
                "address": letter.address,
                "outcome": str(reply.outcome),
                "reply": reply.text[:1000],
            },
        )
        if verdict.status != "queued":
            address = salted(letter.address, office.salt)
            _enter(connection, letter, verdict.status, now, person=letter.person, address=address)
        if verdict.status in ("failed", "in_doubt"):
            _task(connection, letter.id, letter.message, verdict.status, reply.text, now, letter.application_id)
    return verdict.status


_SETTLE = (
    update(_N)
    .where(_N.c.id == bindparam("b_id"), _N.c.fence == bindparam("b_fence"))
    .values({name: bindparam(f"v_{name}", type_=_N.c[name].type) for name in
             ("status", "next_try_at", "lease_until", "settled_at", "last_reply")})
)  # fmt: skip


def _write(
    connection: Connection, id_: int, fence: int, status: str, next_try_at: datetime | None, reply: str, now: datetime
) -> bool:
    """Settle a row unless another worker holds it now."""
    values = {
        "b_id": id_,
        "b_fence": fence,
        "v_status": status,
        "v_next_try_at": next_try_at,
        "v_lease_until": None,
        "v_settled_at": None if status == "queued" else now,
        "v_last_reply": reply[:1000],
    }
    return connection.execute(_SETTLE, values).rowcount == 1


def _enter(connection: Connection, letter: _Letter | Row[Any], status: str, now: datetime, **more: str) -> None:
    """Enter what became of a message: `person` names who really got it, which the recipient may leave open."""
    about: dict[str, Any] = {}
    if letter.application_id is not None:
        row = connection.execute(select(_A.c.reference, _A.c.programme).where(_A.c.id == letter.application_id)).one()
        about = {"application": row.reference, "programme": row.programme}
    entry = Entry(
        kind=f"mail:delivery:{status}",
        recorded_at=now,
        actor="clock",
        role="clock",
        proven="clock",
        about=about,
        detail={"message": letter.message, "recipient": letter.recipient, **more},
    )
    enter(connection, entry)


def salted(address: str, salt: str) -> str:
    """Return the digest under which the trail knows an address."""
    return hashlib.sha256(f"{salt}:{address}".encode()).hexdigest()[:32]


def _task(
    connection: Connection, id_: int, message: str, status: str, why: str, now: datetime, application_id: int | None
) -> None:
    words = "could not be delivered" if status == "failed" else "may or may not have arrived"
    sentence = f"Message {id_} ({message}) {words}: {why[:200]}"
    add_task(connection, f"mail:{id_}:{status}", "officer", sentence, now, application_id)
