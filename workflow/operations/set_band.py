"""Records a TradeFIRST band as assessed on site; a newer assessment takes the place of an older one."""

from datetime import date

from sqlalchemy import select

from states.dates import local_day
from states.definition import BANDS
from states.terms import band_valid_until
from workflow import inputs, models
from workflow.access import Deed
from workflow.decisions.outcome import Act, Done, Outcome, Refused
from workflow.decisions.permit import permit
from workflow.decisions.record import Change, record
from workflow.errors import NotFound
from workflow.models.base import table_of
from workflow.store import cases
from workflow.store.office import Office

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
            select(_COMPANY.c.id).where(_COMPANY.c.identifier == identifier)
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
        connection.execute(
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
        for case in live:
            own = office.editions.machine(connection, case.programme, case.edition).programme
            detail = {"band": band, "assessed_on": assessed_on, "valid_until": until}
            change = Change("case:band:assessed", "officer", detail=detail, deed="assessed_band")
            record(connection, office.origin, case, own, act, change)
        held = f", until {until.isoformat()}" if until else ""
        return Done(
            f"Band {band} of {identifier} is recorded{held}.", {"uen": identifier, "band": band, "valid_until": until}
        )
