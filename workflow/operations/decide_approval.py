"""Confirms or refuses what waits for a second person. THE table of what each kind does then.

Nobody confirms what he asked for himself. The case is locked before anything is looked at.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, Row, func, select

from states.dates import Standing, local_day
from states.definition import Programme
from states.facts import Person
from states.guards import Attempt, Unmet, role_words
from workflow import inputs, models
from workflow.access import ALLOWED, Deed
from workflow.decisions.approvals import close_approval
from workflow.decisions.decide import Request, decide
from workflow.decisions.effects import REISSUE
from workflow.decisions.outcome import Act, Done, Outcome, Refused
from workflow.decisions.permit import refuse
from workflow.decisions.record import enter_act
from workflow.errors import BadInput, NotFound
from workflow.models.base import table_of
from workflow.operations.advance_application import fire_confirmed
from workflow.operations.answer_information import day_confirmed
from workflow.operations.correct_certificate import apply_correction
from workflow.operations.dispose_of_records import dispose_confirmed
from workflow.operations.refile_document import refile_confirmed
from workflow.operations.waive_document import waive_confirmed
from workflow.store import cases, facts, people, visible
from workflow.store.cases import Case
from workflow.store.office import Office

_APPROVAL = table_of(models.Approval)
_A = table_of(models.Application)
_DECISION = table_of(models.Decision)
_EVENT = table_of(models.CertificateEvent)
_PLANNED = table_of(models.PlannedAction)


@dataclass
class Confirming:
    """One approval in the hands of the second person, its case locked."""

    connection: Connection
    office: Office
    approval: Row[Any]
    asked: dict[str, Any]  # what the first person asked for
    act: Act
    case: Case | None
    programme: Programme | None
    other: Case | None = None  # another case that the request touches, locked too
    role: str = ""  # in which the second person confirms
    cases: Mapping[int, Case] = field(default_factory=dict)  # every case that is locked, by id


def confirm_approval(office: Office, *, approval_id: int, act: Act) -> Outcome:
    """Confirm, and do what was asked for. Refused when the rules do not allow it any more; it then stays open.

    Raises NotFound, and BadInput when it is not open any more.
    """
    return _decide(office, approval_id, act, "confirmed", "")


def refuse_approval(office: Office, *, approval_id: int, reason: str, act: Act) -> Outcome:
    """Refuse with a reason. What was done at once, as an emergency, is lifted. Raises like `confirm_approval`."""
    return _decide(office, approval_id, act, "refused", inputs.text(reason, "The reason"))


def _decide(office: Office, approval_id: int, act: Act, status: str, reason: str) -> Outcome:
    with office.database.transaction() as transaction:
        connection = transaction.connection
        approval, locked = _locked(connection, approval_id, act.actor)
        asked = json.loads(approval.request)
        case, other = locked.get(approval.application_id), locked.get(asked.get("other_case"))
        if approval.status != "open":
            raise BadInput("APPROVAL_CLOSED", f"Approval {approval_id} was {approval.status} already.")
        programme = (
            office.editions.machine(connection, case.programme, case.edition).programme if case is not None else None
        )
        unmet = _unmet(connection, approval, act)
        title = f"{'Confirm' if status == 'confirmed' else 'Refuse'} no. {approval_id}"
        if unmet and case and programme:
            return refuse(connection, office.origin, case, programme, Deed.CONFIRM, act, unmet)
        if unmet:
            why = "; ".join(one.sentence for one in unmet)
            enter_act(connection, act, "people:deed:refused", {"title": title, "why": why})
            return Refused(title, tuple(unmet))
        role = next(role for role in _roles(approval) if role in act.actor.roles)
        confirming = Confirming(connection, office, approval, asked, act, case, programme, other, role, locked)
        outcome = (CONFIRMED if status == "confirmed" else REFUSED).get(approval.kind, _nothing)(confirming)
        if isinstance(outcome, Refused):
            return outcome
        deed = "decided" if status == "confirmed" and approval.kind in DECIDING else None
        close_approval(
            connection, office, approval, case, programme, act, role=role, status=status, reason=reason, deed=deed
        )
        words = outcome.sentence or f"No. {approval_id} is {status}: {approval.sentence}."
        return Done(words, outcome.data | {"approval": approval_id, "status": status})


def _locked(connection: Connection, approval_id: int, viewer: Person) -> tuple[Row[Any], dict[int, Case]]:
    """Lock the approval's cases in the order of their ids, then the approval."""
    row = connection.execute(select(_APPROVAL).where(_APPROVAL.c.id == approval_id)).first()
    if row is None or not visible.sees_case(connection, viewer, row.application_id):
        raise NotFound(
            "NO_APPROVAL", f"There is no approval {approval_id} that you can see. Take one from the list of approvals."
        )
    asked = json.loads(row.request)
    ids = [row.application_id, asked.get("other_case"), *asked.get("cases", ())]
    wanted = [one for one in ids if one is not None]
    found = {case.id: case for case in cases.lock_many(connection, wanted)} if wanted else {}
    locked = select(_APPROVAL).where(_APPROVAL.c.id == approval_id).with_for_update()
    return connection.execute(locked).one(), found


