"""The history of one case, page by page: entries in words with what they changed. Reads one snapshot, changes nothing."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, or_, select

from states.facts import Person
from workflow import models
from workflow.models.base import table_of
from workflow.reports.cases import names_of_all, told
from workflow.reports.trail.trail import member_of
from workflow.store import cases
from workflow.store.office import Office

PAGE = 100
# What people look for, by the beginnings of the kinds of entries; everything else is `other`.
FAMILIES: dict[str, tuple[str, ...]] = {
    "decisions": ("case:state:", "case:transition:", "case:recommendation:", "case:approval:", "case:certificate:"),
    "documents": ("case:document:",),
    "answers": ("case:finding:", "case:findings:", "case:action:", "case:site:"),
    "visits": ("case:visit:", "case:band:"),
    "questions": ("case:information:", "case:deadline:"),
    "clock": ("clock:", "case:plan:"),
}
# What programs need and people do not: columns that only repeat another one.
_UNSAID = frozenset({"back", "cycle_since", "facts_cycle", "live_key", "state_since", "submitted_at"})
_PEOPLE = frozenset({"assignee_id"})

_ENTRY = table_of(models.AuditEntry)


def page(
    connection: Connection,
    office: Office,
    *,
    reference: str,
    viewer: Person,
    family: str = "",
    person: str = "",
    oldest_first: bool = False,
    after: int = 0,
    limit: int = PAGE,
) -> dict[str, Any]:
    """Return entries of a case, newest first, and what they can be narrowed to.

    A page goes on `after` the last entry's `seq`. `person` is an actor's id. Raises NotFound.
    """
    case = cases.read(connection, reference, viewer)
    programme = office.editions.machine(connection, case.programme, case.edition).programme
    names = names_of_all(connection)
    mine = _ENTRY.c.application_id == case.id
    seq = _ENTRY.c.case_seq
    query = select(_ENTRY.c.position, seq, _ENTRY.c.canonical).where(mine, *_narrowed(connection, family, person))
    if after:
        query = query.where(seq > after if oldest_first else seq < after)
    rows = connection.execute(query.order_by(seq if oldest_first else seq.desc()).limit(limit + 1)).all()
    kinds = set(connection.execute(select(_ENTRY.c.kind).where(mine).distinct()).scalars())
    actors = connection.execute(select(member_of(connection, "actor")).where(mine).distinct()).scalars()
    return {
        "entries": [_entry(json.loads(row.canonical), row, names, programme) for row in rows[:limit]],
        "more": rows[limit - 1].case_seq if len(rows) > limit else 0,
        "families": [name for name in (*FAMILIES, "other") if any(_family(kind) == name for kind in kinds)],
        "people": sorted(((id_, names.get(id_, "Somebody without an account")) for id_ in actors), key=lambda p: p[1]),
    }


def _narrowed(connection: Connection, family: str, person: str) -> Iterable[ColumnElement[bool]]:
    if family in FAMILIES:
        yield or_(*(_ENTRY.c.kind.startswith(start) for start in FAMILIES[family]))
    elif family == "other":
        yield ~or_(*(_ENTRY.c.kind.startswith(start) for starts in FAMILIES.values() for start in starts))
    if person:
        yield member_of(connection, "actor") == person


def _family(kind: str) -> str:
    return next((name for name, starts in FAMILIES.items() if kind.startswith(starts)), "other")


def _entry(entry: dict[str, Any], row: Any, names: Mapping[str, str], programme: Any) -> dict[str, Any]:
    changes = [
        (name, *(names.get(str(value), value) if name in _PEOPLE else value for value in pair))
        for name, pair in (entry.get("changes") or {}).items()
        if name not in _UNSAID
    ]
    return told(entry, row.position, names, programme) | {
        "seq": row.case_seq,
        "changes": changes,
        "reason_code": entry.get("reason_code", ""),
    }
