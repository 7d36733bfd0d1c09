"""A fleet of certified cases, written as rows: what years of work leave behind, made in seconds.

Each case has a company, a contact, the decision that certified it with its trail entry, a certificate, and the whole
plan that the one planner gives. Dates are spread evenly; nothing here is what the product does to get there.
"""

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Connection, Table

from states.dates import OfficeCalendar, last_valid_day, local_instant
from states.definition import Programme
from states.planner import Planned, plan
from states.terms import Term
from workflow import models
from workflow.audit.entry import Entry, leaf_hash
from workflow.models.base import table_of
from workflow.store import calendar
from workflow.store.placing import place

MANAGER, SUPERVISOR = "p-manager", "p-supervisor"
_NUMBERED = ("company", "contact", "application", "audit_entry", "decision")
_ROWS = 5_000  # written at a time


@dataclass(frozen=True)
class Fleet:
    """How many certificates, and from when to when they begin, both included."""

    size: int
    first: date
    last: date

    def begins(self) -> Iterator[date]:
        span = (self.last - self.first).days + 1
        for number in range(self.size):
            yield self.first + timedelta(days=number * span // self.size)


def staff(connection: Connection, now: datetime) -> None:
    """Give the fleet an account manager and a supervisor."""
    rows = [
        {"id": id_, "email": f"{role}@customs.example", "name": name, "active": True, "created_at": now}
        for id_, role, name in ((MANAGER, "manager", "Nurul Huda"), (SUPERVISOR, "supervisor", "Goh Siew Ling"))
    ]
    connection.execute(table_of(models.Officer).insert(), rows)
    roles = [
        {"officer_id": MANAGER, "role": "account_manager"},
        {"officer_id": SUPERVISOR, "role": "supervisor"},
    ]
    connection.execute(table_of(models.OfficerRole).insert(), roles)


def launch(
    connection: Connection,
    programme: Programme,
    fleet: Fleet,
    *,
    now: datetime,
    first_id: int = 1,
    settled: bool = True,
    rules: Collection[str] = (),
) -> None:
    """Write the fleet as it stands at `now`, where the clock has done everything that was due.

    Without `settled` what was done before is left out, for fleets that would be too large with it. `rules` are the only
    ones that are planned, where some are named.
    """
    office = calendar.office_calendar(
        connection, programme.time_zone, fleet.first - timedelta(days=400), fleet.last + timedelta(days=1_900)
    )
    numbered = enumerate(fleet.begins(), start=first_id)
    plans: dict[date, tuple[Term, tuple[Planned, ...]]] = {}
    while batch := list(islice(numbered, _ROWS)):
        rows: dict[Table, list[dict[str, Any]]] = {}
        for number, begin in batch:
            if begin not in plans:
                plans[begin] = _plan(programme, begin, office)
            term, planned = plans[begin]
            kept = [p for p in planned if (settled or p.due_at > now) and (not rules or p.rule in rules)]
            for table, row in _rows(programme, number, term, kept, now):
                rows.setdefault(table, []).append(row)
        for into, made in rows.items():
            connection.execute(into.insert(), made)
    if connection.dialect.name == "postgresql":  # it counts on from the ids it has given itself
        for name in _NUMBERED:
            connection.exec_driver_sql(f"SELECT setval('{name}_id_seq', (SELECT max(id) FROM {name}))")


def _plan(programme: Programme, begin: date, office: OfficeCalendar) -> tuple[Term, tuple[Planned, ...]]:
    until = last_valid_day(begin, programme.validity.years, programme.validity.counting)
    term = Term(begin, until)
    return term, plan(programme, term, office)


def _rows(
    programme: Programme, n: int, term: Term, planned: Sequence[Planned], now: datetime
) -> Iterator[tuple[Table, dict[str, Any]]]:
    at = local_instant(term.valid_from, 9, programme.time_zone)
    reference = f"{programme.code}-{term.valid_from.year}-{n:07d}"
    entry = Entry(
        "case:state:changed", at, "p-approver", "approver", "bench", about={"application": reference}, case_seq=1
    )
    canonical = entry.canonical()
    common = {"application_id": n}
    waiting = [one for one in planned if not one.superseded and one.due_at > now]
    opened = any(one.trigger == "open_revalidation" and one.due_at <= now for one in planned)
    state = programme.state_by_name["revalidation_due" if opened else "certified"]
    yield table_of(models.Company), {
        "id": n, "scheme": "SG-UEN", "identifier": f"T26X{n:07d}", "name": f"Quillhaven Logistics {n} Pte. Ltd.",
        "account_manager_id": MANAGER, "check_letter_reason": "", "created_at": at,
    }  # fmt: skip
    yield table_of(models.AccountManagerTerm), {"company_id": n, "officer_id": MANAGER, "since": at}
    yield table_of(models.Contact), {"id": n, "company_id": n, "email": f"trade{n}@quillhaven.example", "name": ""}
    case = common_case(programme, n, reference, at) | {
        "state": state.name, "state_kind": state.kind, "next_step": state.next_step, "waits_for": state.waits_for,
        "certificate_number": f"BENCH-{n:07d}", "valid_from": term.valid_from, "valid_until": term.valid_until,
        "facts_cycle": 2, "cycle_since": at, "deadline": None,
        "next_due": min((one.due_at for one in waiting), default=None),
    }  # fmt: skip
    rank, day = place(SimpleNamespace(**case))
    yield table_of(models.Application), case | {"work_rank": rank, "work_on": day}
    yield table_of(models.AuditEntry), common | {
        "id": n, "kind": entry.kind, "case_seq": 1, "recorded_at": at, "canonical": canonical,
        "leaf": leaf_hash(canonical),
    }  # fmt: skip
    yield table_of(models.Decision), common | {
        "id": n, "decision_no": 1, "cycle": 1, "trigger": "certify", "from_state": "validation",
        "to_state": "certified", "actor_id": "p-approver", "role": "approver", "effective_at": at, "recorded_at": at,
        "given": json.dumps({"valid_from": term.valid_from.isoformat()}), "entry_id": n, "reason_code": "",
        "reason_to_company": "", "internal_reason": "",
    }  # fmt: skip
    yield table_of(models.Certificate), common | {
        "number": f"BENCH-{n:07d}", "cycle": 1, "valid_from": term.valid_from, "valid_until": term.valid_until,
        "aeo_code": f"SGAEO{n:07d}", "conditions": "", "as_printed": False, "decision_id": n,
    }  # fmt: skip
    for one in planned:
        past = one.due_at <= now
        yield table_of(models.PlannedAction), common | {
            "subject": one.subject, "rule": one.rule, "basis": n, "occurrence": one.occurrence, "revision": 1,
            "trigger": one.trigger, "message": one.message, "audience": ",".join(one.audience), "due_on": one.due_on,
            "due_at": one.due_at, "status": "superseded" if one.superseded else "done" if past else "planned",
            "outcome": one.superseded, "settled_at": at if one.superseded else one.due_at if past else None,
            "attempts": 0, "last_error": "",
        }  # fmt: skip


def common_case(programme: Programme, n: int, reference: str, at: datetime) -> dict[str, Any]:
    """Return what every case of the fleet has."""
    return {
        "id": n,
        "reference": reference,
        "programme": programme.code,
        "edition": programme.edition,
        "company_id": n,
        "live_key": f"{n}:{programme.code}",
        "state_since": at,
        "cycle": 1,
        "version": 2,
        "channel": "import",
        "received_on": at.date(),
        "submitted_at": at,
        "complete_at": at,
        "decided_at": at,
        "decision_no": 1,
        "case_seq": 1,
    }


def noon(day: date) -> datetime:
    """Return an instant at which everything that is due on a day is due, in UTC."""
    return datetime(day.year, day.month, day.day, 4, 0, tzinfo=UTC)
