"""What an operation answers: done, or refused with every unmet rule. A refusal is information, not a crash."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from states.facts import Person
from states.guards import Unmet


@dataclass(frozen=True)
class Act:
    """Who acts, how the door knew that, and when (UTC)."""

    actor: Person
    proven: str
    now: datetime


@dataclass(frozen=True)
class Done:
    """It was done; `data` is what a door shows."""

    sentence: str
    data: dict[str, Any] = field(default_factory=dict)
    # When the same request with the same key was done, where this time nothing was; the answer is the same.
    before: datetime | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Refused:
    """It was not done; every unmet rule at once. The refusal itself is in the trail."""

    title: str
    unmet: tuple[Unmet, ...]


Outcome = Done | Refused
