"""Companies that are parties to cases, their former names, contacts, codes and band assessments."""

from datetime import date, datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from workflow.models.base import Row, one_of


class Company(Row, table=True):
    __table_args__ = (UniqueConstraint("scheme", "identifier"),)
    id: int | None = Field(default=None, primary_key=True)
    scheme: str
    identifier: str
    name: str
    account_manager_id: str | None = Field(default=None, foreign_key="officer.id", index=True)
    check_letter_reason: str = ""  # why an identifier with a wrong check letter was accepted
    created_at: datetime


class CompanyName(Row, table=True):
    """A name and since when; the newest is also in `company.name`."""

    __tablename__ = "company_name"
    id: int | None = Field(default=None, primary_key=True)
    company_id: int = Field(foreign_key="company.id", index=True)
    name: str
    since: datetime


class AccountManagerTerm(Row, table=True):
    """Who is account manager since when, nobody included; the newest is also in `company.account_manager_id`. Final."""

    __tablename__ = "account_manager_term"
    id: int | None = Field(default=None, primary_key=True)
    company_id: int = Field(foreign_key="company.id", index=True)
    officer_id: str | None = Field(default=None, foreign_key="officer.id")
    since: datetime


class Contact(Row, table=True):
    __table_args__ = (UniqueConstraint("company_id", "email"),)
    id: int | None = Field(default=None, primary_key=True)
    company_id: int = Field(foreign_key="company.id")
    email: str
    name: str = ""


class Site(Row, table=True):
    """A place where a company operates; criteria and visits may be per site."""

    __table_args__ = (UniqueConstraint("company_id", "name"),)
    id: int | None = Field(default=None, primary_key=True)
    company_id: int = Field(foreign_key="company.id")
    name: str
    added_at: datetime


class AeoCode(Row, table=True):
    """A company's code in a programme family: kept through renewal, re-issue and change of level, never reused."""

    __tablename__ = "aeo_code"
    company_id: int = Field(primary_key=True, foreign_key="company.id")
    family: str = Field(primary_key=True)
    code: str = Field(unique=True)


class BandAssessment(Row, table=True):
    """A TradeFIRST band as assessed on site; final, a newer one takes its place."""

    __tablename__ = "band_assessment"
    __table_args__ = (one_of("band", ("Basic", "Standard", "Intermediate", "Enhanced", "Premium")),)
    id: int | None = Field(default=None, primary_key=True)
    company_id: int = Field(foreign_key="company.id", index=True)
    band: str
    assessed_on: date
    valid_until: date | None = None  # none for a band without a stated period
    assessor_id: str = Field(foreign_key="officer.id")
    recorded_at: datetime
