"""One case as the specification describes it: states, standing, dates and what the clock owes. Knows no product code."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

YEARS = 3
OPENS, QUIET, START_WITHIN = 210, 30, 31
REQUEST_RULES = {"request_reminder": 1, "request_final_notice": 14}  # counted from the day to reply by
REVIEW = ("submitted", "checklist_review", "validation")
WAITING = ("awaiting_information",)
CERTIFIED = ("certified", "revalidation_due")
CLOSED = ("rejected", "withdrawn", "revoked", "lapsed")
UNDECIDED = (*REVIEW, *WAITING)
ANY_WITH_CERTIFICATE = ("checklist_review", "awaiting_information", "validation", *CERTIFIED, "rejected", "withdrawn")
FROM = {
    "start_review": ("submitted",),
    "request_information": REVIEW,
    "supply_information": WAITING,
    "pass_checklist": ("checklist_review",),
    "return_to_checklist": ("validation",),
    "certify": ("validation",),
    "reject": UNDECIDED,
    "withdraw": UNDECIDED,
    "open_revalidation": ("certified",),
    "renew": (*CERTIFIED, "suspended", "rejected", "withdrawn"),
    "suspend": ANY_WITH_CERTIFICATE,
    "reinstate": (*ANY_WITH_CERTIFICATE, "suspended"),
    "revoke": (*ANY_WITH_CERTIFICATE, "suspended"),
    "surrender": (*ANY_WITH_CERTIFICATE, "suspended"),
    "extend": ANY_WITH_CERTIFICATE,
    "set_aside": ("suspended", *CLOSED),
}
FOUR_EYES = frozenset({"certify", "reject", "suspend", "reinstate", "revoke", "extend"})

# Days counted from T by what the case does (practice.md, Reminders); T-0 and T+1 keep their day.
UNDECIDED_RULES = {"T-60": -60, "T-30": -30, "T-7": -7, "T-0": 0, "T+1": 1}
RULES = {
    "running": {f"T{days:+}": days for days in (-270, -210, -180, -150, -120, -90, -60, -30, -7, 1)} | {"T-0": 0},
    "under_review": UNDECIDED_RULES | {"T-30c": -30, "T-7c": -7},
    "awaiting": UNDECIDED_RULES
    | {f"T{days:+}": days for days in (-210, -150, -120, -90)}
    | {f"T{days:+}c": days for days in (-60, -30, -7)}
    | {"T-0c": 0},
    "closing": {"T-30": -30, "T-7": -7, "T-0": 0, "T+1": 1},
}


def years_later(day: date, years: int = YEARS) -> date:
    """A missing 29 February falls to the last day of its month."""
    leap = (day.month, day.day) == (2, 29) and (day.year + years) % 4
    return date(day.year + years, day.month, 28 if leap else day.day)


@dataclass(frozen=True)
class Term:
    """A certificate: its place in the order of issue and the days on which it is valid."""

    place: int
    first: date
    last: date
    follows: bool = False  # it waits for the one before it to end


@dataclass(frozen=True)
class Below:
    """A state beneath a side state, and the trigger that left it."""

    state: str
    left_by: str


@dataclass
class Model:
    """What the case must be; `today` is the local day."""

    today: date
    closed: frozenset[date] = field(repr=False)
    state: str = "submitted"
    cycle: int = 1
    below: list[Below] = field(default_factory=list)
    terms: list[Term] = field(default_factory=list)
    suspension: int = 0  # the open one, by number; 0 for none
    suspensions: int = 0
    ended_on: date | None = None  # by a revocation or a surrender
    issued_on: date | None = None  # the day of the newest decision to certify
    reply_by: date | None = None  # of the newest request for information
    reminded: bool = False  # of it
    notice_on: date | None = None  # where its final notice was due together with the reminder
    bands: list[date] = field(default_factory=list)  # days of assessment
    packs: set[int] = field(default_factory=set)  # cycles whose documents are there
    answers: set[int] = field(default_factory=set)
    visits: set[int] = field(default_factory=set)

    # What follows from the certificate, its events and the date alone.

    @property
    def newest(self) -> Term | None:
        return self.terms[-1] if self.terms else None

    @property
    def counts(self) -> Term | None:
        """The certificate that counts today: the old one until the one that follows it begins."""
        newest = self.newest
        if newest and newest.follows and self.today < newest.first:
            return self.terms[-2]
        return newest

    @property
    def standing(self) -> str:
        counts = self.counts
        if counts is None:
            return "none"
        if self.today > counts.last or (self.ended_on and self.today >= self.ended_on):
            return "ended"
        if self.today < counts.first:
            return "pending"
        return "suspended" if self.suspension else "in_force"

    @property
    def runs(self) -> bool:
        return self.standing in ("pending", "in_force", "suspended")

    @property
    def listed(self) -> set[int]:
        """The places of the certificates that are in force or suspended."""
        counts = self.counts
        return {counts.place} if counts and self.standing in ("in_force", "suspended") else set()

    @property
    def live(self) -> bool:
        return self.state not in CLOSED or self.runs

    # Where the case is.

    @property
    def base(self) -> str:
        """The state beneath a suspension, or the state."""
        return self.below[-1].state if self.state == "suspended" else self.state

    @property
    def undecided(self) -> bool:
        """Whether the cycle waits for a decision, also beneath a suspension."""
        below = [self.state, *(one.state for one in reversed(self.below))]
        return next(state for state in below if state != "suspended") in UNDECIDED

    @property
    def facts_cycle(self) -> int:
        return self.cycle if self.undecided else self.cycle + 1

    @property
    def phase(self) -> str:
        if self.base in CERTIFIED:
            return "running"
        if self.base in CLOSED:
            return "closing"
        return "awaiting" if self.base in WAITING else "under_review"

    @property
    def opened(self) -> bool:
        """Whether the day on which revalidation opens has come."""
        return bool(self.newest and self.today >= self.newest.last - timedelta(days=OPENS))

    @property
    def band_until(self) -> date | None:
        """The last day of the newest band of this cycle: assessed after the certificate before was decided."""
        fresh = [day for day in self.bands if self.issued_on is None or day > self.issued_on]
        return years_later(max(fresh)) if fresh else None

    # The rules of each trigger, beside recommendation and role.

    def allowed(self, trigger: str, *, valid_from: date | None = None, until: date | None = None) -> bool:
        return self.state in FROM[trigger] and bool(getattr(self, f"_may_{trigger}", self._always)(valid_from, until))

    def _always(self, *_: object) -> bool:
        return True

    def _may_start_review(self, *_: object) -> bool:
        return self.facts_cycle in self.packs

    def _may_pass_checklist(self, *_: object) -> bool:
        return self.cycle in self.answers

    def _may_certify(self, valid_from: date | None, _: object) -> bool:
        done = self.cycle in self.packs & self.answers & self.visits and self.standing != "suspended"
        begins = self._begins(valid_from)
        free = valid_from is None or not self.runs  # an early renewal's first day is not chosen
        return done and free and self.band_until is not None and self.band_until >= begins

    def _begins(self, valid_from: date | None) -> date:
        if self.runs and self.newest:
            return self.newest.last + timedelta(days=1)
        return valid_from or self.today

    def _may_renew(self, *_: object) -> bool:
        running = self.runs if self.state not in CLOSED else self.standing == "in_force"
        waits = bool(self.newest and self.newest.follows and self.today < self.newest.first)
        return running and not self.undecided and not waits and self.facts_cycle in self.packs

    def _may_suspend(self, *_: object) -> bool:
        return self.standing == "in_force"

    def _may_reinstate(self, *_: object) -> bool:
        return self.standing == "suspended"

    def _may_revoke(self, *_: object) -> bool:
        return self.runs

    _may_surrender = _may_revoke

    def _may_extend(self, _: object, until: date | None) -> bool:
        return self.standing == "in_force" and bool(self.newest and until and until > self.newest.last)

    def _may_set_aside(self, _: object, until: date | None) -> bool:
        return not self.needs_last_day or bool(until and until >= self.today)

    @property
    def needs_last_day(self) -> bool:
        """Whether the case would lapse again at once."""
        returns_to = next((b.state for b in reversed(self.below) if b.state != "suspended"), "")
        return returns_to in CERTIFIED and bool(self.newest and self.newest.last < self.today)

    # What each trigger does.

    def fire(self, trigger: str, *, valid_from: date | None = None, until: date | None = None) -> None:
        getattr(self, f"_do_{trigger}")(valid_from, until)

    def _enter(self, state: str, trigger: str) -> None:
        self.below.append(Below(self.state, trigger))
        self.state = state

    def _go(self, state: str) -> None:
        self.below.clear()
        self.state = state

    def _back(self) -> Below:
        below = self.below.pop()
        self.state = below.state
        return below

    def _do_start_review(self, *_: object) -> None:
        self._go("checklist_review")

    def _do_request_information(self, *_: object) -> None:
        self._enter("awaiting_information", "request_information")

    def _do_supply_information(self, *_: object) -> None:
        self._back()

    def _do_pass_checklist(self, *_: object) -> None:
        self._go("validation")

    def _do_return_to_checklist(self, *_: object) -> None:
        self._go("checklist_review")

    def _do_certify(self, valid_from: date | None, _: object) -> None:
        old, first, band = self.newest, self._begins(valid_from), self.band_until
        early = self.runs
        last = years_later(old.last if early and old else first)
        self.terms.append(Term(len(self.terms), first, min(last, band or last), early))
        self.suspension, self.ended_on, self.issued_on = 0, None, self.today
        self._go("certified")

    def _do_reject(self, *_: object) -> None:
        self._enter("rejected", "reject")

    def _do_withdraw(self, *_: object) -> None:
        self._enter("withdrawn", "withdraw")

    def _do_open_revalidation(self, *_: object) -> None:
        self._go("revalidation_due")

    def _do_renew(self, *_: object) -> None:
        self.cycle = self.facts_cycle
        self._go("checklist_review")

    def _do_suspend(self, *_: object) -> None:
        self.suspensions += 1
        self.suspension = self.suspensions
        self._enter("suspended", "suspend")

    def _do_reinstate(self, *_: object) -> None:
        self.suspension = 0
        if self.state == "suspended":
            self._back()
        if self.state == "certified" and self.opened:
            self._go("revalidation_due")

    def _do_revoke(self, *_: object) -> None:
        self.ended_on = self.today
        self._enter("revoked", "revoke")

    def _do_surrender(self, *_: object) -> None:
        self.ended_on = self.today
        self._enter("withdrawn", "surrender")

    def _do_extend(self, _: object, until: date) -> None:
        self.terms[-1] = replace(self.terms[-1], last=until)
        if self.state == "revalidation_due" and not self.opened:
            self._go("certified")

    def _do_set_aside(self, _: object, until: date | None) -> None:
        left_by = self._back().left_by
        if left_by == "suspend":
            self.suspension = 0
        else:
            self.notice_on = None  # what an ending stopped is planned again as at first
        if left_by in ("revoke", "surrender"):
            self.ended_on = None
        if until:
            self.terms[-1] = replace(self.terms[-1], last=until)

    # The clock.

    def sweep(self) -> Iterator[str]:
        """Do what is due and tell each transition."""
        self._chase()
        if self.newest is None or (self.ended_on and self.ended_on <= self.today):
            return
        if self.state == "certified" and self.opened:
            self._go("revalidation_due")
            yield "opened by the clock"
        if self.today <= self.newest.last:
            return
        if self.base in CERTIFIED:
            self._enter("lapsed", "lapse")
            yield "lapse"
        elif self.state == "suspended":
            self._back()
            yield "lapse"

    def asked(self, reply_by: date) -> None:
        """A day to answer by that is a Sunday or a public holiday rolls to the next day that is neither."""
        while reply_by.isoweekday() == 7 or reply_by in self.closed:
            reply_by += timedelta(days=1)
        self.reply_by, self.reminded, self.notice_on = reply_by, False, None

    def _chase(self) -> None:
        """Of reminder and final notice that are due together, the latter waits as long as ever."""
        if self.base not in WAITING or self.reply_by is None or self.reminded:
            return
        due = {rule: self._office_day(self.reply_by + timedelta(days=days)) for rule, days in REQUEST_RULES.items()}
        self.reminded = due["request_reminder"] <= self.today
        if due["request_final_notice"] <= self.today:
            self.notice_on = self._office_day(self.today + timedelta(days=13))

    def _office_day(self, day: date) -> date:
        while day.weekday() >= 5 or day in self.closed:
            day += timedelta(days=1)
        return day

    def chased(self) -> set[tuple[str, date]]:
        """What the clock still owes after today while the company has to answer; office days move it later."""
        made: set[tuple[str, date]] = set()
        if self.base not in WAITING or self.reply_by is None:
            return made
        for rule, days in REQUEST_RULES.items():
            day = self._office_day(self.reply_by + timedelta(days=days))
            if rule == "request_final_notice":
                day = self.notice_on or day
            if day > self.today:
                made.add((rule, day))
        return made

    def planned(self) -> set[tuple[str, date]]:
        """Everything that the clock still owes for the certificate after today."""
        term = self.newest
        if term is None or (self.ended_on and self.ended_on <= self.today) or self.today > term.last:
            return set()
        made = {("lapse", term.last)}
        opening = term.last - timedelta(days=OPENS)
        if self.base == "certified" and opening > self.today:
            made.add(("open_revalidation", opening))
        for rule, days in RULES[self.phase].items():
            day = term.last + timedelta(days=days)
            while days < 0 and (day.weekday() >= 5 or day in self.closed):  # an earlier office day
                day -= timedelta(days=1)
            if day > self.today and day >= term.first + timedelta(days=QUIET):
                made.add((rule, day))
        return made
