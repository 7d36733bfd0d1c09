"""A run of an import: what was read, from which file, and how far it got, so that it can be resumed."""

from datetime import datetime

from sqlmodel import Field

from workflow.models.base import Row


class ImportRun(Row, table=True):
    __tablename__ = "import_run"
    id: int | None = Field(default=None, primary_key=True)
    kind: str
    filename: str
    sha256: str = Field(index=True)
    started_at: datetime
    finished_at: datetime | None = None
    rows_read: int = 0  # committed so far: where a resumed run goes on
    added: int = 0
    changed: int = 0
    rejected: int = 0
