"""Who did what in a cycle (for four-eyes, never taken back), recommendations and visits."""

from datetime import date, datetime

from sqlmodel import Field

from workflow.models.base import Row, one_of


class Participation(Row, table=True):
    __table_args__ = (
        one_of("deed", ("recommended", "passed_checklist", "assessed", "assessed_band", "visited", "decided")),
    )
    application_id: int = Field(primary_key=True, foreign_key="application.id")
    cycle: int = Field(primary_key=True)
    officer_id: str = Field(primary_key=True, foreign_key="officer.id")
    deed: str = Field(primary_key=True)
    at: datetime


class Recommendation(Row, table=True):
    """The newest row of a cycle counts; one without an outcome takes the one before it back."""

    id: int | None = Field(default=None, primary_key=True)
    application_id: int = Field(foreign_key="application.id", index=True)
    cycle: int
    outcome: str
    reason: str
    digest: str  # of the facts it saw; changed facts make it stale; empty where it was taken back
    officer_id: str = Field(foreign_key="officer.id")
    recorded_at: datetime


class Visit(Row, table=True):
    __table_args__ = (one_of("mode", ("on_site", "virtual", "desk")),)
    id: int | None = Field(default=None, primary_key=True)
    application_id: int = Field(foreign_key="application.id", index=True)
    cycle: int
    site: str = ""  # empty: the whole company
    mode: str = "on_site"
    planned_on: date | None = None
    held_on: date | None = None
    report_id: int | None = Field(default=None, foreign_key="document.id")
    officer_id: str = Field(foreign_key="officer.id")
    recorded_at: datetime
