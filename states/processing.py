"""How long a case was worked on: spans of states with the processing clock, from decisions alone. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from states.definition import Programme
from states.terms import service_target


@dataclass(frozen=True)
class Span:
    """Days on which a case was in a state, the last one not included; `until` is None for the present one."""

    state: str
    clock: str  # "runs", "stopped" or "off"
    since: date
    until: date | None


def spans(programme: Programme, entered: Iterable[tuple[str, date]]) -> tuple[Span, ...]:
    """Return the spans of a cycle from the states entered, each with its local day, oldest first."""
    states = list(entered)
    ends: list[date | None] = [*[day for _, day in states[1:]], None]
    return tuple(
        Span(state, programme.state_by_name[state].processing_clock, since, until)
        for (state, since), until in zip(states, ends, strict=True)
    )


def stopped_days(found: Sequence[Span], complete_on: date) -> int:
    """Return how many days since completeness the clock did not run, up to the beginning of the present state."""
    return sum(
        max((span.until - max(span.since, complete_on)).days, 0)
        for span in found
        if span.clock != "runs" and span.until is not None
    )


def due_by(programme: Programme, found: Sequence[Span], complete_on: date) -> date | None:
    """Return the service target's day, moved by the days on which the clock stood still; None where none is set."""
    target = service_target(programme, complete_on)
    return None if target is None else target + timedelta(days=stopped_days(found, complete_on))
