"""Puts the weekly digest into the outbox: one for each account manager, one of all companies for each supervisor.

It is no reminder: the ledger knows nothing of it, and nothing depends on its arriving.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from states.dates import local_day, local_instant
from states.facts import CLOCK, Person
from workflow import models
from workflow.decisions.notices import Notice, message_id
from workflow.models.base import table_of
from workflow.reports.portfolio import SECTIONS, portfolio
from workflow.store import people
from workflow.store.absences import OFFICE_ZONE
from workflow.store.office import Office

MESSAGE = "portfolio_digest"
_HOUR = 8  # on Monday, in the office's zone
_C = table_of(models.Company)
_N = table_of(models.Notification)


@dataclass(frozen=True)
class _Reader:
    """Somebody who gets a digest, and the cause that makes it the only one of its week."""

    person: Person
    cause: str
    team: bool


def send_digests(office: Office, *, now: datetime) -> int:
    """Queue the digests of this ISO week that are not queued yet; return how many. Late is done, a week gone by is not.

    One that would say nothing is settled unsent, so that the week is over for its reader.
    """
    today = local_day(now, OFFICE_ZONE)
    monday = today - timedelta(days=today.weekday())
    if now < local_instant(monday, _HOUR, OFFICE_ZONE):
        return 0
    with office.database.snapshot() as connection:
        missing = _missing(connection, f"{monday:digest:%G-W%V}")
        whose = {"" if reader.team else reader.person.id for reader in missing}
        found = {
            one: portfolio(connection, office, viewer=CLOCK, now=now, zone=OFFICE_ZONE, account_manager_id=one)
            for one in sorted(whose)
        }
    queued = 0
    for reader in missing:
        more = {"name": reader.person.name, "team": reader.team, "day": monday}
        payload = found["" if reader.team else reader.person.id] | more
        with office.database.transaction() as transaction:
            queued += _queue(transaction.connection, office.origin, reader, payload, now)
    return queued


def _missing(connection: Connection, week: str) -> list[_Reader]:
    staff = people.everybody(connection)
    managers = set(connection.execute(select(_C.c.account_manager_id).distinct()).scalars())
    readers = [_Reader(one, week, team=False) for one in _in_order(staff.values()) if one.id in managers]
    readers += [
        _Reader(one, f"{week}:team", team=True) for one in _in_order(staff.values()) if "supervisor" in one.roles
    ]
    query = select(_N.c.cause, _N.c.recipient).where(_N.c.message == MESSAGE, _N.c.cause.in_((week, f"{week}:team")))
    known = {(row.cause, row.recipient) for row in connection.execute(query)}
    return [one for one in readers if (one.cause, f"officer:{one.person.id}") not in known]


def _in_order(staff: Iterable[Person]) -> list[Person]:
    return sorted(staff, key=lambda person: person.id)


def _queue(connection: Connection, origin: str, reader: _Reader, payload: dict[str, Any], now: datetime) -> bool:
    """Queue one digest, or settle it unsent when it says nothing; another worker may have done it at the same time."""
    says = any(payload[section]["rows"] for section in SECTIONS)
    notice = Notice(MESSAGE, f"officer:{reader.person.id}", json.dumps(payload, default=str, ensure_ascii=False))
    values = {
        "application_id": None,
        "message": notice.message,
        "cause": reader.cause,
        "recipient": notice.recipient,
        "resend_no": 0,
        "message_id": message_id(origin, notice, reader.cause),
        "payload": notice.payload,
        "address": "",
        "status": "queued" if says else "suppressed",
        "created_at": now,
        "next_try_at": now if says else None,
        "settled_at": None if says else now,
        "fence": 0,
        "attempts": 0,
        "last_reply": "" if says else "There is nothing to say this week.",
    }
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    made = connection.execute(insert(_N).on_conflict_do_nothing().returning(_N.c.id), values)
    return made.first() is not None and says
