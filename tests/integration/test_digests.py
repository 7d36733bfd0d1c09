"""The weekly digest: once for each reader and ISO week, late rather than never, nothing when there is nothing to say."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar

import builders
import pytest
from builders import act, done

from notifications.rendering import Renderer
from notifications.retry import Outcome
from notifications.samples import sample
from notifications.transport import Reply
from states.dates import local_instant
from workflow import models
from workflow.models.base import table_of
from workflow.operations.deliver_outbox import Post, deliver_outbox
from workflow.operations.plan_visit import plan_visit
from workflow.operations.record_absence import record_absence
from workflow.operations.send_digests import send_digests
from workflow.reports import portfolio as report
from workflow.store.office import Office

MONDAY = date(2026, 11, 23)
EIGHT = local_instant(MONDAY, 8, "Asia/Singapore")
WEEK = timedelta(weeks=1)
SECTIONS = ("due", "ends", "us", "company", "failed", "tasks")


@dataclass
class FakeTransport:
    """A transport that keeps what it gets."""

    size: ClassVar[int] = 1
    sent: list[tuple[str, bytes]] = field(default_factory=list)

    async def open(self) -> None:
        return

    async def send(self, _sender: str, recipient: str, content: bytes) -> Reply:
        self.sent.append((recipient, content))
        return Reply(Outcome.SENT, "250 OK")

    async def close(self) -> None:
        return


def digests(office: Office) -> list[dict[str, Any]]:
    return builders.rows_of(office, models.Notification, message="portfolio_digest")


def told(office: Office, recipient: str = "officer:p-04") -> dict[str, Any]:
    """The payload of the newest digest to somebody: Dewi Lestari, the account manager, unless said otherwise."""
    return json.loads([row for row in digests(office) if row["recipient"] == recipient][-1]["payload"])


def managed(office: Office, staff: builders.People, **more: Any) -> str:
    more = {"account_manager": builders.email_of(staff.account_manager)} | more
    return builders.submit(office, act(staff.officer, EIGHT - timedelta(days=3)), **more)


@pytest.fixture
def staff(office: Office) -> builders.People:
    return builders.people(office)


class TestWhen:
    def test_nothing_goes_out_before_eight_on_monday(self, sqlite_office: Office) -> None:
        staff = builders.people(sqlite_office)
        managed(sqlite_office, staff)

        assert send_digests(sqlite_office, now=EIGHT - timedelta(seconds=1)) == 0
        assert send_digests(sqlite_office, now=local_instant(MONDAY, 0, "Asia/Singapore")) == 0
        assert digests(sqlite_office) == []

    def test_each_manager_and_each_supervisor_gets_one_a_week(self, office: Office, staff: builders.People) -> None:
        managed(office, staff)

        counts = [
            send_digests(office, now=EIGHT + late)
            for late in (timedelta(0), timedelta(minutes=5), WEEK - timedelta(hours=9))
        ]
        next_week = send_digests(office, now=EIGHT + WEEK)

        assert (counts, next_week) == ([2, 0, 0], 2)
        assert [(row["cause"], row["recipient"]) for row in digests(office)] == [
            ("digest:2026-W48", "officer:p-04"),
            ("digest:2026-W48:team", "officer:p-05"),
            ("digest:2026-W49", "officer:p-04"),
            ("digest:2026-W49:team", "officer:p-05"),
        ]  # fmt: skip

    def test_down_on_monday_is_sent_on_return(self, sqlite_office: Office) -> None:
        staff = builders.people(sqlite_office)
        managed(sqlite_office, staff)

        assert send_digests(sqlite_office, now=EIGHT + timedelta(days=4)) == 2
        assert told(sqlite_office)["as_at"] == "2026-11-27"
        assert told(sqlite_office)["day"] == "2026-11-23"

    def test_weeks_gone_by_are_not_made_up_for(self, sqlite_office: Office) -> None:
        staff = builders.people(sqlite_office)
        managed(sqlite_office, staff)
        send_digests(sqlite_office, now=EIGHT)

        assert send_digests(sqlite_office, now=EIGHT + 3 * WEEK + timedelta(hours=1)) == 2
        assert {row["cause"] for row in digests(sqlite_office)} == {
            "digest:2026-W48",
            "digest:2026-W48:team",
            "digest:2026-W51",
            "digest:2026-W51:team",
        }

    def test_a_week_belongs_to_the_year_of_its_thursday(self, sqlite_office: Office) -> None:
        staff = builders.people(sqlite_office)
        managed(sqlite_office, staff)

        send_digests(sqlite_office, now=datetime(2027, 1, 1, 4, tzinfo=UTC))

        assert {row["cause"] for row in digests(sqlite_office)} == {"digest:2026-W53", "digest:2026-W53:team"}

    def test_a_clock_set_back_sends_nothing_again(self, sqlite_office: Office) -> None:
        staff = builders.people(sqlite_office)
        managed(sqlite_office, staff)
        send_digests(sqlite_office, now=EIGHT + WEEK)
        send_digests(sqlite_office, now=EIGHT)

        assert send_digests(sqlite_office, now=EIGHT + WEEK) == 0
        assert len({row["message_id"] for row in digests(sqlite_office)}) == len(digests(sqlite_office)) == 4

    def test_the_ledger_knows_nothing_of_it(self, sqlite_office: Office) -> None:
        staff = builders.people(sqlite_office)
        managed(sqlite_office, staff)
        before = builders.rows_of(sqlite_office, models.PlannedAction)

        send_digests(sqlite_office, now=EIGHT)

        assert builders.rows_of(sqlite_office, models.PlannedAction) == before

    def test_several_workers_at_once_queue_each_once(self, office: Office, staff: builders.People) -> None:
        managed(office, staff)

        with ThreadPoolExecutor(4) as workers:
            counts = list(workers.map(lambda _: send_digests(office, now=EIGHT), range(4)))

        assert sum(counts) == len(digests(office)) == 2


class TestForWhom:
    def test_nothing_to_say_is_not_sent_and_the_week_is_over(self, office: Office, staff: builders.People) -> None:
        reference = builders.certified(
            office,
            staff,
            valid_from=MONDAY - timedelta(days=20),
            account_manager=builders.email_of(staff.account_manager),
        )
        with office.database.transaction() as transaction:
            transaction.connection.execute(table_of(models.Task).delete())

        assert send_digests(office, now=EIGHT) == 0
        assert {(row["status"], row["last_reply"]) for row in digests(office)} == {
            ("suppressed", "There is nothing to say this week.")
        }
        plan_visit(office, reference=reference, planned_on=MONDAY, act=act(staff.officer, EIGHT))
        assert send_digests(office, now=EIGHT + timedelta(days=1)) == 0

    def test_who_manages_nothing_or_has_left_gets_none(self, sqlite_office: Office) -> None:
        staff = builders.people(sqlite_office)
        builders.another_person(sqlite_office, "p-20", "Gita Menon", "account_manager")
        managed(sqlite_office, staff)
        with sqlite_office.database.transaction() as transaction:
            officers = table_of(models.Officer)
            transaction.connection.execute(officers.update().where(officers.c.id == "p-04").values(active=False))

        send_digests(sqlite_office, now=EIGHT)

        assert [row["recipient"] for row in digests(sqlite_office)] == ["officer:p-05"]

    def test_a_supervisor_with_companies_gets_both(self, sqlite_office: Office) -> None:
        staff = builders.people(sqlite_office)
        both = builders.another_person(sqlite_office, "p-21", "Hanna Lim", "supervisor", "account_manager")
        managed(sqlite_office, staff, account_manager=builders.email_of(both))

        send_digests(sqlite_office, now=EIGHT)

        own = [row["cause"] for row in digests(sqlite_office) if row["recipient"] == "officer:p-21"]
        assert own == ["digest:2026-W48", "digest:2026-W48:team"]

    def test_it_arrives_and_while_somebody_is_absent_the_deputy_gets_it_too(
        self, office: Office, staff: builders.People
    ) -> None:
        managed(office, staff)
        deputy = builders.another_person(office, "p-22", "Ivan Ong", "account_manager")
        manager = builders.email_of(staff.account_manager)
        record_absence(
            office, email=manager, first=MONDAY, last=MONDAY, deputy=builders.email_of(deputy),
            act=act(staff.supervisor, EIGHT - timedelta(days=1)),
        )  # fmt: skip
        send_digests(office, now=EIGHT)
        transport = FakeTransport()

        deliver_outbox(office, Post(transport, Renderer(), "casework@casework.example"), now=EIGHT)
        deliver_outbox(office, Post(transport, Renderer(), "casework@casework.example"), now=EIGHT)

        reached = [
            to for to, content in transport.sent if b"Subject: Your companies, week of Mon 23 Nov 2026" in content
        ]
        assert sorted(reached) == sorted([manager, builders.email_of(deputy)])


class TestWhatItSays:
    def test_holds_what_the_message_asks_for_and_no_more(self, office: Office, staff: builders.People) -> None:
        reference = managed(office, staff)
        done(plan_visit(office, reference=reference, planned_on=MONDAY, act=act(staff.officer, EIGHT)))

        send_digests(office, now=EIGHT)

        made = told(office)
        assert set(made) == set(sample("portfolio_digest"))
        for section in SECTIONS:
            for row in made[section]["rows"]:
                assert set(sample("portfolio_digest")[section]["rows"][0]) <= set(row)

    def test_a_visit_and_what_the_clock_will_do_are_due(self, office: Office, staff: builders.People) -> None:
        reference = managed(office, staff)
        day = MONDAY + timedelta(days=14)
        for planned_on, mode in ((day, "virtual"), (day + timedelta(days=1), "on_site")):
            plan = {"reference": reference, "mode": mode, "act": act(staff.officer, EIGHT)}
            done(plan_visit(office, planned_on=planned_on, **plan))

        send_digests(office, now=EIGHT)

        assert [(row["day"], row["what"]) for row in told(office)["due"]["rows"]] == [
            ("2026-12-07", "Visit by video call")
        ]

    def test_a_certificate_is_told_from_210_days_before_its_last_day(
        self, office: Office, staff: builders.People
    ) -> None:
        manager = builders.email_of(staff.account_manager)
        builders.certified(office, staff, valid_from=date(2026, 6, 1), account_manager=manager)  # ends 1 June 2029
        first = local_instant(date(2028, 11, 6), 8, "Asia/Singapore")  # 207 days before, a Monday

        send_digests(office, now=first - WEEK)
        before = told(office)
        send_digests(office, now=first)
        after = told(office)

        assert before["ends"]["rows"] == []
        assert [(row["day"], row["what"]) for row in before["due"]["rows"]] == [
            ("2028-11-03", "Mail “renewal invitation” to the company and the account manager"),
            ("2028-11-03", "Open revalidation"),
        ]
        assert [(row["day"], row["standing"]) for row in after["ends"]["rows"]] == [("2029-06-01", "in force")]

    def test_it_says_who_has_to_move(self, office: Office, staff: builders.People) -> None:
        ours, theirs = managed(office, staff), managed(office, staff)
        officer = act(staff.officer, EIGHT - timedelta(days=1))
        done(builders.advance(office, officer, theirs, "request_information", reason="Which sites are in use?"))

        send_digests(office, now=EIGHT)

        made = told(office)
        assert [row["reference"] for row in made["us"]["rows"]] == [ours]
        assert [row["reference"] for row in made["company"]["rows"]] == [theirs]
        assert made["company"]["rows"][0]["day"] == made["due"]["rows"][0]["day"]
        assert made["due"]["rows"][0]["what"] == "Answer from the company"

    def test_failed_mail_and_open_tasks_are_told_until_they_are_settled(
        self, office: Office, staff: builders.People
    ) -> None:
        reference = managed(office, staff)
        failed = table_of(models.Notification)
        task = table_of(models.Task)
        case = builders.case_of(office, reference)
        row = {"key": "t", "role": "officer", "sentence": "Do it.", "created_at": EIGHT, "application_id": case["id"]}
        with office.database.transaction() as transaction:
            transaction.connection.execute(failed.update().values(status="failed", settled_at=EIGHT - WEEK))
            transaction.connection.execute(task.insert(), row)

        send_digests(office, now=EIGHT)
        with office.database.transaction() as transaction:
            transaction.connection.execute(task.update().values(closed_at=EIGHT))
        send_digests(office, now=EIGHT + 2 * WEEK)

        first, second = (json.loads(one["payload"]) for one in digests(office) if one["recipient"] == "officer:p-04")
        assert {one["message"] for one in first["failed"]["rows"]} == {"application_received"}
        assert [one["sentence"] for one in first["tasks"]["rows"]] == ["Do it."]
        assert (second["failed"]["rows"], second["tasks"]["rows"]) == ([], [])

    def test_a_manager_sees_own_companies_and_a_supervisor_all(self, office: Office, staff: builders.People) -> None:
        other = builders.another_person(office, "p-23", "Jaya Pillai", "account_manager")
        own, others = managed(office, staff), managed(office, staff, account_manager=builders.email_of(other))

        send_digests(office, now=EIGHT)

        assert [row["reference"] for row in told(office)["us"]["rows"]] == [own]
        assert [row["reference"] for row in told(office, "officer:p-23")["us"]["rows"]] == [others]
        assert {row["reference"] for row in told(office, "officer:p-05")["us"]["rows"]} == {own, others}
        assert told(office, "officer:p-05")["team"] is True

    def test_a_long_section_is_cut_and_says_how_much_is_left(
        self, sqlite_office: Office, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(report, "LONGEST", 2)
        staff = builders.people(sqlite_office)
        references = [managed(sqlite_office, staff) for _ in range(3)]

        send_digests(sqlite_office, now=EIGHT)

        made = told(sqlite_office)
        assert [row["reference"] for row in made["us"]["rows"]] == references[:2]
        assert made["us"]["more"] == 1
