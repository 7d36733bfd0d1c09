"""The public holidays that are kept, as they are known now. Reads only."""

from datetime import date
from typing import Any

from sqlalchemy import Connection, select

from workflow import models
from workflow.models.base import table_of

_D = table_of(models.CalendarDay)


def holidays(connection: Connection, *, first: date, last: date) -> list[dict[str, Any]]:
    """Return every day of a span that is or was to be a public holiday, with where that is known from, by zone and day.

    `status` is "closed" for a holiday and "withdrawn" for a day that is none after all.
    """
    query = select(_D).where(_D.c.day.between(first, last)).order_by(_D.c.zone, _D.c.day, _D.c.since)
    newest = {(row.zone, row.day): row for row in connection.execute(query)}
    return [
        {
            "zone": row.zone,
            "day": row.day,
            "weekday": f"{row.day:%A}",
            "name": row.name,
            "status": "closed" if row.closed else "withdrawn",
            "source": row.source,
            "since": row.since if row.source == "gazetted" else None,
        }
        for row in newest.values()
    ]
