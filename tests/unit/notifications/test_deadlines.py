"""The calendar file beside a message: the day that must not be missed, and its place taken by a later message."""

from datetime import UTC, date, datetime, timedelta

import icalendar
import pytest

from notifications import samples
from notifications.deadlines import attachments
from notifications.rendering import messages

AT = datetime(2029, 4, 27, 0, 0, tzinfo=UTC)
CASE = {
    "reference": "STP-2026-000001",
    "company_name": "Quillhaven; Logistics, Pte. Ltd.\nBcc: x@y",
    "programme": "Secure Trade Partnership",
    "certificate_number": "STP-C-000001",
    "valid_until": "2029-11-23",
    "pack_due_on": "2029-07-26",
}


def events(message: str, payload: dict, at: datetime = AT) -> list[icalendar.Event]:
    return [
        event
        for one in attachments(message, payload, origin="casework.example", at=at)
        for event in icalendar.Calendar.from_ical(one.content).walk("VEVENT")
    ]


@pytest.mark.parametrize(
    ("message", "day"),
    [
        ("renewal_invitation", date(2029, 7, 26)),
        ("renewal_reminder", date(2029, 11, 23)),
        ("certified", date(2029, 11, 23)),
    ],
)
def test_holds_the_day_the_message_is_about(message: str, day: date):
    (event,) = events(message, CASE)

    assert event["dtstart"].dt == day
    assert "STP-2026-000001" in event["description"]
    assert event["description"].startswith("Quillhaven; Logistics, Pte. Ltd.")


def test_a_later_message_takes_the_earlier_ones_place():
    (told,) = events("renewal_reminder", CASE)
    (extended,) = events("certificate_extended", CASE | {"valid_until": "2030-05-23"}, AT + timedelta(days=3))

    assert told["uid"] == extended["uid"] == "STP-C-000001-end@casework.example"
    assert extended["sequence"] > told["sequence"]
    assert extended["dtstart"].dt == date(2030, 5, 23)


def test_each_open_question_has_its_own_day():
    asked = [{"number": 1, "reply_by": "2029-05-11"}, {"number": 2, "reply_by": "2029-05-18"}]

    found = events("information_requested", CASE | {"requests": asked})

    assert [(event["uid"].split("@")[0], event["dtstart"].dt) for event in found] == [
        ("STP-2026-000001-request-1", date(2029, 5, 11)),
        ("STP-2026-000001-request-2", date(2029, 5, 18)),
    ]


def test_the_same_message_gives_the_same_bytes():
    one, other = (attachments("renewal_reminder", CASE, origin="o.example", at=AT) for _ in range(2))

    assert one == other


@pytest.mark.parametrize("message", sorted(messages()))
def test_every_message_takes_it_or_leaves_it(message: str):
    assert len(attachments(message, samples.sample(message), origin="o.example", at=AT)) <= 1


def test_a_message_without_a_day_has_none():
    assert attachments("certificate_revoked", CASE, origin="o.example", at=AT) == ()
    assert attachments("renewal_reminder", CASE | {"valid_until": None}, origin="o.example", at=AT) == ()
