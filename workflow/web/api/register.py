"""The register: companies that are certified on a day and consented to be named."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import Field
from starlette.requests import Request

from states.dates import local_day
from workflow import inputs
from workflow.access import Area
from workflow.reports.register import listed
from workflow.web.api.cursors import USUAL, Cursor, Limit, cursor_of, paged, place_of
from workflow.web.api.routing import PREFIX
from workflow.web.api.shapes import Day, Told, example, page_of
from workflow.web.guard import see
from workflow.web.rendering import zone_of
from workflow.web.site import Here


class RegisteredCertificate(Told):
    """A certificate in force or suspended on the day."""

    number: str
    company: str
    uen: str
    programme: str
    valid_from: date
    valid_until: date
    aeo_code: str | None
    standing: str
    note: str = Field(description="What the public reads of one that is suspended.")
    model_config = example(
        number="STP-C-000045",
        company="Quillhaven Logistics Pte. Ltd.",
        uen="201890417D",
        programme="STP",
        valid_from="2026-12-01",
        valid_until="2029-11-30",
        aeo_code="SGAEO000045",
        standing="in_force",
        note="",
    )


Register = page_of(RegisteredCertificate, "Register")


def add_to(made: APIRouter) -> None:
    @made.get(f"{PREFIX}/register", tags=["reading"], response_model=Register)
    @see(Area.COMPANIES)
    def list_register(
        request: Request,
        response: Response,
        site: Here,
        as_at: Annotated[
            Day | None, Query(description="The day, today or before; default: today.", examples=["2026-12-31"])
        ] = None,
        programme: Annotated[str, Query(description="Only this programme.", max_length=20, examples=["STP"])] = "",
        limit: Limit = USUAL,
        cursor: Cursor = "",
    ) -> Any:
        """List certificates in force or suspended on a day, of companies that consented to be named."""
        place = place_of(cursor, str)
        today = local_day(site.clock(), zone_of(request))
        day = inputs.not_future(as_at or today, today, "The day of the register")
        with site.office.database.snapshot() as connection:
            rows = listed(connection, site.office, day, programme, consenting_only=True)
        later = [row for row in rows if place is None or row["number"] > place[0]]
        return paged(request, response, later[: limit + 1], limit, lambda row: cursor_of(row["number"]))
