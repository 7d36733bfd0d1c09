"""Exports the trail for an auditor; the export is itself an entry. Streams: memory stays flat."""

import csv
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, select

from workflow import models
from workflow.access import Deed, role_for
from workflow.audit.entry import Entry
from workflow.audit.wording import in_words
from workflow.decisions.outcome import Act, Done
from workflow.decisions.record import enter
from workflow.errors import BadInput, NotPermitted
from workflow.models.base import table_of
from workflow.store import cases
from workflow.store.office import Office

COLUMNS = (
    "index", "recorded_at", "effective_at", "actor", "role", "on_behalf_of", "kind", "application", "company",
    "programme", "from_state", "to_state", "reason", "summary", "leaf",
)  # fmt: skip
_ENTRY = table_of(models.AuditEntry)
_OFFICER = table_of(models.Officer)
_PAGE = 5_000
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")


@dataclass(frozen=True)
class Wanted:
    """Which entries: all, or those of one application, of a kind, recorded in a span (UTC, end excluded)."""

    application: str = ""
    kind: str = ""
    first: datetime | None = None
    before: datetime | None = None


def export_trail(
    office: Office, *, file: Path, wanted: Wanted, act: Act, progress: Callable[[int], None] = lambda _: None
) -> Done:
    """Write the trail as CSV. Raises NotPermitted, NotFound for an unknown application, BadInput for the file."""
    role = role_for(Deed.EXPORT_TRAIL, act.actor.roles)
    if role is None:
        raise NotPermitted("WRONG_ROLE", "An auditor or a supervisor exports the trail. Act as one with --as.")
    if file.exists():
        raise BadInput("FILE_EXISTS", f"{file} exists already. Name a new file, so that no export is lost (--out).")
    try:
        with file.open("w", encoding="utf-8", newline="") as target, office.database.snapshot() as connection:
            count = _write(connection, target, wanted, progress)
    except OSError as error:
        raise BadInput("FILE", f"{file} cannot be written: {error.strerror}. Choose another place (--out).") from error
    with office.database.transaction() as transaction:
        detail = {"format": "csv", "entries": count, "application": wanted.application, "kind_wanted": wanted.kind}
        entry = Entry(
            kind="audit:export:made",
            recorded_at=act.now,
            actor=act.actor.id,
            role=role,
            proven=act.proven,
            detail=detail,
        )
        enter(transaction.connection, entry)
    return Done(f"{count} entries of the trail are in {file}.", {"entries": count, "file": str(file)})


def _write(connection: Connection, target: Any, wanted: Wanted, progress: Callable[[int], None]) -> int:
    names = {row.id: row.name for row in connection.execute(select(_OFFICER.c.id, _OFFICER.c.name))}
    writer = csv.writer(target)
    writer.writerow(COLUMNS)
    count = 0
    for page in _pages(connection, wanted):
        writer.writerows([[safe(cell) for cell in _row(entry, names)] for entry in page])
        count += len(page)
        progress(count)
    return count


def _pages(connection: Connection, wanted: Wanted) -> Iterator[list[Any]]:
    query = select(_ENTRY.c.id, _ENTRY.c.position, _ENTRY.c.canonical, _ENTRY.c.leaf).order_by(_ENTRY.c.id).limit(_PAGE)
    if wanted.application:
        query = query.where(_ENTRY.c.application_id == cases.read(connection, wanted.application).id)
    if wanted.kind:
        query = query.where(_ENTRY.c.kind == wanted.kind)
    if wanted.first:
        query = query.where(_ENTRY.c.recorded_at >= wanted.first)
    if wanted.before:
        query = query.where(_ENTRY.c.recorded_at < wanted.before)
    last = connection.execute(select(func.coalesce(func.min(_ENTRY.c.id), 0) - 1)).scalar_one()
    while page := list(connection.execute(query.where(_ENTRY.c.id > last))):
        yield page
        last = page[-1].id


def _row(entry: Any, names: dict[str, str]) -> list[str]:
    members = json.loads(entry.canonical)
    about, actor = members.get("about", {}), members["actor"]
    reason = ": ".join(part for part in (members.get("reason_code", ""), members.get("reason", "")) if part)
    return [
        "" if entry.position is None else str(entry.position),
        members["recorded_at"],
        members.get("effective_at", ""),
        f"{names[actor]} ({actor})" if actor in names else actor,
        members["role"],
        members.get("on_behalf_of", ""),
        members["kind"],
        about.get("application", ""),
        about.get("company", ""),
        about.get("programme", ""),
        members.get("from", ""),
        members.get("to", ""),
        reason,
        in_words(members),
        entry.leaf,
    ]


def safe(cell: str) -> str:
    """Neutralise what a spreadsheet would run; taking one leading apostrophe away gives the cell back."""
    return "'" + cell if cell.startswith(_FORMULA) else cell
