"""A program that calls the API as a named person: tokens are good for whoever is named, sockets are not needed."""

import json
from pathlib import Path
from typing import Any

import browsing as w
import builders as b
import httpx

from states.facts import Person
from workflow import models
from workflow.models.base import table_of
from workflow.operations.seal_log import seal_log
from workflow.store.office import Office
from workflow.store.signing import make_key, signer_of

AT = "/api/v1"


class Client:
    """Calls the API. A body is sent as JSON; what is said of the answer is checked where it is used."""

    def __init__(self, office: Office, person: Person | None = None, *, app: Any = None, **more: Any) -> None:
        self._browser = w.browser(office, person, **more)
        if app is not None:
            self._browser = w.Browser.of(app)

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


def sealed(office: Office, folder: Path) -> None:
    """Seal the log of an office, which gets a name for it."""
    installation = table_of(models.Installation)
    if not b.rows_of(office, models.Installation):
        row = {"id": 1, "origin": office.origin, "salt": office.salt, "log_origin": office.origin, "created_at": b.NOW}
        with office.database.transaction() as transaction:
            transaction.connection.execute(installation.insert(), row)
        make_key(folder / "log.key")
    seal_log(office, signer_of(str(folder / "log.key"), folder), now=b.NOW)


def _named(headers: dict[str, str]) -> dict[str, str]:
    """Let headers be given as Python names: If_Match for If-Match."""
    return {name.replace("_", "-"): value for name, value in headers.items()}
