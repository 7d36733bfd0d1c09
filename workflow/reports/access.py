"""Who could do what on a day, told from the trail and never from today's tables; and how that changed in a period.

Names alone come from the table of accounts: the trail has none.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, Select, select

from states.dates import end_of, start_of
from states.facts import CLOCK, OPERATOR
from workflow import models
from workflow.access import ALLOWED
from workflow.audit.wording import in_words
from workflow.models.base import table_of
from workflow.models.officer import ROLES
from workflow.store import people
from workflow.store.absences import OFFICE_ZONE
from workflow.store.office import Office

_E = table_of(models.AuditEntry)
_ACCOUNTS = ("people:officer:added", "people:role:changed", "people:officer:disabled")
_ABSENCE, _ABSENCE_ENDED, _ATTESTED = "people:absence:recorded", "people:absence:ended", "people:roles:attested"
_CHANGES = (
    *_ACCOUNTS,
    _ABSENCE,
    _ABSENCE_ENDED,
    _ATTESTED,
    "people:account_manager:changed",
    "case:account_manager:changed",
    "case:application:assigned",
)


@dataclass
class Account:
    """One account as the trail tells it up to an instant."""

    id: str
    roles: frozenset[str] = frozenset()
    active: bool = False
    held: set[str] = field(default_factory=set)  # every role held on the day, if only for a while
    changes: list[str] = field(default_factory=list)  # of the day


def accounts(connection: Connection, before: datetime, since: datetime | None = None) -> dict[str, Account]:
    """Return every account that there ever was before an instant; `since` begins the day whose changes are noted."""
    found: dict[str, Account] = {}
    for row in _entries(connection, _ACCOUNTS, before=before):
        detail = json.loads(row.canonical)["detail"]
        account = found.setdefault(detail["officer"], Account(detail["officer"]))
        of_day = since is not None and row.recorded_at >= since
        if of_day and account.active:
            account.held |= account.roles
        match row.kind:
            case "people:officer:added":
                account.active, account.roles, words = True, frozenset(detail["roles"]), "account added"
            case "people:role:changed":
                account.roles = frozenset(detail["after"])
                words = f"roles {', '.join(detail['before'])} became {', '.join(detail['after'])}"
            case _:
                account.active, words = False, "account disabled"
        if of_day:
            account.changes.append(f"{row.recorded_at.astimezone(ZoneInfo(OFFICE_ZONE)):%H:%M} {words}")
    for account in found.values():
        if account.active:
            account.held |= account.roles
    return found


def digest_of(found: Mapping[str, Account]) -> str:
    """Return the digest of who holds which roles: a line for each active account, by id."""
    lines = (f"{one.id} {','.join(sorted(one.roles))}\n" for _, one in sorted(found.items()) if one.active)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def access_on(connection: Connection, office: Office, *, day: date) -> dict[str, Any]:
    """Return who could act on a day of the office's zone, in which roles, who was away, and what each role may do."""
    since, before = start_of(day, OFFICE_ZONE), end_of(day, OFFICE_ZONE)
    found = accounts(connection, before, since)
    away, stands_in = _away(connection, day, before)
    names = _names(connection)
    who = [
        {
            "id": one.id,
            "name": names.get(one.id, one.id),
            "roles": sorted(one.held, key=ROLES.index),
            "active": one.active,
            "changes": one.changes,
            "absent_until": away[one.id][0] if one.id in away else None,
            "deputy": names.get(away[one.id][1], away[one.id][1]) if one.id in away else None,
            "stands_in_for": sorted(names.get(other, other) for other in stands_in[one.id]),
        }
        for one in found.values()
        if one.held
    ]
    return {
        "day": day,
        "people": sorted(who, key=lambda one: (one["name"], one["id"])),
        "roles": may_do(connection, office, before=before),
        "digest": digest_of(found),
        "attested": _attested(connection, before, names),
    }


