"""Tells the supervisors of a reminder that did not reach a company when nobody has dealt with its task. Closes nothing."""

from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Row

from states.dates import local_day
from states.definition import Programme
from states.facts import CLOCK
from workflow.decisions.notices import Notice, payload, recipients
from workflow.decisions.outcome import Act
from workflow.decisions.record import Change, record
from workflow.store import calendar, cases, people, tasks
from workflow.store.cases import Case
from workflow.store.office import Office

_ONE_DAY = timedelta(days=1)


def escalate_tasks(office: Office, *, now: datetime, dry_run: bool = False) -> list[dict[str, Any]]:
    """Write to the supervisors about each such task, once, and say of which; a dry run only says it.

    Idempotent: a task about which somebody was written to is left out.
    """
    with office.database.snapshot() as connection:
        found = tasks.about_reminders(connection, now - _ONE_DAY)
    told: list[dict[str, Any]] = []
    for application_id, _ in groupby(found, key=lambda task: int(task.application_id)):
        with office.database.rehearsal() if dry_run else office.database.transaction() as opened:
            case = cases.lock_many(opened.connection, [application_id])[0]
            # Read again: another clock may have told of it while this one waited for the case.
            for task in tasks.about_reminders(opened.connection, now - _ONE_DAY):
                if task.application_id == application_id:
                    told += _escalate(opened.connection, office, case, task, now)
    return told


def _escalate(
    connection: Connection, office: Office, case: Case, task: Row[Any], now: datetime
) -> list[dict[str, Any]]:
    programme = office.editions.machine(connection, case.programme, case.edition).programme
    due_on = _due_on(connection, programme, task)
    who = recipients(["supervisor"], (), case, people.everybody(connection))
    if due_on is None or local_day(now, programme.time_zone) < due_on or not who:
        return []
    body = payload(case, programme, sentence=task.sentence)
    detail = {"task": task.id, "open_since": local_day(task.created_at, programme.time_zone), "recipients": len(who)}
    change = Change(
        "clock:task:escalated",
        "clock",
        detail=detail,
        notices=[Notice("reminder_of_task", one, body) for one in who],
        cause=f"task:{task.id}",
        visible=False,
    )
    record(connection, office.origin, case, programme, Act(CLOCK, "clock", now), change)
    return [{"application": case.reference, "task": task.id, "due_on": due_on, "recipients": who}]


def _due_on(connection: Connection, programme: Programme, task: Row[Any]) -> date | None:
    if programme.escalation is None:
        return None
    opened_on = local_day(task.created_at, programme.time_zone)
    ahead = opened_on + timedelta(days=programme.escalation.days * 3 + 30)
    office_days = calendar.office_calendar(connection, programme.time_zone, opened_on, ahead)
    return office_days.office_days_after(opened_on, programme.escalation.days)
