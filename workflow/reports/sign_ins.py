"""Who is signed in where and which tokens there are, for the person and for admins. Shows no digest; changes nothing."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from workflow import models
from workflow.models.base import table_of
from workflow.store import sessions

_T = table_of(models.ApiToken)
_O = table_of(models.Officer)
_S = table_of(models.Session)


def sessions_of(connection: Connection, officer_id: str, now: datetime) -> list[dict[str, Any]]:
    """Return a person's sessions that go on, newest first."""
    shown = ("id", "stage", "proven", "started_at", "seen_at", "expires_at", "agent")
    return [{name: getattr(row, name) for name in shown} for row in sessions.running(connection, officer_id, now)]


def tokens_of(connection: Connection, now: datetime, officer_id: str = "") -> list[dict[str, Any]]:
    """Return the tokens of a person or of everybody, newest first, with what each is good for."""
    query = select(_T, _O.c.email).join(_O, _O.c.id == _T.c.officer_id).order_by(_T.c.created_at.desc(), _T.c.id)
    if officer_id:
        query = query.where(_T.c.officer_id == officer_id)
    return [
        {
            "id": row.id,
            "email": row.email,
            "name": row.name,
            "roles": row.roles.split(","),
            "state": "revoked" if row.revoked_at else "good" if row.expires_at > now else "over",
            "created_at": row.created_at,
            "expires_at": row.expires_at,
            "last_used_at": row.last_used_at,
        }
        for row in connection.execute(query)
    ]


def whose(connection: Connection, csrf: str) -> str:
    """Return whose session's word this was, also of one that has ended, or nothing."""
    found = connection.execute(select(_S.c.officer_id).where(_S.c.csrf == csrf)).scalar() if csrf else None
    return found or ""
