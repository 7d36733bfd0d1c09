"""Companies: looked up by name or UEN, and one with its cases and what is kept of it."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from workflow.access import Area
from workflow.errors import BadInput
from workflow.operations.transfer_portfolio import name_account_manager
from workflow.reports import cases, companies, people
from workflow.web.answers import Problem, act, values_of
from workflow.web.forms import at, posted_of
from workflow.web.guard import routes, see
from workflow.web.rendering import page
from workflow.web.site import Acting, Here, Who, caller_of, site_of

_PAGE = 50
made = routes()


def router() -> APIRouter:
    """Return the routes of the companies."""
    return made


@made.get("/companies")
@see(Area.COMPANIES)
def every_company(request: Request, site: Here, who: Who, find: str = "", after: str = "") -> Response:
    with site.office.database.snapshot() as connection:
        rows = companies.find(connection, viewer=who.person, sought=find[:200], after=after, limit=_PAGE + 1)
    more = rows[_PAGE - 1]["uen"] if len(rows) > _PAGE else ""
    return page(request, "companies/list.html", rows=rows[:_PAGE], find=find[:200], after=after, more=more)


@made.get("/companies/{uen}")
@see(Area.COMPANIES)
def one_company(request: Request, uen: str) -> Response:
    return _company(request, uen)


@made.post("/companies/{uen}/account-manager")
@see(Area.COMPANIES)
def name_manager(request: Request, site: Here, acting: Acting, uen: str) -> Response:
    posted = posted_of(request)
    return act(
        request,
        lambda: name_account_manager(
            site.office, uen=uen, to=at("to", lambda: _chosen(posted.text("to"))), note=posted.text("note"), act=acting
        ),
        to=f"/companies/{uen}",
        again=lambda problem: _company(request, uen, problem),
    )


def _chosen(email: str) -> str:
    if not email:
        raise BadInput("NOBODY", "Choose the account manager.")
    return email


def _company(request: Request, uen: str, problem: Problem | None = None) -> Response:
    site, person = site_of(request), caller_of(request).person
    with site.office.database.snapshot() as connection:
        found = companies.company(connection, uen=uen, viewer=person)
        of_it = cases.some(connection, site.office, references=found["cases"], viewer=person, now=site.clock())
        managers = people.with_role(connection, "account_manager")
    return page(
        request,
        "companies/company.html",
        status=problem.status if problem else 200,
        problem=problem,
        typed=values_of(request) if problem else {},
        company=found,
        cases=list(reversed(of_it)),
        managers=managers,
    )
