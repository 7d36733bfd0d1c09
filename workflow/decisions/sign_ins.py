"""What becomes of a sign-in: counted, told in the trail, a session begun, made whole or ended.

Runs inside the caller's transaction. It compares no password and no code.
"""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from states.dates import local_day
from states.facts import OPERATOR, Person
from workflow.access import needs_code
from workflow.audit.entry import Entry
from workflow.decisions.deliveries import salted
from workflow.decisions.notices import Notice
from workflow.decisions.outcome import Act
from workflow.decisions.posting import post
from workflow.decisions.record import enter_act, enter_many
from workflow.errors import NotSignedIn, TooMany
from workflow.store import sessions, sign_in_counts, tokens
from workflow.store.absences import OFFICE_ZONE
from workflow.store.credentials import Proofs
from workflow.store.office import Office
from workflow.store.secrets import Secrets
from workflow.store.sessions import Kept
from workflow.store.sign_in_counts import Counted, Untold

_AGENT = 200  # characters
_NOBODY = ("unknown", "unknown", "nothing")  # actor, role, proof: whoever fails to sign in has proven nothing


@dataclass(frozen=True)
class StartedSession:
    """A session as the door hands it on; the token is kept nowhere else."""

    token: str = field(repr=False)
    csrf: str = field(repr=False)
    session_id: str
    stage: str  # complete, or what is missing: code, enrol
    person: Person
    expires_at: datetime


def counted_for(office: Office, secrets: Secrets, email: str, address: str, officer_id: str | None) -> list[Counted]:
    """Return what a try is counted for: the account that was named, real or not, and where the try came from."""
    account = Counted("account", salted(email, office.salt), officer_id)
    if not address:
        return [account]
    place = tokens.digest(secrets.derive("addresses").hex() + address)
    return [account, Counted("address", place)]


def count(connection: Connection, counted: Sequence[Counted], now: datetime) -> None:
    """Count a try before it is judged. Raises TooMany."""
    until, untold = sign_in_counts.count(connection, counted, now)
    if until is not None:
        seconds = math.ceil((until - now).total_seconds())
        raise TooMany(
            "THROTTLED", f"Too many sign-ins failed. Wait until {_by_the_clock(until)}.", until=until, seconds=seconds
        )
    tell(connection, untold, now)


def _by_the_clock(until: datetime) -> str:
    """Return the minute in which it is possible again, never one too early."""
    local = (until + timedelta(seconds=59)).astimezone(ZoneInfo(OFFICE_ZONE))
    return f"{local:%H:%M}"


def note_failed(connection: Connection, counted: Sequence[Counted], now: datetime) -> None:
    tell(connection, sign_in_counts.failed(connection, counted, now), now)


def note_passed(connection: Connection, counted: Sequence[Counted], now: datetime, *, wholly: bool) -> None:
    tell(connection, sign_in_counts.passed(connection, counted, now, wholly=wholly), now)


def tell(connection: Connection, untold: Iterable[Untold], now: datetime) -> None:
    """Write failed sign-ins down, folded by account and window: the sum of `failures` is their number."""
    enter_many(connection, [_failure(one, now) for one in untold])


def _failure(one: Untold, now: datetime) -> Entry:
    detail: dict[str, Any] = {"account": one.digest, "failures": one.failures, "first": one.first, "last": one.last}
    detail["whom"] = one.officer_id or "nobody with an account"
    actor, role, proven = _NOBODY
    return Entry("access:sign_in:failed", now, actor, role, proven, detail=detail)


def tell_owner(connection: Connection, office: Office, person: Person, what: str, entry: int, act: Act) -> None:
    """Queue a mail to whoever signs in another way from now on, `password` or `codes`, because of somebody else.

    An administrator could otherwise sign in under another name for as long as its owner notices nothing.
    """
    if act.actor in (OPERATOR, person):
        return
    told = {"name": person.name, "by": act.actor.name, "what": what, "day": local_day(act.now, OFFICE_ZONE)}
    notice = Notice("sign_in_changed", f"officer:{person.id}", json.dumps(told, default=str, ensure_ascii=False))
    post(connection, office.origin, notice, f"account:{entry}", act.now, None)


def not_signed_in() -> NotSignedIn:
    """Return the one answer to whatever was wrong, so that it says nothing about who has an account."""
    return NotSignedIn("SIGN_IN", "The e-mail address, the password or the code is not right. Check all and try again.")


def begin(connection: Connection, proofs: Proofs, *, proven: str, agent: str, now: datetime) -> StartedSession:
    """Begin a session; without the code that the person needs it is good for giving or setting up that code alone."""
    stage = "complete"
    if not proven.endswith("+code") and (proofs.has_code or needs_code(proofs.person.roles)):
        stage = "code" if proofs.has_code else "enrol"
    token, csrf, session_id = tokens.new_token(), tokens.new_token(), tokens.new_id("s")
    expires_at = now + (sessions.LONGEST if stage == "complete" else sessions.UNFINISHED)
    sessions.insert(
        connection,
        id=session_id,
        token_sha256=tokens.digest(token),
        csrf=csrf,
        officer_id=proofs.person.id,
        stage=stage,
        proven=proven,
        started_at=now,
        seen_at=now,
        expires_at=expires_at,
        ended_why="",
        agent="".join(c for c in agent if c.isprintable())[:_AGENT],
        pending_code="",
    )
    if stage == "complete":
        _enter_start(connection, session_id, Act(proofs.person, proven, now))
    return StartedSession(token, csrf, session_id, stage, proofs.person, expires_at)


def complete(connection: Connection, kept: Kept, now: datetime) -> StartedSession:
    """The code was right: the session is whole from now on, under another token, so that one seen before is worth nothing."""
    proven = kept.row.proven if kept.row.proven.endswith("+code") else f"{kept.row.proven}+code"
    whole_already = kept.row.stage == "complete"
    expires_at = kept.row.expires_at if whole_already else now + sessions.LONGEST
    changed = {"stage": "complete", "proven": proven, "expires_at": expires_at, "pending_code": ""}
    if not whole_already:
        changed["started_at"] = now
        _enter_start(connection, kept.id, Act(kept.person, proven, now))
    return _under_another_token(connection, kept, changed, now)


def rotate(connection: Connection, kept: Kept, now: datetime) -> StartedSession:
    """Go on under another token."""
    return _under_another_token(connection, kept, {"expires_at": kept.row.expires_at}, now)


def _under_another_token(connection: Connection, kept: Kept, changed: dict[str, Any], now: datetime) -> StartedSession:
    token, csrf = tokens.new_token(), tokens.new_token()
    sessions.change(connection, kept.id, token_sha256=tokens.digest(token), csrf=csrf, seen_at=now, **changed)
    return StartedSession(token, csrf, kept.id, "complete", kept.person, changed["expires_at"])


def end(connection: Connection, session: Any, why: str, act: Act) -> None:
    """End a session. One that was never whole leaves no entry, since nobody was signed in."""
    sessions.change(connection, session.id, ended_at=act.now, ended_why=why, pending_code="")
    if session.stage == "complete":
        detail = {"session": session.id, "officer": session.officer_id, "why": why}
        enter_act(connection, act, "access:session:ended", detail)


def end_all(connection: Connection, officer_id: str, why: str, act: Act, *, but: str = "") -> int:
    """End every session of a person, but for one. Return how many."""
    ended = [one for one in sessions.running(connection, officer_id, act.now) if one.id != but]
    for one in ended:
        end(connection, one, why, act)
    return len(ended)


def _enter_start(connection: Connection, session_id: str, act: Act) -> None:
    enter_act(connection, act, "access:session:started", {"session": session_id})
