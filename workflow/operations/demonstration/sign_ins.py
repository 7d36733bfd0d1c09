"""How to sign in to a demonstration: one password, one secret for codes, both printed. Never loaded in production."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from states.facts import OPERATOR
from workflow import models
from workflow.access import needs_code
from workflow.decisions.outcome import Act
from workflow.decisions.record import enter_act
from workflow.models.base import table_of
from workflow.operations.demonstration.story import PEOPLE
from workflow.operations.set_password import keep_password
from workflow.store import codes, credentials, passwords, people
from workflow.store.office import Office
from workflow.store.secrets import Secrets

PASSWORD = "lantern harbour quietly"  # noqa: S105  # printed on the sign-in page of every demonstration
CODE_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  # noqa: S105  # likewise
_INSTALLATION = table_of(models.Installation)
_NEVER = -1  # no code was used yet


@dataclass(frozen=True)
class SignIn:
    """How one person of the demonstration signs in; `code` changes every half minute."""

    name: str
    email: str
    roles: tuple[str, ...]
    password: str
    code: str

    @property
    def data(self) -> dict[str, Any]:
        return {
            "email": self.email,
            "name": self.name,
            "roles": list(self.roles),
            "password": self.password,
            "code": self.code,
        }


def open_to_all(office: Office, secrets: Secrets, *, now: datetime) -> None:
    """Give everybody of the demonstration the password, and the codes where the role needs them; mark the database."""
    kept, act = passwords.hashed(PASSWORD), Act(OPERATOR, "demonstration", now)
    with office.database.transaction() as transaction:
        connection = transaction.connection
        for email, _, _ in PEOPLE:
            person = people.by_email(connection, email)
            keep_password(connection, person, kept, act)
            if needs_code(person.roles):
                credentials.keep_code(connection, secrets, person.id, CODE_SECRET, _NEVER, now)
                enter_act(connection, act, "access:code:enrolled", {"officer": person.id})
        connection.execute(update(_INSTALLATION).values(demonstration=True))


def is_demonstration(connection: Connection) -> bool:
    return bool(connection.execute(select(_INSTALLATION.c.demonstration)).scalar_one_or_none())


def demonstration_sign_ins(office: Office, *, real_now: datetime) -> list[SignIn]:
    """Return how to sign in, or nothing where the database is no demonstration; in production never anything."""
    if office.production:
        return []
    with office.database.snapshot() as connection:
        if not is_demonstration(connection):
            return []
    code = codes.code_at(CODE_SECRET, real_now)
    return [
        SignIn(name, email, roles, PASSWORD, code if needs_code(frozenset(roles)) else "")
        for email, name, roles in PEOPLE
    ]
