"""Which certificates a case holds and whether one is in force on a day. Pure; state is no part of it.

Two ways to the same answer: `Held` from what a case keeps, `history` from the certificate and every event of it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta

from states.dates import Standing

FOR_EVER = date(9999, 12, 31)  # until decided
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Certificate:
    """A certificate's number and the days on which it is valid, both included, after every extension."""

    number: str
    valid_from: date
    valid_until: date


@dataclass(frozen=True)
class Held:
    """The certificates of one case: the one that counts and, after an early renewal, the one that follows it."""

    current: Certificate | None = None
    following: Certificate | None = None
    continues_until: date | None = None  # the current one runs on to this day while a renewal is undecided
    suspended_on: date | None = None  # first day of a suspension that is still open
    ended_on: date | None = None  # first day without standing

    @property
    def newest(self) -> Certificate | None:
        return self.following or self.current

    @property
    def last_day(self) -> date | None:
        """The last day of validity of all that was decided, without any continuation."""
        return self.newest.valid_until if self.newest else None

    def on(self, day: date) -> Certificate | None:
        """Return the certificate that counts on a day."""
        if self.following and day >= self.following.valid_from:
            return self.following
        return self.current

    def standing(self, day: date) -> Standing:
        """Return the standing on a local day. A certificate is in force on the whole of its last day."""
        counts = self.on(day)
        if counts is None:
            return Standing.NONE
        last = max(counts.valid_until, self.continues_until or counts.valid_until)
        if self.ended_on is not None and day >= self.ended_on:
            return Standing.ENDED
        if day < counts.valid_from or (day > last and self.following and day < self.following.valid_from):
            return Standing.PENDING
        if day > last:
            return Standing.ENDED
        return Standing.SUSPENDED if self.suspended_on is not None and day >= self.suspended_on else Standing.IN_FORCE

    def runs(self, day: date) -> bool:
        """Say whether a certificate is there that has not ended: pending, in force or suspended."""
        return self.standing(day) not in (Standing.NONE, Standing.ENDED)

    def promoted(self, day: date) -> "Held":
        """Return the same without what a day has left behind: a following certificate that has begun is the current."""
        if self.following and day >= self.following.valid_from:
            return replace(self, current=self.following, following=None)
        return self


@dataclass(frozen=True)
class Event:
    """One thing that happened to a certificate; it holds from `effective_on`."""

    id: int
    kind: str
    effective_on: date
    valid_from: date | None = None
    valid_until: date | None = None
    undoes: int | None = None


_ENDINGS = frozenset({"expired", "revoked", "surrendered", "replaced"})


def history(certificate: Certificate, events: Iterable[Event], day: date) -> tuple[Certificate, Standing]:
    """Return a certificate and its standing as they were on a day, from its events in the order they were recorded."""
    known = [event for event in events if event.effective_on <= day]
    undone = {event.undoes for event in known if event.undoes is not None}
    ended = suspended = False
    for event in known:
        if event.id in undone:
            continue
        certificate = replace(
            certificate,
            valid_from=event.valid_from or certificate.valid_from,
            valid_until=event.valid_until or certificate.valid_until,
        )
        ended = ended or event.kind in _ENDINGS
        suspended = event.kind == "suspended" or (suspended and event.kind != "reinstated")
    if ended or day > certificate.valid_until:
        return certificate, Standing.ENDED
    if day < certificate.valid_from:
        return certificate, Standing.PENDING
    return certificate, Standing.SUSPENDED if suspended else Standing.IN_FORCE
