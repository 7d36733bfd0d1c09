"""Certificates as decided, and what happened to them since. Both final: a correction is a new event."""

from datetime import date, datetime

from sqlmodel import Field

from workflow.models.base import Row, one_of


class Certificate(Row, table=True):
    id: int | None = Field(default=None, primary_key=True)
    number: str = Field(unique=True)
    application_id: int = Field(foreign_key="application.id", index=True)
    cycle: int
    valid_from: date
    valid_until: date
    aeo_code: str
    conditions: str = ""
    decision_id: int = Field(foreign_key="decision.id")


class CertificateEvent(Row, table=True):
    __tablename__ = "certificate_event"
    __table_args__ = (one_of("kind", ("expired",)),)
    id: int | None = Field(default=None, primary_key=True)
    certificate_id: int = Field(foreign_key="certificate.id", index=True)
    kind: str
    effective_on: date  # the first day on which it holds
    decision_id: int = Field(foreign_key="decision.id")
    recorded_at: datetime
