"""What a certification programme is: states, transitions, timers, reminders, criteria. Frozen, refused if unsound.

Knows nothing of cases, people or databases. `loader.py` turns a file's text into a Programme.
"""

import hashlib
import json
from functools import cached_property
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from states.dates import Counting

UNSET: Literal["unset"] = "unset"

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
Kind = Literal["review", "waiting", "certified", "suspended", "closed"]
Role = Literal["officer", "approver", "account_manager", "supervisor", "applicant", "clock"]
Audience = Literal["company", "account_manager", "officer", "supervisor"]
Effect = Literal["complete_application", "issue_certificate", "end_certificate"]
Deed = Literal["recommended", "passed_checklist", "assessed", "assessed_band", "visited"]
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


class Validity(Sourced):
    years: int = Field(ge=1, le=10)
    counting: Counting = "same_day"
    limited_by_band: bool = False  # a band that ends sooner ends the certificate sooner
    start_within_days: int = Field(default=31, ge=0, le=366)  # how far ahead a certificate may be dated


class Renewal(Sourced):
    pack_complete_days: int = Field(default=120, ge=0)  # a pack complete so long before the end leaves time to decide
    renewal_starts: Literal["day_after", "decision_day"] = "day_after"
    pending_at_expiry: Literal["ends", "continues_until_decided"] = "ends"


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


class Transition(Sourced):
    trigger: Name
    title: str
    sources: tuple[Name, ...] = Field(alias="from", min_length=1)
    target: Name = Field(alias="to")
    roles: tuple[Role, ...] = Field(min_length=1)
    guards: tuple[Name, ...] = ()
    given: dict[Name, Literal["date", "text"]] = {}
    distinct_from: tuple[Deed, ...] = ()  # four-eyes: who did one of these in the cycle may not do this
    reason: Literal["none", "optional", "required"] = "optional"
    reason_required_of: tuple[Role, ...] = ()  # roles that must give a reason even where others need none
    reason_codes: tuple[Name, ...] = ()
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

    rule: str = Field(pattern=r"^T[+-][0-9]+$")
    offset_days: int
    hour: int = Field(default=8, ge=0, le=23)
    calendar: Literal["office", "none"] = "office"  # office: moves to the nearest earlier office day
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
    service_target: ServiceTarget | None = None
    submission_messages: dict[Audience, Name] = {}
    documents: tuple[RequiredDocument, ...]
    instruments: tuple[Instrument, ...]
    states: tuple[State, ...]
    transitions: tuple[Transition, ...]
    timers: tuple[Timer, ...] = ()
    reminders: tuple[ReminderRule, ...] = ()

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
    def _by_trigger_and_state(self) -> dict[tuple[str, str], Transition]:
        return {(t.trigger, source): t for t in self.transitions for source in t.sources}

    def transition(self, trigger: str, state: str) -> Transition | None:
        """Return the transition a trigger names from a state, or None when the state does not have it."""
        return self._by_trigger_and_state.get((trigger, state))

    def from_state(self, state: str) -> tuple[Transition, ...]:
        return tuple(t for t in self.transitions if state in t.sources)
