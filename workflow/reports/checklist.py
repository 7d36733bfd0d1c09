"""The checklist as a matrix: criteria by instrument and section, one cell for each site, with what is left to do.

Reads one snapshot in a constant number of queries and changes nothing; it must not know how a page looks.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, select

from states.definition import Criterion, Programme
from states.facts import Person
from states.guards import wanted
from workflow import models
from workflow.errors import NotFound
from workflow.models.base import table_of
from workflow.reports.papers import documents_of
from workflow.store import cases, findings, people
from workflow.store.drafts import drafts
from workflow.store.office import Office
from workflow.store.sites import of_company

_F = table_of(models.Finding)


@dataclass(frozen=True)
class Cell:
    """One answer: a criterion at a site, or for the whole company."""

    criterion: Criterion
    site: str
    answer: str | None = None
    remark: str = ""
    documents: tuple[int, ...] = ()
    answered_by: str = ""
    answered_at: datetime | None = None
    assessment: str | None = None
    note: str = ""
    assessed_by: str = ""
    own: bool = False  # whether the viewer assessed it last: the note is his own words
    assessed_at: datetime | None = None
    due_on: date | None = None
    closed: bool = False
    mark: str = findings.NOTHING  # of what it says: see store/findings.py
    last: str | None = None  # the answer of the last cycle, while this one has none

    @property
    def place(self) -> tuple[str, str]:
        return self.criterion.code, self.site

    @property
    def evidence_missing(self) -> bool:
        return self.answer == "yes" and not self.documents

    @property
    def left(self) -> bool:
        """Whether somebody still has to do something here before the checklist is through."""
        return self.assessment in (None, "ask") or self.evidence_missing

    @property
    def acceptable(self) -> bool:
        """Whether it may be accepted together with others: open, and with its evidence."""
        return self.assessment is None and self.answer == "yes" and bool(self.documents)


@dataclass(frozen=True)
class Line:
    """A criterion with its cells: one for each site, or a single one."""

    criterion: Criterion
    cells: tuple[Cell, ...]

    @property
    def left(self) -> bool:
        return any(cell.left for cell in self.cells)


@dataclass(frozen=True)
class Part:
    """A section of an instrument."""

    instrument: str
    instrument_title: str
    code: str
    title: str
    lines: tuple[Line, ...]

    @property
    def cells(self) -> list[Cell]:
        return [cell for line in self.lines for cell in line.cells]

    @property
    def settled(self) -> int:
        return len([cell for cell in self.cells if not cell.left])

    @property
    def drafts(self) -> int:
        """How many answers of the last cycle may be taken over."""
        return len([cell for cell in self.cells if cell.last])


@dataclass(frozen=True)
class Checklist:
    """The whole matrix of one cycle of a case."""

    cycle: int
    cycles: int  # how many there are, the one that is being gathered for included
    sites: tuple[str, ...]
    parts: tuple[Part, ...]
    documents: dict[int, dict[str, Any]] = field(default_factory=dict)

    @property
    def cells(self) -> list[Cell]:
        return [cell for part in self.parts for cell in part.cells]

    @property
    def present(self) -> bool:
        """Whether answers may still be given here: those of earlier cycles stay as they were decided on."""
        return self.cycle == self.cycles

    @property
    def placeholders(self) -> bool:
        return any(cell.criterion.placeholder for cell in self.cells)

    def at(self, criterion: str, site: str) -> Cell | None:
        return next((cell for cell in self.cells if cell.place == (criterion, site)), None)

    def after(self, place: tuple[str, str]) -> Cell | None:
        """Return the next answer with something left, from a place on and round again; None when nothing is left."""
        cells = self.cells
        start = next((number for number, cell in enumerate(cells, 1) if cell.place == place), 0)
        return next((cell for cell in cells[start:] + cells[:start] if cell.left and cell.place != place), None)


def checklist(
    connection: Connection, office: Office, *, reference: str, viewer: Person, cycle: int | None = None
) -> Checklist:
    """Return the matrix of a case, of the present cycle unless told, and its documents. Raises NotFound."""
    case = cases.read(connection, reference, viewer)
    cycle = cycle or case.facts_cycle
    if cycle > case.facts_cycle:
        raise NotFound("CYCLE", f"{reference} has no cycle {cycle}; the newest is {case.facts_cycle}.")
    programme = office.editions.machine(connection, case.programme, case.edition).programme
    names = people.names(connection)
    query = select(_F).where(_F.c.application_id == case.id, _F.c.cycle == cycle)
    found = {(row["criterion"], row["site"]): row for row in connection.execute(query).mappings()}
    sites = of_company(connection, case.company_id)
    offered = drafts(connection, case, programme) if 1 < cycle == case.facts_cycle else []
    last = {(row["criterion"], row["site"]): row["answer"] for row in offered}
    cells: dict[str, list[Cell]] = {}
    for code, site in wanted(programme, sites, case.traders):
        row = found.get((code, site))
        cell = _cell(programme.criteria[code], site, row, names, viewer)
        cells.setdefault(code, []).append(replace(cell, last=last.get(cell.place)))
    titles = {one.kind: one.title for one in programme.documents}
    documents = {
        one["id"]: one | {"title": titles.get(one["kind"], one["kind"])}
        for one in documents_of(connection, case, viewer)
    }
    return Checklist(cycle, case.facts_cycle, sites, _parts(programme, cells), documents)


def _parts(programme: Programme, cells: dict[str, list[Cell]]) -> tuple[Part, ...]:
    parts = []
    for instrument in programme.instruments:
        for section in instrument.sections:
            lines = tuple(Line(one, tuple(cells[one.code])) for one in section.criteria if one.code in cells)
            if lines:
                parts.append(Part(instrument.code, instrument.title, section.code, section.title, lines))
    return tuple(parts)


def _cell(
    criterion: Criterion, site: str, row: Mapping[Any, Any] | None, names: dict[str, str], viewer: Person
) -> Cell:
    if row is None:
        return Cell(criterion, site)
    return Cell(
        criterion,
        site,
        answer=row["answer"],
        remark=row["remark"],
        documents=tuple(json.loads(row["documents"])),
        answered_by=names.get(row["answered_by"], ""),
        answered_at=row["answered_at"],
        assessment=row["assessment"],
        note=row["note"],
        assessed_by=names.get(row["assessed_by"], ""),
        own=row["assessed_by"] == viewer.id,
        assessed_at=row["assessed_at"],
        due_on=row["due_on"],
        closed=row["closed_at"] is not None,
        mark=findings.mark(row),
    )
