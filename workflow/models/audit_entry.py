"""The trail: canonical entries, inserted without a position; the sequencer gives it once and nothing else changes."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from workflow.models.base import Row


class AuditEntry(Row, table=True):
    __tablename__ = "audit_entry"
    __table_args__ = (UniqueConstraint("application_id", "case_seq"),)
    id: int | None = Field(default=None, primary_key=True)
    position: int | None = Field(default=None, unique=True)
    kind: str
    application_id: int | None = Field(default=None, foreign_key="application.id")
    case_seq: int | None = None  # dense from 1 under the case's lock
    recorded_at: datetime
    canonical: str  # the RFC 8785 form
    leaf: str  # hex of SHA-256(0x00 || canonical)
