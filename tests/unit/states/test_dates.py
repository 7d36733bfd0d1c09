"""Ends of validity against dateutil as an independent oracle, and instants to the second."""

import calendar
import random
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import given
from hypothesis import strategies as st

from states.dates import (
    WEEKDAYS,
    OfficeCalendar,
    Standing,
    StatutoryCalendar,
    add_months,
    add_years,
    end_of,
    last_valid_day,
    local_day,
    local_instant,
    standing_on,
    start_of,
)

ZONE = "Asia/Singapore"
SINGAPORE = timezone(timedelta(hours=8))
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
FIRST, LAST = date(2020, 1, 1), date(2040, 12, 31)
EVERY_DAY = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]
LEAP_DAYS = [day for day in EVERY_DAY if (day.month, day.day) == (2, 29)]

days = st.dates(date(2000, 1, 1), date(2060, 12, 31))


def oracle(valid_from: date, years: int, counting: str) -> date:
    """The last valid day as the law's words count it, written with dateutil."""
    anniversary = valid_from + relativedelta(years=years)  # 29 February falls to the 28th
    day_is_missing = (valid_from.month, valid_from.day) == (2, 29) and not calendar.isleap(valid_from.year + years)
    if counting == "day_before" and not day_is_missing:
        return anniversary + relativedelta(days=-1)
    return anniversary


def check_term(valid_from: date, years: int, counting: str) -> None:
    expected = oracle(valid_from, years, counting)
    until = last_valid_day(valid_from, years, counting)
    assert until == expected
    over = datetime(until.year, until.month, until.day, tzinfo=SINGAPORE) + DAY
    assert end_of(until, ZONE) == over
    standings = [
        standing_on(local_day(over + shift, ZONE), valid_from=valid_from, valid_until=until)
        for shift in (-SECOND, timedelta(), SECOND)
    ]
    assert standings == [Standing.IN_FORCE, Standing.ENDED, Standing.ENDED]


class TestLastValidDay:
    def test_agrees_with_dateutil_on_a_sample(self):
        chance = random.Random(20261123)  # noqa: S311  # the same sample every time, no secret
        sample = chance.sample(EVERY_DAY, 190) + LEAP_DAYS + [d - DAY for d in LEAP_DAYS] + [d + DAY for d in LEAP_DAYS]

        for valid_from in sample:
            for years in range(1, 6):
                for counting in ("same_day", "day_before"):
                    check_term(valid_from, years, counting)

    @pytest.mark.exhaustive
    def test_agrees_with_dateutil_on_every_day(self):
        for valid_from in EVERY_DAY:
            for years in range(1, 6):
                for counting in ("same_day", "day_before"):
                    check_term(valid_from, years, counting)

    @pytest.mark.parametrize(
        ("valid_from", "counting", "expected"),
        [
            (date(2026, 11, 22), "same_day", date(2029, 11, 22)),
            (date(2026, 11, 22), "day_before", date(2029, 11, 21)),
            (date(2028, 2, 29), "same_day", date(2031, 2, 28)),
            (date(2028, 2, 29), "day_before", date(2031, 2, 28)),
            (date(2028, 3, 1), "day_before", date(2031, 2, 28)),
            (date(2027, 1, 1), "day_before", date(2029, 12, 31)),
        ],
    )
    def test_counts_three_years_as_written_down(self, valid_from: date, counting: str, expected: date):
        assert last_valid_day(valid_from, 3, counting) == expected

    @given(days, st.integers(1, 10))
    def test_counting_the_first_day_never_ends_later(self, valid_from: date, years: int):
        difference = last_valid_day(valid_from, years, "same_day") - last_valid_day(valid_from, years, "day_before")

        assert difference in (timedelta(), DAY)


class TestAddYears:
    @given(days, st.integers(0, 20))
    def test_agrees_with_dateutil(self, start: date, years: int):
        assert add_years(start, years) == start + relativedelta(years=years)


class TestAddMonths:
    @given(days, st.integers(0, 60))
    def test_agrees_with_dateutil(self, start: date, months: int):
        assert add_months(start, months) == start + relativedelta(months=months)


class TestLocalInstant:
    @given(days, st.integers(0, 23))
    def test_is_eight_hours_earlier_in_utc(self, day: date, hour: int):
        instant = local_instant(day, hour, ZONE)

        assert instant == datetime(day.year, day.month, day.day, hour, tzinfo=SINGAPORE)
        assert instant.utcoffset() == timedelta()

    @given(days)
    def test_a_day_ends_where_the_next_begins(self, day: date):
        assert end_of(day, ZONE) == start_of(day + DAY, ZONE)

    @given(days)
    def test_a_day_ends_to_the_second(self, day: date):
        over = end_of(day, ZONE)

        assert [local_day(over + shift, ZONE) for shift in (-SECOND, timedelta(), SECOND)] == [
            day,
            day + DAY,
            day + DAY,
        ]

    def test_a_day_may_have_23_hours_where_clocks_change(self):
        day = date(2027, 3, 28)

        assert end_of(day, "Europe/Berlin") - start_of(day, "Europe/Berlin") == timedelta(hours=23)


