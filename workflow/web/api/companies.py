"""Companies that are parties to cases, and the band that was assessed for one."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field
from starlette.requests import Request

from workflow.access import Area
from workflow.operations.set_band import set_band
from workflow.reports import companies
from workflow.web.api.changes import Key, change
from workflow.web.api.cursors import USUAL, Cursor, Limit, cursor_of, paged, place_of
from workflow.web.api.routing import PREFIX
from workflow.web.api.shapes import Day, Given, Line, Told, example, given_example, page_of
from workflow.web.guard import see
from workflow.web.site import Here, Who, act_of


class Company(Told):
    """A company with its sites and cases."""

    scheme: str
    uen: str
    name: str
    account_manager: str | None
    since: datetime
    sites: list[str]
    applications: list[str] = Field(description="References of its cases, oldest first.")
    model_config = example(
        scheme="SG-UEN",
        uen="201890417D",
        name="Quillhaven Logistics Pte. Ltd.",
        account_manager="Dewi Lestari",
        since="2026-11-02T01:12:00Z",
        sites=["Tuas warehouse"],
        applications=["STP-2026-000123"],
    )


class Band(Given):
    """A band as assessed on site."""

    band: Line = Field(description="Basic, Standard, Intermediate, Enhanced or Premium.")
    assessed_on: Day
    model_config = given_example(band="Premium", assessed_on="2026-11-20")


class BandRecorded(Told):
    """What was recorded."""

    sentence: str
    model_config = example(sentence="Band Premium of 201890417D is recorded.")


Companies = page_of(Company, "Companies")


def add_to(made: APIRouter) -> None:
    @made.get(f"{PREFIX}/companies", tags=["reading"], response_model=Companies)
    @see(Area.COMPANIES)
    def list_companies(
        request: Request,
        response: Response,
        site: Here,
        who: Who,
        uen: Annotated[str, Query(description="Only this one.", max_length=20, examples=["201890417D"])] = "",
        limit: Limit = USUAL,
        cursor: Cursor = "",
    ) -> Any:
        """List the companies that you may see, in the order in which they came."""
        place = place_of(cursor, int)
        with site.office.database.snapshot() as connection:
            rows = companies.list_(
                connection, viewer=who.person, uen=uen, after_id=place[0] if place else 0, limit=limit + 1
            )
        return paged(request, response, rows, limit, lambda row: cursor_of(row["id"]))

    @made.post(f"{PREFIX}/companies/{{uen}}/bands", tags=["companies"], status_code=201, response_model=BandRecorded)
    @see(Area.COMPANIES)
    def set_band_(
        request: Request,
        response: Response,
        uen: Annotated[
            str, Path(description="The company's UEN.", examples=["201890417D"], min_length=1, max_length=20)
        ],
        body: Band,
        key: Key = "",
    ) -> Any:
        """Record the band that was assessed on site; a newer one takes its place, none is changed."""
        return change(
            request,
            response,
            lambda office: set_band(office, uen=uen, act=act_of(request), **body.model_dump()),
            body=body.model_dump(),
            key=key,
        )
