"""Sets up one-time codes: a secret for the person's app, kept once the app has shown a right code."""

from dataclasses import dataclass, field
from datetime import datetime

from workflow.decisions import sign_ins
from workflow.decisions.outcome import Act
from workflow.decisions.record import enter_act
from workflow.decisions.sign_ins import StartedSession
from workflow.errors import BadInput, NotSignedIn
from workflow.operations.give_code import wrong_code
from workflow.store import codes, credentials, sessions
from workflow.store.office import Office
from workflow.store.secrets import Secrets
from workflow.store.sessions import Kept

_ISSUER = "AEO Casework"  # as the app names the account


@dataclass(frozen=True)
class Enrolment:
    """What the person's app needs, once."""

    secret: str = field(repr=False)  # base 32, to be typed
    uri: str = field(repr=False)  # otpauth://, to be opened


def start_enrolment(office: Office, secrets: Secrets, *, token: str, now: datetime) -> Enrolment:
    """Return the secret of this session's enrolment, the same until it is confirmed. Raises NotSignedIn, BadInput."""
    with office.database.transaction() as transaction:
        connection = transaction.connection
        kept = _enrolling(sessions.by_token(connection, token, keep=True), now)
        secret = _pending(secrets, kept)
        if secret is None:
            secret = codes.new_secret()
            sealed = credentials.seal_code(secrets, kept.person.id, secret)
            sessions.change(connection, kept.id, pending_code=sealed)
        return Enrolment(secret, codes.address_of(secret, account=kept.email, issuer=_ISSUER))


def enrol_code(
    office: Office,
    secrets: Secrets,
    *,
    token: str,
    code: str,
    address: str = "",
    now: datetime,
    real_now: datetime | None = None,
) -> StartedSession:
    """Confirm an enrolment with the app's first code. Raises NotSignedIn, TooMany, and BadInput before it is started."""
    with office.database.transaction() as transaction:
        kept = _enrolling(sessions.by_token(transaction.connection, token), now)
        counted = sign_ins.counted_for(office, secrets, kept.email, address, kept.person.id)
        sign_ins.count(transaction.connection, counted, now)
    with office.database.transaction() as transaction:
        connection = transaction.connection
        proofs = credentials.existing(credentials.by_id(connection, kept.person.id, keep=True))
        kept = _enrolling(sessions.by_token(connection, token, keep=True), now)
        secret = _pending(secrets, kept)
        if secret is None:
            raise BadInput("CODE_NOT_STARTED", "No secret is set up in this session yet. Open the page again.")
        step = codes.step_of(secret, code, real_now or now)
        if step is not None:
            credentials.keep_code(connection, secrets, proofs.person.id, secret, step, now)
            enter_act(
                connection,
                Act(kept.person, kept.row.proven, now),
                "access:code:enrolled",
                {"officer": kept.person.id, "session": kept.id},
            )
            sign_ins.note_passed(connection, counted, now, wholly=True)
            return sign_ins.complete(connection, kept, now)
        sign_ins.note_failed(connection, counted, now)
    raise wrong_code()


def _pending(secrets: Secrets, kept: Kept) -> str | None:
    return credentials.code_secret(secrets, kept.person.id, kept.row.pending_code) if kept.row.pending_code else None


def _enrolling(kept: Kept | None, now: datetime) -> Kept:
    """Return a session whose person has no codes yet. Raises NotSignedIn, and BadInput when there are codes."""
    if kept is None or kept.over(now):
        raise NotSignedIn("SIGN_IN_OVER", "This sign-in is over. Sign in again.")
    if kept.has_code:
        raise BadInput(
            "CODE_THERE", "One-time codes are set up already. An admin can reset them when the phone is lost."
        )
    return kept
