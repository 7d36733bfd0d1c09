"""Adds a token for a program or the command line, cut to some of the person's roles. Its text is shown once."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from states.dates import end_of, local_day
from states.facts import OPERATOR, Person
from states.guards import in_words
from workflow import inputs, models
from workflow.access import Deed, needs_code, role_for
from workflow.decisions.outcome import Act
from workflow.decisions.record import enter_act
from workflow.errors import BadInput, NotPermitted
from workflow.models.base import table_of
from workflow.models.officer import ROLES
from workflow.store import api_tokens, people, tokens
from workflow.store.absences import OFFICE_ZONE
from workflow.store.office import Office

USUAL, LONGEST = timedelta(days=90), timedelta(days=366)
_T = table_of(models.ApiToken)


@dataclass(frozen=True)
class AddedToken:
    """A token as it is shown once."""

    token: str = field(repr=False)
    token_id: str
    name: str
    roles: tuple[str, ...]
    expires_at: datetime

    @property
    def data(self) -> dict[str, Any]:
        return {"id": self.token_id, "name": self.name, "roles": list(self.roles), "expires_at": self.expires_at}


def add_token(
    office: Office, *, email: str, name: str, act: Act, roles: Sequence[str] = (), last_day: date | None = None
) -> AddedToken:
    """Add a token with some of the person's roles (default: all), good through a day (default: 90 days on).

    Raises NotFound; BadInput for roles that the person lacks and days; NotPermitted for anybody but the person, an
    admin and the operator, and where it would let somebody decide in another's name.
    """
    name = inputs.name(name, "The token's name")
    wanted = {inputs.one_of(role, ROLES, "The role") for role in roles}
    with office.database.transaction() as transaction:
        connection = transaction.connection
        person = people.by_email(connection, email, keep=True)
        if lacking := sorted(wanted - person.roles):
            raise BadInput(
                "ROLE_LACKING",
                f"{person.name} does not hold {', '.join(lacking)}, so no token can. Take some of: "
                f"{', '.join(sorted(person.roles))}.",
            )
        held = wanted or person.roles
        _may_add(connection, office, person, held, act)
        expires_at = _end(last_day, act.now)
        token, token_id = tokens.new_token("aeo_"), tokens.new_id("t")
        added = AddedToken(token, token_id, name, tuple(sorted(held)), expires_at)
        row: dict[str, Any] = {
            "id": token_id,
            "token_sha256": tokens.digest(token),
            "officer_id": person.id,
            "name": name,
        }
        row |= {"roles": ",".join(added.roles), "created_at": act.now, "expires_at": expires_at}
        connection.execute(_T.insert(), row)
        detail = {"token": token_id, "officer": person.id, "roles": list(added.roles), "until": expires_at}
        enter_act(connection, act, "access:token:added", detail)
        return added


def _may_add(connection: Connection, office: Office, person: Person, held: set[str] | frozenset[str], act: Act) -> None:
    """In production nobody else takes a role that needs a second proof; but the first admin must begin somewhere."""
    if act.actor.id == person.id or (act.actor == OPERATOR and not office.production):
        return
    if act.actor == OPERATOR and "admin" in held and not api_tokens.some_admin_has_one(connection, act.now):
        return
    if role_for(Deed.KEEP_ACCESS, act.actor.roles) is None:
        raise NotPermitted("WRONG_ROLE", f"{person.name} or an admin adds this token.")
    if office.production and needs_code(frozenset(held)):
        raise NotPermitted(
            "OWN_TOKEN", f"A token that decides or gives roles is added by {person.name} alone, after signing in."
        )


def _end(last_day: date | None, now: datetime) -> datetime:
    if last_day is None:
        return now + USUAL
    today = local_day(now, OFFICE_ZONE)
    if last_day < today:
        raise BadInput("DATE_ORDER", f"{in_words(last_day)} is over. Take a day from today on.")
    if last_day > today + LONGEST:
        raise BadInput("TOKEN_LONG", f"A token is good for a year at most: until {in_words(today + LONGEST)}.")
    return end_of(last_day, OFFICE_ZONE)
