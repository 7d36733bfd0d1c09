"""Disables an account, after what the person looks after is handed over. Rows that name the person stay."""

from datetime import date

from sqlalchemy import Connection, update

from states.dates import local_day
from states.facts import Person
from states.guards import in_words
from workflow import models
from workflow.access import Deed, role_for
from workflow.decisions.outcome import Act, Done
from workflow.decisions.record import Change, enter_act, record
from workflow.errors import BadInput, NotPermitted
from workflow.models.base import table_of
from workflow.operations.transfer_portfolio import check_successor, move_companies
from workflow.store import absences, holdings, people
from workflow.store.holdings import Holdings
from workflow.store.office import Office

_OFFICER = table_of(models.Officer)
_NOTE = "The account of the account manager was disabled."


def disable_officer(office: Office, *, email: str, act: Act, hand_over_to: str = "") -> Done:
    """Disable an account; live cases and companies go to the successor in the same transaction.

    Raises NotFound; BadInput while something is held and nobody takes it over, for the last admin and for somebody who
    is still a deputy; NotPermitted for anybody but an admin; StaleVersion after a race.
    """
    if role_for(Deed.MANAGE_PEOPLE, act.actor.roles) is None:
        raise NotPermitted("WRONG_ROLE", "An admin disables accounts.")
    with office.database.transaction() as transaction:
        connection = transaction.connection
        accounts = [people.by_email(connection, email).id, *people.admins(connection)]
        if hand_over_to:
            accounts.append(people.by_email(connection, hand_over_to).id)
        held = holdings.lock(connection, accounts[0], accounts=accounts, assigned=True)
        person = people.by_email(connection, email)
        successor = people.by_email(connection, hand_over_to) if hand_over_to else None
        _may_go(connection, person, local_day(act.now, absences.OFFICE_ZONE))
        _hand_over(connection, office, held, person, successor, act)
        connection.execute(update(_OFFICER).where(_OFFICER.c.id == person.id).values(active=False))
        detail = {
            "officer": person.id,
            "successor": successor.id if successor else "",
            "cases": len(held.assigned),
            "companies": len(held.companies),
        }
        enter_act(connection, act, "people:officer:disabled", detail)
        data = {
            "email": email,
            "cases": [case.reference for case in held.assigned],
            "companies": [company.identifier for company in held.companies],
        }
        what = _what(held)
        return Done(
            f"The account of {person.name} is disabled."
            + (f" {successor.name} takes over {what}." if successor and what else ""),
            data,
        )


def _may_go(connection: Connection, person: Person, today: date) -> None:
    if people.admins(connection) == [person.id]:
        raise BadInput("LAST_ADMIN", f"{person.name} is the last admin. Name another one first.")
    if open_ := absences.deputised_by(connection, person.id, today):
        named = people.names(connection)
        whom = "; ".join(f"{named[one.officer_id]} until {in_words(one.last)}" for one in open_)
        raise BadInput(
            "STILL_DEPUTY",
            f"{person.name} is still a deputy: of {whom}. End the absence first, or disable the account after "
            f"{in_words(max(one.last for one in open_))}.",
        )


def _hand_over(
    connection: Connection, office: Office, held: Holdings, person: Person, successor: Person | None, act: Act
) -> None:
    if not (held.companies or held.assigned):
        return
    if successor is None:
        raise BadInput(
            "STILL_HOLDS",
            f"{person.name} still looks after {_what(held)}. Name who takes over.",
        )
    if held.assigned:
        check_successor(person, successor, "officer")
    if held.companies:
        check_successor(person, successor, "account_manager")
        move_companies(connection, office, held, person, successor, _NOTE, act, "admin")
    for case in held.assigned:
        programme = office.editions.machine(connection, case.programme, case.edition).programme
        change = Change(
            kind="case:application:assigned",
            role="admin",
            updates={"assignee_id": successor.id},
            detail={"assignee": successor.id},
        )
        record(connection, office.origin, case, programme, act, change)


def _what(held: Holdings) -> str:
    """Name what is held: 2 cases (STP-2026-000001, ...) and 1 company (...)."""
    parts = [
        f"{len(names)} {one if len(names) == 1 else many} ({_some(names)})"
        for names, one, many in (
            ([case.reference for case in held.assigned], "case", "cases"),
            ([company.identifier for company in held.companies], "company", "companies"),
        )
        if names
    ]
    return " and ".join(parts)


_SHOWN = 5


def _some(names: list[str]) -> str:
    return ", ".join(names[:_SHOWN] + ["..."] * (len(names) > _SHOWN))
