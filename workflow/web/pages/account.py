"""Your account: where you are signed in, your password, your tokens. Nobody else's."""

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from states.dates import local_day
from workflow.access import Area
from workflow.decisions.outcome import Act as ActBy
from workflow.errors import BadInput, CaseworkError, NotPermitted, NotSignedIn, TooMany
from workflow.operations.add_token import AddedToken, add_token
from workflow.operations.end_session import end_session, end_sessions_of
from workflow.operations.revoke_token import revoke_token
from workflow.operations.set_password import change_password
from workflow.reports.sign_ins import sessions_of, tokens_of
from workflow.store.absences import OFFICE_ZONE
from workflow.web.answers import Problem, act
from workflow.web.forms import posted_of
from workflow.web.guard import routes, see
from workflow.web.identity import address_of, remember, token_of
from workflow.web.rendering import go, page
from workflow.web.site import Acting, Caller, Here, Site, Who

_BROWSERS = (("Edg/", "Edge"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
_SYSTEMS = (
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "an iPhone"),
    ("iPad", "an iPad"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


def router() -> APIRouter:
    made = routes()

    @made.get("/me")
    @see(Area.OWN)
    def overview(request: Request, site: Here, who: Who) -> Response:
        return _overview(request, site, who)

    @made.post("/me/sessions/end-others")
    @see(Area.OWN)
    def end_others(request: Request, site: Here, who: Who, acting: Acting) -> Response:
        return act(
            request,
            lambda: end_sessions_of(site.office, officer_id=who.person.id, act=acting, but=who.session_id),
            to="/me",
        )

    @made.post("/me/sessions/{session_id}/end")
    @see(Area.OWN)
    def end_one(request: Request, site: Here, acting: Acting, session_id: str) -> Response:
        return act(request, lambda: end_session(site.office, session_id=session_id, act=acting), to="/me")

    @made.get("/me/password")
    @see(Area.OWN)
    def password_form(request: Request) -> Response:
        return page(request, "account/password.html")

    @made.post("/me/password")
    @see(Area.OWN)
    def password(request: Request, site: Here) -> Response:
        return _password(request, site)

    @made.post("/me/tokens")
    @see(Area.OWN)
    def token(request: Request, site: Here, who: Who, acting: Acting) -> Response:
        return _token(request, site, who, acting)

    @made.post("/me/tokens/{token_id}/revoke")
    @see(Area.OWN)
    def revoke(request: Request, site: Here, acting: Acting, token_id: str) -> Response:
        return act(request, lambda: revoke_token(site.office, token_id=token_id, act=acting), to="/me")

    return made


def _password(request: Request, site: Site) -> Response:
    posted = posted_of(request)
    try:
        started = change_password(
            site.office,
            site.secrets,
            token=token_of(request),
            old=posted.text("old"),
            new=_twice(posted.text("new"), posted.text("repeated")),
            address=address_of(request),
            now=site.clock(),
        )
    except (BadInput, NotSignedIn, TooMany) as error:
        problem = _problem(error, "old" if isinstance(error, NotSignedIn) else "new")
        return page(request, "account/password.html", status=problem.status, problem=problem)
    answer = go(request, "/me", said="Your password is changed. You are signed out everywhere else.")
    remember(answer, started.token)
    return answer


def _twice(first: str, second: str) -> str:
    if first != second:
        raise BadInput("PASSWORD_REPEATED", "The two new passwords differ. Type the same twice.")
    return first


def _token(request: Request, site: Site, who: Caller, acting: ActBy) -> Response:
    """Show a new token once: it is on this page and on no other."""
    posted = posted_of(request)
    try:
        added = add_token(
            site.office,
            email=who.email,
            name=posted.text("name"),
            roles=posted.many("role"),
            last_day=posted.day("last_day", "The last day", local_day(site.clock(), OFFICE_ZONE)),
            act=acting,
        )
    except (BadInput, NotPermitted) as error:
        field = error.details.get("field") or ("name" if error.code.startswith("TEXT") else "last_day")
        return _overview(request, site, who, problem=_problem(error, str(field)), typed=dict(posted.typed()))
    return _overview(request, site, who, added=added)


def _overview(
    request: Request,
    site: Site,
    who: Caller,
    *,
    added: AddedToken | None = None,
    problem: Problem | None = None,
    typed: dict[str, str] | None = None,
) -> Response:
    with site.office.database.snapshot() as connection:
        sessions = [_shown(one, who) for one in sessions_of(connection, who.person.id, site.clock())]
        tokens = tokens_of(connection, site.clock(), who.person.id)
    return page(
        request,
        "account/overview.html",
        status=problem.status if problem else 200,
        problem=problem,
        typed=typed or {},
        sessions=sessions,
        tokens=tokens,
        added=added,
    )


def _shown(session: dict[str, Any], who: Caller) -> dict[str, Any]:
    return session | {"here": session["id"] == who.session_id, "device": device(session["agent"])}


def device(agent: str) -> str:
    """Return what a browser calls itself, in words."""
    browser = next((name for mark, name in _BROWSERS if mark in agent), "Another browser")
    system = next((name for mark, name in _SYSTEMS if mark in agent), "")
    return f"{browser} on {system}" if system else browser


def _problem(error: CaseworkError, field: str) -> Problem:
    statuses = ((NotSignedIn, 401), (TooMany, 429), (NotPermitted, 403))
    status = next((status for kind, status in statuses if isinstance(error, kind)), 422)
    told = {"sentence": error.sentence, "field": field, "code": error.code, "who": ""}
    return Problem("There is a problem", (told,), status)
