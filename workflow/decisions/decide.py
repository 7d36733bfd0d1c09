"""Fires one transition on a locked case and records all that follows from it, or records the refusal.

Behind every door and behind the clock. It must not open transactions nor lock.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from states.dates import local_day
from states.definition import BACK, DATED, SAME
from states.facts import Person
from states.guards import Attempt
from states.machine import Action, Fired, ProgrammeMachine
from states.processing import due_by, spans
from workflow import models
from workflow.decisions.approvals import open_approval
from workflow.decisions.effects import EFFECTS, Deciding, projection, stop_continuing
from workflow.decisions.notices import Notice, notices_of, payload
from workflow.decisions.outcome import Act, Done, Outcome, Refused
from workflow.decisions.record import Change, Decided, Settled, Superseded, record
from workflow.decisions.replan import replan
from workflow.models.base import table_of
from workflow.store import calendar, facts, openings, people
from workflow.store.cases import Case
from workflow.store.facts import Loaded
from workflow.store.office import Office
from workflow.store.requests import next_reply_by

_DECISION = table_of(models.Decision)
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
    confirmed_by: str = ""  # the second person's id, where one was needed


def decide(
    connection: Connection,
    office: Office,
    machine: ProgrammeMachine,
    case: Case,
    loaded: Loaded,
    request: Request,
    act: Act,
) -> Outcome:
    """Fire and record. Raises states.machine.UnknownTrigger for a trigger that the programme does not have."""
    fired = machine.fire(request.trigger, loaded.facts, act.actor, request.attempt)
    if isinstance(fired, Action):
        return _refuse(connection, office, machine, case, request, act)
    deciding = _begin(connection, machine, case, loaded, request, act, fired)
    change = deciding.change
    if fired.transition.distinct_from:  # what the deciding person had looked at belongs to the decision
        opened = {one.document for one in openings.of_case(connection, case.id) if one.by == act.actor.id}
        change.detail["documents_opened"] = sorted(opened)
    _move(deciding, fired)
    for effect in fired.transition.effects:
        EFFECTS[effect](deciding)
    _close_what_is_left(deciding, fired)
    _keep_up(deciding, fired)
    if "end_certificate" not in fired.transition.effects:  # else what is still planned says that it has ended
        replan(deciding, fired.transition.title, undone="undo_ending" in fired.transition.effects)
    change.notices = _notices(connection, deciding, fired, loaded)
    record(connection, office.origin, case, machine.programme, act, change)
    if _is_emergency(fired, request):
        _ask_a_second_person(connection, office, machine, case, fired, act)
    state = machine.programme.state_by_name[case.state].title
    sentence = f"{fired.transition.title}: {case.reference} is now {state}."
    notes = {"notes": deciding.said} if deciding.said else {}
    return Done(" ".join([sentence, *deciding.said]), summary(case) | notes)


def summary(case: Case) -> dict[str, Any]:
    """Return what every door shows after a change."""
    return {"reference": case.reference, "state": case.state, "cycle": case.cycle, "version": case.version}


def _begin(
    connection: Connection,
    machine: ProgrammeMachine,
    case: Case,
    loaded: Loaded,
    request: Request,
    act: Act,
    fired: Fired,
) -> Deciding:
    given = dict(request.attempt.given or {})
    if request.confirmed_by:
        given["confirmed_by"] = request.confirmed_by
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
    day = local_day(request.effective_at, machine.programme.time_zone)
    return Deciding(
        connection,
        machine.programme,
        case,
        loaded.facts,
        request.attempt,
        act,
        day,
        fired.target,
        change,
        case.held.promoted(day),
    )


def _move(d: Deciding, fired: Fired) -> None:
    """Enter the state; a side state remembers the one beneath it."""
    state = d.programme.state_by_name[fired.target]
    target, source = fired.transition.target, d.programme.state_by_name[fired.source]
    if target == SAME or (target == DATED and source.kind != "suspended"):
        back = d.case.back
    elif target in (BACK, DATED):
        back = d.case.back.rpartition(",")[0]
    elif state.kind in ("waiting", "suspended", "closed"):
        back = f"{d.case.back},{d.case.state}".strip(",")
    else:
        back = ""
    d.change.updates["back"] = back
    if state.name != d.case.state:
        d.change.updates |= {
            "state": state.name,
            "state_kind": state.kind,
            "state_since": d.change.effective_at,
        }
    d.change.updates |= {"next_step": state.next_step, "waits_for": state.waits_for}


def _close_what_is_left(d: Deciding, fired: Fired) -> None:
    """Close what belongs to the state that is left: open requests, the running-on of a renewal that ends."""
    kind = d.programme.state_by_name[fired.target].kind
    left = {d.programme.state_by_name[name].kind for name in (fired.source, d.case.back_to) if name}
    if "waiting" in left and kind in ("closed", "certified"):
        d.change.superseded.append(Superseded("request", fired.transition.title))
    if kind == "closed":
        stop_continuing(d)


def _keep_up(d: Deciding, fired: Fired) -> None:
    """Bring the columns in step that worklists and rules read: certificates, cycle, liveness, deadline."""
    updates = d.change.updates
    updates |= {name: value for name, value in projection(d.held).items() if value != getattr(d.case, name)}
    cycle = updates.get("cycle", d.case.cycle)
    beneath = [fired.target, *reversed([name for name in updates["back"].split(",") if name])]
    kind = next((k for name in beneath if (k := d.programme.state_by_name[name].kind) != "suspended"), "closed")
    updates["facts_cycle"] = cycle if kind in ("review", "waiting") else cycle + 1
    updates["cycle_since"] = _cycle_since(d, updates["facts_cycle"])
    state = d.programme.state_by_name[fired.target]
    if state.kind != "closed" or d.held.runs(d.day):
        updates["live_key"] = f"{d.case.company_id}:{d.case.programme}"
    else:
        updates["live_key"] = None
    updates["deadline"] = _deadline(d, cycle)
    for name in ("facts_cycle", "cycle_since", "live_key", "deadline", "back"):
        if updates[name] == getattr(d.case, name):
            del updates[name]


def _cycle_since(d: Deciding, facts_cycle: int) -> datetime | None:
    """When the cycle began that is worked on: with the decision, whichever, that closed the one before."""
    if facts_cycle > d.case.facts_cycle:
        return d.change.effective_at
    if facts_cycle == d.case.facts_cycle:
        return d.case.cycle_since
    # A decision that closed the cycle is set aside.
    open_ = [state.name for state in d.programme.states if state.kind in ("review", "waiting")]
    closed = [state.name for state in d.programme.states if state.kind in ("certified", "closed")]
    query = select(_DECISION.c.effective_at).where(
        _DECISION.c.application_id == d.case.id,
        _DECISION.c.cycle == facts_cycle - 1,
        _DECISION.c.from_state.in_(open_),
        _DECISION.c.to_state.in_(closed),
    )
    began: datetime | None = d.connection.execute(query.order_by(_DECISION.c.decision_no.desc()).limit(1)).scalar()
    return began


def _deadline(d: Deciding, cycle: int) -> date | None:
    """The day the present state works towards: the service target while the clock runs, an answer while it stands."""
    state = d.programme.state_by_name[d.target]
    if state.kind == "waiting":
        return next_reply_by(d.connection, d.case.id, cycle)
    complete_at = d.change.updates.get("complete_at", d.case.complete_at)
    if state.processing_clock != "runs" or complete_at is None:
        return None
    zone = d.programme.time_zone
    if complete_at == d.change.effective_at:  # the clock begins now
        return due_by(d.programme, (), d.day)
    query = (
        select(_DECISION.c.to_state, _DECISION.c.effective_at)
        .where(_DECISION.c.application_id == d.case.id, _DECISION.c.cycle == cycle)
        .order_by(_DECISION.c.decision_no)
    )
    entered = [(row.to_state, local_day(row.effective_at, zone)) for row in d.connection.execute(query)]
    return due_by(d.programme, spans(d.programme, [*entered, (d.target, d.day)]), local_day(complete_at, zone))


def _notices(connection: Connection, d: Deciding, fired: Fired, loaded: Loaded) -> tuple[Notice, ...]:
    messages = fired.transition.messages
    if not messages:
        return ()
    needs_people = any(a in ("supervisor", "officer") for a in messages) or (
        "account_manager" in messages and not d.case.account_manager_id
    )
    staff = people.everybody(connection) if needs_people else {}
    shown = d.held.newest
    certificate = (
        {"certificate_number": shown.number, "valid_from": shown.valid_from, "valid_until": shown.valid_until}
        if shown
        else {}
    )
    more = {
        "deadline": d.change.updates.get("deadline"),
        "cycle": d.change.updates.get("cycle", d.case.cycle),
        "reason": d.attempt.reason,
        "reason_code": d.attempt.reason_code,
        "certificate_runs": d.held.runs(d.day),
        "requests": [{"number": r.number, "question": r.question, "reply_by": r.reply_by} for r in d.facts.requests],
    }
    body = payload(d.case, d.programme, **(certificate | more | d.told))
    return notices_of(messages, loaded.contacts, d.case, staff, body)


def _is_emergency(fired: Fired, request: Request) -> bool:
    emergency = fired.transition.emergency
    return emergency is not None and request.attempt.reason_code == emergency.reason_code


def _ask_a_second_person(
    connection: Connection, office: Office, machine: ProgrammeMachine, case: Case, fired: Fired, act: Act
) -> None:
    """One person acted at once; another one confirms it in time, or lifts it."""
    emergency = fired.transition.emergency
    if emergency is None:
        return
    today = local_day(act.now, machine.programme.time_zone)
    days = calendar.office_calendar(connection, machine.programme.time_zone, today, today + timedelta(days=90))
    open_approval(
        connection,
        office,
        case,
        machine.programme,
        act,
        role=fired.role,
        kind="emergency_suspension",
        sentence=f"{fired.transition.title} at once, as an emergency: {case.reference}",
        confirm_by=days.office_days_after(today, emergency.confirm_within_days),
    )


def _refuse(
    connection: Connection, office: Office, machine: ProgrammeMachine, case: Case, request: Request, act: Act
) -> Refused:
    """Judge again with everybody's name loaded, so that each sentence can say who can help, and record it."""
    everybody = people.everybody(connection)
    loaded = facts.load_one(connection, office, case, now=act.now, people=everybody)
    action = machine.judge(request.trigger, loaded.facts, act.actor, request.attempt)
    change = Change(
        kind="case:transition:refused",
        role=_role_of(act.actor),
        on_behalf_of=request.on_behalf_of,
        unmet=[[unmet.code, unmet.sentence] for unmet in action.unmet],
        detail={"trigger": request.trigger, "title": action.title},
        visible=False,
    )
    record(connection, office.origin, case, machine.programme, act, change)
    return Refused(action.title, action.unmet)


def _role_of(actor: Person) -> str:
    return ",".join(sorted(actor.roles))
