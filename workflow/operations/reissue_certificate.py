"""Re-issues a certificate under a new number: same cycle, AEO code and dates; standing has no gap."""

from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row

from states.dates import local_day
from states.standing import Certificate
from workflow import inputs
from workflow.access import Deed
from workflow.decisions.decide import summary
from workflow.decisions.effects import REISSUE, new_certificate_number, projection
from workflow.decisions.notices import Notice, payload, recipients
from workflow.decisions.once import once
from workflow.decisions.outcome import Act, Done, Outcome, Refused
from workflow.decisions.permit import permit
from workflow.decisions.record import Change, Decided, Happened, Issued, record
from workflow.store import certificates, facts, people
from workflow.store.cases import Case
from workflow.store.certificates import Running
from workflow.store.office import Office


def reissue_certificate(office: Office, *, number: str, reason: str, act: Act, idempotency_key: str = "") -> Outcome:
    """Give a certificate a new number. The same request with the same key again does nothing and gets the same answer.

    Raises NotFound, and BadInput when it has ended.
    """
    reason, key = inputs.text(reason, "The reason"), inputs.key(idempotency_key)
    with office.database.transaction() as transaction:
        connection = transaction.connection
        row, case = certificates.lock(connection, number, act.actor)
        return once(
            connection,
            act,
            "reissues",
            key,
            {"number": number, "reason": reason},
            lambda: _reissue(connection, office, row, case, reason, act),
        )


def _reissue(connection: Connection, office: Office, row: Row[Any], case: Case, reason: str, act: Act) -> Outcome:
    programme = office.editions.machine(connection, case.programme, case.edition).programme
    today = local_day(act.now, programme.time_zone)
    now = certificates.running(row, case, today)
    role = permit(connection, office.origin, case, programme, Deed.REISSUE, act)
    if isinstance(role, Refused):
        return role
    new = replace(now.certificate, number=new_certificate_number(connection, programme, today))
    change = Change(
        kind="case:certificate:reissued",
        role=role,
        effective_at=max(act.now, case.decided_at),
        detail={"previous": row.number, "certificate": new.number, "decision_no": case.decision_no + 1},
        decided=Decided(REISSUE, case.state, role, {"replaces": row.number}, reason=reason),
        issued=Issued(new.number, new.valid_from, new.valid_until, row.aeo_code, row.cycle, as_printed=row.as_printed),
    )
    change.events += [Happened(row.number, "replaced", today, replaced_by=new.number), *_carried_over(now, new)]
    held = (
        replace(now.held, current=new)
        if now.held.current and now.held.current.number == row.number
        else replace(now.held, following=new)
    )
    change.updates |= {name: value for name, value in projection(held).items() if value != getattr(case, name)}
    told = {
        "previous_number": row.number,
        "certificate_number": new.number,
        "aeo_code": row.aeo_code,
        "valid_from": new.valid_from,
        "valid_until": new.valid_until,
        "reason": reason,
        "reason_code": "",
    }
    loaded = facts.load_one(connection, office, case, now=act.now)
    body = payload(case, programme, **told)
    who = recipients(["company", "account_manager"], loaded.contacts, case, people.everybody(connection))
    change.notices = tuple(Notice("certificate_reissued", recipient, body) for recipient in who)
    record(connection, office.origin, case, programme, act, change)
    return Done(
        f"Certificate {row.number} is replaced by {new.number}.",
        summary(case) | {"previous": row.number, "certificate": new.number},
    )


def _carried_over(now: Running, new: Certificate) -> list[Happened]:
    """What still holds of the old number holds of the new one: an open suspension, a running-on."""
    held, events = now.held, list[Happened]()
    if held.suspended_on is not None:
        events.append(Happened(new.number, "suspended", held.suspended_on))
    if held.continues_until is not None and held.newest and held.newest.number == now.certificate.number:
        events.append(Happened(new.number, "continued", now.certificate.valid_from, valid_until=held.continues_until))
    return events
