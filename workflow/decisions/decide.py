"""Fires one transition on a locked case and records all that follows from it, or records the refusal.

Behind every door and behind the clock. It must not open transactions nor lock.
"""

import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from states.dates import local_day, standing_on
from states.definition import Programme
from states.facts import Facts, Person
from states.guards import Attempt
from states.machine import Action, Fired, ProgrammeMachine
from states.planner import plan
from states.terms import certificate_term, service_target
from workflow import models
from workflow.decisions.notices import Notice, payload, recipients
from workflow.decisions.outcome import Act, Done, Outcome, Refused
from workflow.decisions.record import Change, Decided, Issued, Settled, record
from workflow.models.base import table_of
from workflow.store import calendar, facts, people
from workflow.store.cases import Case
from workflow.store.facts import Loaded
from workflow.store.numbers import next_number

_AEO_CODE = table_of(models.AeoCode)
_CODE_LETTERS = string.ascii_uppercase + string.digits
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Request:
    """What somebody, or the clock, asks of a case."""

    trigger: str
    attempt: Attempt
    effective_at: datetime
    internal_reason: str = ""
    on_behalf_of: str = ""  # the planned rule, for the clock
    settled: tuple[Settled, ...] = ()


def decide(
    connection: Connection,
    origin: str,
    machine: ProgrammeMachine,
    case: Case,
    loaded: Loaded,
    request: Request,
    act: Act,
) -> Outcome:
    """Fire and record. Raises states.machine.UnknownTrigger for a trigger that the programme does not have."""
    fired = machine.fire(request.trigger, loaded.facts, act.actor, request.attempt)
    if isinstance(fired, Action):
        return _refuse(connection, origin, machine, case, request, act)
    programme = machine.programme
    given = dict(request.attempt.given or {})
    change = Change(
        kind="case:state:changed",
        role=fired.role,
        effective_at=request.effective_at,
        on_behalf_of=request.on_behalf_of,
        rules=[[met.rule, met.value] for met in fired.met],
        detail={"trigger": request.trigger, "title": fired.transition.title, "decision_no": case.decision_no + 1},
        decided=Decided(
            request.trigger,
            fired.target,
            fired.role,
            given,
            request.attempt.reason_code,
            request.attempt.reason,
            request.internal_reason,
        ),
        deed=fired.transition.deed,
        settled=request.settled,
    )
    _enter_state(change, case, programme, fired, request.effective_at)
    for effect in fired.transition.effects:
        match effect:
            case "complete_application":
                _complete(change, programme, request.effective_at)
            case "issue_certificate":
                _issue(connection, change, case, programme, loaded.facts, request)
            case "end_certificate":
                _end(change, case)
    change.notices = _notices(
        connection, change, case, programme, fired.transition.messages, loaded, request.attempt.reason
    )
    record(connection, origin, case, programme, act, change)
    return Done(
        f"{fired.transition.title}: {case.reference} is now {programme.state_by_name[case.state].title}.", summary(case)
    )


def summary(case: Case) -> dict[str, Any]:
    """Return what every door shows after a change."""
    return {"reference": case.reference, "state": case.state, "cycle": case.cycle, "version": case.version}


def _refuse(
    connection: Connection, origin: str, machine: ProgrammeMachine, case: Case, request: Request, act: Act
) -> Refused:
    """Judge again with everybody's name loaded, so that each sentence can say who can help, and record it."""
    everybody = people.everybody(connection)
    zones = {case.id: machine.programme.time_zone}
    loaded = facts.load(connection, [case], now=act.now, zones=zones, people=everybody)[case.id]
    action = machine.judge(request.trigger, loaded.facts, act.actor, request.attempt)
    change = Change(
        kind="case:transition:refused",
        role=_role_of(act.actor),
        on_behalf_of=request.on_behalf_of,
        unmet=[[unmet.code, unmet.sentence] for unmet in action.unmet],
        detail={"trigger": request.trigger, "title": action.title},
        visible=False,
    )
    record(connection, origin, case, machine.programme, act, change)
    return Refused(action.title, action.unmet)


