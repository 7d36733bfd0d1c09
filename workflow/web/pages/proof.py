"""The proof that every reminder is accounted for, worked out anew from decisions and rules."""

from collections.abc import Mapping
from datetime import timedelta

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from states.dates import local_day
from workflow import inputs
from workflow.access import Area
from workflow.errors import BadInput
from workflow.reports.reminder_proof import Account, prove
from workflow.web.answers import problem_of
from workflow.web.forms import days_of
from workflow.web.guard import routes, see
from workflow.web.rendering import page, zone_of
from workflow.web.site import Here

_SHOWN = 200  # reminders on the page; the file holds them all
_WORDS = {
    "sent": "Sent",
    "by_letter": "By letter",
    "waiting": "Waiting",
    "suppressed": "Held back",
    "failed": "Failed",
    "in_doubt": "Uncertain",
    "superseded": "Superseded",
    "cancelled": "Cancelled",
    "planned": "Not due yet",
    "unaccounted": "Unaccounted",
}
made = routes()


def router() -> APIRouter:
    """Return the routes of the proof."""
    return made


@made.get("/proof")
@see(Area.PROOF)
def reminders(request: Request, site: Here, first: str = "", last: str = "") -> Response:
    now, zone = site.clock(), zone_of(request)
    today = local_day(now, zone)
    asked = {"first": first or "", "last": last or ""}
    try:
        begin, end = days_of(first, last, today)
        begin, end = begin or today - timedelta(days=365), end or today
        inputs.in_order(begin, end)
    except BadInput as error:
        return page(request, "proof/proof.html", status=422, problem=problem_of(error), proof=None, asked=asked)
    if not request.query_params.keys() & {
        "first",
        "last",
    }:  # the proof of a large register takes its time: nobody gets one unasked
        return page(request, "proof/proof.html", proof=None, asked=asked)
    accounts: list[Account] = []
    with site.office.database.snapshot() as connection:
        found = prove(connection, site.office, first=begin, last=end, now=now, tell=accounts.append)
    rows = [one for one in accounts if not one.timer]
    if request.query_params.get("format") == "json":
        data = found.as_data() | {"reminders": [one.as_data() for one in rows]}
        headers = {"Content-Disposition": 'attachment; filename="proof.json"', "Cache-Control": "no-store"}
        return JSONResponse(_plain(data), headers=headers)
    rows.sort(key=lambda one: (one.fate != "unaccounted", one.due_on or today, one.application))
    return page(
        request,
        "proof/proof.html",
        proof=found,
        counts=[(_WORDS.get(fate, fate), fate, count) for fate, count in sorted(found.fates.items())],
        rows=rows[:_SHOWN],
        total=len(rows),
        fates=_WORDS,
        asked=asked,
    )


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value if isinstance(value, str | int | bool | type(None)) else str(value)
