"""Makes tasks: what waits for a person because the system may not or cannot decide it."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, String, bindparam, cast, func, or_, select, update

from workflow import models
from workflow.models.base import table_of
from workflow.store.recipients import COMPANY

_TASK = table_of(models.Task)
_A = table_of(models.Application)
_N = table_of(models.Notification)
_LETTER = "letter:"
_KNOWN = select(func.count()).where(_TASK.c.key == bindparam("key"))
_INSERT = _TASK.insert()


def add_task(
    connection: Connection,
    key: str,
    role: str,
    sentence: str,
    now: datetime,
    application_id: int | None = None,
    *,
    notification_id: int | None = None,
) -> bool:
    """Make a task once and say whether it is new; the same trouble makes no second one."""
    if connection.execute(_KNOWN, {"key": key}).scalar_one():
        return False
    row = {"key": key, "role": role, "sentence": sentence, "created_at": now, "application_id": application_id}
    connection.execute(_INSERT, row | {"notification_id": notification_id})
    return True


def lock(connection: Connection, task_id: int) -> Row[Any] | None:
    """Lock a task and return it with the case and the status of the message that it is about."""
    found = select(_TASK.c.id).where(_TASK.c.id == task_id).with_for_update()
    if connection.execute(found).first() is None:
        return None
    query = (
        select(_TASK, _A.c.reference, _A.c.programme, _N.c.status.label("message_status"))
        .outerjoin(_A, _A.c.id == _TASK.c.application_id)
        .outerjoin(_N, _N.c.id == _TASK.c.notification_id)
    )
    return connection.execute(query.where(_TASK.c.id == task_id)).one()


def open_of_message(connection: Connection, notification_id: int) -> list[int]:
    """Return the open tasks about a message, but for the one that asks for a letter."""
    query = select(_TASK.c.id, _TASK.c.key).where(
        _TASK.c.notification_id == notification_id, _TASK.c.closed_at.is_(None)
    )
    return [row.id for row in connection.execute(query.with_for_update()) if not is_letter(row.key)]


def about_reminders(connection: Connection, before: datetime) -> list[Row[Any]]:
    """Return the open tasks, older than an instant, about reminders to companies of which nobody was told yet."""
    other = _N.alias("told")
    told = select(other.c.id).where(other.c.cause == "task:" + cast(_TASK.c.id, String)).exists()
    query = (
        select(_TASK.c.id, _TASK.c.application_id, _TASK.c.sentence, _TASK.c.created_at)
        .join(_N, _N.c.id == _TASK.c.notification_id)
        .where(
            _TASK.c.closed_at.is_(None),
            _TASK.c.created_at <= before,
            _N.c.cause.like("planned:%"),
            or_(_N.c.recipient.like("contact:%"), _N.c.recipient == COMPANY),
            ~told,
        )
    )
    return list(connection.execute(query.order_by(_TASK.c.application_id, _TASK.c.id)))


def close(
    connection: Connection,
    ids: Collection[int],
    *,
    by: str,
    outcome: str,
    now: datetime,
    posted_on: date | None = None,
) -> None:
    """Close tasks that are locked."""
    values = {"closed_at": now, "closed_by": by, "outcome": outcome, "posted_on": posted_on}
    if ids:
        connection.execute(update(_TASK).where(_TASK.c.id.in_(ids)).values(values))


def letter_key(notification_id: int) -> str:
    """Return the key of the task that asks for a letter in a message's place."""
    return f"{_LETTER}{notification_id}"


def is_letter(key: str) -> bool:
    """Say whether a task asks for a letter."""
    return key.startswith(_LETTER)


def approval_payload(connection: Connection, approval_id: int) -> dict[str, Any]:
    """Return what a reminder of an approval says."""
    table = table_of(models.Approval)
    sentence = connection.execute(select(table.c.sentence).where(table.c.id == approval_id)).scalar_one()
    return {"sentence": f"A second person must confirm no. {approval_id}: {sentence}"}
