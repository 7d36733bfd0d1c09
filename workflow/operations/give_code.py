"""Takes the one-time code that a sign-in still misses; the session goes on under another token."""

from datetime import datetime

from workflow.decisions import sign_ins
from workflow.decisions.sign_ins import StartedSession
from workflow.errors import NotSignedIn
from workflow.store import codes, credentials, sessions
from workflow.store.office import Office
from workflow.store.secrets import Secrets
from workflow.store.sessions import Kept


def give_code(
    office: Office,
    secrets: Secrets,
    *,
    token: str,
    code: str,
    address: str = "",
    now: datetime,
    real_now: datetime | None = None,
) -> StartedSession:
    """Make a session whole. Raises NotSignedIn when the code is wrong or was used, or the session is over; TooMany."""
    with office.database.transaction() as transaction:
        kept = waiting(sessions.by_token(transaction.connection, token), "code", now)
        counted = sign_ins.counted_for(office, secrets, kept.email, address, kept.person.id)
        sign_ins.count(transaction.connection, counted, now)
    with office.database.transaction() as transaction:
        connection = transaction.connection
        proofs = credentials.existing(credentials.by_id(connection, kept.person.id, keep=True))
        kept = waiting(sessions.by_token(connection, token, keep=True), "code", now)
        secret = credentials.code_secret(secrets, kept.person.id, proofs.code_secret)
        step = codes.step_of(secret, code, real_now or now) if secret else None
        if step is not None and credentials.use_step(connection, kept.person.id, step):
            sign_ins.note_passed(connection, counted, now, wholly=True)
            return sign_ins.complete(connection, kept, now)
        sign_ins.note_failed(connection, counted, now)
    raise wrong_code()


def waiting(kept: Kept | None, stage: str, now: datetime) -> Kept:
    """Return a session that waits at a stage. Raises NotSignedIn."""
    if kept is None or kept.over(now) or kept.stage != stage:
        raise NotSignedIn("SIGN_IN_OVER", "This sign-in is over. Sign in again.")
    return kept


def wrong_code() -> NotSignedIn:
    return NotSignedIn(
        "CODE", "This code is not right, or it was used already. Wait until the app shows the next one and type that."
    )
