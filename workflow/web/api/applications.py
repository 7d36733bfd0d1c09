"""Applications: list, one, submit, transitions, recommendations and taking them back, assignment, sites, history."""

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import Field
from starlette.requests import Request

from workflow.access import Area
from workflow.operations.add_site import add_site
from workflow.operations.advance_application import advance_application
from workflow.operations.assign_application import assign_application
from workflow.operations.note_contact import note_contact
from workflow.operations.recommend_outcome import recommend_outcome
from workflow.operations.submit_application import submit_application
from workflow.operations.take_back_recommendation import take_back_recommendation
from workflow.reports import cases
from workflow.store import people
from workflow.web.api.changes import AgainChanged, Key, OnceChanged, change, etag
from workflow.web.api.cursors import USUAL, Cursor, Limit, cursor_of, paged, place_of
from workflow.web.api.routing import PREFIX, also
from workflow.web.api.shapes import (
    Changed,
    Day,
    Given,
    Line,
    Reference,
    Text,
    Told,
    UnmetRule,
    Version,
    changed_example,
    example,
    example_of,
    given_example,
    page_of,
)
from workflow.web.guard import see
from workflow.web.site import Here, Who, act_of


class CertificateOfCase(Told):
    """The certificate that counts."""

    number: str | None
    valid_from: date | None
    valid_until: date | None = Field(description="The last valid day, after extensions.")
    aeo_code: str | None


class ApplicationSummary(Told):
    """A case as lists show it."""

    reference: str
    programme: str
    edition: str = Field(description="The edition of the programme that the case is judged by.")
    uen: str
    company_name: str
    state: str
    state_title: str
    standing: str = Field(description="Whether a certificate is in force today; not the same as the state.")
    cycle: int
    version: int
    assignee: str | None = Field(description="The officer's name.")
    account_manager: str | None
    received_on: date
    deadline: date | None
    next_step: str
    waits_for: str
    certificate: CertificateOfCase | None
    model_config = example(
        reference="STP-2026-000123",
        programme="STP",
        edition="2026-11.1",
        uen="201890417D",
        company_name="Quillhaven Logistics Pte. Ltd.",
        state="validation",
        state_title="Validation",
        standing="none",
        cycle=1,
        version=7,
        assignee="Adeline Goh",
        account_manager="Dewi Lestari",
        received_on="2026-11-02",
        deadline="2027-02-02",
        next_step="Visit the company and assess its band",
        waits_for="officer",
        certificate=None,
    )


class Action(Told):
    """What may be done from here, or every rule that is not met yet."""

    trigger: str
    title: str
    target: str = Field(description="The state that it leads to; empty where it stays.")
    allowed: bool = Field(description="Whether the caller may do it now.")
    asks: list[str] = Field(description="What must or may be sent with it.")
    unmet: list[UnmetRule]
    model_config = example(
        trigger="certify",
        title="Certify",
        target="certified",
        allowed=False,
        asks=["valid_from"],
        unmet=[{"code": "NOT_RECOMMENDED", "sentence": "Nobody has recommended to certify.", "who": "an officer"}],
    )


class Application(ApplicationSummary):
    """A case with what may be done from here."""

    time_zone: str = Field(description="The zone in which its days are days.")
    sites: list[str]
    trader_roles: list[str]
    actions: list[Action]
    model_config = example(
        **example_of(ApplicationSummary),
        time_zone="Asia/Singapore",
        sites=["Tuas warehouse"],
        trader_roles=["importer"],
        actions=[example_of(Action)],
    )


class Submission(Given):
    """An application as it was received."""

    programme: Line = Field(description="The programme's code.")
    uen: Line = Field(description="The company's UEN.")
    company_name: Text = Field(default="", description="Needed where the register does not know the company.")
    contact_email: Line = Field(default="", description="Whom messages to the company go to.")
    account_manager: Line = Field(default="", description="The account manager's e-mail address.")
    received_on: Day | None = Field(default=None, description="The day of receipt; today where it is left out.")
    accept_check_letter: Text = Field(default="", description="Why a wrong check letter of the UEN is kept.")
    sites: list[Line] = Field(default=[], max_length=100, description="Places where the company operates.")
    trader_roles: list[Line] = Field(default=[], max_length=20, description="What the company does in trade.")
    model_config = given_example(
        programme="STP",
        uen="201890417D",
        company_name="Quillhaven Logistics Pte. Ltd.",
        contact_email="trade@quillhaven.example",
        received_on="2026-11-02",
        sites=["Tuas warehouse"],
    )


