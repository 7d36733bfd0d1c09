"""The calendar: everything the clock will do, and what became of it."""

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import Field
from starlette.requests import Request

from workflow.access import Area
from workflow.errors import BadInput
from workflow.reports.calendar import calendar
from workflow.store import people
from workflow.web.api.cursors import USUAL, Cursor, Limit, cursor_of, no_cursor, paged, place_of
from workflow.web.api.routing import PREFIX, also
from workflow.web.api.shapes import Day, Told, example, page_of
from workflow.web.guard import see
from workflow.web.site import Here, Who

_LONGEST = 3 * 366  # days: a whole term


class PlannedAction(Told):
    """Something the clock owes."""

    application: str
    company_name: str
    certificate: str | None
    valid_from: date | None
    valid_until: date | None
    rule: str = Field(description="The rule of the programme that plans it.")
    due_on: date
    due_at: datetime
    audience: str
    message: str = Field(description="The message that is sent, or the trigger that is fired.")
    status: str
    model_config = example(
        application="STP-2026-000123",
        company_name="Quillhaven Logistics Pte. Ltd.",
        certificate="STP-C-000045",
        valid_from="2026-12-01",
        valid_until="2029-11-30",
        rule="R3",
        due_on="2029-06-03",
        due_at="2029-06-03T01:00:00Z",
        audience="company,account_manager",
        message="renewal_reminder",
        status="planned",
    )


Calendar = page_of(PlannedAction, "Calendar")


def add_to(made: APIRouter) -> None:
    @made.get(f"{PREFIX}/calendar", tags=["reading"], response_model=Calendar)
    @also(404)
    @see(Area.CALENDAR)
    def list_calendar(
        request: Request,
        response: Response,
        site: Here,
        who: Who,
        first: Annotated[Day, Query(alias="from", description="The first day.", examples=["2029-01-01"])],
        last: Annotated[Day, Query(alias="to", description="The last day, also included.", examples=["2029-12-31"])],
        account_manager: Annotated[
            str,
            Query(description="Only this one's companies.", max_length=254, examples=["dewi.lestari@customs.example"]),
        ] = "",
        limit: Limit = USUAL,
        cursor: Cursor = "",
    ) -> Any:
        """List planned actions of the cases that you may see, by the instant when they are due."""
        if (last - first).days > _LONGEST:
            raise BadInput("SPAN", f"A calendar spans {_LONGEST} days at most. Ask for it in parts.", field="to")
        place = place_of(cursor, str, str, int)
        with site.office.database.snapshot() as connection:
            manager = people.known_by_email(connection, account_manager).id if account_manager else ""
            rows = calendar(
                connection,
                site.office,
                viewer=who.person,
                first=first,
                last=last,
                account_manager_id=manager,
                after=(_instant(place[0]), place[1], place[2]) if place else None,
                limit=limit + 1,
            )
        return paged(
            request,
            response,
            rows,
            limit,
            lambda row: cursor_of(row["due_at"].isoformat(), row["application"], row["planned_id"]),
        )


def _instant(text: str) -> datetime:
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise no_cursor() from None
    if read.tzinfo is None:
        raise no_cursor()
    return read
