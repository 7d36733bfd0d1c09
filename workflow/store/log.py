"""The log as it is kept: positions of entries, hashes of complete subtrees, checkpoints. It signs nothing."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, select, update

from workflow import models
from workflow.audit.merkle import Frontier, Subtree, edge, node_hash
from workflow.models.base import table_of

_CHECKPOINT = table_of(models.Checkpoint)
_ENTRY = table_of(models.AuditEntry)
_INSTALLATION = table_of(models.Installation)
_NODE = table_of(models.LogNode)
KEPT_FROM = 8  # from here up subtrees are kept; below, at most 256 entries are hashed
_SEQUENCER = 0x41454F  # names the lock; any number that nothing else uses

_PLACE = (
    update(_ENTRY)
    .where(_ENTRY.c.id == bindparam("b_id"), _ENTRY.c.position.is_(None))
    .values(position=bindparam("b_position"))
)
_HASH = select(_NODE.c.hash).where(_NODE.c.level == bindparam("level"), _NODE.c.number == bindparam("number"))
_LEAVES = (
    select(_ENTRY.c.leaf)
    .where(_ENTRY.c.position >= bindparam("first"), _ENTRY.c.position < bindparam("end"))
    .order_by(_ENTRY.c.position)
)


class Gap(Exception):
    """A position or hash of the log is missing: somebody removed it."""


def become_sequencer(connection: Connection) -> bool:
    """Be the one that gives positions until the transaction ends; false when another one is."""
    if connection.dialect.name == "sqlite":
        return True  # one transaction writes at a time
    return bool(connection.execute(select(func.pg_try_advisory_xact_lock(_SEQUENCER))).scalar_one())


def size(connection: Connection) -> int:
    """Return how many entries have a position."""
    newest = connection.execute(select(func.max(_ENTRY.c.position))).scalar_one()
    return 0 if newest is None else int(newest) + 1


def waiting(connection: Connection, many: int) -> list[Row[Any]]:
    """Return entries without a position, in the order of their ids; a late commit is among them whatever its id."""
    query = select(_ENTRY.c.id, _ENTRY.c.canonical, _ENTRY.c.leaf).where(_ENTRY.c.position.is_(None))
    return list(connection.execute(query.order_by(_ENTRY.c.id).limit(many)))


def oldest_waiting(connection: Connection) -> datetime | None:
    """Return when the oldest entry without a position was recorded; none when all have one."""
    query = select(func.min(_ENTRY.c.recorded_at)).where(_ENTRY.c.position.is_(None))
    found: datetime | None = connection.execute(query).scalar_one()
    return found


def place(connection: Connection, ids: Sequence[int], leaves: Iterable[bytes], frontier: Frontier) -> None:
    """Give the next positions to entries and add their leaves to the frontier, which must be `frontier_of` this log."""
    first = frontier.size
    if not ids:
        return
    connection.execute(_PLACE, [{"b_id": id_, "b_position": first + n} for n, id_ in enumerate(ids)])
    for leaf in leaves:
        frontier.append(leaf)


class Nodes:
    """Collects the subtrees that become complete, to be kept."""

    def __init__(self) -> None:
        self._rows: list[dict[str, Any]] = []

    def note(self, level: int, number: int, made: bytes) -> None:
        if level >= KEPT_FROM:
            self._rows.append({"level": level, "number": number, "hash": made.hex()})

    def keep(self, connection: Connection) -> None:
        if self._rows:
            connection.execute(_NODE.insert(), self._rows)
            self._rows.clear()


def subtree(connection: Connection) -> Subtree:
    """Return what gives the hash of any complete subtree. It raises Gap."""

    def hash_of(level: int, number: int) -> bytes:
        if level >= KEPT_FROM:
            found = connection.execute(_HASH, {"level": level, "number": number}).scalar_one_or_none()
            if found is None:
                raise Gap(f"The hash of level {level}, number {number}, is missing from the log.")
            return bytes.fromhex(found)
        first, count = number << level, 1 << level
        rows = connection.execute(_LEAVES, {"first": first, "end": first + count}).scalars()
        hashes = [bytes.fromhex(leaf) for leaf in rows]
        if len(hashes) != count:
            raise Gap(f"Of the positions {first} to {first + count - 1} of the log some are missing.")
        while len(hashes) > 1:
            hashes = [node_hash(hashes[n], hashes[n + 1]) for n in range(0, len(hashes), 2)]
        return hashes[0]

    return hash_of


def frontier_of(connection: Connection, count: int, nodes: Nodes | None = None) -> Frontier:
    """Return the right edge of the first `count` entries. Raises Gap."""
    hash_of = subtree(connection)
    complete = nodes.note if nodes else lambda _level, _number, _hash: None
    return Frontier(count, [hash_of(*one) for one in edge(count)], complete)


def origin(connection: Connection) -> str:
    """Return the name of the log."""
    return str(connection.execute(select(_INSTALLATION.c.log_origin)).scalar_one())


def newest_checkpoint(connection: Connection) -> Row[Any] | None:
    return connection.execute(select(_CHECKPOINT).order_by(_CHECKPOINT.c.id.desc()).limit(1)).first()


def add_checkpoint(connection: Connection, *, origin: str, size: int, root: bytes, note: str, now: datetime) -> None:
    row = {"origin": origin, "size": size, "root": root.hex(), "note": note, "signed_at": now}
    connection.execute(_CHECKPOINT.insert(), row)
