"""The way in: password, one-time code, the agency's provider; and the way out. What proves somebody is decided below."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from workflow.access import Area
from workflow.decisions.outcome import Act
from workflow.decisions.sign_ins import StartedSession
from workflow.errors import BadInput, CaseworkError, NotFound, NotSignedIn, TooMany, Unavailable
from workflow.operations.demonstration import demonstration_sign_ins
from workflow.operations.end_session import end_session
from workflow.operations.enrol_code import enrol_code, start_enrolment
from workflow.operations.give_code import give_code
from workflow.operations.sign_in import sign_in
from workflow.operations.sign_in_elsewhere import LASTS, oidc_begin, oidc_finish
from workflow.provider import Provider
from workflow.web import kept as forms_kept
from workflow.web import navigation
from workflow.web.answers import Problem
from workflow.web.forms import posted_of
from workflow.web.guard import routes, see
from workflow.web.identity import address_of, forget, remember, token_of
from workflow.web.rendering import go, ours, page
from workflow.web.site import Caller, caller_of, site_of

_KEPT_SECONDS = 12 * 3600
_PROVIDER = "__Host-aeo-provider"
_ANSWER = "/sign-in/provider/answer"
_STEPS = {"code": "/sign-in/code", "enrol": "/sign-in/set-up"}


def router() -> APIRouter:  # noqa: C901  # a list of routes, each of them short
    made = routes()

    @made.get("/sign-in")
    @see(Area.PUBLIC)
    def form(request: Request) -> Response:
        """Show how to sign in; who is signed in goes on."""
        caller = request.state.caller
        if caller is not None and caller.stage == "complete":
            return RedirectResponse(_next(request) or _home(caller), status_code=303)
        return _form(request)

    @made.post("/sign-in")
    @see(Area.PUBLIC)
    def enter(request: Request) -> Response:
        site, posted = site_of(request), posted_of(request)
        return _tried(
            request,
            lambda: sign_in(
                site.office,
                site.secrets,
                email=posted.text("email"),
                password=posted.text("password"),
                address=address_of(request),
                agent=request.headers.get("user-agent", ""),
                before=token_of(request),
                now=site.clock(),
                real_now=_real_now(),
            ),
            lambda problem: _form(request, problem),
        )

    @made.post("/sign-in/again")
    @see(Area.PUBLIC)
    def again(request: Request) -> Response:
        """Show how to sign in, keeping a form that came without a sign-in."""
        return _form(request)

    @made.get("/sign-in/code")
    @see(Area.PUBLIC)
    def code_form(request: Request) -> Response:
        return _code_form(request) if _stage(request) == "code" else _elsewhere(request)

    @made.post("/sign-in/code")
    @see(Area.PUBLIC)
    def code(request: Request) -> Response:
        return _coded(request, "code", give_code, _code_form)

    @made.get("/sign-in/set-up")
    @see(Area.PUBLIC)
    def set_up_form(request: Request) -> Response:
        return _set_up_form(request) if _stage(request) == "enrol" else _elsewhere(request)

    @made.post("/sign-in/set-up")
    @see(Area.PUBLIC)
    def set_up(request: Request) -> Response:
        return _coded(request, "enrol", enrol_code, _set_up_form)

    @made.get("/sign-in/provider")
    @see(Area.PUBLIC)
    def begin(request: Request) -> Response:
        """Send the browser to the provider. A link: a form that led away would be stopped by our own policy."""
        site, provider = site_of(request), _provider(request)
        try:
            begun = oidc_begin(provider, site.secrets, back=_back(request), real_now=_real_now())
        except Unavailable as error:
            return _form(request, _problem(error))
        answer = RedirectResponse(begun.address, status_code=303, headers={"Cache-Control": "no-store"})
        kept = site.sign("provider", {"blob": begun.blob, "next": _next(request)})
        lasts = int(LASTS.total_seconds())
        answer.set_cookie(_PROVIDER, kept, max_age=lasts, path="/", secure=True, httponly=True, samesite="lax")
        return answer

    @made.get(_ANSWER)
    @see(Area.PUBLIC)
    def come_back(request: Request) -> Response:
        site, provider = site_of(request), _provider(request)
        cookie = request.cookies.get(_PROVIDER, "")
        kept = site.read("provider", cookie, seconds=int(LASTS.total_seconds())) or {"blob": "", "next": ""}
        answer = _tried(
            request,
            lambda: oidc_finish(
                site.office,
                site.secrets,
                provider,
                answer=dict(request.query_params),
                blob=kept["blob"],
                back=_back(request),
                address=address_of(request),
                agent=request.headers.get("user-agent", ""),
                before=token_of(request),
                now=site.clock(),
                real_now=_real_now(),
            ),
            lambda problem: _form(request, problem),
            to=kept["next"],
        )
        answer.delete_cookie(_PROVIDER, path="/", secure=True, httponly=True, samesite="lax")
        return answer

    @made.post("/sign-out")
    @see(Area.OWN)
    def leave(request: Request) -> Response:
        site, caller = site_of(request), caller_of(request)
        act = Act(caller.person, caller.proven, site.clock())
        end_session(site.office, session_id=caller.session_id, act=act)
        answer = go(request, "/sign-in", said="You are signed out.")
        forget(answer)
        return answer

    return made


def _coded(
    request: Request,
    stage: str,
    operation: Callable[..., StartedSession],
    again: Callable[[Request, Problem], Response],
) -> Response:
    """Take the step in that a code from the person's phone opens."""
    site = site_of(request)
    if _stage(request) != stage:
        return _elsewhere(request)
    return _tried(
        request,
        lambda: operation(
            site.office,
            site.secrets,
            token=token_of(request),
            code=posted_of(request).text("code"),
            address=address_of(request),
            now=site.clock(),
            real_now=_real_now(),
        ),
        lambda problem: again(request, problem),
    )


