"""The audit bundle of the trail: which entries, under which checkpoint, each with what proves it. It decides nothing."""

from collections.abc import Iterator, Mapping
from itertools import chain
from types import MappingProxyType
from typing import Any, BinaryIO

from sqlalchemy import Connection, Select, select

from workflow import models
from workflow.audit.bundle import Header, end_line, entry_line
from workflow.audit.canonical import instant
from workflow.audit.merkle import Subtree, inclusion_proof
from workflow.audit.note import checkpoint_of
from workflow.models.base import table_of
from workflow.reports.trail.trail import Trail, narrowed
from workflow.store import log

_ENTRY = table_of(models.AuditEntry)
_EDITION = table_of(models.ProgrammeEdition)
_PAGE = 500  # entries; see trail.py
_COLUMNS = (_ENTRY.c.position, _ENTRY.c.canonical, _ENTRY.c.leaf)
_KEPT = 1 << 14  # hashes of subtrees that are remembered while proofs are made


def write(trail: Trail, target: BinaryIO) -> int:
    """Write the bundle; return how many entries it holds. Raises log.Gap."""
    connection = trail.connection
    chosen = None if trail.wanted.everything else narrowed(connection, select(_ENTRY.c.id), trail.wanted, trail.made_by)
    count = -1  # the first and the last line are no entries
    more: dict[str, Any] = {"made_at": instant(trail.made_at)}
    if chosen is None:
        more |= {"programmes": _programmes(connection)}
    for line in bundle_lines(connection, note=trail.note, verifier=trail.verifier, narrowed=chosen, more=more):
        target.write(line.encode() + b"\n")
        count += 1
        if count % _PAGE == 0:
            trail.progress(count)
    return count - 1


def bundle_lines(
    connection: Connection,
    *,
    note: str,
    verifier: str,
    narrowed: Select[Any] | None = None,
    more: Mapping[str, Any] = MappingProxyType({}),
) -> Iterator[str]:
    """Yield the lines of the bundle of a log up to a signed checkpoint; `more` goes into the first one.

    `narrowed` is a query of entries' ids; without it all entries are there and need no proofs. Raises log.Gap.
    """
    checkpoint = checkpoint_of(note)
    chosen = chain.from_iterable(_pages(connection, checkpoint.size, narrowed))
    first = next(chosen, None)
    begins = first.position if first and narrowed is not None else 0  # a log begins with 0, even where that was removed
    yield Header(note, verifier, checkpoint.origin, begins, narrowed is None, dict(more)).line()
    subtree = None if narrowed is None else remembering(log.subtree(connection))
    count = 0
    for row in chain([first] if first else [], chosen):
        proof = inclusion_proof(row.position, checkpoint.size, subtree) if subtree else None
        yield entry_line(row.canonical, row.position, bytes.fromhex(row.leaf), proof)
        count += 1
    yield end_line(count)


def _programmes(connection: Connection) -> list[dict[str, str]]:
    """Return every edition's text: with the log alone, whose entries name its SHA-256, decisions can be replayed."""
    stored = connection.execute(select(_EDITION).order_by(_EDITION.c.code, _EDITION.c.edition))
    return [{"code": row.code, "edition": row.edition, "text": row.canonical} for row in stored]


def _pages(connection: Connection, size: int, narrowed: Select[Any] | None) -> Iterator[list[Any]]:
    query = select(*_COLUMNS).where(_ENTRY.c.position < size).order_by(_ENTRY.c.position).limit(_PAGE)
    if narrowed is not None:
        query = query.where(_ENTRY.c.id.in_(narrowed))
    last = -1
    while page := list(connection.execute(query.where(_ENTRY.c.position > last))):
        yield page
        last = page[-1].position


def remembering(subtree: Subtree) -> Subtree:
    """Return the same, without asking twice for what the next proof needs again."""
    known: dict[tuple[int, int], bytes] = {}

    def hash_of(level: int, number: int) -> bytes:
        if (level, number) not in known:
            if len(known) >= _KEPT:
                known.clear()
            known[level, number] = subtree(level, number)
        return known[level, number]

    return hash_of
