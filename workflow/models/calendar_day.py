"""Public holidays and other special days of a zone; an administration may override the computed ones.

Final: a day that is gazetted or withdrawn later is a new row, so that it stays known what was known when.
"""

from datetime import UTC, date, datetime

from sqlmodel import Field

from workflow.models.base import Row

ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)  # since when computed holidays are known


class CalendarDay(Row, table=True):
    __tablename__ = "calendar_day"
    zone: str = Field(primary_key=True)
    day: date = Field(primary_key=True)
    since: datetime = Field(primary_key=True)  # since when it is known; of one day the newest row counts
    name: str
    closed: bool = True  # a public holiday, or not one after all
    source: str  # "computed", "estimated" or "gazetted"
