"""Sets passwords: a person's own, given the old one, or somebody's by an admin. Every other session of the person ends."""

import re
import unicodedata
from datetime import datetime
from itertools import pairwise

from sqlalchemy import Connection

from states.facts import OPERATOR, Person
from workflow.access import Deed, role_for
from workflow.decisions import sign_ins
from workflow.decisions.deliveries import salted
from workflow.decisions.outcome import Act, Done
from workflow.decisions.record import enter_act
from workflow.decisions.sign_ins import StartedSession
from workflow.errors import BadInput, NotPermitted, NotSignedIn
from workflow.store import credentials, passwords, people, sessions, sign_in_counts
from workflow.store.office import Office
from workflow.store.secrets import Secrets

SHORTEST, LONGEST = 12, 128  # characters; no other composition is asked for (NIST SP 800-63B-4, section 3.1.1.2)
_FEW = 5  # different characters
_LEAST = 5  # letters of a name that count as one: shorter ones are inside many words
# What people write when twelve characters are asked for, without its digits and signs.
_COMMON = frozenset(
    """
password passwordpassword mypassword newpassword qwerty qwertyqwerty qwertyuiop qwertyuiopasdfghjkl asdfghjkl zxcvbnm
letmein letmeinletmein welcome welcomewelcome iloveyou administrator admin adminadmin changeme changemenow secret
supersecret football baseball basketball sunshine princess monkey dragon superman trustnoone whatever singapore
singaporecustoms customs customsofficer casework aeocasework officer supervisor approver abc abcdef abcdefgh
correcthorsebatterystaple default guest test testtest testing
""".split()  # noqa: SIM905  # a list of this length reads better as text
)


def set_password(office: Office, *, email: str, password: str, act: Act) -> Done:
    """Set somebody's password as an admin, or as the operator outside production. Raises NotPermitted, NotFound, BadInput."""
    may_keep_access(office, act, "sets passwords")
    with office.database.snapshot() as connection:
        person = people.by_email(connection, email)
    new = checked(password, person.name, email)
    kept = passwords.hashed(new)
    with office.database.transaction() as transaction:
        connection = transaction.connection
        people.lock(connection, [person.id])
        person = people.by_email(connection, email)
        entry = keep_password(connection, person, kept, act)
        sign_ins.end_all(connection, person.id, "password set", act)
        sign_ins.tell_owner(connection, office, person, "password", entry, act)
        sign_in_counts.forget(connection, salted(email.strip().lower(), office.salt))
        return Done(f"The password of {person.name} is set. All sessions are ended.", {"email": email})


def change_password(
    office: Office, secrets: Secrets, *, token: str, old: str, new: str, address: str = "", now: datetime
) -> StartedSession:
    """Change one's own password; the session goes on under another token. Raises NotSignedIn, TooMany, BadInput."""
    with office.database.transaction() as transaction:
        connection = transaction.connection
        session = _whole(connection, token, now)
        proofs = credentials.existing(credentials.by_id(connection, session.person.id))
        wanted = checked(new, proofs.person.name, proofs.email)
        counted = sign_ins.counted_for(office, secrets, proofs.email, address, proofs.person.id)
        sign_ins.count(connection, counted, now)
    right = passwords.matches(proofs.password_hash, old)
    kept = passwords.hashed(wanted) if right else ""
    with office.database.transaction() as transaction:
        connection = transaction.connection
        people.lock(connection, [proofs.person.id])
        session = _whole(connection, token, now, keep=True)
        present = credentials.existing(credentials.by_id(connection, session.person.id))
        if right and present.password_hash == proofs.password_hash:
            act = Act(session.person, session.row.proven, now)
            sign_ins.note_passed(connection, counted, now, wholly=True)
            keep_password(connection, session.person, kept, act)
            sign_ins.end_all(connection, session.person.id, "password changed", act, but=session.id)
            return sign_ins.rotate(connection, session, now)
        sign_ins.note_failed(connection, counted, now)
    raise NotSignedIn("OLD_PASSWORD", "The present password is not right. Type the one that you signed in with.")


def _whole(connection: Connection, token: str, now: datetime, *, keep: bool = False) -> sessions.Kept:
    session = sessions.by_token(connection, token, keep=keep)
    if session is None or session.over(now) or session.stage != "complete":
        raise NotSignedIn("SIGN_IN_OVER", "This sign-in is over. Sign in again.")
    return session


def keep_password(connection: Connection, person: Person, kept: str, act: Act) -> int:
    """Keep the hash of a password in the caller's transaction and return the entry that says so."""
    credentials.keep(connection, person.id, password_hash=kept, password_changed_at=act.now)
    return enter_act(connection, act, "access:password:set", {"officer": person.id})


def may_keep_access(office: Office, act: Act, deed: str) -> None:
    """Raise NotPermitted for anybody but an admin and, outside production, the operator."""
    if act.actor == OPERATOR and not office.production:
        return
    if role_for(Deed.KEEP_ACCESS, act.actor.roles) is None:
        raise NotPermitted("WRONG_ROLE", f"An admin {deed}.")


def checked(password: str, name: str, email: str) -> str:
    """Return a password that may be set. Raises BadInput with what is wrong about it."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise BadInput(
            "PASSWORD_LENGTH",
            f"The password has {len(password):,} characters. Take at least {SHORTEST} and at most {LONGEST}; "
            "three or four words that do not belong together are easy to keep in mind.",
        )
    if any(unicodedata.category(c) in ("Cc", "Cs") for c in password):
        raise BadInput("PASSWORD_TEXT", "The password holds a control character, which not every keyboard types.")
    letters = _letters(password)
    if letters in _COMMON or len(set(password)) < _FEW or password.isdecimal() or _is_a_run(password):
        raise BadInput("PASSWORD_COMMON", "This password is one of those that are tried first. Take another one.")
    parts = {_letters(part) for part in (*name.split(), *re.split(r"[@.+_-]", email))}
    if own := sorted(part for part in parts if len(part) >= _LEAST and part in letters):
        raise BadInput(
            "PASSWORD_OWN", f'The password holds "{own[0]}", a part of the name or the address. Take another one.'
        )
    return password


def _letters(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalpha())


def _is_a_run(password: str) -> bool:
    """Say whether every character but a few is the neighbour of the one before: abcdefghijkl, 123456789012."""
    steps = [ord(b) - ord(a) for a, b in pairwise(password)]
    return max(steps.count(1), steps.count(-1)) > len(steps) * 3 // 4
