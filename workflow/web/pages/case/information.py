"""What the company is asked: every request with its deadline and answer, one more question, an answer that came."""

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from states.dates import local_day
from workflow.access import Area, Deed, role_for
from workflow.decisions.outcome import Done, Outcome
from workflow.operations.answer_information import answer_information
from workflow.operations.ask_information import put_question
from workflow.reports import case_file
from workflow.web.answers import Problem, act
from workflow.web.forms import Problems, at, posted_of
from workflow.web.guard import routes, see
from workflow.web.pages.case.documents import LARGEST_FORM, files_of, number_of
from workflow.web.pages.case.shell import section
from workflow.web.rendering import zone_of
from workflow.web.site import Acting, Here, Site, Who


def router() -> APIRouter:
    made = routes(LARGEST_FORM)

    @made.get("/cases/{reference}/information")
    @see(Area.CASES)
    def information(request: Request, site: Here, who: Who, reference: str) -> Response:
        return _page(request, site, who, reference)

    @made.post("/cases/{reference}/information")
    @see(Area.CASES)
    def ask(request: Request, site: Here, who: Who, acting: Acting, reference: str) -> Response:
        posted = posted_of(request)

        def asked() -> Outcome:
            reply_by = posted.day("reply_by", "The day", local_day(acting.now, zone_of(request)))
            return at(  # type: ignore[no-any-return]  # it returns what it calls
                "question",
                lambda: put_question(
                    site.office,
                    reference=reference,
                    question=posted.text("question"),
                    reply_by=reply_by,
                    version=posted.version,
                    act=acting,
                ),
            )

        return act(
            request,
            asked,
            to=f"/cases/{reference}/information",
            again=lambda problem: _page(request, site, who, reference, problem=problem),
            said=lambda _: (
                "The question is put to the company. The service clock stands still until every answer is in."
            ),
        )

    @made.post("/cases/{reference}/information/{number}/answer")
    @see(Area.CASES)
    def answer(request: Request, site: Here, who: Who, acting: Acting, reference: str, number: str) -> Response:
        posted = posted_of(request)

        def answered() -> Outcome:
            problems, today = Problems(), local_day(acting.now, zone_of(request))
            received_on = problems.take(lambda: posted.day("received_on", "The day of receipt", today))
            files = problems.take(lambda: files_of(posted), [])
            problems.stop()
            return answer_information(
                site.office,
                reference=reference,
                number=number_of(number),
                received_on=received_on,
                text=posted.text("answer_text"),
                files=files,
                act=acting,
            )

        return act(
            request,
            answered,
            to=f"/cases/{reference}/information",
            again=lambda problem: _page(request, site, who, reference, problem=problem, answering=number),
            said=_said,
        )

    return made


def _said(done: Done) -> str:
    left = done.data["open"]
    on = "1 request is still open." if left == 1 else f"{left} requests are still open."
    if not left:
        on = "Every request is answered: say so under Next step, and the review goes on."
    asked = done.data.get("approval")
    second = f" It counts from today until a second person confirms its day (no. {asked})." if asked else ""
    return f"The answer is recorded. {on}{second}"


def _page(
    request: Request,
    site: Site,
    who: Any,
    reference: str,
    *,
    problem: Problem | None = None,
    answering: str = "",
) -> Response:
    asked = request.query_params
    with site.office.database.snapshot() as connection:
        requests = case_file.requests(connection, reference=reference, viewer=who.person)
        answering = answering or asked.get("answer", "")
        about = ", ".join(filter(None, (asked.get("about", "")[:40], asked.get("site", "")[:200])))
        return section(
            request,
            connection,
            "case/information.html",
            reference,
            problem=problem,
            requests=sorted(requests, key=lambda one: (one["status"] != "open", -one["number"])),
            answering=next((r for r in requests if str(r["number"]) == answering and r["status"] == "open"), None),
            about=f"About {about}: " if about else "",
            may_ask=role_for(Deed.ASK, who.person.roles) is not None,
            may_answer=role_for(Deed.TAKE_ANSWER, who.person.roles) is not None,
        )
