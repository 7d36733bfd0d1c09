"""Visits of a case, planned and held."""

from datetime import date
from typing import Any

from fastapi import APIRouter
from pydantic import Field

from workflow.access import Area
from workflow.operations.plan_visit import plan_visit
from workflow.operations.record_visit import record_visit
from workflow.reports import case_file
from workflow.web.api.changes import OnceChanged
from workflow.web.api.cursors import whole
from workflow.web.api.routing import PREFIX, also
from workflow.web.api.shapes import (
    Changed,
    Day,
    Given,
    Line,
    Number,
    Reference,
    Told,
    Version,
    changed_example,
    example,
    given_example,
    page_of,
)
from workflow.web.guard import see
from workflow.web.site import Here, Who


class Visit(Told):
    """A visit."""

    id: int
    cycle: int
    site: str = Field(description="Empty for the whole company.")
    mode: str = Field(description="on_site, virtual or desk.")
    planned_on: date | None
    held_on: date | None
    report: int | None = Field(description="The document with the report.")
    officer: str | None
    model_config = example(
        id=3,
        cycle=1,
        site="Tuas warehouse",
        mode="on_site",
        planned_on="2026-11-20",
        held_on="2026-11-20",
        report=14,
        officer="Adeline Goh",
    )


class HeldVisit(Given):
    """A visit that was held."""

    held_on: Day
    report: Number = Field(description="A document of the case of kind visit_report.")
    site: Line = Field(default="", description="One site; empty for the whole company.")
    mode: Line = Field(default="", description="on_site, virtual or desk; as planned where it is left out.")
    version: Version
    model_config = given_example(held_on="2026-11-20", report=14, site="Tuas warehouse")


class PlannedVisit(Given):
    """A visit to come."""

    planned_on: Day = Field(description="Today or later.")
    site: Line = Field(default="", description="One site; empty for the whole company.")
    mode: Line = Field(default="on_site", description="on_site, virtual or desk.")
    version: Version
    model_config = given_example(planned_on="2026-12-04", site="Tuas warehouse", mode="on_site")


class VisitRecorded(Changed):
    """The visit's number."""

    visit: int
    model_config = changed_example(
        "The visit of 2026-11-20 to the company of STP-2026-000123 is recorded.", visit=3, state="validation"
    )


Visits = page_of(Visit, "Visits")


def add_to(made: APIRouter) -> None:
    at = f"{PREFIX}/applications/{{reference}}/visits"

    @made.get(at, tags=["visits"], response_model=Visits)
    @see(Area.CASES)
    def list_visits(site: Here, who: Who, reference: Reference) -> Any:
        """List every visit of a case, planned or held, by day."""
        with site.office.database.snapshot() as connection:
            return whole(case_file.visits(connection, reference=reference, viewer=who.person))

    @made.post(at, tags=["visits"], status_code=201, response_model=VisitRecorded)
    @also(412)
    @see(Area.CASES)
    def record_visit_(case: OnceChanged, body: HeldVisit) -> Any:
        """Record a held visit with its report; the earliest open plan of the site is then fulfilled."""
        return case.change(record_visit, body)

    @made.post(f"{at}/planned", tags=["visits"], status_code=201, response_model=VisitRecorded)
    @also(412)
    @see(Area.CASES)
    def plan_visit_(case: OnceChanged, body: PlannedVisit) -> Any:
        """Plan a visit; the company is told."""
        return case.change(plan_visit, body)
