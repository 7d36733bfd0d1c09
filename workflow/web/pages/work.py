"""Lists of cases in the order of what must happen next and by when. Acting happens on the case, not in the row.

The address holds the view, the search, the filters, the order and the page; nothing else does.
"""

import csv
import io
from collections.abc import Iterator
from datetime import date
from typing import Any
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from states.dates import local_day
from workflow import access, inputs
from workflow.access import Area, Deed
from workflow.errors import BadInput
from workflow.operations.assign_cases import MOST, assign_cases
from workflow.operations.save_view import forget_view, save_view
from workflow.operations.submit_application import submit_application
from workflow.reports import cases, people, saved_views, worklist
from workflow.reports.trail.table import safe
from workflow.reports.worklist import Wanted
from workflow.web import words
from workflow.web.answers import Problem, act, values_of
from workflow.web.forms import Problems, at, posted_of
from workflow.web.guard import routes, see
from workflow.web.pages.case.shell import by_when, office_days
from workflow.web.rendering import ours, page, zone_of
from workflow.web.site import Acting, Here, site_of

_PAGE = 50
_MOST_ROWS = 50_000  # of a CSV
_WORK_VIEWS = ("mine", "unassigned", "company", "approval", "team")
_EVERY_VIEWS = ("all", "certificates", "team", "company", "unassigned")
_GROUPS = {  # rank and day -> heading, what the tally calls it, hint
    "overdue": ("Overdue", ""),
    "week": ("This week", ""),
    "later": ("Later", ""),
    "new": ("New", "no target day until the application is complete"),
    "waiting": ("Waiting for someone else", "somebody outside must act first"),
    "held": ("Certificates", "by last day of validity"),
    "ended": ("Ended", ""),
}
_BY_RANK = {1: "new", 2: "waiting", 3: "held", 4: "ended"}
_COLUMNS = (
    "reference",
    "company_name",
    "uen",
    "programme",
    "state",
    "standing",
    "next_step",
    "waits_for",
    "deadline",
    "valid_until",
    "assignee",
    "account_manager",
)


made = routes()


@made.get("/work")
@see(Area.WORK)
def my_work(request: Request) -> Response:
    return _list(request, "/work", _WORK_VIEWS)


@made.get("/cases")
@see(Area.CASES)
def every_case(request: Request) -> Response:
    return _list(request, "/cases", _EVERY_VIEWS)


@made.get("/work.csv")
@see(Area.WORK)
def my_work_as_csv(request: Request) -> Response:
    return _as_csv(request, _WORK_VIEWS)


@made.get("/cases.csv")
@see(Area.CASES)
def every_case_as_csv(request: Request) -> Response:
    return _as_csv(request, _EVERY_VIEWS)


@made.get("/work/assign")
@see(Area.WORK)
def choose(request: Request) -> Response:
    return _assign_page(request)


@made.post("/work/assign")
@see(Area.WORK)
def assign(request: Request, site: Here, acting: Acting) -> Response:
    posted = posted_of(request)
    chosen = [_pair(one) for one in posted.many("case")]
    return act(
        request,
        lambda: assign_cases(site.office, cases=chosen, to=at("to", lambda: _named(posted.text("to"))), act=acting),
        to=_list_of(request),
        again=lambda problem: _assign_page(request, problem),
    )


@made.post("/work/views")
@see(Area.WORK)
def keep_view(request: Request, site: Here, acting: Acting) -> Response:
    posted = posted_of(request)
    query = posted.text("query")
    shared = posted.text("shared") == "yes"
    return act(
        request,
        lambda: at(
            "name", lambda: save_view(site.office, name=posted.text("name"), query=query, shared=shared, act=acting)
        ),
        to=f"/work?{query}",
        again=lambda problem: _list(request, "/work", _WORK_VIEWS, problem),
    )


@made.post("/work/views/{view}/forget")
@see(Area.WORK)
def forget(request: Request, site: Here, acting: Acting, view: int) -> Response:
    return act(request, lambda: forget_view(site.office, view=view, act=acting), to="/work")


@made.get("/cases/new")
@see(Area.CASES)
def start(request: Request) -> Response:
    return _new_page(request)


