"""Adds a place where a company operates: from then on, criteria and visits count for it too."""

from collections.abc import Sequence

from sqlalchemy import Connection

from workflow import inputs, models
from workflow.access import Deed
from workflow.decisions.decide import summary
from workflow.decisions.outcome import Act, Done, Outcome, Refused
from workflow.decisions.permit import permit
from workflow.decisions.record import Change, record
from workflow.errors import BadInput
from workflow.models.base import table_of
from workflow.store import cases
from workflow.store.cases import Case
from workflow.store.office import Office
from workflow.store.sites import of_company

_SITE = table_of(models.Site)


def add_site(office: Office, *, reference: str, name: str, act: Act) -> Outcome:
    """Add a site to the company of a case. Its live cases are locked first, since their rules look at it.

    Raises NotFound, and BadInput for a name that the company has already.
    """
    (name,) = site_names([name])
    with office.database.transaction() as transaction:
        connection = transaction.connection
        company_id = cases.read(connection, reference, act.actor).company_id
        live = cases.lock_live_of_company(connection, company_id)
        case = next((one for one in live if one.reference == reference), None)
        case = case or cases.lock(connection, reference, act.actor)
        programme = office.editions.machine(connection, case.programme, case.edition).programme
        role = permit(connection, office.origin, case, programme, Deed.ADD_SITE, act)
        if isinstance(role, Refused):
            return role
        if not write_sites(connection, office, live, company_id, [name], role, act):
            raise BadInput("SITE_TWICE", f'{case.company_name} has a site "{name}" already. Choose another name.')
        data = summary(case) | {"sites": list(of_company(connection, company_id))}
        return Done(f"Site {name} is added to the company of {reference}.", data)


def site_names(names: Sequence[str]) -> list[str]:
    """Return names that may be given to sites. Raises BadInput for one that is named twice."""
    checked = [inputs.name(name, "The site's name") for name in names]
    for name in checked:
        if [other.casefold() for other in checked].count(name.casefold()) > 1:
            raise BadInput("SITE_TWICE", f'Site "{name}" is named twice. Name each site once.')
    return checked


def write_sites(
    connection: Connection,
    office: Office,
    live: Sequence[Case],
    company_id: int,
    names: Sequence[str],
    role: str,
    act: Act,
) -> list[str]:
    """Add the sites that a company does not have yet, tell every live case, and return what was added.

    The caller has locked the live cases.
    """
    known = {name.casefold() for name in of_company(connection, company_id)}
    new = [name for name in names if name.casefold() not in known]
    for name in new:
        connection.execute(_SITE.insert(), {"company_id": company_id, "name": name, "added_at": act.now})
        for case in live:
            programme = office.editions.machine(connection, case.programme, case.edition).programme
            change = Change("case:site:added", role, detail={"site": name})
            record(connection, office.origin, case, programme, act, change)
    return new
