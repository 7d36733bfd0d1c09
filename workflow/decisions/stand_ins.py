"""Puts further rows into the outbox for those who stand in: the same message, each with its own Message-ID."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from workflow import models
from workflow.decisions.notices import Notice
from workflow.decisions.posting import post
from workflow.models.base import table_of
from workflow.store.recipients import Found

_N = table_of(models.Notification)


def also(
    connection: Connection, origin: str, row: Row[Any], found: Found, officers: Iterable[str], now: datetime
) -> bool:
    """Queue the message of a row for officers whom it does not reach yet, under whatever name. Say whether any is new."""
    new = False
    for officer_id in officers:
        known = select(_N.c.id).where(
            _N.c.message == row.message, _N.c.cause == row.cause, _N.c.recipient.in_(found.tokens_of(officer_id))
        )
        if connection.execute(known).first() is None:
            notice = Notice(row.message, f"officer:{officer_id}", row.payload)
            more = {"resend_no": row.resend_no, "bundled": row.bundled}
            new |= post(connection, origin, notice, row.cause, now, row.application_id, **more)
    return new
