"""The trail as people read it: newest first, in words, page by page; and one entry with everything it holds.

Reads one snapshot and changes nothing. What is wanted is said as for an export, so that both show the same.
"""

import json
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from states.facts import CLOCK, OPERATOR, Person
from workflow import models
from workflow.audit.wording import in_words
from workflow.errors import NotFound
from workflow.models.base import table_of
from workflow.reports.trail.trail import Wanted, narrowed
from workflow.store import people

_ENTRY = table_of(models.AuditEntry)
_SHOWN: Select[Any] = select(*(_ENTRY.c.id, _ENTRY.c.position, _ENTRY.c.canonical, _ENTRY.c.leaf))


def entries(
    connection: Connection, *, viewer: Person, wanted: Wanted, before: int | None = None, limit: int = 50
) -> list[dict[str, Any]]:
    """Return entries, newest first; `before` is the last `id` of the page before. Raises NotFound for an unknown case."""
    query = narrowed(connection, _SHOWN, wanted, viewer).order_by(_ENTRY.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(_ENTRY.c.id < before)
    names = _names(connection)
    return [_told(row, names) for row in connection.execute(query)]


def entry(connection: Connection, *, index: int) -> dict[str, Any]:
    """Return the entry at an index of the log with its canonical text and hash. Raises NotFound."""
    row = connection.execute(_SHOWN.where(_ENTRY.c.position == index)).first()
    if row is None:
        raise NotFound("NO_ENTRY", f"The log has no entry {index}. They count from 0.")
    members: dict[str, Any] = json.loads(row.canonical)
    names = _names(connection)
    return _told(row, names) | {"members": members, "canonical": row.canonical, "leaf": row.leaf}


def _names(connection: Connection) -> dict[str, str]:
    return people.names(connection) | {CLOCK.id: CLOCK.name, OPERATOR.id: OPERATOR.name}


def _told(row: Row[Any], names: dict[str, str]) -> dict[str, Any]:
    members = json.loads(row.canonical)
    return {
        "id": row.id,
        "index": row.position,
        "kind": members["kind"],
        "at": members["recorded_at"],
        "actor": names.get(members["actor"], "Somebody without an account"),
        "role": members["role"],
        "proven": members.get("proven", ""),
        "sentence": in_words(members, names),
        "application": (members.get("about") or {}).get("application", ""),
        "unmet": [sentence for _, sentence in members.get("unmet", [])],
        "reason": members.get("reason", ""),
    }
