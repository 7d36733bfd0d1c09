"""How long records are kept, what holds them, and what was disposed of. All final: a change is a new row."""

from datetime import datetime

from sqlalchemy import CheckConstraint
from sqlmodel import Field

from workflow.models.base import Row, one_of

KINDS = ("case_file", "documents", "mail")  # of records that belong to a case and can be disposed of
FEWEST_YEARS = 5


class RetentionPeriod(Row, table=True):
    """How many years a kind of record is kept after its case is over; the newest of a kind holds, none is for good."""

    __tablename__ = "retention_period"
    __table_args__ = (one_of("kind", KINDS), CheckConstraint(f"years >= {FEWEST_YEARS}", name="years"))
    id: int | None = Field(default=None, primary_key=True)
    kind: str
    years: int
    source: str  # the law or instruction that says so
    set_by: str
    set_at: datetime


class LegalHold(Row, table=True):
    """Nothing of the case is disposed of until the hold is lifted."""

    __tablename__ = "legal_hold"
    id: int | None = Field(default=None, primary_key=True)
    application_id: int = Field(foreign_key="application.id", index=True)
    reason: str
    placed_by: str
    placed_at: datetime


class LegalHoldLift(Row, table=True):
    __tablename__ = "legal_hold_lift"
    hold_id: int = Field(primary_key=True, foreign_key="legal_hold.id")
    reason: str
    lifted_by: str
    lifted_at: datetime


class Disposal(Row, table=True):
    """A kind of record of a case was removed; the triggers of final rows let only that pass which stands here."""

    application_id: int = Field(primary_key=True, foreign_key="application.id")
    kind: str = Field(primary_key=True)
    approval_id: int = Field(foreign_key="approval.id")
    entry_id: int = Field(foreign_key="audit_entry.id")
    at: datetime

    __table_args__ = (one_of("kind", KINDS),)
