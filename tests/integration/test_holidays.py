"""A holiday that is gazetted after the plan was made: what moves, what does not, who is told, and what is kept."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import builders
import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import NoResultFound

from states.dates import local_instant
from states.facts import CLOCK, OPERATOR, Person
from states.guards import in_words
from states.loader import load_programme
from states.planner import Planned
from workflow import models
from workflow.decisions.approvals import newest_decision
from workflow.decisions.record import Change, record
from workflow.errors import BadInput, NotPermitted
from workflow.models.base import table_of
from workflow.operations.ask_information import ask_information
from workflow.operations.gazette_holiday import gazette_holiday, withdraw_holiday
from workflow.operations.sweep import sweep
from workflow.reports.holidays import holidays
from workflow.store import calendar, cases, editions
from workflow.store.office import Office

DAY = timedelta(days=1)
FROM = date(2026, 11, 23)
LAST = date(2029, 11, 23)  # a Friday
POLLING_DAY = date(2029, 8, 24)  # a Friday, on which T-90 falls
THURSDAY = POLLING_DAY - DAY
MORNING = builders.morning_of(date(2029, 8, 20))


@pytest.fixture
def admin(office: Office) -> Person:
    builders.people(office)
    return builders.another_person(office, "p-90", "Gita Rao", "admin")


def gazette(office: Office, admin: Person, day: date = POLLING_DAY, now: datetime = MORNING, **more):
    return gazette_holiday(office, day=day, name="Polling Day", act=builders.act(admin, now), **more)


def withdraw(office: Office, admin: Person, day: date = POLLING_DAY, now: datetime = MORNING):
    return withdraw_holiday(office, day=day, reason="The election is off.", act=builders.act(admin, now))


def planned(office: Office, rule: str, **where) -> list[dict]:
    return builders.rows_of(office, models.PlannedAction, rule=rule, **where)


def told(office: Office, message: str = "deadline_moved") -> list[dict]:
    return builders.rows_of(office, models.Notification, message=message)


class TestReminders:
    def test_move_earlier_as_a_later_revision_that_says_why(self, office: Office, admin: Person):
        builders.certified(office, builders.people(office), valid_from=FROM)

        done = gazette(office, admin)

        before, after = planned(office, "T-90")
        assert (before["status"], before["outcome"]) == ("superseded", "holiday gazetted: Polling Day")
        assert (after["status"], after["due_on"], after["revision"]) == ("planned", THURSDAY, 2)
        assert after["due_at"] == datetime(2029, 8, 23, tzinfo=UTC)  # 08:00 in Singapore
        assert (before["due_on"], before["revision"]) == (POLLING_DAY, 1)
        same = ("application_id", "subject", "basis", "occurrence", "message", "audience", "calendar")
        assert [after[name] for name in same] == [before[name] for name in same]
        assert (done.data["cases"], done.data["moved"], done.data["deadlines"]) == (1, 1, 0)

    def test_that_fall_elsewhere_stay_and_so_do_timers_and_the_end(self, office: Office, admin: Person):
        builders.certified(office, builders.people(office), valid_from=FROM)
        open_ = {row["rule"]: row["due_at"] for row in builders.rows_of(office, models.PlannedAction)}

        for day in (LAST, LAST + DAY, LAST - 210 * DAY):  # T-0, T+1 and the day on which revalidation opens
            gazette(office, admin, day, builders.morning_of(FROM + DAY))

        rows = builders.rows_of(office, models.PlannedAction, status="planned")
        moved = {row["rule"] for row in rows if row["due_at"] != open_[row["rule"]]}
        assert moved == {"T-210"}
        assert len(rows) == len(open_)

    def test_go_out_at_the_next_sweep_when_their_new_day_is_past(self, office: Office, admin: Person):
        builders.certified(office, builders.people(office), valid_from=FROM)
        sweep(office, now=builders.morning_of(POLLING_DAY - 10 * DAY))
        late = builders.morning_of(THURSDAY) + timedelta(hours=6)

        gazette(office, admin, now=late)
        swept = sweep(office, now=late + timedelta(minutes=1))

        assert [(one["rule"], one["status"]) for one in swept.done] == [("T-90", "done")]
        assert sweep(office, now=builders.morning_of(POLLING_DAY)).done == []

    def test_that_went_out_stay_as_they_are(self, office: Office, admin: Person):
        builders.certified(office, builders.people(office), valid_from=FROM)
        now = builders.morning_of(POLLING_DAY)
        sweep(office, now=now)

        done = gazette(office, admin, now=now)

        (row,) = planned(office, "T-90")
        assert (row["status"], done.data["moved"]) == ("done", 0)

    def test_that_are_overdue_stay_for_the_next_sweep(self, office: Office, admin: Person):
        builders.certified(office, builders.people(office), valid_from=FROM)

        gazette(office, admin, now=builders.morning_of(POLLING_DAY))

        (row,) = planned(office, "T-90")
        assert (row["status"], row["due_on"], row["revision"]) == ("planned", POLLING_DAY, 1)

    def test_go_back_when_the_holiday_is_withdrawn(self, office: Office, admin: Person):
        builders.certified(office, builders.people(office), valid_from=FROM)
        gazette(office, admin)

        withdraw(office, admin)

        first, second, third = planned(office, "T-90")
        assert second["outcome"] == "holiday withdrawn: Polling Day"
        assert (third["status"], third["due_on"], third["revision"]) == ("planned", POLLING_DAY, 3)
        assert first["status"] == second["status"] == "superseded"

    def test_of_new_certificates_know_the_holiday(self, office: Office, admin: Person):
        gazette(office, admin)

        builders.certified(office, builders.people(office), valid_from=FROM)

        (row,) = planned(office, "T-90")
        assert (row["due_on"], row["revision"], row["calendar"]) == (THURSDAY, 1, "office")

    def test_are_all_moved_however_small_the_batches(self, office: Office, admin: Person):
        builders.certified_cheaply(office, builders.people(office), 5, valid_from=FROM)

        done = gazette(office, admin, batch=2)

        assert done.data["cases"] == 5
        assert {row["due_on"] for row in planned(office, "T-90", status="planned")} == {THURSDAY}


def keep_edition(office: Office, reference: str, edition: str) -> None:
    table = table_of(models.Application)
    with office.database.transaction() as transaction:
        change = table.update().where(table.c.reference == reference).values(edition=edition)
        transaction.connection.execute(change)


class TestARunThatBrokeOff:
    def test_is_finished_by_the_same_command(self, office: Office, admin: Person):
        _, second, _ = builders.certified_cheaply(office, builders.people(office), 3, valid_from=FROM)
        edition = builders.case_of(office, second)["edition"]
        keep_edition(office, second, "2099-01")  # no such rules are stored
        with pytest.raises(NoResultFound):
            gazette(office, admin, batch=1)
        keep_edition(office, second, edition)
        moved = len(planned(office, "T-90", status="superseded"))

        done = gazette(office, admin)

        assert (moved, done.data["cases"]) == (1, 2)
        assert len(builders.rows_of(office, models.AuditEntry, kind="system:holiday:gazetted")) == 1
        assert {row["due_on"] for row in planned(office, "T-90", status="planned")} == {THURSDAY}

    def test_changes_nothing_when_it_was_whole(self, office: Office, admin: Person):
        builders.certified(office, builders.people(office), valid_from=FROM)
        gazette(office, admin)
        before = builders.everything(office)

        gazette(office, admin, now=MORNING + DAY)

        assert builders.everything(office) == before


SUNDAY = date(2026, 12, 20)
ASKED = date(2026, 12, 9)  # a Wednesday; two weeks later is one too
REPLY_BY = date(2026, 12, 23)


def awaiting(office: Office, reply_by: date = REPLY_BY, now: datetime | None = None):
    """A case under review that waits for an answer; the sentence that asking gave."""
    staff = builders.people(office)
    officer = builders.act(staff.officer, now or builders.morning_of(ASKED))
    reference = builders.submit(office, officer)
    given = {"reply_by": reply_by.isoformat()}
    done = builders.done(
        builders.advance(office, officer, reference, "request_information", reason="Where?", given=given)
    )
    return reference, done.sentence


class TestDeadlines:
    def test_roll_to_the_next_day_that_counts_and_say_so(self, office: Office):
        reference, sentence = awaiting(office, SUNDAY)

        (request,) = builders.rows_of(office, models.InformationRequest)
        assert (request["reply_by"], request["calendar"]) == (date(2026, 12, 21), "statutory")
        assert sentence.endswith("Sun 20 Dec 2026 is a Sunday: the answer is due on Mon 21 Dec 2026.")
        assert builders.case_of(office, reference)["deadline"] == date(2026, 12, 21)

    @pytest.mark.parametrize(
        ("named", "due", "why"),
        [
            (date(2026, 12, 19), date(2026, 12, 19), ""),  # a Saturday counts
            (date(2026, 12, 25), date(2026, 12, 26), "Fri 25 Dec 2026 is a public holiday"),  # Friday, then Saturday
            (
                date(2027, 2, 6),
                date(2027, 2, 9),
                "Sat 6 Feb 2027 is a public holiday",
            ),  # New Year, Sunday and the day for it
        ],
    )
    def test_of_further_questions_roll_too(self, office: Office, named: date, due: date, why: str):
        reference, _ = awaiting(office)
        officer = builders.act(builders.people(office).officer, builders.morning_of(ASKED))

        done = builders.done(ask_information(office, reference=reference, question="Who?", reply_by=named, act=officer))

        assert done.data["reply_by"] == due
        assert (why or f"The answer is due on {in_words(due)}") in done.sentence
        assert builders.rows_of(office, models.InformationRequest, number=2)[0]["reply_by"] == due

    def test_roll_later_with_a_holiday_and_those_affected_are_told(self, office: Office, admin: Person):
        reference, _ = awaiting(office)
        case = builders.case_of(office, reference)

        done = gazette(office, admin, REPLY_BY, builders.morning_of(ASKED + DAY))

        (request,) = builders.rows_of(office, models.InformationRequest)
        assert (request["reply_by"], request["calendar"]) == (REPLY_BY + DAY, "statutory")
        after = builders.case_of(office, reference)
        assert (after["deadline"], after["version"]) == (REPLY_BY + DAY, case["version"] + 1)
        assert sorted(row["recipient"].split(":")[0] for row in told(office)) == ["account_manager", "contact"]
        for part in ('"before": "2026-12-23"', '"reply_by": "2026-12-24"', '"holiday": "Polling Day"', '"number": 1'):
            assert part in told(office)[0]["payload"]
        assert done.data["deadlines"] == 1
        (entry,) = [one for one in builders.entries_of(office, reference) if one["kind"] == "case:deadline:moved"]
        assert (entry["detail"]["before"], entry["detail"]["reply_by"]) == ("2026-12-23", "2026-12-24")

    def test_take_the_letters_about_them_along(self, office: Office, admin: Person):
        awaiting(office)

        gazette(office, admin, REPLY_BY, builders.morning_of(ASKED + DAY))

        # 24 December is no day off; the day after it is Christmas, and then comes a weekend.
        assert [row["due_on"] for row in planned(office, "request_reminder")] == [
            date(2026, 12, 24),
            date(2026, 12, 28),
        ]
        assert [row["due_on"] for row in planned(office, "request_final_notice")] == [
            date(2027, 1, 6),
            date(2027, 1, 7),
        ]

    def test_of_today_roll_too_while_those_that_are_past_stay(self, office: Office, admin: Person):
        awaiting(office)
        awaiting(office, REPLY_BY - DAY)

        gazette(office, admin, REPLY_BY, builders.morning_of(REPLY_BY))

        days = sorted(row["reply_by"] for row in builders.rows_of(office, models.InformationRequest))
        assert days == [REPLY_BY - DAY, REPLY_BY + DAY]

    def test_are_never_shortened(self, office: Office, admin: Person):
        awaiting(office)
        gazette(office, admin, REPLY_BY, builders.morning_of(ASKED + DAY))
        letters = [row["due_on"] for row in planned(office, "request_final_notice", status="planned")]

        withdraw(office, admin, REPLY_BY, builders.morning_of(ASKED + 2 * DAY))

        (request,) = builders.rows_of(office, models.InformationRequest)
        assert request["reply_by"] == REPLY_BY + DAY
        assert [row["due_on"] for row in planned(office, "request_final_notice", status="planned")] == letters
        assert len(told(office)) == 2

    def test_leave_the_letters_about_them_no_less_time(self, office: Office, admin: Person):
        awaiting(office)
        notice = date(2027, 1, 6)
        gazette(office, admin, notice, builders.morning_of(ASKED))

        withdraw(office, admin, notice, builders.morning_of(ASKED + DAY))

        (row,) = planned(office, "request_final_notice", status="planned")
        assert row["due_on"] == notice + DAY
        assert told(office) == []

    def test_of_several_questions_are_each_told(self, office: Office, admin: Person):
        reference, _ = awaiting(office)
        officer = builders.act(builders.people(office).officer, builders.morning_of(ASKED))
        ask_information(office, reference=reference, question="Who?", reply_by=REPLY_BY, act=officer)

        gazette(office, admin, REPLY_BY, builders.morning_of(ASKED + DAY))

        assert len({row["cause"] for row in told(office)}) == 2
        assert len(told(office)) == 4

    @pytest.mark.parametrize("trigger", ["supply_information", "withdraw"])
    def test_that_were_answered_or_left_open_by_a_closed_case_stay(self, office: Office, admin: Person, trigger: str):
        reference, _ = awaiting(office)
        officer = builders.act(builders.people(office).officer, builders.morning_of(ASKED))
        code = "request" if trigger == "withdraw" else ""
        builders.done(builders.advance(office, officer, reference, trigger, reason_code=code))

        gazette(office, admin, REPLY_BY, builders.morning_of(ASKED + DAY))

        assert builders.rows_of(office, models.InformationRequest)[0]["reply_by"] == REPLY_BY
        assert told(office) == []

    def test_that_a_withdrawn_renewal_left_open_stay(self, sqlite_office: Office):
        """The case lives on with its certificate, but nobody waits for the answer any more."""
        office, staff = sqlite_office, builders.people(sqlite_office)
        admin = builders.another_person(office, "p-90", "Gita Rao", "admin")
        reference = builders.certified(office, staff, valid_from=FROM)
        officer = builders.act(staff.officer, builders.morning_of(POLLING_DAY - 14 * DAY))
        builders.complete_pack(office, officer, reference)
        given = {"reply_by": POLLING_DAY.isoformat()}
        builders.done(builders.advance(office, officer, reference, "renew"))
        asked = builders.advance(office, officer, reference, "request_information", reason="Where?", given=given)
        builders.done(asked)
        builders.done(builders.advance(office, officer, reference, "withdraw", reason_code="request"))

        gazette(office, admin)

        assert builders.rows_of(office, models.InformationRequest)[0]["reply_by"] == POLLING_DAY
        assert told(office) == []

    def test_of_an_edition_without_calendars_stay(self, office: Office, admin: Person, stp_text: str):
        reference, _ = awaiting(office, REPLY_BY)
        with office.database.transaction() as transaction:
            install_without_calendars(transaction.connection, stp_text)
        keep_edition(office, reference, "2026-02")
        officer = builders.act(builders.people(office).officer, builders.morning_of(ASKED))

        ask_information(office, reference=reference, question="Who?", reply_by=SUNDAY, act=officer)
        gazette(office, admin, REPLY_BY, builders.morning_of(ASKED + DAY))

        rows = builders.rows_of(office, models.InformationRequest)
        assert [(row["reply_by"], row["calendar"]) for row in rows] == [(REPLY_BY, "statutory"), (SUNDAY, "none")]


def install_without_calendars(connection: Connection, stp_text: str) -> None:
    begin, end = stp_text.index("[calendars]"), stp_text.index("[service_target]")
    older = (stp_text[:begin] + stp_text[end:]).replace('edition = "2026-03"', 'edition = "2026-02"')
    editions.install(connection, load_programme(older, file="older.toml"), now=builders.NOW)


class TestTheCalendar:
    def test_is_in_the_words_of_the_country_and_says_what_is_estimated(self, sqlite_office: Office):
        with sqlite_office.database.snapshot() as connection:
            rows = connection.execute(table_of(models.CalendarDay).select()).all()
        named = {row.day: (row.name, row.source) for row in rows}
        assert [named[day] for day in (date(2026, 5, 1), date(2026, 11, 8), date(2026, 3, 21))] == [
            ("Labour Day", "computed"), ("Deepavali", "computed"), ("Hari Raya Puasa", "computed"),
        ]  # fmt: skip
        estimated = {name for name, source in named.values() if source == "estimated"}
        assert estimated == {name for name, _ in named.values() if "estimated" in name}
        assert any("observed" in name for name in estimated)

    def test_keeps_what_was_known_when(self, office: Office, admin: Person):
        gazette(office, admin)
        withdraw(office, admin, now=MORNING + timedelta(hours=1))

        def closed(as_at: datetime | None) -> bool:
            with office.database.snapshot() as connection:
                days = calendar.office_calendar(connection, builders.ZONE, POLLING_DAY, POLLING_DAY, as_at=as_at)
            return POLLING_DAY in days.closed

        instants = [MORNING - timedelta(seconds=1), MORNING, MORNING + timedelta(hours=1), None]
        assert [closed(instant) for instant in instants] == [False, True, False, False]

    def test_follows_what_was_said_last_also_with_a_clock_that_was_set_back(self, office: Office, admin: Person):
        gazette(office, admin, now=MORNING)

        withdraw(office, admin, now=MORNING - 400 * DAY)

        with office.database.snapshot() as connection:
            days = calendar.office_calendar(connection, builders.ZONE, POLLING_DAY, POLLING_DAY)
        assert days.closed == frozenset()

    def test_withdraws_a_computed_holiday(self, office: Office, admin: Person):
        national_day = date(2029, 8, 9)

        withdraw(office, admin, national_day, builders.morning_of(FROM))

        with office.database.snapshot() as connection:
            rows = holidays(connection, first=national_day, last=national_day)
        assert [(row["status"], row["source"]) for row in rows] == [("withdrawn", "gazetted")]

    @pytest.mark.parametrize("part", ["officer", "supervisor", "approver", "account_manager", "auditor"])
    def test_is_kept_by_an_admin_alone(self, sqlite_office: Office, part: str):
        staff = builders.people(sqlite_office)
        before = builders.everything(sqlite_office)

        with pytest.raises(NotPermitted):
            gazette(sqlite_office, getattr(staff, part))
        with pytest.raises(NotPermitted):
            withdraw(sqlite_office, getattr(staff, part))

        assert builders.everything(sqlite_office) == before

    def test_takes_no_past_day_unknown_zone_or_day_that_is_none(self, sqlite_office: Office):
        builders.people(sqlite_office)
        admin = builders.another_person(sqlite_office, "p-90", "Gita Rao", "admin")

        with pytest.raises(BadInput) as past:
            gazette(sqlite_office, admin, MORNING.date() - DAY)
        with pytest.raises(BadInput) as elsewhere:
            gazette(sqlite_office, admin, zone="Asia/Tokyo")
        with pytest.raises(BadInput) as none:
            withdraw(sqlite_office, admin)

        assert [refused.value.code for refused in (past, elsewhere, none)] == ["DATE_ORDER", "ZONE", "NO_HOLIDAY"]
        assert "Known: Asia/Singapore." in elsewhere.value.sentence


class TestADecisionUnderWay:
    def test_that_planned_by_the_old_calendar_is_waited_for(self, postgresql_office: Office):
        office = postgresql_office
        reference, _ = awaiting(office)
        admin = builders.another_person(office, "p-90", "Gita Rao", "admin")
        by_then = Planned(
            "T-90",
            POLLING_DAY,
            local_instant(POLLING_DAY, 8, builders.ZONE),
            message="renewal_reminder",
            audience=("company",),
        )

        with ThreadPoolExecutor() as threads:
            with office.database.transaction() as transaction:
                certify_as_it_was(office, transaction.connection, reference, by_then)
                gazetted = threads.submit(gazette, office, admin)
                with pytest.raises(TimeoutError):
                    gazetted.result(timeout=0.5)
            gazetted.result(timeout=10)

        assert [row["due_on"] for row in planned(office, "T-90")] == [POLLING_DAY, THURSDAY]


def certify_as_it_was(office: Office, connection: Connection, reference: str, planned: Planned) -> None:
    """What a decision writes that read the calendar before the holiday was in it."""
    case = cases.lock(connection, reference, OPERATOR)
    programme = office.editions.machine(connection, case.programme, case.edition).programme
    dates = {"certificate_number": "STP-2026-C00001", "valid_from": FROM, "valid_until": LAST}
    basis = newest_decision(connection, case)
    change = Change("case:state:changed", "approver", updates=dates, planned=[planned], basis=basis)
    change.updates |= {"state": "certified", "state_kind": "certified"}
    record(connection, office.origin, case, programme, builders.act(CLOCK, MORNING), change)


class TestEveryPlannedRow:
    def test_names_the_calendar_by_which_its_day_was_found(self, office: Office):
        builders.certified(office, builders.people(office), valid_from=FROM)
        awaiting(office)

        calendars = {row["rule"]: row["calendar"] for row in builders.rows_of(office, models.PlannedAction)}

        days = ("T-270", "T-210", "T-180", "T-150", "T-120", "T-90", "T-60", "T-30", "T-7")
        fixed = ("T-0", "T+1", "lapse", "open_revalidation")
        letters = ("request_reminder", "request_final_notice")
        assert calendars == dict.fromkeys((*days, *letters), "office") | dict.fromkeys(fixed, "none")
