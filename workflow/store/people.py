"""Reads who has an account and which roles. Names leave here for sentences and mail, never for the trail."""

from collections import defaultdict

from sqlalchemy import Connection, func, select

from states.facts import OPERATOR, Person
from workflow import models
from workflow.errors import NotFound
from workflow.models.base import table_of

_O = table_of(models.Officer)
_R = table_of(models.OfficerRole)
_PEOPLE = select(_O.c.id, _O.c.name, _R.c.role).join(_R, _R.c.officer_id == _O.c.id).where(_O.c.active)
_BY_EMAIL = select(_O.c.id, _O.c.name, _O.c.active)


def everybody(connection: Connection) -> dict[str, Person]:
    """Return active staff by id."""
    roles: dict[tuple[str, str], set[str]] = defaultdict(set)
    for id_, name, role in connection.execute(_PEOPLE):
        roles[id_, name].add(role)
    return {id_: Person(id_, name, frozenset(held)) for (id_, name), held in roles.items()}


def by_email(connection: Connection, email: str) -> Person:
    """Return an active officer. Raises NotFound."""
    row = connection.execute(_BY_EMAIL.where(_O.c.email == email.strip().lower(), _O.c.active)).first()
    if row is None:
        raise NotFound(
            "NO_OFFICER",
            f'Nobody with the address "{email[:80]}" has an account. See `aeo officer list` for those who do.',
        )
    roles = connection.execute(select(_R.c.role).where(_R.c.officer_id == row.id)).scalars()
    return Person(row.id, row.name, frozenset(roles))


def by_id(connection: Connection, officer_id: str) -> Person:
    """Return somebody with an account, also one who is disabled by now, with the roles kept."""
    if officer_id == OPERATOR.id:
        return OPERATOR
    row = connection.execute(select(_O.c.id, _O.c.name).where(_O.c.id == officer_id)).one()
    roles = connection.execute(select(_R.c.role).where(_R.c.officer_id == officer_id)).scalars()
    return Person(row.id, row.name, frozenset(roles))


def nobody_yet(connection: Connection) -> bool:
    return connection.execute(select(func.count()).select_from(_O)).scalar_one() == 0
