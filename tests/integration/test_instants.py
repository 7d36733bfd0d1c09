"""To the second: what holds a second before, at and after every deadline, on hosts of five time zones."""

import os
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import builders
import pytest

from states.facts import OPERATOR
from workflow.errors import BadInput
from workflow.operations.ask_information import ask_information
from workflow.operations.sweep import sweep
from workflow.reports import cases
from workflow.reports.calendar import calendar
from workflow.store.office import Office

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
FROM = date(2026, 11, 23)
LAST = date(2029, 11, 23)
# Every deadline in UTC: Singapore is eight hours ahead.
OPENING = datetime(2029, 4, 26, 16, 0, tzinfo=UTC)  # 27 April 2029, 00:00
LAST_DAY_MAIL = datetime(2029, 11, 23, 0, 0, tzinfo=UTC)  # 23 November 2029, 08:00
END = datetime(2029, 11, 23, 16, 0, tzinfo=UTC)  # 24 November 2029, 00:00
REPLY_BY = date(2026, 12, 9)
REPLY_END = datetime(2026, 12, 9, 16, 0, tzinfo=UTC)
REMINDER = datetime(2026, 12, 10, 0, 0, tzinfo=UTC)


@pytest.fixture(params=["UTC", "Asia/Singapore", "America/New_York", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
def host_zone(request: pytest.FixtureRequest) -> Iterator[str]:
    """The zone that the machine is set to, which must not matter."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = request.param
    time.tzset()
    yield request.param
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()


def around(instant: datetime) -> list[datetime]:
    return [instant - SECOND, instant, instant + SECOND]


def would_do(office: Office, now: datetime) -> set[str]:
    return {one["rule"] for one in sweep(office, now=now, dry_run=True).done}


def shown(office: Office, reference: str, now: datetime) -> tuple[str, str]:
    with office.database.snapshot() as connection:
        case = cases.show(connection, office, reference=reference, viewer=OPERATOR, now=now)
    return case["state"], case["standing"]


def in_calendar(office: Office, rule: str) -> tuple[date, datetime]:
    with office.database.snapshot() as connection:
        rows = calendar(connection, office, viewer=OPERATOR, first=date(2026, 1, 1), last=date(2030, 1, 1))
    (row,) = [row for row in rows if row["rule"] == rule]
    return row["due_on"], row["due_at"]


@pytest.mark.usefixtures("host_zone")
class TestOnAnyHost:
    def test_a_certificate_is_exact_to_the_second(self, sqlite_office: Office):
        office = sqlite_office
        reference = builders.certified(office, builders.people(office), valid_from=FROM)

        sweep(office, now=OPENING - DAY)
        assert [would_do(office, now) for now in around(OPENING)] == [
            set(),
            {"open_revalidation"},
            {"open_revalidation"},
        ]
        sweep(office, now=OPENING - SECOND)
        assert shown(office, reference, OPENING - SECOND) == ("certified", "in_force")
        sweep(office, now=OPENING)
        assert shown(office, reference, OPENING) == ("revalidation_due", "in_force")
        assert would_do(office, OPENING + SECOND) == set()

        sweep(office, now=LAST_DAY_MAIL - DAY)
        assert [would_do(office, now) for now in around(LAST_DAY_MAIL)] == [set(), {"T-0"}, {"T-0"}]
        sweep(office, now=LAST_DAY_MAIL)
        assert would_do(office, LAST_DAY_MAIL + SECOND) == set()

        assert [would_do(office, now) for now in around(END)] == [set(), {"lapse"}, {"lapse"}]
        # Standing follows from the date alone, before any sweep.
        assert [shown(office, reference, now)[1] for now in around(END)] == ["in_force", "ended", "ended"]
        sweep(office, now=END - SECOND)
        assert shown(office, reference, END - SECOND) == ("revalidation_due", "in_force")
        sweep(office, now=END)
        assert shown(office, reference, END) == ("lapsed", "ended")
        assert would_do(office, END + SECOND) == set()

        days = {"open_revalidation": date(2029, 4, 27), "T-0": LAST, "lapse": LAST}
        instants = {"open_revalidation": OPENING, "T-0": LAST_DAY_MAIL, "lapse": END}
        assert {rule: in_calendar(office, rule) for rule in days} == {r: (days[r], instants[r]) for r in days}

    def test_a_certificate_begins_with_its_first_day(self, sqlite_office: Office):
        office = sqlite_office
        first = FROM + 3 * DAY
        begins = datetime(2026, 11, 25, 16, 0, tzinfo=UTC)
        now = builders.morning_of(FROM)
        reference = builders.certified(office, builders.people(office), valid_from=first, now=now)

        assert [shown(office, reference, now)[1] for now in around(begins)] == ["pending", "in_force", "in_force"]

    def test_an_answer_is_exact_to_the_second(self, sqlite_office: Office):
        office = sqlite_office
        officer = builders.people(office).officer
        asking = builders.act(officer, builders.morning_of(FROM))
        reference = builders.submit(office, asking)
        given = {"reply_by": REPLY_BY.isoformat()}
        advanced = builders.advance(office, asking, reference, "request_information", reason="Where?", given=given)
        builders.done(advanced)

        def is_past(now: datetime) -> bool:
            try:
                by = builders.act(officer, now)
                ask_information(office, reference=reference, question="Who?", reply_by=REPLY_BY, act=by)
            except BadInput as refused:
                return refused.code == "DATE_ORDER"
            return False

        assert [is_past(now) for now in around(REPLY_END)] == [False, True, True]
        assert [would_do(office, now) for now in around(REMINDER)] == [set(), *[{"request_reminder"}] * 2]
        with office.database.snapshot() as connection:
            rows = calendar(connection, office, viewer=OPERATOR, first=REPLY_BY, last=REPLY_BY + DAY)
        assert {(row["rule"], row["due_on"], row["due_at"]) for row in rows} == {
            ("request_reminder", REPLY_BY + DAY, REMINDER)
        }
        assert shown(office, reference, REPLY_END) == ("awaiting_information", "none")
