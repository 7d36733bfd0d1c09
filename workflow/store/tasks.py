"""Makes tasks: what waits for a person because the system may not or cannot decide it."""

from datetime import datetime

from sqlalchemy import Connection, bindparam, func, select

from workflow import models
from workflow.models.base import table_of

_TASK = table_of(models.Task)
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


def approval_payload(connection: Connection, approval_id: int) -> dict[str, str]:
    """Return what a reminder of an approval says."""
    table = table_of(models.Approval)
    sentence = connection.execute(select(table.c.sentence).where(table.c.id == approval_id)).scalar_one()
    return {"sentence": f"A second person must confirm no. {approval_id}: {sentence}"}
