"""Requests for information: what a company is asked while its case waits, and what it answered."""

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import Field

from workflow.access import Area
from workflow.operations.answer_information import answer_information
from workflow.operations.ask_information import ask_information
from workflow.reports import case_file
from workflow.web.api.changes import OnceChanged
from workflow.web.api.cursors import whole
from workflow.web.api.routing import PREFIX, also
from workflow.web.api.shapes import (
    Changed,
    Day,
    Given,
    Reference,
    Text,
    Told,
    Version,
    changed_example,
    example,
    given_example,
    page_of,
)
from workflow.web.guard import see
from workflow.web.site import Here, Who


class InformationRequest(Told):
    """A question to the company."""

    number: int
    cycle: int
    question: str
    asked_at: datetime
    reply_by: date
    received_on: date | None
    answer: str
    status: str = Field(description="open, answered or left open.")
    model_config = example(
        number=1,
        cycle=1,
        question="Which of the two warehouses holds the bonded goods?",
        asked_at="2026-11-10T02:00:00Z",
        reply_by="2026-11-24",
        received_on=None,
        answer="",
        status="open",
    )


class Question(Given):
    """What the company is asked; it reads this text."""

    question: Text
    reply_by: Day | None = Field(default=None, description="The day by which it answers; as the programme says.")
    version: Version
    model_config = given_example(question="Which warehouse holds the bonded goods?", reply_by="2026-12-07")


class Asked(Changed):
    """The request's number and day."""

    number: int
    reply_by: date
    model_config = changed_example(
        "Request 1 of STP-2026-000123 is put to the company.", number=1, reply_by="2026-12-07"
    )


class Reply(Given):
    """What the company answered."""

    text: Text = ""
    received_on: Day | None = Field(default=None, description="The day it arrived; today where it is left out.")
    version: Version
    model_config = given_example(text="The one at Tuas.", received_on="2026-12-01")


class Answered(Changed):
    """What is still open."""

    open: int = Field(description="How many requests have no answer yet.")
    approval: int | None = Field(default=None, description="Set where a second person must confirm the day.")
    model_config = changed_example("The answer to request 1 of STP-2026-000123 is recorded.", open=0)


InformationRequests = page_of(InformationRequest, "InformationRequests")


def add_to(made: APIRouter) -> None:
    at = f"{PREFIX}/applications/{{reference}}/requests"

    @made.get(at, tags=["information"], response_model=InformationRequests)
    @see(Area.CASES)
    def list_requests(site: Here, who: Who, reference: Reference) -> Any:
        """List every request of a case with its deadline and answer."""
        with site.office.database.snapshot() as connection:
            return whole(case_file.requests(connection, reference=reference, viewer=who.person))

    @made.post(at, tags=["information"], status_code=201, response_model=Asked)
    @also(412)
    @see(Area.CASES)
    def ask_company(case: OnceChanged, body: Question) -> Any:
        """Ask one more question while the case awaits information; the first is asked by request_information."""
        return case.change(ask_information, body)

    @made.post(f"{at}/{{number}}/answer", tags=["information"], status_code=201, response_model=Answered)
    @also(412)
    @see(Area.CASES)
    def record_reply(
        case: OnceChanged,
        number: Annotated[int, Path(ge=1, le=2**31 - 1, description="The request's number.", examples=[1])],
        body: Reply,
    ) -> Any:
        """Record the company's answer to one request; supply_information moves the case on when all are answered."""
        return case.change(answer_information, body, number=number)
