"""Signs somebody in with a password and, where the person has one-time codes, with a code. Tells nobody who exists."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from workflow import inputs
from workflow.decisions import sign_ins
from workflow.decisions.outcome import Act
from workflow.decisions.sign_ins import StartedSession
from workflow.errors import BadInput
from workflow.store import codes, credentials, passwords, sessions
from workflow.store.credentials import Proofs
from workflow.store.office import Office
from workflow.store.secrets import Secrets


@dataclass(frozen=True)
class _Typed:
    password: str
    code: str
    at: datetime  # real time, by which codes are computed


def sign_in(
    office: Office,
    secrets: Secrets,
    *,
    email: str,
    password: str,
    code: str = "",
    address: str = "",
    agent: str = "",
    before: str = "",
    now: datetime,
    real_now: datetime | None = None,
) -> StartedSession:
    """Begin a session under a token that nobody has seen; the one of `before`, if any, ends.

    `real_now` is what phones show, where the installation's clock is moved. Raises NotSignedIn with one sentence
    whatever was wrong, and TooMany.
    """
    account = _account(email)
    typed = _Typed(password, code, real_now or now)
    with office.database.transaction() as transaction:
        found = credentials.by_email(transaction.connection, account)
        counted = sign_ins.counted_for(office, secrets, account, address, found.person.id if found else None)
        sign_ins.count(transaction.connection, counted, now)
    # Outside of transactions, since it takes its time: nobody else waits for it.
    kept = found.password_hash if found else ""
    right = passwords.matches(kept, password)
    renewed = passwords.hashed(password) if right and passwords.is_old(kept) else ""
    with office.database.transaction() as transaction:
        connection = transaction.connection
        proofs = credentials.by_email(connection, account, keep=True) if right else None
        proven = _proven(connection, secrets, proofs, kept, typed) if proofs else ""
        if proofs and proven:
            if renewed:
                credentials.keep(connection, proofs.person.id, password_hash=renewed)
            end_before(connection, before, now)
            started = sign_ins.begin(connection, proofs, proven=proven, agent=agent, now=now)
            sign_ins.note_passed(connection, counted, now, wholly=started.stage == "complete")
            return started
        sign_ins.note_failed(connection, counted, now)
    raise sign_ins.not_signed_in()


def _account(email: str) -> str:
    """Return the address as accounts are found by it; what is none is counted all the same."""
    try:
        return inputs.email(email)
    except BadInput:
        return "not an address"


def _proven(connection: Connection, secrets: Secrets, proofs: Proofs, kept: str, typed: _Typed) -> str:
    """Return how the person is known, or nothing: the password was changed meanwhile, or the code is not right."""
    if proofs.password_hash != kept:
        return ""
    if not (proofs.has_code and typed.code):
        return "password"
    secret = credentials.code_secret(secrets, proofs.person.id, proofs.code_secret)
    step = codes.step_of(secret, typed.code, typed.at) if secret else None
    used = step is not None and credentials.use_step(connection, proofs.person.id, step)
    return "password+code" if used else ""


def end_before(connection: Connection, token: str, now: datetime) -> None:
    """End what the browser was signed in with before, whoever's it was."""
    kept = sessions.by_token(connection, token, keep=True)
    if kept is not None and not kept.over(now):
        sign_ins.end(connection, kept.row, "another sign-in", Act(kept.person, kept.row.proven, now))
