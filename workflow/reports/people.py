"""Who has an account, for people who look after them. Changes nothing."""

from collections import defaultdict
from datetime import date
from typing import Any

from sqlalchemy import Connection, select

from workflow import models
from workflow.models.base import table_of
from workflow.store import absences, people

_O = table_of(models.Officer)
_R = table_of(models.OfficerRole)


def officers(connection: Connection, today: date) -> list[dict[str, Any]]:
    """Return everybody by name, with roles, and who is absent today with the deputy."""
    away = absences.on(connection, today)
    named = people.names(connection)
    roles: dict[str, list[str]] = defaultdict(list)
    for officer_id, role in connection.execute(select(_R.c.officer_id, _R.c.role).order_by(_R.c.role)):
        roles[officer_id].append(role)
    query = select(_O.c.id, _O.c.name, _O.c.email, _O.c.active).order_by(_O.c.name)
    return [
        {
            "id": row.id,
            "name": row.name,
            "email": row.email,
            "roles": roles[row.id],
            "active": row.active,
            "absent_until": away[row.id].last if row.id in away else None,
            "deputy": named[away[row.id].deputy_id] if row.id in away else None,
        }
        for row in connection.execute(query)
    ]


def with_role(connection: Connection, role: str) -> list[dict[str, Any]]:
    """Return name, address and id of everybody active who holds a role, by name."""
    query = select(_O.c.id, _O.c.name, _O.c.email).join(_R, _R.c.officer_id == _O.c.id)
    found = connection.execute(query.where(_R.c.role == role, _O.c.active).order_by(_O.c.name))
    return [{"id": row.id, "name": row.name, "email": row.email} for row in found]
