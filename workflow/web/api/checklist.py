"""The checklist of a case: answers, assessments, corrective actions."""

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import Field

from workflow.access import Area
from workflow.operations.answer_criterion import answer_criterion
from workflow.operations.assess_criterion import assess_answers, assess_criterion
from workflow.operations.close_action import close_action
from workflow.operations.confirm_answers import confirm_answers
from workflow.reports import case_file
from workflow.web.api.changes import AgainChanged, OnceChanged
from workflow.web.api.cursors import whole
from workflow.web.api.routing import PREFIX, also
from workflow.web.api.shapes import (
    Changed,
    Day,
    Given,
    Line,
    Mandatory,
    Number,
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

Criterion = Annotated[str, Path(description="The criterion's code.", examples=["TF1.1"], min_length=1, max_length=60)]
Site = Annotated[Line, Field(default="", description="One site, of a criterion per site; empty for all of them.")]


class Point(Told):
    """A criterion, per site where it is asked so, with the answer and what an officer found."""

    criterion: str
    site: str
    text: str
    scope: str = Field(description="entity or site.")
    mandatory: Mandatory = Field(description="Null where no source says.")
    instrument: str
    section: str
    cycle: int | None
    answer: str | None = Field(description="yes, no, na, or null before there is one.")
    remark: str
    documents: list[int] = Field(description="The numbers of the documents that support the answer.")
    assessment: str | None = Field(description="met, action, unmet, ask, or null.")
    note: str
    due_on: date | None
    closed_at: datetime | None
    finding: int | None
    model_config = example(
        criterion="TF1.1",
        site="",
        text="The company keeps its records for five years.",
        scope="entity",
        mandatory=True,
        instrument="TF",
        section="TF1",
        cycle=1,
        answer="yes",
        remark="",
        documents=[12],
        assessment="met",
        note="Seen on site.",
        due_on=None,
        closed_at=None,
        finding=31,
    )


class Answer(Given):
    """The company's answer to a criterion."""

    answer: Line = Field(description="yes, no or na.")
    documents: list[Number] = Field(default=[], max_length=100, description="Documents that support it.")
    remark: Text = ""
    site: Site
    version: Version
    model_config = given_example(answer="yes", documents=[12], version=4)


class AnswerRecorded(Changed):
    """What was recorded."""

    sites: list[str] = Field(default=[], description="The sites that it counts for.")
    model_config = changed_example("Criterion TF1.1 of STP-2026-000123 is answered yes.", sites=[])


class Assessment(Given):
    """What an officer found about an answer."""

    assessment: Line = Field(description="met, action, unmet or ask.")
    note: Text = ""
    site: Site
    due_on: Day | None = Field(default=None, description="The day by which a corrective action is due.")
    version: Version
    model_config = given_example(assessment="action", note="Lock the cage.", due_on="2027-03-31", version=5)


class OfSection(Given):
    """Which answers: of one section, or of all."""

    section: Line = Field(default="", description="The section's code; empty for all.")
    instrument: Line = Field(default="", description="The instrument, where two have such a section.")
    version: Version
    model_config = given_example(section="TF1")


class AssessedAll(Changed):
    """Which answers were assessed met."""

    assessed: list[str]
    model_config = changed_example("1 answers of STP-2026-000123 are assessed met.", assessed=["TF1.1"])


class CorrectiveAction(Told):
    """What a company must put right."""

    id: int
    cycle: int
    criterion: str
    site: str
    note: str
    due_on: date | None
    status: str = Field(description="open or closed.")
    closed_at: datetime | None
    evidence: str
    model_config = example(
        id=31,
        cycle=1,
        criterion="TF1.1",
        site="",
        note="Lock the cage.",
        due_on="2027-03-31",
        status="open",
        closed_at=None,
        evidence="",
    )


class Closing(Given):
    """How an officer saw that it was put right."""

    evidence: Text
    version: Version
    model_config = given_example(evidence="A photograph of the new lock, document 15.")


Checklist = page_of(Point, "Checklist")
CorrectiveActions = page_of(CorrectiveAction, "CorrectiveActions")


def add_to(made: APIRouter) -> None:
    at_one = f"{PREFIX}/applications/{{reference}}"

    @made.get(f"{at_one}/checklist", tags=["checklist"], response_model=Checklist)
    @see(Area.CASES)
    def list_checklist(
        site: Here,
        who: Who,
        reference: Reference,
        drafts: Annotated[
            bool, Query(description="Only the last cycle's answers that wait to be confirmed.", examples=[False])
        ] = False,
    ) -> Any:
        """List every criterion, per site, with its answer and what was found."""
        with site.office.database.snapshot() as connection:
            return whole(
                case_file.checklist(connection, site.office, reference=reference, viewer=who.person, only_drafts=drafts)
            )

    @made.put(f"{at_one}/checklist/{{criterion}}/answer", tags=["checklist"], response_model=AnswerRecorded)
    @also(412, 428)
    @see(Area.CASES)
    def record_answer(case: AgainChanged, criterion: Criterion, body: Answer) -> Any:
        """Record the company's answer; a changed one must be assessed again."""
        return case.change(answer_criterion, body, criterion=criterion, needed=True)

    @made.put(f"{at_one}/checklist/{{criterion}}/assessment", tags=["checklist"], response_model=Changed)
    @also(412, 428)
    @see(Area.CASES)
    def record_assessment(case: AgainChanged, criterion: Criterion, body: Assessment) -> Any:
        """Record what an officer found about an answer."""
        return case.change(assess_criterion, body, criterion=criterion, needed=True)

    @made.post(f"{at_one}/checklist/assessments", tags=["checklist"], response_model=AssessedAll)
    @also(412)
    @see(Area.CASES)
    def assess_all(case: OnceChanged, body: OfSection) -> Any:
        """Assess met every open answer that has its evidence, of one section or of all."""
        return case.change(assess_answers, body)

    @made.post(f"{at_one}/checklist/confirmations", tags=["checklist"], response_model=Changed)
    @also(412)
    @see(Area.CASES)
    def confirm_answers_(case: OnceChanged, body: OfSection) -> Any:
        """Take the last cycle's answers of a section over, with their documents; they are assessed anew."""
        return case.change(confirm_answers, body)

    @made.get(f"{at_one}/corrective-actions", tags=["checklist"], response_model=CorrectiveActions)
    @see(Area.CASES)
    def list_corrective_actions(site: Here, who: Who, reference: Reference) -> Any:
        """List what the company must put right, open ones first and by day."""
        with site.office.database.snapshot() as connection:
            return whole(case_file.actions(connection, reference=reference, viewer=who.person))

    @made.post(f"{at_one}/corrective-actions/{{finding}}/closing", tags=["checklist"], response_model=Changed)
    @also(412)
    @see(Area.CASES)
    def close_corrective_action(
        case: OnceChanged,
        finding: Annotated[int, Path(ge=1, le=2**31 - 1, description="The action's `id`.", examples=[31])],
        body: Closing,
    ) -> Any:
        """Close a corrective action with the evidence that it was put right."""
        return case.change(close_action, body, finding_id=finding)
