"""Date arithmetic that law counts: ends of validity, office days, excluded days, standing.

Pure and the only place for it; never in SQL, because databases disagree. It must not read a clock.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Literal, get_args
from zoneinfo import ZoneInfo

Counting = Literal["same_day", "day_before"]
# The calendar by which a day was found: office days move earlier, a company's deadline later, a certificate's end never.
CalendarName = Literal["office", "statutory", "none"]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: tuple[Weekday, ...] = get_args(Weekday)  # in the order of date.weekday()

_SATURDAY = 5
_ONE_DAY = timedelta(days=1)
_DAYS_TO_NEXT_MONTH = 4  # 28 + 4 always lands in the next month


class Standing(StrEnum):
    """Whether a certificate is in force on a day; never the state of the case."""

    NONE = "none"
    PENDING = "pending"
    IN_FORCE = "in_force"
    SUSPENDED = "suspended"
    ENDED = "ended"


def add_years(start: date, years: int) -> date:
    """Return the same day `years` later; a missing day falls to the last day of its month."""
    try:
        return start.replace(year=start.year + years)
    except ValueError:  # 29 February in a year without one
        return date(start.year + years, 2, 28)


def add_months(start: date, months: int) -> date:
    """Return the same day `months` later; a missing day falls to the last day of its month."""
    index = start.year * 12 + start.month - 1 + months
    first = date(index // 12, index % 12 + 1, 1)
    last_day = (first.replace(day=28) + timedelta(days=_DAYS_TO_NEXT_MONTH)).replace(day=1) - _ONE_DAY
    return first.replace(day=min(start.day, last_day.day))


def last_valid_day(valid_from: date, years: int, counting: Counting) -> date:
    """Return the last day of a term of whole years.

    `same_day` does not count the day of the event: three years from 22 November 2026 end on 22 November 2029.
    `day_before` counts it: 21 November 2029. Under both, a missing day falls to the last day of its month:
    three years from 29 February 2028 end on 28 February 2031.
    """
    anniversary = add_years(valid_from, years)
    if counting == "same_day" or anniversary.day != valid_from.day:
        return anniversary
    return anniversary - _ONE_DAY


def local_instant(day: date, hour: int, zone: str) -> datetime:
    """Return the UTC instant of a full hour on a local day."""
    return datetime.combine(day, time(hour), ZoneInfo(zone)).astimezone(UTC)


def start_of(day: date, zone: str) -> datetime:
    """Return the UTC instant at which a local day begins."""
    return local_instant(day, 0, zone)


def end_of(day: date, zone: str) -> datetime:
    """Return the UTC instant at which a local day is over: the first instant that no longer belongs to it."""
    return start_of(day + _ONE_DAY, zone)


def local_day(instant: datetime, zone: str) -> date:
    """Return the local day on which an aware instant falls."""
    if instant.tzinfo is None:
        raise ValueError("An instant needs a time zone.")
    return instant.astimezone(ZoneInfo(zone)).date()


@dataclass(frozen=True)
class OfficeCalendar:
    """The days an office is closed beside Saturday and Sunday, in the programme's zone."""

    closed: frozenset[date] = frozenset()

    @classmethod
    def of(cls, closed: Iterable[date]) -> "OfficeCalendar":
        return cls(frozenset(closed))

    def is_office_day(self, day: date) -> bool:
        return day.weekday() < _SATURDAY and day not in self.closed

    def office_day_on_or_before(self, day: date) -> date:
        """Return the day itself or the nearest earlier office day: reminders move earlier, never later."""
        while not self.is_office_day(day):
            day -= _ONE_DAY
        return day

    def office_day_on_or_after(self, day: date) -> date:
        """Return the day itself or the nearest later office day: what a company must do never falls due earlier."""
        while not self.is_office_day(day):
            day += _ONE_DAY
        return day

    def office_days_after(self, day: date, count: int) -> date:
        """Return the day that is so many office days after another."""
        while count > 0:
            day += _ONE_DAY
            count -= self.is_office_day(day)
        return day

    def office_days_between(self, earlier: date, later: date) -> int:
        """Count office days after `earlier` up to and including `later`; negative the other way round."""
        if later < earlier:
            return -self.office_days_between(later, earlier)
        return sum(self.is_office_day(earlier + timedelta(days=n)) for n in range(1, (later - earlier).days + 1))


@dataclass(frozen=True)
class StatutoryCalendar:
    """The days that law leaves out when it counts, in the programme's zone: public holidays and some weekdays."""

    holidays: frozenset[date] = frozenset()
    weekdays: frozenset[Weekday] = frozenset()

    @classmethod
    def of(cls, holidays: Iterable[date], weekdays: Iterable[Weekday]) -> "StatutoryCalendar":
        """Raises ValueError where every weekday is left out, since then no day would remain."""
        left_out = frozenset(weekdays)
        if len(left_out) == len(WEEKDAYS):
            raise ValueError("At least one weekday must count.")
        return cls(frozenset(holidays), left_out)

    def excluded(self, day: date) -> str:
        """Return why a day is left out, such as "a Sunday", or nothing for one that counts."""
        weekday = WEEKDAYS[day.weekday()]
        if weekday in self.weekdays:
            return f"a {weekday.capitalize()}"
        return "a public holiday" if day in self.holidays else ""

    def deadline(self, day: date) -> date:
        """Return the day itself or the nearest later one that counts: a company's deadline is never shortened."""
        while self.excluded(day):
            day += _ONE_DAY
        return day


def standing_on(
    day: date, *, valid_from: date | None, valid_until: date | None, ended_on: date | None = None
) -> Standing:
    """Return the standing of a certificate on a local day, from its dates alone.

    `ended_on` is the first day without standing when an event ended it before its last day. A certificate is in
    force on the whole of its last day.
    """
    if valid_from is None or valid_until is None:
        return Standing.NONE
    if day > valid_until or (ended_on is not None and day >= ended_on):
        return Standing.ENDED
    return Standing.PENDING if day < valid_from else Standing.IN_FORCE
