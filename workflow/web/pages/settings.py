"""What the installation is set to, public holidays, a try of the mail relay, and every component for a look."""

from datetime import UTC, date, datetime

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from states.dates import local_day
from workflow import inputs
from workflow.access import Area, Deed, role_for
from workflow.errors import NotFound
from workflow.operations.gazette_holiday import gazette_holiday, withdraw_holiday
from workflow.operations.try_relay import try_relay
from workflow.reports.holidays import holidays
from workflow.web.answers import Problem, act, values_of
from workflow.web.forms import at, posted_of
from workflow.web.guard import routes, see
from workflow.web.rendering import LOOK, go, page, zone_of
from workflow.web.site import Acting, Here, Who, caller_of, site_of
from workflow.web.words import Clock

made = routes()
_LOOKS = {"": "As the device is set", "light": "Light", "dark": "Dark"}
_YEAR = 365 * 24 * 3600


def router() -> APIRouter:
    """Return the routes of the settings."""
    return made


@made.get("/settings")
@see(Area.SETTINGS)
def settings(request: Request, site: Here, who: Who) -> Response:
    may_try = role_for(Deed.TRY_RELAY, who.person.roles) is not None
    return page(request, "settings/settings.html", rows=site.settings.table(), may_try=may_try)


@made.post("/settings/relay")
@see(Area.SETTINGS)
def relay(request: Request, site: Here, acting: Acting) -> Response:
    return act(
        request, lambda: try_relay(site.office, site.post(), act=acting, real_now=datetime.now(UTC)), to="/settings"
    )


@made.get("/holidays")
@see(Area.CALENDAR)
def every_holiday(request: Request, year: str = "") -> Response:
    return _holidays(request, year)


@made.post("/holidays")
@see(Area.CALENDAR)
def gazette(request: Request, site: Here, acting: Acting) -> Response:
    posted, zone = posted_of(request), zone_of(request)
    today = local_day(acting.now, zone)
    return act(
        request,
        lambda: gazette_holiday(
            site.office,
            day=at("day", lambda: inputs.written_day(posted.text("day"), "The day", today)),
            name=at("name", lambda: inputs.name(posted.text("name"), "The holiday's name")),
            act=acting,
            zone=zone,
        ),
        to="/holidays",
        again=lambda problem: _holidays(request, "", problem),
    )


@made.post("/holidays/{day}/withdraw")
@see(Area.CALENDAR)
def withdraw(request: Request, site: Here, acting: Acting, day: date) -> Response:
    reason = posted_of(request).text("reason")
    return act(
        request,
        lambda: withdraw_holiday(site.office, day=day, reason=reason, act=acting, zone=zone_of(request)),
        to=f"/holidays?year={day.year}",
        again=lambda problem: _holidays(request, str(day.year), problem),
    )


def _holidays(request: Request, asked: str, problem: Problem | None = None) -> Response:
    site, zone = site_of(request), zone_of(request)
    today = local_day(site.clock(), zone)
    year = int(asked) if asked.isascii() and asked.isdigit() and 2000 <= int(asked) <= 2100 else today.year  # noqa: PLR2004
    with site.office.database.snapshot() as connection:
        found = holidays(connection, first=date(year, 1, 1), last=date(year, 12, 31))
    may_keep = role_for(Deed.KEEP_CALENDAR, caller_of(request).person.roles) is not None
    return page(
        request,
        "settings/holidays.html",
        status=problem.status if problem else 200,
        problem=problem,
        typed=values_of(request) if problem else {},
        rows=[row for row in found if row["zone"] == zone],
        year=year,
        may_keep=may_keep,
    )


@made.post("/me/look")
@see(Area.OWN)
def look(request: Request) -> Response:
    """Keep how pages look in this browser: no secret, so it needs no session."""
    posted = posted_of(request)
    theme = posted.text("theme") if posted.text("theme") in _LOOKS else ""
    chosen = "-".join(one for one in (theme, "roomy" if posted.text("roomy") == "yes" else "") if one)
    answer = go(request, "/me", said="Pages look as you chose, in this browser.")
    answer.set_cookie(LOOK, chosen, max_age=_YEAR, path="/", httponly=True, samesite="lax", secure=True)
    return answer


@made.get("/dev/components")
@see(Area.OWN)
def components(request: Request, site: Here) -> Response:
    """Show every component in its states; not in production."""
    if site.settings.env == "production":
        raise NotFound("NOT_FOUND", "There is no such page.")
    clocks = (
        Clock("running", 47, "Day 57 of 122", "decide by", "Thu 28 Jan 2027"),
        Clock("late", 100, "Day 134 of 123", "target was", "Fri 20 Nov 2026"),
        Clock("stopped", None, "Stopped since Thu 12 Nov 2026", "answers due by", "Thu 10 Dec 2026"),
        Clock("waiting", None, "Starts when complete"),
        Clock("running", None, "Day 12", "no target set"),
    )
    sentences = (
        {
            "sentence": "Write why the application is rejected. The company reads this text.",
            "field": "reason",
            "code": "REASON_MISSING",
            "who": "",
        },
        {
            "sentence": "No on-site visit with a report is recorded in this cycle.",
            "field": "",
            "code": "VISIT_MISSING",
            "who": "Tan Wei Ming",
        },
    )
    with site.office.database.snapshot() as connection:
        codes = site.office.editions.codes(connection)
        states = site.office.editions.newest(connection, codes[0]).programme.states if codes else ()
    shown = Problem("There is a problem", sentences)
    return page(request, "settings/components.html", clocks=clocks, shown=shown, states=states)
