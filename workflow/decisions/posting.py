"""Puts one row into the outbox, once: a message with the same cause and recipient makes no second one."""

from datetime import datetime

from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from workflow import models
from workflow.decisions.notices import Notice, message_id
from workflow.models.base import table_of

_N = table_of(models.Notification)
_INSERT = {
    "sqlite": sqlite.insert(_N).on_conflict_do_nothing().inline(),
    "postgresql": postgresql.insert(_N).on_conflict_do_nothing().inline(),
}


def post(
    connection: Connection,
    origin: str,
    notice: Notice,
    cause: str,
    now: datetime,
    application_id: int | None,
    *,
    resend_no: int = 0,
    bundled: bool = False,
) -> bool:
    """Queue a message and say whether it is new. Another worker may put the same row in at the same time."""
    values = {
        "application_id": application_id,
        "message": notice.message,
        "cause": cause,
        "recipient": notice.recipient,
        "resend_no": resend_no,
        "message_id": message_id(origin, notice, cause, resend_no),
        "payload": notice.payload,
        "bundled": bundled,
        "created_at": now,
        "next_try_at": now,
    }
    insert = _INSERT[connection.dialect.name]
    return connection.execute(insert, values, execution_options={"preserve_rowcount": True}).rowcount == 1
