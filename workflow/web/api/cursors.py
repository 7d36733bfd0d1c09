"""Cursors: where a list goes on, as text that clients hand back as it is. They hold what the list is ordered by.

A cursor is no secret and proves nothing: what it leads to is asked for again with the caller's own eyes.
"""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar

from fastapi import Query, Response
from starlette.requests import Request

from workflow.errors import BadInput

_LONGEST = 400
_DIGITS = 18  # of a row's number
USUAL = 50  # rows on a page
Row = TypeVar("Row")
Limit = Annotated[int, Query(ge=1, le=200, description="At most so many.", examples=[50])]
Cursor = Annotated[
    str,
    Query(
        max_length=_LONGEST, description="`next` of the page before; empty for the first page.", examples=["WzEyM10"]
    ),
]


def cursor_of(*place: int | str) -> str:
    """Return a place in a list as text that fits into an address."""
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def place_of(cursor: str, *kinds: type[int | str]) -> tuple[Any, ...] | None:
    """Return the place, or None for the beginning. Raises BadInput for what is no cursor of this list."""
    if not cursor:
        return None
    place = _decoded(cursor) if len(cursor) <= _LONGEST else None
    usable = isinstance(place, list) and [type(part) for part in place] == list(kinds)
    if not usable or not all(_possible(part) for part in place or ()):
        raise no_cursor()
    return tuple(place or ())


def no_cursor() -> BadInput:
    told = "This cursor is not one of this list. Take `next` of its last page, or leave it out."
    return BadInput("CURSOR", told, field="cursor")


def _decoded(cursor: str) -> Any:
    try:
        return json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError):
        return None


def _possible(part: int | str) -> bool:
    return 0 <= part < 10**_DIGITS if isinstance(part, int) else part.isprintable()


def paged(
    request: Request, response: Response, rows: Sequence[Row], limit: int, at: Callable[[Row], str]
) -> dict[str, Any]:
    """Return a page of rows that were read one further than `limit`, with where it goes on, also as a Link header."""
    shown = rows[:limit]
    goes_on = at(shown[-1]) if len(rows) > limit else None
    if goes_on is not None:
        response.headers["Link"] = f'<{request.url.include_query_params(cursor=goes_on)}>; rel="next"'
    return {"items": shown, "next": goes_on}


def whole(rows: Sequence[Row]) -> dict[str, Any]:
    """Return a list that is short by nature as its only page."""
    return {"items": rows, "next": None}
