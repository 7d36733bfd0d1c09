"""What a certification programme is: states, transitions, timers, reminders, criteria. Frozen, refused if unsound.

Knows nothing of cases, people or databases. `loader.py` turns a file's text into a Programme.
"""

import hashlib
import json
from datetime import date, timedelta
from functools import cached_property
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from states.dates import Counting, Weekday

TraderRole = Literal[
    "importer",
    "exporter",
    "manufacturer",
    "freight_forwarder",
    "warehouse_operator",
    "transporter",
    "terminal_operator",
]
TRADER_ROLES: tuple[str, ...] = get_args(TraderRole)
UNSET: Literal["unset"] = "unset"

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
Kind = Literal["review", "waiting", "certified", "suspended", "closed"]
Role = Literal["officer", "approver", "account_manager", "supervisor", "applicant", "clock"]
Audience = Literal["company", "account_manager", "officer", "supervisor"]
Effect = Literal[
    "complete_application",
    "open_cycle",
    "ask_information",
    "take_information",
    "issue_certificate",
    "suspend_certificate",
    "reinstate_certificate",
    "extend_certificate",
    "end_certificate",  # at the end of its last valid day
    "revoke_certificate",
    "surrender_certificate",
    "undo_ending",
]
Deed = Literal["recommended", "passed_checklist", "assessed", "assessed_band", "visited", "decided"]
# Targets of a transition that depend on the case.
SAME = "same"  # the state it is in
BACK = "back"  # the state before the side state
DATED = "dated"  # like back from a suspension, like same elsewhere; of the certified states the one that the dates say
TARGETS = (SAME, BACK, DATED)
# In which way reminders are counted for a certificate that has an end.
Phase = Literal["running", "under_review", "awaiting", "closing"]
PHASES: tuple[Phase, ...] = ("running", "under_review", "awaiting", "closing")
# What shows that a company has begun its renewal: documents or answers of the next cycle, or a contact that was noted.
Sign = Literal["draft", "contact"]
BANDS = ("Basic", "Standard", "Intermediate", "Enhanced", "Premium")
Band = Literal["Basic", "Standard", "Intermediate", "Enhanced", "Premium"]


class Part(BaseModel):
    """One frozen part of a definition; a key that is not declared is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Sourced(Part):
    source: str = UNSET  # where law or a published page fixes the rule; unset where nothing does


class BandRule(Sourced):
    minimum: Band
    years: dict[Band, int]  # how long an assessment of each band holds
    carried_over: bool = False  # whether a band assessed in an earlier cycle counts for a renewal


class Validity(Sourced):
    years: int = Field(ge=1, le=10)
    counting: Counting = "same_day"
    limited_by_band: bool = False  # a band that ends sooner ends the certificate sooner
    start_within_days: int = Field(default=31, ge=0, le=366)  # how far ahead a certificate may be dated


class Renewal(Sourced):
    pack_complete_days: int = Field(default=120, ge=0)  # a pack complete so long before the end leaves time to decide
    renewal_starts: Literal["day_after", "decision_day"] = "day_after"
    muting_ends_days: int = Field(default=30, ge=0)  # from so long before the end on, nothing mutes a reminder any more
    pending_at_expiry: Literal["ends", "continues_until_decided", "continues_days"] = "ends"
    continues_days: int = Field(default=0, ge=0, le=366)  # for continues_days: days after the last valid day


class Information(Sourced):
    """What happens while a company is asked for information: days counted from the day it should have answered."""

    reply_days: int = Field(default=14, ge=1)  # where the officer names no day, counted from the question
    reminder_days: int = Field(default=1, ge=0)
    final_notice_days: int = Field(default=14, ge=1)
    close_days: int = Field(default=14, ge=1)  # from the final notice, before a case may be closed for no reply
    reminder_message: Name = "information_reminder"
    final_notice_message: Name = "information_final_notice"


class Calendars(Sourced):
    """Which weekdays law leaves out, beside public holidays, where a company's deadline would end on one."""

    statutory_excludes: tuple[Weekday, ...]


class Escalation(Sourced):
    """When supervisors are told that a company could not be reminded: the task about it is open for office days."""

    days: int = Field(ge=1, le=60)


class ServiceTarget(Sourced):
    months: int = Field(ge=1, le=36)  # counted from the day the application was complete


