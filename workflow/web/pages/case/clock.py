"""Where a case stands: the diagram with its way, what is possible from here, runs and stops, everything planned."""

from datetime import date
from typing import Any

from fastapi import APIRouter
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from states import diagram
from workflow.access import Area
from workflow.reports import acting as reading
from workflow.reports import case_clock
from workflow.reports.calendar import calendar
from workflow.web import words
from workflow.web.guard import routes, see
from workflow.web.pages.case.shell import section
from workflow.web.site import Here, Who


def router() -> APIRouter:
    made = routes()

    @made.get("/cases/{reference}/clock")
    @see(Area.CASES)
    def clock(request: Request, site: Here, who: Who, reference: str) -> Response:
        now = site.clock()
        asked: dict[str, Any] = {"reference": reference, "viewer": who.person}
        with site.office.database.snapshot() as connection:
            moment = reading.moment(connection, site.office, now=now, **asked)
            way = case_clock.way(connection, site.office, now=now, **asked)
            ledger = calendar(connection, site.office, first=date.min, last=date.max, **asked)
            drawing = diagram.svg(
                moment.programme,
                current=moment.case.state,
                visited=way["visited"],
                possible=case_clock.possible(moment.programme, moment.facts),
                since=words.typed_day(way["since"]),
            )
            return section(
                request,
                connection,
                "case/clock.html",
                reference,
                drawing=Markup(drawing),  # noqa: S704  # our own drawing of a checked programme, escaped throughout
                actions=moment.actions,
                by_itself=case_clock.by_itself(moment.programme, moment.facts),
                targets=case_clock.targets(moment.programme, moment.facts),
                way=way,
                rows=ledger,
            )

    return made
