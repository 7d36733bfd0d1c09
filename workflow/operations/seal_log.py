"""Seals the trail: gives entries their positions in the log and signs what it has come to. Idempotent.

It never signs what does not extend what it signed before.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from workflow.audit.entry import leaf_hash
from workflow.audit.note import Checkpoint
from workflow.errors import Broken
from workflow.store import log
from workflow.store.office import Office
from workflow.store.signing import Signer

BATCH = 5_000


@dataclass(frozen=True)
class Sealed:
    """How many entries got a position, and the newest checkpoint; none where there is no entry yet."""

    added: int
    size: int
    note: str | None
    origin: str


def seal_log(office: Office, signer: Signer, *, now: datetime, batch: int = BATCH) -> Sealed:
    """Give positions to every entry that has none, then sign the log where it has grown.

    Raises Broken when an entry was altered before it was sealed, when the log has a gap, or when it does not
    extend what was signed before: a restored backup, or rows that were rewritten.
    """
    added = 0
    while True:
        with office.database.transaction() as transaction:
            placed = _place(transaction.connection, batch)
        if placed is None:
            break  # another sequencer is at work
        added += placed
        if placed < batch:
            break
    with office.database.transaction() as transaction:
        connection = transaction.connection
        newest = log.newest_checkpoint(connection)
        if log.become_sequencer(connection):
            checkpoint = _signed(connection, signer, now)
        else:
            checkpoint = newest.note if newest else None
        return Sealed(added, log.size(connection), checkpoint, log.origin(connection))


def _place(connection: Connection, batch: int) -> int | None:
    if not log.become_sequencer(connection):
        return None
    rows = log.waiting(connection, batch)
    if not rows:
        return 0
    for row in rows:
        if leaf_hash(row.canonical) != row.leaf:
            raise Broken(
                "ALTERED",
                f"Entry {row.id} of the trail was altered before it was sealed. Nothing is signed until an operator "
                "has looked into it.",
            )
    nodes = log.Nodes()
    try:
        frontier = log.frontier_of(connection, log.size(connection), nodes)
    except log.Gap as gap:
        raise _broken(str(gap)) from gap
    log.place(connection, [row.id for row in rows], (bytes.fromhex(row.leaf) for row in rows), frontier)
    nodes.keep(connection)
    return len(rows)


def _signed(connection: Connection, signer: Signer, now: datetime) -> str | None:
    """Sign the log as it stands, unless that has been done; return the note."""
    size, origin = log.size(connection), log.origin(connection)
    known = log.newest_checkpoint(connection)
    try:
        seen = signer.newest_seen(origin)
        if seen is not None:
            _check_extends(connection, size, seen)
        if size == 0:
            return None
        root = log.frontier_of(connection, size).root()
    except log.Gap as gap:
        raise _broken(str(gap)) from gap
    checkpoint = Checkpoint(origin, size, root)
    if known is not None and seen == checkpoint and (known.origin, known.size) == (origin, size):
        return str(known.note)
    note = signer.sign(checkpoint)
    log.add_checkpoint(connection, origin=origin, size=size, root=root, note=note, now=now)
    return note


def check_signed(connection: Connection, signer: Signer) -> None:
    """Raise Broken when the log does not extend what was signed here before; sign nothing."""
    size = log.size(connection)
    try:
        if (seen := signer.newest_seen(log.origin(connection))) is not None:
            _check_extends(connection, size, seen)
    except log.Gap as gap:
        raise _broken(str(gap)) from gap


def _check_extends(connection: Connection, size: int, seen: Checkpoint) -> None:
    if seen.size > size:
        raise _broken(f"It has {size} entries, but {seen.size} were signed before.")
    if seen.size and log.frontier_of(connection, seen.size).root() != seen.root:
        raise _broken(f"Its first {seen.size} entries are not those that were signed before.")


def _broken(why: str) -> Broken:
    return Broken(
        "LOG_BROKEN",
        f"The log does not extend what was signed before. {why} Nothing is signed until an operator has looked into "
        "it; after a restored backup: `aeo audit new-origin --reason ...`.",
    )
