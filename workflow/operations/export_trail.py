"""Exports the trail for an auditor; the export is itself an entry. Streams: memory stays flat."""

import csv
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Select, func, select

from workflow import models
from workflow.access import Deed, role_for
from workflow.audit.entry import Entry
from workflow.audit.wording import in_words
from workflow.decisions.outcome import Act, Done
from workflow.decisions.record import enter
from workflow.errors import BadInput, NotPermitted
from workflow.models.base import table_of
from workflow.operations.seal_log import Sealed, seal_log
from workflow.reports.trail_bundle import bundle_lines
from workflow.store import cases
from workflow.store.office import Office
from workflow.store.signing import Signer

COLUMNS = (
    "index", "recorded_at", "effective_at", "actor", "role", "on_behalf_of", "kind", "application", "company",
    "programme", "from_state", "to_state", "reason", "summary", "leaf",
)  # fmt: skip
_A = table_of(models.Application)
_COMPANY = table_of(models.Company)
_ENTRY = table_of(models.AuditEntry)
_OFFICER = table_of(models.Officer)
_PAGE = 5_000
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")


@dataclass(frozen=True)
class Wanted:
    """Which entries: all, or those of a case, programme, company, actor or kind, recorded in a span (UTC, end excluded)."""

    application: str = ""
    programme: str = ""
    uen: str = ""
    actor: str = ""  # an officer's id
    kind: str = ""
    first: datetime | None = None
    before: datetime | None = None

    @property
    def everything(self) -> bool:
        return self == Wanted()

    def told(self) -> dict[str, Any]:
        """Return what an entry says of the choice; people stay opaque ids."""
        span = {"recorded_from": self.first, "recorded_before": self.before}
        named = {"application": self.application, "programme": self.programme, "uen": self.uen, "actor": self.actor}
        return {name: value for name, value in (named | {"kind_wanted": self.kind} | span).items() if value}


def export_trail(
    office: Office,
    *,
    file: Path,
    wanted: Wanted,
    act: Act,
    form: str = "csv",
    signer: Signer | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> Done:
    """Write the trail as `csv` or, as a bundle that proves itself, `jsonl`, which needs the log's signer.

    Raises NotPermitted, NotFound for an unknown application, BadInput for the file.
    """
    role = role_for(Deed.EXPORT_TRAIL, act.actor.roles)
    if role is None:
        raise NotPermitted("WRONG_ROLE", "An auditor or a supervisor exports the trail. Act as one with --as.")
    if file.exists():
        raise BadInput("FILE_EXISTS", f"{file} exists already. Name a new file, so that no export is lost (--out).")
    sealed = seal_log(office, signer, now=act.now) if signer else None
    try:
        with file.open("x", encoding="utf-8", newline="") as target, office.database.snapshot() as connection:
            if sealed and signer and form == "jsonl":
                count = _bundle(connection, target, sealed, signer, wanted, progress)
            else:
                count = _write(connection, target, wanted, progress)
    except OSError as error:
        raise BadInput("FILE", f"{file} cannot be written: {error.strerror}. Choose another place (--out).") from error
    detail = wanted.told() | {"format": form, "entries": count}
    if sealed:
        detail["log_size"] = sealed.size
    entry = Entry("audit:export:made", act.now, act.actor.id, role, act.proven, detail=detail)
    with office.database.transaction() as transaction:
        enter(transaction.connection, entry)
    return Done(f"{count} entries of the trail are in {file}.", {"entries": count, "file": str(file)})


def _bundle(
    connection: Connection, target: Any, sealed: Sealed, signer: Signer, wanted: Wanted, progress: Callable[[int], None]
) -> int:
    if sealed.note is None:
        raise BadInput("EMPTY", "The log has no entry yet, so there is nothing to prove.")
    narrowed = None if wanted.everything else _narrowed(connection, select(_ENTRY.c.id), wanted)
    verifier = signer.verifier(sealed.origin).text
    count = -1
    for line in bundle_lines(
        connection, note=sealed.note, verifier=verifier, narrowed=narrowed, wanted=lambda one: _by_actor(one, wanted)
    ):
        target.write(line + "\n")
        count += 1
        if count % _PAGE == 0:
            progress(count)
    return count - 1  # without the first and the last line


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
    columns = (_ENTRY.c.id, _ENTRY.c.position, _ENTRY.c.canonical, _ENTRY.c.leaf)
    query = _narrowed(connection, select(*columns), wanted).order_by(_ENTRY.c.id).limit(_PAGE)
    last = connection.execute(select(func.coalesce(func.min(_ENTRY.c.id), 0) - 1)).scalar_one()
    while page := list(connection.execute(query.where(_ENTRY.c.id > last))):
        yield [row for row in page if _by_actor(row.canonical, wanted)]
        last = page[-1].id


def _narrowed(connection: Connection, query: Select[Any], wanted: Wanted) -> Select[Any]:
    """Ask the database for what it can choose by itself. Raises NotFound for an unknown application."""
    if wanted.application:
        query = query.where(_ENTRY.c.application_id == cases.read(connection, wanted.application).id)
    if wanted.programme or wanted.uen:
        chosen = select(_A.c.id).join(_COMPANY, _COMPANY.c.id == _A.c.company_id)
        if wanted.programme:
            chosen = chosen.where(_A.c.programme == wanted.programme)
        if wanted.uen:
            chosen = chosen.where(_COMPANY.c.identifier == wanted.uen)
        query = query.where(_ENTRY.c.application_id.in_(chosen))
    if wanted.kind:
        query = query.where(_ENTRY.c.kind == wanted.kind)
    if wanted.first:
        query = query.where(_ENTRY.c.recorded_at >= wanted.first)
    if wanted.before:
        query = query.where(_ENTRY.c.recorded_at < wanted.before)
    return query


def _by_actor(canonical: str, wanted: Wanted) -> bool:
    return not wanted.actor or json.loads(canonical)["actor"] == wanted.actor


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
