"""Reads and writes what proves who people are. Whether a proof suffices is judged elsewhere."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, or_, select, update

from states.facts import Person
from workflow import models
from workflow.errors import NotFound
from workflow.models.base import table_of
from workflow.store.secrets import Secrets, Unreadable

_C = table_of(models.Credential)
_O = table_of(models.Officer)
_R = table_of(models.OfficerRole)
_QUERY = select(
    _O.c.id,
    _O.c.name,
    _O.c.email,
    _C.c.password_hash,
    _C.c.code_secret,
    _C.c.oidc_issuer,
    _C.c.oidc_subject,
).join(_C, _C.c.officer_id == _O.c.id, isouter=True)
_CODE = "code"  # the purpose under which secrets of codes are sealed


@dataclass(frozen=True)
class Proofs:
    """Somebody with an active account, and what is kept to know the person by."""

    person: Person
    email: str
    password_hash: str = field(repr=False)
    code_secret: str = field(repr=False)  # sealed
    oidc: tuple[str, str] | None  # issuer and subject

    @property
    def has_code(self) -> bool:
        return bool(self.code_secret)


def by_email(connection: Connection, email: str, *, keep: bool = False) -> Proofs | None:
    """Return an active officer by address; with `keep` nobody disables the account before the transaction ends."""
    return _found(connection, _O.c.email == email, keep)


def by_id(connection: Connection, officer_id: str, *, keep: bool = False) -> Proofs | None:
    return _found(connection, _O.c.id == officer_id, keep)


def by_subject(connection: Connection, issuer: str, subject: str, *, keep: bool = False) -> Proofs | None:
    """Return the active officer whose account at the provider this is."""
    return _found(connection, (_C.c.oidc_issuer == issuer) & (_C.c.oidc_subject == subject), keep)


def existing(found: Proofs | None) -> Proofs:
    """Return what was found. Raises NotFound."""
    if found is None:
        raise NotFound(
            "NO_OFFICER", "Nobody with this address has an active account. Take one from the list of people."
        )
    return found


def _found(connection: Connection, who: ColumnElement[bool], keep: bool) -> Proofs | None:
    query = _QUERY.where(who, _O.c.active)
    row: Any = connection.execute(query.with_for_update(read=True, of=_O) if keep else query).first()
    if row is None:
        return None
    roles = connection.execute(select(_R.c.role).where(_R.c.officer_id == row.id)).scalars()
    oidc = (row.oidc_issuer, row.oidc_subject) if row.oidc_issuer and row.oidc_subject else None
    return Proofs(
        Person(row.id, row.name, frozenset(roles)), row.email, row.password_hash or "", row.code_secret or "", oidc
    )


def keep(connection: Connection, officer_id: str, **values: Any) -> None:
    """Write some of what is kept for a person."""
    if connection.execute(update(_C).where(_C.c.officer_id == officer_id).values(values)).rowcount:
        return
    connection.execute(_C.insert(), {"officer_id": officer_id, "password_hash": "", "code_secret": ""} | values)


def keep_code(connection: Connection, secrets: Secrets, officer_id: str, secret: str, step: int, now: datetime) -> None:
    """Keep the secret of a person's codes, the first of which was used."""
    sealed = seal_code(secrets, officer_id, secret)
    keep(connection, officer_id, code_secret=sealed, code_since=now, code_last_step=step)


def use_step(connection: Connection, officer_id: str, step: int) -> bool:
    """Use a code up: False when this one or a later one was used before, also by somebody at the same moment."""
    unused = or_(_C.c.code_last_step.is_(None), _C.c.code_last_step < step)
    used = update(_C).where(_C.c.officer_id == officer_id, unused).values(code_last_step=step)
    return connection.execute(used).rowcount == 1


def seal_code(secrets: Secrets, officer_id: str, secret: str) -> str:
    """Seal the secret of a person's codes, so that it opens beside nobody else's row."""
    return secrets.seal(secret, purpose=_CODE, about=officer_id)


def code_secret(secrets: Secrets, officer_id: str, sealed: str) -> str | None:
    """Return the secret of a person's codes, or None when it was sealed with a secret that is gone."""
    try:
        return secrets.unseal(sealed, purpose=_CODE, about=officer_id)
    except Unreadable:
        return None
