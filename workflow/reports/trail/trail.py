"""What an export of the trail is: which entries, read in order without holding them, and under which checkpoint.

It knows the log and nothing of formats.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from itertools import chain
from types import MappingProxyType
from typing import Any, NamedTuple

import orjson
from sqlalchemy import JSON, ColumnElement, Connection, Select, and_, cast, or_, select, type_coerce

from states.dates import end_of, local_day, start_of
from states.facts import Person
from workflow import models
from workflow.audit.note import Checkpoint, checkpoint_of
from workflow.models.base import table_of
from workflow.store import cases
from workflow.store.pages import pages

_A = table_of(models.Application)
_COMPANY = table_of(models.Company)
_D = table_of(models.Decision)
_ENTRY = table_of(models.AuditEntry)
_OFFICER = table_of(models.Officer)
_SOME = 20  # entries taken apart at a time: of more at once the collector of garbage would look at each again


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

    def told(self, zone: str) -> dict[str, Any]:
        """Return what an entry says of the choice, with the days as they were given; people stay opaque ids."""
        days = {name: day for name, day in zip(("first_day", "last_day"), self._days(zone), strict=True) if day}
        span = {"recorded_from": self.first, "recorded_before": self.before} | days | ({"zone": zone} if days else {})
        named = {"application": self.application, "programme": self.programme, "uen": self.uen, "actor": self.actor}
        return {name: value for name, value in (named | {"kind_wanted": self.kind} | span).items() if value}

    def in_words(self, zone: str, names: Mapping[str, str] = MappingProxyType({})) -> str:
        """Return the choice for people, who know days and not instants; `names` are those of officers by id."""
        first, last = self._days(zone)
        said = {
            "case": self.application,
            "programme": self.programme,
            "company": self.uen,
            "person": names.get(self.actor, self.actor),
            "kind": self.kind,
            "from": first or self.first,
            "to": last or self.before,
        }
        return ", ".join(f"{name} {value}" for name, value in said.items() if value) or "the whole log"

    def _days(self, zone: str) -> tuple[date | None, date | None]:
        """Return the first and last day of the span, where it begins with one and ends with one."""
        first = local_day(self.first, zone) if self.first else None
        last = local_day(self.before, zone) - timedelta(days=1) if self.before else None
        return (
            first if first and start_of(first, zone) == self.first else None,
            last if last and end_of(last, zone) == self.before else None,
        )


class Line(NamedTuple):
    """One entry of the log as it is exported."""

    position: int
    canonical: str
    leaf: str  # hexadecimal
    members: dict[str, Any]  # of the entry

    @property
    def about(self) -> dict[str, Any]:
        return self.members.get("about") or {}

    @property
    def detail(self) -> dict[str, Any]:
        return self.members.get("detail") or {}

    @property
    def reason(self) -> str:
        """The reason's code and the text the company reads; the internal one is in no entry."""
        code, text = self.members.get("reason_code", ""), self.members.get("reason", "")
        return f"{code}: {text}" if code and text else code or text


_line = partial(tuple.__new__, Line)  # what Line() does, without the call of a function for each of a million entries


