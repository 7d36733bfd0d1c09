"""What is proved from an exported bundle alone is what the database proves, and nobody can alter the bundle unseen."""

import io
import json
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import builders as b
import lifecycle
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from mailroom import SILENT, deliver
from sqlalchemy import delete
from test_histories import scratch
from test_reminder_proof import EVER, MINUTE, NOW, Proved, opened, proof_of
from test_reminder_proof import lived as lived  # noqa: PLC0414  # a fixture of another file

from states.facts import Person
from workflow import bootstrap, models
from workflow.audit import merkle
from workflow.audit.bundle import BadBundle, end_line, entry_line, header_of
from workflow.audit.canonical import encode
from workflow.audit.entry import Entry
from workflow.audit.note import Checkpoint, sign_checkpoint
from workflow.cli.main import run
from workflow.decisions.record import enter
from workflow.models.base import table_of
from workflow.operations.close_task import close_task
from workflow.operations.cut_over import TakenOver
from workflow.operations.demonstration import load_demonstration
from workflow.operations.import_certificates import COLUMNS, OPTIONAL, import_certificates
from workflow.operations.mark_arrived import mark_arrived
from workflow.operations.reissue_certificate import reissue_certificate
from workflow.operations.seal_log import seal_log
from workflow.operations.set_up_installation import keep_calendars
from workflow.operations.sweep import sweep
from workflow.reports.proof_from_bundle import FromBundle, prove_bundle
from workflow.reports.reminder_proof import Account
from workflow.reports.told import Untold
from workflow.reports.trail import as_bundle
from workflow.reports.trail.trail import Trail, Wanted
from workflow.settings import Settings
from workflow.store.office import Office
from workflow.store.signing import Signer, make_key, signer_of

Lines = list[bytes]


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    make_key(tmp_path / "log.key")
    return signer_of(str(tmp_path / "log.key"), tmp_path)


def name_log(office: Office) -> None:
    installation = table_of(models.Installation)
    with office.database.transaction() as transaction:
        transaction.connection.execute(delete(installation))
        row = {"id": 1, "origin": "o", "log_origin": "log.example", "salt": "s", "created_at": b.NOW}
        transaction.connection.execute(installation.insert(), row)


def tell_of_fixtures(office: Office) -> None:
    """Enter what the builders insert as rows: accounts, bands, holidays."""
    roles: dict[str, list[str]] = {}
    for row in b.rows_of(office, models.OfficerRole):
        roles.setdefault(row["officer_id"], []).append(row["role"])
    uens = {row["id"]: row["identifier"] for row in b.rows_of(office, models.Company)}
    with office.database.transaction() as transaction:
        connection = transaction.connection
        keep_calendars(connection, now=b.NOW)
        for officer in b.rows_of(office, models.Officer):
            detail: dict[str, Any] = {"officer": officer["id"], "roles": roles[officer["id"]]}
            enter(connection, Entry("people:officer:added", officer["created_at"], "x", "admin", "test", detail=detail))
        for band in b.rows_of(office, models.BandAssessment):
            enter(connection, of_band(band, uens[band["company_id"]]))


def of_band(band: Any, uen: str) -> Entry:
    detail = {"band": band["band"], "assessed_on": band["assessed_on"], "valid_until": band["valid_until"]}
    return Entry(
        "case:band:assessed", band["recorded_at"], "x", "officer", "test", about={"company": uen}, detail=detail
    )


def exported(office: Office, signer: Signer, *, now: datetime, wanted: Wanted | None = None) -> Lines:
    """Seal the log and return the bundle's lines."""
    sealed = seal_log(office, signer, now=now)
    assert sealed.note
    target = io.BytesIO()
    with office.database.snapshot() as connection:
        key = signer.verifier(sealed.origin).text
        auditor = Person("x", "x", frozenset({"auditor"}))
        as_bundle.write(Trail(connection, sealed.note, key, wanted or Wanted(), now, auditor, "Asia/Singapore"), target)
    return target.getvalue().splitlines(keepends=True)


def proved(lines: Lines, tell: Callable[[Account], None] = lambda _: None, **more: Any) -> FromBundle:
    return prove_bundle(lines, first=EVER[0], last=EVER[1], tell=tell, **more)


def told(account: Account) -> tuple[Any, ...]:
    """All of an account but names, which no entry holds, and servers' replies."""
    reached = [(to.recipient, to.fate, to.at) for to in account.recipients]
    what = (account.application, account.rule, account.due_at, account.due_on, account.certificate, account.audience)
    return (*what, account.message, account.fate, account.timer, reached)


