"""What guards may look at: one case's facts, loaded by the store, frozen, and complete.

Knows nothing of how they are stored. `given` facts come from a caller and never override loaded ones.
"""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Literal

from states.dates import Standing
from states.definition import Deed
from states.standing import Held

Answer = Literal["yes", "no", "na"]
Assessment = Literal["met", "action", "unmet", "ask"]


@dataclass(frozen=True)
class Person:
    """Somebody with an account, or the clock, or an operator without one."""

    id: str
    name: str
    roles: frozenset[str]
    stands_in_for: frozenset[str] = frozenset()  # ids of people who are absent on the day it is asked


CLOCK = Person("clock", "The clock", frozenset({"clock"}))
OPERATOR = Person("operator", "The operator", frozenset({"operator"}))


@dataclass(frozen=True)
class DocumentFact:
    id: int
    kind: str


@dataclass(frozen=True)
class FindingFact:
    """A company's answer to one criterion and what an officer found."""

    criterion: str
    answer: Answer | None
    documents: tuple[int, ...] = ()
    assessment: Assessment | None = None
    site: str = ""  # empty: the whole company
    due_on: date | None = None  # of a corrective action
    closed: bool = False  # whether the corrective action is done


@dataclass(frozen=True)
class VisitFact:
    """A visit that was held."""

    held_on: date
    report: int | None  # the document that holds the report
    site: str = ""  # empty: the whole company


@dataclass(frozen=True)
class RequestFact:
    """A question to the company that is not answered yet."""

    number: int
    question: str
    reply_by: date
    final_notice_on: date | None = None


@dataclass(frozen=True)
class BandFact:
    band: str
    assessed_on: date
    valid_until: date | None
    assessor: str  # a person's id


@dataclass(frozen=True)
class RecommendationFact:
    outcome: str  # the trigger it asks an approver for
    by: str  # a person's id
    digest: str  # of the facts it saw


@dataclass(frozen=True)
class Facts:
    """One case as the rules see it on a local day.

    Documents, findings, visits and recommendation are those of the cycle that is being worked on: the undecided one,
    or the next one when all is decided.
    """

    reference: str
    state: str
    today: date
    cycle: int = 1
    undecided: bool = True  # whether the cycle waits for a decision, also beneath a suspension
    back: str = ""  # the state before the side state, empty in any other
    beneath: str = ""  # the same, or the one before it when that is a suspension
    decision_no: int = 0
    account_manager: str | None = None
    assignee: str | None = None
    documents: tuple[DocumentFact, ...] = ()
    findings: tuple[FindingFact, ...] = ()
    visits: tuple[VisitFact, ...] = ()
    band: BandFact | None = None
    newest_band: str = ""
    newest_band_until: date | None = None  # of the company's newest band, whatever its cycle
    recommendation: RecommendationFact | None = None
    took_part: frozenset[tuple[str, Deed]] = frozenset()  # (person's id, what was done in this cycle)
    sites: tuple[str, ...] = ()
    traders: frozenset[str] = frozenset()  # what the company does in trade; empty: not said
    waived: frozenset[str] = frozenset()  # kinds of documents that the case may do without
    requests: tuple[RequestFact, ...] = ()
    unconfirmed: tuple[str, ...] = ()  # what a second person must confirm before the case may be certified
    refused: tuple[str, ...] = ()  # what a second person refused instead: the case may not be certified
    criteria_accepted: bool = True  # the administration's own, or accepted by it, or not in production
    other_live: str = ""  # another live case of the company in this programme
    held: Held = field(default_factory=Held)
    people: dict[str, Person] = field(default_factory=dict)  # active staff, to name who can help

    @cached_property
    def digest(self) -> str:
        """SHA-256 of what a recommendation rests on; any change makes the recommendation stale."""
        basis = {
            "cycle": self.cycle,
            "decisions": self.decision_no,
            "held": [str(self.held.last_day), str(self.held.suspended_on)],
            "sites": sorted(self.sites),
            "traders": sorted(self.traders),
            "waived": sorted(self.waived),
            "documents": sorted([d.id, d.kind] for d in self.documents),
            "findings": sorted(
                [f.criterion, f.site, f.answer or "", sorted(f.documents), f.assessment or "", str(f.due_on), f.closed]
                for f in self.findings
            ),
            "visits": sorted([v.held_on.isoformat(), v.site, v.report or 0] for v in self.visits),
            "band": None
            if self.band is None
            else [self.band.band, self.band.assessed_on.isoformat(), str(self.band.valid_until)],
        }
        text = json.dumps(basis, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def standing(self) -> Standing:
        """The standing today."""
        return self.held.standing(self.today)

    def with_role(self, *roles: str, but: frozenset[str] = frozenset()) -> tuple[Person, ...]:
        """Return active staff who hold one of the roles, by name, leaving out the ids in `but`."""
        people = (p for p in self.people.values() if p.roles & set(roles) and p.id not in but)
        return tuple(sorted(people, key=lambda p: p.name))
