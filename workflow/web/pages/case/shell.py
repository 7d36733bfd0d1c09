"""What every page of a case carries: identity, route, sections with their counts, next step, what the clock will do.

Reads one snapshot in a constant number of queries. Decides nothing: `explain()` does.
"""

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from states.dates import OfficeCalendar, local_day
from states.definition import BANDS
from workflow.reports import acting, case_page, cases
from workflow.reports.calendar import calendar
from workflow.store.calendar import office_calendar
from workflow.web import words
from workflow.web.answers import Problem, values_of
from workflow.web.pages.case.next_step import panel_of
from workflow.web.rendering import page
from workflow.web.site import caller_of, site_of

COUNTED_DAYS = 60  # beyond, a date says more than a count
# path under the case, title
SECTIONS = (
    ("", "Overview"),
    ("checklist", "Checklist"),
    ("documents", "Documents"),
    ("visits", "Visits"),
    ("information", "Questions"),
    ("messages", "Messages"),
    ("clock", "State and clock"),
    ("history", "History"),
    ("company", "Company"),
)


def section(
    request: Request,
    connection: Connection,
    template: str,
    reference: str,
    *,
    problem: Problem | None = None,
    **values: Any,
) -> Response:
    """Return a page of a case: the shell around the section's own values. Raises NotFound."""
    shell = shell_of(request, connection, reference)
    if problem is not None:  # what was typed comes back with it
        values = {"typed": values_of(request)} | values
    status = problem.status if problem else 200
    return page(request, template, status=status, problem=problem, **(shell | {"on_its_own_page": False} | values))


def shell_of(request: Request, connection: Connection, reference: str) -> dict[str, Any]:
    """Return what the shell shows. Raises NotFound."""
    site, person = site_of(request), caller_of(request).person
    now = site.clock()
    shown = cases.show(connection, site.office, reference=reference, viewer=person, now=now)
    zone = shown["time_zone"]
    today = local_day(now, zone)
    moment = acting.moment(connection, site.office, reference=reference, viewer=person, now=now)
    stations = case_page.route(connection, site.office, reference=reference, viewer=person)
    ledger = calendar(connection, site.office, first=date.min, last=date.max, reference=reference, viewer=person)
    return {
        "case": shown,
        "clock": words.clock(shown, today),
        "deadline": by_when(shown["deadline"], today, office_days(connection, zone, now)),
        "stations": stations,
        "yours": moment.mine and shown["waits_for"] == "officer",
        "panel": panel_of(moment, stations, today),
        "bands": BANDS,
        "band": moment.facts.band,
        "ledger": [row for row in ledger if row["status"] == "planned"],
        "settled": len([row for row in ledger if row["status"] != "planned"]),
        "sections": SECTIONS,
        "counts": case_page.counts(connection, case_id=shown["id"], cycle=shown["facts_cycle"]),
        "zone": zone,
    }


def office_days(connection: Connection, zone: str, now: datetime) -> OfficeCalendar:
    today = local_day(now, zone)
    year = timedelta(days=366)
    return office_calendar(connection, zone, today - year, today + year)


def by_when(due: date | None, today: date, days: OfficeCalendar) -> dict[str, Any] | None:
    if due is None:
        return None
    near = abs((due - today).days) <= COUNTED_DAYS
    count = words.distance(due, today, days.office_days_between(today, due)) if near else ""
    return {"on": due, "late": due < today, "count": count}
