"""Worklists that somebody keeps under a name: the address's query, nothing of what it found."""

from datetime import datetime

from sqlmodel import Field

from workflow.models.base import Row


class SavedView(Row, table=True):
    __tablename__ = "saved_view"
    id: int | None = Field(default=None, primary_key=True)
    officer_id: str = Field(foreign_key="officer.id", index=True)
    name: str
    query: str
    shared: bool = False  # with everybody who has worklists
    created_at: datetime
