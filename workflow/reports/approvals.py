"""What waits for a second person. Reads one snapshot and changes nothing."""

from typing import Any

from sqlalchemy import Connection, select

from states.facts import Person
from workflow import models
from workflow.models.base import table_of
from workflow.store import visible

_P = table_of(models.Approval)
_A = table_of(models.Application)
_O = table_of(models.Officer)


def approvals(connection: Connection, *, viewer: Person, status: str = "open") -> list[dict[str, Any]]:
    """Return approvals of a status that somebody may see, oldest first; every status when it is empty."""
    query = (
        visible.only(select(_P, _A.c.reference, _O.c.name), viewer)
        .outerjoin(_A, _A.c.id == _P.c.application_id)
        .outerjoin(_O, _O.c.id == _P.c.requested_by)
        .order_by(_P.c.id)
    )
    if status:
        query = query.where(_P.c.status == status)
    return [
        {
            "id": row.id,
            "kind": row.kind,
            "application": row.reference,
            "sentence": row.sentence,
            "requested_by": row.name or "the operator",
            "requested_at": row.requested_at,
            "confirm_by": row.confirm_by,
            "status": row.status,
            "reason": row.decision_reason,
        }
        for row in connection.execute(query)
    ]
