"""Turns a template and values into a page with what every page carries. Knows no case and no database."""

import secrets
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from workflow.errors import Unavailable
from workflow.web import acts, navigation, words
from workflow.web.site import Caller, site_of

TEMPLATES = Path(__file__).resolve().parents[2] / "templates" / "web"
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; frame-src 'self'; "
        "object-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",  # browsers heed it over TLS alone
}
_SAID = "__Host-aeo-said"  # what was just done, for the next page
_SAID_SECONDS = 300
_STATIC = "/static/"
LOOK = "__Host-aeo-look"  # light or dark, roomy or not: no secret, so no session keeps it
_LOOKS = frozenset({"light", "dark", "roomy"})


@cache
def environment() -> Environment:
    """Return the templates, escaped, with missing values as errors."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["words"] = words
    made.globals["acts"] = acts
    return made


def page(request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """Return a page that no cache keeps. Templates know `me`, `csrf`, `once`, `said`, `problem`, `today`, `zone`."""
    site = site_of(request)
    caller: Caller | None = getattr(request.state, "caller", None)
    zone = values.get("zone") or zone_of(request)
    now = site.clock()
    said = (
        site.read("said", request.cookies.get(_SAID, ""), seconds=_SAID_SECONDS) if _SAID in request.cookies else None
    )
    common: dict[str, Any] = {
        "me": caller,
        "csrf": caller.csrf if caller else "",
        "once": secrets.token_urlsafe(12),  # a second press of the same button carries the same word
        "links": navigation.links(caller.person.roles) if caller and caller.stage == "complete" else [],
        "home": navigation.home(caller.person.roles) if caller else "/sign-in",
        "here": request.url.path,
        "address": str(request.url.path) + (f"?{request.url.query}" if request.url.query else ""),
        "said": said,
        "problem": None,
        "typed": {},
        "now": now,
        "today": words.local(now, zone),
        "zone": zone,
        "as_at": words.moment(now, zone),
        "demonstration": site.demonstration,
        "notices": notices(request),
        "look": [one for one in request.cookies.get(LOOK, "").split("-") if one in _LOOKS],
        "development": site.settings.env != "production",
    }
    body = environment().get_template(template).render(common | values)
    answer = HTMLResponse(body, status_code=status, headers={"Cache-Control": "no-store"})
    if said is not None:
        answer.delete_cookie(_SAID, path="/", secure=True, httponly=True, samesite="lax")
    return answer


def go(request: Request, to: str, *, said: str = "", link: str = "", link_title: str = "") -> Response:
    """Send the browser on after a change; `said` stands on the next page, with one link where it helps."""
    answer = RedirectResponse(to, status_code=303, headers={"Cache-Control": "no-store"})
    if said:
        told = site_of(request).sign("said", {"text": said, "link": link, "title": link_title})
        answer.set_cookie(_SAID, told, max_age=_SAID_SECONDS, path="/", secure=True, httponly=True, samesite="lax")
    return answer


def ours(address: str) -> str:
    """Return an address when it is a page of ours as every browser reads it, and nothing otherwise."""
    return address if address.startswith("/") and address[1:2] not in ("/", "\\") and address.isprintable() else ""


def zone_of(request: Request) -> str:
    """Return the zone of the first programme, in which a page over all cases states its days. Asked once a process."""
    kept: str | None = getattr(request.app.state, "zone", None)
    if kept is None:
        office = site_of(request).office
        try:
            with office.database.snapshot() as connection:
                codes = office.editions.codes(connection)
                kept = office.editions.newest(connection, codes[0]).programme.time_zone if codes else "UTC"
        except Unavailable:  # the page that says so needs no zone
            return "UTC"
        request.app.state.zone = kept
    return kept


def notices(request: Request) -> list[str]:
    """Return what everybody must know now: clock or mail stand still. Empty before somebody is signed in."""
    caller = getattr(request.state, "caller", None)
    try:
        return site_of(request).ready() if caller is not None else []
    except Unavailable:  # the page that says so is being made
        return []


class SafeHeaders:
    """Adds the headers to every answer that does not carry them yet, such as files and health.

    No cache keeps an answer that does not say otherwise; what lies under /static holds nothing of anybody.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                if not scope["path"].startswith(_STATIC):
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, with_headers)
