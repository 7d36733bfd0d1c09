"""Public holidays as stored: computed ones that an administration may override. Knows no deadlines."""

from datetime import date, datetime

from sqlalchemy import Connection, func, select

from states.dates import OfficeCalendar
from workflow import models
from workflow.models.base import table_of
from workflow.models.calendar_day import ALWAYS

_D = table_of(models.CalendarDay)
_COUNTRIES = {"Asia/Singapore": "SG"}
_YEARS = range(2019, 2046)


def office_calendar(
    connection: Connection, zone: str, first: date, last: date, *, as_at: datetime | None = None
) -> OfficeCalendar:
    """Return the public holidays of a zone within a span of days, both included, as known now or `as_at` an instant."""
    query = select(_D.c.day, _D.c.closed).where(_D.c.zone == zone, _D.c.day.between(first, last))
    if as_at is not None:
        query = query.where(_D.c.since <= as_at)
    newest = {row.day: row.closed for row in connection.execute(query.order_by(_D.c.since))}
    return OfficeCalendar.of(day for day, closed in newest.items() if closed)


def fill(connection: Connection) -> int:
    """Store the computed public holidays of every known zone that has none yet. Return how many were added."""
    import holidays  # noqa: PLC0415  # heavy, and needed only when a database is set up

    added = 0
    for zone, country in _COUNTRIES.items():
        if connection.execute(select(func.count()).where(_D.c.zone == zone)).scalar_one():
            continue
        days = holidays.country_holidays(country, years=_YEARS)
        rows = [
            {
                "zone": zone,
                "day": day,
                "since": ALWAYS,
                "name": name,
                "closed": True,
                "source": "estimated" if "(estimated)" in name else "computed",
            }
            for day, name in sorted(days.items())
        ]
        connection.execute(_D.insert(), rows)
        added += len(rows)
    return added
