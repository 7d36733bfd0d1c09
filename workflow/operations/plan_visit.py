"""Plans a visit and tells the company; recording a visit of the same site fulfils the plan."""

from datetime import date

from states.dates import local_day
from states.guards import in_words
from workflow import inputs, models
from workflow.access import Deed
from workflow.decisions.decide import summary
from workflow.decisions.notices import Notice, payload, recipients
from workflow.decisions.outcome import Act, Done, Outcome, Refused
from workflow.decisions.permit import permit
from workflow.decisions.record import Change, new_id, record
from workflow.errors import BadInput
from workflow.models.base import table_of
from workflow.operations.answer_criterion import known_site
from workflow.store import cases, facts, people
from workflow.store.office import Office

_VISIT = table_of(models.Visit)
MODES = ("on_site", "virtual", "desk")


def plan_visit(
    office: Office, *, reference: str, planned_on: date, act: Act, site: str = "", mode: str = "on_site"
) -> Outcome:
    """Plan a visit on a day from today on. Raises NotFound, and BadInput for a past day, an unknown site or mode."""
    mode = inputs.one_of(mode, MODES, "The mode")
    with office.database.transaction() as transaction:
        connection = transaction.connection
        case = cases.lock(connection, reference, act.actor)
        programme = office.editions.machine(connection, case.programme, case.edition).programme
        site = known_site(connection, case, site)
        today = local_day(act.now, programme.time_zone)
        if planned_on < today:
            raise BadInput(
                "DATE_ORDER",
                f"The planned day {in_words(planned_on)} is past; today is {in_words(today)}. "
                "A visit that was held is recorded, not planned.",
            )
        role = permit(connection, office.origin, case, programme, Deed.PLAN_VISIT, act)
        if isinstance(role, Refused):
            return role
        row = {
            "application_id": case.id,
            "cycle": case.facts_cycle,
            "site": site,
            "mode": mode,
            "planned_on": planned_on,
            "officer_id": act.actor.id,
            "recorded_at": act.now,
        }
        visit_id = new_id(connection.execute(_VISIT.insert(), row))
        detail = {"visit": visit_id, "planned_on": planned_on, "site": site, "mode": mode}
        contacts = facts.load_one(connection, office, case, now=act.now).contacts
        body = payload(case, programme, planned_on=planned_on, site=site, mode=mode)
        who = recipients(["company", "account_manager"], contacts, case, people.everybody(connection))
        change = Change(
            "case:visit:planned",
            role,
            detail=detail,
            notices=[Notice("visit_planned", recipient, body) for recipient in who],
            cause=f"visit:{visit_id}",
        )
        record(connection, office.origin, case, programme, act, change)
        where = f"site {site} of the company" if site else "the company"
        sentence = f"A visit to {where} of {reference} is planned for {in_words(planned_on)}."
        return Done(sentence, summary(case) | {"visit": visit_id})