class RequiredDocument(Sourced):
    kind: Name
    title: str
    mandatory: bool = True


class Criterion(Sourced):
    code: str = Field(pattern=r"^[A-Z]{1,4}[0-9]+(\.[0-9]+)?$")
    text: str
    mandatory: bool | Literal["unset"] = UNSET
    placeholder: bool = False  # our words, not the authority's
    scope: Literal["entity", "site"] = "entity"  # answered once, or once for each site
    roles: tuple[TraderRole, ...] = ()  # trader roles it applies to; empty: all


class Section(Part):
    code: str
    title: str
    criteria: tuple[Criterion, ...] = ()


class Instrument(Sourced):
    code: Name
    title: str
    sections: tuple[Section, ...]


class State(Part):
    name: Name
    title: str
    kind: Kind
    next_step: str  # what must happen next, in words for a worklist
    waits_for: Literal["officer", "approver", "company", "account_manager", "clock", "nobody"]
    processing_clock: Literal["runs", "stopped", "off"] = "off"


class Emergency(Sourced):
    """One person may act at once when the reason code is this one; a second one confirms it within office days."""

    reason_code: Name
    confirm_within_days: int = Field(ge=1, le=30)


class Transition(Sourced):
    trigger: Name
    title: str
    sources: tuple[Name, ...] = Field(alias="from", min_length=1)
    target: Name = Field(alias="to")  # a state, or "same", "back", "dated"
    returning_to: tuple[Name, ...] = ()  # only when the state before the side state is one of these
    roles: tuple[Role, ...] = Field(min_length=1)
    guards: tuple[Name, ...] = ()
    given: dict[Name, Literal["date", "text", "document"]] = {}
    distinct_from: tuple[Deed, ...] = ()  # four-eyes: who did one of these in the cycle may not do this
    reason: Literal["none", "optional", "required"] = "optional"
    reason_required_of: tuple[Role, ...] = ()  # roles that must give a reason even where others need none
    reason_codes: tuple[Name, ...] = ()
    reason_code_optional: bool = False
    emergency: Emergency | None = None
    effects: tuple[Effect, ...] = ()
    deed: Deed | None = None  # what having fired this counts as for later four-eyes
    messages: dict[Audience, Name] = {}


class Timer(Sourced):
    """A transition that the clock fires, counted from the last day of validity (T)."""

    trigger: Name
    offset_days: int
    at: Literal["start_of_day", "end_of_day"] = "start_of_day"


class ReminderRule(Sourced):
    """A message counted from the last day of validity (T)."""

    rule: str = Field(pattern=r"^T[+-][0-9]+[a-z]?$")  # a letter where several go out on the same day
    offset_days: int
    hour: int = Field(default=8, ge=0, le=23)
    calendar: Literal["office", "none"] = "office"  # office: moves to the nearest earlier office day
    grace_days: int | None = Field(
        default=None, ge=1, le=366
    )  # how late it may go out; None: until another overtakes it
    unless: tuple[Sign, ...] = ()  # it makes no sense once one of these is there
    message: Name
    audience: tuple[Audience, ...] = Field(min_length=1)
    phases: tuple[Phase, ...] = ("running",)


class BandReminder(Sourced):
    """A message counted from the last day of a band that ends before the certificate (B)."""

    rule: str = Field(pattern=r"^B[+-][0-9]+$")
    offset_days: int
    hour: int = Field(default=8, ge=0, le=23)
    message: Name
    audience: tuple[Audience, ...] = Field(min_length=1)


