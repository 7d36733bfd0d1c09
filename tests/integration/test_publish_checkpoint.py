"""Checkpoints leave the machine: by folder, by mail once a day, over HTTP; the mail does not make the log grow."""

from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path

import browsing
import builders
import httpx
import mailroom
import pytest

from states.dates import local_instant
from workflow import models
from workflow.audit.entry import Entry
from workflow.audit.note import note_in
from workflow.decisions.record import enter
from workflow.errors import Unavailable
from workflow.operations.publish_checkpoint import put_into, send_checkpoint
from workflow.operations.seal_log import Sealed, seal_log
from workflow.operations.set_up_installation import renew_identity
from workflow.reports.metrics import exposition
from workflow.reports.readiness import problems
from workflow.store import signing
from workflow.store.office import Office
from workflow.store.signing import Signer, signer_of

EIGHT = local_instant(builders.TODAY, 8, "Asia/Singapore")
DAY = timedelta(days=1)


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    signing.make_key(tmp_path / "log.key")
    return signer_of(str(tmp_path / "log.key"), tmp_path)


@pytest.fixture(autouse=True)
def staffed(request: pytest.FixtureRequest) -> None:
    for name in ("office", "sqlite_office"):
        if name in request.fixturenames:
            office = request.getfixturevalue(name)
            renew_identity(office.database, now=EIGHT)
            builders.people(office)
            builders.another_person(office, "p-10", "Ines Okoro", "auditor")


def sealed(office: Office, signer: Signer) -> tuple[Sealed, str]:
    found = seal_log(office, signer, now=EIGHT)
    return found, signer.verifier(found.origin).text


def grow(office: Office) -> None:
    with office.database.transaction() as transaction:
        enter(transaction.connection, Entry("test:entry:made", EIGHT, "p-01", "officer", "console"))


def asked(office: Office) -> httpx.Response:
    return browsing.Browser(browsing.site(office, now=EIGHT)).get("/api/v1/audit/checkpoint")


class TestByMail:
    def test_goes_once_a_day_to_every_auditor_and_to_nobody_else(self, office: Office, signer: Signer):
        made = [
            send_checkpoint(office, *sealed(office, signer), now=EIGHT + after)
            for after in (-timedelta(seconds=1), timedelta(0), timedelta(hours=1), DAY, DAY)
        ]

        assert made == [0, 2, 0, 2, 0]
        queued = builders.rows_of(office, models.Notification, message="checkpoint")
        assert {(row["recipient"], row["cause"]) for row in queued} == {
            (f"officer:{who}", f"checkpoint:{builders.TODAY + after}")
            for who in ("p-06", "p-10")
            for after in (timedelta(0), DAY)
        }

    def test_holds_the_note_as_it_is_found_again_in_the_mail(self, sqlite_office: Office, signer: Signer):
        now, vkey = sealed(sqlite_office, signer)
        send_checkpoint(sqlite_office, now, vkey, now=EIGHT)

        _, transport = mailroom.deliver(sqlite_office, now=EIGHT)

        message = message_from_bytes(transport.sent[0][1], policy=policy.default)
        text = message.get_body(("plain",)).get_content()
        assert note_in(text) == now.note
        assert vkey in text

    def test_that_arrived_leaves_no_entry_and_one_that_did_not_leaves_one(self, sqlite_office: Office, signer: Signer):
        send_checkpoint(sqlite_office, *sealed(sqlite_office, signer), now=EIGHT)
        mailroom.deliver(sqlite_office, mailroom.SENT, mailroom.REFUSED, now=EIGHT)

        kinds = [row["kind"] for row in builders.rows_of(sqlite_office, models.AuditEntry)]
        assert [kind for kind in kinds if kind.startswith("mail:")] == ["mail:delivery:failed"]


class TestInAFolder:
    def test_the_newest_is_replaced_and_every_one_is_kept(self, sqlite_office: Office, signer: Signer, tmp_path: Path):
        folder, notes = tmp_path / "out" / "side", []
        for _ in range(3):
            now, vkey = sealed(sqlite_office, signer)
            put_into(folder, now, vkey)
            notes.append(now.note)
            grow(sqlite_office)

        assert [(folder / f"checkpoint-{n}").read_text() for n in (1, 2, 3)] == notes
        assert (folder / "checkpoint").read_text() == notes[-1]
        assert (folder / "log.vkey").read_text() == f"{vkey}\n"

    def test_the_same_checkpoint_again_writes_nothing(self, sqlite_office: Office, signer: Signer, tmp_path: Path):
        put_into(tmp_path, *sealed(sqlite_office, signer))
        before = {file.name: file.stat().st_ino for file in tmp_path.iterdir()}
        put_into(tmp_path, *sealed(sqlite_office, signer))

        assert {file.name: file.stat().st_ino for file in tmp_path.iterdir()} == before

    def test_another_note_over_as_many_entries_takes_the_place_of_none(self, tmp_path: Path):
        for origin in ("one.example", "two.example"):
            put_into(tmp_path, Sealed(0, 7, f"{origin}\n7\nroot\n\nsigned\n", origin), "vkey")

        assert len(list(tmp_path.glob("checkpoint-7*"))) == 2
        assert (tmp_path / "checkpoint-7").read_text().startswith("one.example")
        assert (tmp_path / "checkpoint").read_text().startswith("two.example")

    def test_that_cannot_be_written_is_said_in_a_sentence(self, tmp_path: Path):
        (tmp_path / "file").write_text("")

        with pytest.raises(Unavailable, match="AEO_CHECKPOINT_DIR"):
            put_into(tmp_path / "file", Sealed(0, 7, "note", "one.example"), "vkey")


class TestFromOutside:
    def test_the_newest_note_is_read_over_http(self, office: Office, signer: Signer):
        nothing = asked(office)
        now, _ = sealed(office, signer)
        answer = asked(office)

        assert nothing.status_code == 404
        assert (answer.text, answer.headers["content-type"]) == (now.note, "text/plain; charset=utf-8")

    def test_late_sealing_shows_in_the_figures_and_in_readiness(self, office: Office, signer: Signer):
        late = EIGHT + timedelta(seconds=61)

        def seen() -> tuple[bool, list[bool]]:
            told = exposition(office, now=late, real_now=late).decode()
            found = problems(office, now=late, real_now=late, jobs=("seal_log",))
            return "aeo_log_lateness_seconds 61.0" in told, ["waited for its position" in one for one in found]

        before = seen()
        sealed(office, signer)

        assert before == (True, [False, True])
        assert seen() == (False, [False])