def assert_both_agree(office: Office, signer: Signer, now: datetime) -> int:
    """Prove the same twice, and return how much was expected."""
    by_tables: list[Account] = []
    by_bundle: list[Account] = []
    tables = proof_of(office, now=now, tell=by_tables.append)
    found = proved(exported(office, signer, now=now), by_bundle.append)
    assert found.verdict.holds
    assert found.proof
    assert [one.sentence() for one in found.proof.unaccounted] == [one.sentence() for one in tables.unaccounted] == []
    assert found.proof.as_data() == tables.as_data()
    assert sorted(map(told, by_bundle), key=repr) == sorted(map(told, by_tables), key=repr)
    return tables.expected


class TestBothProofs:
    def test_agree_on_the_demonstration(self, tmp_path: Path):
        chosen = Settings(env="test", data_dir=tmp_path, database_url="", smtp_url="")
        bootstrap.upgrade(chosen)
        with bootstrap.open_installation(chosen) as installation:
            office = installation.office
            load_demonstration(office, installation.post(), now=b.NOW, progress=lambda _: None)
            sweep(office, now=b.NOW + MINUTE)

            assert assert_both_agree(office, installation.signer(), b.NOW + MINUTE) > 300

    def test_agree_on_what_was_taken_over(self, office: Office, signer: Signer, tmp_path: Path):
        """Certificates with bands, extensions, suspensions and renewals under way; two of one company."""
        staff = b.people(office)
        name_log(office)
        file = tmp_path / "certificates.csv"
        manager, uens = b.email_of(staff.account_manager), [b.valid_uen(n) for n in (70001, 70002, 70003)]
        rows = [
            f"{uens[0]},Alder Pte. Ltd.,STP,C-1,2025-03-01,2028-03-01,{manager},a@alder.example,,Premium,2025-02-01,,,,,,",
            f"{uens[1]},Birch Pte. Ltd.,STP,C-2,2024-01-01,2026-12-31,,b@birch.example,,,,,,,2027-06-30,2026-10-01,",
            f"{uens[2]},Cedar Pte. Ltd.,STP,C-3,2024-02-01,2027-01-31,{manager},c@cedar.example,,,,,,,,,2026-10-05",
        ]
        file.write_text("\n".join([",".join((*COLUMNS, *OPTIONAL)), *rows]) + "\n")
        result: TakenOver = import_certificates(office, file=file, act=b.act(staff.supervisor))
        assert result.added == 3, result.findings
        tell_of_fixtures(office)
        for months in (1, 8):
            sweep(office, now=b.NOW.replace(tzinfo=UTC) + months * 30 * 24 * 60 * MINUTE)

        assert assert_both_agree(office, signer, b.NOW + 8 * 30 * 24 * 60 * MINUTE) > 20

    def test_agree_on_what_was_set_aside_under_another_number_and_after_the_end(self, office: Office, signer: Signer):
        staff = b.people(office)
        judges = iter(
            b.another_person(office, f"p-{n}", name, "approver") for n, name in ((91, "Gita Rao"), (92, "Lina Chua"))
        )
        name_log(office)
        reference = lifecycle.certified(office, staff, b.TODAY)
        last, day = b.case_of(office, reference)["valid_until"], timedelta(days=1)

        def set_aside(at: datetime, **given: str) -> None:
            order = b.add(office, b.act(staff.officer, at), reference, "order")
            more: Any = {"reason_code": "court", "given": {"order": str(order)} | given}
            b.done(b.advance(office, b.act(next(judges), at), reference, "set_aside", **more))

        at = b.NOW + day
        lifecycle.decide(office, staff, reference, "suspend", at)
        number = b.case_of(office, reference)["certificate_number"]
        b.done(reissue_certificate(office, number=number, reason="Stained.", act=b.act(staff.approver, at)))
        set_aside(at)
        sweep(office, now=b.morning_of(last - 100 * day))
        lifecycle.renewed(office, staff, reference, last - 60 * day)
        lifecycle.decide(
            office, staff, reference, "reject", b.morning_of(last - 50 * day), reason_code="criteria_not_met"
        )
        sweep(office, now=b.morning_of(last + day))
        set_aside(b.morning_of(last + 10 * day), valid_until=(last + 200 * day).isoformat())
        sweep(office, now=b.morning_of(last + 150 * day))
        tell_of_fixtures(office)

        assert assert_both_agree(office, signer, b.morning_of(last + 150 * day)) > 20

    def test_agree_on_what_a_person_found_to_have_arrived(self, office: Office, signer: Signer):
        staff = b.people(office)
        name_log(office)
        reference = b.certified(office, staff)
        tell_of_fixtures(office)
        last = b.case_of(office, reference)["valid_until"]
        at = b.morning_of(last) - 205 * 24 * 60 * MINUTE
        deliver(office)
        sweep(office, now=at)
        deliver(office, SILENT, SILENT, SILENT, now=at)
        doubted = b.rows_of(office, models.Notification, status="in_doubt")
        assert any(row["cause"].startswith("planned:") for row in doubted)
        for row in doubted:
            mark_arrived(office, message=row["id"], note="By phone.", act=b.act(staff.officer, at + MINUTE))

        assert assert_both_agree(office, signer, at + 2 * MINUTE) > 10

    def test_agree_on_the_letters_to_a_company_without_a_contact(self, office: Office, signer: Signer):
        staff = b.people(office)
        name_log(office)
        reference = b.certified(office, staff, contact_email="")
        tell_of_fixtures(office)
        last = b.case_of(office, reference)["valid_until"]
        letters = []
        for days in (205, 149):
            at = b.morning_of(last) - days * 24 * 60 * MINUTE
            sweep(office, now=at)
            deliver(office, now=at)
            letters += b.rows_of(office, models.Task, closed_at=None)[-1:]
        given = {"outcome": "Posted.", "posted_on": b.local_today(at), "act": b.act(staff.officer, at)}
        close_task(office, task_id=letters[0]["id"], **given)

        assert assert_both_agree(office, signer, at + MINUTE) > 10
        fates = proof_of(office, now=at + MINUTE).fates
        assert (fates["by_letter"], fates["suppressed"]) == (1, 1)


