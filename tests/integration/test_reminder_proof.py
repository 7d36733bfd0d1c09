"""Every reminder is accounted for, after any life of a case; and nobody can lose, double or misdirect one unseen."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import builders as b
import lifecycle
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy import URL, text
from test_histories import Histories, scratch
from test_outbox import FakeTransport, post

from notifications.rendering import Renderer
from notifications.retry import Outcome
from notifications.transport import MaildirTransport, Reply
from states.facts import Person
from workflow import bootstrap, models
from workflow.errors import BadInput
from workflow.models.base import table_of
from workflow.operations.assign_application import assign_application
from workflow.operations.deliver_outbox import Post, deliver_outbox
from workflow.operations.demonstration import load_demonstration
from workflow.operations.mark_arrived import mark_arrived
from workflow.operations.record_absence import record_absence
from workflow.operations.simulate import Span, simulate
from workflow.operations.sweep import sweep
from workflow.operations.transfer_portfolio import transfer_portfolio
from workflow.reports.reminder_proof import FATES, Account, Proof, prove
from workflow.settings import Settings
from workflow.store import editions, engines, final_rows
from workflow.store.database import Database
from workflow.store.editions import Editions
from workflow.store.office import Office

EVER = (date(2020, 1, 1), date(2100, 1, 1))
LAST = date(2029, 11, 23)  # the last valid day
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
NOW = b.morning_of(LAST - 100 * DAY)
DOWN = (LAST - 140 * DAY, LAST - 110 * DAY)  # for the second case: T-120 comes late


def proof_of(office: Office, *, now: datetime = NOW, first: date = EVER[0], last: date = EVER[1], **more: Any) -> Proof:
    with office.database.snapshot() as connection:
        return prove(connection, office, first=first, last=last, now=now, **more)


def accounts_of(office: Office, *, now: datetime = NOW) -> list[Account]:
    found: list[Account] = []
    proof_of(office, now=now, tell=found.append)
    return found


def live_until(office: Office, end: datetime, transport: FakeTransport | None = None) -> None:
    """Let clock and mail run a minute after each thing falls due."""
    due = table_of(models.PlannedAction)
    while True:
        with office.database.snapshot() as connection:
            query = due.select().where(due.c.status == "planned").order_by(due.c.due_at).limit(1)
            row = connection.execute(query).first()
        if row is None or row.due_at + MINUTE > end:
            return
        sweep(office, now=row.due_at + MINUTE)
        deliver_outbox(office, post(transport or FakeTransport()), now=row.due_at + MINUTE)


# A life that is lived once and then tampered with


@contextmanager
def opened(path: Path) -> Iterator[Office]:
    url = URL.create("sqlite", database=str(path))
    database = Database(engines.writer(url), engines.reader(url), path.with_suffix(".lock"))
    yield Office(database, Editions(), origin="test.example", salt="s")
    database.close()


@pytest.fixture(scope="module")
def lived(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two cases 100 days before their end; when T-150 went out, the account manager was absent."""
    path = tmp_path_factory.mktemp("lived") / "lived.db"
    shutil.copyfile(sqlite_template, path)
    with opened(path) as office:
        staff = b.people(office)
        deputy = b.another_person(office, "p-09", "Hui Min Ong", "account_manager")
        b.certified_cheaply(office, staff, 2)
        away = (LAST - 155 * DAY, LAST - 145 * DAY)
        who = {"email": b.email_of(staff.account_manager), "deputy": b.email_of(deputy)}
        record_absence(office, act=b.act(staff.supervisor), first=away[0], last=away[1], **who)
        deliver_outbox(office, post(FakeTransport()), now=b.NOW)
        live_until(office, NOW)
        with office.database.writer.connect() as connection:
            connection.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


@pytest.fixture
def tampered(lived: Path, tmp_path: Path) -> Iterator[Office]:
    """A copy of it, whose final rows are protected no more."""
    path = tmp_path / "tampered.db"
    shutil.copyfile(lived, path)
    with opened(path) as office:
        with office.database.transaction() as transaction:
            final_rows.drop(transaction.connection)
        yield office


def do(office: Office, *statements: str, **values: Any) -> None:
    with office.database.transaction() as transaction:
        for statement in statements:
            used = {name: value for name, value in values.items() if f":{name}" in statement}
            assert transaction.connection.execute(text(statement), used).rowcount, statement


