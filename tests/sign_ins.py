"""What tests of signing in share: quick hashes, people with passwords, and an app that shows codes."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from argon2 import PasswordHasher
from builders import NOW, another_person, email_of

from states.facts import OPERATOR, Person
from workflow.decisions.outcome import Act
from workflow.decisions.sign_ins import StartedSession
from workflow.operations.enrol_code import enrol_code, start_enrolment
from workflow.operations.set_password import set_password
from workflow.operations.sign_in import sign_in
from workflow.store import codes, passwords
from workflow.store.office import Office
from workflow.store.secrets import Secrets

PASSWORD = "lantern harbour quietly"
SECRETS = Secrets(b"the secret of an installation that only tests know")
STEP = timedelta(seconds=30)


@dataclass(frozen=True)
class Somebody:
    """Somebody with a password and, if enrolled, the secret in the phone."""

    person: Person
    secret: str = ""

    @property
    def email(self) -> str:
        return email_of(self.person)

    def code(self, now: datetime = NOW) -> str:
        return codes.code_at(self.secret, now)


def hash_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests hash often, and prove nothing about how long that takes."""
    monkeypatch.setattr(passwords, "HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


def with_password(office: Office, person: Person) -> Somebody:
    set_password(office, email=email_of(person), password=PASSWORD, act=Act(OPERATOR, "command line", NOW))
    return Somebody(person)


def somebody(office: Office, id_: str, name: str, *roles: str) -> Somebody:
    """Make an account with a password."""
    return with_password(office, another_person(office, id_, name, *roles))


def enrolled(office: Office, who: Somebody, now: datetime = NOW - timedelta(days=1)) -> Somebody:
    """Let somebody set up codes in a sign-in of the day before."""
    session = sign_in(office, SECRETS, email=who.email, password=PASSWORD, now=now)
    secret = start_enrolment(office, SECRETS, token=session.token, now=now).secret
    enrol_code(office, SECRETS, token=session.token, code=codes.code_at(secret, now), now=now)
    return Somebody(who.person, secret)


def enter(office: Office, who: Somebody, now: datetime = NOW, **more: str) -> StartedSession:
    """Sign in with the password."""
    return sign_in(office, SECRETS, email=who.email, now=now, **({"password": PASSWORD} | more))
