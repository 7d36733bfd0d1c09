"""Finds who is signed in by a session's token, with the roles the person holds now."""

from dataclasses import dataclass, field
from datetime import datetime

from states.facts import Person
from workflow.decisions import sign_ins
from workflow.decisions.outcome import Act
from workflow.store import absences, sessions
from workflow.store.office import Office


@dataclass(frozen=True)
class Resumed:
    """A session that goes on."""

    session_id: str
    person: Person
    email: str
    csrf: str = field(repr=False)
    stage: str  # complete, or what is missing: code, enrol
    proven: str
    expires_at: datetime
    started_at: datetime


def resume(office: Office, token: str, *, now: datetime) -> Resumed | None:
    """Return the session of a token, or None: unknown, ended, idle too long, too old, or of a disabled account."""
    with office.database.snapshot() as connection:
        kept = sessions.by_token(connection, token)
        if kept is None or kept.row.ended_at is not None:
            return None
        person = absences.standing_in(connection, kept.person, now)
    if kept.over(now):
        _note_end(office, token, now)
        return None
    if now >= kept.row.seen_at + sessions.SEEN_EVERY:
        with office.database.transaction() as transaction:
            sessions.touch(transaction.connection, kept.id, now)
    row = kept.row
    return Resumed(kept.id, person, kept.email, row.csrf, kept.stage, row.proven, row.expires_at, row.started_at)


def _note_end(office: Office, token: str, now: datetime) -> None:
    """Write down that a session is over, unless it was or somebody used it at the same moment."""
    with office.database.transaction() as transaction:
        kept = sessions.by_token(transaction.connection, token, keep=True)
        if kept is not None and kept.row.ended_at is None and (why := kept.over(now)):
            sign_ins.end(transaction.connection, kept.row, why, Act(kept.person, kept.row.proven, now))