@made.post("/cases/new")
@see(Area.CASES)
def submit(request: Request, site: Here, acting: Acting) -> Response:
    posted, found = posted_of(request), Problems()
    today = local_day(acting.now, zone_of(request))

    def receive() -> Any:
        received = found.take(lambda: posted.day("received_on", "The day of receipt", today))
        found.take(lambda: at("uen", lambda: inputs.uen(posted.text("uen"))))
        if posted.text("contact_email"):
            found.take(lambda: at("contact_email", lambda: inputs.email(posted.text("contact_email"))))
        found.stop()
        return submit_application(
            site.office,
            act=acting,
            programme=posted.text("programme"),
            uen=posted.text("uen"),
            company_name=posted.text("company_name"),
            contact_email=posted.text("contact_email"),
            account_manager=posted.text("account_manager"),
            received_on=received,
            accept_check_letter=posted.text("accept_check_letter"),
            sites=[line.strip() for line in posted.text("sites").splitlines() if line.strip()],
            trader_roles=[],
            idempotency_key=posted.once,
        )

    return act(
        request,
        receive,
        to=lambda done: f"/cases/{done.data['reference']}",
        again=lambda problem: _new_page(request, problem),
    )


def router() -> APIRouter:
    """Return the routes of the lists."""
    return made


def _wanted(request: Request, views: tuple[str, ...]) -> Wanted:
    """Read the words of the address; a view of another list is unknown here."""
    # A view that could not be kept shows the list that it was to keep.
    asked = dict(parse_qsl(posted_of(request).text("query"))) if request.method == "POST" else request.query_params
    given = {name: asked[name] for name in ("find", "programme", "state", "due", "sort", "after") if asked.get(name)}
    view = asked.get("view") or ("all" if given.get("find") and "all" in views else views[0])
    if view not in views:
        raise BadInput("UNKNOWN", f'There is no list "{view[:40]}". Known: {", ".join(views)}.')
    return Wanted(view=view, **given).checked()


def _list(request: Request, address: str, views: tuple[str, ...], problem: Problem | None = None) -> Response:
    site, person = site_of(request), request.state.caller.person
    wanted, now, zone = _wanted(request, views), site.clock(), zone_of(request)
    today = local_day(now, zone)
    with site.office.database.snapshot() as connection:
        rows, more = worklist.read(
            connection, site.office, viewer=person, wanted=wanted, now=now, today=today, limit=_PAGE
        )
        tally = worklist.tally(connection, viewer=person, wanted=wanted, today=today)
        counts = worklist.counts(connection, viewer=person, views=views, today=today)
        states = cases.states(connection, site.office)
        programmes = site.office.editions.codes(connection)
        kept = saved_views.saved_views(connection, viewer=person) if address == "/work" else []
        officers = people.with_role(connection, "officer")
        days = office_days(connection, zone, now)
    seen = [row | {"by": by_when(_day(row), today, days), "clock": words.clock(row, today)} for row in rows]
    chosen = {"view": wanted.view, "find": wanted.find, "programme": wanted.programme}
    chosen |= {"state": wanted.state, "due": wanted.due, "sort": wanted.sort}
    filled = {name: value for name, value in chosen.items() if value and (name, value) != ("sort", "when")}
    query = urlencode(filled)
    area = "My work" if address == "/work" else "Cases"
    called = {views[0]: area}.get(wanted.view, worklist.VIEWS[wanted.view])
    return page(
        request,
        "work/list.html",
        status=problem.status if problem else 200,
        problem=problem,
        typed=values_of(request) if problem else {},
        area=area,
        name=next((view["name"] for view in kept if view["query"] == query), called),
        list_address=address,
        wanted=wanted,
        groups=_grouped(seen, today) if wanted.sort == "when" else [("", ("", ""), seen)],
        tally=tally,
        most=worklist.MOST_COUNTED,
        views=[(view, worklist.VIEWS[view], counts[view]) for view in views],
        states=states,
        programmes=programmes,
        dues=worklist.DUE,
        kept=kept,
        officers=officers,
        may_assign=access.role_for(Deed.ASSIGN, person.roles) is not None,
        may_claim="officer" in person.roles,
        may_submit=access.role_for(Deed.SUBMIT, person.roles) is not None,
        query=query,
        own_address=_address(address, filled),
        link=lambda **changed: _address(address, filled | changed),
        next_page=_address(address, filled | {"after": rows[-1]["reference"]}) if more else "",
        shown=len(rows),
    )


