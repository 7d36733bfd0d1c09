"""What an officer asked a company while a case waits, each with its own deadline."""

from datetime import date, datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from workflow.models.base import Row


class InformationRequest(Row, table=True):
    __tablename__ = "information_request"
    __table_args__ = (UniqueConstraint("application_id", "number"),)
    id: int | None = Field(default=None, primary_key=True)
    application_id: int = Field(foreign_key="application.id")
    number: int  # dense from 1 in a case
    cycle: int
    question: str
    asked_by: str
    asked_at: datetime
    reply_by: date
    calendar: str = "none"  # the calendar by which the day was found
    reminded_on: date | None = None
    final_notice_on: date | None = None
    received_on: date | None = None  # when the answer arrived; open while none
    answer: str = ""
    answered_by: str | None = None