def rows(office: Office, rule: str, case: int = 1) -> Mapping[str, Any]:
    return b.rows_of(office, models.PlannedAction, rule=rule, application_id=case)[0]


class TestLived:
    def test_accounts_for_everything(self, tampered: Office):
        proof = proof_of(tampered)

        assert proof.unaccounted == []
        assert (proof.expected, proof.cases) == (22, 2)
        assert {fate: count for fate, count in proof.fates.items() if count} == {"sent": 10, "planned": 12}
        assert dict(proof.timers) == {"expected": 4, "done": 2, "planned": 2}

    def test_counts_each_reminder_once(self, tampered: Office):
        data = proof_of(tampered).as_data()

        assert set(data) >= {
            "expected", "sent", "superseded", "cancelled", "failed", "in_doubt", "suppressed", "by_letter", "planned",
            "unaccounted",
        }  # fmt: skip
        assert data["expected"] == sum(data[fate] for fate in FATES)

    def test_counts_only_what_is_due_in_the_span(self, tampered: Office):
        (invited,) = {rows(tampered, "T-210", case)["due_on"] for case in (1, 2)}

        assert proof_of(tampered, first=invited, last=invited).as_data()["expected"] == 2
        assert proof_of(tampered, first=invited + DAY, last=invited + DAY).expected == 0

    def test_says_who_was_manager_and_whom_it_reached(self, tampered: Office):
        (invited, _) = [one for one in accounts_of(tampered) if one.rule == "T-210"]

        assert (invited.account_manager, invited.certificate) == ("Dewi Lestari", "STP-2026-C00001")
        assert [(to.recipient, to.name, to.fate) for to in invited.recipients] == [
            ("contact:1", "the company (contact 1)", "sent"),
            ("account_manager", "Dewi Lestari", "sent"),
        ]

    def test_says_that_the_deputy_got_it_too(self, tampered: Office):
        (due, _) = [one for one in accounts_of(tampered) if one.rule == "T-150"]

        assert [to.name for to in due.recipients] == ["the company (contact 1)", "Dewi Lestari", "Hui Min Ong"]

    def test_reads_any_number_of_cases_at_a_time(self, tampered: Office):
        assert proof_of(tampered, chunk=1).as_data() == proof_of(tampered).as_data()

    def test_refuses_days_the_wrong_way_round(self, tampered: Office):
        with pytest.raises(BadInput, match="cannot run"):
            proof_of(tampered, first=LAST, last=LAST - DAY)

    def test_allows_the_clock_a_few_minutes(self, tampered: Office):
        due_at = rows(tampered, "T-90")["due_at"]

        assert proof_of(tampered, now=due_at + 4 * MINUTE).holds
        late = proof_of(tampered, now=due_at + 6 * MINUTE)
        assert [one.why for one in late.unaccounted] == [
            f"It was due at {due_at.isoformat()} and has not been done."
        ] * 2


@dataclass(frozen=True)
class Tampering:
    """What somebody with the database in hand might do, and the words by which the proof names it."""

    rule: str
    words: str
    statements: tuple[str, ...]
    values: Mapping[str, Any] | None = None


MAILS = "SELECT id FROM notification WHERE cause = 'planned:' || :id"
DELETE_MAILS = (
    f"DELETE FROM delivery_attempt WHERE notification_id IN ({MAILS})",
    "DELETE FROM notification WHERE cause = 'planned:' || :id",
)


def delete_mail_to(recipient: str) -> tuple[str, str]:
    which = f"{MAILS} AND recipient = '{recipient}'"
    return (
        f"DELETE FROM delivery_attempt WHERE notification_id IN ({which})",
        f"DELETE FROM notification WHERE id IN ({which})",
    )


