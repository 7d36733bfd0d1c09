"""What proves that somebody is the person: a password's hash, a code's sealed secret, an account at the provider."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from workflow.models.base import Row


class Credential(Row, table=True):
    __table_args__ = (UniqueConstraint("oidc_issuer", "oidc_subject"),)
    officer_id: str = Field(primary_key=True, foreign_key="officer.id")
    password_hash: str = ""  # argon2id; empty: no password leads in
    password_changed_at: datetime | None = None
    code_secret: str = ""  # sealed; empty: no codes
    code_since: datetime | None = None
    code_last_step: int | None = None  # a code that was used, and every earlier one, is not taken again
    oidc_issuer: str | None = None
    oidc_subject: str | None = None
