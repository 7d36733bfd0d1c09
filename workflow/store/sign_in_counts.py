"""Counts tries to sign in, for each account and each network address, so that all processes slow down together.

A try is counted before it is judged, or many at once would pass the limit. It tells nobody anything.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select, text, update

from workflow import models
from workflow.models.base import table_of

WINDOW = timedelta(minutes=15)
# Five guesses in a quarter of an hour try 480 codes of a million a day. An office behind one address types wrong more often.
LIMITS = {"account": 5, "address": 50}
_N = table_of(models.SignInCount)
# The insert waits for another transaction that counts the same for the first time.
_FIRST = text(
    "INSERT INTO sign_in_count (about, digest, since, failed, officer_id, refused, told, last_at) "
    "VALUES (:about, :digest, :now, 0, :officer_id, 0, 0, :now) ON CONFLICT DO NOTHING"
).bindparams(bindparam("now", type_=_N.c.since.type))


@dataclass(frozen=True)
class Counted:
    """What tries are counted for; an account counts whether it exists or not."""

    about: str
    digest: str
    officer_id: str | None = None


@dataclass(frozen=True)
class Untold:
    """Failed sign-ins of one account that the trail does not tell yet."""

    digest: str
    officer_id: str | None
    failures: int
    first: datetime
    last: datetime


def blocked_until(connection: Connection, counted: Sequence[Counted], now: datetime) -> datetime | None:
    """Return until when no further try is judged, without counting one."""
    rows = [connection.execute(_one(one)).first() for one in counted]
    return max((until for row in rows if row is not None and (until := _until(row, now))), default=None)


def count(connection: Connection, counted: Sequence[Counted], now: datetime) -> tuple[datetime | None, list[Untold]]:
    """Count a try as failed until it is judged. Return until when it may not be judged, and what of an old window is untold."""
    untold: list[Untold] = []
    until: datetime | None = None
    for one in counted:
        row = _locked(connection, one, now)
        if now >= row.since + WINDOW:
            untold += _untold(row)
            _set(connection, one, since=now, failed=1, refused=0, told=0, officer_id=one.officer_id, last_at=now)
        elif row.failed >= LIMITS[one.about]:
            until = max(filter(None, (until, row.since + WINDOW)))
        else:
            _set(connection, one, failed=row.failed + 1, last_at=now)
    return until, untold


def failed(connection: Connection, counted: Sequence[Counted], now: datetime) -> list[Untold]:
    """A counted try has failed. Return what is to be told now: the first of a window, and all once the limit is reached."""
    untold: list[Untold] = []
    for one in counted:
        row = _locked(connection, one, now)
        tell = one.about == "account" and (row.told == 0 or row.failed >= LIMITS[one.about])
        refused = row.refused + 1
        if tell:
            untold.append(Untold(one.digest, one.officer_id, refused - row.told, row.since, now))
        _set(connection, one, refused=refused, told=refused if tell else row.told, last_at=now)
    return untold


def passed(connection: Connection, counted: Sequence[Counted], now: datetime, *, wholly: bool) -> list[Untold]:
    """A counted try was right; wholly signed in, the account begins anew. Return failures before it that are untold."""
    untold: list[Untold] = []
    for one in counted:
        row = _locked(connection, one, now)
        if one.about == "account" and wholly:
            untold += _untold(row)
            _set(connection, one, failed=0, told=row.refused)
        else:
            _set(connection, one, failed=max(row.failed - 1, 0))
    return untold


def forget(connection: Connection, digest: str) -> None:
    """Let an account begin anew, because an admin has looked into it."""
    connection.execute(update(_N).where(_N.c.about == "account", _N.c.digest == digest).values(failed=0))


def close(connection: Connection, now: datetime, many: int) -> Iterator[Untold]:
    """Remove windows that are over, at most so many, and yield what is untold of them."""
    over = select(_N).where(_N.c.since <= now - WINDOW).order_by(_N.c.about, _N.c.digest).limit(many)
    for row in connection.execute(over.with_for_update(skip_locked=True)).all():
        yield from _untold(row)
        connection.execute(delete(_N).where(_N.c.about == row.about, _N.c.digest == row.digest))


def _one(counted: Counted) -> Any:
    return select(_N).where(_N.c.about == counted.about, _N.c.digest == counted.digest)


def _locked(connection: Connection, one: Counted, now: datetime) -> Any:
    """Lock a count until the transaction ends; accounts before addresses, as callers name them."""
    row = {"about": one.about, "digest": one.digest, "officer_id": one.officer_id, "now": now}
    connection.execute(_FIRST, row)
    return connection.execute(_one(one).with_for_update()).one()


def _set(connection: Connection, one: Counted, **values: Any) -> None:
    connection.execute(update(_N).where(_N.c.about == one.about, _N.c.digest == one.digest).values(values))


def _until(row: Any, now: datetime) -> datetime | None:
    over: datetime = row.since + WINDOW
    return over if row.failed >= LIMITS[row.about] and now < over else None


def _untold(row: Any) -> Iterable[Untold]:
    if row.about == "account" and row.refused > row.told:
        yield Untold(row.digest, row.officer_id, row.refused - row.told, row.since, row.last_at)
