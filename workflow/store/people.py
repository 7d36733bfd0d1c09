"""Reads who has an account and which roles. Names leave here for sentences and mail, never for the trail."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, bindparam, func, select

from states.facts import OPERATOR, Person
from workflow import models
from workflow.errors import NotFound
from workflow.models.base import table_of

_O = table_of(models.Officer)
_R = table_of(models.OfficerRole)
_PEOPLE = select(_O.c.id, _O.c.name, _R.c.role).join(_R, _R.c.officer_id == _O.c.id).where(_O.c.active)
_BY_EMAIL = select(_O.c.id, _O.c.name)
_LOCK = (
    select(_O.c.id)
    .where(_O.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(_O.c.id)
    .with_for_update(key_share=True)  # rows that only name a person need not wait
)


def everybody(connection: Connection) -> dict[str, Person]:
    """Return active staff by id."""
    roles: dict[tuple[str, str], set[str]] = defaultdict(set)
    for id_, name, role in connection.execute(_PEOPLE):
        roles[id_, name].add(role)
    return {id_: Person(id_, name, frozenset(held)) for (id_, name), held in roles.items()}


def by_email(connection: Connection, email: str, *, keep: bool = False) -> Person:
    """Return an active officer. With `keep`, nobody disables the account before the transaction ends. Raises NotFound."""
    query = _BY_EMAIL.where(_O.c.email == email.strip().lower(), _O.c.active)
    row = connection.execute(query.with_for_update(read=True) if keep else query).first()
    return _found(connection, row, email, "an active account")


def known_by_email(connection: Connection, email: str) -> Person:
    """Return an officer whose account may be disabled. Raises NotFound."""
    row = connection.execute(_BY_EMAIL.where(_O.c.email == email.strip().lower())).first()
    return _found(connection, row, email, "an account, now or earlier")


def _found(connection: Connection, row: Any, email: str, what: str) -> Person:
    if row is None:
        raise NotFound("NO_OFFICER", f'Nobody with the address "{email[:80]}" has {what}.')
    roles = connection.execute(select(_R.c.role).where(_R.c.officer_id == row.id)).scalars()
    return Person(row.id, row.name, frozenset(roles))


def by_id(connection: Connection, officer_id: str) -> Person:
    """Return somebody with an account, also one who is disabled by now, with the roles kept."""
    if officer_id == OPERATOR.id:
        return OPERATOR
    row = connection.execute(select(_O.c.id, _O.c.name).where(_O.c.id == officer_id)).one()
    roles = connection.execute(select(_R.c.role).where(_R.c.officer_id == officer_id)).scalars()
    return Person(row.id, row.name, frozenset(roles))


def lock(connection: Connection, ids: Iterable[str]) -> None:
    """Lock accounts until the transaction ends, in one order; after cases and companies, never before."""
    connection.execute(_LOCK, {"ids": sorted(set(ids))}).all()


def admins(connection: Connection) -> list[str]:
    """Return the ids of active admins."""
    return list(connection.execute(_PEOPLE.with_only_columns(_O.c.id).where(_R.c.role == "admin")).scalars())


def contact_of(connection: Connection, officer_id: str) -> tuple[str, str]:
    """Return the name and address that others are told."""
    row = connection.execute(select(_O.c.name, _O.c.email).where(_O.c.id == officer_id)).one()
    return row.name, row.email


def names(connection: Connection) -> dict[str, str]:
    """Return everybody's name by id, of disabled accounts too."""
    return {row.id: row.name for row in connection.execute(select(_O.c.id, _O.c.name))}


def nobody_yet(connection: Connection) -> bool:
    return connection.execute(select(func.count()).select_from(_O)).scalar_one() == 0
