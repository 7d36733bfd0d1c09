"""The log grows without gap or fork, and nothing is signed that does not extend what was signed before."""

import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import builders
import pytest
from sqlalchemy import Connection, select

from workflow import models
from workflow.audit import merkle
from workflow.audit.entry import Entry
from workflow.audit.note import Checkpoint, open_checkpoint
from workflow.decisions.record import enter
from workflow.errors import Unavailable
from workflow.models.base import table_of
from workflow.operations.seal_log import Sealed, seal_log
from workflow.store import engines, final_rows, log, signing
from workflow.store.database import Database
from workflow.store.editions import Editions
from workflow.store.office import Office
from workflow.store.signing import Signer, signer_of

_ENTRY = table_of(models.AuditEntry)
_INSTALLATION = table_of(models.Installation)
ORIGIN = "test.example"


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    signing.make_key(tmp_path / "log.key")
    return signer_of(str(tmp_path / "log.key"), tmp_path)


@pytest.fixture(autouse=True)
def named(request: pytest.FixtureRequest) -> None:
    """Give the test's office an installation row, which names its log."""
    for name in ("office", "sqlite_office", "postgresql_office"):
        if name in request.fixturenames:
            with request.getfixturevalue(name).database.transaction() as transaction:
                row = {"id": 1, "origin": ORIGIN, "log_origin": ORIGIN, "salt": "s", "created_at": builders.NOW}
                transaction.connection.execute(_INSTALLATION.insert(), row)


def write(connection: Connection, number: int) -> int:
    return enter(connection, Entry("test:entry:made", builders.NOW, "p-01", "officer", "console", detail={"n": number}))


def grow(office: Office, many: int, *, first: int = 0) -> None:
    with office.database.transaction() as transaction:
        for number in range(first, first + many):
            write(transaction.connection, number)


def seal(office: Office, signer: Signer, batch: int = 5_000) -> Sealed:
    return seal_log(office, signer, now=builders.NOW, batch=batch)


def checkpoint(office: Office, signer: Signer) -> Checkpoint:
    return open_checkpoint(seal(office, signer).note or "", [signer.verifier(ORIGIN)])


def in_order(office: Office) -> list[tuple[int, str]]:
    with office.database.snapshot() as connection:
        query = select(_ENTRY.c.position, _ENTRY.c.canonical).order_by(_ENTRY.c.position)
        return [(row.position, row.canonical) for row in connection.execute(query)]


def root_of(entries: list[tuple[int, str]]) -> bytes:
    return merkle.root_of(merkle.leaf_hash(canonical.encode()) for _, canonical in entries)


def behind_the_triggers(office: Office, statement: str) -> None:
    """What somebody with all rights on the database can do."""
    with office.database.transaction() as transaction:
        final_rows.drop(transaction.connection)
        transaction.connection.exec_driver_sql(statement)
        final_rows.create(transaction.connection)


class TestGrowing:
    def test_an_empty_log_is_not_signed(self, office: Office, signer: Signer):
        assert seal(office, signer) == Sealed(0, 0, None, ORIGIN)

    @pytest.mark.parametrize("batch", [1, 7, 5_000])
    def test_gives_every_entry_its_position_and_signs_the_root(self, office: Office, signer: Signer, batch: int):
        for many in (1, 6, 300, 213):
            grow(office, many)
            sealed = seal(office, signer, batch)
            entries = in_order(office)
            signed = open_checkpoint(sealed.note or "", [signer.verifier(ORIGIN)])
            assert sealed.added == many
            assert [position for position, _ in entries] == list(range(len(entries)))
            assert signed == Checkpoint(ORIGIN, len(entries), root_of(entries))

    def test_sealed_again_changes_nothing(self, office: Office, signer: Signer):
        grow(office, 10)
        first = seal(office, signer)
        signed = builders.rows_of(office, models.Checkpoint)

        again = seal(office, signer)

        assert (again.added, again.note) == (0, first.note)
        assert builders.rows_of(office, models.Checkpoint) == signed

    def test_an_entry_that_is_committed_late_comes_later(self, postgresql_office: Office, signer: Signer):
        office = postgresql_office
        with office.database.transaction() as slow:
            late = write(slow.connection, 1)
            grow(office, 3)
            assert seal(office, signer).added == 3

        assert seal(office, signer).added == 1
        with office.database.snapshot() as connection:
            found = connection.execute(select(_ENTRY.c.position).where(_ENTRY.c.id == late)).scalar_one()
        assert found == 3

    def test_keeps_what_makes_proofs_quick(self, office: Office, signer: Signer):
        grow(office, 1_100)
        signed = checkpoint(office, signer)
        entries = in_order(office)
        with office.database.snapshot() as connection:
            for number in (0, 255, 256, 700, 1_099):
                leaf = merkle.leaf_hash(entries[number][1].encode())
                proof = merkle.inclusion_proof(number, 1_100, log.subtree(connection))
                assert merkle.verify_inclusion(leaf, number, 1_100, proof, signed.root)
            earlier = root_of(entries[:600])
            proof = merkle.consistency_proof(600, 1_100, log.subtree(connection))
            assert merkle.verify_consistency(600, 1_100, proof, earlier, signed.root)

    def test_sequencers_and_writers_at_once_leave_no_gap_and_no_fork(self, office: Office, signer: Signer):
        crowd(office, signer, writers=4, sequencers=3, each=60)


