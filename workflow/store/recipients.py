"""Finds who gets messages of the outbox today: a contact, a colleague, a deputy, or nobody. It judges and sends nothing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from states.dates import local_day
from workflow import models
from workflow.models.base import table_of
from workflow.store import absences
from workflow.store.cases import Case
from workflow.store.editions import Editions

COMPANY = "company"  # the recipient of what is for a company of which no contact is known: a letter takes its place
_CONTACT = table_of(models.Contact)
_OFFICER = table_of(models.Officer)
_CONTACTS = select(_CONTACT.c.id, _CONTACT.c.email).where(_CONTACT.c.id.in_(bindparam("ids", expanding=True)))
_OFFICERS = select(_OFFICER.c.id, _OFFICER.c.email, _OFFICER.c.name, _OFFICER.c.active).where(
    _OFFICER.c.id.in_(bindparam("ids", expanding=True))
)


def is_company(recipient: str) -> bool:
    """Say whether a message is for the company: one of its contacts, or whoever opens its letters."""
    return recipient == COMPANY or recipient.startswith("contact:")


@dataclass(frozen=True, slots=True)
class Found:
    """Who gets it: `person` is an officer's id or, for a contact, its token. Without an address it cannot go out."""

    person: str
    address: str
    reply_to: str  # the account manager's address
    zone: str = absences.OFFICE_ZONE  # whose days count
    name: str = ""  # a colleague's
    deputy: str = ""  # an officer's id, while the person is absent
    nobody: str = ""  # why no colleague is there
    manager: str = ""  # who the case's tokens stand for today
    assignee: str = ""

    def tokens_of(self, officer_id: str) -> list[str]:
        """Return every recipient by which a message of this case already reaches an officer."""
        found = [f"officer:{officer_id}"]
        found += ["account_manager"] if officer_id == self.manager else []
        return found + (["assignee"] if officer_id == self.assignee else [])


@dataclass(frozen=True)
class _Directory:
    """What is looked up once for many rows."""

    contacts: Mapping[int, str]
    officers: Mapping[str, Any]  # rows
    away: Sequence[absences.Away]

    def active(self, officer_id: str | None) -> Any:
        officer = self.officers.get(officer_id or "")
        return officer if officer is not None and officer.active else None

    def deputy_of(self, officer_id: str, day: date) -> str:
        return next((a.deputy_id for a in self.away if a.officer_id == officer_id and a.first <= day <= a.last), "")


def find(
    connection: Connection, editions: Editions, rows: Iterable[Row[Any]], cases: Mapping[int, Case], now: datetime
) -> dict[int, Found]:
    """Return who gets each outbox row at this moment, by the row's id. `cases` are those of the rows, by id."""
    rows = list(rows)
    zones = {
        id_: editions.machine(connection, case.programme, case.edition).programme.time_zone
        for id_, case in cases.items()
    }
    days = [local_day(now, zone) for zone in {absences.OFFICE_ZONE, *zones.values()}]
    directory = _look_up(connection, rows, cases.values(), min(days), max(days))
    found: dict[int, Found] = {}
    for row in rows:
        zone = zones.get(row.application_id, absences.OFFICE_ZONE)
        found[row.id] = _find(row.recipient, cases.get(row.application_id), directory, zone, local_day(now, zone))
    return found


def _look_up(
    connection: Connection, rows: Iterable[Row[Any]], cases: Iterable[Case], first: date, last: date
) -> _Directory:
    tokens = [row.recipient.partition(":") for row in rows]
    contacts = sorted({int(id_) for kind, _, id_ in tokens if kind == "contact"})
    officers = {id_ for kind, _, id_ in tokens if kind == "officer"}
    for case in cases:
        officers |= {id_ for id_ in (case.account_manager_id, case.assignee_id) if id_}
    ids = {"ids": sorted(officers)}
    return _Directory(
        {row.id: row.email for row in connection.execute(_CONTACTS, {"ids": contacts})} if contacts else {},
        {row.id: row for row in connection.execute(_OFFICERS, ids)} if officers else {},
        absences.between(connection, first, last),
    )


def _find(recipient: str, case: Case | None, directory: _Directory, zone: str, today: date) -> Found:
    manager = directory.active(case.account_manager_id) if case else None
    assignee = directory.active(case.assignee_id) if case else None
    reply_to = manager.email if manager is not None else ""
    kind, _, id_ = recipient.partition(":")
    if kind == "contact":
        return Found(recipient, directory.contacts.get(int(id_), ""), reply_to, zone)
    if recipient == COMPANY:
        return Found("", "", reply_to, zone)
    known, what = _colleague(kind, id_, case)
    tokens = {"manager": manager.id if manager else "", "assignee": assignee.id if assignee else ""}
    person = directory.active(known)
    if person is None:
        why = f"{what} has no active account." if known in directory.officers else f"{what} is not there."
        return Found("", "", reply_to, zone, nobody=why, **tokens)
    deputy = directory.deputy_of(person.id, today)
    return Found(person.id, person.email, reply_to, zone, person.name, deputy, **tokens)


def _colleague(kind: str, id_: str, case: Case | None) -> tuple[str | None, str]:
    """Return the id of a colleague, where there is one, and what the person is to the case."""
    if kind == "account_manager":
        return case.account_manager_id if case else None, "The company's account manager"
    if kind == "assignee":
        return case.assignee_id if case else None, "The officer of the case"
    return id_, "The person it was for"


def person_at(connection: Connection, recipient: str, address: str) -> str:
    """Return whom an address that was used belongs to, as the trail names people."""
    if recipient.startswith("contact:"):
        return recipient
    return str(connection.execute(select(_OFFICER.c.id).where(_OFFICER.c.email == address)).scalar_one_or_none() or "")
