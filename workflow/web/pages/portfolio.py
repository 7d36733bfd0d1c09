"""An account manager's companies: what needs somebody, what ends when, what did not arrive; absence and hand-over."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from states.dates import local_day
from workflow import inputs
from workflow.access import Area
from workflow.errors import BadInput
from workflow.operations.record_absence import record_absence
from workflow.operations.transfer_portfolio import transfer_portfolio
from workflow.reports import people, portfolio
from workflow.web.answers import Problem, act, values_of
from workflow.web.forms import at, posted_of
from workflow.web.guard import routes, see
from workflow.web.rendering import page, zone_of
from workflow.web.site import Acting, Here, caller_of, site_of

made = routes()


def router() -> APIRouter:
    """Return the routes of the portfolio."""
    return made


@made.get("/portfolio")
@see(Area.PORTFOLIO)
def mine(request: Request, manager: str = "") -> Response:
    return _page(request, manager)


@made.post("/portfolio/absence")
@see(Area.PORTFOLIO)
def absent(request: Request, site: Here, acting: Acting) -> Response:
    posted = posted_of(request)
    today = local_day(acting.now, zone_of(request))
    email = posted.text("person") or caller_of(request).email

    return act(
        request,
        lambda: record_absence(
            site.office,
            email=email,
            first=at("first", lambda: inputs.written_day(posted.text("first"), "The first day", today)),
            last=at("last", lambda: inputs.written_day(posted.text("last"), "The last day", today)),
            deputy=at("deputy", lambda: _chosen(posted.text("deputy"), "Choose who stands in.")),
            act=acting,
        ),
        to="/portfolio",
        again=lambda problem: _page(request, "", problem),
    )


@made.post("/portfolio/hand-over")
@see(Area.PORTFOLIO)
def hand_over(request: Request, site: Here, acting: Acting) -> Response:
    posted = posted_of(request)
    return act(
        request,
        lambda: transfer_portfolio(
            site.office,
            from_=posted.text("from") or caller_of(request).email,
            to=at("to", lambda: _chosen(posted.text("to"), "Choose who takes over.")),
            uen=at("uen", lambda: _which(posted.text("which"), posted.text("uen"))),
            note=posted.text("note"),
            act=acting,
        ),
        to="/portfolio",
        again=lambda problem: _page(request, "", problem),
    )


def _chosen(value: str, sentence: str) -> str:
    if not value:
        raise BadInput("NOBODY", sentence)
    return value


def _which(which: str, uen: str) -> str:
    """Return the one company that is meant, or nothing for all: an empty field alone must not move a whole portfolio."""
    if which == "all" and not uen:
        return ""
    if which != "one" or not uen:
        sentence = "Choose one company and give its UEN, or choose all of them and leave the UEN empty."
        raise BadInput("WHICH_COMPANIES", sentence)
    return uen


def _page(request: Request, manager: str, problem: Problem | None = None) -> Response:
    site, caller = site_of(request), caller_of(request)
    now, zone = site.clock(), zone_of(request)
    supervises = "supervisor" in caller.person.roles
    with site.office.database.snapshot() as connection:
        managers = people.with_role(connection, "account_manager")
        own = caller.email if "account_manager" in caller.person.roles else ""
        email = manager if supervises or any(one["email"] == manager for one in managers) else ""
        chosen = next((one for one in managers if one["email"] == (email or own)), None)
        absent = chosen["email"] if supervises and chosen else caller.email
        deputies = people.deputies(people.officers(connection, local_day(now, zone)), absent)
        found = portfolio.portfolio(
            connection,
            site.office,
            viewer=caller.person,
            now=now,
            zone=zone,
            account_manager_id=chosen["id"] if chosen else "",
        )
        ends = portfolio.ends(
            connection,
            viewer=caller.person,
            today=local_day(now, zone),
            account_manager_id=chosen["id"] if chosen else "",
        )
        companies = portfolio.managed(connection, chosen["id"]) if chosen else 0
    return page(
        request,
        "portfolio/portfolio.html",
        status=problem.status if problem else 200,
        problem=problem,
        typed=values_of(request) if problem else {},
        found=found,
        ends=ends,
        companies=companies,
        managers=managers,
        deputies=deputies,
        chosen=chosen,
        supervises=supervises,
    )
