"""Days an office is closed beside Saturday and Sunday; an administration may override the computed ones."""

from datetime import date

from sqlmodel import Field

from workflow.models.base import Row


class CalendarDay(Row, table=True):
    __tablename__ = "calendar_day"
    zone: str = Field(primary_key=True)
    day: date = Field(primary_key=True)
    name: str
    closed: bool = True
    source: str  # "computed", "estimated" or "gazetted"
