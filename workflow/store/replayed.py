"""Reads what the replay of the log is compared with: rows of cases, people and editions, chunk by chunk of cases.

Always the same number of queries for a chunk, however many cases it has. It compares nothing.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    BindParameter,
    Connection,
    Date,
    DateTime,
    Row,
    Select,
    String,
    and_,
    bindparam,
    func,
    not_,
    select,
    type_coerce,
)
from sqlalchemy.types import NullType, TypeDecorator, TypeEngine
from sqlmodel import SQLModel

from workflow import models
from workflow.models.base import table_of

_A = table_of(models.Application)
_C = table_of(models.Company)
_CERTIFICATE = table_of(models.Certificate)
_CHECKPOINT = table_of(models.Checkpoint)
_D = table_of(models.Decision)
_DISPOSAL = table_of(models.Disposal)
_DOCUMENT = table_of(models.Document)
_ENTRY = table_of(models.AuditEntry)
_EVENT = table_of(models.CertificateEvent)
_HOLD = table_of(models.LegalHold)
_LIFT = table_of(models.LegalHoldLift)
_NODE = table_of(models.LogNode)
_OFFICER = table_of(models.Officer)
_PARTICIPATION = table_of(models.Participation)
_RECOMMENDATION = table_of(models.Recommendation)
_ROLE = table_of(models.OfficerRole)

_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_CASES = (
    select(_A, _C.c.identifier.label("uen")).join(_C, _C.c.id == _A.c.company_id).where(_A.c.id > bindparam("after"))
)
_OF_CASES = {
    "entries": select(_ENTRY.c.application_id, _ENTRY.c.id, _ENTRY.c.case_seq, _ENTRY.c.canonical)
    .where(_ENTRY.c.application_id.in_(_IDS))
    .order_by(_ENTRY.c.application_id, _ENTRY.c.case_seq, _ENTRY.c.id),
    "decisions": select(_D).where(_D.c.application_id.in_(_IDS)).order_by(_D.c.application_id, _D.c.decision_no),
    "certificates": select(_CERTIFICATE).where(_CERTIFICATE.c.application_id.in_(_IDS)),
    "events": select(_EVENT, _CERTIFICATE.c.application_id, _CERTIFICATE.c.number)
    .join(_CERTIFICATE, _CERTIFICATE.c.id == _EVENT.c.certificate_id)
    .where(_CERTIFICATE.c.application_id.in_(_IDS))
    .order_by(_EVENT.c.id),
    "deeds": select(_PARTICIPATION).where(_PARTICIPATION.c.application_id.in_(_IDS)),
    "documents": select(_DOCUMENT).where(_DOCUMENT.c.application_id.in_(_IDS)),
    "recommendations": select(_RECOMMENDATION)
    .where(_RECOMMENDATION.c.application_id.in_(_IDS))
    .order_by(_RECOMMENDATION.c.id),
    "holds": select(_HOLD, _LIFT.c.lifted_by, _LIFT.c.reason.label("lift_reason"))
    .outerjoin(_LIFT, _LIFT.c.hold_id == _HOLD.c.id)
    .where(_HOLD.c.application_id.in_(_IDS)),
    "disposals": select(_DISPOSAL).where(_DISPOSAL.c.application_id.in_(_IDS)),
}
_LOG: Select[Any] = (
    select(
        _ENTRY.c.id,
        _ENTRY.c.position,
        _ENTRY.c.kind,
        _ENTRY.c.case_seq,
        _ENTRY.c.recorded_at,
        _ENTRY.c.canonical,
        _ENTRY.c.leaf,
        _A.c.reference,
    )
    .join(_A, _A.c.id == _ENTRY.c.application_id, isouter=True)
    .limit(bindparam("many"))
)
_PLACED = _LOG.where(_ENTRY.c.position >= bindparam("first")).order_by(_ENTRY.c.position)
_WAITING = _LOG.where(_ENTRY.c.position.is_(None), _ENTRY.c.id > bindparam("after")).order_by(_ENTRY.c.id)


@dataclass
class Kept:
    """What the tables hold of one case."""

    case: Row[Any]
    rows: dict[str, list[Row[Any]]] = field(default_factory=lambda: defaultdict(list))


def kept_cases(connection: Connection, many: int) -> Iterator[list[Kept]]:
    """Yield every case with its entries and rows, at most `many` at a time, by id."""
    after = 0
    query = _CASES.order_by(_A.c.id).limit(many)
    while found := list(connection.execute(query, {"after": after})):
        kept = {row.id: Kept(row) for row in found}
        for name, wanted in _OF_CASES.items():
            for row in connection.execute(wanted, {"ids": list(kept)}):
                kept[row.application_id].rows[name].append(row)
        yield list(kept.values())
        after = found[-1].id


_DAY = "[0-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]"
_READABLE: tuple[tuple[type[TypeEngine[Any]], str, str], ...] = (
    (DateTime, f"{_DAY} [0-2][0-9]:[0-5][0-9]:[0-5][0-9]*", "an instant"),
    (Date, _DAY, "a day"),
    (String, "*", "text"),
)


def unreadable(connection: Connection) -> Iterator[tuple[str, str, str, Any, str]]:
    """Yield table, key, column, value and what it should be, where SQLite keeps what no reader makes sense of.

    It takes any value for a day or a text; PostgreSQL does not.
    """
    if connection.dialect.name != "sqlite":
        return
    for table in SQLModel.metadata.sorted_tables:
        key = [type_coerce(column, NullType()) for column in table.primary_key]
        for column in table.columns:
            type_ = column.type.impl_instance if isinstance(column.type, TypeDecorator) else column.type
            kind = next((known for known in _READABLE if isinstance(type_, known[0])), None)
            if kind is None:
                continue
            raw = type_coerce(column, NullType())
            good = and_(func.typeof(column) == "text", raw.op("GLOB")(kind[1]))
            for *at, value in connection.execute(select(*key, raw).where(column.is_not(None), not_(good)).limit(100)):
                yield table.name, " ".join(map(str, at)), column.name, value, kind[2]


def placed(connection: Connection, many: int) -> Iterator[list[Row[Any]]]:
    """Yield the entries that have a position, in its order, at most `many` at a time."""
    first = 0
    while found := list(connection.execute(_PLACED, {"first": first, "many": many})):
        yield found
        first = found[-1].position + 1


def unplaced(connection: Connection, many: int) -> Iterator[list[Row[Any]]]:
    """Yield the entries that wait for a position."""
    after = 0
    while found := list(connection.execute(_WAITING, {"after": after, "many": many})):
        yield found
        after = found[-1].id


def checkpoints(connection: Connection, above: int, last: int) -> dict[int, list[Row[Any]]]:
    """Return the checkpoints over more than `above` and at most `last` entries, by size."""
    query = select(_CHECKPOINT).where(_CHECKPOINT.c.size > above, _CHECKPOINT.c.size <= last)
    found: dict[int, list[Row[Any]]] = defaultdict(list)
    for row in connection.execute(query.order_by(_CHECKPOINT.c.size, _CHECKPOINT.c.id)):
        found[row.size].append(row)
    return found


def largest_checkpoint(connection: Connection) -> int:
    return int(connection.execute(select(func.coalesce(func.max(_CHECKPOINT.c.size), 0))).scalar_one())


def nodes(connection: Connection) -> dict[tuple[int, int], str]:
    """Return the kept hashes: one for every 256 entries and fewer above."""
    return {(row.level, row.number): row.hash for row in connection.execute(select(_NODE))}


def staff(connection: Connection) -> dict[str, tuple[bool, frozenset[str]]]:
    """Return for everybody whether the account is active, and the roles."""
    roles: dict[str, set[str]] = defaultdict(set)
    for row in connection.execute(select(_ROLE)):
        roles[row.officer_id].add(row.role)
    found = connection.execute(select(_OFFICER.c.id, _OFFICER.c.active))
    return {row.id: (bool(row.active), frozenset(roles[row.id])) for row in found}


def holidays(connection: Connection) -> Iterable[Any]:
    """Return zone, day and whether offices are closed, for every row there is."""
    table = table_of(models.CalendarDay)
    return connection.execute(select(table.c.zone, table.c.day, table.c.closed)).all()


def editions(connection: Connection) -> Sequence[Row[Any]]:
    table = table_of(models.ProgrammeEdition)
    return connection.execute(select(table).order_by(table.c.code, table.c.edition)).all()


def periods(connection: Connection) -> Sequence[Row[Any]]:
    """Return the retention periods that were ever set."""
    table = table_of(models.RetentionPeriod)
    return connection.execute(select(table).order_by(table.c.id)).all()
