"""What to do after a try at delivery: a pure decision from the outcome and the clock. Does no I/O."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

GIVE_UP_AFTER = timedelta(days=5)
ASK_AGAIN_AFTER = timedelta(hours=1)
_FIRST, _LONGEST = timedelta(minutes=1), timedelta(hours=4)
_PERMANENT = 500
_TEMPORARY = 400
_DONE = range(200, 300)


class Outcome(StrEnum):
    """What a try came to."""

    SENT = "sent"
    TEMPORARY = "temporary"  # the server or the line says: later
    PERMANENT = "permanent"  # the server says: never
    IN_DOUBT = "in_doubt"  # the text went out and no answer came


@dataclass(frozen=True)
class Verdict:
    status: str  # queued, sent, failed or in_doubt
    next_try_at: datetime | None = None


def classify(code: int) -> Outcome:
    """Return what a reply code means (RFC 5321, section 4.2.1); what is no final answer leaves it in doubt."""
    if code >= _PERMANENT:
        return Outcome.PERMANENT
    if code >= _TEMPORARY:
        return Outcome.TEMPORARY
    return Outcome.SENT if code in _DONE else Outcome.IN_DOUBT


def decide(
    outcome: Outcome,
    *,
    attempts: int,
    created_at: datetime,
    now: datetime,
    jitter: float = 0.5,  # noqa: ARG001  # where in its span a pause falls
    resends: int = 0,
    resend_in_doubt: bool = False,
) -> Verdict:
    """Return the row's next status; temporary trouble is tried again with growing pauses for five days."""
    match outcome:
        case Outcome.SENT:
            return Verdict("sent")
        case Outcome.PERMANENT:
            return Verdict("failed")
        case Outcome.IN_DOUBT:
            return Verdict("in_doubt", now + ASK_AGAIN_AFTER if resend_in_doubt and resends == 0 else None)
        case Outcome.TEMPORARY:
            if now - created_at > GIVE_UP_AFTER:
                return Verdict("failed")
            pause = min(_FIRST * 2 ** max(0, attempts - 1), _LONGEST) if attempts < 12 else _LONGEST  # noqa: PLR2004
            return Verdict("queued", now + pause)
