"""Receives an application: the company, its contact, the case and the trail's first entry in one transaction."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, Select, select
from sqlalchemy.exc import IntegrityError

from states.dates import local_day, start_of
from states.definition import TRADER_ROLES, Programme
from states.facts import OPERATOR, Person
from states.guards import in_words
from workflow import inputs, models
from workflow.access import Deed, role_for, sees_all
from workflow.decisions.approvals import open_approval
from workflow.decisions.decide import summary
from workflow.decisions.notices import notices_of, payload
from workflow.decisions.once import once
from workflow.decisions.outcome import Act, Done
from workflow.decisions.record import Change, new_id, record
from workflow.errors import BadInput, NotPermitted
from workflow.models.base import table_of
from workflow.operations.add_site import site_names, write_sites
from workflow.operations.advance_application import far_back
from workflow.store import cases, managers, people, search, visible
from workflow.store.numbers import next_number
from workflow.store.office import Office

_APPLICATION = table_of(models.Application)
_COMPANY = table_of(models.Company)
_CONTACT = table_of(models.Contact)
_REGISTER = table_of(models.RegisteredEntity)


def submit_application(
    office: Office,
    *,
    act: Act,
    programme: str,
    uen: str,
    company_name: str = "",
    contact_email: str = "",
    account_manager: str = "",
    received_on: date | None = None,
    accept_check_letter: str = "",
    sites: Sequence[str] = (),
    trader_roles: Sequence[str] = (),
    channel: str = "counter",
    idempotency_key: str = "",
) -> Done:
    """Create a case and return its reference. The same request with the same key again gets the same answer.

    Raises BadInput for a bad identifier, name, site or date, when the company already has a live case of the
    programme or another account manager, or for a key of another request; NotFound for an unknown programme or account manager; NotPermitted for
    a role that may not submit. An account manager submits for the own companies and for new ones, which are then own.
    """
    role = role_for(Deed.SUBMIT, act.actor.roles)
    if role is None:
        raise NotPermitted("WRONG_ROLE", "An officer or an account manager submits applications for companies.")
    identifier = inputs.uen(uen)
    override = inputs.text(accept_check_letter, "The reason for the check letter", empty=True)
    override = "" if identifier.check_holds else override
    if not identifier.check_holds and not override:
        raise BadInput("UEN_CHECK", f"{identifier.sentence()} Correct it, or keep it and say why.")
    given_name = inputs.name(company_name, "The company's name") if company_name else ""
    address = inputs.email(contact_email) if contact_email else ""
    named = site_names(sites)
    traders = sorted({inputs.one_of(role, TRADER_ROLES, "The trader role") for role in trader_roles})
    body = {
        "programme": programme,
        "uen": identifier.value,
        "company_name": given_name,
        "contact_email": address,
        "account_manager": account_manager,
        "received_on": received_on,
        "accept_check_letter": override,
        "sites": named,
        "trader_roles": traders,
        "channel": channel,
    }
    key = inputs.key(idempotency_key)
    with office.database.transaction() as transaction:
        connection = transaction.connection

        def submit() -> Done:
            rules = office.editions.newest(connection, programme).programme
            today = local_day(act.now, rules.time_zone)
            received = inputs.not_future(received_on or today, today, "The day of receipt")
            others: list[cases.Case] = []
            own = _own(connection, identifier.value, act)
            if named:  # the rules of the company's other cases look at its sites
                known = connection.execute(_known(identifier.value)).scalar_one_or_none()
                others += cases.lock_live_of_company(connection, known) if known else []
            company_id = company_of(connection, identifier.value, given_name, override, act)
            manager = people.by_email(connection, account_manager, keep=True) if account_manager else None
            if manager and "account_manager" not in manager.roles:
                raise BadInput("NOT_A_MANAGER", f"{manager.name} is not an account manager. Name one who is.")
            if manager or own:
                _manage(connection, company_id, manager or act.actor, act)
            if address:
                add_contact(connection, company_id, address)
            if named:
                write_sites(connection, office, others, company_id, named, role, act)
            reference = open_case(connection, rules, company_id, received, channel, act, traders)
            case = cases.lock(connection, reference, OPERATOR)  # just made, and seen by whoever manages the company
            _record(connection, office.origin, case, rules, role, override, named, act)
            _ask_a_second_person(connection, office, case, rules, role, override, act)
            return Done(f"Application {reference} of {case.company_name} is received.", summary(case))

        return once(connection, act, "applications", key, body, submit)


def _manage(connection: Connection, company_id: int, manager: Person, act: Act) -> None:
    """Name the account manager of a company that has none. Raises BadInput where another one has it.

    A portfolio changes hands by a hand-over, with its note, never beside something else.
    """
    standing = connection.execute(select(_COMPANY.c.account_manager_id).where(_COMPANY.c.id == company_id)).scalar_one()
    if standing is not None and standing != manager.id:
        name = people.by_id(connection, standing).name
        raise BadInput(
            "HAS_A_MANAGER",
            f"The company's account manager is {name}. Leave the account manager out here, and hand the company over "
            "where portfolios are assigned.",
        )
    managers.name(connection, [company_id], manager.id, act.now)


def _known(uen: str) -> Select[int]:
    return select(_COMPANY.c.id).where(_COMPANY.c.scheme == "SG-UEN", _COMPANY.c.identifier == uen)


def _own(connection: Connection, uen: str, act: Act) -> bool:
    """Say whether a company is new and comes into the portfolio of somebody who sees no other. Raises BadInput."""
    if sees_all(act.actor):
        return False
    known = connection.execute(_known(uen)).scalar_one_or_none()
    if known is None:
        return True
    # The same words whether it has a live case or none: an identifier belongs to one company, so one that is known
    # cannot look like one that is not; more is not told.
    if not visible.sees_company(connection, act.actor, known):
        raise BadInput(
            "NOT_YOURS", f"You cannot submit for {uen}. Ask an officer, who can, or who names its account manager."
        )
    return False


def company_of(connection: Connection, uen: str, given_name: str, override: str, act: Act) -> int:
    """Return the company, locked; made from the given name or the register when it is new."""
    known = connection.execute(_known(uen).with_for_update()).scalar_one_or_none()
    if known is not None:
        return int(known)
    registered = connection.execute(select(_REGISTER.c.name).where(_REGISTER.c.uen == uen)).scalar_one_or_none()
    name = given_name or registered
    if not name:
        raise BadInput("COMPANY_UNKNOWN", f"{uen} is not in the imported register. Give the company's name.")
    result = connection.execute(
        _COMPANY.insert(),
        {
            "scheme": "SG-UEN",
            "identifier": uen,
            "name": name,
            "check_letter_reason": override,
            "created_at": act.now,
        },
    )
    company_id = new_id(result)
    names = table_of(models.CompanyName)
    connection.execute(names.insert(), {"company_id": company_id, "name": name, "since": act.now})
    return company_id


def add_contact(connection: Connection, company_id: int, address: str) -> None:
    """Add an address that messages to the company go to, once."""
    query = select(_CONTACT.c.id).where(_CONTACT.c.company_id == company_id, _CONTACT.c.email == address)
    if connection.execute(query).first() is None:
        connection.execute(_CONTACT.insert(), {"company_id": company_id, "email": address, "name": ""})


def open_case(
    connection: Connection,
    rules: Programme,
    company_id: int,
    received: date,
    channel: str,
    act: Act,
    traders: Sequence[str] = (),
) -> str:
    """Insert a case in the first state and return its reference. Raises BadInput when the company has a live one."""
    live_key = f"{company_id}:{rules.code}"
    live = select(_APPLICATION.c.reference).where(_APPLICATION.c.live_key == live_key)
    if (running := connection.execute(live).scalar_one_or_none()) is not None:
        raise BadInput(
            "LIVE_APPLICATION",
            f"The company already has a live {rules.code} application, {running}. Continue there, or withdraw it first.",
        )
    year = local_day(act.now, rules.time_zone).year
    reference = f"{rules.code}-{year}-{next_number(connection, f'application:{rules.code}:{year}'):06d}"
    state = rules.state_by_name[rules.initial]
    values: dict[str, Any] = {
        "reference": reference,
        "programme": rules.code,
        "edition": rules.edition,
        "company_id": company_id,
        "live_key": live_key,
        "state": state.name,
        "state_kind": state.kind,
        "state_since": act.now,
        "channel": channel,
        "received_on": received,
        "submitted_at": act.now,
        "decided_at": min(act.now, start_of(received, rules.time_zone)),
        "trader_roles": ",".join(traders),
        "linked_to": _former(connection, company_id, rules.code),
        "next_step": state.next_step,
        "waits_for": state.waits_for,
    }
    try:
        search.keep_case(connection, new_id(connection.execute(_APPLICATION.insert(), values)))
    except IntegrityError as error:  # another submission of the same company won the race
        raise BadInput("LIVE_APPLICATION", f"The company already has a live {rules.code} application.") from error
    return reference


def _former(connection: Connection, company_id: int, programme: str) -> str | None:
    """Return the company's last case of the programme: what comes after an end is a new case, linked to the old."""
    query = select(_APPLICATION.c.reference).where(
        _APPLICATION.c.company_id == company_id, _APPLICATION.c.programme == programme
    )
    return connection.execute(query.order_by(_APPLICATION.c.id.desc()).limit(1)).scalar_one_or_none()