class ProvedTwice(Proved):
    """A random life at whose end the bundle proves what the tables prove."""

    signer: Signer
    twice = 0

    def insert_document(self, kind: str) -> int:
        id_ = super().insert_document(kind)
        self.tell("case:document:added", document=id_, document_kind=kind)
        return id_

    def insert(self, model: Any, rows: list[dict[str, Any]]) -> None:
        super().insert(model, rows)
        if model is models.Finding:
            self.tell("case:finding:answered", criterion="all", answer="yes")

    def tell(self, kind: str, **detail: Any) -> None:
        """Enter what is inserted as rows."""
        at, about = b.morning_of(self.model.today), {"application": self.reference}
        with self.office.database.transaction() as transaction:
            enter(transaction.connection, Entry(kind, at, "x", "officer", "test", about=about, detail=detail))

    def teardown(self) -> None:
        super().teardown()
        name_log(self.office)
        tell_of_fixtures(self.office)
        self.signer.seen.unlink(missing_ok=True)  # the log of another life
        ProvedTwice.twice += assert_both_agree(self.office, self.signer, b.morning_of(self.model.today))


def play(how_many: int, template: Path, folder: Path, signer: Signer) -> None:
    checks = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
    lives = settings(
        max_examples=how_many, stateful_step_count=25, suppress_health_check=checks, phases=[Phase.generate]
    )
    ProvedTwice.signer, ProvedTwice.twice = signer, 0
    with scratch(template, folder):
        run_state_machine_as_test(ProvedTwice, settings=lives)
    assert ProvedTwice.twice > 10 * how_many


def test_random_lives_are_proved_twice(sqlite_template: Path, tmp_path: Path, signer: Signer) -> None:
    play(15, sqlite_template, tmp_path, signer)


@pytest.mark.exhaustive
def test_random_lives_are_proved_twice_for_long(sqlite_template: Path, tmp_path: Path, signer: Signer) -> None:
    play(1000, sqlite_template, tmp_path, signer)


# A life that is lived once; its bundle is then tampered with


@pytest.fixture(scope="module")
def bundle(lived: Path, tmp_path_factory: pytest.TempPathFactory) -> Lines:
    """The bundle of two cases 100 days before their end; when T-150 went out, the account manager was absent."""
    folder = tmp_path_factory.mktemp("bundle")
    shutil.copyfile(lived, folder / "lived.db")
    (folder / "log.key").write_bytes(KEY)
    (folder / "log.key").chmod(0o600)
    with opened(folder / "lived.db") as office:
        name_log(office)
        tell_of_fixtures(office)
        return exported(office, signer_of(str(folder / "log.key"), folder), now=NOW)