def crowd(office: Office, signer: Signer, *, writers: int, sequencers: int, each: int) -> None:
    """Let many write and seal at once; every checkpoint must extend every earlier one."""
    written = threading.Event()
    notes: set[str] = set()

    def write_some(number: int) -> None:
        for n in range(each):
            with office.database.transaction() as transaction:
                write(transaction.connection, number * each + n)

    def seal_on() -> None:
        while not written.is_set():
            if note := seal(office, signer, 50).note:
                notes.add(note)

    with ThreadPoolExecutor(writers + sequencers) as pool:
        sealing = [pool.submit(seal_on) for _ in range(sequencers)]
        for one in [pool.submit(write_some, number) for number in range(writers)]:
            one.result()
        written.set()
        for one in sealing:
            one.result()
    final = checkpoint(office, signer)
    entries = in_order(office)
    assert [position for position, _ in entries] == list(range(writers * each))
    assert final == Checkpoint(ORIGIN, writers * each, root_of(entries))
    for note in notes:
        earlier = open_checkpoint(note, [signer.verifier(ORIGIN)])
        assert earlier.root == root_of(entries[: earlier.size])


class TestRefusing:
    def test_an_entry_that_was_altered_before_it_was_sealed(self, office: Office, signer: Signer):
        grow(office, 5)
        altered = "UPDATE audit_entry SET canonical = replace(canonical, '\"n\":3', '\"n\":4')"
        behind_the_triggers(office, altered)

        with pytest.raises(Unavailable, match="was altered before it was sealed"):
            seal(office, signer)

    def test_an_entry_that_was_altered_after_it_was_signed(self, office: Office, signer: Signer):
        grow(office, 5)
        seal(office, signer)
        behind_the_triggers(office, f"UPDATE audit_entry SET leaf = '{'0' * 64}' WHERE position = 3")
        grow(office, 1)

        with pytest.raises(Unavailable, match="are not those that were signed before"):
            seal(office, signer)

    @pytest.mark.parametrize("position", [0, 2, 4])
    def test_an_entry_that_was_removed(self, office: Office, signer: Signer, position: int):
        grow(office, 5)
        seal(office, signer)
        behind_the_triggers(office, f"DELETE FROM audit_entry WHERE position = {position}")
        grow(office, 1)

        with pytest.raises(Unavailable, match=r"does not extend|signed before"):
            seal(office, signer)

    def test_a_hash_of_a_subtree_that_was_removed(self, office: Office, signer: Signer):
        grow(office, 300)
        seal(office, signer)
        behind_the_triggers(office, "DELETE FROM log_node")
        grow(office, 1)

        with pytest.raises(Unavailable, match="is missing from the log"):
            seal(office, signer)

    def test_a_restored_backup(self, sqlite_office: Office, signer: Signer, tmp_path: Path):
        grow(sqlite_office, 5)
        seal(sqlite_office, signer)
        path = engines.sqlite_path(sqlite_office.database.writer.url)
        assert path is not None
        with sqlite_office.database.writer.connect() as connection:
            connection.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copyfile(path, tmp_path / "backup.db")
        grow(sqlite_office, 5)
        seal(sqlite_office, signer)
        url = sqlite_office.database.writer.url.set(database=str(tmp_path / "backup.db"))
        restored = Office(Database(engines.writer(url), engines.reader(url), None), Editions(), ORIGIN, "s")
        try:
            with pytest.raises(Unavailable, match="It has 5 entries, but 10 were signed before"):
                seal(restored, signer)
            grow(restored, 20, first=100)  # even once it has grown beyond
            with pytest.raises(Unavailable, match="are not those that were signed before"):
                seal(restored, signer)
        finally:
            restored.database.close()

    def test_damaged_memory_of_what_was_signed(self, office: Office, signer: Signer):
        grow(office, 5)
        seal(office, signer)
        signer.seen.write_text(signer.seen.read_text().replace("\n5\n", "\n4\n"))

        with pytest.raises(Unavailable, match="is damaged"):
            seal(office, signer)

    def test_lost_memory_is_no_reason_to_stop(self, office: Office, signer: Signer):
        grow(office, 5)
        first = seal(office, signer)
        signer.seen.unlink()

        assert seal(office, signer).note == first.note


class TestKey:
    @pytest.mark.usefixtures("signer")
    def test_is_for_its_owner_alone(self, tmp_path: Path):
        key = tmp_path / "log.key"
        assert key.stat().st_mode & 0o777 == 0o600
        key.chmod(0o640)

        with pytest.raises(Unavailable, match="chmod 600"):
            signer_of(str(key), tmp_path)

    def test_may_come_from_the_environment(self, tmp_path: Path, signer: Signer):
        given = signer_of((tmp_path / "log.key").read_text(), tmp_path)

        assert given.verifier(ORIGIN) == signer.verifier(ORIGIN)
        assert given.seen == tmp_path / "newest-checkpoint"

    @pytest.mark.usefixtures("signer")
    def test_is_never_made_over_another(self, tmp_path: Path):
        before = (tmp_path / "log.key").read_bytes()

        with pytest.raises(FileExistsError):
            signing.make_key(tmp_path / "log.key")

        assert (tmp_path / "log.key").read_bytes() == before

    @pytest.mark.parametrize(
        "content", ["", "no key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"]
    )
    def test_that_is_none_is_told(self, tmp_path: Path, content: str):
        file = tmp_path / "other.key"
        file.write_text(content)
        file.chmod(0o600)

        with pytest.raises(Unavailable, match="is no private key"):
            signer_of(str(file), tmp_path)

    def test_that_is_not_there_is_told(self, tmp_path: Path):
        with pytest.raises(Unavailable, match="cannot be read"):
            signer_of(str(tmp_path / "none.key"), tmp_path)
