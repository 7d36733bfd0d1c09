"""A log that was tampered with in the database: `aeo db check` and the bundle that is exported from it both find it.

Rows are changed behind the triggers, one place at a time, and put back. Places are drawn by a seed, the first and the
last among them: every place stands in tests/unit/audit/test_tampering.py, by the bundle's verifier alone.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import builders
import pytest
from sqlalchemy import Connection, func, select

from workflow import models
from workflow.audit import bundle
from workflow.audit.entry import Entry, leaf_hash
from workflow.decisions.record import enter_many
from workflow.models.base import table_of
from workflow.operations.seal_log import seal_log
from workflow.reports.log_replay import Difference, replay
from workflow.reports.trail.as_bundle import bundle_lines
from workflow.store import final_rows
from workflow.store.editions import Editions
from workflow.store.office import Office
from workflow.store.signing import make_key, signer_of

_ENTRY = table_of(models.AuditEntry)
_LOG = ("audit_entry", "checkpoint", "log_node")
SEED = 7


def entry(number: int, **detail: object) -> Entry:
    return Entry("test:entry:made", builders.NOW, "p-01", "officer", "console", detail={"n": number, **detail})


@dataclass(frozen=True)
class Sealed:
    """A sealed log in a database, and the checkpoint of it that is kept outside."""

    office: Office
    size: int
    note: str
    vkey: str
    places: list[int]

    def tampered(
        self, change: Callable[..., None], *given: int, **columns: str
    ) -> tuple[list[Difference], bundle.Verdict]:
        """Change the log behind the triggers; say what both checks find, and put it back."""
        with self.office.database.rehearsal() as transaction:
            connection = transaction.connection
            final_rows.drop(connection)
            change(connection, *given, **columns)
            found = [one for one in replay(connection, Editions()) if one.table in _LOG]
            lines = bundle_lines(connection, note=self.note, verifier=self.vkey)
            verdict = bundle.verify(((line + "\n").encode() for line in lines), checkpoint=self.note, key=self.vkey)
        return found, verdict


@pytest.fixture(
    params=[
        pytest.param((300, 3), id="300"),
        pytest.param((10_000, 60), id="10000", marks=pytest.mark.exhaustive),
    ]
)
def log(request: pytest.FixtureRequest, office: Office, tmp_path: Path) -> Sealed:
    size, many = request.param
    make_key(tmp_path / "log.key")
    signer = signer_of(str(tmp_path / "log.key"), tmp_path)
    with office.database.transaction() as transaction:
        row = {"id": 1, "origin": "o", "log_origin": "log.example", "salt": "s", "created_at": builders.NOW}
        transaction.connection.execute(table_of(models.Installation).insert(), row)
        enter_many(transaction.connection, (entry(n) for n in range(size)))
    sealed = seal_log(office, signer, now=builders.NOW)
    chance = random.Random(SEED)  # noqa: S311  # which places; nothing secret
    places = sorted({0, size - 2, *chance.sample(range(size - 1), many)})
    return Sealed(office, size, sealed.note or "", signer.verifier(sealed.origin).text, places)


def test_an_honest_log_holds(log: Sealed):
    found, verdict = log.tampered(leave)

    assert (found, verdict.problems) == ([], [])


def test_an_edited_row_is_named(log: Sealed):
    for n in log.places:
        other = entry(n, why="other").canonical()
        found, verdict = log.tampered(edit, n, canonical=other)
        assert (found[0].key, verdict.first_bad) == (f"position {n}", n)


def test_an_edited_row_with_its_hash_made_anew_is_found_beside_the_kept_checkpoint(log: Sealed):
    for n in log.places:
        other = entry(n, why="other").canonical()
        found, verdict = log.tampered(edit, n, canonical=other, leaf=leaf_hash(other))
        assert {one.table for one in found} >= {"checkpoint"}
        assert (verdict.holds, verdict.between) == (False, (0, log.size - 1))


def test_a_deleted_row_is_named(log: Sealed):
    for n in log.places:
        found, verdict = log.tampered(delete, n, n)
        (first, *_) = found
        assert first.sentence == f"audit_entry position {n} is in the log, but not in the table."
        assert verdict.first_bad == n


def test_an_inserted_row_is_found_though_all_later_ones_moved_on(log: Sealed):
    for n in log.places:
        found, verdict = log.tampered(insert, n)
        assert {one.table for one in found} >= {"checkpoint"}
        assert not verdict.holds


def test_swapped_rows_are_found(log: Sealed):
    for n in log.places:
        found, verdict = log.tampered(swap, n, n + 1)
        assert {one.table for one in found} >= {"checkpoint"}
        assert not verdict.holds


def test_a_cut_tail_is_named(log: Sealed):
    for n in log.places:
        found, verdict = log.tampered(delete, n, log.size)
        assert f"positions {n} to {log.size - 1}" in [one.key for one in found]
        assert verdict.first_bad == n


def leave(connection: Connection) -> None:
    """Change nothing."""


def edit(connection: Connection, position: int, **columns: str) -> None:
    connection.execute(_ENTRY.update().where(_ENTRY.c.position == position).values(**columns))


def delete(connection: Connection, first: int, last: int) -> None:
    connection.execute(_ENTRY.delete().where(_ENTRY.c.position.between(first, last)))


def insert(connection: Connection, position: int) -> None:
    last = connection.execute(select(func.max(_ENTRY.c.position))).scalar_one()
    _move(connection, position, last, last + 2 - position)  # out of the way first: positions are unique
    _move(connection, last + 2, 2 * last + 2 - position, position - last - 1)
    text = entry(position, why="inserted").canonical()
    row = {"kind": "test:entry:made", "recorded_at": builders.NOW, "canonical": text, "leaf": leaf_hash(text)}
    connection.execute(_ENTRY.insert(), row | {"position": position})


def _move(connection: Connection, first: int, last: int, by: int) -> None:
    chosen = _ENTRY.update().where(_ENTRY.c.position.between(first, last))
    connection.execute(chosen.values(position=_ENTRY.c.position + by))


def swap(connection: Connection, one: int, other: int) -> None:
    for position, to in ((one, -1), (other, one), (-1, other)):
        connection.execute(_ENTRY.update().where(_ENTRY.c.position == position).values(position=to))
