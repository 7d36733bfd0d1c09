"""Addresses under which a calendar program reads somebody's calendar: a digest of the word in the address."""

from datetime import datetime

from sqlmodel import Field

from workflow.models.base import Row


class CalendarFeed(Row, table=True):
    __tablename__ = "calendar_feed"
    token_sha256: str = Field(primary_key=True)
    officer_id: str = Field(foreign_key="officer.id", index=True)
    created_at: datetime
    revoked_at: datetime | None = None
