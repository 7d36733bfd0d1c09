"""Requests that carried a key: the same key from the same person gets the same answer instead of a second effect."""

from datetime import datetime

from sqlmodel import Field

from workflow.models.base import Row


class IdempotencyKey(Row, table=True):
    __tablename__ = "idempotency_key"
    actor_id: str = Field(primary_key=True)
    route: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    body_sha256: str
    answer: str  # JSON
    at: datetime
