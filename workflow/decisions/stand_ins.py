"""Puts further rows into the outbox for those who stand in: the same message, each with its own Message-ID."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select
from sqlalchemy.dialects import postgresql, sqlite

from workflow import models
from workflow.decisions.notices import Notice, message_id
from workflow.models.base import table_of
from workflow.store.recipients import Found

_N = table_of(models.Notification)


def also(
    connection: Connection, origin: str, row: Row[Any], found: Found, officers: Iterable[str], now: datetime
) -> None:
    """Queue the message of a row for officers whom it does not reach yet, under whatever name."""
    for officer_id in officers:
        known = select(_N.c.id).where(
            _N.c.message == row.message, _N.c.cause == row.cause, _N.c.recipient.in_(found.tokens_of(officer_id))
        )
        if connection.execute(known).first() is None:
            _insert(connection, origin, row, f"officer:{officer_id}", now)


def _insert(connection: Connection, origin: str, row: Row[Any], recipient: str, now: datetime) -> None:
    notice = Notice(row.message, recipient, row.payload)
    values = {
        "application_id": row.application_id,
        "message": row.message,
        "cause": row.cause,
        "recipient": recipient,
        "resend_no": row.resend_no,
        "message_id": message_id(origin, notice, row.cause, row.resend_no),
        "payload": row.payload,
        "address": "",
        "status": "queued",
        "created_at": now,
        "next_try_at": now,
        "fence": 0,
        "attempts": 0,
        "last_reply": "",
    }
    # Another worker may put the same row in at the same time: one of the two is enough.
    if connection.dialect.name == "sqlite":
        connection.execute(sqlite.insert(_N).on_conflict_do_nothing(), values)
    else:
        connection.execute(postgresql.insert(_N).on_conflict_do_nothing(), values)