SECRET = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEY = SECRET.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
Entries = list[dict[str, Any]]


def entries_of(lines: Lines) -> Entries:
    return [json.loads(line)["entry"] for line in lines[1:-1]]


def signed_anew(lines: Lines, entries: Entries) -> Lines:
    """What somebody with the signing key can make of a bundle: other entries, hashed and signed as if they were so."""
    canonical = [encode(entry) for entry in entries]
    leaves = [merkle.leaf_hash(one.encode()) for one in canonical]
    header = header_of(lines[0])
    note = sign_checkpoint(Checkpoint(header.origin, len(entries), merkle.root_of(leaves)), SECRET)
    made = [entry_line(one, n, leaves[n]) for n, one in enumerate(canonical)]
    return [f"{line}\n".encode() for line in (replace(header, checkpoint=note).line(), *made, end_line(len(entries)))]


def of(entries: Entries, kind: str, rule: str = "T-210", case: str = "STP-2026-000001") -> Entries:
    """Return a reminder's own entry, or those of its deliveries."""
    own = next(e for e in entries if e.get("about", {}).get("application") == case and e.get("on_behalf_of") == rule)
    if kind == "clock":
        return [own]
    return [e for e in entries if e["kind"].startswith("mail:") and e["detail"]["cause"] == own["detail"]["cause"]]


def without(entries: Entries, gone: Entries) -> Entries:
    """Leave entries out, and number their case's anew, so that no gap shows."""
    seq: Counter[str] = Counter()
    kept = [one for one in entries if one not in gone]
    for one in kept:
        if "case_seq" in one:
            seq[one["about"]["application"]] += 1
            one["case_seq"] = seq[one["about"]["application"]]
    return kept


def drop_reminder(entries: Entries) -> Entries:
    return without(entries, of(entries, "clock") + of(entries, "mail"))


def send_twice(entries: Entries) -> Entries:
    (own,) = of(entries, "clock")
    last = max(
        e["case_seq"] for e in entries if e.get("about", {}).get("application") == "STP-2026-000001" and "case_seq" in e
    )
    return [*entries, own | {"case_seq": last + 1}]


def change(kind: str, number: int = 0, **detail: Any) -> Callable[[Entries], Entries]:
    def changed(entries: Entries) -> Entries:
        of(entries, kind)[number]["detail"] |= detail
        return entries

    return changed


FORGERIES: dict[str, tuple[Callable[[Entries], Entries], str]] = {
    "a reminder is gone, its deliveries too": (drop_reminder, "has not been done"),
    "a reminder was due on another day": (
        change("clock", due_at="2029-04-01T01:00:00.000000Z"), "due on 2029-04-01, but the rules give 2029-04-27",
    ),
    "a reminder went out twice": (send_twice, "no decision and no rule gives it"),
    "it said something else": (change("clock", message="renewal_heads_up"), "but the rules give renewal_invitation"),
    "the company was left out": (change("clock", to=["account_manager"], cause="planned:777"), "Nobody wrote to the company"),
    "it reached another manager": (change("mail", 1, person="p-09"), "reached p-09, and it was for p-04"),
    "it reached nobody in particular": (change("mail", 1, person=""), "and it was for p-04"),
    "it was meant for somebody else": (change("mail", 1, recipient="officer:p-09"), "whom it was not for"),
    "it was given up for no reason": (
        lambda entries: [e | ({"kind": "clock:reminder:superseded"} if e in of(entries, "clock") else {}) for e in entries],
        "but there is mail for it",
    ),
}  # fmt: skip


