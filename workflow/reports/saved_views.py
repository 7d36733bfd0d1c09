"""The worklists that somebody keeps under a name: the own ones, then those that others share."""

from typing import Any

from sqlalchemy import Connection, or_, select

from states.facts import Person
from workflow import models
from workflow.models.base import table_of

_VIEW = table_of(models.SavedView)
_OFFICER = table_of(models.Officer)


def saved_views(connection: Connection, *, viewer: Person) -> list[dict[str, Any]]:
    """Return id, name, query, whether it is the viewer's own, and whose it is."""
    query = select(_VIEW, _OFFICER.c.name.label("owner")).join(_OFFICER, _OFFICER.c.id == _VIEW.c.officer_id)
    found = connection.execute(query.where(or_(_VIEW.c.officer_id == viewer.id, _VIEW.c.shared)).order_by(_VIEW.c.name))
    rows = [
        {"id": row.id, "name": row.name, "query": row.query, "own": row.officer_id == viewer.id, "owner": row.owner}
        for row in found
    ]
    return sorted(rows, key=lambda row: (not row["own"], row["name"]))
