"""Public holidays as stored: computed ones that an administration may override, and what was known when.

Knows no deadlines.
"""

import json
from collections import defaultdict
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, Select, func, select

from states.dates import OfficeCalendar, StatutoryCalendar
from states.definition import Calendars
from workflow import models
from workflow.models.base import table_of
from workflow.models.calendar_day import ALWAYS

_D = table_of(models.CalendarDay)
_E = table_of(models.AuditEntry)
COMPUTED = "system:holidays:computed"  # the kind of the entry that names a zone's computed days
_COUNTRIES = {"Asia/Singapore": ("SG", "en_SG")}  # a zone's country, and in whose words its holidays are named
_YEARS = range(2019, 2046)


def office_calendar(
    connection: Connection, zone: str, first: date, last: date, *, as_at: datetime | None = None
) -> OfficeCalendar:
    """Return the public holidays of a zone within a span of days, both included, as known now or `as_at` an instant."""
    return OfficeCalendar.of(_holidays(connection, zone, first, last, as_at))


def statutory_calendar(
    connection: Connection, zone: str, calendars: Calendars, first: date, last: date, *, as_at: datetime | None = None
) -> StatutoryCalendar:
    """Return the same holidays with the weekdays that law leaves out too."""
    return StatutoryCalendar.of(_holidays(connection, zone, first, last, as_at), calendars.statutory_excludes)


def _holidays(connection: Connection, zone: str, first: date, last: date, as_at: datetime | None) -> list[date]:
    query = select(_D.c.day, _D.c.closed).where(_D.c.zone == zone, _D.c.day.between(first, last))
    if as_at is not None:
        query = query.where(_D.c.since <= as_at)
    newest = {row.day: row.closed for row in connection.execute(query.order_by(_D.c.since))}
    return [day for day, closed in newest.items() if closed]


def known_of(connection: Connection, zone: str, day: date) -> Row[Any] | None:
    """Return the newest row of a day, whether it says a holiday or none after all; None where there is none."""
    query: Select[Any] = select(_D.c.name, _D.c.closed, _D.c.since).where(_D.c.zone == zone, _D.c.day == day)
    return connection.execute(query.order_by(_D.c.since.desc()).limit(1)).first()


def override(connection: Connection, zone: str, day: date, name: str, *, closed: bool, now: datetime) -> None:
    """Store what is gazetted of a day; it counts from now on. A clock that was set back stays behind what is known."""
    known = known_of(connection, zone, day)
    since = max(now, known.since + timedelta(microseconds=1)) if known else now
    row = {"zone": zone, "day": day, "since": since, "name": name, "closed": closed, "source": "gazetted"}
    connection.execute(_D.insert(), row)


def zones(connection: Connection) -> list[str]:
    """Return the zones whose holidays are kept."""
    return list(connection.execute(select(_D.c.zone).distinct().order_by(_D.c.zone)).scalars())


def computed(connection: Connection) -> dict[str, list[date]]:
    """Return the computed holidays by zone; what is gazetted later is known from its own entries."""
    found: dict[str, list[date]] = defaultdict(list)
    for row in connection.execute(
        select(_D.c.zone, _D.c.day).where(_D.c.since == ALWAYS).order_by(_D.c.zone, _D.c.day)
    ):
        found[row.zone].append(row.day)
    return found


def entered(connection: Connection) -> set[str]:
    """Return the zones whose computed holidays an entry names."""
    entries = connection.execute(select(_E.c.canonical).where(_E.c.kind == COMPUTED)).scalars()
    return {json.loads(one)["detail"]["zone"] for one in entries}


def fill(connection: Connection) -> int:
    """Store the computed public holidays of every known zone that has none yet. Return how many were added."""
    import holidays  # noqa: PLC0415  # heavy, and needed only when a database is set up

    added = 0
    for zone, (country, language) in _COUNTRIES.items():
        if connection.execute(select(func.count()).where(_D.c.zone == zone)).scalar_one():
            continue
        days = holidays.country_holidays(country, years=_YEARS, language=language)
        rows = [
            {
                "zone": zone,
                "day": day,
                "since": ALWAYS,
                "name": name,
                "closed": True,
                "source": "estimated" if "estimated)" in name else "computed",
            }
            for day, name in sorted(days.items())
        ]
        connection.execute(_D.insert(), rows)
        added += len(rows)
    return added