class TestLocalDay:
    def test_refuses_an_instant_without_a_zone(self):
        with pytest.raises(ValueError, match="needs a time zone"):
            local_day(datetime(2026, 11, 23, 12), ZONE)  # noqa: DTZ001  # the very thing that is refused

    def test_is_the_next_day_from_16_hours_utc(self):
        assert local_day(datetime(2026, 11, 23, 16, tzinfo=UTC), ZONE) == date(2026, 11, 24)


calendars = st.sets(st.dates(date(2026, 1, 1), date(2026, 12, 31)), max_size=60).map(OfficeCalendar.of)


class TestOfficeCalendar:
    @given(calendars, st.dates(date(2026, 3, 1), date(2026, 12, 31)))
    def test_moves_to_the_nearest_office_day_on_or_before(self, office: OfficeCalendar, day: date):
        moved = office.office_day_on_or_before(day)

        between = [moved + timedelta(days=n) for n in range(1, (day - moved).days + 1)]
        assert moved <= day
        assert moved.isoweekday() <= 5
        assert moved not in office.closed
        assert all(d.isoweekday() > 5 or d in office.closed for d in between)

    @given(calendars, st.dates(date(2026, 1, 1), date(2026, 12, 31)), st.dates(date(2026, 1, 1), date(2026, 12, 31)))
    def test_counts_office_days_either_way(self, office: OfficeCalendar, one: date, other: date):
        earlier, later = sorted((one, other))
        expected = len([
            day
            for day in EVERY_DAY
            if earlier < day <= later and day.isoweekday() <= 5 and day not in office.closed
        ])  # fmt: skip

        assert office.office_days_between(earlier, later) == expected
        assert office.office_days_between(later, earlier) == -expected

    @given(calendars, st.dates(date(2026, 1, 1), date(2026, 12, 31)))
    def test_moves_to_the_nearest_office_day_on_or_after(self, office: OfficeCalendar, day: date):
        moved = office.office_day_on_or_after(day)

        between = [day + timedelta(days=n) for n in range((moved - day).days)]
        assert moved.isoweekday() <= 5
        assert moved not in office.closed
        assert all(d.isoweekday() > 5 or d in office.closed for d in between)

    @given(calendars, st.dates(date(2026, 1, 1), date(2026, 12, 31)), st.integers(0, 30))
    def test_goes_so_many_office_days_ahead(self, office: OfficeCalendar, day: date, count: int):
        ahead = [d for n in range(1, 200) if (d := day + timedelta(days=n)).isoweekday() < 6 and d not in office.closed]

        assert office.office_days_after(day, count) == (ahead[count - 1] if count else day)
        assert office.office_days_between(day, office.office_days_after(day, count)) == count


class TestStatutoryCalendar:
    CHRISTMAS = date(2026, 12, 25)  # a Friday
    CALENDAR = StatutoryCalendar.of([CHRISTMAS], ["sunday"])

    @pytest.mark.parametrize(
        ("day", "why", "due"),
        [
            (date(2026, 12, 24), "", date(2026, 12, 24)),
            (CHRISTMAS, "a public holiday", date(2026, 12, 26)),
            (date(2026, 12, 26), "", date(2026, 12, 26)),  # a Saturday counts
            (date(2026, 12, 27), "a Sunday", date(2026, 12, 28)),
        ],
    )
    def test_rolls_later_and_says_why(self, day: date, why: str, due: date):
        assert (self.CALENDAR.excluded(day), self.CALENDAR.deadline(day)) == (why, due)

    def test_needs_a_weekday_that_counts(self):
        with pytest.raises(ValueError, match="At least one weekday"):
            StatutoryCalendar.of([], WEEKDAYS)


class TestStandingOn:
    @given(days, days, days, st.none() | days)
    def test_agrees_with_the_table(self, day: date, one: date, other: date, ended_on: date | None):
        valid_from, valid_until = sorted((one, other))

        standing = standing_on(day, valid_from=valid_from, valid_until=valid_until, ended_on=ended_on)

        over = day > valid_until or (ended_on is not None and ended_on <= day)
        expected = "ended" if over else "in_force" if day >= valid_from else "pending"
        assert standing == expected

    @pytest.mark.parametrize(("valid_from", "valid_until"), [(None, None), (FIRST, None), (None, LAST)])
    def test_is_none_without_a_certificate(self, valid_from: date | None, valid_until: date | None):
        assert standing_on(FIRST, valid_from=valid_from, valid_until=valid_until) == Standing.NONE
