"""Documents: content-addressed by SHA-256, immutable, kept in the database so that one backup holds everything."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from workflow.models.base import Row


class Document(Row, table=True):
    __table_args__ = (UniqueConstraint("application_id", "cycle", "kind", "filename", "version"),)
    id: int | None = Field(default=None, primary_key=True)
    application_id: int = Field(foreign_key="application.id")
    cycle: int
    kind: str
    filename: str
    version: int
    media_type: str
    size: int  # bytes
    sha256: str = Field(index=True)
    added_by: str
    added_at: datetime


class DocumentWithdrawal(Row, table=True):
    """A document that does not count any more, because it was filed again elsewhere; the document itself stays."""

    __tablename__ = "document_withdrawal"
    document_id: int = Field(primary_key=True, foreign_key="document.id")
    reason: str
    approval_id: int = Field(foreign_key="approval.id")
    at: datetime


class DocumentWaiver(Row, table=True):
    """A required document that a case may do without in a cycle; two people agreed."""

    __tablename__ = "document_waiver"
    application_id: int = Field(primary_key=True, foreign_key="application.id")
    cycle: int = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    reason: str
    approval_id: int = Field(foreign_key="approval.id")
    at: datetime


class DocumentChunk(Row, table=True):
    """At most 256 KiB of a content; the same content is kept once."""

    __tablename__ = "document_chunk"
    sha256: str = Field(primary_key=True)
    part: int = Field(primary_key=True)
    content: bytes
