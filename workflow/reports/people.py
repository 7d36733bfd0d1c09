"""Who has an account, for people who look after them. Changes nothing."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from sqlalchemy import Connection, func, select

from workflow import models
from workflow.access import CASE_ROLES
from workflow.models.base import table_of
from workflow.store import absences, people

_O = table_of(models.Officer)
_R = table_of(models.OfficerRole)
_S = table_of(models.Session)
_P = table_of(models.Credential)
_A = table_of(models.Application)
_C = table_of(models.Company)
_AWAY = table_of(models.Absence)
NEVER: dict[str, Any] = {"seen_at": None, "has_code": False, "has_password": False, "sessions": 0}


def officers(connection: Connection, today: date) -> list[dict[str, Any]]:
    """Return everybody by name, with roles, and who is absent today with the deputy."""
    away = absences.on(connection, today)
    named = people.names(connection)
    roles: dict[str, list[str]] = defaultdict(list)
    for officer_id, role in connection.execute(select(_R.c.officer_id, _R.c.role).order_by(_R.c.role)):
        roles[officer_id].append(role)
    query = select(_O.c.id, _O.c.name, _O.c.email, _O.c.active).order_by(_O.c.name)
    return [
        {
            "id": row.id,
            "name": row.name,
            "email": row.email,
            "roles": roles[row.id],
            "active": row.active,
            "absent_until": away[row.id].last if row.id in away else None,
            "deputy": named[away[row.id].deputy_id] if row.id in away else None,
        }
        for row in connection.execute(query)
    ]


def deputies(staff: Iterable[Mapping[str, Any]], email: str) -> list[Mapping[str, Any]]:
    """Return who of the staff can stand in for one of them: active, and in a role of cases that both hold."""
    people = list(staff)
    roles = {role for one in people if one["email"] == email for role in one["roles"]} & CASE_ROLES
    return [one for one in people if one["active"] and one["email"] != email and roles & set(one["roles"])]


def successors(staff: Iterable[Mapping[str, Any]], email: str, held: Mapping[str, int]) -> list[Mapping[str, Any]]:
    """Return who of the staff can take over everything that one of them holds."""
    needed = {role for role, what in (("officer", "cases"), ("account_manager", "companies")) if held[what]}
    return [one for one in staff if one["active"] and one["email"] != email and needed <= set(one["roles"])]


def with_role(connection: Connection, role: str) -> list[dict[str, Any]]:
    """Return name, address and id of everybody active who holds a role, by name."""
    query = select(_O.c.id, _O.c.name, _O.c.email).join(_R, _R.c.officer_id == _O.c.id)
    found = connection.execute(query.where(_R.c.role == role, _O.c.active).order_by(_O.c.name))
    return [{"id": row.id, "name": row.name, "email": row.email} for row in found]


def sign_ins(connection: Connection) -> dict[str, dict[str, Any]]:
    """Return by person when somebody was last seen, how many sessions go on, and which proofs there are."""
    seen = select(_S.c.officer_id, func.max(_S.c.seen_at), func.count().filter(_S.c.ended_at.is_(None)))
    found = {
        officer_id: NEVER | {"seen_at": at, "sessions": running}
        for officer_id, at, running in connection.execute(seen.group_by(_S.c.officer_id))
    }
    for row in connection.execute(select(_P.c.officer_id, _P.c.code_since, _P.c.password_changed_at)):
        proofs = {"has_code": row.code_since is not None, "has_password": row.password_changed_at is not None}
        found[row.officer_id] = found.get(row.officer_id, NEVER) | proofs
    return found


def held_by(connection: Connection, officer_id: str) -> dict[str, int]:
    """Return how many open cases and companies somebody looks after."""
    cases = select(func.count()).select_from(_A).where(_A.c.assignee_id == officer_id, _A.c.state_kind != "closed")
    companies = select(func.count()).select_from(_C).where(_C.c.account_manager_id == officer_id)
    return {
        "cases": connection.execute(cases).scalar_one(),
        "companies": connection.execute(companies).scalar_one(),
    }


def absences_of(connection: Connection, officer_id: str) -> list[dict[str, Any]]:
    """Return somebody's absences, the latest first, with the deputy's name."""
    query = select(_AWAY.c.first, _AWAY.c.last, _O.c.name.label("deputy")).join(_O, _O.c.id == _AWAY.c.deputy_id)
    mine = query.where(_AWAY.c.officer_id == officer_id, _AWAY.c.last >= _AWAY.c.first)
    found = connection.execute(mine.order_by(_AWAY.c.first.desc()))
    return [dict(row) for row in found.mappings()]