class Submitted(Told):
    """What was received."""

    sentence: str
    reference: str
    state: str
    cycle: int
    version: int
    model_config = example(
        sentence="Application STP-2026-000123 of Quillhaven Logistics Pte. Ltd. is received.",
        reference="STP-2026-000123",
        state="submitted",
        cycle=1,
        version=1,
    )


class Transition(Given):
    """A transition to fire."""

    trigger: Line = Field(description="One of the case's actions, such as start_review.")
    reason_code: Line = Field(default="", description="One of the transition's reason codes.")
    reason: Text = Field(default="", description="The reason; the company reads it.")
    internal_reason: Text = Field(default="", description="For staff; the trail holds its digest alone.")
    effective_on: Day | None = Field(default=None, description="The day it counts from; today where it is left out.")
    given: dict[Line, Text] = Field(default={}, max_length=20, description="Facts that the transition asks for.")
    version: Version
    model_config = given_example(trigger="certify", given={"valid_from": "2026-12-01"}, version=7)


class Transitioned(Changed):
    """Where the case is now."""

    approval: int | None = Field(
        default=None, description="Set where a second person must confirm it first: nothing has changed yet."
    )
    model_config = changed_example("Case STP-2026-000123 is certified.", state="certified", standing="in_force")


class Recommendation(Given):
    """What an approver should do."""

    outcome: Line = Field(description="certify, reject, suspend, reinstate, revoke or extend.")
    reason: Text
    version: Version
    model_config = given_example(outcome="certify", reason="All criteria are met on site.", version=6)


class TakingBack(Given):
    """Why a recommendation holds no more."""

    reason: Text
    version: Version
    model_config = given_example(reason="The seal log of Jurong came in after it.", version=7)


class Assignment(Given):
    """Whose case it is."""

    to: Line = Field(description="The officer's e-mail address.")
    version: Version
    model_config = given_example(to="adeline.goh@customs.example", version=2)


class NewSite(Given):
    """A place where the company operates."""

    name: Line
    version: Version
    model_config = given_example(name="Tuas warehouse")


class SitesChanged(Changed):
    """The sites of the company now."""

    sites: list[str]
    model_config = changed_example(
        "Site Tuas warehouse is added to the company of STP-2026-000123.", sites=["Tuas warehouse"]
    )


class Contact(Given):
    """A talk with the company about its renewal."""

    expects_on: Day = Field(description="The day by which the company expects to file.")
    note: Text = Field(description="What was said.")
    contacted_on: Day | None = Field(default=None, description="The day of the talk; today where it is left out.")
    version: Version
    model_config = given_example(expects_on="2027-03-01", note="The new accounts are being audited.")


class HistoryEntry(Told):
    """One thing that happened."""

    at: datetime
    effective_at: datetime | None
    actor: str
    role: str
    kind: str
    sentence: str
    reason: str
    unmet: list[str] = Field(description="For a refusal: what was missing.")
    index: int | None = Field(description="Its place in the sealed log; null until it is sealed.")
    model_config = example(
        at="2026-11-02T01:12:00Z",
        effective_at="2026-11-02T01:12:00Z",
        actor="Adeline Goh",
        role="officer",
        kind="case:state:changed",
        sentence="Start review: Submitted to Checklist review",
        reason="",
        unmet=[],
        index=41,
    )


Applications = page_of(ApplicationSummary, "Applications")
History = page_of(HistoryEntry, "History")


