"""What a server's answer means and what to do after a try: pure decisions from code, text and clock. Does no I/O."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

GIVE_UP_AFTER = timedelta(days=5)
RESEND_AFTER = timedelta(hours=1)
_FIRST, _LONGEST = timedelta(minutes=1), timedelta(hours=4)
_DOUBLINGS = 8  # 1 min * 2**8 is more than the longest pause
_SPREAD = 0.2
_ENHANCED = re.compile(r"\s*#?([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")

# Where the server does not let us in or does not know our sender: nothing is said about the message or its recipient.
_ABOUT_US = frozenset({530, 534, 535, 538})  # RFC 4954
_ABOUT_US_ENHANCED = frozenset({"1.7", "1.8", "7.8", "7.9", "7.10", "7.11", "7.12", "7.13", "7.14"})  # RFC 3463, 5248

# RFC 3463 has these for persistent transient failures only: mailbox or system full, connection broken, directory away,
# congestion. Servers send them with 5xx all the same. Its 4.1 and 4.6 are left out: with 550 5.4.1 large servers mean
# an unknown recipient, and a loop stays a loop.
_PASSING = frozenset({"2.2", "3.1", "4.2", "4.3", "4.5"})

# No such mailbox, no such host, address misspelt, moved away, domain takes no mail (RFC 7505), mailbox disabled.
_DEAD = frozenset({"1.1", "1.2", "1.3", "1.6", "1.10", "2.1"})
_DOMAIN_TAKES_NO_MAIL = 556  # RFC 7504


class Outcome(StrEnum):
    """What a try came to."""

    SENT = "sent"
    TEMPORARY = "temporary"  # the server or the line says: later
    PERMANENT = "permanent"  # the server says: never
    IN_DOUBT = "in_doubt"  # the text went out and no answer came


@dataclass(frozen=True)
class Verdict:
    """A row's next status (queued, sent, failed or in_doubt) and, where it is tried again, when."""

    status: str
    next_try_at: datetime | None = None


def classify(code: int, text: str = "") -> Outcome:
    """Return what a reply means: by its code (RFC 5321, section 4.2), then by its enhanced code (RFC 3463, 5248).

    Where the two contradict each other the reply code's class counts, as RFC 5321 wants. Two kinds of 5xx are
    temporary all the same: what is our own fault, and what by RFC 3463 passes. An intermediate reply or one that
    cannot be read is no answer: in doubt once the text went out, and for the caller to call temporary before.
    """
    match code // 100:
        case 2:
            return Outcome.SENT
        case 4:
            return Outcome.TEMPORARY
        case 5:
            detail = _detail(text)
            passes = code in _ABOUT_US or detail in _ABOUT_US_ENHANCED or detail in _PASSING
            return Outcome.TEMPORARY if passes else Outcome.PERMANENT
        case _:
            return Outcome.IN_DOUBT


def is_dead_address(code: int, text: str) -> bool:
    """Whether a refusal of the recipient says that the address itself will never take mail again.

    Only where the server says so by an enhanced code or 556: a bare 550 may as well be policy, spam or content.
    """
    return code == _DOMAIN_TAKES_NO_MAIL or (code // 100 == 5 and _detail(text) in _DEAD)  # noqa: PLR2004  # 5xx


def _detail(text: str) -> str:
    """The enhanced code without its class, such as 1.1 of "5.1.1 no such user"; empty where there is none."""
    found = _ENHANCED.match(text)
    return f"{int(found[2])}.{int(found[3])}" if found else ""


def decide(
    outcome: Outcome,
    *,
    attempts: int,
    created_at: datetime,
    now: datetime,
    jitter: float = 0.5,
    resends: int = 0,
    resend_in_doubt: bool = False,
) -> Verdict:
    """Return the row's next status after its `attempts`-th try.

    Temporary trouble is tried again for five days from `created_at`, after 1 minute, 2, 4 and so on up to 4 hours.
    `jitter` in [0, 1) spreads each pause over +-20 %, so that what failed together does not come back together.
    Doubt stays for a person, or with `resend_in_doubt` is resolved by one more sending of the same bytes in an hour.
    """
    match outcome:
        case Outcome.SENT:
            return Verdict("sent")
        case Outcome.PERMANENT:
            return Verdict("failed")
        case Outcome.IN_DOUBT:
            return Verdict("in_doubt", now + RESEND_AFTER if resend_in_doubt and resends == 0 else None)
        case Outcome.TEMPORARY:
            if now - created_at > GIVE_UP_AFTER:
                return Verdict("failed")
            pause = min(_FIRST * 2 ** min(max(0, attempts - 1), _DOUBLINGS), _LONGEST)
            return Verdict("queued", now + pause * (1 - _SPREAD + 2 * _SPREAD * jitter))
