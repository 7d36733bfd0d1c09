"""Sign-ins that were tried and did not succeed, counted so that all processes slow down together. No address in clear."""

from datetime import datetime

from sqlmodel import Field

from workflow.models.base import Row, one_of


class SignInCount(Row, table=True):
    """One account or one network address, known or not, in its present window."""

    __tablename__ = "sign_in_count"
    __table_args__ = (one_of("about", ("account", "address")),)
    about: str = Field(primary_key=True)
    digest: str = Field(primary_key=True)
    since: datetime  # when the window began
    failed: int  # tries that count against the limit, those on their way included
    officer_id: str | None = Field(default=None, foreign_key="officer.id")
    refused: int = 0  # tries of this window that failed
    told: int = 0  # of these, how many the trail tells already
    last_at: datetime
