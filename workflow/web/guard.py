"""The one gate of every route: who asks, whether the area opens, whether the object is theirs to see, whether a form is ours.

A route that names no area cannot be registered. What one may do there is decided below, by operations and rules.
"""

import hmac
import re
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from fastapi import APIRouter, HTTPException
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from states.guards import role_words
from workflow.access import OPENED_BY, Area, opens
from workflow.decisions.outcome import Act
from workflow.errors import CaseworkError, NotPermitted
from workflow.operations.note_denial import note_denial
from workflow.reports import sight
from workflow.web.forms import Posted, read_form
from workflow.web.identity import address_of
from workflow.web.limiting import Limiter
from workflow.web.site import Caller, site_of

_READING = frozenset({"GET", "HEAD", "OPTIONS"})
API = "/api/"
# What no name, number or reference holds, and PostgreSQL would not even look for.
_UNWRITTEN = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffd]")
_LARGEST_BODY = 2 * 1024 * 1024
Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


class SignInNeeded(CaseworkError):
    """Nobody is signed in, or the sign-in is not complete."""


def see(area: Area) -> Callable[[Endpoint], Endpoint]:
    """Name the area that a route belongs to. Stands below the route's own decorator."""

    def named(endpoint: Endpoint) -> Endpoint:
        endpoint.area = area  # type: ignore[attr-defined]  # a mark on a plain function
        return endpoint

    return named


class GuardedRoute(APIRoute):
    """A route behind the gate."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **given: Any) -> None:
        area = getattr(endpoint, "area", None)
        if not isinstance(area, Area):
            raise TypeError(f"The route {path} names no area; write @see(Area....) below its decorator.")
        self.area = area
        super().__init__(path, endpoint, **given)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Say in our words that a body is too large, where its length tells it before it is read."""
        length = Headers(scope=scope).get("content-length", "")
        if length.isdecimal() and int(length) > (self.max_body_size or _LARGEST_BODY):
            raise HTTPException(413)
        await super().handle(scope, receive, send)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle, area = super().get_route_handler(), self.area

        async def guarded(request: Request) -> Response:
            if any(_UNWRITTEN.search(str(value)) for value in request.path_params.values()):
                raise HTTPException(404)
            changing = request.method not in _READING and not request.url.path.startswith(API)
            request.state.caller, request.state.posted = None, Posted.nothing()
            try:
                try:
                    request.state.caller = await run_in_threadpool(site_of(request).identify, request)
                finally:
                    # What was typed is kept, signed out or in an outage; files are taken of nobody who is not signed in.
                    if changing and (request.state.caller is not None or _is_short(request)):
                        request.state.posted = await read_form(request)
                self.count(request)
                await run_in_threadpool(_enter, request, area, changing)
                return await handle(request)
            finally:
                await request.close()  # files that came along lie on the disk until then

        return guarded

    def count(self, request: Request) -> None:
        """Count the request, so that no one program slows everybody. Raises TooMany."""
        caller: Caller | None = request.state.caller
        limiter_of(request).count_page(caller.person.id if caller else "", address_of(request))


def limiter_of(request: Request) -> Limiter:
    limiter: Limiter = request.app.state.limiter
    return limiter


def routes(largest_body: int = _LARGEST_BODY) -> APIRouter:
    """Return an empty set of guarded routes. Those that take files say how large a body they take."""
    return APIRouter(route_class=GuardedRoute, max_body_size=largest_body)


def _enter(request: Request, area: Area, changing: bool) -> None:
    """Let the request in, or raise the reason. A denial to somebody signed in is in the trail."""
    site, caller = site_of(request), request.state.caller
    if changing:
        _same_origin(request)
    if area is Area.PUBLIC:
        return
    if caller is None or caller.stage != "complete":
        raise SignInNeeded("SIGN_IN", "Sign in first; then go on where you were.")
    if changing and not hmac.compare_digest(request.state.posted.token.encode(), caller.csrf.encode()):
        raise NotPermitted(
            "FORM", "This form was not made for this sign-in. Nothing was done; send it again from here."
        )
    if not opens(area, caller.person.roles):
        _deny(request, caller)
        who = role_words(tuple(sorted(OPENED_BY[area])))
        raise NotPermitted("WRONG_ROLE", f"Your role does not open {area}. For that you must be {who}.")
    if sight.hidden(site.office, caller.person, request.path_params):
        _deny(request, caller)  # and the route says by itself that there is no such case


def _is_short(request: Request) -> bool:
    length = request.headers.get("content-length", "")
    return length.isdigit() and int(length) <= _LARGEST_BODY


def _deny(request: Request, caller: Caller) -> None:
    site = site_of(request)
    act = Act(caller.person, caller.proven, site.clock())
    note_denial(site.office, method=request.method, path=request.scope["route"].path, act=act)


def _same_origin(request: Request) -> None:
    """Refuse a form that another site sends: browsers say where a request comes from, and scripts cannot change that."""
    fetched = request.headers.get("sec-fetch-site", "same-origin")
    origin = request.headers.get("origin", "")
    ours = f"{request.url.scheme}://{request.headers.get('host', '')}"
    if fetched not in ("same-origin", "none") or (origin not in ("", ours) and not _proxied(origin, request)):
        raise NotPermitted(
            "ORIGIN", "This form came from another site. Nothing was done; open the page here and send it again."
        )


def _proxied(origin: str, request: Request) -> bool:
    """Behind a proxy that ends TLS the scheme differs; the host must still be ours, or the one that AEO_BASE_URL names."""
    base = site_of(request).settings.base_url.rstrip("/")
    host = request.headers.get("host", "")
    return origin == f"https://{host}" or bool(base and (base == origin or base.startswith(f"{origin}/")))
