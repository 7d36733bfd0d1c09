"""`aeo db check` tells the tables from the log: a row that was changed behind the triggers is named, honest work is not."""

from datetime import date
from pathlib import Path
from typing import Any

import builders
import pytest
from builders import act, done

from states.facts import OPERATOR
from workflow import models
from workflow.audit.entry import Entry, leaf_hash
from workflow.decisions.record import enter
from workflow.errors import Broken
from workflow.operations.correct_certificate import correct_certificate
from workflow.operations.decide_approval import confirm_approval
from workflow.operations.disable_officer import disable_officer
from workflow.operations.gazette_holiday import gazette_holiday, withdraw_holiday
from workflow.operations.manage_officers import add_officer, change_roles
from workflow.operations.prove_entry import prove_entry
from workflow.operations.record_consent import record_consent
from workflow.operations.reissue_certificate import reissue_certificate
from workflow.operations.seal_log import seal_log
from workflow.operations.set_up_installation import keep_calendars, renew_identity
from workflow.reports.log_replay import Difference, replay
from workflow.store import final_rows, signing
from workflow.store.office import Office
from workflow.store.signing import Signer, signer_of

BY_FIXTURES = {
    "officer",
    "programme_edition",
    "document",
    "participation",
    "calendar_day",
}  # made there without an entry


def differences(office: Office, *, also: frozenset[str] = frozenset()) -> list[Difference]:
    with office.database.snapshot() as connection:
        return [one for one in replay(connection, office.editions) if one.table not in BY_FIXTURES - also]


def behind_the_triggers(office: Office, statement: str) -> None:
    """What somebody with all rights on the database can do."""
    with office.database.transaction() as transaction:
        final_rows.drop(transaction.connection)
        transaction.connection.exec_driver_sql(statement)
        final_rows.create(transaction.connection)


def identify(office: Office) -> None:
    with office.database.transaction() as transaction:
        transaction.connection.exec_driver_sql("DELETE FROM installation")
    renew_identity(office.database, now=builders.NOW)


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    signing.make_key(tmp_path / "log.key")
    return signer_of(str(tmp_path / "log.key"), tmp_path)


@pytest.fixture
def case(office: Office, signer: Signer) -> str:
    """A certified case in a sealed log, after enough honest work that every table has rows."""
    identify(office)
    staff = builders.people(office)
    reference = builders.certified(office, staff)
    number = builders.case_of(office, reference)["certificate_number"]
    by = act(staff.officer)
    done(record_consent(office, number=number, publication=True, partners=None, act=by))
    asked = done(correct_certificate(office, number=number, reason="Misread.", act=by, valid_until=date(2029, 11, 1)))
    second = builders.another_person(office, "p-09", "Gita Menon", "approver")
    done(confirm_approval(office, approval_id=asked.data["approval"], act=act(second)))
    done(reissue_certificate(office, number=number, reason="Damaged.", act=act(staff.approver)))
    seal_log(office, signer, now=builders.NOW)
    return reference


@pytest.mark.usefixtures("case")
def test_honest_work_shows_no_difference(office: Office):
    assert differences(office) == []


