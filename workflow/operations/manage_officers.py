"""Adds people and changes their roles."""

import secrets

from sqlalchemy import delete, select

from states.facts import Person
from states.guards import role_words, some
from workflow import access, inputs, models
from workflow.access import Deed, role_for
from workflow.decisions.outcome import Act, Done
from workflow.decisions.record import enter_act
from workflow.errors import BadInput, NotPermitted
from workflow.models.base import table_of
from workflow.models.officer import ROLES
from workflow.operations.set_password import checked, keep_password
from workflow.store import holdings, passwords, people
from workflow.store.holdings import Holdings
from workflow.store.office import Office

_OFFICER = table_of(models.Officer)
_ROLE = table_of(models.OfficerRole)


def add_officer(
    office: Office, *, email: str, name: str, roles: list[str], act: Act, password: str | None = None
) -> Done:
    """Add an account. The first of an empty installation must be an admin; the rest are added by an admin.

    Raises BadInput for unknown or clashing roles, a known address and a weak password, NotPermitted for anybody but an
    admin.
    """
    address = inputs.email(email)
    name = inputs.name(name, "The name")
    wanted = frozenset(inputs.one_of(role, ROLES, "The role") for role in roles)
    _may_combine(wanted)
    kept = passwords.hashed(checked(password, name, address)) if password is not None else ""
    with office.database.transaction() as transaction:
        connection = transaction.connection
        first = people.nobody_yet(connection)
        if first and "admin" not in wanted:
            raise BadInput("FIRST_IS_ADMIN", "The first account of an installation must be an admin.")
        if not first:
            _may_manage(act)
        if connection.execute(select(_OFFICER.c.id).where(_OFFICER.c.email == address)).first():
            raise BadInput("KNOWN_ADDRESS", f"{address} has an account already. Change its roles instead.")
        officer_id = f"p_{secrets.token_hex(6)}"
        row = {"id": officer_id, "email": address, "name": name, "active": True, "created_at": act.now}
        connection.execute(_OFFICER.insert(), row)
        connection.execute(_ROLE.insert(), [{"officer_id": officer_id, "role": role} for role in sorted(wanted)])
        enter_act(connection, act, "people:officer:added", {"officer": officer_id, "roles": sorted(wanted)})
        if kept:
            keep_password(connection, Person(officer_id, name, wanted), kept, act)
        data = {"id": officer_id, "email": address, "name": name, "roles": sorted(wanted)}
        return Done(f"{name} has an account as {role_words(tuple(sorted(wanted)), 'and')}.", data)


def change_roles(office: Office, *, email: str, add: list[str], remove: list[str], act: Act) -> Done:
    """Add and remove roles of an account. Raises like `add_officer`, NotFound, and StaleVersion after a race."""
    added = {inputs.one_of(role, ROLES, "The role") for role in add}
    removed = {inputs.one_of(role, ROLES, "The role") for role in remove}
    with office.database.transaction() as transaction:
        connection = transaction.connection
        _may_manage(act)
        accounts = [people.by_email(connection, email).id, *people.admins(connection)]
        held = holdings.lock(connection, accounts[0], accounts=accounts, assigned=True)
        person = people.by_email(connection, email)
        after = (person.roles | added) - removed
        if not after:
            raise BadInput("NO_ROLE", f"{person.name} would be left without a role. Keep at least one.")
        _may_combine(frozenset(after))
        if "admin" in removed & person.roles and people.admins(connection) == [person.id]:
            raise BadInput("LAST_ADMIN", f"{person.name} is the last admin. Name another one first.")
        _holds_nothing_for(person, held, removed & person.roles)
        connection.execute(delete(_ROLE).where(_ROLE.c.officer_id == person.id))
        connection.execute(_ROLE.insert(), [{"officer_id": person.id, "role": role} for role in sorted(after)])
        changes = {"officer": person.id, "before": sorted(person.roles), "after": sorted(after)}
        enter_act(connection, act, "people:role:changed", changes)
        return Done(
            f"{person.name} is {role_words(tuple(sorted(after)), 'and')} now.", {"email": email, "roles": sorted(after)}
        )


def _holds_nothing_for(person: Person, held: Holdings, roles: frozenset[str] | set[str]) -> None:
    """Raise BadInput when cases or companies would be left with somebody who lacks the role for them."""
    for role, what, remedy in (
        ("officer", [case.reference for case in held.assigned], "aeo application assign"),
        ("account_manager", [company.identifier for company in held.companies], "aeo portfolio transfer"),
    ):
        if role in roles and what:
            raise BadInput(
                "STILL_HOLDS",
                f"{person.name} still looks after {some(what)} as {role.replace('_', ' ')}. Hand that over first ({remedy}).",
            )


def _may_manage(act: Act) -> None:
    if role_for(Deed.MANAGE_PEOPLE, act.actor.roles) is None:
        raise NotPermitted("WRONG_ROLE", "An admin adds people and changes their roles.")


def _may_combine(roles: frozenset[str]) -> None:
    if not roles:
        raise BadInput("NO_ROLE", "An account needs a role.")
    if alone := access.clashing(roles):
        raise BadInput(
            "ROLES_CLASH", f"Being {role_words((alone,))} combines with no other role. Use an account of its own."
        )
