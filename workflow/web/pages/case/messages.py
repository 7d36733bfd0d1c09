"""The messages of a case, both ways: what went out with its fate, what waits, what was asked and answered."""

from itertools import groupby
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from workflow.access import Area, Deed, role_for
from workflow.errors import NotFound
from workflow.operations.read_message import read_message
from workflow.operations.retry_message import AGAIN
from workflow.reports import case_file, mail
from workflow.web.guard import routes, see
from workflow.web.pages.case.shell import section
from workflow.web.pages.messages import before_of, post_of, shown_of
from workflow.web.site import Here, Who


def router() -> APIRouter:
    made = routes()

    @made.get("/cases/{reference}/messages")
    @see(Area.CASES)
    def messages(request: Request, site: Here, who: Who, reference: str, before: str = "") -> Response:
        with site.office.database.snapshot() as connection:
            rows = mail.messages(
                connection,
                site.office,
                viewer=who.person,
                now=site.clock(),
                reference=reference,
                before=before_of(before),
                limit=mail.PAGE + 1,
            )
            shown = rows[: mail.PAGE]
            waits = [one for one in shown if one["status"] in ("queued", "sending")]
            requests = case_file.requests(connection, reference=reference, viewer=who.person)
            return section(
                request,
                connection,
                "case/messages.html",
                reference,
                waits=_letters(waits),
                sent=_letters([one for one in shown if one not in waits]),
                more=shown[-1]["id"] if len(rows) > mail.PAGE else 0,
                paged=bool(before),
                requests=[] if before else list(reversed(requests)),
            )

    @made.get("/cases/{reference}/messages/{message}")
    @see(Area.CASES)
    def one(request: Request, site: Here, who: Who, reference: str, message: str, show: str = "") -> Response:
        letter = read_message(
            site.office, post_of(site), message=mail.number(message), viewer=who.person, now=site.clock()
        )
        if letter.opened.row["reference"] != reference:
            raise NotFound("NO_MESSAGE", "There is no such message in this case.")
        with site.office.database.snapshot() as connection:
            return section(
                request,
                connection,
                "case/message.html",
                reference,
                letter=letter,
                show=shown_of(show),
                here_is=f"/cases/{reference}/messages/{letter.opened.row['id']}",
                may_retry=role_for(Deed.RETRY_MESSAGE, who.person.roles) is not None,
                AGAIN=AGAIN,
            )

    return made


def _letters(rows: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Return messages by what was written: one letter to several people stands once, with each outcome."""
    return [list(those) for _, those in groupby(rows, key=lambda one: (one["message"], one["cause"]))]
