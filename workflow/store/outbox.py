"""The outbox's rows: which are due, who holds them, what became of them. It judges and sends nothing.

A row is held under its fence: every claim raises it, so that a worker which lost its lease cannot settle the row.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, bindparam, func, or_, select, update

from states.facts import Person
from workflow import models
from workflow.access import sees_all
from workflow.errors import NotFound
from workflow.models.base import table_of
from workflow.store import visible
from workflow.store.cases import Case
from workflow.store.recipients import is_company

TWICE = "This person gets the same message in another row."  # why a row is held back
ARRIVED = "arrived"  # in place of a try's outcome: a person says that the last one in doubt arrived
_N = table_of(models.Notification)
_A = table_of(models.Application)
_ATTEMPT = table_of(models.DeliveryAttempt)


@dataclass(frozen=True, slots=True)
class Mail:
    """One row of the outbox in somebody's hands."""

    id: int
    fence: int
    message: str
    cause: str
    recipient: str
    message_id: str
    created_at: datetime
    attempts: int
    resends: int
    address: str
    person: str  # an officer's id, or a contact's token
    payload: Mapping[str, Any]
    application_id: int | None = None
    reference: str = ""  # of the case
    programme: str = ""
    uen: str = ""  # of the case's company
    lease_until: datetime | None = None
    bundled_into: int | None = None
    was: str = "queued"  # its status before it was taken in hand

    @property
    def to_company(self) -> bool:
        return is_company(self.recipient)

    @property
    def is_reminder(self) -> bool:
        """Whether a second one would do no harm where the first may be lost."""
        return self.cause.startswith("planned:")


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a row. `outcome` is that of a try; empty when there was none."""

    mail: Mail
    status: str
    reply: str
    next_try_at: datetime | None = None
    outcome: str = ""
    dead: bool = False  # there is no address, or it takes no mail any more


def as_it_stands(row: Row[Any], case: Case | None) -> Mail:
    """Return a row as it is, without what it says; somebody may hold it."""
    return Mail(
        id=row.id,
        fence=row.fence,
        message=row.message,
        cause=row.cause,
        recipient=row.recipient,
        message_id=row.message_id,
        created_at=row.created_at,
        attempts=row.attempts,
        resends=row.resends,
        address=row.address,
        person=row.person,
        payload={},
        application_id=row.application_id,
        reference=case.reference if case else "",
        programme=case.programme if case else "",
        uen=case.uen if case else "",
        bundled_into=row.bundled_into,
        was=row.status,
    )


def _due(status: str, *more: Any) -> Select[Any]:
    """The query for rows of a status that are due and that nobody else holds, longest due first."""
    return (
        select(_N)
        .where(_N.c.status == status, _N.c.next_try_at <= bindparam("now", type_=_N.c.next_try_at.type), *more)
        .order_by(_N.c.next_try_at, _N.c.id)
        .limit(bindparam("many"))
        .with_for_update(skip_locked=True)
    )


_QUEUED = _due("queued", ~_N.c.bundled)
_BUNDLED = _due("queued", _N.c.bundled)
_DOUBTED = _due("in_doubt")
_EXPIRED = (
    select(_N)
    .where(_N.c.status == "sending", _N.c.lease_until < bindparam("now", type_=_N.c.lease_until.type))
    .order_by(_N.c.id)
    .with_for_update(skip_locked=True)
)
_MEMBERS = select(_N).where(_N.c.bundled_into.in_(bindparam("ids", expanding=True))).order_by(_N.c.id).with_for_update()
_INSERT_ATTEMPT = _ATTEMPT.insert().inline()
_FENCES = (
    select(_N.c.id, _N.c.fence).where(_N.c.id.in_(bindparam("ids", expanding=True))).order_by(_N.c.id).with_for_update()
)


def _update_of(*names: str) -> Any:
    values = {name: bindparam(f"v_{name}", type_=_N.c[name].type) for name in names}
    return update(_N).where(_N.c.id == bindparam("b_id")).values(values)


_LEASE = _update_of(
    "status", "fence", "lease_until", "attempts", "resends", "address", "person", "payload", "bundled_into"
)
_SETTLE = _update_of("status", "next_try_at", "lease_until", "settled_at", "last_reply", "bundled_into")
_GIVE_BACK = (
    update(_N)
    .where(_N.c.id == bindparam("b_id"), _N.c.fence == bindparam("b_fence"), _N.c.status == "sending")
    .values(
        status=bindparam("v_status"),
        lease_until=None,
        attempts=_N.c.attempts - 1,
        resends=bindparam("v_resends"),
        bundled_into=bindparam("v_bundled_into"),
    )
)
_POSTPONE = _update_of("next_try_at")
_LAST_BUNDLE = (
    select(_N.c.person, _N.c.status, func.max(_N.c.settled_at))
    .where(
        _N.c.bundled,
        _N.c.bundled_into.is_(None),
        _N.c.status.in_(("sending", "sent", "in_doubt")),
        _N.c.person.in_(bindparam("people", expanding=True)),
    )
    .group_by(_N.c.person, _N.c.status)
)

_LEFT = ("sending", "sent", "in_doubt", "failed")
_BOUNCED = (
    select(_N)
    .where(_N.c.message_id.in_(bindparam("message_ids", expanding=True)), _N.c.status.in_(_LEFT), _N.c.address != "")
    .order_by(_N.c.id)
    .with_for_update()
)
_NEWEST_TO = (
    select(_N)
    .where(func.lower(_N.c.address) == bindparam("address"), _N.c.status.in_(_LEFT))
    .where(_N.c.bundled_into.is_(None))
    .order_by(_N.c.id.desc())
    .limit(1)
    .with_for_update()
)


def queued(connection: Connection, now: datetime, many: int) -> list[Row[Any]]:
    """Lock and return rows that are due and go out alone."""
    return list(connection.execute(_QUEUED, {"now": now, "many": many}))


def bundled(connection: Connection, now: datetime, many: int) -> list[Row[Any]]:
    """Lock and return rows that are due and go out with others to the same colleague."""
    return list(connection.execute(_BUNDLED, {"now": now, "many": many}))


def doubted(connection: Connection, now: datetime, many: int) -> list[Row[Any]]:
    """Lock and return rows in doubt that are to be sent once more."""
    return list(connection.execute(_DOUBTED, {"now": now, "many": many}))


def expired(connection: Connection, now: datetime) -> list[Row[Any]]:
    """Lock and return rows whose worker let its lease run out."""
    return list(connection.execute(_EXPIRED, {"now": now}))


def members(connection: Connection, leads: Collection[int]) -> dict[int, list[Row[Any]]]:
    """Lock and return the rows that other rows' mails carry, by the row that carries them."""
    found: dict[int, list[Row[Any]]] = defaultdict(list)
    if leads:
        for row in connection.execute(_MEMBERS, {"ids": list(leads)}):
            found[row.bundled_into].append(row)
    return found


