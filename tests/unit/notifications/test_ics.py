"""A calendar file is read back as it was meant by another program, whatever the texts hold."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from icalendar import Calendar

from notifications.ics import Entry, calendar

AT = datetime(2026, 11, 24, 6, 15, tzinfo=UTC)
ENTRY = Entry("STP-2026-000001/T-210@aeo.example", 2, date(2028, 2, 28), "Invitation", "To the company.", AT)
LINES = {
    "BEGIN", "END", "VERSION", "PRODID", "METHOD", "X-WR-CALNAME", "UID", "SEQUENCE", "DTSTAMP", "DTSTART;VALUE=DATE",
    "DTEND;VALUE=DATE", "SUMMARY", "DESCRIPTION", "TRANSP", "STATUS",
}  # fmt: skip
HOSTILE = st.lists(
    st.sampled_from(
        ["\r\nEND:VEVENT", "\nBEGIN:VALARM", "\r", "\x00", "\x85", "\u2028", "\u2029", "\x0b", "\x0c", "\x1b[31m",
         "\\n", "\\", ";", ",", ":", '"', " ", "\t", "=?utf-8?q?=0D?=", "\u202eflow", "\U0001f600", "港務", "a" * 80]
    ),
    max_size=8,
).map("".join)  # fmt: skip


def lines_of(content: bytes) -> list[bytes]:
    """Unfold as RFC 5545, 3.1 says, by nothing but its text."""
    return content.replace(b"\r\n ", b"").split(b"\r\n")


def read(content: bytes) -> list[dict[str, str]]:
    """Read the events back with the library."""
    return [
        {name: event.decoded(name) for name in ("uid", "sequence", "dtstamp", "dtstart", "dtend")}
        | {name: str(event[name]) for name in ("summary", "description", "transp", "status")}
        for event in Calendar.from_ical(content).walk("VEVENT")
    ]


class TestEvent:
    def test_is_a_whole_day_on_which_nobody_is_busy(self):
        (event,) = read(calendar("Reminders", [ENTRY]))

        assert event == {
            "uid": ENTRY.uid,
            "sequence": 2,
            "dtstamp": AT,
            "dtstart": date(2028, 2, 28),
            "dtend": date(2028, 2, 29),
            "summary": "Invitation",
            "description": "To the company.",
            "transp": "TRANSPARENT",
            "status": "CONFIRMED",
        }

    def test_is_written_as_the_standard_says(self):
        content = calendar("Reminders, yours; all", [ENTRY])

        assert lines_of(content)[:4] == [b"BEGIN:VCALENDAR", b"VERSION:2.0", b"PRODID:-//AEO Casework//Calendar//EN",
                                        b"METHOD:PUBLISH"]  # fmt: skip
        assert rb"X-WR-CALNAME:Reminders\, yours\; all" in lines_of(content)
        assert b"DTSTART;VALUE=DATE:20280228" in lines_of(content)
        assert b"DTSTAMP:20261124T061500Z" in lines_of(content)
        assert content.endswith(b"END:VEVENT\r\nEND:VCALENDAR\r\n")

    def test_that_is_cancelled_says_so(self):
        (event,) = read(calendar("Reminders", [replace(ENTRY, cancelled=True)]))

        assert event["status"] == "CANCELLED"

    def test_needs_a_stamp_with_a_zone(self):
        with pytest.raises(ValueError, match="needs a time zone"):
            calendar("Reminders", [replace(ENTRY, updated_at=datetime(2026, 1, 1))])  # noqa: DTZ001  # on purpose

    def test_stamps_any_zone_in_utc(self):
        singapore = AT.astimezone(timezone(timedelta(hours=8)))

        assert calendar("R", [replace(ENTRY, updated_at=singapore)]) == calendar("R", [ENTRY])


class TestCalendar:
    def test_of_the_same_entries_has_the_same_bytes(self):
        entries = [ENTRY, replace(ENTRY, uid="another", day=date(2028, 3, 1))]

        assert calendar("Reminders", entries) == calendar("Reminders", list(entries))

    def test_may_be_empty(self):
        assert read(calendar("Reminders", [])) == []

    @given(name=HOSTILE, uid=HOSTILE, summary=HOSTILE, description=HOSTILE)
    @example("\r\nMETHOD:CANCEL", "a\r\nSEQUENCE:9", "x\r\nBEGIN:VALARM", "y\x85BEGIN:VALARM\u2028END")
    def test_no_text_adds_a_line_or_a_component(self, name: str, uid: str, summary: str, description: str):
        content = calendar(name, [replace(ENTRY, uid=f"1{uid}", summary=summary, description=description), ENTRY])

        unfolded = lines_of(content)
        assert {line.split(b":", 1)[0].decode() for line in unfolded if line} <= LINES
        assert len(unfolded) == 6 + 2 * 11 + 1  # the last one is what follows the last line's end
        assert all(len(line) <= 75 for line in content.split(b"\r\n"))
        assert not set(content.decode().replace("\r\n", "")) & set("\r\n\x00\x0b\x0c\x1b\x85\u2028\u2029")
        assert len(read(content)) == 2
        assert not Calendar.from_ical(content).walk("VALARM")

    @given(description=st.text(st.sampled_from("ab\n;,\\: é港"), max_size=200))
    def test_texts_are_read_back_as_they_were(self, description: str):
        (event,) = read(calendar("Reminders", [replace(ENTRY, description=description)]))

        assert event["description"] == description
