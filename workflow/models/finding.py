"""A company's answer to a criterion in a cycle, and what an officer found."""

from datetime import date, datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from workflow.models.base import Row, one_of


class Finding(Row, table=True):
    __table_args__ = (
        UniqueConstraint("application_id", "cycle", "criterion", "site"),
        one_of("answer", ("yes", "no", "na")),
        one_of("assessment", ("met", "action", "unmet", "ask")),
    )
    id: int | None = Field(default=None, primary_key=True)
    application_id: int = Field(foreign_key="application.id")
    cycle: int
    criterion: str
    site: str = ""  # empty: the whole company
    answer: str | None = None
    remark: str = ""
    documents: str = "[]"  # ids of the documents that support the answer, as JSON
    answered_by: str | None = None
    answered_at: datetime | None = None
    assessment: str | None = None
    note: str = ""
    assessed_by: str | None = None
    assessed_at: datetime | None = None
    due_on: date | None = None  # of a corrective action
    closed_at: datetime | None = None  # when the corrective action was done
    closed_by: str | None = None
    closing_evidence: str = ""
