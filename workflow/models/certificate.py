"""Certificates as decided, and what happened to them since. Both final: a correction is a new event."""

from datetime import date, datetime

from sqlmodel import Field

from workflow.models.base import Row, one_of

EVENTS = (
    "extended",
    "continued",
    "suspended",
    "reinstated",
    "expired",
    "revoked",
    "surrendered",
    "replaced",
    "corrected",
    "set_aside",
    "consent",
)


class Certificate(Row, table=True):
    id: int | None = Field(default=None, primary_key=True)
    number: str = Field(unique=True)
    application_id: int = Field(foreign_key="application.id", index=True)
    cycle: int
    valid_from: date
    valid_until: date
    aeo_code: str
    conditions: str = ""
    as_printed: bool = False  # taken over with dates that the programme's rules would not give
    decision_id: int = Field(foreign_key="decision.id", index=True)


class CertificateEvent(Row, table=True):
    __tablename__ = "certificate_event"
    __table_args__ = (one_of("kind", EVENTS),)
    id: int | None = Field(default=None, primary_key=True)
    certificate_id: int = Field(foreign_key="certificate.id", index=True)
    kind: str
    effective_on: date  # the first day on which it holds
    decision_id: int | None = Field(default=None, foreign_key="decision.id")  # none for what follows from dates alone
    recorded_at: datetime
    valid_from: date | None = None  # the new one, where the event changes it
    valid_until: date | None = None
    publication: bool | None = None  # for consents
    partners: bool | None = None
    replaced_by: str | None = None  # a certificate number
    undoes: int | None = Field(default=None, foreign_key="certificate_event.id")  # the event that is set aside
