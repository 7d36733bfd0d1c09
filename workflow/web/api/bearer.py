"""Who a program acts for: the holder of the token in `Authorization: Bearer TOKEN`. Knows no cookie."""

from collections.abc import Callable
from datetime import datetime

from starlette.requests import Request

from workflow.operations.token_holder import token_holder
from workflow.store import absences, people
from workflow.store.office import Office
from workflow.web.site import Caller

_LONGEST = 200  # of a token; ours have fewer


def bearer_token(request: Request) -> str:
    """Return the token of a request; empty where there is none of a form that a token could have."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    token = token.strip()
    usable = scheme.lower() == "bearer" and token.isascii() and token.isprintable() and len(token) <= _LONGEST
    return token if usable else ""


def by_token(office: Office, clock: Callable[[], datetime]) -> Callable[[Request], Caller | None]:
    """Return what finds the caller of a request under /api/: nobody without a good token, whatever cookies come along."""

    def identify(request: Request) -> Caller | None:
        token, now = bearer_token(request), clock()
        found = token_holder(office, token, now=now) if token else None
        if found is None:
            return None
        person, token_id = found
        with office.database.snapshot() as connection:
            known = absences.standing_in(connection, person, now)
            _, email = people.contact_of(connection, person.id)
        return Caller(known, email, f"token {token_id}")

    return identify
