"""A random sample of cases that anybody can draw again from the population and the seed. Changes nothing.

The cases are ranked by SHA-256 of the seed, a line feed and the reference; the first ones are the sample.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, select

from workflow import models
from workflow.models.base import table_of

_A = table_of(models.Application)


@dataclass(frozen=True)
class Sample:
    """What was drawn from how large a population, and the digest by which another one recognises it."""

    population: int
    digest: str  # of the references in the order of their bytes, each with a line feed
    drawn: tuple[str, ...]  # in the order of their rank


def population(
    connection: Connection, *, programme: str = "", first: date | None = None, last: date | None = None
) -> list[str]:
    """Return the references of cases received between two days, both included."""
    query = select(_A.c.reference)
    if programme:
        query = query.where(_A.c.programme == programme)
    if first:
        query = query.where(_A.c.received_on >= first)
    if last:
        query = query.where(_A.c.received_on <= last)
    return list(connection.execute(query).scalars())


def draw(references: Iterable[str], seed: int, size: int) -> Sample:
    """Draw a sample; the same population and seed give the same one, and a larger one begins with a smaller one."""
    ordered = sorted(references)  # they are ASCII, so by their bytes
    lines = "".join(f"{reference}\n" for reference in ordered)
    return Sample(len(ordered), _sha256(lines), tuple(_ranked(ordered, seed)[:size]))


def _ranked(references: Sequence[str], seed: int) -> list[str]:
    return sorted(references, key=lambda reference: _sha256(f"{seed}\n{reference}"))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
