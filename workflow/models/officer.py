"""People with an account and their roles. The id is opaque: the trail names people by it, names live only here."""

from datetime import date, datetime

from sqlmodel import Field

from workflow.models.base import Row, one_of

ROLES = ("officer", "approver", "account_manager", "supervisor", "auditor", "admin")


class Officer(Row, table=True):
    id: str = Field(primary_key=True)
    email: str = Field(unique=True)
    name: str
    active: bool = True
    created_at: datetime


class Absence(Row, table=True):
    """Local days, both included, on which a deputy also gets what the person would get."""

    id: int | None = Field(default=None, primary_key=True)
    officer_id: str = Field(foreign_key="officer.id", index=True)
    first: date
    last: date
    deputy_id: str = Field(foreign_key="officer.id")
    recorded_at: datetime


class OfficerRole(Row, table=True):
    __tablename__ = "officer_role"
    __table_args__ = (one_of("role", ROLES),)
    officer_id: str = Field(primary_key=True, foreign_key="officer.id")
    role: str = Field(primary_key=True)
