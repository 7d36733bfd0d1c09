"""Who held which part at an instant that lies behind: roles, managers, officers of cases, deputies. It judges nothing.

Where two things happened at one instant, both answers are given, since their order is not kept.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import BindParameter, Connection, bindparam, select

from states.dates import local_day
from workflow import models
from workflow.models.base import table_of
from workflow.models.calendar_day import ALWAYS

_O = table_of(models.Officer)
_ROLE = table_of(models.OfficerRole)
_ABSENCE = table_of(models.Absence)
_TERM = table_of(models.AccountManagerTerm)
_COMPANY = table_of(models.Company)
_E = table_of(models.AuditEntry)
_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_CHANGES = ("people:officer:added", "people:role:changed", "people:officer:disabled")
ASSIGNED = ("case:application:assigned", "case:application:imported")

Value = TypeVar("Value")


def at(timeline: Sequence[tuple[datetime, Value]], instant: datetime) -> list[Value]:
    """Return what held at an instant, of values each with its beginning, in order."""
    before = [value for since, value in timeline if since < instant]
    return before[-1:] + [value for since, value in timeline if since == instant]


@dataclass
class Staffing:
    """The staff through time."""

    names: Mapping[str, str]  # by id
    by_address: Mapping[str, str]
    created_at: Mapping[str, datetime]
    roles: Sequence[tuple[datetime, Mapping[str, frozenset[str]]]]  # of active accounts, since when
    absences: Sequence[Any]
    managers: dict[int, list[tuple[datetime, str]]] = field(default_factory=dict)  # by company; "" for nobody
    assignees: dict[int, list[tuple[datetime, str]]] = field(default_factory=dict)  # by case

    def supervisors(self, instant: datetime) -> list[set[str]]:
        """Return the supervisors with an account at an instant: several answers where it was changed then."""
        return [{p for p, held in roles.items() if "supervisor" in held} for roles in self._active(instant)]

    def is_active(self, officer_id: str, instant: datetime) -> bool:
        return any(officer_id in roles for roles in self._active(instant))

    def manager(self, company_id: int, instant: datetime) -> list[str]:
        """Return who was account manager, "" for nobody."""
        return at(self.managers.get(company_id, []), instant) or [""]

    def assignee(self, application_id: int, instant: datetime) -> list[str]:
        return at(self.assignees.get(application_id, []), instant) or [""]

    def deputies(self, officer_id: str, instant: datetime, zone: str) -> list[set[str]]:
        """Return who stood in for somebody on the local day: by what was recorded before, and until the instant."""
        day = local_day(instant, zone)
        away = [row for row in self.absences if row.officer_id == officer_id and row.first <= day <= row.last]
        return [
            {row.deputy_id for row in away if row.recorded_at < instant},
            {row.deputy_id for row in away if row.recorded_at <= instant},
        ]

    def _active(self, instant: datetime) -> list[dict[str, frozenset[str]]]:
        return [
            {person: held for person, held in roles.items() if self.created_at[person] <= instant}
            for roles in at(self.roles, instant)
        ]


def load(connection: Connection) -> Staffing:
    """Return the staff; managers and officers of cases are read for some cases by `add`."""
    officers = connection.execute(select(_O)).all()
    held: dict[str, set[str]] = defaultdict(set)
    for row in connection.execute(select(_ROLE)):
        held[row.officer_id].add(row.role)
    now = {row.id: frozenset(held[row.id]) for row in officers if row.active}
    query = select(_E.c.recorded_at, _E.c.kind, _E.c.canonical).where(_E.c.kind.in_(_CHANGES)).order_by(_E.c.id.desc())
    return Staffing(
        {row.id: row.name for row in officers},
        {row.email: row.id for row in officers},
        {row.id: row.created_at for row in officers},
        _back_through(connection.execute(query), now, {row.id: frozenset(held[row.id]) for row in officers}),
        connection.execute(select(_ABSENCE)).all(),
    )


def _back_through(
    changes: Iterable[Any], now: Mapping[str, frozenset[str]], kept: Mapping[str, frozenset[str]]
) -> list[tuple[datetime, Mapping[str, frozenset[str]]]]:
    """Undo every change of an account, newest first, beginning with how it is now."""
    roles, found = dict(now), list[tuple[datetime, Mapping[str, frozenset[str]]]]()
    known = dict(kept)
    for row in changes:
        detail = json.loads(row.canonical)["detail"]
        person = detail["officer"]
        found.append((row.recorded_at, dict(roles)))
        if row.kind == "people:officer:disabled":
            roles[person] = known.get(person, frozenset())
        elif row.kind == "people:role:changed":
            known[person] = frozenset(detail["before"])
            roles[person] = known[person]
        # An account that was added is left out before by the day it was made on.
    return [(ALWAYS, roles), *reversed(found)]


def add(connection: Connection, staff: Staffing, company_ids: Sequence[int], application_ids: Sequence[int]) -> None:
    """Read who managed companies and who had cases, since when; what was read before is forgotten."""
    staff.managers, staff.assignees = defaultdict(list), defaultdict(list)
    terms = select(_TERM).where(_TERM.c.company_id.in_(_IDS)).order_by(_TERM.c.since, _TERM.c.id)
    for row in connection.execute(terms, {"ids": company_ids}):
        staff.managers[row.company_id].append((row.since, row.officer_id or ""))
    entries = select(_E.c.application_id, _E.c.recorded_at, _E.c.canonical).where(
        _E.c.application_id.in_(_IDS), _E.c.kind.in_(ASSIGNED)
    )
    for row in connection.execute(entries.order_by(_E.c.id), {"ids": application_ids}):
        changed = json.loads(row.canonical).get("changes", {}).get("assignee_id")
        if changed:
            staff.assignees[row.application_id].append((row.recorded_at, changed[1] or ""))