class TestTampering:
    def test_is_not_seen_in_the_honest_bundle(self, bundle: Lines):
        found = proved(bundle)

        assert found.proof
        assert found.proof.holds
        assert (found.proof.fates["sent"], found.proof.fates["planned"]) == (10, 12)
        assert proved(signed_anew(bundle, entries_of(bundle))).proof == found.proof

    def test_with_any_entry_is_named_by_its_index(self, bundle: Lines):
        """A delivery that is gone, and one that is altered."""
        at = next(n for n, line in enumerate(bundle) if b'"kind":"mail:delivery:sent"' in line and b"contact:" in line)
        for lines in (
            bundle[:at] + bundle[at + 1 :],
            [*bundle[:at], bundle[at].replace(b"contact:", b"contxct:"), *bundle[at + 1 :]],
        ):
            found = proved(lines)

            assert (found.proof, found.verdict.first_bad) == (None, at - 1)

    def test_with_all_entries_contradicts_the_checkpoint_that_was_kept(self, bundle: Lines):
        kept, header = header_of(bundle[0]).checkpoint, header_of(bundle[0])
        forged = signed_anew(bundle, drop_reminder(entries_of(bundle)))

        assert proved(bundle, checkpoint=kept, key=header.verifier).proof
        assert proved(forged, checkpoint=kept, key=header.verifier).proof is None

    @pytest.mark.parametrize("name", FORGERIES)
    def test_by_whoever_signs_the_log_contradicts_the_rules(self, bundle: Lines, name: str):
        forge, words = FORGERIES[name]

        found = proved(signed_anew(bundle, forge(entries_of(bundle))))

        assert found.verdict.holds
        assert found.proof
        assert any(words in one.why for one in found.proof.unaccounted), [
            one.sentence() for one in found.proof.unaccounted
        ]

    def test_with_a_delivery_that_is_gone_leaves_the_message_waiting(self, bundle: Lines):
        entries = entries_of(bundle)

        found = proved(signed_anew(bundle, without(entries, of(entries, "mail")[:1])))

        assert found.proof
        assert (found.proof.fates["sent"], found.proof.fates["waiting"]) == (9, 1)

    def test_with_a_gap_in_a_case_is_named(self, bundle: Lines):
        entries = entries_of(bundle)
        gone = of(entries, "clock")[0]

        with pytest.raises(
            Untold, match=rf"no\. {gone['case_seq'] + 1} of STP-2026-000001, where no\. {gone['case_seq']} must"
        ):
            proved(signed_anew(bundle, [one for one in entries if one is not gone]))

    def test_with_a_programme_is_named(self, bundle: Lines):
        header = json.loads(bundle[0])
        text = header["programmes"][0]["text"]
        header["programmes"][0]["text"] = text.replace("T-210", "T-200")
        assert text != header["programmes"][0]["text"]

        with pytest.raises(
            Untold, match="another text as edition 2026-03 of STP than the one whose SHA-256 the log names"
        ):
            proved([json.dumps(header).encode() + b"\n", *bundle[1:]])

    def test_with_the_list_of_programmes_is_named(self, bundle: Lines):
        header = json.loads(bundle[0])

        for carried in (None, [], "x", [{"code": "STP"}], [7]):
            with pytest.raises(Untold, match="bundle"):
                proved([json.dumps(header | {"programmes": carried}).encode() + b"\n", *bundle[1:]])

    def test_with_holidays_moves_what_is_due_and_is_named(self, bundle: Lines):
        entries = entries_of(bundle)
        own = of(entries, "clock", "T-180")[0]
        days = next(e for e in entries if e["kind"] == "system:holidays:computed")["detail"]["days"]
        days.append(own["detail"]["due_at"][:10])

        found = proved(signed_anew(bundle, entries))

        assert found.proof
        assert {one.rule for one in found.proof.unaccounted} == {"T-180"}

    def test_with_an_entry_that_lacks_a_member_is_named(self, bundle: Lines):
        entries = entries_of(bundle)
        del of(entries, "clock")[0]["detail"]["due_at"]

        with pytest.raises(Untold, match=r"Entry \d+ cannot be used for this proof: it lacks 'due_at'\."):
            proved(signed_anew(bundle, entries))


