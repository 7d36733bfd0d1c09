"""Each loaded programme definition, stored once; machines are built from here, never from the shipped file."""

from datetime import datetime

from sqlmodel import Field

from workflow.models.base import Row


class ProgrammeEdition(Row, table=True):
    __tablename__ = "programme_edition"
    code: str = Field(primary_key=True)
    edition: str = Field(primary_key=True)
    canonical: str
    sha256: str
    installed_at: datetime


class ProgrammeAcceptance(Row, table=True):
    """An administration confirmed the criteria of an edition as its own."""

    __tablename__ = "programme_acceptance"
    code: str = Field(primary_key=True)
    edition: str = Field(primary_key=True)
    accepted_by: str
    accepted_at: datetime