def _roles(approval: Row[Any]) -> tuple[str, ...]:
    return ROLES.get(approval.kind, ALLOWED[Deed.CONFIRM])


def _unmet(connection: Connection, approval: Row[Any], act: Act) -> list[Unmet]:
    """A second person is another one, in a role that confirms."""
    roles = _roles(approval)
    can = [p for p in people.everybody(connection).values() if p.roles & set(roles)]
    others = " or ".join(sorted(p.name for p in can if p.id != approval.requested_by)) or "an administrator"
    if not act.actor.roles & set(roles):
        sentence = f"To confirm this takes {role_words(roles)}. {others} can."
        return [Unmet("role_permits", "WRONG_ROLE", sentence, others)]
    if act.actor.id == approval.requested_by:
        sentence = f"You asked for this yourself, so a second person must confirm it. {others} can."
        return [Unmet("second_person", "FOUR_EYES", sentence, others)]
    return []


def _nothing(confirming: Confirming) -> Done:
    """Confirming removes a doubt; nothing else is to be done."""
    del confirming
    return Done("")


def _fire(confirming: Confirming) -> Outcome:
    c = confirming
    if c.case is None or c.programme is None:
        return _nothing(c)
    transition = c.programme.transition(c.asked["trigger"], c.case.state, c.case.back_to)
    took_part = facts.load_one(c.connection, c.office, c.case, now=c.act.now).facts.took_part
    barred = {person for person, deed in took_part if transition and deed in transition.distinct_from}
    if c.act.actor.id in barred:
        sentence = "You took part in this case, so somebody who did not must confirm its decision."
        unmet = [Unmet("second_person", "FOUR_EYES", sentence, "another approver or a supervisor")]
        return refuse(c.connection, c.office.origin, c.case, c.programme, Deed.CONFIRM, c.act, unmet)
    by = _requester(c, c.case, c.programme)
    return by if isinstance(by, Refused) else fire_confirmed(c.connection, c.office, c.case, c.asked, by, c.act)


def _correct(confirming: Confirming) -> Outcome:
    c = confirming
    if c.case is None or c.programme is None:
        return _nothing(c)
    by = _requester(c, c.case, c.programme)
    return by if isinstance(by, Refused) else apply_correction(c.connection, c.office, c.case, c.asked, by, c.act)


def _requester(c: Confirming, case: Case, programme: Programme) -> Act | Refused:
    """Return the first person as acting now, in the role of that day alone and proven as then.

    Refused for who may not act so any more.
    """
    asker, role = people.by_id(c.connection, c.approval.requested_by), c.approval.role
    active = people.everybody(c.connection).get(asker.id)
    if active and role in active.roles:
        return Act(replace(active, roles=frozenset({role})), c.asked.get("proven", "not kept"), c.act.now)
    lost = f"is not {role_words((role,))} any more" if active else "has no active account any more"
    sentence = (
        f"{asker.name}, who asked for this, {lost}, so it cannot be done in that name. Refuse it; "
        "somebody who may can ask for it anew."
    )
    unmet = [Unmet("requester", "REQUESTER_GONE", sentence, role_words((role,)))]
    return refuse(c.connection, c.office.origin, case, programme, Deed.CONFIRM, c.act, unmet)