def _tried(
    request: Request, operation: Callable[[], StartedSession], again: Callable[[Problem], Response], *, to: str = ""
) -> Response:
    """Take one step in: go on with the session, or show the form again with what is wrong."""
    try:
        started = operation()
    except (NotSignedIn, TooMany, BadInput, Unavailable) as error:
        if error.code == "SIGN_IN_OVER":
            request.state.caller = None
            return _form(request, _problem(error))
        return again(_problem(error))
    request.state.next = to or _next(request)
    answer = _onward(request, started)
    remember(answer, started.token)
    return answer


def _onward(request: Request, started: StartedSession) -> Response:
    """Return the next step, the form that was kept, or where the person wanted to go."""
    kept = posted_of(request).text("kept")
    caller = Caller(started.person, "", "", started.csrf, started.session_id, started.stage)
    request.state.caller = caller
    if started.stage == "code":
        return _code_form(request)
    if started.stage == "enrol":
        return _set_up_form(request, token=started.token)
    form = site_of(request).read("kept form", kept, seconds=_KEPT_SECONDS) if kept else None
    if form is not None and form.get("who") != caller.person.id:
        to = _next(request) or _home(caller)
        return go(request, to, said="What was sent from this browser without a sign-in was not yours. It is discarded.")
    if form is not None:
        return page(
            request,
            "sign_in/kept.html",
            action=form["to"],
            name=forms_kept.named(form["to"]),
            fields=forms_kept.fields(tuple(pair) for pair in form["fields"]),
            whole=form["whole"],
            home=_home(caller),
            place=ours(form["back"]),
        )
    return go(request, _next(request) or _home(caller))


def _form(request: Request, problem: Problem | None = None) -> Response:
    site = site_of(request)
    return _page(
        request,
        "sign_in/sign_in.html",
        problem,
        typed={"email": posted_of(request).text("email")},
        provider=site.provider,
        people=demonstration_sign_ins(site.office, real_now=_real_now()),
    )


def _code_form(request: Request, problem: Problem | None = None) -> Response:
    return _page(request, "sign_in/code.html", problem)


def _set_up_form(request: Request, problem: Problem | None = None, *, token: str = "") -> Response:
    site = site_of(request)
    try:
        enrolment = start_enrolment(site.office, site.secrets, token=token or token_of(request), now=site.clock())
    except (NotSignedIn, BadInput) as error:
        request.state.caller = None
        return _form(request, _problem(error))
    groups = [enrolment.secret[at : at + 4] for at in range(0, len(enrolment.secret), 4)]
    return _page(request, "sign_in/set_up.html", problem, secret=" ".join(groups), uri=enrolment.uri)


def _page(request: Request, template: str, problem: Problem | None, **values: Any) -> Response:
    kept, status = posted_of(request).text("kept"), problem.status if problem else 200
    return page(request, template, status=status, problem=problem, next=_next(request), kept=kept, **values)


def _problem(error: CaseworkError) -> Problem:
    statuses = ((NotSignedIn, 401), (TooMany, 429), (Unavailable, 503))
    status = next((status for kind, status in statuses if isinstance(error, kind)), 422)
    fields = {"SIGN_IN": "email", "CODE": "code"}
    told = {"sentence": error.sentence, "field": fields.get(error.code, ""), "code": error.code, "who": ""}
    return Problem("You are not signed in yet", (told,), status)


def _stage(request: Request) -> str:
    caller: Caller | None = request.state.caller
    return caller.stage if caller is not None else ""


def _elsewhere(request: Request) -> Response:
    """Send somebody who is at another step there; who is signed in, home; anybody else to the beginning."""
    caller: Caller | None = request.state.caller
    if caller is None:
        return RedirectResponse("/sign-in", status_code=303)
    return RedirectResponse(_STEPS.get(caller.stage) or _home(caller), status_code=303)


def _next(request: Request) -> str:
    """Return where the person wanted to go: an address of ours, never another site's."""
    if known := getattr(request.state, "next", ""):
        return str(known)
    wanted = posted_of(request).text("next") or request.query_params.get("next", "")
    return "" if wanted.startswith("/sign-") else ours(wanted)


def _provider(request: Request) -> Provider:
    provider = site_of(request).provider
    if provider is None:
        raise NotFound("NO_PROVIDER", "There is no single sign-on here. Sign in with your password.")
    return provider


def _back(request: Request) -> str:
    """Return the page that takes the provider's answer, as the provider knows it."""
    base = site_of(request).settings.base_url.rstrip("/")
    return (base or f"{request.url.scheme}://{request.headers.get('host', '')}") + _ANSWER


def _home(caller: Caller) -> str:
    return navigation.home(caller.person.roles)


def _real_now() -> datetime:
    """What phones and providers show, also where the installation's clock is moved."""
    return datetime.now(UTC)
