"""Where a case has been and how its processing clock ran: spans of days with what began each. Decides nothing."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, select

from states import processing
from states.dates import local_day
from states.definition import BACK, DATED, SAME, Programme, Transition
from states.facts import Facts, Person
from workflow import models
from workflow.models.base import table_of
from workflow.reports.cases import title_of
from workflow.store import cases
from workflow.store.office import Office

_D = table_of(models.Decision)
_O = table_of(models.Officer)


def way(connection: Connection, office: Office, *, reference: str, viewer: Person, now: datetime) -> dict[str, Any]:
    """Return `visited`, the states in the order in which they were entered, and `spans`, oldest first. Raises NotFound.

    A span is {state, title, clock, since, until, days, began, reason_code, by}; the present one has no `until`. A day
    counts for the state in which it begins: the first one counts, the last one does not.
    """
    case = cases.read(connection, reference, viewer)
    programme = office.editions.machine(connection, case.programme, case.edition).programme
    zone, today = programme.time_zone, local_day(now, programme.time_zone)
    query = select(_D, _O.c.name).outerjoin(_O, _O.c.id == _D.c.actor_id).where(_D.c.application_id == case.id)
    decisions = connection.execute(query.order_by(_D.c.decision_no)).all()
    first = decisions[0].from_state if decisions else case.state
    begun: list[tuple[str, date, Any]] = [(first, local_day(case.submitted_at, zone), None)] if first else []
    for row in decisions:
        if not begun or begun[-1][0] != row.to_state:
            begun.append((row.to_state, local_day(row.effective_at, zone), row))
    spans = processing.spans(programme, [(state, day) for state, day, _ in begun])
    return {
        "visited": [state for state, _, _ in begun],
        "since": begun[-1][1] if begun else None,
        "spans": [_span(programme, span, row, today) for span, (_, _, row) in zip(spans, begun, strict=True)],
        "complete_on": local_day(case.complete_at, zone) if case.complete_at else None,
    }


def possible(programme: Programme, seen: Facts) -> list[str]:
    """Return the states that one step from here may lead to, in the order of the programme."""
    ways = (one for one in programme.from_state(seen.state, seen.back) if _has_its_certificate(one, seen))
    found = {target for one in ways for target in _ends(programme, one, seen)}
    return [one.name for one in programme.states if one.name in found and one.name != seen.state]


def targets(programme: Programme, seen: Facts) -> dict[str, str]:
    """Return where each action from here leads, in words, by its trigger."""
    titles = {state.name: state.title for state in programme.states}
    found = {}
    for one in programme.from_state(seen.state, seen.back):
        ends = [titles[name] for name in _ends(programme, one, seen) if name != seen.state]
        found[one.trigger] = " or ".join(ends) if ends and one.target != SAME else "stays in this state"
    return found


def _has_its_certificate(one: Transition, seen: Facts) -> bool:
    """Say whether there is the certificate that an action is about; other rules people can meet, this one nobody."""
    runs = seen.held.runs(seen.today)
    return runs or not {"in_force", "certificate_runs"} & set(one.guards)


def by_itself(programme: Programme, seen: Facts) -> list[dict[str, str]]:
    """Return what the clock alone does from here."""
    mine = (one for one in programme.from_state(seen.state, seen.back) if one.roles == ("clock",))
    return [{"trigger": one.trigger, "title": one.title} for one in mine]


def _ends(programme: Programme, one: Transition, seen: Facts) -> tuple[str, ...]:
    """Return where a transition may lead from here; one that leads back leads where this case was."""
    ends = programme.targets(one, seen.state)
    if one.target not in (BACK, DATED) or seen.back not in ends:
        return ends
    certified = tuple(state.name for state in programme.states if state.kind == "certified")
    return certified if one.target == DATED and seen.back in certified else (seen.back,)


def _span(programme: Programme, span: processing.Span, row: Any, today: date) -> dict[str, Any]:
    elsewhere = "Taken over from elsewhere"
    began = title_of(programme, row.trigger, row.from_state, unknown=elsewhere) if row is not None else ""
    return {
        "state": span.state,
        "title": programme.state_by_name[span.state].title,
        "clock": span.clock,
        "since": span.since,
        "until": span.until,
        "days": max(((span.until or today) - span.since).days, 0),
        "began": began or "The application came in",
        "reason_code": row.reason_code if row is not None else "",
        "by": (row.name or "the clock") if row is not None else "",
    }