def reached(connection: Connection, rows: Collection[Row[Any]]) -> dict[tuple[str, str, int, str], int]:
    """Return which rows carry or carried the messages of these rows to whom: message, cause, resending and person."""
    query = select(_N.c.message, _N.c.cause, _N.c.resend_no, _N.c.person, _N.c.id).where(
        _N.c.message.in_({row.message for row in rows}),
        _N.c.cause.in_({row.cause for row in rows}),
        _N.c.status.in_(("sending", "sent", "in_doubt")),
        _N.c.person != "",
    )
    found = connection.execute(query.order_by(_N.c.id)) if rows else ()
    return {(row.message, row.cause, row.resend_no, row.person): row.id for row in found}


def last_bundles(connection: Connection, people: Collection[str], now: datetime) -> dict[str, datetime]:
    """Return when somebody last got a bundle; one that is under way counts as now."""
    found: dict[str, datetime] = {}
    for person, status, at in connection.execute(_LAST_BUNDLE, {"people": list(people)}):
        found[person] = max(found.get(person, at or now), now if status == "sending" else at)
    return found


def lease(connection: Connection, mails: Sequence[Mail], payloads: Mapping[int, str]) -> None:
    """Write who holds rows that are locked, until when, and whom they go to. `payloads` are their texts by id."""
    rows = [
        {
            "b_id": mail.id,
            "v_status": "sending",
            "v_fence": mail.fence,
            "v_lease_until": mail.lease_until,
            "v_attempts": mail.attempts,
            "v_resends": mail.resends,
            "v_address": mail.address,
            "v_person": mail.person,
            "v_payload": payloads[mail.id],
            "v_bundled_into": mail.bundled_into,
        }
        for mail in mails
    ]
    if rows:
        connection.execute(_LEASE, rows)


def give_back(connection: Connection, mails: Iterable[Mail]) -> None:
    """Put rows back that were claimed and not begun, as they were before the claim."""
    rows = [
        {
            "b_id": mail.id,
            "b_fence": mail.fence,
            "v_status": mail.was,
            "v_resends": mail.resends - (mail.was == "in_doubt"),
            "v_bundled_into": mail.bundled_into if mail.was == "in_doubt" else None,
        }
        for mail in mails
    ]
    if rows:
        connection.execute(_GIVE_BACK, rows)