def _address(address: str, given: dict[str, str]) -> str:
    query = urlencode({name: value for name, value in given.items() if value})
    return f"{address}?{query}" if query else address


def _day(row: dict[str, Any]) -> Any:
    """Return the day by which something must happen: of a certificate its last one."""
    held = row["state_kind"] in ("certified", "suspended") and row["certificate"]
    return row["certificate"]["valid_until"] if held else row["deadline"]


def _grouped(rows: list[dict[str, Any]], today: date) -> list[tuple[str, tuple[str, str], list[dict[str, Any]]]]:
    """Return (name, heading and hint, rows) in the order of the list; a heading stands once a page."""
    groups: dict[str, list[dict[str, Any]]] = {}
    sunday = worklist.sunday(today)
    for row in rows:
        on = row["work_on"]
        name = _BY_RANK.get(row["work_rank"]) or ("overdue" if on < today else "week" if on <= sunday else "later")
        groups.setdefault(name, []).append(row)
    return [(name, _GROUPS[name], found) for name, found in groups.items()]


def _as_csv(request: Request, views: tuple[str, ...]) -> Response:
    site, person = site_of(request), request.state.caller.person
    wanted, now = _wanted(request, views), site.clock()
    today = local_day(now, zone_of(request))

    def lines() -> Iterator[str]:
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(_COLUMNS)
        with site.office.database.snapshot() as connection:
            found = worklist.every(
                connection, site.office, viewer=person, wanted=wanted, now=now, today=today, most=_MOST_ROWS
            )
            for row in found:
                flat = row | {"valid_until": (row["certificate"] or {}).get("valid_until")}
                writer.writerow([safe(str(flat[name])) if flat[name] is not None else "" for name in _COLUMNS])
                yield text.getvalue()
                text.seek(0)
                text.truncate()
        yield text.getvalue()

    name = f"{wanted.view}-{today.isoformat()}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return StreamingResponse(lines(), media_type="text/csv; charset=utf-8", headers=headers)


def _pair(text: str) -> tuple[str, int]:
    """Read a chosen case: its reference and the version that was seen."""
    reference, _, version = text.rpartition(":")
    return (reference, int(version)) if version.isdigit() and len(version) < 10 else (text, 0)  # noqa: PLR2004


def _named(email: str) -> str:
    if not email:
        raise BadInput("NOBODY", "Choose the officer to whom the cases go.")
    return email


def _list_of(request: Request) -> str:
    """Return the list that the cases were chosen in."""
    wanted = posted_of(request).text("list") or request.query_params.get("list", "")
    return ours(wanted) or "/work?view=unassigned"


def _assign_page(request: Request, problem: Problem | None = None) -> Response:
    site, person = site_of(request), request.state.caller.person
    posted = posted_of(request)
    given = request.query_params.getlist("case") or posted.many("case")
    chosen = [_pair(one)[0] for one in given[:MOST]]
    with site.office.database.snapshot() as connection:
        found = cases.some(connection, site.office, references=chosen, viewer=person, now=site.clock())
        officers = people.with_role(connection, "officer")
    to = posted.text("to") or request.query_params.get("to", "")
    name = next((one["name"] for one in officers if one["email"] == to), "")
    free = [row for row in found if row["assignee"] in (None, person.name)]
    held = [row for row in found if row["assignee"] not in (None, person.name)]
    status = problem.status if problem else 200
    return page(
        request,
        "work/assign.html",
        status=status,
        problem=problem,
        free=free,
        held=held,
        officers=officers,
        to=to,
        to_name=name,
        back=_list_of(request),
    )


def _new_page(request: Request, problem: Problem | None = None) -> Response:
    site = site_of(request)
    with site.office.database.snapshot() as connection:
        programmes = [
            (code, f"{code}, {site.office.editions.newest(connection, code).programme.title}")
            for code in site.office.editions.codes(connection)
        ]
        managers = people.with_role(connection, "account_manager")
    return page(
        request,
        "work/new.html",
        status=problem.status if problem else 200,
        problem=problem,
        typed=values_of(request) if problem else {},
        programmes=programmes,
        managers=managers,
    )
