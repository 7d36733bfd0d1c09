"""The clock: what is due is done once, at its true instant, however often and however late the sweep runs."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import builders
import lifecycle
import pytest
from sqlalchemy import URL

from workflow import models
from workflow.errors import NotPermitted, Unavailable
from workflow.models.base import table_of
from workflow.operations import sweep as sweeping
from workflow.operations.sweep import sweep
from workflow.reports.reminder_proof import prove
from workflow.store import engines
from workflow.store.database import Database
from workflow.store.office import Office

FROM = date(2026, 11, 23)
LAST = date(2029, 11, 23)  # the last valid day, a Friday
END = datetime(2029, 11, 23, 16, 0, tzinfo=UTC)  # midnight in Singapore
SECOND = timedelta(seconds=1)


def planned(office: Office, **where) -> dict[str, dict]:
    return {row["rule"]: row for row in builders.rows_of(office, models.PlannedAction, **where)}


def reminders(office: Office) -> list[dict]:
    return [row for row in builders.rows_of(office, models.Notification) if row["cause"].startswith("planned:")]


def proved(office: Office, now: datetime) -> list[str]:
    """Return what the proof of reminders cannot account for."""
    ever = {"first": date(2020, 1, 1), "last": date(2100, 1, 1)}
    with office.database.snapshot() as connection:
        return [one.sentence() for one in prove(connection, office, now=now, **ever).unaccounted]


class TestSweep:
    def test_opens_revalidation_and_invites_once(self, office: Office):
        staff = builders.people(office)
        reference = builders.certified(office, staff, valid_from=FROM)
        sweep(office, now=builders.morning_of(LAST - timedelta(days=260)))

        sweep(office, now=builders.morning_of(LAST - timedelta(days=210)))

        plan = planned(office)
        assert builders.case_of(office, reference)["state"] == "revalidation_due"
        assert [plan[rule]["status"] for rule in ("T-270", "open_revalidation", "T-210", "T-180")] == [
            "done",
            "done",
            "done",
            "planned",
        ]
        assert sorted((n["message"], n["recipient"].split(":")[0]) for n in reminders(office)) == [
            ("renewal_heads_up", "account_manager"),
            ("renewal_invitation", "account_manager"),
            ("renewal_invitation", "contact"),
        ]

    def test_sends_only_the_latest_of_several_that_are_due(self, office: Office):
        staff = builders.people(office)
        builders.certified(office, staff, valid_from=FROM)

        sweep(office, now=builders.morning_of(LAST - timedelta(days=100)))

        plan = planned(office)
        assert {n["message"] for n in reminders(office)} == {"renewal_reminder"}
        assert plan["T-120"]["status"] == "done"
        assert [plan[rule]["outcome"] for rule in ("T-270", "T-210", "T-180", "T-150")] == ["overtaken by T-120"] * 4

    def test_does_not_lapse_a_second_before_the_end(self, office: Office):
        staff = builders.people(office)
        reference = builders.certified(office, staff, valid_from=FROM)

        sweep(office, now=END - SECOND)

        assert builders.case_of(office, reference)["state"] == "revalidation_due"
        assert builders.case_of(office, reference)["ended_on"] is None

    def test_lapses_at_the_end_of_the_last_day_in_singapore(self, office: Office):
        staff = builders.people(office)
        reference = builders.certified(office, staff, valid_from=FROM)
        sweep(office, now=END - SECOND)

        sweep(office, now=END)

        case = builders.case_of(office, reference)
        lapse = builders.rows_of(office, models.Decision, trigger="lapse")[0]
        event = builders.rows_of(office, models.CertificateEvent)[0]
        assert (case["state"], case["ended_on"], case["live_key"]) == ("lapsed", LAST + timedelta(days=1), None)
        assert (lapse["effective_at"], lapse["actor_id"], lapse["role"]) == (END, "clock", "clock")
        assert (event["kind"], event["effective_on"]) == ("expired", LAST + timedelta(days=1))

    def test_run_ten_times_changes_nothing_more(self, office: Office):
        staff = builders.people(office)
        for day in (FROM, FROM + timedelta(days=17)):
            builders.certified(office, staff, valid_from=day)
        now = builders.morning_of(LAST + timedelta(days=1))
        sweep(office, now=now)
        before = builders.everything(office)

        done = [sweep(office, now=now).done for _ in range(10)]

        assert done == [[]] * 10
        assert builders.everything(office) == before

    def test_down_for_400_days_sends_one_reminder_for_each_case_with_true_days(self, office: Office):
        staff = builders.people(office)
        cases = [
            builders.certified(office, staff, valid_from=FROM + timedelta(days=shift)) for shift in (0, 90, 200, 330)
        ]
        before = builders.morning_of(LAST - timedelta(days=280))
        sweep(office, now=before)

        sweep(office, now=before + timedelta(days=400))

        today = before.date() + timedelta(days=400)
        for reference in cases:
            case = builders.case_of(office, reference)
            sent = [n for n in reminders(office) if n["application_id"] == case["id"]]
            assert len({n["cause"] for n in sent}) == 1
            decisions = {d["trigger"]: d for d in builders.rows_of(office, models.Decision, application_id=case["id"])}
            until = case["valid_until"]
            opened = datetime(until.year, until.month, until.day, tzinfo=UTC) - timedelta(days=210, hours=8)
            assert decisions["open_revalidation"]["effective_at"] == opened
            assert ("lapse" in decisions) == (until < today)
            if until < today:
                assert decisions["lapse"]["effective_at"] == opened + timedelta(days=211)
                assert {n["message"] for n in sent} == {"certificate_ended"}
            assert all(row["due_at"] > before + timedelta(days=400) for row in planned_of(office, case) if is_open(row))

    def test_keeps_the_numbers_of_a_case_dense(self, office: Office):
        staff = builders.people(office)
        reference = builders.certified(office, staff, valid_from=FROM)

        sweep(office, now=END + timedelta(days=3))

        numbers = [entry["case_seq"] for entry in builders.entries_of(office, reference)]
        assert numbers == list(range(1, len(numbers) + 1))
        assert builders.case_of(office, reference)["next_due"] is None

    def test_rehearsed_writes_nothing_and_tells_the_same(self, office: Office):
        staff = builders.people(office)
        for shift in range(5):
            builders.certified(office, staff, valid_from=FROM + timedelta(days=shift))
        now = END + timedelta(days=1)
        before = builders.everything(office)

        rehearsed = sweep(office, now=now, dry_run=True, batch=2)

        assert builders.everything(office) == before
        assert rehearsed.done == sweep(office, now=now).done != []

    def test_works_through_more_cases_than_a_batch_holds(self, office: Office):
        staff = builders.people(office)
        references = builders.certified_cheaply(office, staff, 7, valid_from=FROM)

        sweep(office, now=END, batch=3)

        assert {builders.case_of(office, reference)["state"] for reference in references} == {"lapsed"}

    def test_sets_a_bad_case_aside_and_does_the_others(self, office: Office):
        staff = builders.people(office)
        bad, *good = builders.certified_cheaply(office, staff, 4, valid_from=FROM)
        table = table_of(models.PlannedAction)
        bad_id = builders.case_of(office, bad)["id"]
        with office.database.transaction() as transaction:
            spoil = table.update().where(table.c.application_id == bad_id, table.c.rule == "T-0")
            transaction.connection.execute(spoil.values(audience="nonsense"))
        now = END - timedelta(hours=2)

        swept = sweep(office, now=now, batch=3)

        (task,) = builders.rows_of(office, models.Task)
        assert swept.set_aside == [bad]
        assert {builders.case_of(office, reference)["state"] for reference in good} == {"revalidation_due"}
        assert builders.case_of(office, bad)["state"] == "certified"
        assert builders.case_of(office, bad)["next_due"] == now + timedelta(minutes=15)
        assert "Unknown audience nonsense" in planned(office, application_id=bad_id)["T-0"]["last_error"]
        assert bad in task["sentence"]

    def test_says_that_the_database_went_away_after_it_was_read(self, office: Office, tmp_path: Path):
        gone = engines.writer(URL.create("sqlite", database=str(tmp_path / "gone" / "casework.db")))

        with pytest.raises(Unavailable):
            sweep(replace(office, database=Database(gone, office.database.reader, None)), now=END)

    def test_reminds_supervisors_where_there_is_no_account_manager(self, office: Office):
        staff = builders.people(office)
        reference = builders.certified(office, staff, valid_from=FROM)
        companies = table_of(models.Company)
        with office.database.transaction() as transaction:
            transaction.connection.execute(companies.update().values(account_manager_id=None))

        sweep(office, now=builders.morning_of(LAST - timedelta(days=260)))

        assert [n["recipient"] for n in reminders(office)] == [f"officer:{staff.supervisor.id}"]
        assert builders.case_of(office, reference)["state"] == "certified"

    def test_leaves_alone_a_timer_that_a_supervisor_was_before(self, office: Office):
        staff = builders.people(office)
        reference = builders.certified(office, staff, valid_from=FROM)
        early = builders.act(staff.supervisor, builders.morning_of(LAST - timedelta(days=400)))
        builders.done(builders.advance(office, early, reference, "open_revalidation", reason="A merger is near."))

        sweep(office, now=builders.morning_of(LAST - timedelta(days=210)))

        row = planned(office)["open_revalidation"]
        assert (row["status"], row["outcome"]) == ("superseded", "not possible in Revalidation due")
        assert builders.case_of(office, reference)["state"] == "revalidation_due"


class TestWhatTheClockWasDownFor:
    """A person who acts before the clock is back takes no reminder away: it goes out as it is counted from then on."""

    def went(self, office: Office, now: datetime) -> set[tuple[str, str]]:
        """What the next sweep sends of the certificate, by rule and message; a second one sends nothing."""
        before = {row["id"] for row in builders.rows_of(office, models.PlannedAction, status="done")}
        sweep(office, now=now)
        done = [row for row in builders.rows_of(office, models.PlannedAction, status="done") if row["id"] not in before]
        assert not sweep(office, now=now + timedelta(minutes=1)).done
        return {(row["rule"], row["message"]) for row in done if row["subject"] == "certificate"}

    def test_goes_out_after_the_renewal_was_received(self, office: Office):
        staff = builders.people(office)
        reference = lifecycle.certified(office, staff, FROM)
        sweep(office, now=lifecycle.at(LAST - timedelta(days=36)))
        lifecycle.renewed(office, staff, reference, LAST - timedelta(days=29))

        now = lifecycle.at(LAST - timedelta(days=29), 10)
        assert self.went(office, now) == {("T-30", "renewal_undecided"), ("T-30c", "renewal_under_review")}
        assert proved(office, now + timedelta(minutes=1)) == []

    def test_goes_out_once_after_two_decisions(self, office: Office):
        staff = builders.people(office)
        reference = lifecycle.certified(office, staff, FROM)
        sweep(office, now=lifecycle.at(LAST - timedelta(days=61)))
        lifecycle.renewed(office, staff, reference, LAST - timedelta(days=60))
        sweep(office, now=lifecycle.at(LAST - timedelta(days=36)))
        now = lifecycle.at(LAST - timedelta(days=6), 10)
        officer = builders.act(staff.officer, now)
        builders.done(builders.advance(office, officer, reference, "request_information", reason="One more paper?"))
        builders.done(builders.advance(office, officer, reference, "supply_information"))

        assert self.went(office, now) == {("T-7", "renewal_undecided"), ("T-7c", "renewal_under_review")}
        assert proved(office, now + timedelta(minutes=1)) == []


class TestAQuestionThatWasNotChasedInTime:
    """After an outage the company gets the reminder, and the final notice as long after it as ever."""

    @pytest.fixture
    def asked(self, office: Office) -> str:
        staff = builders.people(office)
        reference = builders.submit(office, builders.act(staff.officer))
        officer = builders.act(staff.officer)
        builders.done(builders.advance(office, officer, reference, "request_information", reason="Where?"))
        return reference

    def went(self, office: Office, now: datetime) -> list[str]:
        return [one["rule"] for one in sweep(office, now=now).done if one["status"] == "done"]

    @pytest.mark.usefixtures("asked")
    def test_gets_reminder_and_final_notice_in_order(self, office: Office):
        back = date(2027, 1, 29)  # a Friday, weeks after both were due
        went = [self.went(office, builders.morning_of(back + timedelta(days=days))) for days in (0, 1, 12)]
        (request,) = builders.rows_of(office, models.InformationRequest)

        assert went == [["request_reminder"], [], []]
        assert self.went(office, builders.morning_of(date(2027, 2, 11))) == ["request_final_notice"]  # 13 days later
        assert (request["reminded_on"], request["final_notice_on"]) == (back, None)
        assert proved(office, builders.morning_of(date(2027, 2, 12))) == []

    def test_gets_them_in_order_when_its_case_was_closed_meanwhile(self, office: Office, asked: str):
        staff, now = builders.people(office), builders.morning_of(date(2027, 1, 29))
        builders.done(builders.advance(office, builders.act(staff.officer), asked, "withdraw", reason_code="request"))
        order = builders.add(office, builders.act(staff.officer), asked, "order")
        again = {"reason": "It is set aside.", "reason_code": "own_error", "given": {"order": str(order)}}
        builders.done(builders.advance(office, builders.act(staff.approver, now), asked, "set_aside", **again))

        went = [self.went(office, builders.morning_of(date(2027, *day))) for day in ((1, 29), (1, 30), (2, 11))]

        assert went == [["request_reminder"], [], ["request_final_notice"]]
        assert proved(office, builders.morning_of(date(2027, 2, 12))) == []


def planned_of(office: Office, case: dict) -> list[dict]:
    return builders.rows_of(office, models.PlannedAction, application_id=case["id"])


def is_open(row: dict) -> bool:
    return row["status"] == "planned"


class TestLapseGuard:
    @pytest.fixture
    def many(self, office: Office) -> list[str]:
        return builders.certified_cheaply(office, builders.people(office), sweeping.GUARD_COUNT + 1, valid_from=FROM)

    def test_holds_and_asks_a_person_once_a_day(self, office: Office, many: list[str]):
        first = sweep(office, now=END)
        sweep(office, now=END + SECOND)

        (task,) = builders.rows_of(office, models.Task)
        held = builders.rows_of(office, models.AuditEntry, kind="clock:sweep:held")
        assert first.held.startswith("21 certificates, 100 % of all, would lapse now.")
        assert first.done == []
        assert (task["role"], len(held)) == ("supervisor", 1)
        assert {builders.case_of(office, reference)["state"] for reference in many} == {"certified"}

    def test_shows_in_a_dry_run_what_would_lapse(self, office: Office, many: list[str]):
        rehearsed = sweep(office, now=END, dry_run=True)

        assert sum(one["rule"] == "lapse" for one in rehearsed.done) == len(many)
        assert builders.rows_of(office, models.Task) == []

    def test_gives_way_to_a_supervisor_and_says_who(self, office: Office, many: list[str]):
        staff = builders.people(office)
        sweep(office, now=END)

        swept = sweep(office, now=END, confirm=builders.act(staff.supervisor, END))

        (entry,) = builders.rows_of(office, models.AuditEntry, kind="clock:sweep:confirmed")
        assert swept.held == ""
        assert f'"actor":"{staff.supervisor.id}"' in entry["canonical"]
        assert {builders.case_of(office, reference)["state"] for reference in many} == {"lapsed"}

    def test_gives_way_to_nobody_else(self, office: Office, many: list[str]):
        staff = builders.people(office)

        with pytest.raises(NotPermitted):
            sweep(office, now=END, confirm=builders.act(staff.approver, END))

        assert {builders.case_of(office, reference)["state"] for reference in many} == {"certified"}

    def test_lets_a_few_lapse_unasked(self, office: Office):
        builders.certified_cheaply(office, builders.people(office), 3, valid_from=FROM)

        swept = sweep(office, now=END)

        assert swept.held == ""
        assert sum(one["rule"] == "lapse" for one in swept.done) == 3
