"""A program that calls the API as a named person: tokens are good for whoever is named, sockets are not needed."""

import json
from typing import Any

import browsing as w
import httpx

from states.facts import Person
from workflow.store.office import Office

AT = "/api/v1"


class Client:
    """Calls the API. A body is sent as JSON; what is said of the answer is checked where it is used."""

    def __init__(self, office: Office, person: Person | None = None, **more: Any) -> None:
        self._browser = w.browser(office, person, **more)

    def get(self, address: str, **headers: str) -> httpx.Response:
        return self._browser.ask("GET", address, headers=headers)

    def post(self, address: str, body: Any = None, **headers: str) -> httpx.Response:
        return self.send("POST", address, body, **headers)

    def put(self, address: str, body: Any = None, **headers: str) -> httpx.Response:
        return self.send("PUT", address, body, **headers)

    def send(self, method: str, address: str, body: Any = None, **headers: str) -> httpx.Response:
        content = body if isinstance(body, bytes) else json.dumps({} if body is None else body).encode()
        return self._browser.ask(
            method, address, content=content, headers={"Content-Type": "application/json"} | _named(headers)
        )

    def upload(self, reference: str, name: str, content: bytes, kind: str, **headers: str) -> httpx.Response:
        return self._browser.ask(
            "POST",
            f"{AT}/applications/{reference}/documents",
            files={"file": (name, content, "application/octet-stream")},
            data={"kind": kind},
            headers=_named(headers),
        )


def _named(headers: dict[str, str]) -> dict[str, str]:
    """Let headers be given as Python names: If_Match for If-Match."""
    return {name.replace("_", "-"): value for name, value in headers.items()}
