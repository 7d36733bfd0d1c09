"""The ledger of everything the clock owes, planned in full when a decision opens it."""

from datetime import date, datetime

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field

from workflow.models.base import Row, one_of


class PlannedAction(Row, table=True):
    __tablename__ = "planned_action"
    __table_args__ = (
        UniqueConstraint("application_id", "rule", "basis", "occurrence", "revision"),
        one_of("status", ("planned", "done", "superseded", "cancelled")),
        Index("ix_planned_action_due", "due_at", "id"),
    )
    id: int | None = Field(default=None, primary_key=True)
    application_id: int = Field(foreign_key="application.id")
    subject: str = "certificate"  # what it is owed for: "certificate", "request" or "approval"
    rule: str
    basis: int = Field(foreign_key="decision.id")  # the decision it is counted from
    occurrence: int = 1
    revision: int = 1  # rises when a holiday that was gazetted later moves what was planned
    trigger: str | None = None
    message: str | None = None
    audience: str = ""  # comma-separated
    due_on: date  # local day in the programme's zone
    due_at: datetime
    calendar: str = "none"  # the calendar by which the day was found: "none", "office" or "statutory"
    status: str = "planned"
    outcome: str = ""  # what was done, or why not
    settled_at: datetime | None = None
    attempts: int = 0
    last_error: str = ""
