"""The case file as one page with everything open, for paper. Its foot says when, by whom, and what the log looked like."""

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from workflow.access import Area
from workflow.reports import acting as reading
from workflow.reports import case_clock, case_file, case_page, cases, mail
from workflow.reports.checklist import checklist
from workflow.reports.papers import papers
from workflow.store import log
from workflow.web import words
from workflow.web.guard import routes, see
from workflow.web.pages.case.checklist import look
from workflow.web.rendering import page
from workflow.web.site import Here, Who

_MOST = 1_000  # messages; a case has some dozens in a term
_DIGITS = 8  # of the root hash


def router() -> APIRouter:
    made = routes()

    @made.get("/cases/{reference}/print")
    @see(Area.CASES)
    def printed(request: Request, site: Here, who: Who, reference: str) -> Response:
        now, office = site.clock(), site.office
        asked: dict[str, Any] = {"reference": reference, "viewer": who.person}
        with office.database.snapshot() as connection:
            shown = cases.show(connection, office, now=now, **asked)
            moment = reading.moment(connection, office, now=now, **asked)
            checkpoint = log.newest_checkpoint(connection)
            glance = case_page.at_a_glance(connection, office, now=now, **asked)
            values: dict[str, Any] = {
                "case": shown,
                "zone": shown["time_zone"],
                "glance": glance,
                "points": reading.points(connection, moment.programme, moment.case),
                "contacts": reading.contacts(connection, moment.case),
                "checklist": checklist(connection, office, **asked),
                "papers": papers(connection, office, **asked),
                "visits": case_file.visits(connection, **asked),
                "actions": case_file.actions(connection, **asked),
                "requests": case_file.requests(connection, **asked),
                "letters": list(
                    reversed(mail.messages(connection, office, now=now, limit=_MOST, **asked)),
                ),
                "spans": case_clock.way(connection, office, now=now, **asked)["spans"],
                "history": cases.history(connection, office, **asked),
            }
        root = checkpoint.root[:_DIGITS] if checkpoint is not None else ""
        return page(
            request,
            "case/print.html",
            clock=words.clock(shown, words.local(now, shown["time_zone"]) or now.date()),
            cell_look=look,
            checkpoint=checkpoint,
            root=root,
            **values,
        )

    return made
