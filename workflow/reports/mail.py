"""Messages for people who look at them: to whom, why, what became of them. However many, in a constant number of queries.

Reads one snapshot and changes nothing; it must not know how a message is written.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, func, or_, select

from states.facts import Person
from workflow import models
from workflow.errors import NotFound
from workflow.models.base import table_of
from workflow.models.notification import STATUSES
from workflow.reports.cases import title_of
from workflow.reports.outbox import message
from workflow.store import cases, recipients
from workflow.store.cases import Case
from workflow.store.office import Office
from workflow.store.outbox import visible_to
from workflow.store.recipients import Found

PAGE = 50

_A = table_of(models.Application)
_C = table_of(models.Company)
_CONTACT = table_of(models.Contact)
_D = table_of(models.Decision)
_N = table_of(models.Notification)
_O = table_of(models.Officer)
_P = table_of(models.PlannedAction)
_TASK = table_of(models.Task)

_TO_COMPANY = _N.c.recipient.startswith("contact:")
_LIST: Select[Any] = (
    select(*(column for column in _N.c if column.name != "payload"), _A.c.reference, _C.c.name.label("company_name"))
    .outerjoin(_A, _A.c.id == _N.c.application_id)
    .outerjoin(_C, _C.c.id == _A.c.company_id)
    .order_by(_N.c.id.desc())
)  # fmt: skip


@dataclass(frozen=True)
class Opened:
    """One message with what is needed to write it as it leaves."""

    row: dict[str, Any]  # as in a list, with `tries`, `tasks`, `payload` (None after a disposal) and `disposed_at`
    kept: Row[Any]  # as the outbox has it
    case: Case | None
    found: Found  # who would get it now
    members: tuple[Row[Any], ...]  # rows that its mail carries


def counts(connection: Connection, *, viewer: Person) -> dict[str, int]:
    """Return how many messages somebody may see are in each state."""
    query = select(_N.c.status, func.count()).outerjoin(_A, _A.c.id == _N.c.application_id).group_by(_N.c.status)
    found = {status: count for status, count in connection.execute(visible_to(query, viewer))}  # noqa: C416  # rows are no pairs
    return {status: found.get(status, 0) for status in STATUSES}


def messages(
    connection: Connection,
    office: Office,
    *,
    viewer: Person,
    now: datetime,
    status: str = "",
    sought: str = "",
    reference: str = "",
    arrived: bool = False,
    before: int = 0,
    limit: int = PAGE,
) -> list[dict[str, Any]]:
    """Return messages that somebody may see, newest first; `before` is the last id of the page before.

    `sought` is part of a company's name, of an address or of a reference; `arrived` leaves what reached the company.
    Raises NotFound for an unknown case.
    """
    query = visible_to(_LIST, viewer).limit(limit)
    if status:
        query = query.where(_N.c.status == status)
    if reference:
        query = query.where(_N.c.application_id == cases.read(connection, reference, viewer).id)
    if arrived:
        query = query.where(_TO_COMPANY, _N.c.status == "sent")
    if sought:
        part = "%" + sought.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        columns = (_C.c.name, _N.c.address, _A.c.reference)
        query = query.where(or_(*(func.lower(column).like(part, escape="\\") for column in columns)))
    if before:
        query = query.where(_N.c.id < before)
    return _told(connection, office, connection.execute(query).all(), now)


def opened(connection: Connection, office: Office, id_: int, *, viewer: Person, now: datetime) -> Opened:
    """Return one message. Raises NotFound."""
    whole = message(connection, id_, viewer=viewer)
    row = connection.execute(_LIST.where(_N.c.id == id_)).one()
    told = _told(connection, office, [row], now)[0]
    case = cases.read_many(connection, [row.application_id])[row.application_id] if row.application_id else None
    found = recipients.find(connection, office.editions, [row], {case.id: case} if case else {}, now)[row.id]
    members = connection.execute(select(_N).where(_N.c.bundled_into == id_).order_by(_N.c.id)).all()
    kept = select(_N).where(_N.c.id == id_)
    task = connection.execute(
        select(_TASK.c.id, _TASK.c.sentence, _TASK.c.role)
        .where(_TASK.c.notification_id == id_, _TASK.c.closed_at.is_(None))
        .order_by(_TASK.c.id)
    ).mappings()
    more = {"tries": whole["tries"], "payload": whole["payload"], "disposed_at": whole["disposed_at"]}
    return Opened(
        told | more | {"tasks": [dict(one) for one in task]},
        connection.execute(kept).one(),
        case,
        found,
        tuple(members),
    )


def _told(connection: Connection, office: Office, rows: Sequence[Row[Any]], now: datetime) -> list[dict[str, Any]]:
    ids = {row.application_id for row in rows if row.application_id is not None}
    those = cases.read_many(connection, ids) if ids else {}
    found = recipients.find(connection, office.editions, rows, those, now) if rows else {}
    names = _names(connection, rows, those)
    causes = _Causes(connection, office, rows, those)
    return [
        dict(row._mapping)  # noqa: SLF001  # the library's public name
        | {
            "to_company": recipients.is_company(row.recipient),
            "to": row.address or found[row.id].address,
            "who": names.get(row.recipient) or _of_case(row, those, names) or found[row.id].name,
            "why": causes.why(row),
        }
        for row in rows
    ]


def _of_case(row: Row[Any], those: dict[int, Case], names: dict[str, str]) -> str:
    case = those.get(row.application_id)
    if case is None:
        return ""
    officer = {"account_manager": case.account_manager_id, "assignee": case.assignee_id}.get(row.recipient)
    return names.get(f"officer:{row.person or officer or ''}", "")


def _names(connection: Connection, rows: Sequence[Row[Any]], those: dict[int, Case]) -> dict[str, str]:
    """Return people's names by recipient."""
    contacts = {int(row.recipient.removeprefix("contact:")) for row in rows if row.recipient.startswith("contact:")}
    officers = {row.recipient.removeprefix("officer:") for row in rows if row.recipient.startswith("officer:")}
    officers |= {row.person for row in rows if row.person and not row.person.startswith("contact:")}
    officers |= {one for case in those.values() for one in (case.account_manager_id, case.assignee_id) if one}
    named: dict[str, str] = {}
    for table, wanted, kind in ((_CONTACT, contacts, "contact"), (_O, officers, "officer")):
        if wanted:
            found = connection.execute(select(table.c.id, table.c.name).where(table.c.id.in_(sorted(wanted))))
            named |= {f"{kind}:{row.id}": row.name for row in found}
    return named


