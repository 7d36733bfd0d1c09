"""Where a case stands in worklists: by whose move it is, then by day. A projection, written with the case. Pure."""

from datetime import date
from enum import IntEnum
from typing import Protocol


class Rank(IntEnum):
    """The groups of a worklist, in their order."""

    OURS = 0  # our move, with a target day
    NEW = 1  # our move, no target yet: the application is not complete
    THEIRS = 2  # somebody outside must act first
    HELD = 3  # a certificate that nobody needs to do anything about yet, by its last day
    ENDED = 4


class Placed(Protocol):
    """What decides a case's place."""

    state_kind: str
    waits_for: str
    deadline: date | None
    received_on: date
    valid_until: date | None


def place(case: Placed) -> tuple[int, date]:
    """Return group and day. A case without a day comes last in its group."""
    held = case.state_kind in ("certified", "suspended")
    day = case.deadline if not held else case.valid_until
    if case.state_kind == "closed":
        return Rank.ENDED, date.max
    if case.state_kind == "certified" and case.waits_for in ("clock", "nobody"):
        return Rank.HELD, day or date.max
    if case.state_kind == "waiting" or case.waits_for in ("company", "clock", "nobody"):
        return Rank.THEIRS, day or date.max
    return (Rank.OURS, day) if day else (Rank.NEW, case.received_on)
