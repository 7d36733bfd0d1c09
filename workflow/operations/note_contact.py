"""Notes that somebody spoke with a company about its renewal, and when the company expects to file."""

from datetime import date
from typing import Any

from sqlalchemy import Connection

from states.dates import local_day
from states.guards import Unmet, in_words
from workflow import inputs, models
from workflow.access import Deed, portfolios_of
from workflow.decisions.decide import summary
from workflow.decisions.once import once
from workflow.decisions.outcome import Act, Done, Outcome, Refused
from workflow.decisions.permit import permit, refuse
from workflow.decisions.record import Change, record
from workflow.errors import BadInput
from workflow.models.base import table_of
from workflow.store import cases
from workflow.store.cases import Case
from workflow.store.office import Office

_NOTE = table_of(models.ContactNote)


def note_contact(
    office: Office,
    *,
    reference: str,
    expects_on: date,
    note: str,
    act: Act,
    contacted_on: date | None = None,
    idempotency_key: str = "",
) -> Outcome:
    """Keep a contact; until the day on which the company expects to file, reminders to its account manager alone rest.

    A newer note counts in place of an older one; the same request with the same key again does nothing. Refused to an account manager of other companies, and where no
    certificate runs or its renewal is under way already. Raises NotFound; BadInput for an empty note, a contact in the
    future and a day that is past.
    """
    said = {"note": inputs.text(note, "The note"), "expects_on": expects_on, "contacted_on": contacted_on}
    key = inputs.key(idempotency_key)
    with office.database.transaction() as transaction:
        connection = transaction.connection
        case = cases.lock(connection, reference, act.actor)
        return once(
            connection,
            act,
            "contacts",
            key,
            said | {"reference": reference},
            lambda: _note(connection, office, case, said, act),
        )


def _note(connection: Connection, office: Office, case: Case, said: dict[str, Any], act: Act) -> Outcome:
    programme = office.editions.machine(connection, case.programme, case.edition).programme
    today = local_day(act.now, programme.time_zone)
    note, expects_on = said["note"], said["expects_on"]
    contacted_on = inputs.not_future(said["contacted_on"] or today, today, "The day of the contact")
    if expects_on < today:
        raise BadInput(
            "DATE_ORDER",
            f"The day on which the company expects to file, {in_words(expects_on)}, is past. Name one from "
            f"{in_words(today)} on.",
        )
    role = permit(connection, office.origin, case, programme, Deed.NOTE_CONTACT, act)
    if isinstance(role, Refused):
        return role
    if unmet := _unmet(case, role, act, today):
        return refuse(connection, office.origin, case, programme, Deed.NOTE_CONTACT, act, [unmet])
    row = {"application_id": case.id, "cycle": case.facts_cycle, "contacted_on": contacted_on, "note": note}
    by = {"expects_on": expects_on, "recorded_by": act.actor.id, "recorded_at": act.now}
    connection.execute(_NOTE.insert(), row | by)
    detail = {"contacted_on": contacted_on, "expects_on": expects_on, "note": note, "about_cycle": case.facts_cycle}
    record(connection, office.origin, case, programme, act, Change("case:contact:noted", role, detail=detail))
    words = f"{case.company_name} expects to file by {in_words(expects_on)}; noted for {case.reference}."
    return Done(words, summary(case) | {"contacted_on": contacted_on, "expects_on": expects_on})


def _unmet(case: Case, role: str, act: Act, today: date) -> Unmet | None:
    if role == "account_manager" and case.account_manager_id not in portfolios_of(act.actor):
        sentence = f"{case.company_name} is not in your portfolio. Its own account manager notes the contact."
        return Unmet("own_company", "NOT_YOURS", sentence, "its account manager, an officer, a supervisor")
    if case.facts_cycle == case.cycle or not case.held.runs(today):
        sentence = (
            f"{case.reference} has no certificate whose renewal is still to be filed, so there is nothing to expect. "
            "Write what was said into the case as a document."
        )
        return Unmet("renewal_ahead", "NO_RENEWAL_AHEAD", sentence, "nobody")
    return None
