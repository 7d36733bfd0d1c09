"""Decisions and rules in, everything the clock owes out: one pure function behind every sweep, calendar and proof.

It must not know what has been done already, nor what time it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Literal, NamedTuple

from states.dates import CalendarName, OfficeCalendar, end_of, local_day, local_instant, start_of
from states.definition import BandReminder, Phase, Programme, ReminderRule, Sign, Timer
from states.standing import FOR_EVER
from states.terms import Term

BEFORE_BEGIN = "before the certificate began"
BEFORE_DECISION = "due before this decision"
REMINDED_LATE = "the reminder before it went out late"
REQUEST_REMINDER, FINAL_NOTICE = "request_reminder", "request_final_notice"

Subject = Literal["certificate", "band", "request", "approval"]


@dataclass(frozen=True)
class Planned:
    """One thing the clock owes for a certificate, an open request or an approval."""

    rule: str
    due_on: date  # local day in the programme's zone
    due_at: datetime  # UTC
    trigger: str | None = None  # a transition to fire, or
    message: str | None = None  # a message to send
    audience: tuple[str, ...] = ()
    superseded: str = ""  # why it makes no sense from the start
    subject: Subject = "certificate"
    occurrence: int = 1
    calendar: CalendarName = "none"  # by which the day was found


@dataclass(frozen=True)
class Outlook:
    """What beside its dates decides what the clock owes for a certificate."""

    phase: Phase = "running"
    state: str = ""  # of the case, or the one beneath a suspension; empty: as after a certificate was issued
    continues_until: date | None = None
    band_until: date | None = None
    after: datetime | None = None  # reminders due up to this instant are superseded from the start
    owed_since: datetime | None = None  # but not those from this instant on, which have not gone out
    catch_up: bool = False  # but the newest one that the company would have got still goes out, where renewal is open


def phase_of(programme: Programme, state: str, back: str) -> Phase:
    """Return in which way reminders are counted; beneath a suspension the state before it decides."""
    kind = programme.state_by_name[state].kind
    if kind == "suspended" and back:
        kind = programme.state_by_name[back].kind
    match kind:
        case "review":
            return "under_review"
        case "waiting":
            return "awaiting"
        case "closed":
            return "closing"
        case _:
            return "running"


def plan(
    programme: Programme, term: Term, calendar: OfficeCalendar, outlook: Outlook | None = None
) -> tuple[Planned, ...]:
    """Return every timer and reminder of a certificate, by due instant."""
    outlook = outlook or Outlook()
    last = max(term.valid_until, outlook.continues_until or term.valid_until)
    timers = [_timer(programme, t, term, last) for t in programme.timers if _wanted(programme, t, outlook)]
    reminders = [
        _reminder(programme, rule, term, last, calendar) for rule in programme.reminders if outlook.phase in rule.phases
    ]
    if outlook.phase == "running" and outlook.band_until:
        reminders += plan_band(programme, term, outlook.band_until, calendar)
    made = [one for one in [*timers, *reminders] if one is not None]
    opens = opening(programme, term)
    return tuple(sorted(_in_time(made, outlook, opens), key=lambda p: (p.due_at, p.rule)))


def opening(programme: Programme, term: Term) -> datetime | None:
    """Return when the revalidation of a certificate opens, whatever state the case is in."""
    timers = [
        _timer(programme, t, term, term.valid_until) for t in programme.timers if not _ends_validity(programme, t)
    ]
    return min((timer.due_at for timer in timers if timer), default=None)


def plan_band(
    programme: Programme, term: Term, band_until: date, calendar: OfficeCalendar, occurrence: int = 1
) -> list[Planned]:
    """Return the reminders of a band that ends before the certificate it does not limit."""
    if programme.validity.limited_by_band or band_until >= term.valid_until:
        return []
    return [_band_reminder(programme, rule, band_until, calendar, occurrence) for rule in programme.band_reminders]


def plan_request(
    programme: Programme, number: int, reply_by: date, calendar: OfficeCalendar
) -> tuple[Planned, Planned]:
    """Return the reminder and the final notice of a request for information."""
    rules = programme.information
    reminded = reply_by + timedelta(days=rules.reminder_days)
    noticed = reply_by + timedelta(days=rules.final_notice_days)
    return (
        _chase(programme, REQUEST_REMINDER, rules.reminder_message, number, reminded, calendar),
        _chase(programme, FINAL_NOTICE, rules.final_notice_message, number, noticed, calendar),
    )


def notice_after(programme: Programme, number: int, reminded: date, calendar: OfficeCalendar) -> Planned:
    """Return the final notice of a request whose reminder went out when both were due: as long after it as ever."""
    rules = programme.information
    day = reminded + timedelta(days=rules.final_notice_days - rules.reminder_days)
    return _chase(programme, FINAL_NOTICE, rules.final_notice_message, number, day, calendar)


def _chase(programme: Programme, rule: str, message: str, number: int, day: date, calendar: OfficeCalendar) -> Planned:
    day = calendar.office_day_on_or_after(day)
    at = local_instant(day, 8, programme.time_zone)
    audience = ("company", "account_manager")
    return Planned(
        rule, day, at, message=message, audience=audience, subject="request", occurrence=number, calendar="office"
    )


def _ends_validity(programme: Programme, timer: Timer) -> bool:
    return any(t.trigger == timer.trigger and "end_certificate" in t.effects for t in programme.transitions)


def _wanted(programme: Programme, timer: Timer, outlook: Outlook) -> bool:
    """The end of validity comes in every phase; another timer only where its state may still come."""
    if _ends_validity(programme, timer):
        return True
    state = outlook.state or next(s.name for s in programme.states if s.kind == "certified")
    return outlook.phase == "running" and programme.transition(timer.trigger, state) is not None


def _timer(programme: Programme, timer: Timer, term: Term, last: date) -> Planned | None:
    """A change of state keeps its day; only messages follow office days."""
    if _ends_validity(programme, timer) and last == FOR_EVER:
        return None
    day = (last if _ends_validity(programme, timer) else term.valid_until) + timedelta(days=timer.offset_days)
    instant = (end_of if timer.at == "end_of_day" else start_of)(day, programme.time_zone)
    return Planned(timer.trigger, day, instant, trigger=timer.trigger)


def _reminder(
    programme: Programme, rule: ReminderRule, term: Term, last: date, calendar: OfficeCalendar
) -> Planned | None:
    if rule.offset_days > 0 and last == FOR_EVER:
        return None
    day = (last if rule.offset_days > 0 else term.valid_until) + timedelta(days=rule.offset_days)
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
        calendar=rule.calendar,
    )


def _band_reminder(
    programme: Programme, rule: BandReminder, until: date, calendar: OfficeCalendar, occurrence: int
) -> Planned:
    day = calendar.office_day_on_or_before(until + timedelta(days=rule.offset_days))
    at = local_instant(day, rule.hour, programme.time_zone)
    return Planned(
        rule.rule,
        day,
        at,
        message=rule.message,
        audience=rule.audience,
        subject="band",
        occurrence=occurrence,
        calendar="office",
    )


def _in_time(made: list[Planned], outlook: Outlook, opens: datetime | None) -> list[Planned]:
    """Supersede reminders due before the decision; after a cut-over the newest one to the company still goes out."""
    after = outlook.after
    if after is None:
        return made
    before = outlook.owed_since
    past = [
        p
        for p in made
        if p.message and not p.superseded and p.due_at <= after and (before is None or p.due_at < before)
    ]
    kept = max((p for p in past if "company" in p.audience), key=lambda p: p.due_at, default=None)
    opened = opens is not None and opens <= after
    return [
        replace(p, superseded=BEFORE_DECISION) if p in past and not (outlook.catch_up and opened and p is kept) else p
        for p in made
    ]


ENDED = "the certificate has ended"
NOBODY = "nobody to remind"


@dataclass(frozen=True)
class Fate:
    """What becomes of an overdue reminder; an empty reason means it goes out."""

    rule: str
    superseded: str


class Overdue(NamedTuple):
    """A reminder whose instant has passed."""

    rule: str
    due_at: datetime
    audience: tuple[str, ...] = ()


def fates(rules: Sequence[Overdue], *, ended: bool) -> tuple[Fate, ...]:
    """Decide overdue reminders of one case: of several, only what still makes sense goes out.

    That is the latest one which the company gets, since the company has to act, and a later one only when it is for
    somebody whom that one does not reach. Reminders are counted from the certificate's end (T) or the band's (B);
    several of one instant go out together. `ended` says that the last valid day is over, after which a reminder
    counted before the end would be untrue.
    """
    decided: list[tuple[datetime, Fate]] = []
    for _, group in groupby(sorted(rules), key=lambda r: r.rule[0]):
        same = list(group)
        sensible = [one for one in same if not ended or one.rule.startswith("T+")]
        going, told = _going(sensible)
        for one in same:
            untrue = ended and not one.rule.startswith("T+")
            reason = ENDED if untrue else "" if one.due_at in going or told is None else _overtaken(one, told)
            decided.append((one.due_at, Fate(one.rule, reason)))
    return tuple(fate for _, fate in sorted(decided, key=lambda d: (d[0], d[1].rule)))


def _overtaken(one: Overdue, told: Overdue) -> str:
    return f"overtaken by {told.rule}" if one.due_at < told.due_at else f"{told.rule} says it to the company too"


def _going(sensible: Sequence[Overdue]) -> tuple[set[datetime], Overdue | None]:
    """Return the instants whose reminders go out, and the one that the others give way to."""
    if not sensible:
        return set(), None
    latest = max(one.due_at for one in sensible)
    to_company = max((one.due_at for one in sensible if "company" in one.audience), default=latest)

    def reached(instant: datetime) -> set[str]:
        return {who for one in sensible if one.due_at == instant for who in one.audience}

    going = {to_company} if reached(latest) <= reached(to_company) else {to_company, latest}
    told = max((one for one in sensible if one.due_at in going), key=lambda one: (one.due_at, one.rule))
    return going, told


@dataclass(frozen=True)
class Heard:
    """What is known on a local day of how far a company is with its renewal, before the pack has arrived."""

    today: date
    draft: bool = False  # documents or answers of the coming cycle are there
    contacted_on: date | None = None  # the newest contact in this cycle that was noted
    expects_on: date | None = None  # the day by which the company then expected to file


def pointless(
    programme: Programme, phase: Phase, overdue: Sequence[Overdue], heard: Heard, *, ended: bool
) -> Mapping[str, str]:
    """Return, by rule, why an overdue reminder makes no sense by itself, before several are weighed by `fates`.

    It may have been answered by a sign it names, be muted by what a company said, or be later than its grace allows.
    The newest one to the company is never too late while the certificate has not ended.
    """
    rules = {rule.rule: rule for rule in programme.reminders if phase in rule.phases}
    to_company = [one for one in overdue if "company" in one.audience]
    owed = max(to_company, key=lambda one: one.due_at, default=None)
    made: dict[str, str] = {}
    for one in overdue:
        rule = rules.get(one.rule)
        if rule is None:
            continue
        late = "" if one == owed and not ended else _too_late(programme, rule, one, heard.today)
        if reason := _answered(rule.unless, heard) or _muted(programme, rule, heard) or late:
            made[one.rule] = reason
    return made


def _answered(unless: Sequence[Sign], heard: Heard) -> str:
    if "draft" in unless and heard.draft:
        return "the company has begun its renewal"
    if "contact" in unless and heard.contacted_on:
        return f"the company was contacted on {heard.contacted_on.isoformat()}"
    return ""


def _muted(programme: Programme, rule: ReminderRule, heard: Heard) -> str:
    """Only account managers are spared what they know, and never close to the end."""
    expects = heard.expects_on
    spared = rule.audience == ("account_manager",) and rule.offset_days < -programme.renewal.muting_ends_days
    return (
        f"contacted, files by {expects.isoformat()} expected" if spared and expects and heard.today <= expects else ""
    )


def _too_late(programme: Programme, rule: ReminderRule, one: Overdue, today: date) -> str:
    days = rule.grace_days
    due_on = local_day(one.due_at, programme.time_zone)
    if days is None or (today - due_on).days <= days:
        return ""
    return f"more than {days} day{'' if days == 1 else 's'} late"
