"""Corrects an error in an issued certificate by a new event: one person asks, another one confirms."""

from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row

from states.dates import local_day
from states.definition import Programme
from states.guards import Attempt
from states.standing import Certificate, Held
from workflow import inputs
from workflow.access import Deed
from workflow.decisions.approvals import open_approval
from workflow.decisions.decide import summary
from workflow.decisions.effects import Deciding, projection, with_newest
from workflow.decisions.notices import Notice, payload, recipients
from workflow.decisions.once import once
from workflow.decisions.outcome import Act, Done, Outcome, Refused
from workflow.decisions.permit import permit
from workflow.decisions.record import Change, Decided, Happened, record
from workflow.decisions.replan import replan
from workflow.errors import BadInput
from workflow.store import certificates, facts, people
from workflow.store.cases import Case
from workflow.store.certificates import Running
from workflow.store.facts import Loaded
from workflow.store.office import Office

TITLE = "Correct the certificate"


def correct_certificate(
    office: Office,
    *,
    number: str,
    reason: str,
    act: Act,
    valid_from: date | None = None,
    valid_until: date | None = None,
    idempotency_key: str = "",
) -> Outcome:
    """Ask for a correction, which a second person confirms; nothing changes before.

    The same request with the same key again does nothing and gets the same answer.

    Raises NotFound, and BadInput for dates that cannot be and for a certificate that has ended.
    """
    reason, key = inputs.text(reason, "The reason"), inputs.key(idempotency_key)
    asked = {"number": number, "valid_from": valid_from, "valid_until": valid_until, "reason": reason}
    with office.database.transaction() as transaction:
        connection = transaction.connection
        row, case = certificates.lock(connection, number, act.actor)
        return once(connection, act, "corrections", key, asked, lambda: _ask(connection, office, row, case, asked, act))


def _ask(connection: Connection, office: Office, row: Row[Any], case: Case, asked: dict[str, Any], act: Act) -> Outcome:
    programme = office.editions.machine(connection, case.programme, case.edition).programme
    today = local_day(act.now, programme.time_zone)
    now = certificates.running(row, case, today)
    new = _corrected(now, asked["valid_from"], asked["valid_until"], today)
    role = permit(connection, office.origin, case, programme, Deed.CORRECT, act)
    if isinstance(role, Refused):
        return role
    sentence = (
        f"{TITLE} {row.number} of {case.reference}: {_in_words(now.certificate, new)}, because: {asked['reason']}"
    )
    approval = open_approval(
        connection,
        office,
        case,
        programme,
        act,
        role=role,
        kind="certificate_correction",
        sentence=sentence,
        request={name: value for name, value in asked.items() if value} | {"number": row.number},
    )
    words = f"{sentence}. An approver must confirm it first (aeo approval confirm {approval})."
    return Done(words, summary(case) | {"approval": approval})


def apply_correction(
    connection: Connection, office: Office, case: Case, asked: dict[str, Any], by: Act, act: Act
) -> Done:
    """Do to a locked case what the actor of `by` asked for and that of `act` confirms; the dates are checked anew.

    The actor of `by` holds one role, the one in which it was asked.
    """
    row = certificates.find(connection, asked["number"], act.actor)
    programme = office.editions.machine(connection, case.programme, case.edition).programme
    today = local_day(act.now, programme.time_zone)
    first, last = (inputs.day(asked[name], name) if name in asked else None for name in ("valid_from", "valid_until"))
    now = certificates.running(row, case, today)
    old, new = now.certificate, _corrected(now, first, last, today)
    loaded = facts.load_one(connection, office, case, now=act.now)
    given = {"valid_from": new.valid_from, "valid_until": new.valid_until, "confirmed_by": act.actor.id}
    (role,) = by.actor.roles
    change = Change(
        kind="case:certificate:corrected",
        role=role,
        effective_at=max(act.now, case.decided_at),
        detail={"certificate": new.number, "what": _in_words(old, new), "decision_no": case.decision_no + 1},
        decided=Decided("correct", case.state, role, given, reason=asked["reason"]),
    )
    change.events.append(
        Happened(new.number, "corrected", today, valid_from=new.valid_from, valid_until=new.valid_until)
    )
    held = _with(now.held, new)
    change.updates |= {name: value for name, value in projection(held).items() if value != getattr(case, name)}
    replan(
        Deciding(connection, programme, case, loaded.facts, Attempt(), by, today, case.state, change, held),
        "the certificate was corrected",
    )
    change.notices = _notices(connection, programme, case, loaded, old, new, asked["reason"])
    record(connection, office.origin, case, programme, by, change)
    return Done(f"Certificate {new.number} is corrected: {_in_words(old, new)}.", summary(case))


def _corrected(now: Running, valid_from: date | None, valid_until: date | None, today: date) -> Certificate:
    old = now.certificate
    new = replace(old, valid_from=valid_from or old.valid_from, valid_until=valid_until or old.valid_until)
    if new == old:
        raise BadInput(
            "NO_CHANGE",
            f"Certificate {old.number} has these dates already, {old.valid_from.isoformat()} to "
            f"{old.valid_until.isoformat()}. Give another first or last day.",
        )
    if new.valid_from > new.valid_until:
        raise BadInput(
            "DATE_ORDER",
            f"The first day {new.valid_from.isoformat()} is after the last day {new.valid_until.isoformat()}. "
            "Correct both so that they are in order.",
        )
    if new.valid_until < today:
        raise BadInput(
            "DATE_PAST",
            f"The last day {new.valid_until.isoformat()} is over, so the certificate would end at once. "
            "A correction does not end it: revoke it instead.",
        )
    current, following = now.held.current, now.held.following
    if current and following:
        _keep_order(new, current, following)
    return new


def _keep_order(new: Certificate, current: Certificate, following: Certificate) -> None:
    """A correction makes the certificate that counts and the one that follows it overlap no more than they do."""
    of_current = new.number == current.number
    last, first = (new.valid_until, following.valid_from) if of_current else (current.valid_until, new.valid_from)
    before, after = following.valid_from - current.valid_until, first - last
    if after < before and first <= last:
        raise BadInput(
            "DATE_ORDER",
            f"{current.number} would end on {last.isoformat()} and {following.number} begin on {first.isoformat()}, "
            "before that. Correct the other one first.",
        )


def _with(held: Held, new: Certificate) -> Held:
    if held.newest and held.newest.number == new.number:
        return with_newest(held, new)
    return replace(held, current=new)


def _in_words(old: Certificate, new: Certificate) -> str:
    parts = [
        f"{what} {before.isoformat()} to {after.isoformat()}"
        for what, before, after in (
            ("first day", old.valid_from, new.valid_from),
            ("last day", old.valid_until, new.valid_until),
        )
        if before != after
    ]
    return ", ".join(parts)


def _notices(
    connection: Connection,
    programme: Programme,
    case: Case,
    loaded: Loaded,
    old: Certificate,
    new: Certificate,
    reason: str,
) -> tuple[Notice, ...]:
    told = {
        "certificate_number": new.number,
        "previous_valid_from": old.valid_from,
        "previous_valid_until": old.valid_until,
        "valid_from": new.valid_from,
        "valid_until": new.valid_until,
        "reason": reason,
        "reason_code": "",
    }
    body = payload(case, programme, **told)
    staff = people.everybody(connection)
    who = recipients(["company", "account_manager"], loaded.contacts, case, staff)
    return tuple(Notice("certificate_corrected", recipient, body) for recipient in who)
