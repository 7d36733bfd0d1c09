"""The one canonical encoder (RFC 8785): the same data always gives the same bytes.

Must not know what it encodes. Text is checked at the doors; here only what the form itself forbids is refused.
"""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

MAX_BYTES = 65_535
_LARGEST_INTEGER = 2**53 - 1


def encode(value: Any) -> str:
    """Return the RFC 8785 form of plain data.

    Instants become `...T00:00:00.000000Z`, dates ISO, decimals text; floats are refused. Names must be ASCII, which
    makes the order by code point the order RFC 8785 asks for.
    """
    text = json.dumps(_plain(value), sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    if len(text) > MAX_BYTES // 4 and len(text.encode()) > MAX_BYTES:
        raise ValueError(f"An entry may have {MAX_BYTES} bytes; keep larger things by their digest.")
    return text


def instant(at: datetime) -> str:
    """Return an aware instant in the form the trail uses, always UTC with microseconds."""
    if at.tzinfo is None:
        raise ValueError("An instant needs a time zone.")
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _plain(value: Any) -> Any:  # noqa: PLR0911  # one line per kind of value is the plainest form
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, dict):
        if not all(isinstance(name, str) and name.isascii() for name in value):
            raise TypeError("Names of members are ASCII text.")
        # Most members are text: asking for that first halves the time of an entry.
        return {name: member if type(member) is str else _plain(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [member if type(member) is str else _plain(member) for member in value]
    if isinstance(value, int):
        if abs(value) > _LARGEST_INTEGER:
            raise ValueError("Integers beyond 2^53 - 1 have no canonical form; write them as text.")
        return value
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no canonical form.")
