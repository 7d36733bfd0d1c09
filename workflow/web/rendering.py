"""Turns a template and values into a page with the headers every page carries. Knows no case and no database."""

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.datastructures import MutableHeaders
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from workflow.web import words

TEMPLATES = Path(__file__).resolve().parents[2] / "templates" / "web"

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


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
    return made


def page(template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """Return a page that no cache keeps."""
    body = environment().get_template(template).render({"demonstration": "", "zone": "UTC"} | values)
    return HTMLResponse(body, status_code=status, headers=HEADERS | {"Cache-Control": "no-store"})


class SafeHeaders:
    """Adds the headers to every answer that does not carry them yet, such as files and health."""

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
            await send(message)

        await self._app(scope, receive, with_headers)
