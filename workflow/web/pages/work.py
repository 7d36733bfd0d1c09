"""Lists of cases in the order of what must happen next and by when. Acting happens on the case, not in the row."""

from datetime import date, timedelta
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from states.dates import OfficeCalendar, local_day
from workflow.access import Area
from workflow.reports import cases
from workflow.web.guard import routes, see
from workflow.web.pages.case.shell import by_when, office_days
from workflow.web.rendering import page, zone_of
from workflow.web.site import Here, Who

_PAGE = 50
_GROUPS = ("Overdue", "This week", "Later", "New", "Waiting", "Certificates", "Ended")
_HINTS = {
    "New": "no target day until the application is complete",
    "Waiting": "somebody outside must act first",
    "Certificates": "by last day of validity",
}


def router() -> APIRouter:
    made = routes()

    @made.get("/cases")
    @see(Area.CASES)
    def every_case(request: Request, site: Here, who: Who, state: str = "", after: str = "") -> Response:
        now, zone = site.clock(), zone_of(request)
        with site.office.database.snapshot() as connection:
            rows = cases.list_(
                connection, site.office, viewer=who.person, now=now, state=state, after=after, limit=_PAGE + 1
            )
            known = cases.states(connection, site.office)
            days = office_days(connection, zone, now)
        shown = rows[:_PAGE]
        return page(
            request,
            "work/list.html",
            groups=_grouped(shown, local_day(now, zone), days),
            hints=_HINTS,
            total=len(shown),
            states=known,
            chosen=state,
            after=after,
            more=shown[-1]["reference"] if len(rows) > _PAGE else "",
        )

    return made


def _grouped(rows: list[dict[str, Any]], today: date, days: OfficeCalendar) -> dict[str, list[dict[str, Any]]]:
    """Return the rows under the heading that says whose move it is and by when; empty headings are left out."""
    groups: dict[str, list[dict[str, Any]]] = {name: [] for name in _GROUPS}
    for row in rows:
        certified = row["state_kind"] == "certified" and row["certificate"]
        due = row["certificate"]["valid_until"] if certified else row["deadline"]
        groups[_group(row, today)].append(row | {"by": by_when(due, today, days)})
    for name in ("Waiting", "Certificates"):
        groups[name].sort(key=lambda row: (row["by"] is None, row["by"]["on"] if row["by"] else today))
    return {name: found for name, found in groups.items() if found}


def _group(row: dict[str, Any], today: date) -> str:
    if row["state_kind"] in ("certified", "suspended"):
        return "Certificates"
    if row["state_kind"] == "closed":
        return "Ended"
    if row["state_kind"] == "waiting" or row["waits_for"] in ("company", "clock", "nobody"):
        return "Waiting"
    due = row["deadline"]
    if due is None:
        return "New"
    if due < today:
        return "Overdue"
    return "This week" if due <= today + timedelta(days=6 - today.weekday()) else "Later"