def _role_of(actor: Person) -> str:
    return ",".join(sorted(actor.roles))


def _enter_state(change: Change, case: Case, programme: Programme, fired: Fired, at: datetime) -> None:
    state = programme.state_by_name[fired.target]
    change.updates |= {
        "state": state.name,
        "state_kind": state.kind,
        "state_since": at,
        "next_step": state.next_step,
        "waits_for": state.waits_for,
    }
    today = local_day(at, programme.time_zone)
    standing = standing_on(today, valid_from=case.valid_from, valid_until=case.valid_until, ended_on=case.ended_on)
    if state.kind == "closed" and standing not in ("in_force", "pending"):
        change.updates["live_key"] = None
    if state.kind in ("closed", "certified"):
        change.updates["deadline"] = None


def _complete(change: Change, programme: Programme, at: datetime) -> None:
    change.updates["complete_at"] = at
    change.updates["deadline"] = service_target(programme, local_day(at, programme.time_zone))


def _issue(
    connection: Connection, change: Change, case: Case, programme: Programme, facts_: Facts, request: Request
) -> None:
    """Issue the certificate and plan, in full, everything the clock will owe for it."""
    decided_on = local_day(request.effective_at, programme.time_zone)
    given = (request.attempt.given or {}).get("valid_from")
    valid_from = given if isinstance(given, date) else decided_on
    term = certificate_term(programme, valid_from, facts_.band.valid_until if facts_.band else None)
    year = decided_on.year
    number = next_number(connection, f"certificate:{programme.code}:{year}")
    change.issued = Issued(
        f"{programme.code}-{year}-C{number:05d}",
        term.valid_from,
        term.valid_until,
        _aeo_code(connection, case.company_id, programme.family),
    )
    office = calendar.office_calendar(connection, programme.time_zone, decided_on, term.valid_until + _ONE_DAY)
    change.planned = plan(programme, term, office)
    change.updates |= {
        "certificate_number": change.issued.number,
        "valid_from": term.valid_from,
        "valid_until": term.valid_until,
        "ended_on": None,
    }
    change.detail |= {
        "certificate": change.issued.number,
        "aeo_code": change.issued.aeo_code,
        "counting": programme.validity.counting,
        "years": programme.validity.years,
        "planned": len(change.planned),
    }


def _aeo_code(connection: Connection, company_id: int, family: str) -> str:
    """Return the company's code in the family, given once and kept: AEOSG and 12 characters (Circular 06/2024)."""
    query = select(_AEO_CODE.c.code).where(_AEO_CODE.c.company_id == company_id, _AEO_CODE.c.family == family)
    known: str | None = connection.execute(query).scalar_one_or_none()
    if known is None:
        known = "AEOSG" + "".join(secrets.choice(_CODE_LETTERS) for _ in range(12))
        connection.execute(_AEO_CODE.insert(), {"company_id": company_id, "family": family, "code": known})
    return known


def _end(change: Change, case: Case) -> None:
    if case.valid_until is not None:
        change.ended_on = case.valid_until + _ONE_DAY
        change.updates |= {"ended_on": change.ended_on, "live_key": None}


def _notices(
    connection: Connection,
    change: Change,
    case: Case,
    programme: Programme,
    messages: Mapping[Any, str],
    loaded: Loaded,
    reason: str,
) -> tuple[Notice, ...]:
    if not messages:
        return ()
    needs_people = any(a in ("supervisor", "officer") for a in messages) or (
        "account_manager" in messages and not case.account_manager_id
    )
    staff = people.everybody(connection) if needs_people else {}
    more = {
        name: value
        for name, value in change.updates.items()
        if name in ("certificate_number", "valid_from", "valid_until", "deadline")
    }
    if change.issued:
        more["aeo_code"] = change.issued.aeo_code
    body = payload(case, programme, reason=reason, **more)
    return tuple(
        Notice(message, recipient, body)
        for audience, message in messages.items()
        for recipient in recipients([audience], loaded.contacts, case, staff)
    )
