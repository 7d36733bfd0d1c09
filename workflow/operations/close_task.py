"""Closes a task: what was done about it, and for a letter the day on which it was posted."""

from datetime import date
from typing import Any

from sqlalchemy import Connection, Row

from states.dates import local_day
from states.guards import in_words
from workflow import inputs
from workflow.decisions.outcome import Act, Done
from workflow.decisions.record import enter_act
from workflow.errors import BadInput, NotFound, NotPermitted
from workflow.store import tasks, visible
from workflow.store.absences import OFFICE_ZONE
from workflow.store.office import Office
from workflow.store.requests import note_letter


def close_task(office: Office, *, task_id: int, outcome: str, act: Act, posted_on: date | None = None) -> Done:
    """Close a task. A letter needs the local day on which it was posted, unless its mail has gone out meanwhile.

    Raises NotFound; NotPermitted for anybody who neither holds the task's role nor is a supervisor; BadInput when it is
    closed already, for a missing or future day, and for a day with a task that is about no message.
    """
    outcome = inputs.text(outcome, "What was done")
    with office.database.transaction() as transaction:
        connection = transaction.connection
        task = tasks.lock(connection, task_id)
        if task is None or not visible.sees_case(connection, act.actor, task.application_id):
            raise NotFound("NO_TASK", f"There is no task {task_id}. Look at the list of tasks.")
        if not act.actor.roles & {task.role, "supervisor"}:
            raise NotPermitted(
                "WRONG_ROLE", f"Task {task_id} is for the role {task.role}, or a supervisor. Act as one."
            )
        if task.closed_at is not None:
            raise BadInput("TASK_CLOSED", f"Task {task_id} was closed already: {task.outcome}")
        _check_day(task, posted_on, local_day(act.now, OFFICE_ZONE))
        tasks.close(connection, [task_id], by=act.actor.id, outcome=outcome, posted_on=posted_on, now=act.now)
        if posted_on is not None and task.notification_id is not None:
            note_letter(connection, task.notification_id, posted_on)
        _enter(connection, task, outcome, posted_on, act)
    posted = f", posted on {in_words(posted_on)}" if posted_on else ""
    return Done(f"Task {task_id} is closed{posted}.", {"task": task_id, "outcome": outcome, "posted_on": posted_on})


def _check_day(task: Row[Any], posted_on: date | None, today: date) -> None:
    if posted_on is None:
        if tasks.is_letter(task.key) and task.message_status != "sent":
            raise BadInput(
                "POSTED_ON",
                f"Task {task.id} asks for a letter. Say on which day it was posted.",
            )
        return
    if task.notification_id is None:
        raise BadInput("POSTED_ON", f"Task {task.id} is about no message, so no letter can take its place.")
    inputs.not_future(posted_on, today, "The day of posting")


def _enter(connection: Connection, task: Row[Any], outcome: str, posted_on: date | None, act: Act) -> None:
    about = {"application": task.reference, "programme": task.programme} if task.reference else {}
    detail = {"task": task.id, "about": task.key, "outcome": outcome}
    if posted_on is not None:
        detail |= {"posted_on": posted_on, "notification": task.notification_id}
    enter_act(connection, act, "people:task:closed", detail, about)