def may_do(connection: Connection, office: Office, *, before: datetime) -> list[dict[str, Any]]:
    """Return what each role may do: deeds by this version of the program, triggers by the newest edition stored then."""
    triggers: dict[str, dict[str, list[str]]] = defaultdict(dict)
    for code in office.editions.codes(connection):
        machine = office.editions.newest_before(connection, code, before)
        if machine is None:
            continue
        programme = machine.programme
        for role in {role for one in programme.transitions for role in one.roles}:
            may = [one.trigger for one in programme.transitions if role in one.roles]
            triggers[role][f"{code} {programme.edition}"] = list(dict.fromkeys(may))
    roles = dict.fromkeys([*ROLES, *sorted({role for allowed in ALLOWED.values() for role in allowed} | set(triggers))])
    return [
        {
            "role": role,
            "deeds": [str(deed) for deed, allowed in ALLOWED.items() if role in allowed],
            "triggers": triggers.get(role, {}),
        }
        for role in roles
    ]


def staffing_changes(connection: Connection, *, first: date, last: date) -> list[dict[str, Any]]:
    """Return accounts, roles, absences, assignments and hand-overs recorded between two days, in order."""
    names = _names(connection)
    begin, end = start_of(first, OFFICE_ZONE), end_of(last, OFFICE_ZONE)
    return [_change(row, names) for row in _entries(connection, _CHANGES, since=begin, before=end)]


def _change(row: Row[Any], names: Mapping[str, str]) -> dict[str, Any]:
    members = json.loads(row.canonical)
    detail = {name: _named(value, names) for name, value in members.get("detail", {}).items()}
    before, after = members.get("changes", {}).get("assignee_id", (detail.get("before"), detail.get("after")))
    return {
        "kind": row.kind,
        "recorded_at": row.recorded_at,
        "who": names.get(members["actor"], members["actor"]),
        "what": in_words(members | {"detail": detail}),
        "before": _named(before, names),
        "after": _named(after, names),
        "application": members.get("about", {}).get("application"),
        "entry": row.position,
    }


def _named(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return names.get(value, value) if isinstance(value, str) else value


def _away(
    connection: Connection, day: date, before: datetime
) -> tuple[dict[str, tuple[date, str]], dict[str, list[str]]]:
    """Return who was away with last day and deputy, and for whom each deputy stood in, as recorded by then."""
    away: dict[str, tuple[date, str]] = {}
    stands_in: dict[str, list[str]] = defaultdict(list)
    recorded: dict[tuple[str, date], tuple[date, str]] = {}
    for row in _entries(connection, (_ABSENCE, _ABSENCE_ENDED), before=before):
        detail = json.loads(row.canonical)["detail"]
        key = detail["officer"], date.fromisoformat(detail["first"])
        recorded[key] = date.fromisoformat(detail["last"]), detail["deputy"]
    for (officer, first), (last, deputy) in recorded.items():
        if first <= day <= last:
            away[officer] = last, deputy
            stands_in[deputy].append(officer)
    return away, stands_in


def _attested(connection: Connection, before: datetime, names: Mapping[str, str]) -> dict[str, Any] | None:
    """Return who attested the roles last, and the digest of the list that was."""
    found = _entries(connection, (_ATTESTED,), before=before)
    if not found:
        return None
    row, members = found[-1], json.loads(found[-1].canonical)
    by = names.get(members["actor"], members["actor"])
    return {"by": by, "at": row.recorded_at, "digest": members["detail"]["digest"]}


def _entries(
    connection: Connection, kinds: Iterable[str], *, before: datetime, since: datetime | None = None
) -> list[Row[Any]]:
    query: Select[Any] = select(_E.c.position, _E.c.kind, _E.c.recorded_at, _E.c.canonical)
    query = query.where(_E.c.kind.in_(list(kinds)), _E.c.recorded_at < before)
    if since:
        query = query.where(_E.c.recorded_at >= since)
    return list(connection.execute(query.order_by(_E.c.id)))


def _names(connection: Connection) -> dict[str, str]:
    return people.names(connection) | {CLOCK.id: CLOCK.name, OPERATOR.id: OPERATOR.name}