def add_to(made: APIRouter) -> None:
    at_one = f"{PREFIX}/applications/{{reference}}"

    @made.get(f"{PREFIX}/applications", tags=["applications"], response_model=Applications)
    @also(404)
    @see(Area.CASES)
    def list_applications(
        request: Request,
        response: Response,
        site: Here,
        who: Who,
        state: Annotated[
            str, Query(description="Only cases in this state.", max_length=60, examples=["validation"])
        ] = "",
        programme: Annotated[str, Query(description="Only cases of it.", max_length=20, examples=["STP"])] = "",
        uen: Annotated[
            str, Query(description="Only cases of this company.", max_length=20, examples=["201890417D"])
        ] = "",
        assignee: Annotated[
            str, Query(description="Only this officer's.", max_length=254, examples=["adeline.goh@customs.example"])
        ] = "",
        limit: Limit = USUAL,
        cursor: Cursor = "",
    ) -> Any:
        """List the cases that you may see, oldest first. Cases that come meanwhile are on the last page; none is left out."""
        place = place_of(cursor, int)
        with site.office.database.snapshot() as connection:
            officer = people.known_by_email(connection, assignee).id if assignee else ""
            rows = cases.oldest_first(
                connection,
                site.office,
                viewer=who.person,
                now=site.clock(),
                state=state,
                programme=programme,
                uen=uen,
                assignee_id=officer,
                after_id=place[0] if place else 0,
                limit=limit + 1,
            )
        return paged(request, response, rows, limit, lambda row: cursor_of(row["id"]))

    @made.post(f"{PREFIX}/applications", tags=["applications"], status_code=201, response_model=Submitted)
    @also(403)
    @see(Area.CASES)
    def submit_application_(request: Request, response: Response, body: Submission, key: Key = "") -> Any:
        """Receive an application. A company has one live case of a programme."""
        told = change(
            request,
            response,
            lambda office: submit_application(office, act=act_of(request), channel="api", **body.model_dump()),
            body=body.model_dump(),
            key=key,
        )
        response.headers["Location"] = f"{PREFIX}/applications/{told['reference']}"
        return told

    @made.get(at_one, tags=["applications"], response_model=Application)
    @see(Area.CASES)
    def show_application(response: Response, site: Here, who: Who, reference: Reference) -> Any:
        """Show a case: where it stands, and every action with what is unmet. Its version is the ETag."""
        with site.office.database.snapshot() as connection:
            now = site.clock()
            case = cases.show(connection, site.office, reference=reference, viewer=who.person, now=now)
            actions = cases.actions(connection, site.office, reference=reference, actor=who.person, now=now)
        response.headers["ETag"] = etag(case["version"])
        return case | {"actions": actions}

    @made.post(f"{at_one}/transitions", tags=["applications"], response_model=Transitioned)
    @also(412, 428)
    @see(Area.CASES)
    def fire_transition(case: OnceChanged, body: Transition) -> Any:
        """Fire one transition. 409 names every rule that is not met; the refusal is in the trail."""
        return case.change(advance_application, body, needed=True)

    _recommendations(made, at_one)

    @made.put(f"{at_one}/assignee", tags=["applications"], response_model=Changed)
    @also(412, 428)
    @see(Area.CASES)
    def assign_application_(case: AgainChanged, body: Assignment) -> Any:
        """Assign a case to an officer."""
        return case.change(assign_application, body, needed=True)

    @made.post(f"{at_one}/sites", tags=["applications"], status_code=201, response_model=SitesChanged)
    @also(412)
    @see(Area.CASES)
    def add_site_(case: OnceChanged, body: NewSite) -> Any:
        """Add a place where the company operates; criteria and visits per site count for it from now on."""
        return case.change(add_site, body)

    @made.post(f"{at_one}/contacts", tags=["applications"], status_code=201, response_model=Changed)
    @also(412)
    @see(Area.CASES)
    def note_contact_(case: OnceChanged, body: Contact) -> Any:
        """Note that the company was contacted about its renewal; reminders to the account manager alone rest until then."""
        return case.change(note_contact, body)

    @made.get(f"{at_one}/history", tags=["applications"], response_model=History)
    @see(Area.CASES)
    def list_history(
        request: Request,
        response: Response,
        site: Here,
        who: Who,
        reference: Reference,
        limit: Limit = USUAL,
        cursor: Cursor = "",
    ) -> Any:
        """List what happened to a case, oldest first; refusals too."""
        place = place_of(cursor, int)
        first = place[0] if place else 0
        with site.office.database.snapshot() as connection:
            told = cases.history(connection, site.office, reference=reference, viewer=who.person)
        # Nothing is ever put in before what is there, so a count is a place.
        rows = list(enumerate(told, start=1))[first : first + limit + 1]
        page = paged(request, response, rows, limit, lambda row: cursor_of(row[0]))
        return page | {"items": [row for _, row in page["items"]]}


def _recommendations(made: APIRouter, at_one: str) -> None:
    @made.post(f"{at_one}/recommendations", tags=["applications"], status_code=201, response_model=Changed)
    @also(412, 428)
    @see(Area.CASES)
    def recommend_outcome_(case: OnceChanged, body: Recommendation) -> Any:
        """Recommend an outcome: the first pair of eyes. Who recommends may not decide."""
        return case.change(recommend_outcome, body, needed=True)

    @made.post(f"{at_one}/recommendations/taking-back", tags=["applications"], status_code=201, response_model=Changed)
    @also(412, 428)
    @see(Area.CASES)
    def take_back_recommendation_(case: OnceChanged, body: TakingBack) -> Any:
        """Take the open recommendation back: who made it may, or a supervisor, while nobody has decided."""
        return case.change(take_back_recommendation, body, needed=True)
