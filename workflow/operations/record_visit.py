"""Records an on-site visit with its report."""

from datetime import date

from sqlalchemy import Connection, select

from states.dates import local_day
from workflow import inputs, models
from workflow.access import Deed
from workflow.decisions.decide import summary
from workflow.decisions.outcome import Act, Done, Outcome, Refused
from workflow.decisions.permit import permit
from workflow.decisions.record import Change, new_id, record
from workflow.errors import BadInput
from workflow.models.base import table_of
from workflow.operations.add_document import File, keep
from workflow.store import cases
from workflow.store.cases import Case
from workflow.store.office import Office

_VISIT = table_of(models.Visit)
_DOCUMENT = table_of(models.Document)


def record_visit(office: Office, *, reference: str, held_on: date, report: int | File, act: Act) -> Outcome:
    """Record a held visit; `report` is a document of the case, or a file that becomes one in the same transaction.

    Raises NotFound, and BadInput for dates and report; then nothing is kept.
    """
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
        if isinstance(report, int):
            _is_report(connection, case, report)
        role = permit(connection, office.origin, case, programme, Deed.RECORD_VISIT, act)
        if isinstance(role, Refused):
            return role
        if isinstance(report, File):
            report = keep(connection, office.origin, case, programme, act, role, report, "visit_report")
        row = {
            "application_id": case.id,
            "cycle": case.facts_cycle,
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


def _is_report(connection: Connection, case: Case, report: int) -> None:
    query = select(_DOCUMENT.c.kind).where(_DOCUMENT.c.id == report, _DOCUMENT.c.application_id == case.id)
    if connection.execute(query).scalar_one_or_none() != "visit_report":
        raise BadInput(
            "REPORT", f"Document {report} is not a visit report of {case.reference}. Add it with kind visit_report."
        )
