"""Tasks: what waits for a person. Reads one snapshot and changes nothing."""

from typing import Any

from sqlalchemy import Connection, select

from states.facts import Person
from workflow import models
from workflow.models.base import table_of
from workflow.store import visible
from workflow.store.tasks import is_letter

_T = table_of(models.Task)
_A = table_of(models.Application)


def open_tasks(connection: Connection, *, viewer: Person, role: str = "") -> list[dict[str, Any]]:
    """Return open tasks that somebody may see, oldest first; of every role when it is empty."""
    query = visible.only(select(_T, _A.c.reference), viewer).where(_T.c.closed_at.is_(None))
    query = query.outerjoin(_A, _A.c.id == _T.c.application_id)
    if role:
        query = query.where(_T.c.role == role)
    return [
        {
            "id": row.id,
            "role": row.role,
            "application": row.reference,
            "sentence": row.sentence,
            "created_at": row.created_at,
            "message": row.notification_id,
            "letter": is_letter(row.key),
        }
        for row in connection.execute(query.order_by(_T.c.id))
    ]