def _record(
    connection: Connection,
    origin: str,
    case: cases.Case,
    rules: Programme,
    role: str,
    override: str,
    sites: list[str],
    act: Act,
) -> None:
    contacts = tuple(
        connection.execute(select(_CONTACT.c.id).where(_CONTACT.c.company_id == case.company_id)).scalars()
    )
    staff = people.everybody(connection)
    body = payload(case, rules)
    detail: dict[str, Any] = {"channel": case.channel, "received_on": case.received_on}
    if sites:
        detail["sites"] = sites
    if case.traders:
        detail["trader_roles"] = sorted(case.traders)
    change = Change(
        kind="case:application:submitted",
        role=role,
        effective_at=case.submitted_at,
        detail=detail,
        notices=notices_of(rules.submission_messages, contacts, case, staff, body),
        cause=f"application:{case.id}",
        visible=False,
    )
    record(connection, origin, case, rules, act, change)
    if override:
        accepted = {"identifier": case.uen, "why": override}
        record(
            connection,
            origin,
            case,
            rules,
            act,
            Change("case:identifier:accepted", role, detail=accepted, visible=False),
        )


def _ask_a_second_person(
    connection: Connection, office: Office, case: cases.Case, rules: Programme, role: str, override: str, act: Act
) -> None:
    """What one person took over as it stands is confirmed by another before the case may be certified."""
    doubts: list[tuple[str, str]] = []
    if override:
        doubts.append(("check_letter", f"UEN {case.uen} although its check letter is wrong, because: {override}"))
    if far_back(connection, rules, case.received_on, local_day(act.now, rules.time_zone)):
        doubts.append(("received_on", f"receipt on {in_words(case.received_on)}, recorded later"))
    for kind, sentence in doubts:
        open_approval(
            connection,
            office,
            case,
            rules,
            act,
            role=role,
            kind=kind,
            sentence=f"{case.reference}: {sentence}",
            blocks=True,
        )
