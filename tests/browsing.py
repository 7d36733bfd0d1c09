"""A browser without JavaScript and without a socket: asks the application as a named person, keeps cookies, sends forms."""

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import builders as b
import httpx
from starlette.datastructures import State

from notifications.rendering import Renderer
from notifications.transport import MaildirTransport
from states.facts import Person
from workflow.operations.deliver_outbox import Post
from workflow.settings import Settings
from workflow.store import absences
from workflow.store.office import Office
from workflow.web.app import create_app
from workflow.web.limiting import Limiter
from workflow.web.site import Caller, Site

HOST = "https://localhost"
CSRF = "the session's word"


def site(
    office: Office,
    person: Person | None = None,
    *,
    now: datetime = b.NOW,
    ready: Callable[[], list[str]] = list,
    settings: Settings | None = None,
    demonstration: bool = False,
    post: Post | None = None,
) -> Site:
    """Return a site whose every request comes from one person, as if signed in; nobody: signed out."""

    def identify(_: Any) -> Caller | None:
        if person is None:
            return None
        with office.database.snapshot() as connection:
            known = absences.standing_in(connection, person, now)
        return Caller(known, b.email_of(person), "test", csrf=CSRF, session_id="s")

    post = post or Post(MaildirTransport(Path("mailbox-of-nobody")), Renderer(), "casework@customs.example")
    return Site(
        office,
        lambda: now,
        ready,
        identify,
        "a key",
        settings or Settings(),
        post=lambda: post,
        demonstration=demonstration,
    )


_apps: dict[str, Any] = {}


def _app(settings: Settings) -> Any:
    """Return an application whose site is to be put in: its routes are the same for every one, and take long to make."""
    if settings.base_url not in _apps:
        _apps[settings.base_url] = create_app(Site(None, lambda: b.NOW, list, lambda _: None, "", settings))  # type: ignore[arg-type]  # no request meets it
    return _apps[settings.base_url]


class Browser:
    """Sends requests and keeps cookies. Redirects are answers like any other; `follow` goes after them."""

    def __init__(self, made: Site) -> None:
        self._begin(_app(made.settings), State({"site": made, "limiter": Limiter()}))

    @classmethod
    def of(cls, app: Any) -> "Browser":
        """Return a browser of an application that was changed after it was made."""
        browser = cls.__new__(cls)
        browser._begin(app, app.state)
        return browser

    def _begin(self, app: Any, state: State) -> None:
        self._app, self._state = app, state
        self._transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        self._cookies = httpx.Cookies()

    def forget(self) -> None:
        """Lose every cookie."""
        self._cookies = httpx.Cookies()

    def get(self, address: str, **headers: str) -> httpx.Response:
        return self.ask("GET", address, headers=headers)

    def post(
        self,
        address: str,
        form: Mapping[str, Any] | None = None,
        files: Sequence[tuple[str, tuple[str, bytes, str]]] | None = None,
        csrf: str = CSRF,
        **headers: str,
    ) -> httpx.Response:
        """Send a form with the session's word; `files` as httpx takes them makes it a multipart form."""
        return self.ask("POST", address, data={"csrf": csrf} | dict(form or {}), files=files, headers=headers)

    def follow(self, answer: httpx.Response) -> httpx.Response:
        """Return the page that a redirect leads to."""
        assert answer.status_code == 303, f"{answer.status_code}: {words_of(answer)[:600]}"
        return self.get(answer.headers["location"])

    def ask(self, method: str, address: str, **given: Any) -> httpx.Response:
        self._app.state = self._state

        async def asked() -> httpx.Response:
            async with httpx.AsyncClient(transport=self._transport, base_url=HOST, cookies=self._cookies) as client:
                answer = await client.request(method, address, **given)
                self._cookies = httpx.Cookies(client.cookies)
                return answer

        return asyncio.run(asked())


def browser(office: Office, person: Person | None = None, **more: Any) -> Browser:
    return Browser(site(office, person, **more))


def words_of(answer: httpx.Response) -> str:
    """Return what a reader reads: no tags, no runs of space."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", answer.text))).strip()


class Shape(HTMLParser):
    """The tags of a page with their attributes, in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def fields_of(answer: httpx.Response, action: str) -> dict[str, str]:
    """Return the fields of the form with this action, with the values that the page gave them."""
    form = re.search(rf'<form[^>]*action="{re.escape(action)}".*?</form>', answer.text, re.DOTALL)
    assert form, f"No form for {action} in: {words_of(answer)[:400]}"
    inside = Shape(form.group())
    return {str(one["name"]): unescape(one.get("value") or "") for one in inside.all("input") if one.get("name")}
