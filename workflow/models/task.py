"""Something that waits for a person because the system may not or cannot decide it."""

from datetime import date, datetime

from sqlmodel import Field

from workflow.models.base import Row


class Task(Row, table=True):
    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)  # the same trouble makes one task
    role: str
    application_id: int | None = Field(default=None, foreign_key="application.id", index=True)
    sentence: str
    created_at: datetime
    notification_id: int | None = Field(default=None, foreign_key="notification.id")
    closed_at: datetime | None = None
    closed_by: str | None = None
    outcome: str = ""  # what was done
    posted_on: date | None = None  # for a letter that took a mail's place
