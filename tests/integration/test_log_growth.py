"""Many processes write and seal one log, and are killed at any moment: it has no gap and no fork, and no false alarm rises."""

import random
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Self

import appending
import builders
import pytest
from installed import MakeUrl, opened
from sqlalchemy import URL, select

from workflow import models
from workflow.audit import bundle
from workflow.audit.note import open_checkpoint
from workflow.decisions.record import enter
from workflow.models.base import table_of
from workflow.operations.seal_log import seal_log
from workflow.reports.log_replay import replay
from workflow.reports.trail.as_bundle import bundle_lines
from workflow.store.editions import Editions
from workflow.store.office import Office
from workflow.store.signing import Signer, make_key, signer_of

_ENTRY = table_of(models.AuditEntry)
_CHECKPOINT = table_of(models.Checkpoint)
_LOG = ("audit_entry", "checkpoint", "log_node")
_ORIGIN = "log.example"
SEED = 11


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    make_key(tmp_path / "log.key")
    return signer_of(str(tmp_path / "log.key"), tmp_path)


def installed(url: URL) -> URL:
    """Name the log of a database."""
    with opened(url) as office, office.database.transaction() as transaction:
        row = {"id": 1, "origin": "o", "log_origin": _ORIGIN, "salt": "s", "created_at": builders.NOW}
        transaction.connection.execute(table_of(models.Installation).insert(), row)
    return url


def verdict(office: Office, signer: Signer, kept: list[str]) -> bundle.Verdict:
    """Verify the newest bundle, as it is exported while others write, against checkpoints that were kept outside."""
    sealed = seal_log(office, signer, now=builders.NOW)
    vkey = signer.verifier(_ORIGIN).text
    with office.database.snapshot() as connection:
        lines = bundle_lines(connection, note=sealed.note or "", verifier=vkey)
        return bundle.verify(((line + "\n").encode() for line in lines), checkpoint=kept[0], earlier=kept[1:], key=vkey)


@dataclass
class Crew:
    """Three writers, and a sequencer that never lives long."""

    url: URL
    folder: Path
    chance: random.Random
    started: int = 0
    writers: list[BaseProcess] = field(default_factory=list)

    def __enter__(self) -> Self:
        for _ in range(3):
            self._engage()
        return self

    def __exit__(self, *_: object) -> None:
        for writer in self.writers:
            appending.kill(writer)

    def seal_until_killed(self) -> None:
        """Start a sequencer and kill it at any moment; now and then a writer too."""
        batch = self.chance.choice((1, 7, 100))
        sequencer = appending.start(appending.seal_on, self.url, self.folder, batch, 0)
        sequencer.join(self.chance.uniform(0, 0.1))
        appending.kill(sequencer)
        if self.chance.random() < 1 / 5:
            appending.kill(self.writers.pop(0))
            self._engage()

    def _engage(self) -> None:
        self.started += 1
        self.writers.append(appending.start(appending.write, self.url, self.started, 1_000_000, 0.1))


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
@pytest.mark.parametrize("growths", [10, pytest.param(500, marks=pytest.mark.exhaustive)])
def test_honest_growth_raises_no_alarm(kind: str, growths: int, make_url_of: MakeUrl, signer: Signer, tmp_path: Path):
    url = installed(make_url_of(kind, True))
    chance = random.Random(SEED)  # noqa: S311  # who is killed and when; nothing secret
    with opened(url) as office, Crew(url, tmp_path, chance) as crew:
        with office.database.transaction() as transaction:
            enter(transaction.connection, appending.entry(0, 0))
        kept, grown = [seal_log(office, signer, now=builders.NOW).note or ""], [0]
        for number in range(1, growths + 1):
            with (
                office.database.transaction() as transaction
            ):  # so that there is something new, however slow the others
                enter(transaction.connection, appending.entry(0, number))
            crew.seal_until_killed()
            kept.append(signer.seen.read_text(encoding="utf-8"))  # before anything else is signed
            found = verdict(office, signer, [kept[-1], *chance.sample(kept, min(5, len(kept)))])
            assert found.problems == []
            grown.append(found.size)
        assert verdict(office, signer, kept).problems == []
        with office.database.snapshot() as connection:
            assert [one for one in replay(connection, Editions()) if one.table in _LOG] == []
    sizes = [open_checkpoint(note, [signer.verifier(_ORIGIN)]).size for note in kept]
    assert sizes == sorted(sizes)
    assert grown == sorted(grown)
    # Not each time: the server may not have noticed yet that a sequencer was killed, and only one works at a time.
    assert len(set(grown)) > growths // 2, "the log grew"


@pytest.mark.parametrize("each", [100, pytest.param(12_500, marks=pytest.mark.exhaustive)])
def test_eight_workers_leave_no_gap_and_no_fork(each: int, make_url_of: MakeUrl, signer: Signer, tmp_path: Path):
    url = installed(make_url_of("postgresql", True))
    sequencers = [appending.start(appending.seal_on, url, tmp_path, 500, 0.1) for _ in range(2)]
    workers = [appending.start(appending.write, url, number, each, 0) for number in range(8)]
    for worker in workers:
        worker.join()
    for sequencer in sequencers:
        appending.kill(sequencer)
    assert [worker.exitcode for worker in workers] == [0] * 8
    with opened(url) as office:
        final = seal_log(office, signer, now=builders.NOW).note or ""
        with office.database.snapshot() as connection:
            positions = connection.execute(select(_ENTRY.c.position).order_by(_ENTRY.c.position)).scalars().all()
            texts = set(connection.execute(select(_ENTRY.c.canonical)).scalars())
            signed = list(connection.execute(select(_CHECKPOINT.c.note).order_by(_CHECKPOINT.c.id)).scalars())
        assert positions == list(range(8 * each)), "no gap, no position twice"
        assert texts == {appending.entry(worker, n).canonical() for worker in range(8) for n in range(each)}
        assert verdict(office, signer, [final, *signed]).problems == [], "no checkpoint ever signed is off the line"
