"""What should have happened: replays a case's decisions by the rules into everything the clock ever owed for it.

Pure. It must not know what a ledger, an outbox or a case's own columns say: they are what it is compared with.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Literal

from states.dates import OfficeCalendar, local_day, local_instant
from states.definition import BACK, DATED, SAME, Programme, Transition
from states.planner import (
    FINAL_NOTICE,
    REMINDED_LATE,
    REQUEST_REMINDER,
    Outlook,
    Planned,
    Subject,
    notice_after,
    phase_of,
    plan,
    plan_band,
    plan_request,
)
from states.standing import Certificate, Held
from states.terms import Term

CORRECTED = "the certificate was corrected"
NEWER_BAND = "a newer band"
ANSWERED = "answered"
_ONE_DAY = timedelta(days=1)
_HOUR = 8  # when colleagues are reminded of a confirmation


@dataclass(frozen=True)
class Decision:
    """One decision of a case; `place` orders it among all acts of the case."""

    place: int
    no: int
    cycle: int
    trigger: str
    from_state: str
    to_state: str
    effective_at: datetime
    recorded_at: datetime


@dataclass(frozen=True)
class Issued:
    """A certificate as a decision issued it."""

    decision_no: int
    number: str
    valid_from: date
    valid_until: date


@dataclass(frozen=True)
class Happened:
    """What a decision did to a certificate; events that no decision made are not among them."""

    id: int
    decision_no: int
    certificate: str
    kind: str
    effective_on: date
    valid_from: date | None = None
    valid_until: date | None = None
    undoes: int | None = None


@dataclass(frozen=True)
class Band:
    """An assessment of the company's band."""

    id: int
    assessed_on: date
    valid_until: date | None
    recorded_at: datetime


@dataclass(frozen=True)
class Request:
    """A question to the company; `number` is dense within the case."""

    number: int
    cycle: int
    reply_by: date
    asked_at: datetime


ActKind = Literal[
    "asked", "put_off", "answered", "assessed", "approval", "confirmed", "refused", "ended", "moved", "told", "given_up"
]


@dataclass(frozen=True)
class Act:
    """Something that was recorded beside decisions; `number` is the request's, the band's or the approval's."""

    place: int
    at: datetime
    kind: ActKind
    number: int = 0
    day: date | None = None  # to confirm by, or to which a request's day was put off
    before: date | None = None  # from which it was put off
    reason: str = ""  # why the plan was moved
    rule: str = ""  # of what was told or given up, and
    due_at: datetime | None = None  # when that was due


@dataclass(frozen=True)
class History:
    """All that was ever decided on one case."""

    programme: Programme
    decisions: Sequence[Decision] = ()
    issued: Sequence[Issued] = ()
    happened: Sequence[Happened] = ()
    bands: Sequence[Band] = ()
    requests: Sequence[Request] = ()
    acts: Sequence[Act] = ()


@dataclass(frozen=True)
class SpecialDay:
    """A public holiday, or a day that is none after all, and since when this is known."""

    day: date
    since: datetime
    closed: bool = True


class Holidays:
    """The office calendar as it was known at an instant."""

    def __init__(self, days: Iterable[SpecialDay]) -> None:
        self._days = sorted(days, key=lambda one: one.since)
        self._known: dict[int, OfficeCalendar] = {}

    @cached_property
    def learned(self) -> tuple[datetime, ...]:
        """The instants at which something became known, in order."""
        return tuple(sorted({one.since for one in self._days}))

    def as_at(self, instant: datetime) -> OfficeCalendar:
        count = sum(one <= instant for one in self.learned)
        if count not in self._known:
            newest = {one.day: one.closed for one in self._days if one.since <= instant}
            self._known[count] = OfficeCalendar.of(day for day, closed in newest.items() if closed)
        return self._known[count]


@dataclass
class Expected:
    """One thing that the clock owed, and the time in which it did: from the act that planned it to the one that ended it."""

    planned: Planned
    basis: int  # a decision's number
    since: datetime
    until: datetime | None = None
    reason: str = ""  # why it was owed no more
    revision: int = 1  # rises when a holiday that became known later moves it
    unmoved: date | None = None  # the day on which it should have been by a holiday that was known when it was due
    again: Callable[[OfficeCalendar], Sequence[Planned]] | None = field(default=None, repr=False)

    @property
    def is_reminder(self) -> bool:
        return self.planned.message is not None


@dataclass(frozen=True)
class Moment:
    """How a case stood from an instant on."""

    at: datetime
    state: str
    back: str  # the states beneath a side state, comma-separated, the one to return to last
    held: Held

    @property
    def back_to(self) -> str:
        return self.back.rpartition(",")[2]


