"""A page of the trail for whoever looks through it: sealed entries in the order of the log. It exports nothing."""

from typing import Any

import orjson
from sqlalchemy import Connection, select

from states.facts import Person
from workflow import models
from workflow.audit.wording import in_words
from workflow.models.base import table_of
from workflow.reports.trail.trail import Wanted, narrowed

_ENTRY = table_of(models.AuditEntry)
_OFFICER = table_of(models.Officer)


def entries(
    connection: Connection, wanted: Wanted, *, viewer: Person, first: int = 0, limit: int = 100
) -> list[dict[str, Any]]:
    """Return wanted entries from a position on. Raises NotFound for an unknown application."""
    sealed = select(_ENTRY.c.position, _ENTRY.c.canonical, _ENTRY.c.leaf).where(_ENTRY.c.position >= first)
    query = narrowed(connection, sealed, wanted, viewer).order_by(_ENTRY.c.position).limit(limit)
    names = {row.id: row.name for row in connection.execute(select(_OFFICER.c.id, _OFFICER.c.name))}
    return [_told(row, orjson.loads(row.canonical), names) for row in connection.execute(query)]


def _told(row: Any, members: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    about = members.get("about") or {}
    return {
        "index": row.position,
        "recorded_at": members["recorded_at"],
        "effective_at": members.get("effective_at"),
        "actor": members["actor"],
        "actor_name": names.get(members["actor"]),
        "role": members["role"],
        "on_behalf_of": members.get("on_behalf_of"),
        "kind": members["kind"],
        "application": about.get("application"),
        "company": about.get("company"),
        "programme": about.get("programme"),
        "from_state": members.get("from"),
        "to_state": members.get("to"),
        "reason": members.get("reason", ""),
        "summary": in_words(members),
        "leaf": row.leaf,
        "entry": members,
    }