FORGERIES = {
    "a decision's actor": ("UPDATE decision SET actor_id = 'p-66' WHERE decision_no = 2", "decision", "actor_id"),
    "a decision's day": ("UPDATE decision SET effective_at = '2026-01-01 00:00:00+00:00'", "decision", "effective_at"),
    "a decision's trigger": ("UPDATE decision SET trigger = 'x' WHERE decision_no = 3", "decision", "trigger"),
    "what a decision was given": ("UPDATE decision SET given = '{\"a\":1}'", "decision", "given"),
    "an internal reason": ("UPDATE decision SET internal_reason = 'x'", "decision", "internal_reason"),
    "a decision too many": (
        ("INSERT INTO decision (application_id, decision_no, cycle, trigger, from_state, to_state, actor_id, role, "
        "effective_at, recorded_at, reason_code, reason_to_company, internal_reason, given, entry_id) "
        "SELECT application_id, 99, cycle, trigger, from_state, to_state, actor_id, role, effective_at, recorded_at, "
        "'', '', '', '{}', entry_id FROM decision WHERE decision_no = 1"),
        "decision",
        "*",
    ),
    "a certificate's last day": ("UPDATE certificate SET valid_until = '2039-01-01'", "certificate", "valid_until"),
    "a certificate's code": ("UPDATE certificate SET aeo_code = 'AEOSG0'", "certificate", "aeo_code"),
    "an event's day": (
        "UPDATE certificate_event SET valid_until = '2039-01-01' WHERE kind = 'corrected'", "certificate_event", "*",
    ),
    "an event gone": ("DELETE FROM certificate_event WHERE kind = 'consent'", "certificate_event", "*"),
    "the state": ("UPDATE application SET state = 'revoked'", "application", "state"),
    "the kind of state": ("UPDATE application SET state_kind = 'review'", "application", "state_kind"),
    "the last day": ("UPDATE application SET valid_until = '2039-01-01'", "application", "valid_until"),
    "the officer in charge": ("UPDATE application SET assignee_id = 'p-02'", "application", "assignee_id"),
    "the day of receipt": ("UPDATE application SET received_on = '2025-01-01'", "application", "received_on"),
    "the cycle": ("UPDATE application SET cycle = 2", "application", "cycle"),
    "the company": ("UPDATE company SET identifier = '201912345K'", "application", "uen"),
    "a recommendation": ("UPDATE recommendation SET outcome = 'reject'", "recommendation", "outcome"),
    "a document": ("UPDATE document SET sha256 = 'f'", "document", "sha256"),
    "who took part": ("UPDATE participation SET officer_id = 'p-02' WHERE deed = 'recommended'", "participation", "*"),
    "an entry's column": ("UPDATE audit_entry SET kind = 'x:y:z' WHERE position = 5", "audit_entry", "kind"),
    "an entry's case": (
        "UPDATE audit_entry SET application_id = NULL WHERE position = 5", "audit_entry", "application_id",
    ),
    "an entry's text": (
        "UPDATE audit_entry SET canonical = REPLACE(canonical, '\"v\":1', '\"v\":2') WHERE position = 4",
        "audit_entry",
        "leaf",
    ),
    "an entry gone": ("DELETE FROM audit_entry WHERE position = 0", "audit_entry", "*"),
    "a checkpoint": (f"UPDATE checkpoint SET root = '{'0' * 64}'", "checkpoint", "root"),
}  # fmt: skip


@pytest.mark.usefixtures("case")
def test_a_row_changed_behind_the_triggers_is_named(office: Office):
    with office.database.snapshot() as connection:
        honest = list(replay(connection, office.editions))
    missed = {}
    for name, (statement, table, column) in FORGERIES.items():
        with office.database.rehearsal() as transaction:
            final_rows.drop(transaction.connection)
            transaction.connection.exec_driver_sql(statement)
            found = set(map(repr, replay(transaction.connection, office.editions))) - {*map(repr, honest)}
        if not any(f"table='{table}'" in one and f"column='{column}'" in one for one in found):
            missed[name] = found

    assert missed == {}


@pytest.mark.usefixtures("case")
def test_a_changed_entry_whose_leaf_was_changed_too_contradicts_the_checkpoint(office: Office):
    with office.database.snapshot() as connection:
        row = connection.exec_driver_sql("SELECT canonical FROM audit_entry WHERE position = 4").one()
    forged = row.canonical.replace('"v":1', '"v":2')

    behind_the_triggers(
        office,
        "UPDATE audit_entry SET canonical = REPLACE(canonical, '\"v\":1', '\"v\":2'), "
        f"leaf = '{leaf_hash(forged)}' WHERE position = 4",
    )

    assert {(one.table, one.column) for one in differences(office)} == {("checkpoint", "root")}


@pytest.mark.usefixtures("case")
def test_a_log_that_was_cut_falls_short_of_what_was_signed(office: Office):
    behind_the_triggers(office, "UPDATE audit_entry SET position = NULL WHERE position > 3")

    assert [one.table for one in differences(office) if one.column == "*"] == ["audit_entry"]


class TestPeople:
    @pytest.fixture
    def admin(self, sqlite_office: Office) -> Any:
        first = done(add_officer(sqlite_office, email="a@b.example", name="Ann", roles=["admin"], act=_operator()))
        by = act(builders.Person(first.data["id"], "Ann", frozenset({"admin"})))
        for name, roles in (("Bo", ["officer"]), ("Cy", ["officer", "supervisor"])):
            done(add_officer(sqlite_office, email=f"{name}@b.example", name=name, roles=roles, act=by))
        done(change_roles(sqlite_office, email="bo@b.example", add=["approver"], remove=[], act=by))
        done(disable_officer(sqlite_office, email="cy@b.example", act=by))
        return by

    def of_people(self, office: Office) -> list[str]:
        found = differences(office, also=frozenset({"officer"}))
        return [f"{one.table}.{one.column}" for one in found]

    @pytest.mark.usefixtures("admin")
    def test_are_as_the_log_says_after_honest_work(self, sqlite_office: Office):
        assert self.of_people(sqlite_office) == []

    @pytest.mark.usefixtures("admin")
    @pytest.mark.parametrize(
        ("statement", "found"),
        [
            ("INSERT INTO officer_role SELECT officer_id, 'supervisor' FROM officer_role WHERE role = 'approver'", "officer_role.role"),
            ("DELETE FROM officer_role WHERE role = 'approver'", "officer_role.role"),
            ("UPDATE officer SET active = 1", "officer.active"),
            ("INSERT INTO officer VALUES ('p_x', 'x@b.example', 'X', 1, '2026-01-01 00:00:00')", "officer.*"),
        ],
    )  # fmt: skip
    def test_are_told_from_the_log(self, sqlite_office: Office, statement: str, found: str):
        behind_the_triggers(sqlite_office, statement)

        assert self.of_people(sqlite_office) == [found]


