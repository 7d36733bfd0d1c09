"""What waits for a second person: list, confirm, refuse."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from starlette.requests import Request

from workflow.access import Area
from workflow.operations.decide_approval import confirm_approval, refuse_approval
from workflow.reports.approvals import approvals
from workflow.web.api.changes import Key, change
from workflow.web.api.cursors import USUAL, Cursor, Limit, cursor_of, paged, place_of
from workflow.web.api.routing import PREFIX
from workflow.web.api.shapes import Given, Sentence, Text, Told, example, given_example, page_of
from workflow.web.guard import see
from workflow.web.site import Here, Who, act_of

Id = Annotated[int, Path(ge=1, le=2**31 - 1, description="The approval's number.", examples=[5])]


class Status(StrEnum):
    OPEN = "open"
    CONFIRMED = "confirmed"
    REFUSED = "refused"


class Approval(Told):
    """What one person alone may not do."""

    id: int
    kind: str
    application: str | None
    sentence: Sentence
    requested_by: str
    requested_at: datetime
    confirm_by: date | None
    status: str
    reason: str | None
    model_config = example(
        id=5,
        kind="document_waiver",
        application="STP-2026-000123",
        sentence="Do without a required document, Financial statements: STP-2026-000123.",
        requested_by="Adeline Goh",
        requested_at="2026-11-12T03:00:00Z",
        confirm_by=None,
        status="open",
        reason="",
    )


class Confirmation(Given):
    """Nothing more is said."""

    model_config = given_example()


class Refusal(Given):
    """Why not."""

    reason: Text
    model_config = given_example(reason="The accounts are a year old by now; ask for them.")


class ApprovalDecided(Told):
    """What became of it."""

    sentence: Sentence
    approval: int
    status: str
    reference: str | None = None
    state: str | None = None
    cycle: int | None = None
    version: int | None = None
    model_config = example(sentence="No. 5 is confirmed.", approval=5, status="confirmed")


Approvals = page_of(Approval, "Approvals")


def add_to(made: APIRouter) -> None:
    at = f"{PREFIX}/approvals"

    @made.get(at, tags=["approvals"], response_model=Approvals)
    @see(Area.CASES)
    def list_approvals(
        request: Request,
        response: Response,
        site: Here,
        who: Who,
        status: Annotated[Status, Query(description="Only those of this status.", examples=["open"])] = Status.OPEN,
        limit: Limit = USUAL,
        cursor: Cursor = "",
    ) -> Any:
        """List what waits for a second person, or did, oldest first."""
        place = place_of(cursor, int)
        after = place[0] if place else 0
        with site.office.database.snapshot() as connection:
            rows = [row for row in approvals(connection, viewer=who.person, status=status) if row["id"] > after]
        return paged(request, response, rows[: limit + 1], limit, lambda row: cursor_of(row["id"]))

    @made.post(f"{at}/{{approval}}/confirmation", tags=["approvals"], response_model=ApprovalDecided)
    @see(Area.CASES)
    def confirm_approval_(request: Request, response: Response, approval: Id, body: Confirmation, key: Key = "") -> Any:
        """Confirm what another person asked for, which is then done. Refused when the rules do not allow it any more."""
        return change(
            request,
            response,
            lambda office: confirm_approval(office, approval_id=approval, act=act_of(request)),
            body=body.model_dump(),
            key=key,
        )

    @made.post(f"{at}/{{approval}}/refusal", tags=["approvals"], response_model=ApprovalDecided)
    @see(Area.CASES)
    def refuse_approval_(request: Request, response: Response, approval: Id, body: Refusal, key: Key = "") -> Any:
        """Refuse what another person asked for. What was done at once, as an emergency, is lifted."""
        return change(
            request,
            response,
            lambda office: refuse_approval(office, approval_id=approval, reason=body.reason, act=act_of(request)),
            body=body.model_dump(),
            key=key,
        )
