"""A decision on a case: final, dense per case, the source for planner, four-eyes and reports."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from workflow.models.base import Row


class Decision(Row, table=True):
    __table_args__ = (UniqueConstraint("application_id", "decision_no"),)
    id: int | None = Field(default=None, primary_key=True)
    application_id: int = Field(foreign_key="application.id")
    decision_no: int
    cycle: int
    trigger: str
    from_state: str
    to_state: str
    actor_id: str
    role: str
    effective_at: datetime
    recorded_at: datetime
    reason_code: str = ""
    reason_to_company: str = ""
    internal_reason: str = ""
    given: str = "{}"  # canonical JSON
    entry_id: int = Field(foreign_key="audit_entry.id")
