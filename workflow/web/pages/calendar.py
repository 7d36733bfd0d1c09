"""What the clock will do, as a month and as a list, and under an address for calendar programs."""

import calendar as months
from datetime import date, timedelta
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from notifications.ics import CONTENT_TYPE
from states.dates import local_day
from workflow.access import Area
from workflow.errors import BadInput, NotFound
from workflow.operations.subscribe_calendar import reader_of, revoke_calendar, subscribe_calendar
from workflow.reports import calendar, people
from workflow.reports.holidays import holidays
from workflow.web.answers import act
from workflow.web.guard import routes, see
from workflow.web.rendering import page, zone_of
from workflow.web.site import Acting, Here, Who

_BACK, _AHEAD = timedelta(days=60), timedelta(days=3 * 366)  # what a calendar program is given
_SHOWN = 3  # lines of a day in the month
made = routes()


def router() -> APIRouter:
    """Return the routes of the calendar."""
    return made


@made.get("/calendar")
@see(Area.CALENDAR)
def month(request: Request, site: Here, who: Who, month: str = "", manager: str = "", address: str = "") -> Response:
    zone = zone_of(request)
    today = local_day(site.clock(), zone)
    first = _first_of(month, today)
    weeks = months.Calendar().monthdatescalendar(first.year, first.month)
    with site.office.database.snapshot() as connection:
        managers = people.with_role(connection, "account_manager")
        chosen = next((one["id"] for one in managers if one["email"] == manager), "")
        rows = calendar.calendar(
            connection,
            site.office,
            viewer=who.person,
            first=weeks[0][0],
            last=weeks[-1][-1],
            account_manager_id=chosen,
        )
        free = holidays(connection, first=weeks[0][0], last=weeks[-1][-1])
    by_day: dict[date, list[dict[str, Any]]] = {}
    for row in rows:
        by_day.setdefault(row["due_on"], []).append(row)
    named = {one["day"]: one["name"] for one in free if one["zone"] == zone and one["status"] == "closed"}
    # The address of a new subscription is shown once, on the page after it was made.
    base = (site.settings.base_url or str(request.base_url)).rstrip("/")
    word = site.read("calendar", address, seconds=300) if address else None
    return page(
        request,
        "calendar/month.html",
        first=first,
        weeks=weeks,
        by_day=by_day,
        in_month=[row for row in rows if row["due_on"].month == first.month],
        holidays=named,
        before=first - timedelta(days=1),
        after=first + timedelta(days=32),
        managers=managers,
        manager=manager if chosen else "",
        shown=_SHOWN,
        new_address=f"{base}/calendar.ics?token={word}" if word else "",
    )


def _first_of(month: str, today: date) -> date:
    if not month:
        return today.replace(day=1)
    year, _, number = month.partition("-")
    if year.isdecimal() and number.isdecimal() and 1 <= int(number) <= 12 and 2000 <= int(year) <= 2100:  # noqa: PLR2004
        return date(int(year), int(number), 1)
    raise BadInput("MONTH", f'"{month[:20]}" is not a month such as 2027-01.')


@made.get("/calendar.ics")
@see(Area.PUBLIC)
def subscribed(request: Request, site: Here, token: str = "") -> Response:
    """Hand a calendar program what the person of this address may see; an unknown or revoked address is not there."""
    now = site.clock()
    today = local_day(now, zone_of(request))
    with site.office.database.snapshot() as connection:
        person = reader_of(connection, token, now=now)
        if person is None:
            raise NotFound("NOT_FOUND", "There is no calendar at this address.")
        own = person.id if "account_manager" in person.roles else ""
        rows = calendar.calendar(
            connection,
            site.office,
            viewer=person,
            first=today - _BACK,
            last=today + _AHEAD,
            account_manager_id=own,
        )
    content = calendar.as_ics(f"AEO Casework: {person.name}", rows)
    return Response(content, media_type=CONTENT_TYPE, headers={"Cache-Control": "private, max-age=900"})


@made.post("/calendar/address")
@see(Area.CALENDAR)
def subscribe(request: Request, site: Here, acting: Acting) -> Response:
    return act(
        request,
        lambda: subscribe_calendar(site.office, act=acting),
        to=lambda done: f"/calendar?address={site.sign('calendar', done.data['token'])}#address",
    )


@made.post("/calendar/address/revoke")
@see(Area.CALENDAR)
def revoke(request: Request, site: Here, acting: Acting) -> Response:
    return act(request, lambda: revoke_calendar(site.office, act=acting), to="/calendar")