class _Causes:
    """Why messages go out, in words: what was decided, planned or asked for."""

    def __init__(
        self, connection: Connection, office: Office, rows: Sequence[Row[Any]], those: dict[int, Case]
    ) -> None:
        self._programmes = {
            id_: office.editions.machine(connection, case.programme, case.edition).programme
            for id_, case in those.items()
        }
        self._decisions = self._rows(connection, _D, "decision", rows)
        self._planned = self._rows(connection, _P, "planned", rows)

    @staticmethod
    def _rows(connection: Connection, table: Any, kind: str, rows: Sequence[Row[Any]]) -> dict[int, Row[Any]]:
        caused = (row.cause.partition(":") for row in rows)
        ids = sorted({int(number) for name, _, number in caused if name == kind and number.isdigit()})
        found = connection.execute(select(table).where(table.c.id.in_(ids))) if ids else ()
        return {row.id: row for row in found}

    def why(self, row: Row[Any]) -> dict[str, Any]:
        """Return {kind, rule, on, cycle?}: what a page puts into words."""
        kind, _, rest = row.cause.partition(":")
        number = int(rest) if rest.isdigit() else 0
        if decision := self._decisions.get(number) if kind == "decision" else None:
            programme = self._programmes.get(row.application_id)
            title = title_of(programme, decision.trigger, decision.from_state) if programme else decision.trigger
            return {"kind": kind, "rule": title, "number": decision.decision_no, "at": decision.effective_at}
        if planned := self._planned.get(number) if kind == "planned" else None:
            return {"kind": kind, "rule": planned.rule, "number": 0, "on": planned.due_on}
        parts = rest.split(":")
        asked = parts[1] if kind == "request" and len(parts) > 1 else parts[0]
        return {"kind": kind, "rule": "", "number": int(asked) if asked.isdigit() else 0}


def number(text: str) -> int:
    """Return a message's or a task's number; anything else is one that is not there."""
    if not (text.isascii() and text.isdigit() and len(text) <= 9):  # noqa: PLR2004  # no id is longer
        raise NotFound("NO_MESSAGE", "There is no such message.")
    return int(text)
