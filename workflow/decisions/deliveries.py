"""Writes what became of messages: the row, the try, the trail, and who has to do something about it. Sends nothing."""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, select

from workflow import models
from workflow.audit.entry import Entry
from workflow.decisions import notices
from workflow.decisions.notices import Notice
from workflow.decisions.posting import post
from workflow.decisions.record import enter, enter_many
from workflow.models.base import table_of
from workflow.store import outbox, people, suppressions
from workflow.store.cases import Case, read_many
from workflow.store.office import Office
from workflow.store.outbox import Fate, Mail
from workflow.store.recipients import COMPANY
from workflow.store.tasks import add_task, letter_key

_N = table_of(models.Notification)
_LONGEST_REPLY = 1000


def settle(connection: Connection, office: Office, fates: Sequence[Fate], now: datetime) -> list[str]:
    """Write what became of rows, all or none. Return each one's status, or that another worker holds it by now."""
    if not fates:
        return []
    held = outbox.still_held(connection, [fate.mail for fate in fates])
    written = [fate for fate in fates if fate.mail.id in held]
    outbox.settle(connection, written, now)
    outbox.note_attempts(connection, fates, now)  # the tries of a lost lease happened all the same
    enter_many(connection, [_entry(fate, office.salt, now) for fate in written if _is_told(fate)])
    for fate in written:
        _follow_up(connection, office, fate, now)
    return [fate.status if fate.mail.id in held else "lost_lease" for fate in fates]


def _is_told(fate: Fate) -> bool:
    """A checkpoint that arrived leaves no entry: it would make the log grow, and the next checkpoint with it."""
    return fate.status != "queued" and (fate.mail.message, fate.status) != ("checkpoint", "sent")


def plain(reply: str) -> str:
    """Return a server's reply as one line that any database keeps."""
    return "".join(c if c.isprintable() else " " for c in reply[:_LONGEST_REPLY])


def salted(address: str, salt: str) -> str:
    """Return the digest under which the trail knows an address."""
    return hashlib.sha256(f"{salt}:{address}".encode()).hexdigest()[:32]


def suppress(connection: Connection, office: Office, mail: Mail, reason: str, now: datetime) -> None:
    """Send nothing to a message's address from now on."""
    if not suppressions.suppress(connection, mail.address, reason, mail.id, now):
        return
    detail = {"message": mail.message, "person": mail.person, "address": salted(mail.address.lower(), office.salt)}
    enter(connection, _clock_entry("mail:address:suppressed", mail, detail, now))


def _entry(fate: Fate, salt: str, now: datetime) -> Entry:
    """`person` names who really got it, which the recipient may leave open; `cause` is what it was owed for."""
    mail = fate.mail
    detail: dict[str, object] = {"message": mail.message, "recipient": mail.recipient, "notification": mail.id}
    detail["cause"] = mail.cause
    if mail.person:
        detail["person"] = mail.person
    if mail.address:
        detail["address"] = salted(mail.address, salt)
    if mail.bundled_into:
        detail["bundled_into"] = mail.bundled_into
    if fate.status == "suppressed":
        detail["why"] = fate.reply
    return _clock_entry(f"mail:delivery:{fate.status}", mail, detail, now)


def _clock_entry(kind: str, mail: Mail, detail: dict[str, object] | dict[str, str], now: datetime) -> Entry:
    told = {"application": mail.reference, "company": mail.uen, "programme": mail.programme}
    about = told if mail.reference else {}
    return Entry(kind, now, "clock", "clock", "clock", about=about, detail=dict(detail))


def _follow_up(connection: Connection, office: Office, fate: Fate, now: datetime) -> None:
    """What did not arrive is somebody's task; the officer of the case is told of what a company did not get."""
    mail = fate.mail
    if fate.dead and mail.address:
        suppress(connection, office, mail, fate.reply, now)
    held_back = fate.status == "suppressed" and not fate.dead
    if fate.status in ("sent", "queued") or fate.next_try_at is not None or mail.bundled_into or held_back:
        return
    letter = fate.dead and mail.to_company
    if letter:
        _letter_task(connection, fate, now)
    else:
        _task(connection, fate, now)
    if mail.to_company and mail.recipient != COMPANY and fate.status != "in_doubt":
        _tell_officer(connection, office, fate, now, letter=letter)


def _letter_task(connection: Connection, fate: Fate, now: datetime) -> None:
    mail = fate.mail
    nobody = mail.recipient == COMPANY
    why = "the company has no contact with an address" if nobody else "its address takes no mail any more"
    sentence = (
        f"Send a letter instead of message {mail.id} ({mail.message}): {why}. "
        "Then close this task with the day on which it was posted. The message holds the text."
    )
    add_task(connection, letter_key(mail.id), "officer", sentence, now, mail.application_id, notification_id=mail.id)


def _task(connection: Connection, fate: Fate, now: datetime) -> None:
    mail = fate.mail
    words = "may or may not have arrived" if fate.status == "in_doubt" else "could not be delivered"
    sentence = f"Message {mail.id} ({mail.message}) {words}: {fate.reply[:200]}"
    # With the fence, so that the same trouble after another try is another task.
    key = f"mail:{mail.id}:{fate.status}:{mail.fence}"
    add_task(connection, key, "officer", sentence, now, mail.application_id, notification_id=mail.id)


def _tell_officer(connection: Connection, office: Office, fate: Fate, now: datetime, *, letter: bool) -> None:
    """Tell the officer of the case, once for each message; without one the account manager, then the supervisors."""
    mail, cause = fate.mail, f"notification:{fate.mail.id}"
    known = select(_N.c.id).where(_N.c.message == "delivery_failed", _N.c.cause == cause)
    if mail.message == "delivery_failed" or connection.execute(known).first() is not None:
        return
    case = None if mail.application_id is None else read_many(connection, [mail.application_id])[mail.application_id]
    more = {
        "failed_message": mail.message,
        "recipient_address": mail.address or "a contact that is gone",
        "reply": fate.reply,
        "letter": letter,
    }
    if case is None:
        payload = json.dumps(more, ensure_ascii=False, sort_keys=True)
    else:
        programme = office.editions.machine(connection, case.programme, case.edition).programme
        payload = notices.payload(case, programme, **more)
    for recipient in _responsible(connection, case):
        notice = Notice("delivery_failed", recipient, payload)
        post(connection, office.origin, notice, cause, now, mail.application_id)


def _responsible(connection: Connection, case: Case | None) -> list[str]:
    if case is not None and case.assignee_id:
        return ["assignee"]
    if case is not None and case.account_manager_id:
        return ["account_manager"]
    staff = people.everybody(connection).values()
    return [f"officer:{p.id}" for p in sorted(staff, key=lambda p: p.id) if "supervisor" in p.roles]
