"""Messages with their fate."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field
from starlette.requests import Request

from workflow.access import Area
from workflow.reports import outbox
from workflow.web.api.cursors import USUAL, Cursor, Limit, cursor_of, paged, place_of
from workflow.web.api.routing import PREFIX, also
from workflow.web.api.shapes import Told, example, example_of, page_of
from workflow.web.guard import see
from workflow.web.site import Here, Who


class DeliveryStatus(StrEnum):
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    IN_DOUBT = "in_doubt"
    SUPPRESSED = "suppressed"


class Notification(Told):
    """A message to one recipient."""

    id: int
    message: str = Field(description="Which message, such as application_received.")
    recipient: str = Field(description="Whom it is for: a contact, an officer, the account manager or the assignee.")
    message_id: str
    status: str
    attempts: int
    last_reply: str = Field(description="What the mail server said last, or who marked it as arrived.")
    created_at: datetime
    address: str = Field(description="Where it went, once known.")
    application: str | None
    model_config = example(
        id=88,
        message="application_received",
        recipient="contact:3",
        message_id="<5d2b.88@casework.customs.example>",
        status="sent",
        attempts=1,
        last_reply="250 OK",
        created_at="2026-11-02T01:12:00Z",
        address="trade@quillhaven.example",
        application="STP-2026-000123",
    )


class Try(Told):
    """One try to deliver."""

    at: datetime
    outcome: str
    reply: str
    address: str
    model_config = example(
        at="2026-11-02T01:12:05Z", outcome="sent", reply="250 OK", address="trade@quillhaven.example"
    )


class NotificationWithTries(Told):
    """A message with every try."""

    id: int
    message: str
    recipient: str
    message_id: str
    status: str
    attempts: int
    created_at: datetime
    address: str
    payload: dict[str, Any] = Field(description="What the message says, for its templates.")
    tries: list[Try]
    model_config = example(
        id=88,
        message="application_received",
        recipient="contact:3",
        message_id="<5d2b.88@casework.customs.example>",
        status="sent",
        attempts=1,
        created_at="2026-11-02T01:12:00Z",
        address="trade@quillhaven.example",
        payload={"reference": "STP-2026-000123"},
        tries=[example_of(Try)],
    )


Notifications = page_of(Notification, "Notifications")


def add_to(made: APIRouter) -> None:
    @made.get(f"{PREFIX}/notifications", tags=["reading"], response_model=Notifications)
    @also(404)
    @see(Area.MESSAGES)
    def list_notifications(
        request: Request,
        response: Response,
        site: Here,
        who: Who,
        status: Annotated[
            DeliveryStatus | None, Query(description="Only those of this status.", examples=["failed"])
        ] = None,
        application: Annotated[
            str, Query(description="Only those of this case.", max_length=60, examples=["STP-2026-000123"])
        ] = "",
        limit: Limit = USUAL,
        cursor: Cursor = "",
    ) -> Any:
        """List messages that you may see, newest first."""
        place = place_of(cursor, int)
        with site.office.database.snapshot() as connection:
            rows = outbox.messages(
                connection,
                viewer=who.person,
                status=status or "",
                reference=application,
                before=place[0] if place else 0,
                limit=limit + 1,
            )
        return paged(request, response, rows, limit, lambda row: cursor_of(row["id"]))

    @made.get(f"{PREFIX}/notifications/{{notification}}", tags=["reading"], response_model=NotificationWithTries)
    @see(Area.MESSAGES)
    def show_notification(
        site: Here,
        who: Who,
        notification: Annotated[int, Path(ge=1, le=2**31 - 1, description="The message's number.", examples=[88])],
    ) -> Any:
        """Show a message with what it says and every try to deliver it."""
        with site.office.database.snapshot() as connection:
            return outbox.message(connection, notification, viewer=who.person)
