"""How the team's work stands, as figures, charts and tables, each also as CSV."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from workflow.access import Area
from workflow.errors import NotFound
from workflow.reports.team import team
from workflow.web import charts
from workflow.web.guard import routes, see
from workflow.web.rendering import page, zone_of
from workflow.web.site import Here, Who
from workflow.web.tables import as_csv

_TABLES = ("by_state", "by_age", "by_officer", "late_in", "ends")
made = routes()


def router() -> APIRouter:
    """Return the routes of the team."""
    return made


@made.get("/team")
@see(Area.TEAM)
def figures(request: Request, site: Here, who: Who) -> Response:
    with site.office.database.snapshot() as connection:
        found = team(connection, site.office, viewer=who.person, now=site.clock(), zone=zone_of(request))
    return page(request, "team/team.html", found=found, charts=charts)


@made.get("/team/{table}.csv")
@see(Area.TEAM)
def one_table(request: Request, site: Here, who: Who, table: str) -> Response:
    if table not in _TABLES:
        raise NotFound("NOT_FOUND", "There is no such table.")
    with site.office.database.snapshot() as connection:
        rows = team(connection, site.office, viewer=who.person, now=site.clock(), zone=zone_of(request))[table]
    return as_csv(table, rows, list(rows[0]) if rows else ["name", "count"])
