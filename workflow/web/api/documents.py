"""Documents of a case: what is there, adding one as a file, asking to do without one."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Response, UploadFile
from pydantic import Field
from starlette.requests import Request

from workflow.access import Area
from workflow.files import LARGEST, checked
from workflow.operations.add_document import add_document
from workflow.operations.waive_document import waive_document
from workflow.reports import case_file
from workflow.web.api.changes import Key, Match, OnceChanged, change
from workflow.web.api.cursors import whole
from workflow.web.api.routing import PREFIX, also
from workflow.web.api.shapes import (
    Changed,
    Given,
    Line,
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
from workflow.web.site import Here, Who, act_of

_FORM = 64 * 1024  # what a form adds around its file


class Document(Told):
    """A document of a case, or a required one that it does without."""

    id: int | None = Field(description="Null for one that the case does without.")
    cycle: int
    kind: str
    filename: str | None
    version: int | None = Field(description="Of the file of this name and kind.")
    size: int | None = Field(description="In bytes.")
    sha256: str | None
    added_at: datetime
    status: str = Field(description="counts, withdrawn or waived.")
    reason: str
    model_config = example(
        id=12,
        cycle=1,
        kind="bizfile_report",
        filename="bizfile.pdf",
        version=1,
        size=48213,
        sha256="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        added_at="2026-11-02T01:20:00Z",
        status="counts",
        reason="",
    )


class Upload(Given):
    """A file and what it is."""

    file: Annotated[UploadFile, File(description="The file: PDF, picture, office document or text, 50 MB at most.")]
    kind: Line = Field(description="What it is, one of the programme's kinds, such as bizfile_report.")
    model_config = given_example(file="(the file)", kind="bizfile_report")


class DocumentAdded(Changed):
    """What was kept."""

    document: int = Field(description="The document's number, by which answers and visits name it.")
    sha256: str
    kind: str
    model_config = changed_example(
        "Document 12 (bizfile_report) is added to STP-2026-000123.",
        document=12,
        sha256="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        kind="bizfile_report",
    )


class Waiver(Given):
    """A required document to do without."""

    kind: Line
    reason: Text
    version: Version
    model_config = given_example(kind="financial_statements", reason="The company is younger than its first accounts.")


class ApprovalAsked(Changed):
    """What a second person is asked to confirm."""

    approval: int | None = Field(default=None, description="Its number, for /approvals.")
    model_config = changed_example("A second person must confirm it.", approval=5)


Documents = page_of(Document, "Documents")


def add_to(made: APIRouter) -> None:
    at = f"{PREFIX}/applications/{{reference}}/documents"

    @made.get(at, tags=["documents"], response_model=Documents)
    @see(Area.CASES)
    def list_documents(site: Here, who: Who, reference: Reference) -> Any:
        """List every document of a case, also withdrawn ones, and what it does without."""
        with site.office.database.snapshot() as connection:
            return whole(case_file.documents(connection, reference=reference, viewer=who.person))

    @made.post(at, tags=["documents"], status_code=201, response_model=DocumentAdded, max_body_size=LARGEST + _FORM)
    @also(412)
    @see(Area.CASES)
    def add_document_(
        request: Request,
        response: Response,
        reference: Reference,
        body: Annotated[Upload, Form(media_type="multipart/form-data")],
        key: Key = "",
        if_match: Match = "",
    ) -> Any:
        """Add a document. A file of the same name and kind becomes its next version; none is ever replaced."""
        name, content = body.file.filename or "", body.file.file.read(LARGEST + 1)
        file = checked(name, content)
        return change(
            request,
            response,
            lambda office: add_document(
                office, reference=reference, filename=name, content=content, kind=body.kind, act=act_of(request)
            ),
            body={"filename": file.filename, "sha256": file.sha256, "kind": body.kind},
            key=key,
            reference=reference,
            if_match=if_match,
        )

    @made.post(
        f"{PREFIX}/applications/{{reference}}/waivers",
        tags=["documents"],
        status_code=201,
        response_model=ApprovalAsked,
    )
    @also(412)
    @see(Area.CASES)
    def waive_document_(case: OnceChanged, body: Waiver) -> Any:
        """Ask a second person to let the case do without a required document."""
        return case.change(waive_document, body)
