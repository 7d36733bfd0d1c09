"""Plans, in full, what the clock owes after a decision that changed dates or the way of counting. Writes nothing."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, select

from states.definition import Programme
from states.planner import Outlook, Planned, phase_of, plan
from states.terms import Term
from workflow import models
from workflow.decisions.effects import Deciding
from workflow.decisions.record import Revised, Superseded
from workflow.models.base import table_of
from workflow.store import calendar
from workflow.store.cases import Case

_PLANNED = table_of(models.PlannedAction)


def replan(d: Deciding, title: str, *, undone: bool = False) -> None:
    """Plan anew where the newest certificate or the way of counting has changed; `title` says what made it so.

    When an ending or a suspension is `undone`, what the side state let pass is owed again.
    """
    before, newest = d.case.held, d.held.newest
    if newest is None:
        return
    back = d.change.updates.get("back", d.case.back).rpartition(",")[2]
    phase = phase_of(d.programme, d.target, back)
    same = (before.newest, before.continues_until, before.ended_on) == (newest, d.held.continues_until, d.held.ended_on)
    if same and not undone and phase == phase_of(d.programme, d.case.state, d.case.back_to):
        return
    if before.ended_on is not None and same and not undone:
        return  # it had ended before; what is still planned says so
    if before.newest is not None:
        d.change.superseded += [Superseded("certificate", title), Superseded("band", title)]
    if d.held.ended_on is not None and d.held.ended_on <= d.day:
        return
    state = back if d.programme.state_by_name[d.target].kind == "suspended" else d.target
    owed = _owed_since(d) if before.newest == newest else None
    outlook = Outlook(phase, state, d.held.continues_until, d.facts.newest_band_until, after=d.act.now, owed_since=owed)
    term = Term(newest.valid_from, newest.valid_until)
    d.change.planned = (*d.change.planned, *planned_for(d.connection, d.programme, term, d.day, outlook))
    d.change.detail["planned"] = len(d.change.planned)


def _owed_since(d: Deciding) -> datetime | None:
    """Return since when reminders are due that have not gone out, because the clock was down.

    Of those that are counted from now on the next sweep then sends what still makes sense.
    """
    query = select(func.min(_PLANNED.c.due_at)).where(
        _PLANNED.c.application_id == d.case.id,
        _PLANNED.c.subject.in_(("certificate", "band")),
        _PLANNED.c.status == "planned",
        _PLANNED.c.message.is_not(None),
        _PLANNED.c.due_at <= d.act.now,
    )
    since: datetime | None = d.connection.execute(query).scalar_one()
    return since


def planned_for(
    connection: Connection, programme: Programme, term: Term, day: date, outlook: Outlook
) -> tuple[Planned, ...]:
    """Return the plan of a term with the office calendar of its years."""
    first = min(day, term.valid_until - timedelta(days=400))
    last = term.valid_until + timedelta(days=400)
    office = calendar.office_calendar(connection, programme.time_zone, first, last)
    return plan(programme, term, office, outlook)


def moved(
    connection: Connection, programme: Programme, case: Case, rows: Iterable[Any], band_until: date | None, reason: str
) -> list[Revised]:
    """Return the planned messages of a certificate or its band whose day differs by the calendar as it is known now.

    Who is written to and what does not change: these follow the decision that planned them.
    """
    newest = case.held.newest
    if newest is None:
        return []
    outlook = Outlook(
        phase_of(programme, case.state, case.back_to), continues_until=case.held.continues_until, band_until=band_until
    )
    term = Term(newest.valid_from, newest.valid_until)
    fresh = {
        (one.subject, one.rule): one
        for one in planned_for(connection, programme, term, newest.valid_from, outlook)
        if one.message
    }
    return [
        revised_as(row, one, reason)
        for row in rows
        if (one := fresh.get((row.subject, row.rule))) is not None and one.due_on != row.due_on
    ]


def revised_as(row: Any, one: Planned, reason: str) -> Revised:
    """Return a ledger row's next revision: its own message and audience on another day."""
    again = replace(one, message=row.message, audience=tuple(row.audience.split(",")), occurrence=row.occurrence)
    return Revised(row.id, row.basis, row.revision, again, reason)
