"""Rows of sessions: found by token, written, ended. Roles are read with them each time, so a change counts at once."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, select, update

from states.facts import Person
from workflow import models
from workflow.access import needs_code
from workflow.models.base import table_of
from workflow.store import tokens

IDLE = timedelta(minutes=30)  # an unwatched screen; NIST SP 800-63B-4, section 2.2.3, allows an hour at this level
LONGEST = timedelta(hours=12)  # a working day with its overtime; no session lasts into the next morning
UNFINISHED = timedelta(minutes=10)  # to find the phone and type the code
SEEN_EVERY = timedelta(minutes=1)  # or every page would write
_S = table_of(models.Session)
_O = table_of(models.Officer)
_R = table_of(models.OfficerRole)
_C = table_of(models.Credential)
_QUERY = (
    select(_S, _O.c.name, _O.c.email, _O.c.active, _R.c.role, _C.c.code_secret)
    .join(_O, _O.c.id == _S.c.officer_id)
    .join(_R, _R.c.officer_id == _S.c.officer_id)
    .join(_C, _C.c.officer_id == _S.c.officer_id, isouter=True)
)


@dataclass(frozen=True)
class Kept:
    """A session as it is kept, with its person as of now."""

    row: Any = field(repr=False)
    person: Person
    email: str
    has_code: bool

    @property
    def id(self) -> str:
        return str(self.row.id)

    @property
    def stage(self) -> str:
        """What is missing; a role that needs a code may have been given after the sign-in."""
        if self.row.stage == "complete" and (self.row.proven.endswith("+code") or not needs_code(self.person.roles)):
            return "complete"
        return "code" if self.has_code else "enrol"

    def over(self, now: datetime) -> str:
        """Return why it leads nowhere any more, or nothing."""
        if self.row.ended_at is not None:
            return str(self.row.ended_why)
        if not self.row.active:
            return "account disabled"
        if now >= self.row.expires_at:
            return "expired"
        return "idle" if now >= self.row.seen_at + IDLE else ""


def by_token(connection: Connection, token: str, *, keep: bool = False) -> Kept | None:
    """Return the session of a token; with `keep`, its row is locked until the transaction ends."""
    if not token:
        return None
    return _found(connection, _S.c.token_sha256 == tokens.digest(token), keep)


def by_id(connection: Connection, session_id: str) -> Kept | None:
    """Return a session by its id, locked until the transaction ends."""
    return _found(connection, _S.c.id == session_id, keep=True)


def _found(connection: Connection, which: ColumnElement[bool], keep: bool) -> Kept | None:
    query = _QUERY.where(which)
    rows = connection.execute(query.with_for_update(of=_S) if keep else query).all()
    if not rows:
        return None
    row = rows[0]
    person = Person(row.officer_id, row.name, frozenset(one.role for one in rows))
    return Kept(row, person, row.email, bool(row.code_secret))


def insert(connection: Connection, **values: Any) -> None:
    connection.execute(_S.insert(), values)


def change(connection: Connection, session_id: str, **values: Any) -> None:
    connection.execute(update(_S).where(_S.c.id == session_id).values(values))


def touch(connection: Connection, session_id: str, now: datetime) -> None:
    """Note that the person is still there, unless somebody noted it a moment ago."""
    stale = _S.c.seen_at <= now - SEEN_EVERY
    connection.execute(update(_S).where(_S.c.id == session_id, stale).values(seen_at=now))


def running(connection: Connection, officer_id: str, now: datetime) -> Sequence[Any]:
    """Return a person's sessions that lead somewhere, newest first."""
    lives = (_S.c.ended_at.is_(None), _S.c.expires_at > now, _S.c.seen_at > now - IDLE)
    return connection.execute(
        select(_S).where(_S.c.officer_id == officer_id, *lives).order_by(_S.c.started_at.desc(), _S.c.id)
    ).all()