class TestWhatIsProved:
    def test_is_as_at_the_making_of_the_bundle_and_never_before_its_newest_entry(self, bundle: Lines):
        header = json.loads(bundle[0])

        def found(**more: Any) -> tuple[datetime, str]:
            found = proved([json.dumps(header | more).encode() + b"\n", *bundle[1:]])
            assert found.proof
            return found.proof.as_at, found.not_judged[-1]

        newest = datetime.fromisoformat(json.loads(bundle[-2])["entry"]["recorded_at"])
        entry = f"its newest entry is of {newest:%Y-%m-%d %H:%M:%S} UTC"
        unsigned = f"it says {NOW:%Y-%m-%d %H:%M:%S} UTC in its first line, which nobody signed; {entry}."
        assert found() == (NOW, f"When the bundle was made: {unsigned}")
        at, said = found(made_at="2020-01-01T00:00:00Z")
        assert (at, entry in said) == (newest, True)
        assert found(made_at="9999-12-31T23:59:59Z")[0].year == 9999
        at, said = found(made_at=None)
        assert (at, "does not say when it was made" in said) == (newest, True)

    @pytest.mark.parametrize(
        "made_at", ["x", "", 7, "2029-06-30", "2029-06-30T00:00:00", {}, "9999-12-31T23:59:59-12:00"]
    )
    def test_is_not_begun_where_the_bundle_names_no_instant_as_its_making(self, bundle: Lines, made_at: Any):
        header = json.loads(bundle[0]) | {"made_at": made_at}

        with pytest.raises(BadBundle, match="which is no instant"):
            proved([json.dumps(header).encode() + b"\n", *bundle[1:]])

    def test_needs_all_entries(self, lived: Path, tmp_path: Path, signer: Signer):
        shutil.copyfile(lived, tmp_path / "lived.db")
        with opened(tmp_path / "lived.db") as office:
            name_log(office)
            lines = exported(office, signer, now=NOW, wanted=Wanted(application="STP-2026-000001"))

        with pytest.raises(BadBundle, match="export without filters"):
            proved(lines)


class TestCommand:
    """It looks at no database and no settings: there are none that could be used."""

    @pytest.fixture(autouse=True)
    def nowhere(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("AEO_DATABASE_URL", "nonsense")
        monkeypatch.setenv("AEO_ENV", "nowhere")
        monkeypatch.setenv("AEO_DATA_DIR", "/proc/nowhere")
        monkeypatch.chdir(tmp_path)

    @staticmethod
    def prove(*more: str) -> int:
        return run(["reminders", "prove", "--from", "2029-01-01", "--to", "2029-06-30", *more])

    def test_proves_and_says_what_it_cannot_judge(self, bundle: Lines, capsys: pytest.CaptureFixture[str]):
        Path("trail.jsonl").write_bytes(b"".join(bundle))
        Path("kept").write_text(header_of(bundle[0]).checkpoint)

        trusted = ("--checkpoint", "kept", "--key", header_of(bundle[0]).verifier)
        assert self.prove("--bundle", "trail.jsonl", *trusted, "--details") == 0

        told = capsys.readouterr().out
        assert told.startswith("This holds: ")
        assert "p-09" in told  # the deputy
        assert "Reminders: 8 expected, 8 sent, 0 unaccounted.\n" in told
        assert "Not judged: What happened after the newest entry" in told
        assert "in its first line, which nobody signed" in told
        assert "No checkpoint" not in told

    def test_prints_the_same_members_as_the_proof_from_the_database(
        self, bundle: Lines, capsys: pytest.CaptureFixture[str]
    ):
        Path("trail.jsonl").write_bytes(b"".join(bundle))

        assert self.prove("--bundle", "trail.jsonl", "--format", "json") == 0

        data = json.loads(capsys.readouterr().out)
        assert (data["expected"], data["sent"], data["unaccounted"]) == (8, 8, [])
        assert data["bundle"]["holds"]
        assert data["not_judged"]

    @pytest.mark.parametrize("form", ["table", "json"])
    def test_exits_1_where_the_bundle_does_not_hold_or_does_not_tell(
        self, bundle: Lines, form: str, capsys: pytest.CaptureFixture[str]
    ):
        header = json.loads(bundle[0]) | {"programmes": []}
        Path("cut.jsonl").write_bytes(b"".join(bundle[:9] + bundle[10:]))
        Path("bare.jsonl").write_bytes(b"".join([json.dumps(header).encode() + b"\n", *bundle[1:]]))
        Path("forged.jsonl").write_bytes(b"".join(signed_anew(bundle, drop_reminder(entries_of(bundle)))))

        for file, words in (
            ("cut", "Entry 8 is missing"),
            ("bare", "does not carry edition"),
            ("forged", "has not been done"),
        ):
            assert self.prove("--bundle", f"{file}.jsonl", "--format", form) == 1
            assert words in capsys.readouterr().out

    def test_exits_2_for_what_is_no_bundle(self, capsys: pytest.CaptureFixture[str]):
        Path("empty").write_bytes(b"")

        assert self.prove("--bundle", "empty") == 2
        assert self.prove("--bundle", "not_there") == 2
        assert self.prove("--key", "x") == 2
        assert "belong to --bundle" in capsys.readouterr().err
