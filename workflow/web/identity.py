"""Who asks: a session's cookie for pages, a bearer's token for the API. Knows neither passwords nor roles."""

import ipaddress

from starlette.requests import Request
from starlette.responses import Response

from workflow.operations.resume import resume
from workflow.operations.token_holder import token_holder
from workflow.store import people
from workflow.web.site import Caller, Site, site_of

_COOKIE = "__Host-aeo-session"  # the prefix keeps other hosts and plain HTTP from setting it
_API = "/api/"


def identify(request: Request) -> Caller | None:
    """Return who asks. A cookie counts for nothing in the API, whose forms no page made."""
    site = site_of(request)
    if request.url.path.startswith(_API):
        return _bearer(site, request)
    token = token_of(request)
    found = resume(site.office, token, now=site.clock()) if token else None
    if found is None:
        return None
    return Caller(found.person, found.email, found.proven, found.csrf, found.session_id, found.stage)


def _bearer(site: Site, request: Request) -> Caller | None:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    found = token_holder(site.office, token.strip(), now=site.clock()) if kind.lower() == "bearer" else None
    if found is None:
        return None
    person, token_id = found
    with site.office.database.snapshot() as connection:
        _, email = people.contact_of(connection, person.id)
    return Caller(person, email, f"token {token_id}")


def token_of(request: Request) -> str:
    """Return the session's token as the browser sent it."""
    return request.cookies.get(_COOKIE, "")


def remember(answer: Response, token: str) -> None:
    """Let the browser keep a session's token until it is closed."""
    answer.set_cookie(_COOKIE, token, path="/", secure=True, httponly=True, samesite="lax")


def forget(answer: Response) -> None:
    answer.delete_cookie(_COOKIE, path="/", secure=True, httponly=True, samesite="lax")


def address_of(request: Request) -> str:
    """Return where a request comes from, as far as we can know it, or nothing.

    We listen on a loopback address, so it is the proxy beside us that says; without one everybody is on this machine.
    """
    peer = request.client.host if request.client else ""
    try:
        beside_us = ipaddress.ip_address(peer).is_loopback
    except ValueError:
        return ""
    return request.headers.get("x-forwarded-for", "").rpartition(",")[2].strip() if beside_us else peer
