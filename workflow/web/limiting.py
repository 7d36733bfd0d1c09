"""How often one may ask: counts in this process, over a window that moves. Knows people and addresses, no route.

With several processes each counts for itself, so the true limit is that many times higher: it is there to keep one
runaway program from slowing everybody, not to meter.
"""

import math
import time

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from workflow.errors import TooMany

# A program that copies every case reads 10 pages of 200 a second and is not stopped; one in a tight loop is.
CALLS = RateLimitItemPerMinute(600)
# Uploads and decisions are work; nobody decides or files 120 times a minute.
CHANGES = RateLimitItemPerMinute(120)
# The description, the checkpoint: small, and cached by whoever asks often.
UNKNOWN = RateLimitItemPerMinute(120)
# A person who opens a page a second, each with its parts, asks three times a second; nobody reads ten.
PAGES = RateLimitItemPerMinute(600)
# An office of 200 that signs in at nine behind one address asks about 1,000 times within a minute.
SIGNED_OUT = RateLimitItemPerMinute(1_200)
# Tokens cannot be guessed; this stops a program with a dead token from asking for ever.
WRONG_TOKENS = RateLimitItemPerMinute(30)


class Limiter:
    """Counts requests of callers."""

    def __init__(
        self,
        *,
        calls: RateLimitItem = CALLS,
        changes: RateLimitItem = CHANGES,
        unknown: RateLimitItem = UNKNOWN,
        wrong_tokens: RateLimitItem = WRONG_TOKENS,
        pages: RateLimitItem = PAGES,
        signed_out: RateLimitItem = SIGNED_OUT,
    ) -> None:
        self.calls, self.changes, self.unknown, self.wrong_tokens = calls, changes, unknown, wrong_tokens
        self.pages, self.signed_out = pages, signed_out
        self._window = MovingWindowRateLimiter(MemoryStorage())

    def count(self, item: RateLimitItem, kind: str, who: str) -> None:
        """Count one request. Raises TooMany when it is one too many; that one is not counted."""
        if not self._window.hit(item, kind, who):
            raise self._too_many(item, kind, who)

    def look(self, item: RateLimitItem, kind: str, who: str) -> None:
        """Raise TooMany when the next one would be; count nothing."""
        if not self._window.test(item, kind, who):
            raise self._too_many(item, kind, who)

    def count_page(self, person: str, address: str) -> None:
        """Count a request for a page: of a person, or of an address where nobody is known. Raises TooMany."""
        if person:
            self.count(self.pages, "pages", person)
        else:
            self.count(self.signed_out, "signed out", address)

    def _too_many(self, item: RateLimitItem, kind: str, who: str) -> TooMany:
        reset = self._window.get_window_stats(item, kind, who).reset_time
        seconds = min(max(1, math.ceil(reset - time.time())), 60)
        return TooMany(
            "TOO_MANY",
            f"More than {item.amount} requests came within a minute. Wait {seconds} seconds, then go on.",
            seconds=seconds,
        )
