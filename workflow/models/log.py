"""The log over the trail: what was signed, and the hashes that make proofs quick. Final."""

from datetime import datetime

from sqlmodel import Field

from workflow.models.base import Row


class Checkpoint(Row, table=True):
    """A signed statement of the log's size and root; it leaves the machine."""

    id: int | None = Field(default=None, primary_key=True)
    origin: str
    size: int = Field(index=True)
    root: str  # hex
    note: str  # the signed note
    signed_at: datetime


class LogNode(Row, table=True):
    """The hash over 2^level entries from number * 2^level on, once they are all there."""

    __tablename__ = "log_node"
    level: int = Field(primary_key=True)  # from 8: what is smaller is hashed from the entries
    number: int = Field(primary_key=True)
    hash: str  # hex