@pytest.mark.usefixtures("case")
def test_an_edition_is_held_to_the_hash_in_the_entries(office: Office):
    behind_the_triggers(office, "UPDATE programme_edition SET canonical = REPLACE(canonical, 'certify', 'cortify')")

    found = differences(office, also=frozenset({"programme_edition"}))
    assert [(one.table, one.column) for one in found] == [("programme_edition", "canonical")]


class TestHolidays:
    def of_holidays(self, office: Office) -> list[str]:
        return [one.sentence for one in differences(office, also=frozenset({"calendar_day"}))]

    @pytest.fixture
    def kept(self, office: Office) -> Office:
        admin = builders.another_person(office, "p-09", "Ann", "admin")
        with office.database.transaction() as transaction:
            keep_calendars(transaction.connection, now=builders.NOW)
        day, by = date(2027, 3, 1), act(admin)
        done(gazette_holiday(office, day=day, name="Polling Day", act=by))
        done(withdraw_holiday(office, day=day, reason="Postponed.", act=by))
        return office

    def test_are_as_the_log_says_after_honest_work(self, kept: Office):
        assert self.of_holidays(kept) == []

    def test_are_entered_once(self, kept: Office):
        with kept.database.transaction() as transaction:
            assert keep_calendars(transaction.connection, now=builders.NOW) == 0

        assert len(builders.rows_of(kept, models.AuditEntry, kind="system:holidays:computed")) == 1

    @pytest.mark.parametrize(
        ("statement", "found"),
        [
            (
                "DELETE FROM calendar_day WHERE day = '2027-08-09'",
                "2027-08-09 in Asia/Singapore, closed is in the log, but not in the table.",
            ),
            (
                "UPDATE calendar_day SET closed = NOT closed WHERE day = '2027-08-09'",
                "2027-08-09 in Asia/Singapore, open is not in the log.",
            ),
            (
                "DELETE FROM calendar_day WHERE day = '2027-03-01' AND NOT closed",
                "2027-03-01 in Asia/Singapore, open is in the log, but not in the table.",
            ),
        ],
    )
    def test_are_told_from_the_log(self, kept: Office, statement: str, found: str):
        behind_the_triggers(kept, statement)

        assert f"calendar_day {found}" in self.of_holidays(kept)


def test_entries_that_wait_for_a_position_are_looked_at_too(sqlite_office: Office):
    with sqlite_office.database.transaction() as transaction:
        enter(transaction.connection, Entry("test:entry:made", builders.NOW, "p-01", "officer", "console"))
    behind_the_triggers(sqlite_office, "UPDATE audit_entry SET canonical = REPLACE(canonical, 'p-01', 'p-02')")

    assert [one.column for one in differences(sqlite_office)] == ["leaf"]


def _operator() -> Any:

    return act(OPERATOR)


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("UPDATE decision SET effective_at = 'garbage' WHERE decision_no = 2", "decision 2: effective_at is garbage"),
        ("UPDATE certificate SET valid_until = '2029'", "certificate 1: valid_until is 2029"),
        ("UPDATE audit_entry SET canonical = x'7b22' WHERE position = 3", "canonical is b'{\"'"),
    ],
)
def test_a_value_that_cannot_be_read_is_named(sqlite_office: Office, signer: Signer, statement: str, sentence: str):
    identify(sqlite_office)
    builders.certified(sqlite_office, builders.people(sqlite_office))
    seal_log(sqlite_office, signer, now=builders.NOW)
    behind_the_triggers(sqlite_office, statement)

    found = differences(sqlite_office)

    assert sentence in found[0].sentence
    assert found[0].told in ("an instant", "a day", "text")


@pytest.mark.usefixtures("case")
def test_nothing_is_proved_of_an_entry_that_was_altered(office: Office, signer: Signer):
    behind_the_triggers(
        office, "UPDATE audit_entry SET canonical = REPLACE(canonical, 'p-0', 'p-1') WHERE position = 4"
    )

    with pytest.raises(Broken, match="Nothing can be proved of entry 4"):
        prove_entry(office, signer, index=4, now=builders.NOW)
