"""Imports a company register in the ACRA open-data layout: runs of 5,000 rows a transaction, resumable, memory flat.

Into a reference table only; it never touches a case.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from workflow import inputs, models
from workflow.audit.entry import Entry
from workflow.decisions.outcome import Act
from workflow.decisions.record import enter
from workflow.errors import BadInput
from workflow.models.base import table_of
from workflow.operations.csv_import import RUN, Rejects, digest_of, header_of, reading, rejects_of, rows_of, run_of
from workflow.store.office import Office

_E = table_of(models.RegisteredEntity)
_RUN = table_of(models.ImportRun)
_COLUMNS = {
    "uen": "uen",
    "entity_name": "name",
    "uen_status_desc": "status",
    "issuance_agency_desc": "agency",
    "entity_type_desc": "entity_type",
    "uen_issue_date": "issued_on",
    "reg_street_name": "street",
    "reg_postal_code": "postal_code",
}
_WANTED = tuple(_COLUMNS)
_OWN = tuple(column.name for column in _E.c)
_BY_UEN = select(_E).where(_E.c.uen.in_(bindparam("uens", expanding=True)))
_CHANGE = (
    update(_E)
    .where(_E.c.uen == bindparam("b_uen"))
    .values({name: bindparam(name, type_=_E.c[name].type) for name in _OWN if name != "uen"})
)


@dataclass
class Imported:
    """What a run came to, in rows."""

    read: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    rejected: int = 0
    rejects: str = ""  # the file they are in


def import_register(
    office: Office, *, file: Path, rejects: Path | None, act: Act, progress: Callable[[int], None] = lambda _: None
) -> Imported:
    """Import a file; bad rows go to the rejects file with their reason, the rest is loaded.

    Raises BadInput when the file is missing, is the rejects file, or lacks a column: then nothing is loaded.
    """
    rejects = rejects_of(file, rejects)
    digest = digest_of(file)
    with reading(file) as reader:
        header = header_of(reader, file, _WANTED)
        run_id, result = _resume(office, file, digest, act)
        rows = islice(rows_of(reader, header), result.read, None)
        with Rejects(rejects, header, read=result.read) as bad:
            while chunk := list(islice(rows, RUN)):
                with office.database.transaction() as transaction:
                    _load(transaction.connection, chunk, result, bad)
                    _note(transaction.connection, run_id, result)
                    bad.keep()
                progress(result.read)
    result.rejects = str(rejects) if result.rejected else ""
    _finish(office, run_id, file, digest, result, act)
    return result


def _resume(office: Office, file: Path, digest: str, act: Act) -> tuple[int, Imported]:
    """Go on with an unfinished run of the same file, or begin one."""
    run_id, row = run_of(office, "register", file, digest, act)
    return run_id, Imported(row.rows_read, row.added, row.changed, 0, row.rejected) if row else Imported()


def _load(connection: Connection, chunk: list[tuple[int, list[str] | str]], result: Imported, bad: Rejects) -> None:
    places = [(bad.header.index(theirs), ours) for theirs, ours in _COLUMNS.items()]
    entities: dict[str, dict[str, Any]] = {}
    for number, fields in chunk:
        result.read += 1
        try:
            if isinstance(fields, str):
                raise BadInput("ROW", fields)  # noqa: TRY301  # the same road for every bad row
            entity = _entity(fields, places)
            entities[entity["uen"]] = entity
        except BadInput as error:
            result.rejected += 1
            bad.add(number, error.sentence, fields if isinstance(fields, list) else [])
    known = {row.uen: row for row in connection.execute(_BY_UEN, {"uens": list(entities)})}
    new = [entity for uen, entity in entities.items() if uen not in known]
    changed = [
        {**entity, "b_uen": uen}
        for uen, entity in entities.items()
        if uen in known and any(getattr(known[uen], name) != entity[name] for name in _OWN)
    ]
    if new:
        connection.execute(insert(_E), new)
    if changed:
        connection.execute(_CHANGE, changed)
    result.added += len(new)
    result.changed += len(changed)
    result.unchanged += len(entities) - len(new) - len(changed)


def _entity(fields: list[str], places: list[tuple[int, str]]) -> dict[str, Any]:
    row: dict[str, Any] = {ours: fields[at] for at, ours in places}
    identifier = inputs.uen(row["uen"])
    if not identifier.check_holds:
        raise BadInput("UEN_CHECK", identifier.sentence())
    row["uen"] = identifier.value
    row["name"] = inputs.name(row["name"], "The name")
    for ours, what in (("status", "The status"), ("agency", "The agency"), ("entity_type", "The entity type"),
                       ("street", "The street"), ("postal_code", "The postal code")):  # fmt: skip
        if row[ours]:
            row[ours] = inputs.text(row[ours], what, longest=inputs.NAME_LENGTH, empty=True, lines=False)
    issued = row["issued_on"].strip()
    row["issued_on"] = _issued(issued) if issued else None
    return row


def _issued(value: str) -> date:
    return inputs.day(value[:10], "The issue date")


def _note(connection: Connection, run_id: int, result: Imported) -> None:
    values = {"rows_read": result.read, "added": result.added, "changed": result.changed, "rejected": result.rejected}
    connection.execute(update(_RUN).where(_RUN.c.id == run_id).values(values))


def _finish(office: Office, run_id: int, file: Path, digest: str, result: Imported, act: Act) -> None:
    """Close the run with its one entry in the trail."""
    counts = {name: value for name, value in asdict(result).items() if name not in ("rejects", "unchanged")}
    entry = Entry(
        kind="register:import:completed",
        recorded_at=act.now,
        actor=act.actor.id,
        role=",".join(sorted(act.actor.roles)),
        proven=act.proven,
        detail={"filename": file.name, "sha256": digest, "rows": result.read, **counts},
    )
    with office.database.transaction() as transaction:
        transaction.connection.execute(update(_RUN).where(_RUN.c.id == run_id).values(finished_at=act.now))
        enter(transaction.connection, entry)
