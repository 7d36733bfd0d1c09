"""Records a held visit with its report; a visit that was planned for the site is then fulfilled."""

from datetime import date
from typing import Any

from sqlalchemy import Connection, select, update

from states.dates import local_day
from states.guards import in_words
from workflow import inputs, models
from workflow.access import Deed
from workflow.decisions.decide import summary
from workflow.decisions.outcome import Act, Done, Outcome, Refused
from workflow.decisions.permit import permit
from workflow.decisions.record import Change, new_id, record
from workflow.errors import BadInput
from workflow.files import File
from workflow.models.base import table_of
from workflow.operations.add_document import keep
from workflow.operations.answer_criterion import known_site
from workflow.operations.plan_visit import MODES
from workflow.store import cases
from workflow.store.cases import Case
from workflow.store.office import Office

_VISIT = table_of(models.Visit)
_DOCUMENT = table_of(models.Document)
_WITHDRAWN = table_of(models.DocumentWithdrawal)


def record_visit(
    office: Office,
    *,
    reference: str,
    held_on: date,
    report: int | File,
    act: Act,
    site: str = "",
    mode: str = "",
) -> Outcome:
    """Record a held visit; `report` is a document of the case, or a file that becomes one in the same transaction.

    Raises NotFound, and BadInput for dates, site, mode and report; then nothing is kept.
    """
    mode = inputs.one_of(mode, MODES, "The mode") if mode else ""
    with office.database.transaction() as transaction:
        connection = transaction.connection
        case = cases.lock(connection, reference, act.actor)
        programme = office.editions.machine(connection, case.programme, case.edition).programme
        site = known_site(connection, case, site)
        inputs.not_future(held_on, local_day(act.now, programme.time_zone), "The day of the visit")
        if held_on < case.received_on:
            raise BadInput(
                "DATE_ORDER",
                f"The visit of {in_words(held_on)} is before the application was received on {in_words(case.received_on)}.",
            )
        began = local_day(case.cycle_since, programme.time_zone) if case.cycle_since else None
        if case.facts_cycle > 1 and began and held_on <= began:
            raise BadInput(
                "DATE_ORDER",
                f"The visit of {held_on.isoformat()} belongs to the cycle that was decided on {began.isoformat()}. "
                "A renewal takes a visit after that day.",
            )
        if isinstance(report, int):
            _is_report(connection, case, report)
        role = permit(connection, office.origin, case, programme, Deed.RECORD_VISIT, act)
        if isinstance(role, Refused):
            return role
        if isinstance(report, File):
            report = keep(connection, office.origin, case, programme, act, role, report, "visit_report")
        held = {"held_on": held_on, "report_id": report, "officer_id": act.actor.id, "recorded_at": act.now}
        visit_id = _write(connection, case, site, mode, held)
        detail = {"visit": visit_id, "held_on": held_on, "report": report}
        if site:
            detail["site"] = site
        change = Change("case:visit:recorded", role, detail=detail, deed="visited")
        record(connection, office.origin, case, programme, act, change)
        where = f"site {site} of the company" if site else "the company"
        sentence = f"The visit of {in_words(held_on)} to {where} of {reference} is recorded."
        return Done(sentence, summary(case) | {"visit": visit_id, "report": report})


def _write(connection: Connection, case: Case, site: str, mode: str, held: dict[str, Any]) -> int:
    """Fulfil the earliest plan of the site, or add a visit nobody had planned; return its id."""
    key = {"application_id": case.id, "cycle": case.facts_cycle, "site": site}
    planned = select(_VISIT.c.id).where(
        *(_VISIT.c[name] == value for name, value in key.items()),
        _VISIT.c.planned_on.is_not(None),
        _VISIT.c.held_on.is_(None),
    )
    earliest = connection.execute(planned.order_by(_VISIT.c.planned_on, _VISIT.c.id).limit(1)).scalar_one_or_none()
    if earliest is None:
        return new_id(connection.execute(_VISIT.insert(), key | {"mode": mode or MODES[0]} | held))
    values = held | ({"mode": mode} if mode else {})
    connection.execute(update(_VISIT).where(_VISIT.c.id == earliest).values(values))
    return int(earliest)


def _is_report(connection: Connection, case: Case, report: int) -> None:
    query = select(_DOCUMENT.c.kind).where(
        _DOCUMENT.c.id == report,
        _DOCUMENT.c.application_id == case.id,
        _DOCUMENT.c.id.not_in(select(_WITHDRAWN.c.document_id)),
    )
    if connection.execute(query).scalar_one_or_none() != "visit_report":
        raise BadInput(
            "REPORT", f"Document {report} is not a visit report of {case.reference}. Add it with kind visit_report."
        )