class Programme(Sourced):
    """One edition of one certification programme."""

    code: str = Field(pattern=r"^[A-Z][A-Z-]*$")
    title: str
    edition: str = Field(pattern=r"^[0-9]{4}-[0-9]{2}(\.[0-9]+)?$")
    authority: str
    time_zone: str
    identifier_scheme: Literal["SG-UEN"]
    family: str
    initial: Name
    quiet_days: int = Field(default=30, ge=0)  # a reminder due earlier than this after valid_from makes no sense
    band: BandRule
    validity: Validity
    renewal: Renewal
    information: Information = Information()
    calendars: Calendars | None = None  # None: a company's deadline stays on the day that was counted
    suspended_listed: Literal["not in force today", "unlisted"] = "not in force today"  # what the public sees
    escalation: Escalation | None = None  # None: a task stays a task
    service_target: ServiceTarget | None = None
    submission_messages: dict[Audience, Name] = {}
    documents: tuple[RequiredDocument, ...]
    instruments: tuple[Instrument, ...]
    states: tuple[State, ...]
    transitions: tuple[Transition, ...]
    timers: tuple[Timer, ...] = ()
    reminders: tuple[ReminderRule, ...] = ()
    band_reminders: tuple[BandReminder, ...] = ()

    def __repr__(self) -> str:
        return f"Programme({self.code} {self.edition})"

    @cached_property
    def canonical(self) -> str:
        """What the file says as canonical JSON: what an edition's hash is taken over and what a database keeps.

        Keys that the file leaves out stay out, so that a later release may know more keys without changing an edition.
        """
        data = self.model_dump(mode="json", by_alias=True, exclude_unset=True)
        return json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"))

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256(self.canonical.encode()).hexdigest()

    @cached_property
    def state_by_name(self) -> dict[str, State]:
        return {state.name: state for state in self.states}

    @cached_property
    def criteria(self) -> dict[str, Criterion]:
        return {c.code: c for i in self.instruments for s in i.sections for c in s.criteria}

    @cached_property
    def triggers(self) -> tuple[str, ...]:
        """Every trigger once, in the order of the file."""
        return tuple(dict.fromkeys(t.trigger for t in self.transitions))

    @cached_property
    def _by_trigger_and_state(self) -> dict[tuple[str, str], list[Transition]]:
        found: dict[tuple[str, str], list[Transition]] = {}
        for transition in self.transitions:
            for source in transition.sources:
                found.setdefault((transition.trigger, source), []).append(transition)
        return found

    def transition(self, trigger: str, state: str, back: str = "") -> Transition | None:
        """Return the transition a trigger names from a state, or None when the state does not have it.

        `back` is the state before a side state, where the programme makes a difference by it.
        """
        known = self._by_trigger_and_state.get((trigger, state), [])
        return next((t for t in known if not t.returning_to or back in t.returning_to), None)

    def from_state(self, state: str, back: str = "") -> tuple[Transition, ...]:
        """Return the transitions that leave a state; all of them when `back` is not said."""
        return tuple(
            t
            for t in self.transitions
            if state in t.sources and (not back or not t.returning_to or back in t.returning_to)
        )

    def targets(self, transition: Transition, source: str) -> tuple[str, ...]:
        """Return every state that a transition may lead to from a source."""
        if transition.target == SAME:
            return (source,)
        if transition.target == DATED and self.state_by_name[source].kind != "suspended":
            certified = tuple(s.name for s in self.states if s.kind == "certified")
            return certified if source in certified else (source,)
        if transition.target in (BACK, DATED):
            before = transition.returning_to or self.before(source)
            certified = tuple(s.name for s in self.states if s.kind == "certified")
            moved = certified if transition.target == DATED and set(before) & set(certified) else ()
            return tuple(dict.fromkeys((*before, *moved)))
        return (transition.target,)

    def before(self, side: str) -> tuple[str, ...]:
        """Return the states from which a side state is entered, in the order of the file."""
        entered = {s for t in self.transitions if t.target == side for s in t.sources}
        return tuple(state.name for state in self.states if state.name in entered)

    @cached_property
    def _opening(self) -> tuple[str, str, int] | None:
        """The timer that leads from one certified state to the next: from, to, days from the last valid day."""
        for timer in self.timers:
            for t in self.transitions:
                pair = (t.sources[0], t.target)
                if t.trigger == timer.trigger and all(
                    self.state_by_name.get(s) and self.state_by_name[s].kind == "certified" for s in pair
                ):
                    return (*pair, timer.offset_days)
        return None

    def as_dated(self, state: str, last_day: date | None, today: date, *, extended: bool = False) -> str:
        """Return the certified state that a day asks for; another state stays as it is.

        A revalidation that was opened stays open, unless an extension moves its opening ahead.
        """
        if self._opening is None or last_day is None:
            return state
        before, after, offset = self._opening
        due = today >= last_day + timedelta(days=offset)
        if state == before and due and not extended:
            return after
        return before if state == after and extended and not due else state
