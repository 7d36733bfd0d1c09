"""Messages with their fate, for people. Changes nothing."""

import json
from typing import Any

from sqlalchemy import Connection, Select, select

from states.facts import Person
from workflow import models
from workflow.errors import NotFound
from workflow.models.base import table_of
from workflow.store import cases
from workflow.store.outbox import visible_to

_D = table_of(models.Disposal)
_N = table_of(models.Notification)
_A = table_of(models.Application)
_T = table_of(models.DeliveryAttempt)
_S = table_of(models.SuppressedAddress)


def messages(
    connection: Connection, *, viewer: Person, status: str = "", reference: str = "", before: int = 0, limit: int = 100
) -> list[dict[str, Any]]:
    """Return messages that somebody may see, newest first; `before` is the last id of the page before.

    Raises NotFound for an unknown case.
    """
    query: Select[Any] = (
        select(_N.c.id, _N.c.message, _N.c.recipient, _N.c.message_id, _N.c.status, _N.c.attempts, _N.c.last_reply,
               _N.c.created_at, _N.c.address, _A.c.reference.label("application"))
        .outerjoin(_A, _A.c.id == _N.c.application_id)
        .order_by(_N.c.id.desc())
        .limit(limit)
    )  # fmt: skip
    query = visible_to(query, viewer)
    if status:
        query = query.where(_N.c.status == status)
    if reference:
        query = query.where(_N.c.application_id == cases.read(connection, reference, viewer).id)
    if before:
        query = query.where(_N.c.id < before)
    return [dict(row._mapping) for row in connection.execute(query)]  # noqa: SLF001  # the library's public name


def message(connection: Connection, id_: int, *, viewer: Person) -> dict[str, Any]:
    """Return one message with its payload, none after a disposal, and every try. Raises NotFound."""
    of = (_D.c.application_id == _N.c.application_id) & (_D.c.kind == "mail")
    query = select(_N, _D.c.at.label("disposed_at")).outerjoin(_A, _A.c.id == _N.c.application_id).outerjoin(_D, of)
    row = connection.execute(visible_to(query, viewer).where(_N.c.id == id_)).first()
    if row is None:
        raise NotFound("NO_MESSAGE", f"There is no message {id_}. Take one from the list of messages.")
    tries = connection.execute(select(_T).where(_T.c.notification_id == id_).order_by(_T.c.id))
    found: dict[str, Any] = dict(row._mapping)  # noqa: SLF001
    return found | {
        "payload": None if row.disposed_at and row.payload == "{}" else json.loads(row.payload),
        "tries": [{"at": t.at, "outcome": t.outcome, "reply": t.reply, "address": t.address} for t in tries],
    }


def suppressed(connection: Connection, *, viewer: Person) -> list[dict[str, Any]]:
    """Return the addresses to which nothing is sent any more, oldest first, with the message that came back."""
    query = select(_S.c.address, _S.c.since, _S.c.reason, _S.c.notification_id.label("message"))
    query = query.outerjoin(_N, _N.c.id == _S.c.notification_id).outerjoin(_A, _A.c.id == _N.c.application_id)
    open_ = visible_to(query, viewer).where(_S.c.released_at.is_(None)).order_by(_S.c.id)
    return [dict(row) for row in connection.execute(open_).mappings()]
