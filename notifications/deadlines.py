"""The calendar file beside a message whose reader must not miss a day. Knows payloads as templates do, and no rules."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from notifications.ics import Entry, calendar
from notifications.rendering import Attachment

_COUNTED_FROM = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class _Deadline:
    """Which day of a payload it is; the same `key` in a later message takes the day's place in the reader's calendar."""

    day: str
    key: str
    summary: str


_ENDS = _Deadline("valid_until", "{certificate_number}-end", "{programme}: certificate {certificate_number} ends today")
_PACK = _Deadline("pack_due_on", "{certificate_number}-pack", "{programme}: complete renewal pack due, {reference}")
_REPLY = _Deadline("reply_by", "{reference}-request-{number}", "{programme}: answer due, {reference}")
_OF_MESSAGE = {
    "certified": _ENDS,
    "certificate_corrected": _ENDS,
    "certificate_ends": _ENDS,
    "certificate_extended": _ENDS,
    "certificate_reissued": _ENDS,
    "deadline_moved": _REPLY,
    "information_requested": _REPLY,
    "renewal_invitation": _PACK,
    "renewal_last_day": _ENDS,
    "renewal_pack_due": _PACK,
    "renewal_reminder": _ENDS,
}


def attachments(message: str, payload: Mapping[str, Any], *, origin: str, at: datetime) -> tuple[Attachment, ...]:
    """Return the calendar file of a message, or none. `at` is when the message was written, so a later one counts more.

    The same input gives the same bytes.
    """
    deadline = _OF_MESSAGE.get(message)
    if deadline is None:
        return ()
    about = _questions(payload) if deadline is _REPLY else [payload]
    days = [one for one in about if one.get(deadline.day)]
    entries = [
        Entry(
            uid=f"{deadline.key.format_map(one)}@{origin}",
            sequence=int((at - _COUNTED_FROM) / timedelta(minutes=1)),
            day=date.fromisoformat(str(one[deadline.day])[:10]),
            summary=deadline.summary.format_map(one),
            description=f"{one['company_name']}, case {one['reference']}.",
            updated_at=at.replace(microsecond=0),
        )
        for one in days
    ]
    if not entries:
        return ()
    return (Attachment("deadline.ics", calendar("AEO Casework", entries)),)


def _questions(payload: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the questions of a message, each with its own day: several, or the one that the message is about."""
    requests = payload.get("requests") or []
    return [{**payload, **request} for request in requests] or [payload]
