"""Finds who gets a message of the outbox today: a contact, a colleague, a deputy, or nobody. It judges and sends nothing."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from states.dates import local_day
from workflow import models
from workflow.models.base import table_of
from workflow.store import absences
from workflow.store.editions import Editions

_A = table_of(models.Application)
_COMPANY = table_of(models.Company)
_CONTACT = table_of(models.Contact)
_OFFICER = table_of(models.Officer)
_MANAGER = _OFFICER.alias("manager")
_ASSIGNEE = _OFFICER.alias("assignee")
_CASE = (
    select(
        _A.c.programme,
        _A.c.edition,
        _MANAGER.c.id.label("manager_id"),
        _MANAGER.c.email.label("manager_email"),
        _MANAGER.c.active.label("manager_active"),
        _ASSIGNEE.c.id.label("assignee_id"),
        _ASSIGNEE.c.email.label("assignee_email"),
        _ASSIGNEE.c.active.label("assignee_active"),
    )
    .select_from(_A.join(_COMPANY, _COMPANY.c.id == _A.c.company_id))
    .outerjoin(_MANAGER, _MANAGER.c.id == _COMPANY.c.account_manager_id)
    .outerjoin(_ASSIGNEE, _ASSIGNEE.c.id == _A.c.assignee_id)
)


@dataclass(frozen=True)
class Found:
    """Who gets it: `person` is an officer's id or, for a contact, its token. Without an address it cannot go out."""

    person: str
    address: str
    reply_to: str  # the account manager's address
    deputy: str = ""  # an officer's id, while the person is absent
    nobody: str = ""  # why no colleague is there
    manager: str = ""  # who the case's tokens stand for today
    assignee: str = ""

    def tokens_of(self, officer_id: str) -> list[str]:
        """Return every recipient by which a message of this case already reaches an officer."""
        found = [f"officer:{officer_id}"]
        found += ["account_manager"] if officer_id == self.manager else []
        return found + (["assignee"] if officer_id == self.assignee else [])


def find(connection: Connection, editions: Editions, row: Row[Any], now: datetime) -> Found:
    """Return who gets an outbox row at this moment."""
    case: Any = connection.execute(_CASE.where(_A.c.id == row.application_id)).first()
    reply_to = str(case.manager_email) if case and case.manager_active else ""
    kind, _, id_ = row.recipient.partition(":")
    if kind == "contact":
        query = select(_CONTACT.c.email).where(_CONTACT.c.id == int(id_))
        return Found(row.recipient, str(connection.execute(query).scalar_one_or_none() or ""), reply_to)
    person, address, active, what = _colleague(connection, kind, id_, case)
    manager = str(case.manager_id) if case and case.manager_active else ""
    assignee = str(case.assignee_id) if case and case.assignee_active else ""
    if not active:
        why = f"{what} has no active account." if person else f"{what} is not there."
        return Found("", "", reply_to, nobody=why, manager=manager, assignee=assignee)
    zone = editions.machine(connection, case.programme, case.edition).programme.time_zone if case else None
    today = local_day(now, zone or absences.OFFICE_ZONE)
    deputy = absences.deputy_on(connection, person, today)
    return Found(person, address, reply_to, deputy, manager=manager, assignee=assignee)


def _colleague(connection: Connection, kind: str, id_: str, case: Any) -> tuple[str, str, bool, str]:
    """Return id, address, whether the account is active, and what the person is to the case."""
    if kind == "account_manager":
        what = "The company's account manager"
        found = (case.manager_id, case.manager_email, case.manager_active) if case else None
    elif kind == "assignee":
        what = "The officer of the case"
        found = (case.assignee_id, case.assignee_email, case.assignee_active) if case else None
    else:
        what = "The person it was for"
        query = select(_OFFICER.c.id, _OFFICER.c.email, _OFFICER.c.active).where(_OFFICER.c.id == id_)
        row = connection.execute(query).first()
        found = (row.id, row.email, row.active) if row else None
    person, address, active = found or (None, None, None)
    return str(person or ""), str(address or ""), bool(active), what


def person_at(connection: Connection, recipient: str, address: str) -> str:
    """Return whom an address that was used belongs to, as the trail names people."""
    if recipient.startswith("contact:"):
        return recipient
    return str(connection.execute(select(_OFFICER.c.id).where(_OFFICER.c.email == address)).scalar_one_or_none() or "")
