"""Records an on-site visit with its report."""

from datetime import date

from sqlalchemy import select

from states.dates import local_day
from workflow import inputs, models
from workflow.access import Deed
from workflow.decisions.decide import summary
from workflow.decisions.outcome import Act, Done, Outcome, Refused
from workflow.decisions.permit import permit
from workflow.decisions.record import Change, new_id, record
from workflow.errors import BadInput
from workflow.models.base import table_of
from workflow.store import cases
from workflow.store.office import Office

_VISIT = table_of(models.Visit)
_DOCUMENT = table_of(models.Document)


def record_visit(office: Office, *, reference: str, held_on: date, report: int, act: Act) -> Outcome:
    """Record a held visit; `report` is a document of the case. Raises NotFound, and BadInput for dates and report."""
    with office.database.transaction() as transaction:
        connection = transaction.connection
        case = cases.lock(connection, reference)
        programme = office.editions.machine(connection, case.programme, case.edition).programme
        inputs.not_future(held_on, local_day(act.now, programme.time_zone), "The day of the visit")
        if held_on < case.received_on:
            raise BadInput(
                "DATE_ORDER",
                f"The visit of {held_on.isoformat()} is before the application was received on {case.received_on.isoformat()}.",
            )
        query = select(_DOCUMENT.c.kind).where(_DOCUMENT.c.id == report, _DOCUMENT.c.application_id == case.id)
        if connection.execute(query).scalar_one_or_none() != "visit_report":
            raise BadInput(
                "REPORT", f"Document {report} is not a visit report of {reference}. Add it with kind visit_report."
            )
        role = permit(connection, office.origin, case, programme, Deed.RECORD_VISIT, act)
        if isinstance(role, Refused):
            return role
        row = {
            "application_id": case.id,
            "cycle": case.cycle,
            "site": "",
            "held_on": held_on,
            "report_id": report,
            "officer_id": act.actor.id,
            "recorded_at": act.now,
        }
        visit_id = new_id(connection.execute(_VISIT.insert(), row))
        detail = {"visit": visit_id, "held_on": held_on, "report": report}
        change = Change("case:visit:recorded", role, detail=detail, deed="visited")
        record(connection, office.origin, case, programme, act, change)
        return Done(f"The visit of {held_on.isoformat()} to the company of {reference} is recorded.", summary(case))
