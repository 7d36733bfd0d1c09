"""What every route works with: the open office, the clock, who asks, and the key that signs what pages hand on.

Built by `create_app`; knows no route.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends
from itsdangerous import BadData, URLSafeTimedSerializer
from starlette.requests import Request

from states.facts import Person
from workflow.decisions.outcome import Act
from workflow.errors import Unavailable
from workflow.operations.deliver_outbox import Post
from workflow.provider import Provider
from workflow.settings import Settings
from workflow.store.office import Office
from workflow.store.secrets import Secrets
from workflow.store.signing import Signer


@dataclass(frozen=True)
class Caller:
    """Who asks, and how we know."""

    person: Person
    email: str
    proven: str  # such as "password and code"; stands in the trail
    csrf: str = ""  # of the session; a bearer of a token has none and needs none
    session_id: str = ""
    stage: str = "complete"  # before it is complete only the sign-in pages open


def no_post() -> Post:
    raise Unavailable("MAIL", "This site was opened without a way for mail to leave.")


def no_signer() -> Signer:
    raise Unavailable("KEY", "This site was opened without the key that signs the log.")


@dataclass(frozen=True)
class Site:
    """One running web application."""

    office: Office
    clock: Callable[[], datetime]
    ready: Callable[[], list[str]]
    identify: Callable[[Request], Caller | None]
    forms_key: str
    settings: Settings = field(default_factory=Settings)
    post: Callable[[], Post] = no_post  # how mail leaves: for trying the relay and for previews
    demonstration: bool = False  # whether the clock is moved
    secrets: Secrets = field(default_factory=lambda: Secrets(os.urandom(32)))  # the installation's, where it has any
    provider: Provider | None = None  # of single sign-on
    signer: Callable[[], Signer] = no_signer  # what signs the log: for exports and proofs

    def sign(self, purpose: str, what: Any) -> str:
        """Return something as text that only we can have written."""
        return str(URLSafeTimedSerializer(self.forms_key, salt=purpose).dumps(what))

    def read(self, purpose: str, text: str, *, seconds: int) -> Any:
        """Return what was signed for this purpose, or None when it is not ours or too old."""
        try:
            return URLSafeTimedSerializer(self.forms_key, salt=purpose).loads(text, max_age=seconds)
        except BadData:
            return None


def site_of(request: Request) -> Site:
    site: Site = request.app.state.site
    return site


def caller_of(request: Request) -> Caller:
    """Return who asks. Only for routes that the guard opened for somebody signed in."""
    caller: Caller = request.state.caller
    return caller


def act_of(request: Request) -> Act:
    """Return who acts, how that is known, and when."""
    caller = caller_of(request)
    return Act(caller.person, caller.proven, site_of(request).clock())


Here = Annotated[Site, Depends(site_of)]
Who = Annotated[Caller, Depends(caller_of)]
Acting = Annotated[Act, Depends(act_of)]