SUPERSEDE = "UPDATE planned_action SET status = 'superseded', outcome = :reason, settled_at = :at WHERE id = :id"
CANCEL = SUPERSEDE.replace("superseded", "cancelled")
FALSE_REASONS = [
    "overtaken by T-7",
    "T-7 says it to the company too",
    "the certificate has ended",
    "before the certificate began",
    "due before this decision",
    "Extend the certificate",
    "the certificate was corrected",
    "the company has begun its renewal",
    "the company was contacted on 2029-05-01",
    "contacted, files by 2029-12-01 expected",
    "more than 3 days late",
    "holiday gazetted: Polling Day",
    "somebody said so",
    "",
]
TAMPERINGS = {
    "a row of the ledger is gone, its mail too": Tampering(
        "T-210", "it is not in the ledger", (*DELETE_MAILS, "DELETE FROM planned_action WHERE id = :id")
    ),
    "a row of the ledger that is to come is gone": Tampering(
        "T-30", "it is not in the ledger", ("DELETE FROM planned_action WHERE id = :id",)
    ),
    "a row is due on another day": Tampering(
        "T-30",
        "due at 2030-10-24T00:00:00+00:00, but the rules give",
        ("UPDATE planned_action SET due_at = :late WHERE id = :id",),
        {"late": "2030-10-24 00:00:00.000000"},
    ),
    "a row that was done was due on another day": Tampering(
        "T-210", "but the rules give", ("UPDATE planned_action SET due_on = '2029-04-01' WHERE id = :id",)
    ),
    "a row is for fewer people": Tampering(
        "T-30",
        "for account_manager, but the rules give company,account_manager,supervisor",
        ("UPDATE planned_action SET audience = 'account_manager' WHERE id = :id",),
    ),
    "a row says something else": Tampering(
        "T-30", "the message renewal_heads_up", ("UPDATE planned_action SET message = 'renewal_heads_up' WHERE id = :id",)
    ),
    "what is to come is done already": Tampering(
        "T-30", "before it was due", ("UPDATE planned_action SET status = 'done', settled_at = :at WHERE id = :id",)
    ),
    "it is done without any mail": Tampering("T-210", "no message for it in the outbox", DELETE_MAILS),
    "one of two mails is gone": Tampering(
        "T-210",
        "Nobody wrote to the company (contact 1)",
        delete_mail_to("contact:1"),
    ),
    "the deputy's mail is gone": Tampering(
        "T-150",
        "nobody wrote to the deputy",
        delete_mail_to("officer:p-09"),
    ),
    "a mail is sent without a try": Tampering("T-210", "the delivery log has no try that was", (DELETE_MAILS[0],)),
    "no try succeeded": Tampering(
        "T-210",
        "the delivery log has no try that was",
        (f"UPDATE delivery_attempt SET outcome = 'temporary' WHERE notification_id IN ({MAILS})",),
    ),
    "it reached another manager": Tampering(
        "T-210",
        "reached Hui Min Ong, and it was for Dewi Lestari",
        (
            (
                "UPDATE delivery_attempt SET address = 'hui.min.ong@customs.example', person = 'p-09' WHERE "
                f"notification_id IN ({MAILS} AND recipient = 'account_manager')"
            ),
        ),
    ),
    "it reached another company": Tampering(
        "T-210",
        "it was for the company (contact 1)",
        (
            (
                "UPDATE delivery_attempt SET address = 'other@example.com', person = 'contact:2' WHERE notification_id IN "
                f"({MAILS} AND recipient = 'contact:1')"
            ),
        ),
    ),
    "it was meant for somebody else": Tampering(
        "T-270",
        "went to Hui Min Ong, whom it was not for",
        ("UPDATE notification SET recipient = 'officer:p-09' WHERE cause = 'planned:' || :id",),
    ),
    "it said something else": Tampering(
        "T-210",
        "says renewal_reminder, not renewal_invitation",
        ("UPDATE notification SET message = 'renewal_reminder' WHERE cause = 'planned:' || :id",),
    ),
    "it was superseded although mail went out": Tampering(
        "T-210",
        "there is mail for it",
        (SUPERSEDE,),
        {"reason": "overtaken by T-180"},
    ),
    "it was cancelled although somebody was there": Tampering(
        "T-210", "that was not so", (*DELETE_MAILS, CANCEL), {"reason": "nobody to remind"}
    ),
    "a sweep was left out": Tampering(
        "T-210",
        "has not been done",
        (*DELETE_MAILS, "UPDATE planned_action SET status = 'planned', settled_at = NULL WHERE id = :id"),
    ),
    "a timer is done without a decision": Tampering(
        "lapse",
        "before it was due",
        ("UPDATE planned_action SET status = 'done', outcome = 'fired lapse', settled_at = :at WHERE id = :id",),
    ),
    "a timer was left out": Tampering(
        "open_revalidation", "has not been done", ("UPDATE planned_action SET status = 'planned' WHERE id = :id",)
    ),
} | {
    f'it was superseded, "{reason}"': Tampering("T-210", "It is superseded", (*DELETE_MAILS, SUPERSEDE), {"reason": reason})
    for reason in FALSE_REASONS
}  # fmt: skip


