"""Numbers that are given once: references, certificate numbers. Gaps may happen, repeats may not."""

from sqlalchemy import Connection, text

_NEXT = text(
    "INSERT INTO reference_counter (name, value) VALUES (:name, 1) "
    "ON CONFLICT (name) DO UPDATE SET value = reference_counter.value + 1 RETURNING value"
)


def next_number(connection: Connection, name: str) -> int:
    """Return the next number of a series, from 1."""
    return int(connection.execute(_NEXT, {"name": name}).scalar_one())
