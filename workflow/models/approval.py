"""What waits for a second person: asked by one, confirmed or refused by another."""

from datetime import date, datetime

from sqlalchemy import Index
from sqlmodel import Field

from workflow.models.base import Row, one_of

KINDS = (
    "transition",  # a transition that one person may not fire alone: backdated, an earlier end, closing for no reply
    "emergency_suspension",  # in effect already
    "document_waiver",
    "document_refiling",
    "check_letter",  # a UEN whose check letter is wrong
    "received_on",  # a day of receipt far back
    "certificate_correction",
    "import",  # the sign-off of a cut-over
    "disposal",  # of records whose retention period is over
)


class Approval(Row, table=True):
    __table_args__ = (
        one_of("kind", KINDS),
        one_of("status", ("open", "confirmed", "refused")),
        Index("ix_approval_open", "status", "id"),
    )
    id: int | None = Field(default=None, primary_key=True)
    kind: str
    application_id: int | None = Field(default=None, foreign_key="application.id", index=True)
    sentence: str  # what was asked for, in words
    request: str = "{}"  # what to do when it is confirmed and how who asked was proven, canonical JSON
    blocks: bool = False  # whether the case may not be certified before it is confirmed
    requested_by: str  # a person's id
    role: str
    requested_at: datetime
    confirm_by: date | None = None
    status: str = "open"
    decided_by: str | None = None
    decided_at: datetime | None = None
    decision_reason: str = ""