@dataclass
class Trail:
    """The entries that are wanted, up to a signed checkpoint, and what an export says of itself."""

    connection: Connection
    note: str  # the signed checkpoint
    verifier: str
    wanted: Wanted
    made_at: datetime
    made_by: Person
    zone: str  # in which days were given
    progress: Callable[[int], None] = lambda _: None
    internal: bool = False  # whether internal reasons are told, which the log itself holds as digests alone
    checkpoint: Checkpoint = field(init=False)

    def __post_init__(self) -> None:
        self.checkpoint = checkpoint_of(self.note)

    def lines(self) -> Iterator[Line]:
        """Yield the entries in the order of the log."""
        return chain.from_iterable(self.some_lines())

    def some_lines(self) -> Iterator[list[Line]]:
        """Yield the same some at a time, which is quicker."""
        return self._read(self._chosen().order_by(_ENTRY.c.position))

    def lines_by_case(self) -> Iterator[Line]:
        """Yield the entries that name a case, case by case, each case in the order of the log (which is `case_seq`'s)."""
        case = member_of(self.connection, "about", "application")
        return chain.from_iterable(
            self._read(self._chosen().where(case.is_not(None)).order_by(case, _ENTRY.c.position))
        )

    def officers(self) -> dict[str, str]:
        """Return everybody's name by opaque id; entries hold no names."""
        return {row.id: row.name for row in self.connection.execute(select(_OFFICER.c.id, _OFFICER.c.name))}

    def internal_reasons(self) -> dict[int, str]:
        """Return the internal reasons of decisions by the entry's index; none unless they were asked for."""
        if not self.internal:
            return {}
        query = select(_ENTRY.c.position, _D.c.internal_reason).join(_D, _D.c.entry_id == _ENTRY.c.id)
        rows = self.connection.execute(
            query.where(_D.c.internal_reason != "", _ENTRY.c.position < self.checkpoint.size)
        )
        return {row.position: row.internal_reason for row in rows}

    def actors(self) -> dict[str, str]:
        """Return everybody's name with the opaque id, by that id."""
        return {id_: f"{name} ({id_})" for id_, name in self.officers().items()}

    def about(self, count: int | None = None) -> list[tuple[str, str]]:
        """Return what an export says of itself, as titles and texts."""
        told = self.wanted.told(self.zone)
        filters = "; ".join(f"{name} = {value}" for name, value in told.items()) or "none: the whole log"
        said = [
            ("Log", self.checkpoint.origin),
            ("Exported at", self.made_at.isoformat()),
            ("Exported by", self.made_by.id),
            ("Filters", filters),
            ("Times", f"UTC with offset, ISO 8601. Days of filters are days in {self.zone}."),
            ("Checkpoint", self.note),
            ("Verifier key", self.verifier),
            (
                "Internal reasons",
                "in a column of their own, from the decisions; the trail holds their digests"
                if self.internal
                else "not in the trail, which holds their digests",
            ),
        ]
        return said if count is None else [*said, ("Entries", f"{count}")]

    def _chosen(self) -> Select[Any]:
        columns = select(_ENTRY.c.position, _ENTRY.c.canonical, _ENTRY.c.leaf)
        sealed = columns.where(_ENTRY.c.position < self.checkpoint.size)
        return narrowed(self.connection, sealed, self.wanted, self.made_by)

    def _read(self, query: Select[Any]) -> Iterator[list[Line]]:
        count = 0
        for page in pages(self.connection, query):
            for at in range(0, len(page), _SOME):
                yield [_line((number, text, leaf, orjson.loads(text))) for number, text, leaf in page[at : at + _SOME]]
            count += len(page)
            self.progress(count)


def narrowed(connection: Connection, query: Select[Any], wanted: Wanted, viewer: Person) -> Select[Any]:
    """Narrow a query of entries to those that are wanted. Raises NotFound for an unknown application.

    Entries outside a case's sequence, such as deliveries, name their case in what they are about.
    """
    if wanted.application:
        case = cases.read(connection, wanted.application, viewer)
        query = query.where(_of(connection, select(_A.c.id).where(_A.c.id == case.id), "application", case.reference))
    if wanted.programme:
        chosen = select(_A.c.id).where(_A.c.programme == wanted.programme)
        query = query.where(_of(connection, chosen, "programme", wanted.programme))
    if wanted.uen:
        theirs = _COMPANY.c.identifier == wanted.uen
        joined = _A.join(_COMPANY, _COMPANY.c.id == _A.c.company_id)
        references = select(_A.c.reference).select_from(joined).where(theirs)
        named = member_of(connection, "about", "application").in_(references)
        chosen = select(_A.c.id).select_from(joined).where(theirs)
        query = query.where(_of(connection, chosen, "company", wanted.uen, named))
    if wanted.actor:
        query = query.where(member_of(connection, "actor") == wanted.actor)
    if wanted.kind:
        query = query.where(_ENTRY.c.kind == wanted.kind)
    if wanted.first:
        query = query.where(_ENTRY.c.recorded_at >= wanted.first)
    if wanted.before:
        query = query.where(_ENTRY.c.recorded_at < wanted.before)
    return query


def member_of(connection: Connection, *path: str) -> ColumnElement[str]:
    """Return a text member of entries, for the database to look at."""
    # SQLite reads JSON from text as it stands and would make a number of a cast; PostgreSQL needs the cast.
    canonical = _ENTRY.c.canonical
    json: ColumnElement[Any] = (
        type_coerce(canonical, JSON) if connection.dialect.name == "sqlite" else cast(canonical, JSON)
    )
    member: ColumnElement[str] = json[path].as_string()
    return member


def _of(
    connection: Connection, chosen: Select[Any], name: str, value: str, *others: ColumnElement[bool]
) -> ColumnElement[bool]:
    outside = and_(_ENTRY.c.application_id.is_(None), or_(member_of(connection, "about", name) == value, *others))
    return or_(_ENTRY.c.application_id.in_(chosen), outside)