def _lift(confirming: Confirming) -> Outcome:
    """An emergency suspension that the second person does not share is lifted: nobody else has to recommend it.

    One that has ended by itself is not lifted, and never a later one that somebody else decided.
    """
    c = confirming
    if c.case is None or not _still_suspends(c, c.case):
        return _nothing(c)
    machine = c.office.editions.machine(c.connection, c.case.programme, c.case.edition)
    loaded = facts.load_one(c.connection, c.office, c.case, now=c.act.now)
    lifting = Attempt(reason="The emergency suspension was not confirmed.", lifts_emergency=True)
    request = Request("reinstate", lifting, max(c.act.now, c.case.decided_at), on_behalf_of=f"approval:{c.approval.id}")
    return decide(c.connection, c.office, machine, c.case, loaded, request, c.act)


def _waive(confirming: Confirming) -> Outcome:
    c = confirming
    if c.case is None or c.programme is None:
        return _nothing(c)
    return waive_confirmed(c.connection, c.office, c.case, c.programme, c.asked, c.approval.id, c.act)


def _day_of_receipt(confirming: Confirming) -> Outcome:
    """An answer's day counts from now on; a case's own day of receipt has stood in doubt since it was submitted."""
    c = confirming
    return day_confirmed(c.connection, c.case, c.asked) if c.case and "request" in c.asked else _nothing(c)


def _refile(confirming: Confirming) -> Outcome:
    c = confirming
    if c.case is None or c.programme is None:
        return _nothing(c)
    return refile_confirmed(c.connection, c.office, c.case, c.other, c.asked, c.approval.id, c.act)


def _dispose(confirming: Confirming) -> Outcome:
    c = confirming
    return dispose_confirmed(c.connection, c.office, c.cases, c.asked, c.approval.id, c.act, c.role)


def _still_suspends(c: Confirming, case: Case) -> bool:
    """Say whether the suspension that was asked about is the one that is open."""
    zone = c.programme.time_zone if c.programme else "UTC"
    if case.held.standing(local_day(c.act.now, zone)) != Standing.SUSPENDED:
        return False
    asked = select(_PLANNED.c.basis).where(_PLANNED.c.subject == "approval", _PLANNED.c.occurrence == c.approval.id)
    newest = (  # a new number takes the suspension over, and decides none
        select(func.max(_DECISION.c.id))
        .join(_EVENT, _EVENT.c.decision_id == _DECISION.c.id)
        .where(_DECISION.c.application_id == case.id, _EVENT.c.kind == "suspended", _DECISION.c.trigger != REISSUE)
    )
    return bool(c.connection.execute(asked).scalar_one_or_none() == c.connection.execute(newest).scalar_one())


# Who confirms, where it is not every approver and supervisor.
ROLES: dict[str, tuple[str, ...]] = {
    "emergency_suspension": ("approver",),
    "certificate_correction": ("approver",),
    "import": ("supervisor",),
    "disposal": ALLOWED[Deed.DISPOSE],
}
# Who confirms these decides with the one who asked, and takes part in the case.
DECIDING = ("transition", "emergency_suspension")
# What confirming does, and what refusing undoes, for each kind of approval; the other kinds only note the answer.
CONFIRMED: dict[str, Callable[[Confirming], Outcome]] = {
    "transition": _fire,
    "certificate_correction": _correct,
    "document_waiver": _waive,
    "document_refiling": _refile,
    "received_on": _day_of_receipt,
    "disposal": _dispose,
}
REFUSED: dict[str, Callable[[Confirming], Outcome]] = {"emergency_suspension": _lift}
