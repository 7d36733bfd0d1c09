"""Office calendars as stored: computed holidays that an administration may override. Knows no deadlines."""

from datetime import date

from sqlalchemy import Connection, func, select

from states.dates import OfficeCalendar
from workflow import models
from workflow.models.base import table_of

_D = table_of(models.CalendarDay)
_COUNTRIES = {"Asia/Singapore": "SG"}
_YEARS = range(2019, 2046)


def office_calendar(connection: Connection, zone: str, first: date, last: date) -> OfficeCalendar:
    """Return the days an office in a zone is closed within a span of days, both included."""
    query = select(_D.c.day).where(_D.c.zone == zone, _D.c.closed, _D.c.day.between(first, last))
    return OfficeCalendar.of(connection.execute(query).scalars())


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
                "name": name,
                "closed": True,
                "source": "estimated" if "(estimated)" in name else "computed",
            }
            for day, name in sorted(days.items())
        ]
        connection.execute(_D.insert(), rows)
        added += len(rows)
    return added
