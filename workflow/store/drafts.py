"""Reads the answers of the last cycle that the present one may take over. It changes nothing."""

from sqlalchemy import Connection, RowMapping, func, select

from states.definition import Programme
from states.guards import wanted
from workflow import models
from workflow.models.base import table_of
from workflow.store.cases import Case
from workflow.store.sites import of_company

_F = table_of(models.Finding)


def drafts(connection: Connection, case: Case, programme: Programme) -> list[RowMapping]:
    """Return the last answers given before the present cycle that are still asked for and not answered in it yet."""
    own, answered = _F.c.application_id == case.id, _F.c.answer.is_not(None)
    last = select(func.max(_F.c.cycle)).where(own, answered, _F.c.cycle < case.facts_cycle).scalar_subquery()
    now = connection.execute(select(_F.c.criterion, _F.c.site).where(own, answered, _F.c.cycle == case.facts_cycle))
    done = {(row.criterion, row.site) for row in now}
    asked = [place for place in wanted(programme, of_company(connection, case.company_id)) if place not in done]
    rows = connection.execute(select(_F).where(own, answered, _F.c.cycle == last)).mappings()
    found = {(row["criterion"], row["site"]): row for row in rows}
    return [found[place] for place in asked if place in found]