class TestTampering:
    """Each is caught and named; nothing else is."""

    @pytest.mark.parametrize("name", TAMPERINGS)
    def test_is_named(self, tampered: Office, name: str):
        tampering = TAMPERINGS[name]
        row = rows(tampered, tampering.rule)
        at = (row["settled_at"] or NOW).replace(tzinfo=None).isoformat(" ", timespec="microseconds")

        do(tampered, *tampering.statements, **({"id": row["id"], "at": at} | dict(tampering.values or {})))

        (one,) = proof_of(tampered).unaccounted
        assert (one.application, one.rule) == ("STP-2026-000001", tampering.rule)
        assert tampering.words in one.why

    def test_with_a_row_that_nothing_gives_is_named(self, tampered: Office):
        columns = (
            "application_id, subject, rule, basis, occurrence, revision, message, audience, due_on, due_at, calendar"
        )
        more = "status, outcome, attempts, last_error"
        do(
            tampered,
            f"INSERT INTO planned_action ({columns}, {more}) SELECT {columns.replace('occurrence', '7')}, {more} "
            "FROM planned_action WHERE id = :id",
            id=rows(tampered, "T-30")["id"],
        )

        (one,) = proof_of(tampered).unaccounted
        assert (one.rule, one.why) == ("T-30", "It is in the ledger, but no decision and no rule gives it.")
        assert proof_of(tampered).expected == 22

    def test_with_mail_of_no_row_is_named(self, tampered: Office):
        do(tampered, "UPDATE notification SET cause = 'planned:99999' WHERE cause = 'planned:' || :id", id=rows(tampered, "T-270")["id"])  # fmt: skip

        assert [one.why for one in proof_of(tampered).unaccounted] == [
            "It is done, and there is no message for it in the outbox.",
            (
                "Message 11 (renewal_heads_up) to the account manager Dewi Lestari names planned:99999 as its cause, "
                "which is not in the ledger."
            ),
        ]

    @pytest.mark.parametrize(
        ("column", "value", "words"),
        [
            ("valid_until", "2030-11-23", "current is"),
            ("ended_on", "2028-01-01", "ended_on is 2028-01-01, but its decisions give none"),
            ("suspended_on", "2028-01-01", "suspended_on is"),
            ("continues_until", "2030-01-01", "continues_until is"),
            ("state", "lapsed", "state is lapsed, but its decisions give revalidation_due"),
        ],
    )
    def test_with_what_a_case_keeps_is_named(self, tampered: Office, column: str, value: str, words: str):
        do(tampered, f"UPDATE application SET {column} = :value WHERE id = 1", value=value)

        (one,) = proof_of(tampered).unaccounted
        assert (one.application, one.rule) == ("STP-2026-000001", "")
        assert words in one.why

    def test_with_what_was_decided_shows_in_every_day_counted_from_it(self, tampered: Office):
        """Decisions are final; who gets past that contradicts the ledger."""
        do(tampered, "UPDATE certificate SET valid_until = '2030-11-23' WHERE id = 1")

        proof = proof_of(tampered)

        assert len(proof.unaccounted) == 14  # eleven reminders, two timers, what the case keeps
        assert {one.application for one in proof.unaccounted} == {"STP-2026-000001"}

    def test_with_decisions_that_cannot_be_replayed_is_named(self, tampered: Office):
        do(tampered, "UPDATE decision SET trigger = 'lapse' WHERE application_id = 1 AND decision_no = 1")

        assert "cannot be replayed" in proof_of(tampered).unaccounted[0].why


