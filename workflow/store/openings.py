"""Reads who opened which document of a case, from the trail: there is no other record of it. It judges nothing."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from workflow import models
from workflow.models.base import table_of

OPENED = "case:document:opened"
_ENTRY = table_of(models.AuditEntry)


@dataclass(frozen=True)
class Opening:
    """Somebody opened a document."""

    document: int
    by: str
    at: datetime


def of_case(connection: Connection, case_id: int) -> list[Opening]:
    """Return every recorded opening of a case's documents, oldest first: one query."""
    query = select(_ENTRY.c.canonical, _ENTRY.c.recorded_at).where(
        _ENTRY.c.application_id == case_id, _ENTRY.c.kind == OPENED
    )
    found = []
    for row in connection.execute(query.order_by(_ENTRY.c.case_seq)):
        entry = json.loads(row.canonical)
        found.append(Opening(int(entry["detail"]["document"]), str(entry["actor"]), row.recorded_at))
    return found


def unopened(openings: Iterable[Opening], documents: Iterable[int]) -> list[int]:
    """Return those documents that nobody has opened."""
    return sorted(set(documents) - {one.document for one in openings})