@dataclass
class Expectation:
    """What the clock owed for a case, and how the case stood when."""

    expected: list[Expected] = field(default_factory=list)
    moments: list[Moment] = field(default_factory=list)

    def at(self, instant: datetime) -> list[Moment]:
        """Return how the case stood at an instant: several ways when it was decided on at that very instant."""
        same = [moment for moment in self.moments if moment.at == instant]
        before = [moment for moment in self.moments if moment.at < instant]
        return before[-1:] + same


def expect(history: History, holidays: Holidays) -> Expectation:
    """Return everything that the clock owed for a case, by the acts that planned it."""
    replay = _Replay(history, holidays)
    steps: list[Decision | Act] = [*history.decisions, *history.acts]
    for step in sorted(steps, key=lambda one: one.place):
        if isinstance(step, Decision):
            replay.decide(step)
        else:
            replay.act(step)
    for one in replay.found.expected:
        replay.look_for_holidays(one)
    return replay.found


class _Replay:
    """A case on its way through what was decided."""

    def __init__(self, history: History, holidays: Holidays) -> None:
        self.history, self.holidays, self.programme = history, holidays, history.programme
        self.found = Expectation()
        self.held, self.back, self.state = Held(), "", history.programme.initial
        self.basis = 0
        self.open: dict[Subject, list[Expected]] = {"certificate": [], "band": [], "request": [], "approval": []}
        self.unanswered: dict[int, Request] = {}
        self.told: set[tuple[str, datetime | None]] = set()
        self.settled: set[tuple[str, datetime | None]] = set()  # told, or given up by the clock
        self.importing: list[Decision] = []
        self.asked_alone = {act.number for act in history.acts if act.kind == "asked"}
        self.requests = {one.number: one for one in self._as_asked()}
        self.to_ask = [one for number, one in sorted(self.requests.items()) if number not in self.asked_alone]

    def _as_asked(self) -> Iterable[Request]:
        """Return the requests with the days that they had at first."""
        moves = sorted((act for act in self.history.acts if act.kind == "put_off"), key=lambda act: -act.place)
        first = {act.number: act.before for act in moves if act.before}
        return (replace(one, reply_by=first.get(one.number, one.reply_by)) for one in self.history.requests)

    # Acts beside decisions

    def act(self, act: Act) -> None:
        does: dict[ActKind, Callable[[Act], None]] = {
            "asked": lambda act: self._ask(self.requests[act.number], act.at),
            "put_off": self._put_off,
            "answered": self._take_answer,
            "assessed": self._assess,
            "approval": self._open_approval,
            "confirmed": self._close_approval,
            "refused": self._close_approval,
            "ended": self._end_standing,
            "moved": self._move,
            "told": self._tell,
            "given_up": lambda act: self.settled.add((act.rule, act.due_at)),
        }
        does[act.kind](act)

    def _tell(self, act: Act) -> None:
        self.told.add((act.rule, act.due_at))
        self.settled.add((act.rule, act.due_at))
        if act.rule == REQUEST_REMINDER:
            self._notice_later(act)

    def _notice_later(self, act: Act) -> None:
        """A final notice that was due when the reminder went out waits as long after it as ever."""
        ones = self.open["request"]
        for index, one in enumerate(ones):
            planned = one.planned
            if (planned.rule, planned.occurrence) == (FINAL_NOTICE, act.number) and planned.due_at <= act.at:
                day, calendar = local_day(act.at, self._zone), self.holidays.as_at(act.at)
                fresh = notice_after(self.programme, act.number, day, calendar)
                ones[index] = self._revise(one, fresh, act.at, REMINDED_LATE)

    def _revise(self, one: Expected, fresh: Planned, at: datetime, reason: str) -> Expected:
        """Let something give way to itself on another day."""
        one.until, one.reason = at, reason
        planned = replace(one.planned, due_on=fresh.due_on, due_at=fresh.due_at)
        again = Expected(planned, one.basis, at, revision=one.revision + 1, again=one.again)
        self.found.expected.append(again)
        return again

    def _put_off(self, act: Act) -> None:
        if act.day:
            self.requests[act.number] = replace(self.requests[act.number], reply_by=act.day)

    def _take_answer(self, act: Act) -> None:
        self.unanswered.pop(act.number, None)
        self._end("request", act.at, ANSWERED, act.number)

    def _open_approval(self, act: Act) -> None:
        """With a day to confirm by, the clock reminds of it; counted from the newest decision."""
        if act.day and self.basis:
            due_at = local_instant(act.day, _HOUR, self._zone)
            due = Planned("approval_due", act.day, due_at, None, "reminder_of_task", ("supervisor",))
            self._owe([replace(due, subject="approval", occurrence=act.number)], self.basis, act.at)

    def _close_approval(self, act: Act) -> None:
        day = next((e.planned.due_on for e in self.open["approval"] if e.planned.occurrence == act.number), None)
        in_time = day is not None and act.at.date() <= day
        self._end("approval", act.at, f"{act.kind} in time" if in_time else act.kind, act.number)

    def _end_standing(self, act: Act) -> None:
        """The last valid day is over while the case is elsewhere: standing ends, the state stays."""
        last = self.held.last_day
        if last is not None:
            ended_on = max(last, self.held.continues_until or last) + _ONE_DAY
            self._note(act.at, replace(self.held, ended_on=ended_on))

    def _move(self, act: Act) -> None:
        """A holiday that became known moves what is still ahead; letters about a request only later."""
        for ones in self.open.values():
            for index, one in enumerate(ones):
                if fresh := self._elsewhere(one, act.at):
                    ones[index] = self._revise(one, fresh, act.at, act.reason)

    def _elsewhere(self, one: Expected, at: datetime) -> Planned | None:
        """Return where the calendar that is known at an instant puts something that is ahead then, if elsewhere."""
        if one.again is None or not one.is_reminder or one.planned.superseded or one.planned.due_at <= at:
            return None
        key = (one.planned.subject, one.planned.rule)
        fresh = next((p for p in one.again(self.holidays.as_at(at)) if (p.subject, p.rule) == key), one.planned)
        later = fresh.due_on > one.planned.due_on
        return fresh if later or (fresh.due_on != one.planned.due_on and one.planned.subject != "request") else None

    def look_for_holidays(self, one: Expected) -> None:
        """Note where something should have been moved to by what was known before it was due."""
        before = min(one.planned.due_at, one.until or one.planned.due_at)
        for learned in self.holidays.learned:
            if one.since < learned < before and (fresh := self._elsewhere(one, learned)):
                one.unmoved = fresh.due_on

    def _assess(self, act: Act) -> None:
        """While a certificate runs, a new band takes the place of an older one in the plan; one assessed earlier does not."""
        known = [one for one in self.history.bands if one.id <= act.number]
        band, at, newest = max(known, key=lambda one: (one.assessed_on, one.id)), act.at, self.held.newest
        if band.id != act.number or newest is None or not self.held.runs(local_day(at, self._zone)):
            return
        self._end("band", at, NEWER_BAND)
        if band.valid_until and phase_of(self.programme, self.state, self._back_to) == "running":
            term = Term(newest.valid_from, newest.valid_until)
            last = band.valid_until

            def made(calendar: OfficeCalendar) -> list[Planned]:
                return plan_band(self.programme, term, last, calendar, band.id)

            self._owe([one for one in made(self.holidays.as_at(at)) if one.due_at > at], self.basis, at, made)

    # Decisions

    def decide(self, decision: Decision) -> None:
        self.basis = decision.no
        if decision.trigger == "import":
            self._take_over(decision)
        elif decision.trigger == "reissue":
            self._note(decision.recorded_at, self._after(decision, self.held.promoted(self._today(decision))))
        elif decision.trigger == "correct":
            today = self._today(decision)
            self._go(decision, self._after(decision, self.held.promoted(today)), self.back, CORRECTED, today)
        else:
            self._fire(decision)

    def _fire(self, decision: Decision) -> None:
        programme, at = self.programme, decision.recorded_at
        transition = programme.transition(decision.trigger, decision.from_state, self._back_to)
        if transition is None:
            raise ValueError(f"{programme!r} has no {decision.trigger} from {decision.from_state}.")
        effects, left = set(transition.effects), {self._kind(decision.from_state), self._kind(self._back_to)}
        back = self._back_after(transition, decision)
        if "take_information" in effects:
            self.unanswered = {n: r for n, r in self.unanswered.items() if r.cycle != decision.cycle}
            self._end("request", at, ANSWERED)
        if "waiting" in left and self._kind(decision.to_state) in ("closed", "certified"):
            self._end("request", at, transition.title)
        if "ask_information" in effects:
            self._ask(self.to_ask.pop(0), at)
        if "undo_ending" in effects and self._kind(decision.from_state) == "closed":
            self._chase_again(decision, back)
        day = local_day(decision.effective_at, self._zone)
        held = self._after(decision, self.held.promoted(day))
        if "end_certificate" in effects:  # what is still owed says that it has ended
            self._note(at, held, decision.to_state, back)
        else:
            self._go(decision, held, back, transition.title, day, undone="undo_ending" in effects)

    def _go(self, decision: Decision, held: Held, back: str, title: str, day: date, *, undone: bool = False) -> None:
        """Move on, and owe anew where the newest certificate or the way of counting has changed."""
        before, phase, at = self.held, phase_of(self.programme, self.state, self._back_to), decision.recorded_at
        self._note(at, held, decision.to_state, back)
        newest, phase_now = held.newest, phase_of(self.programme, self.state, self._back_to)
        same = (before.newest, before.continues_until, before.ended_on) == (newest, held.continues_until, held.ended_on)
        if newest is None or (same and not undone and (phase == phase_now or before.ended_on is not None)):
            return
        owed = self._owed_since(at) if before.newest == newest else None
        if before.newest is not None:
            self._end("certificate", at, title)
            self._end("band", at, title)
        if held.ended_on is not None and held.ended_on <= day:
            return
        outlook = Outlook(
            phase_now, self._beneath, held.continues_until, self._band_until(at), after=at, owed_since=owed
        )
        self._owe_certificate(newest, outlook, decision.no, at)

    def _take_over(self, decision: Decision) -> None:
        """What was taken over from elsewhere is a run of decisions of one instant, planned for as it stands at its end."""
        self.importing.append(decision)
        at, kind = decision.recorded_at, self._kind(decision.to_state)
        back = decision.from_state if kind in ("waiting", "suspended") else ""
        self._note(at, self._after(decision, self.held), decision.to_state, back)
        following = next((d for d in self.history.decisions if d.no == decision.no + 1), None)
        if following and following.trigger == "import" and following.recorded_at == at:
            return
        first, self.importing, newest = self.importing[0], [], self.held.newest
        if newest is not None:
            phase = phase_of(self.programme, self.state, self._back_to)
            band, until = self._band_until(at), self.held.continues_until
            outlook = Outlook(phase, self._beneath, until, band, after=at, catch_up=True)
            self._owe_certificate(newest, outlook, first.no, at)
        elif kind == "waiting":
            self._ask(self.to_ask.pop(0), at)

    def _after(self, decision: Decision, held: Held) -> Held:
        """Return the certificates as a decision left them."""
        happened = [one for one in self.history.happened if one.decision_no == decision.no]
        for issued in (one for one in self.history.issued if one.decision_no == decision.no):
            new = Certificate(issued.number, issued.valid_from, issued.valid_until)
            if decision.trigger == "reissue":
                old = next(one.certificate for one in happened if one.kind == "replaced")
                is_current = held.current is not None and held.current.number == old
                held = replace(held, current=new) if is_current else replace(held, following=new)
                continue
            day = local_day(decision.effective_at, self._zone)
            follows = (
                decision.trigger != "import" and held.newest is not None and held.runs(day) and new.valid_from > day
            )
            held = Held(held.current, new, suspended_on=held.suspended_on) if follows else Held(new)
        for one in sorted(happened, key=lambda one: one.id):
            held = self._changed(held, one)
        return held

    def _changed(self, held: Held, one: Happened) -> Held:
        match one.kind:
            case "extended" | "corrected":
                return _with_dates(held, one)
            case "continued":
                last = held.last_day
                return replace(held, continues_until=one.valid_until if _later(one.valid_until, last) else None)
            case "suspended" | "reinstated":
                return replace(held, suspended_on=one.effective_on if one.kind == "suspended" else None)
            case "revoked" | "surrendered" | "expired":
                return replace(held, ended_on=one.effective_on)
            case "set_aside":
                undone = next((e for e in self.history.happened if e.id == one.undoes), None)
                return self._undone(held, undone) if undone else replace(held, ended_on=None)  # the clock's own
            case _:  # a number that is replaced is known by the one that replaces it; consents change no date
                return held

    def _undone(self, held: Held, one: Happened) -> Held:
        if one.kind == "suspended":
            return replace(held, suspended_on=None)
        if one.kind == "continued":
            earlier = [
                e
                for e in self.history.happened
                if e.kind == "continued" and e.certificate == one.certificate and e.id < one.id
            ]
            newest = max(earlier, key=lambda e: e.id, default=None)
            return replace(held, continues_until=newest.valid_until if newest else None)
        return replace(held, ended_on=None)

    def _back_after(self, transition: Transition, decision: Decision) -> str:
        """A side state remembers the one beneath it."""
        if transition.target == SAME or (transition.target == DATED and self._kind(decision.from_state) != "suspended"):
            return self.back
        if transition.target in (BACK, DATED):
            return self.back.rpartition(",")[0]
        if self._kind(decision.to_state) in ("waiting", "suspended", "closed"):
            return f"{self.back},{decision.from_state}".strip(",")
        return ""

    def _chase_again(self, decision: Decision, back: str) -> None:
        """Owe again what the ending stopped."""
        beneath = back.rpartition(",")[2] if self._kind(decision.to_state) == "suspended" else decision.to_state
        if self._kind(beneath) != "waiting":
            return
        at = decision.recorded_at
        for number, request in sorted(self.unanswered.items()):
            if request.cycle != decision.cycle:
                continue
            before = {(e.planned.rule, e.planned.due_at) for e in self.found.expected if e.planned.occurrence == number}
            gone = {rule for rule, due_at in before if (rule, due_at) in self.told}
            owed = [one for one in self._chase(number)(self.holidays.as_at(at)) if one.rule not in gone]
            self._owe(owed, decision.no, at, self._chase(number))

    def _owed_since(self, at: datetime) -> datetime | None:
        """Return since when reminders are due with which the clock has done nothing: it was down."""
        overdue = (
            one.planned
            for one in (*self.open["certificate"], *self.open["band"])
            if one.is_reminder and not one.planned.superseded and one.planned.due_at <= at
        )
        return min((p.due_at for p in overdue if (p.rule, p.due_at) not in self.settled), default=None)

    # What is owed

    def _ask(self, request: Request, at: datetime) -> None:
        self.unanswered[request.number] = request
        chase = self._chase(request.number)
        self._owe(chase(self.holidays.as_at(at)), self.basis, at, chase)

    def _chase(self, number: int) -> Callable[[OfficeCalendar], Sequence[Planned]]:
        return lambda calendar: plan_request(self.programme, number, self.requests[number].reply_by, calendar)

    def _owe_certificate(self, certificate: Certificate, outlook: Outlook, basis: int, at: datetime) -> None:
        term = Term(certificate.valid_from, certificate.valid_until)

        def made(calendar: OfficeCalendar) -> Sequence[Planned]:
            return plan(self.programme, term, calendar, outlook)

        self._owe(made(self.holidays.as_at(at)), basis, at, made)

    def _owe(
        self,
        made: Sequence[Planned],
        basis: int,
        at: datetime,
        again: Callable[[OfficeCalendar], Sequence[Planned]] | None = None,
    ) -> None:
        for planned in made:
            one = Expected(planned, basis, at, again=again)
            self.found.expected.append(one)
            self.open[planned.subject].append(one)

    def _end(self, subject: Subject, at: datetime, reason: str, occurrence: int | None = None) -> None:
        kept: list[Expected] = []
        for one in self.open[subject]:
            if occurrence not in (None, one.planned.occurrence):
                kept.append(one)
            else:
                one.until, one.reason = at, reason
        self.open[subject] = kept

    # How the case stands

    def _note(self, at: datetime, held: Held, state: str = "", back: str | None = None) -> None:
        self.held, self.state = held, state or self.state
        self.back = self.back if back is None else back
        self.found.moments.append(Moment(at, self.state, self.back, held))

    def _kind(self, state: str) -> str:
        return self.programme.state_by_name[state].kind if state else ""

    def _today(self, decision: Decision) -> date:
        return local_day(decision.recorded_at, self._zone)

    def _band_until(self, at: datetime) -> date | None:
        known = [band for band in self.history.bands if band.recorded_at <= at]
        newest = max(known, key=lambda band: (band.assessed_on, band.id), default=None)
        return newest.valid_until if newest else None

    @property
    def _zone(self) -> str:
        return self.programme.time_zone

    @property
    def _back_to(self) -> str:
        return self.back.rpartition(",")[2]

    @property
    def _beneath(self) -> str:
        """The state of the case, or the one beneath a suspension."""
        return self._back_to if self._kind(self.state) == "suspended" else self.state


def _with_dates(held: Held, one: Happened) -> Held:
    def dated(certificate: Certificate | None) -> Certificate | None:
        if certificate is None or certificate.number != one.certificate:
            return certificate
        return replace(
            certificate,
            valid_from=one.valid_from or certificate.valid_from,
            valid_until=one.valid_until or certificate.valid_until,
        )

    return replace(held, current=dated(held.current), following=dated(held.following))


def _later(day: date | None, last: date | None) -> bool:
    return day is not None and last is not None and day > last