class TestReasons:
    """A reason holds where what it rests on is there."""

    @pytest.mark.parametrize(
        ("reason", "rule", "fact"),
        [
            ("the company was contacted on 2029-05-01", "T-180", {"contacted_on": "2029-05-01"}),
            (
                "contacted, files by 2029-09-01 expected",
                "T-180",
                {"contacted_on": "2029-04-01", "expects_on": "2029-09-01"},
            ),
        ],
    )
    def test_rest_on_a_contact(self, tampered: Office, reason: str, rule: str, fact: dict[str, str]):
        row = rows(tampered, rule, 2)
        at = row["settled_at"].replace(tzinfo=None).isoformat(" ", timespec="microseconds")
        note = {"expects_on": None} | fact
        do(
            tampered,
            *DELETE_MAILS,
            SUPERSEDE,
            "INSERT INTO contact_note (application_id, cycle, contacted_on, expects_on, note, recorded_by, recorded_at) "
            "VALUES (2, 2, :contacted_on, :expects_on, 'x', 'p-04', :at)",
            id=row["id"], at=at, reason=reason, **note,
        )  # fmt: skip

        assert proof_of(tampered).holds
        assert proof_of(tampered).fates["superseded"] == 1

    def test_rest_on_papers_of_the_coming_cycle(self, tampered: Office):
        row = rows(tampered, "T-180", 2)
        at = row["settled_at"].replace(tzinfo=None).isoformat(" ", timespec="microseconds")
        do(
            tampered,
            *DELETE_MAILS,
            SUPERSEDE,
            "INSERT INTO document (application_id, cycle, kind, filename, version, media_type, size, sha256, added_by, added_at) "
            "VALUES (2, 2, 'application_form', 'x', 1, 'x', 1, 'x', 'p-01', :at)",
            id=row["id"], at=at, reason="the company has begun its renewal",
        )  # fmt: skip

        assert proof_of(tampered).holds

    def test_of_lateness_rest_on_the_day(self, office: Office):
        b.certified_cheaply(office, b.people(office), 1)
        sweep(office, now=NOW)

        proof = proof_of(office)

        assert proof.holds
        assert proof.fates["superseded"] == 4  # T-270, T-210, T-180, T-150: T-120 tells it

    def test_of_an_end_rest_on_the_dates(self, office: Office):
        b.certified_cheaply(office, b.people(office), 1)
        after = b.morning_of(LAST + 5 * DAY)
        sweep(office, now=after)

        proof = proof_of(office, now=after)

        assert proof.holds
        assert (proof.fates["superseded"], proof.fates["waiting"]) == (10, 1)
        assert dict(proof.timers) == {"expected": 2, "done": 2}


class TestMail:
    """What became of the mail is counted, never hidden."""

    @staticmethod
    def swept(office: Office, *answers: Reply) -> Proof:
        staff = b.people(office)
        b.certified_cheaply(office, staff, 1)
        deliver_outbox(office, post(FakeTransport()), now=b.NOW)
        at = b.morning_of(LAST - 205 * DAY)
        sweep(office, now=at)
        deliver_outbox(office, post(FakeTransport([*answers])), now=at)
        return proof_of(office, now=at)

    def test_that_was_refused_has_failed(self, office: Office):
        proof = self.swept(office, Reply(Outcome.PERMANENT, "550 no such user"))

        assert (proof.holds, proof.fates["failed"], proof.fates["sent"]) == (True, 1, 0)

    def test_whose_place_a_letter_took_went_by_letter(self, sqlite_office: Office):
        self.swept(sqlite_office, Reply(Outcome.PERMANENT, "550 no such user"))
        (failed,) = b.rows_of(sqlite_office, models.Notification, status="failed")
        do(
            sqlite_office,
            "INSERT INTO task (key, role, application_id, sentence, created_at, notification_id, closed_at, outcome, posted_on) "
            "VALUES ('letter', 'officer', 1, 'x', :at, :id, :at, 'posted', '2029-05-03')",
            at="2029-05-03 00:00:00.000000",
            id=failed["id"],
        )

        proof = proof_of(sqlite_office, now=b.morning_of(LAST - 200 * DAY))

        assert (proof.fates["by_letter"], proof.fates["failed"]) == (1, 0)

    def test_whose_answer_never_came_is_in_doubt(self, office: Office):
        proof = self.swept(office, Reply(Outcome.IN_DOUBT, "timed out"))

        assert proof.holds
        assert proof.fates["in_doubt"] + proof.fates["waiting"] == 1  # it may be sent once more

    def test_that_a_person_found_to_have_arrived_is_sent_and_says_so(self, office: Office):
        self.swept(office, Reply(Outcome.IN_DOUBT, "timed out"))
        (doubted,) = b.rows_of(office, models.Notification, status="in_doubt")
        at = b.morning_of(LAST - 204 * DAY)
        mark_arrived(office, message=doubted["id"], note="By phone.", act=b.act(b.people(office).officer, at))

        proof = proof_of(office, now=at)

        assert (proof.holds, proof.fates["in_doubt"], proof.fates["sent"]) == (True, 0, 1)
        (one,) = [one for one in accounts_of(office, now=at) if one.fate == "sent"]
        assert "no answer came, and a person found out that it arrived" in one.why
        assert doubted["settled_at"] in [to.at for to in one.recipients]

    def test_that_is_tried_again_is_waiting(self, office: Office):
        proof = self.swept(office, Reply(Outcome.TEMPORARY, "451 later"))

        assert (proof.holds, proof.fates["waiting"]) == (True, 1)

    def test_that_went_out_with_another_is_sent_with_it(self, tampered: Office):
        carried = next(row for row in b.rows_of(tampered, models.Notification) if row["bundled_into"])
        own = "DELETE FROM delivery_attempt WHERE notification_id = :id"
        do(tampered, own, id=carried["id"])
        assert proof_of(tampered).holds

        do(tampered, own, id=carried["bundled_into"])

        missed = proof_of(tampered).unaccounted
        assert len(missed) == 2
        assert len({one.rule for one in missed}) == 1

    def test_for_nobody_went_to_the_supervisors(self, office: Office):
        b.people(office)
        b.certified_cheaply(office, b.people(office), 1)
        deliver_outbox(office, post(FakeTransport()), now=b.NOW)
        officers = table_of(models.Officer)
        with office.database.transaction() as transaction:
            transaction.connection.execute(officers.update().where(officers.c.id == "p-04").values(active=False))
        at = b.morning_of(LAST - 265 * DAY)
        sweep(office, now=at)
        deliver_outbox(office, post(FakeTransport()), now=at)

        proof = proof_of(office, now=at)

        assert proof.holds
        assert proof.fates["suppressed"] == 1


