"""Writes days to note as an iCalendar file (RFC 5545). It must not know what the days are for, nor what time it is."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from icalendar import Calendar, Event, vText

CONTENT_TYPE = "text/calendar; charset=utf-8; method=PUBLISH"
_BREAK = re.compile("\r\n|[\n\r\x0b\x0c\x85\u2028\u2029]")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(frozen=True)
class Entry:
    """One whole day. The same `uid` with a higher `sequence` takes the place of what was published before."""

    uid: str
    sequence: int
    day: date  # a local day; no zone applies to it
    summary: str
    description: str
    updated_at: datetime  # aware; the entry's stamp, so that the same input gives the same bytes
    cancelled: bool = False  # published once, and to be dropped now


def calendar(name: str, entries: Sequence[Entry]) -> bytes:
    """Return a calendar with an all-day event for each entry, in UTF-8. Raises ValueError for a stamp without a zone."""
    made = Calendar()
    made.add("prodid", "-//AEO Casework//Calendar//EN")
    made.add("version", "2.0")
    made.add("method", "PUBLISH")
    made.add("x-wr-calname", vText(_text(name)))  # a name of its own: the library would not escape it
    for entry in entries:
        made.add_component(_event(entry))
    content: bytes = made.to_ical()
    return content


def _event(entry: Entry) -> Event:
    if entry.updated_at.tzinfo is None:
        raise ValueError("An instant needs a time zone.")
    event = Event()
    event.add("uid", _BREAK.sub("", _text(entry.uid)))
    event.add("sequence", entry.sequence)
    event.add("dtstamp", entry.updated_at)
    event.add("dtstart", entry.day)
    event.add("dtend", entry.day + timedelta(days=1))  # the first day after it
    event.add("summary", _text(entry.summary).replace("\n", " "))
    event.add("description", _text(entry.description))
    event.add("transp", "TRANSPARENT")  # nobody is busy the whole day
    event.add("status", "CANCELLED" if entry.cancelled else "CONFIRMED")
    return event


def _text(value: str) -> str:
    """Keep what a line may hold; the library escapes and folds, but leaves control characters as they are."""
    return _CONTROL.sub("", _BREAK.sub("\n", value))
