"""Records a TradeFIRST band as assessed on site; a newer assessment takes the place of an older one."""

from datetime import date

from sqlalchemy import Connection, select

from states.dates import local_day
from states.definition import BANDS, Programme
from states.planner import phase_of, plan_band
from states.terms import Term, band_valid_until
from workflow import inputs, models
from workflow.access import Deed
from workflow.decisions.approvals import newest_decision
from workflow.decisions.outcome import Act, Done, Outcome, Refused
from workflow.decisions.permit import permit
from workflow.decisions.record import Change, Superseded, new_id, record
from workflow.errors import NotFound
from workflow.models.base import table_of
from workflow.store import cases, visible
from workflow.store.calendar import office_calendar
from workflow.store.cases import Case
from workflow.store.office import Office
from workflow.store.tasks import add_task

_BAND = table_of(models.BandAssessment)
_COMPANY = table_of(models.Company)


def set_band(office: Office, *, uen: str, band: str, assessed_on: date, act: Act) -> Outcome:
    """Record a band. Its live cases are locked first, since their rules look at it.

    Raises NotFound for a company without a case, and BadInput for an unknown band or a future day.
    """
    band = inputs.one_of(band, BANDS, "The band")
    identifier = inputs.uen(uen).value
    with office.database.transaction() as transaction:
        connection = transaction.connection
        company_id = connection.execute(
            select(_COMPANY.c.id).where(_COMPANY.c.identifier == identifier, visible.companies(act.actor))
        ).scalar_one_or_none()
        live = cases.lock_live_of_company(connection, company_id) if company_id is not None else []
        if not live:
            raise NotFound("NO_LIVE_CASE", f"No live case of {identifier} is there that you can see. Submit one first.")
        programme = office.editions.machine(connection, live[0].programme, live[0].edition).programme
        inputs.not_future(assessed_on, local_day(act.now, programme.time_zone), "The day of the assessment")
        until = band_valid_until(programme, band, assessed_on)
        for case in live:
            role = permit(connection, office.origin, case, programme, Deed.SET_BAND, act)
            if isinstance(role, Refused):
                return role
        result = connection.execute(
            _BAND.insert(),
            {
                "company_id": company_id,
                "band": band,
                "assessed_on": assessed_on,
                "valid_until": until,
                "assessor_id": act.actor.id,
                "recorded_at": act.now,
            },
        )
        assessment = new_id(result)
        counts = assessment == _newest(connection, company_id)
        for case in live:
            own = office.editions.machine(connection, case.programme, case.edition).programme
            detail = {"band": band, "assessed_on": assessed_on, "valid_until": until}
            change = Change("case:band:assessed", "officer", detail=detail, deed="assessed_band")
            if counts:
                _consequences(connection, own, case, band, until, assessment, change, act)
            record(connection, office.origin, case, own, act, change)
        held = f", until {until.isoformat()}" if until else ""
        return Done(
            f"Band {band} of {identifier} is recorded{held}.", {"uen": identifier, "band": band, "valid_until": until}
        )


def _newest(connection: Connection, company_id: int | None) -> int:
    """Return the assessment that counts: the latest by its day, however late an older one is recorded."""
    query = select(_BAND.c.id).where(_BAND.c.company_id == company_id)
    newest: int = connection.execute(
        query.order_by(_BAND.c.assessed_on.desc(), _BAND.c.id.desc()).limit(1)
    ).scalar_one()
    return newest


def _consequences(
    connection: Connection,
    programme: Programme,
    case: Case,
    band: str,
    until: date | None,
    assessment: int,
    change: Change,
    act: Act,
) -> None:
    """While a certificate runs, a new band plans its own reminders; one below the minimum asks a person."""
    today, newest = local_day(act.now, programme.time_zone), case.held.newest
    if newest is None or not case.held.runs(today):
        return
    change.superseded.append(Superseded("band", "a newer band"))
    if until is not None and phase_of(programme, case.state, case.back_to) == "running":
        office = office_calendar(connection, programme.time_zone, today, until)
        change.basis = newest_decision(connection, case)
        term = Term(newest.valid_from, newest.valid_until)
        change.planned = [
            planned for planned in plan_band(programme, term, until, office, assessment) if planned.due_at > act.now
        ]
    if BANDS.index(band) < BANDS.index(programme.band.minimum):
        sentence = (
            f"Band {band} of {case.company_name} is below {programme.band.minimum}, which {case.reference} needs. Choose: "
            "time to correct, suspend, or replace by a certificate of a lower level that ends no later."
        )
        add_task(connection, f"band:{case.reference}:{assessment}", "supervisor", sentence, act.now, case.id)
