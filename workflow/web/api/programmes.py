"""Programmes: which there are, and what a client must know to work with one."""

from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import Field

from states.definition import Programme
from workflow.access import Area
from workflow.web.api.cursors import whole
from workflow.web.api.routing import PREFIX
from workflow.web.api.shapes import Mandatory, Told, example, example_of, page_of
from workflow.web.guard import see
from workflow.web.site import Here


class ProgrammeSummary(Told):
    """A programme in its newest edition."""

    code: str
    edition: str
    title: str
    authority: str
    time_zone: str
    sha256: str = Field(description="Of the edition's canonical text.")
    model_config = example(
        code="STP",
        edition="2026-11.1",
        title="Secure Trade Partnership",
        authority="Singapore Customs",
        time_zone="Asia/Singapore",
        sha256="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    )


class StateOfProgramme(Told):
    """A state."""

    name: str
    title: str
    kind: str


class TransitionOfProgramme(Told):
    """A transition."""

    trigger: str
    title: str
    sources: list[str]
    target: str
    roles: list[str]
    reason_codes: list[str]
    given: dict[str, str] = Field(description="The facts that it takes, with their kind: date, text or document.")


class RequiredDocumentOfProgramme(Told):
    """A kind of document."""

    kind: str
    title: str
    mandatory: bool


class CriterionOfProgramme(Told):
    """A criterion."""

    code: str
    text: str
    scope: str
    mandatory: Mandatory = Field(description="Null where no source says.")
    placeholder: bool = Field(description="Not the authority's text until an administration accepts it.")


class ProgrammeInFull(ProgrammeSummary):
    """A programme with its states, transitions, documents and criteria."""

    states: list[StateOfProgramme]
    transitions: list[TransitionOfProgramme]
    documents: list[RequiredDocumentOfProgramme]
    criteria: list[CriterionOfProgramme]
    model_config = example(
        **example_of(ProgrammeSummary),
        states=[{"name": "submitted", "title": "Submitted", "kind": "review"}],
        transitions=[
            {
                "trigger": "certify",
                "title": "Certify",
                "sources": ["validation"],
                "target": "certified",
                "roles": ["approver"],
                "reason_codes": [],
                "given": {"valid_from": "date"},
            }
        ],
        documents=[{"kind": "bizfile_report", "title": "Bizfile report", "mandatory": True}],
        criteria=[
            {
                "code": "TF1.1",
                "text": "The company keeps its records for five years.",
                "scope": "entity",
                "mandatory": True,
                "placeholder": True,
            }
        ],
    )


Programmes = page_of(ProgrammeSummary, "Programmes")


def add_to(made: APIRouter) -> None:
    @made.get(f"{PREFIX}/programmes", tags=["reading"], response_model=Programmes)
    @see(Area.PROGRAMMES)
    def list_programmes(site: Here) -> Any:
        """List the programmes with their newest edition."""
        editions = site.office.editions
        with site.office.database.snapshot() as connection:
            found = [editions.newest(connection, code).programme for code in editions.codes(connection)]
        return whole([_summary(programme) for programme in found])

    @made.get(f"{PREFIX}/programmes/{{code}}", tags=["reading"], response_model=ProgrammeInFull)
    @see(Area.PROGRAMMES)
    def show_programme(
        site: Here,
        code: Annotated[str, Path(description="The programme's code.", examples=["STP"], min_length=1, max_length=20)],
    ) -> Any:
        """Show a programme: states, transitions with who fires them, documents, criteria."""
        with site.office.database.snapshot() as connection:
            programme = site.office.editions.newest(connection, code).programme
        return _summary(programme) | {
            "states": [one.model_dump() for one in programme.states],
            "transitions": [_transition(one) for one in programme.transitions],
            "documents": [one.model_dump() for one in programme.documents],
            "criteria": [one.model_dump() for one in programme.criteria.values()],
        }


def _summary(programme: Programme) -> dict[str, Any]:
    names = ("code", "edition", "title", "authority", "time_zone", "sha256")
    return {name: getattr(programme, name) for name in names}


def _transition(transition: Any) -> dict[str, Any]:
    return {
        "trigger": transition.trigger,
        "title": transition.title,
        "sources": list(transition.sources),
        "target": transition.target,
        "roles": list(transition.roles),
        "reason_codes": [str(code) for code in transition.reason_codes],
        "given": dict(transition.given),
    }
