"""The outbox: one row per message, cause and recipient, with every try and the server's reply."""

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field

from workflow.models.base import Row, one_of

STATUSES = ("queued", "sending", "sent", "failed", "in_doubt", "suppressed")


class Notification(Row, table=True):
    __table_args__ = (
        UniqueConstraint("message", "cause", "recipient", "resend_no"),
        one_of("status", STATUSES),
        Index("ix_notification_due", "status", "next_try_at", "id"),
    )
    id: int | None = Field(default=None, primary_key=True)
    application_id: int | None = Field(default=None, foreign_key="application.id", index=True)
    message: str
    cause: str  # "decision:12" or "planned:34"
    recipient: (
        str  # "contact:3", "company" without one, "officer:ID", "account_manager", "assignee": found at send time
    )
    resend_no: int = 0
    message_id: str = Field(unique=True)
    payload: str  # JSON for the templates
    address: str = ""  # where it went, once known
    person: str = ""  # whom it reached there: an officer's id or a contact's token
    bundled: bool = False  # goes out with others to the same colleague, one mail a day
    bundled_into: int | None = Field(default=None, foreign_key="notification.id")  # the row whose mail carried it
    status: str = "queued"
    created_at: datetime
    next_try_at: datetime | None = None
    lease_until: datetime | None = None
    fence: int = 0  # rises with every claim, so that a late worker cannot settle another's row
    attempts: int = 0
    resends: int = 0  # tries after an answer that never came
    settled_at: datetime | None = None
    last_reply: str = ""


class DeliveryAttempt(Row, table=True):
    __tablename__ = "delivery_attempt"
    id: int | None = Field(default=None, primary_key=True)
    notification_id: int = Field(foreign_key="notification.id", index=True)
    at: datetime
    address: str
    person: str = ""
    outcome: str
    reply: str


class SuppressedAddress(Row, table=True):
    """An address to which nothing is sent any more, until somebody releases it."""

    __tablename__ = "suppressed_address"
    id: int | None = Field(default=None, primary_key=True)
    address: str = Field(index=True)  # in lower case
    reason: str
    since: datetime
    notification_id: int | None = Field(default=None, foreign_key="notification.id")
    released_at: datetime | None = None
    released_by: str | None = None
    release_reason: str = ""