class TestAColleagueInTwoRoles:
    """Gets each message once, whichever of the ways leads there, and is accounted for all the same."""

    AT = b.morning_of(LAST - 91 * DAY)  # T-90 falls on a Saturday

    @staticmethod
    def lived_until(office: Office, end: datetime) -> tuple[b.People, Person, str]:
        """A certified case; its account manager, a supervisor too, deals with it as its officer."""
        staff = b.people(office)
        both = b.another_person(office, "p-09", "Gita Rao", "account_manager", "officer", "supervisor")
        reference = b.certified(office, staff, account_manager=b.email_of(both))
        sweep(office, now=end)
        deliver_outbox(office, post(FakeTransport()), now=end)
        return staff, both, reference

    def to(self, office: Office, message: str, at: datetime, *, deliver: bool = True) -> list[str]:
        sweep(office, now=at)
        if deliver:
            deliver_outbox(office, post(FakeTransport()), now=at)
        return sorted(
            row["recipient"] for row in b.rows_of(office, models.Notification, message=message, created_at=at)
        )

    def test_as_account_manager_and_supervisor(self, office: Office):
        staff, _, _ = self.lived_until(office, self.AT - DAY)

        assert self.to(office, "renewal_reminder", self.AT) == [
            "account_manager", "contact:1", f"officer:{staff.supervisor.id}",
        ]  # fmt: skip
        assert proof_of(office, now=self.AT + MINUTE).holds

    def test_as_account_manager_and_officer(self, office: Office):
        day = LAST - 95 * DAY
        staff, both, reference = self.lived_until(office, b.morning_of(day))
        lifecycle.renewed(office, staff, reference, day)
        b.done(assign_application(office, reference=reference, to=b.email_of(both), act=b.act(both, lifecycle.at(day))))

        at = b.morning_of(b.case_of(office, reference)["valid_until"] - 60 * DAY)
        assert self.to(office, "renewal_undecided", at) == ["account_manager", f"officer:{staff.supervisor.id}"]
        assert proof_of(office, now=at + MINUTE).holds

    def test_who_took_the_companies_over_before_the_mail_left(self, office: Office):
        staff, both, _ = self.lived_until(office, self.AT - DAY)
        other = b.another_person(office, "p-10", "Hui Min Ong", "account_manager", "supervisor")
        self.to(office, "renewal_reminder", self.AT, deliver=False)
        given = {"from_": b.email_of(both), "to": b.email_of(other), "note": "Moves."}
        transfer_portfolio(office, act=b.act(staff.supervisor, self.AT + MINUTE), **given)
        transport = FakeTransport()

        deliver_outbox(office, post(transport), now=self.AT + 2 * MINUTE)

        assert [recipient for recipient, _ in transport.sent].count(b.email_of(other)) == 1
        proof = proof_of(office, now=self.AT + 3 * MINUTE, first=LAST - 92 * DAY, last=LAST - 90 * DAY)
        assert proof.holds, [one.sentence() for one in proof.unaccounted]
        assert proof.fates["sent"] == 1


