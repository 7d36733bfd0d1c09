"""Rows of API tokens: found by their text, noted as used, revoked. It judges nothing."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, or_, select, update

from states.facts import Person
from workflow import models
from workflow.models.base import table_of
from workflow.store import tokens

USED_EVERY = timedelta(minutes=1)  # or every request would write
_T = table_of(models.ApiToken)
_O = table_of(models.Officer)
_R = table_of(models.OfficerRole)


def holder(connection: Connection, token: str, now: datetime) -> tuple[Person, Any] | None:
    """Return the active person of a token that is good, with the roles of both, and its row."""
    query = (
        select(_T, _O.c.name.label("person"), _R.c.role)
        .join(_O, _O.c.id == _T.c.officer_id)
        .join(_R, _R.c.officer_id == _T.c.officer_id)
        .where(_T.c.token_sha256 == tokens.digest(token), _O.c.active)
        .where(_T.c.revoked_at.is_(None), _T.c.expires_at > now)
    )
    rows = connection.execute(query).all()
    roles = frozenset(row.role for row in rows if row.role in row.roles.split(","))
    return (Person(rows[0].officer_id, rows[0].person, roles), rows[0]) if roles else None


def note_use(connection: Connection, token_id: str, now: datetime) -> None:
    """Note that a token was used, unless somebody noted it a moment ago."""
    stale = or_(_T.c.last_used_at.is_(None), _T.c.last_used_at <= now - USED_EVERY)
    connection.execute(update(_T).where(_T.c.id == token_id, stale).values(last_used_at=now))


def some_admin_has_one(connection: Connection, now: datetime) -> bool:
    """Say whether any active admin has a good token that holds the role."""
    query = (
        select(_T.c.roles)
        .join(_O, _O.c.id == _T.c.officer_id)
        .join(_R, _R.c.officer_id == _T.c.officer_id)
        .where(_O.c.active, _R.c.role == "admin", _T.c.revoked_at.is_(None), _T.c.expires_at > now)
    )
    return any("admin" in roles.split(",") for roles in connection.execute(query).scalars())


def lock(connection: Connection, token_id: str) -> Any:
    """Return a token's row, locked until the transaction ends, or None."""
    return connection.execute(select(_T).where(_T.c.id == token_id).with_for_update()).first()


def revoke(connection: Connection, token_id: str, now: datetime) -> None:
    connection.execute(update(_T).where(_T.c.id == token_id).values(revoked_at=now))
