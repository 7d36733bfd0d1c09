"""Every issue date of 2020 to 2040, every validity, every offset of the shipped files, against an oracle of its own.

The oracle shares nothing with the rules but the file it reads: dateutil adds the years, the days of the week and the
public holidays come from a walk of its own, and Singapore is eight hours ahead of UTC.
"""

import random
import tomllib
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

import holidays
import pytest
from dateutil.relativedelta import relativedelta
from rule_cases import PROGRAMMES, changed, shipped

from states.dates import OfficeCalendar, StatutoryCalendar
from states.definition import PHASES, Programme
from states.planner import Outlook, plan, plan_request
from states.terms import Term, certificate_term

FIRST, LAST = date(2020, 1, 1), date(2040, 12, 31)
DAY = timedelta(days=1)
AHEAD = timedelta(hours=8)  # Singapore has had no other time since 1982
VALIDITIES = range(1, 6)
EVERY_DATE = [FIRST + n * DAY for n in range((LAST - FIRST).days + 1)]
PUBLIC = frozenset(holidays.country_holidays("SG", years=range(2019, 2048)))
OFFICE = OfficeCalendar.of(PUBLIC)
STATUTORY = StatutoryCalendar.of(PUBLIC, ["sunday"])

Owed = tuple[str, date, datetime]  # what, the local day, the instant


@cache
def workday_before(day: date) -> date:
    """Monday to Friday and no public holiday: the day or the nearest before."""
    return day if day.isoweekday() in (1, 2, 3, 4, 5) and day not in PUBLIC else workday_before(day - DAY)


@cache
def workday_after(day: date) -> date:
    return day if day.isoweekday() in (1, 2, 3, 4, 5) and day not in PUBLIC else workday_after(day + DAY)


def at(day: date, hours: int) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(hours=hours) - AHEAD


@cache
def file(name: str) -> dict[str, Any]:
    return tomllib.loads((PROGRAMMES / f"{name}.toml").read_text(encoding="utf-8"))


@cache
def programme(name: str, years: int) -> Programme:
    made = shipped(name)
    return changed(made, validity=made.validity.model_copy(update={"years": years}))


def expected(name: str, until: date, phase: str, band_until: date | None) -> Iterator[Owed]:
    """What the file says that the clock owes in a phase, counted by hand."""
    for timer in file(name)["timers"]:
        if timer["trigger"] == "open_revalidation" and phase != "running":
            continue  # the state that it leads from is not there
        day = until + relativedelta(days=timer["offset_days"])
        yield timer["trigger"], day, at(day, 24 if timer.get("at") == "end_of_day" else 0)
    for rule in file(name)["reminders"]:
        if phase in rule.get("phases", ["running"]):
            day = until + relativedelta(days=rule["offset_days"])
            day = day if rule.get("calendar") == "none" else workday_before(day)
            yield rule["rule"], day, at(day, rule.get("hour", 8))
    for rule in file(name).get("band_reminders", []) if phase == "running" and band_until else []:
        day = workday_before(band_until + relativedelta(days=rule["offset_days"]))
        yield rule["rule"], day, at(day, rule.get("hour", 8))


def compare(name: str, issued: Iterable[date]) -> int:
    """Compare the plan of every validity and phase for some issue dates; return how many things were compared."""
    compared = 0
    for day in issued:
        for years in VALIDITIES:
            until = day + relativedelta(years=years)
            band_until = day + relativedelta(years=years - 1) if years > 1 and name == "stp_plus" else None
            rules = programme(name, years)
            term = certificate_term(rules, day, None)
            assert term == Term(day, until)
            for phase in PHASES:
                made = plan(rules, term, OFFICE, Outlook(phase, band_until=band_until))
                owed = {(one.rule, one.due_on, one.due_at) for one in made if not one.superseded}
                wanted = list(expected(name, until, phase, band_until))
                assert owed == set(wanted), (name, day, years, phase)
                assert len(made) == len(wanted)
                compared += len(wanted)
    return compared


def is_special(day: date) -> bool:
    """The end of a month, or around the end of February, where years differ in length."""
    return (day + DAY).day == 1 or (day.month, day.day) in {(2, 28), (2, 29), (3, 1)}


@pytest.mark.parametrize("name", ["stp", "stp_plus"])
def test_a_sample_and_all_special_dates_agree_with_the_oracle(name: str):
    sample = random.Random(2026).sample(EVERY_DATE, 60)  # noqa: S311  # a sample, no secret
    special = [day for day in EVERY_DATE if is_special(day)]
    assert sum(day.month == 2 and day.day == 29 for day in special) == 6

    # Of both files only the sample, since they differ in their bands alone.
    assert compare(name, {*sample, *(special if name == "stp" else [])}) > 10_000


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", ["stp", "stp_plus"])
@pytest.mark.parametrize("year", range(FIRST.year, LAST.year + 1))
def test_every_date_agrees_with_the_oracle(name: str, year: int):
    issued = [day for day in EVERY_DATE if day.year == year]

    assert compare(name, issued) >= len(issued) * 5 * 40


def test_every_deadline_of_a_company_rolls_as_the_law_says():
    for day in EVERY_DATE:
        due = day
        while due.isoweekday() == 7 or due in PUBLIC:
            due += DAY
        assert STATUTORY.deadline(day) == due, day
        assert bool(STATUTORY.excluded(day)) == (due != day)


def test_every_letter_about_an_answer_goes_out_on_an_office_day_after(stp: Programme):
    rules = file("stp")["information"]
    for day in EVERY_DATE:
        reminder, notice = plan_request(stp, 1, day, OFFICE)

        days = [workday_after(day + relativedelta(days=rules[key])) for key in ("reminder_days", "final_notice_days")]
        assert [reminder.due_on, notice.due_on] == days, day
        assert [reminder.due_at, notice.due_at] == [at(due, 8) for due in days]
