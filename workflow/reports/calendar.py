"""Everything the clock owes between two days, with what became of it. Reads the ledger; it must not plan or send."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select, tuple_

from notifications import ics
from states.facts import Person
from states.guards import in_words
from workflow import models
from workflow.errors import BadInput
from workflow.models.base import table_of
from workflow.store import cases, visible
from workflow.store.office import Office

_A = table_of(models.Application)
_C = table_of(models.Company)
_CERTIFICATE = table_of(models.Certificate)
_D = table_of(models.Decision)
_P = table_of(models.PlannedAction)

_QUERY = select(
    *_A.c,
    _C.c.name,
    _CERTIFICATE.c.number.label("decided_number"),
    _CERTIFICATE.c.valid_from.label("decided_from"),
    _CERTIFICATE.c.valid_until.label("decided_until"),
    _P.c.id.label("planned_id"),
    _P.c.rule,
    _P.c.trigger,
    _P.c.message,
    _P.c.audience,
    _P.c.due_on,
    _P.c.due_at,
    _P.c.status,
    _P.c.outcome,
    _P.c.occurrence,
    _P.c.revision,
    _P.c.settled_at,
    _D.c.decision_no.label("basis_no"),
    _D.c.recorded_at.label("planned_at"),
).select_from(
    _P.join(_A, _A.c.id == _P.c.application_id)
    .join(_C, _C.c.id == _A.c.company_id)
    .join(_D, _D.c.id == _P.c.basis)
    .outerjoin(_CERTIFICATE, _CERTIFICATE.c.decision_id == _P.c.basis)
)
_IN_ORDER = (_P.c.due_at, _A.c.reference, _P.c.id)
_DROPPED = ("superseded", "cancelled")


def calendar(
    connection: Connection,
    office: Office,
    *,
    viewer: Person,
    first: date,
    last: date,
    account_manager_id: str = "",
    reference: str = "",
    after: tuple[datetime, str, int] | None = None,
    limit: int | None = None,
) -> list[dict[str, Any]]:
    """Return planned actions of the cases that somebody may see, due on local days from `first` to `last`, both included, by due instant.

    A page goes on `after` the last row's `due_at`, `application` and `planned_id`.
    `uid`, `sequence` and `updated_at` say which event of a subscribed calendar a row is and how new it is.
    Raises BadInput when the days are the wrong way round, NotFound for an unknown reference.
    """
    if last < first:
        raise BadInput("DATE_ORDER", f"The calendar cannot run from {in_words(first)} to {in_words(last)}.")
    query = visible.only(_QUERY, viewer)
    if (first, last) != (
        date.min,
        date.max,
    ):  # all days are no condition: one would lead a database to every case's plan
        query = query.where(_P.c.due_on.between(first, last))
    if account_manager_id:
        query = query.where(_C.c.account_manager_id == account_manager_id)
    if reference:
        # Put into order below: asked for it, SQLite would go through every case's plan instead of sorting a few rows.
        query = query.where(_P.c.application_id == cases.read(connection, reference, viewer).id)
    else:
        query = query.order_by(*_IN_ORDER)
    if after:
        query = query.where(tuple_(_P.c.due_at, _A.c.reference, _P.c.id) > after)
    if reference:
        found = sorted(connection.execute(query), key=lambda row: (row.due_at, row.planned_id))[:limit]
    else:
        found = list(connection.execute(query.limit(limit)))
    return [
        {
            "planned_id": row.planned_id,
            "application": row.reference,
            "company_name": row.name,
            **_certificate(row),
            "rule": row.rule,
            "due_on": row.due_on,
            "due_at": row.due_at,
            "time_zone": office.editions.machine(connection, row.programme, row.edition).programme.time_zone,
            "audience": row.audience or "clock",
            "message": row.message or row.trigger,
            "status": row.status,
            "outcome": row.outcome,
            "uid": f"{row.reference}/{row.basis_no}/{row.rule}/{row.occurrence}@{office.origin}",
            "sequence": 2 * (row.revision - 1) + (row.status in _DROPPED),
            "updated_at": row.settled_at or row.planned_at,
        }
        for row in found
    ]


def _certificate(row: Any) -> dict[str, Any]:
    """Return the certificate a row is counted from: as it is now while the row is planned, else as it was decided."""
    newest = cases.held_of(row).newest
    if row.decided_number and row.status != "planned":
        return {"certificate": row.decided_number, "valid_from": row.decided_from, "valid_until": row.decided_until}
    if newest is None:
        return {"certificate": None, "valid_from": None, "valid_until": None}
    return {"certificate": newest.number, "valid_from": newest.valid_from, "valid_until": newest.valid_until}


def as_ics(name: str, rows: Sequence[dict[str, Any]]) -> bytes:
    """Return rows of the calendar as an iCalendar file.

    What is superseded or cancelled stays in it as a cancelled event, so that a subscribed calendar drops it; of one
    that was moved only the newest place is shown.
    """
    newest = {row["uid"]: row for row in sorted(rows, key=lambda row: int(row["sequence"]))}
    return ics.calendar(name, [_entry(row) for row in rows if newest[row["uid"]] is row])


def _entry(row: dict[str, Any]) -> ics.Entry:
    at = row["due_at"].astimezone(ZoneInfo(row["time_zone"]))
    lines = [
        f"Case {row['application']}",
        f"Certificate {row['certificate']}, {row['valid_from']} to {row['valid_until']}" if row["certificate"] else "",
        f"For: {row['audience'].replace('_', ' ').replace(',', ', ')}",
        f"At {at:%Y-%m-%d %H:%M}, {row['time_zone']}",
        f"{row['status'].capitalize()}{': ' if row['outcome'] else ''}{row['outcome']}",
    ]
    return ics.Entry(
        uid=row["uid"],
        sequence=row["sequence"],
        day=row["due_on"],
        summary=f"{row['rule']} {row['message'].replace('_', ' ')}: {row['company_name']}",
        description="\n".join(line for line in lines if line),
        updated_at=row["updated_at"],
        cancelled=row["status"] in _DROPPED,
    )
