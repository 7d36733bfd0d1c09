"""Decisions and rules in, everything the clock owes out: one pure function behind every sweep, calendar and proof.

It must not know what has been done already, nor what time it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from states.dates import OfficeCalendar, end_of, local_instant, start_of
from states.definition import Programme, ReminderRule, Timer
from states.terms import Term

BEFORE_BEGIN = "before the certificate began"


@dataclass(frozen=True)
class Planned:
    """One thing the clock owes for a certificate."""

    rule: str
    due_on: date  # local day in the programme's zone
    due_at: datetime  # UTC
    trigger: str | None = None  # a transition to fire, or
    message: str | None = None  # a message to send
    audience: tuple[str, ...] = ()
    superseded: str = ""  # why it makes no sense from the start


def plan(programme: Programme, term: Term, calendar: OfficeCalendar) -> tuple[Planned, ...]:
    """Return every timer and reminder of a certificate, by due instant."""
    timers = [_timer(programme, timer, term) for timer in programme.timers]
    reminders = [_reminder(programme, rule, term, calendar) for rule in programme.reminders]
    return tuple(sorted([*timers, *reminders], key=lambda p: (p.due_at, p.rule)))


def _timer(programme: Programme, timer: Timer, term: Term) -> Planned:
    """A change of state keeps its day; only messages follow office days."""
    day = term.valid_until + timedelta(days=timer.offset_days)
    instant = (end_of if timer.at == "end_of_day" else start_of)(day, programme.time_zone)
    return Planned(timer.trigger, day, instant, trigger=timer.trigger)


def _reminder(programme: Programme, rule: ReminderRule, term: Term, calendar: OfficeCalendar) -> Planned:
    day = term.valid_until + timedelta(days=rule.offset_days)
    if rule.calendar == "office":
        day = calendar.office_day_on_or_before(day)
    too_early = day < term.valid_from + timedelta(days=programme.quiet_days)
    return Planned(
        rule.rule,
        day,
        local_instant(day, rule.hour, programme.time_zone),
        message=rule.message,
        audience=rule.audience,
        superseded=BEFORE_BEGIN if too_early else "",
    )


ENDED = "the certificate has ended"


@dataclass(frozen=True)
class Fate:
    """What becomes of an overdue reminder; an empty reason means it goes out."""

    rule: str
    superseded: str


def fates(rules: Sequence[tuple[str, datetime]], *, ended: bool) -> tuple[Fate, ...]:
    """Decide overdue reminders of one case: only the latest that still makes sense goes out.

    `rules` are (rule, due instant); `ended` says that the last valid day is over, after which a reminder counted
    before the end would be untrue.
    """
    sensible = [(due_at, rule) for rule, due_at in rules if not (ended and not rule.startswith("T+"))]
    last = max(sensible)[1] if sensible else None

    def reason(rule: str) -> str:
        if rule == last:
            return ""
        return ENDED if ended and not rule.startswith("T+") else f"overtaken by {last}"

    return tuple(Fate(rule, reason(rule)) for rule, _ in sorted(rules, key=lambda r: r[1]))
