"""The first page of a case: what the decision turns on, the checklist at a glance, facts, the latest."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from workflow.access import Area
from workflow.reports import acting, case_page, cases
from workflow.web.guard import routes, see
from workflow.web.pages.case.shell import section
from workflow.web.site import Here, Who

_LATEST = 6


def router() -> APIRouter:
    made = routes()

    @made.get("/cases/{reference}")
    @see(Area.CASES)
    def overview(request: Request, site: Here, who: Who, reference: str) -> Response:
        with site.office.database.snapshot() as connection:
            glance = case_page.at_a_glance(
                connection, site.office, reference=reference, viewer=who.person, now=site.clock()
            )
            moment = acting.moment(connection, site.office, reference=reference, viewer=who.person, now=site.clock())
            told = cases.history(connection, site.office, reference=reference, viewer=who.person)
            places, rows = acting.sections(moment.programme, glance["criteria"])
            return section(
                request,
                connection,
                "case/overview.html",
                reference,
                glance=glance,
                points=acting.points(connection, moment.programme, moment.case),
                contacts=acting.contacts(connection, moment.case),
                places=places,
                rows=rows,
                latest=list(reversed(told))[:_LATEST],
            )

    return made