def postpone(connection: Connection, ids: Iterable[int], until: datetime) -> None:
    """Let rows wait."""
    connection.execute(_POSTPONE, [{"b_id": id_, "v_next_try_at": until} for id_ in ids])


def still_held(connection: Connection, mails: Collection[Mail]) -> set[int]:
    """Lock rows and return the ids of those that nobody has claimed since."""
    fences = {row.id: row.fence for row in connection.execute(_FENCES, {"ids": [mail.id for mail in mails]})}
    return {mail.id for mail in mails if fences.get(mail.id) == mail.fence}


def settle(connection: Connection, fates: Sequence[Fate], now: datetime) -> None:
    """Write what became of locked rows. A doubt that is to be cleared by a second mail waits in the row that carries it."""
    rows = [
        {
            "b_id": fate.mail.id,
            "v_status": fate.status,
            "v_next_try_at": None if fate.status == "in_doubt" and fate.mail.bundled_into else fate.next_try_at,
            "v_lease_until": None,
            "v_settled_at": None if fate.status == "queued" else now,
            "v_last_reply": fate.reply,
            "v_bundled_into": None if fate.status == "queued" else fate.mail.bundled_into,
        }
        for fate in fates
    ]
    if rows:
        connection.execute(_SETTLE, rows)


def note_attempts(connection: Connection, fates: Iterable[Fate], now: datetime) -> None:
    """Keep every try with the server's reply."""
    rows = [
        {
            "notification_id": fate.mail.id,
            "at": now,
            "address": fate.mail.address,
            "person": fate.mail.person,
            "outcome": fate.outcome,
            "reply": fate.reply,
        }
        for fate in fates
        if fate.outcome
    ]
    if rows:
        connection.execute(_INSERT_ATTEMPT, rows)


def settle_by_hand(connection: Connection, mails: Sequence[Mail], said: str, now: datetime) -> None:
    """Let locked rows in doubt count as sent because a person says so; a worker that is late cannot settle them after."""
    values = {"status": "sent", "next_try_at": None, "settled_at": now, "last_reply": said}
    ids = [mail.id for mail in mails]
    connection.execute(update(_N).where(_N.c.id.in_(ids)).values(values | {"fence": _N.c.fence + 1}))
    note_attempts(connection, [Fate(mail, "sent", said, outcome=ARRIVED) for mail in mails], now)


def by_message_ids(connection: Connection, message_ids: Collection[str]) -> Row[Any] | None:
    """Lock and return the row that left under one of these Message-IDs."""
    return connection.execute(_BOUNCED, {"message_ids": list(message_ids)}).first()


def newest_to(connection: Connection, address: str) -> Row[Any] | None:
    """Lock and return the newest row that left for an address, given in lower case."""
    return connection.execute(_NEWEST_TO, {"address": address}).first()


def lock(connection: Connection, id_: int, viewer: Person) -> Row[Any]:
    """Lock and return one row. Raises NotFound where it is not there or the viewer may not see it."""
    query = visible_to(select(_N).outerjoin(_A, _A.c.id == _N.c.application_id), viewer)
    row = connection.execute(query.where(_N.c.id == id_).with_for_update(of=_N)).first()
    if row is None:
        raise NotFound("NO_MESSAGE", f"There is no message {id_}. Take one from the list of messages.")
    return row


def visible_to(query: Select[Any], viewer: Person) -> Select[Any]:
    """Leave out of a query with messages and their cases what somebody may not see: a message is seen with its case.

    One about no case, such as a digest, is also seen by the person it is for.
    """
    if sees_all(viewer):
        return query
    addressed = [f"officer:{viewer.id}"] if viewer.roles else []
    own = and_(_N.c.application_id.is_(None), _N.c.recipient.in_(addressed))
    return query.where(or_(visible.cases(viewer), own))


def queue_again(connection: Connection, row: Row[Any], now: datetime) -> None:
    """Let a locked row be sent again; a doubt stays one until the second mail is answered."""
    values: dict[str, Any] = {"next_try_at": now, "fence": row.fence + 1}
    if row.status != "in_doubt":
        values |= {"status": "queued", "resends": 0, "settled_at": None, "bundled_into": None, "bundled": False}
    connection.execute(update(_N).where(_N.c.id == row.id).values(values))
