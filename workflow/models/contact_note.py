"""What an account manager heard from a company about its renewal, and when it expects to file. Final."""

from datetime import date, datetime

from sqlmodel import Field

from workflow.models.base import Row


class ContactNote(Row, table=True):
    __tablename__ = "contact_note"
    id: int | None = Field(default=None, primary_key=True)
    application_id: int = Field(foreign_key="application.id", index=True)
    cycle: int
    contacted_on: date
    expects_on: date | None = None  # when the company expects to file
    note: str
    recorded_by: str
    recorded_at: datetime
