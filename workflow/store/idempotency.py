"""Remembers keyed requests for a day, with the answer that was given. It must not know what an answer means.

Works inside the caller's transaction: a request that fails leaves no key behind, and of two at once one waits.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, select, text, update

from workflow import models
from workflow.errors import BadInput
from workflow.models.base import table_of

KEPT = timedelta(hours=24)
_K = table_of(models.IdempotencyKey)
# The insert waits for another transaction that holds the same key, so nobody works beside it.
_CLAIM = text(
    "INSERT INTO idempotency_key (actor_id, route, key, body_sha256, answer, at) "
    "VALUES (:actor_id, :route, :key, :body_sha256, '', :at) ON CONFLICT DO NOTHING"
).bindparams(bindparam("at", type_=_K.c.at.type))


@dataclass(frozen=True)
class Scope:
    """Whose key it is, and for what."""

    actor_id: str
    route: str
    key: str

    @property
    def row(self) -> tuple[ColumnElement[bool], ...]:
        return (_K.c.actor_id == self.actor_id, _K.c.route == self.route, _K.c.key == self.key)


@dataclass(frozen=True)
class Known:
    """What the same request got before, and when."""

    answer: dict[str, Any]
    at: datetime


def claim(connection: Connection, scope: Scope, body: Mapping[str, Any], now: datetime) -> Known | None:
    """Take a key until the transaction ends, or return the answer that this very request got before.

    Raises BadInput when the key came with another body within a day.
    """
    digest = hashlib.sha256(json.dumps(dict(body), default=str, sort_keys=True).encode()).hexdigest()
    row = {"actor_id": scope.actor_id, "route": scope.route, "key": scope.key, "body_sha256": digest, "at": now}
    if connection.execute(_CLAIM, row).rowcount == 1:
        return None
    known = connection.execute(select(_K.c.body_sha256, _K.c.answer, _K.c.at).where(*scope.row).with_for_update()).one()
    if known.at <= now - KEPT:
        connection.execute(update(_K).where(*scope.row).values(body_sha256=digest, answer="", at=now))
        return None
    if known.body_sha256 != digest:
        raise BadInput(
            "IDEMPOTENCY_KEY_REUSED",
            f'The idempotency key "{scope.key[:40]}" came with another request before. Use a new key for a new request.',
        )
    return Known(json.loads(known.answer), known.at)


def keep(connection: Connection, scope: Scope, answer: Mapping[str, Any]) -> None:
    """Keep the answer of the request that took the key."""
    values = {"answer": json.dumps(dict(answer), default=str, ensure_ascii=False)}
    connection.execute(update(_K).where(*scope.row).values(values))
