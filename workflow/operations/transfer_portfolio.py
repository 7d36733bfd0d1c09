"""Moves companies from one account manager to another: entries, the companies told, all or nothing."""

from collections import defaultdict

from sqlalchemy import Connection, select

from states.facts import Person
from states.guards import role_words
from workflow import inputs, models
from workflow.access import Deed, role_for
from workflow.decisions.notices import Notice, payload
from workflow.decisions.outcome import Act, Done
from workflow.decisions.record import Change, enter_act, record
from workflow.errors import BadInput, NotPermitted
from workflow.models.base import table_of
from workflow.store import holdings, managers, people
from workflow.store.cases import Case
from workflow.store.holdings import Holdings
from workflow.store.office import Office

_COMPANY = table_of(models.Company)
_CONTACT = table_of(models.Contact)
_NOBODY = Person("", "nobody", frozenset())


def transfer_portfolio(office: Office, *, from_: str, to: str, note: str, act: Act, uen: str = "") -> Done:
    """Give all companies of one account manager, or one of them, to another, with a handover note.

    Raises NotFound for an unknown person; BadInput when there is nothing to move or the other is no account manager;
    NotPermitted for anybody but a supervisor, an admin and the one who hands over; StaleVersion after a race.
    """
    note = inputs.text(note, "The handover note")
    identifier = inputs.uen(uen).value if uen else ""
    with office.database.transaction() as transaction:
        connection = transaction.connection
        before = people.known_by_email(connection, from_)
        role = role_for(Deed.TRANSFER_PORTFOLIO, act.actor.roles)
        if role is None and act.actor.id != before.id:
            raise NotPermitted(
                "WRONG_ROLE",
                f"A supervisor, an admin or {before.name} hands these companies over.",
            )
        held = holdings.lock(connection, before.id, accounts=[people.by_email(connection, to).id], uen=identifier)
        after = people.by_email(connection, to)
        check_successor(before, after, "account_manager")
        if not held.companies:
            what = f"{identifier} is not a company" if identifier else "There is no company"
            raise BadInput("NO_COMPANY", f"{what} that {before.name} manages. Nothing was moved.")
        move_companies(connection, office, held, before, after, note, act, role or "account_manager")
        count = f"{len(held.companies)} {'company' if len(held.companies) == 1 else 'companies'}"
        data = {"from": from_, "to": to, "companies": [company.identifier for company in held.companies]}
        return Done(f"{after.name} now manages {count} of {before.name}.", data)


def name_account_manager(office: Office, *, uen: str, to: str, note: str, act: Act) -> Done:
    """Name the first account manager of a company that has none.

    Raises NotFound for an unknown person; BadInput when the company is unknown, has one already, or the other is no
    account manager; NotPermitted for anybody but an officer, a supervisor and an admin.
    """
    note = inputs.text(note, "The note")
    identifier = inputs.uen(uen).value
    role = role_for(Deed.NAME_MANAGER, act.actor.roles)
    if role is None:
        raise NotPermitted("WRONG_ROLE", "An officer, a supervisor or an admin names an account manager.")
    with office.database.transaction() as transaction:
        connection = transaction.connection
        held = holdings.lock(connection, None, accounts=[people.by_email(connection, to).id], uen=identifier)
        after = people.by_email(connection, to)
        check_successor(_NOBODY, after, "account_manager")
        if not held.companies:
            raise BadInput(
                "NO_COMPANY",
                f"{identifier} is not a company without an account manager. "
                "One that has an account manager is handed over by transferring the portfolio.",
            )
        move_companies(connection, office, held, _NOBODY, after, note, act, role)
        return Done(f"{after.name} now manages {held.companies[0].name}.", {"to": to, "companies": [identifier]})


def check_successor(before: Person, after: Person, role: str) -> None:
    """Raise BadInput unless somebody else holds the role that is handed over."""
    if before.id == after.id:
        raise BadInput("SAME_PERSON", f"{before.name} cannot take over from himself or herself. Name somebody else.")
    if role not in after.roles:
        raise BadInput("SUCCESSOR_ROLE", f"{after.name} is not {role_words((role,))}. Name somebody who is.")


def move_companies(
    connection: Connection, office: Office, held: Holdings, before: Person, after: Person, note: str, act: Act,
    role: str,
) -> None:  # fmt: skip
    """Move locked companies: an entry for each live case, or for the company without one, and a letter to each company."""
    ids = [company.id for company in held.companies]
    managers.name(connection, ids, after.id, act.now)
    contacts: dict[int, list[int]] = defaultdict(list)
    query = select(_CONTACT.c.id, _CONTACT.c.company_id).where(_CONTACT.c.company_id.in_(ids)).order_by(_CONTACT.c.id)
    for row in connection.execute(query):
        contacts[row.company_id].append(row.id)
    name, address = people.contact_of(connection, after.id)
    detail = {"before": before.id, "after": after.id, "note": note}
    for company in held.companies:
        live = held.of_company(company.id)
        for case in live:
            told = contacts[company.id] if case is live[0] else []  # once, however many cases the company has
            _record(connection, office, case, detail, told, (name, address), act, role)
        if not live:
            about = {"company": company.identifier, "company_name": company.name}
            enter_act(connection, act, "people:account_manager:changed", detail, about)


def _record(
    connection: Connection, office: Office, case: Case, detail: dict[str, str], contacts: list[int],
    manager: tuple[str, str], act: Act, role: str,
) -> None:  # fmt: skip
    programme = office.editions.machine(connection, case.programme, case.edition).programme
    body = payload(case, programme, account_manager_name=manager[0], account_manager_email=manager[1])
    change = Change(
        kind="case:account_manager:changed",
        role=role,
        detail=dict(detail),
        notices=tuple(Notice("account_manager_changed", f"contact:{contact}", body) for contact in contacts),
        cause=f"entry:{case.reference}:{case.case_seq + 1}",
    )
    record(connection, office.origin, case, programme, act, change)
    case.account_manager_id = detail["after"]