class TestCommand:
    def test_proves_and_exits_1_when_one_is_missing(self, tampered: Office, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]):  # fmt: skip
        from workflow.cli.main import run  # noqa: PLC0415  # only here is the door tested

        monkeypatch.setenv("AEO_DATABASE_URL", tampered.database.writer.url.render_as_string(hide_password=False))
        monkeypatch.setenv("AEO_DATA_DIR", str(tmp_path / "var"))
        monkeypatch.setenv("AEO_ENV", "test")
        span = ["reminders", "prove", "--from", "2029-01-01", "--to", "2029-06-30"]

        with office_protected(tampered):
            assert run([*span, "--details"]) == 0
            told = capsys.readouterr().out
            assert "Hui Min Ong" in told
            assert told.splitlines()[-1] == "Reminders: 8 expected, 8 sent, 0 unaccounted."
        do(tampered, "DELETE FROM delivery_attempt WHERE notification_id IN (SELECT id FROM notification WHERE cause = 'planned:' || :id)", id=rows(tampered, "T-210")["id"])  # fmt: skip
        with office_protected(tampered):
            assert run([*span, "--format", "json"]) == 1
            assert '"rule": "T-210"' in capsys.readouterr().out
            assert run(["reminders", "prove", "--from", "2029-02-01", "--to", "2029-01-01"]) == 2


class office_protected:  # noqa: N801  # reads as a state of the office
    """Put the triggers back, without which no installation opens."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def _do(self, what: Callable[[Any], None]) -> None:
        with self._office.database.transaction() as transaction:
            what(transaction.connection)

    def __enter__(self) -> None:
        self._do(final_rows.create)

    def __exit__(self, *_: object) -> None:
        self._do(final_rows.drop)


# Long lives


class TestDemonstration:
    """Day by day; that a simulation proves itself is shown beside the others too."""

    @pytest.mark.exhaustive
    def test_of_three_years_is_accounted_for(self, sqlite_office: Office, tmp_path: Path):
        mail = Post(MaildirTransport(tmp_path / "live"), Renderer(None), Settings(env="test").mail_from)
        with sqlite_office.database.transaction() as transaction:
            for programme in bootstrap.shipped_programmes(Settings(env="test")):
                editions.install(transaction.connection, programme, now=b.NOW)
        load_demonstration(sqlite_office, mail, now=b.NOW)
        start = b.NOW + DAY
        with bootstrap.open_scratch(Settings(env="test"), sqlite_office.database, tmp_path, now=start) as (copy, there):
            summary = simulate(copy, there, Span(start, start + 1130 * DAY), tell=lambda _: None)

        proof = summary.proof
        assert proof is not None
        assert [one.sentence() for one in proof.unaccounted] == []
        assert proof.expected > 150
        assert proof.fates["sent"] > 100


class Proved(Histories):
    """A random life of a case, at whose end every reminder is accounted for."""

    expected = 0

    def everything_agrees(self) -> None:
        """Not compared with the model here, but the ledger with the proof."""

    def teardown(self) -> None:
        now = b.morning_of(self.model.today)
        sweep(self.office, now=now)
        proof = proof_of(self.office, now=now)
        assert proof.holds, ([one.sentence() for one in proof.unaccounted], self.model)
        Proved.expected += proof.expected


def play(how_many: int, template: Path, folder: Path) -> None:
    checks = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
    lives = settings(
        max_examples=how_many, stateful_step_count=25, suppress_health_check=checks, phases=[Phase.generate]
    )
    Proved.expected = 0
    with scratch(template, folder):
        run_state_machine_as_test(Proved, settings=lives)
    assert Proved.expected > 10 * how_many


def test_random_lives_are_accounted_for(sqlite_template: Path, tmp_path: Path) -> None:
    play(40, sqlite_template, tmp_path)


@pytest.mark.exhaustive
def test_random_lives_are_accounted_for_for_long(sqlite_template: Path, tmp_path: Path) -> None:
    play(2000, sqlite_template, tmp_path)
