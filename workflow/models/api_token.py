"""Tokens for programs and the command line: a digest, the roles they are cut to, and until when."""

from datetime import datetime

from sqlmodel import Field

from workflow.models.base import Row


class ApiToken(Row, table=True):
    __tablename__ = "api_token"
    id: str = Field(primary_key=True)  # opaque, names the token in the trail and in lists
    token_sha256: str = Field(unique=True)
    officer_id: str = Field(foreign_key="officer.id", index=True)
    name: str
    roles: str  # separated by commas; what the person does not hold any more counts for nothing
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None = None  # written at most once a minute
    revoked_at: datetime | None = None
