"""The checklist of a case: the matrix, one answer beside it with its documents, and accepting many answers at once.

The address holds what is open. Decides nothing: operations and rules do.
"""

from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from states.dates import local_day
from workflow.access import Area, Deed, role_for
from workflow.decisions.outcome import Outcome
from workflow.errors import BadInput
from workflow.operations.add_site import add_site
from workflow.operations.answer_criterion import answer_criterion
from workflow.operations.assess_criterion import Chosen, assess_answers, assess_criterion
from workflow.operations.confirm_answers import confirm_answers
from workflow.reports.checklist import Cell, Checklist
from workflow.reports.checklist import checklist as read_checklist
from workflow.web import words
from workflow.web.answers import Problem, act
from workflow.web.forms import Posted, Problems, at, posted_of
from workflow.web.guard import routes, see
from workflow.web.pages.case.documents import IMAGES, SHOWN
from workflow.web.pages.case.shell import section
from workflow.web.rendering import zone_of
from workflow.web.site import Acting, Here, Site, Who

# In the order of the keys 1 to 4.
ASSESSMENTS = (("ask", "Ask the company"), ("met", "Accepted"), ("action", "With action"), ("unmet", "Not met"))
ANSWERS = (("yes", "Yes"), ("no", "No"), ("na", "Not applicable"))


@dataclass(frozen=True)
class Look:
    """How an answer stands, in a word with its glyph and one more line."""

    glyph: str
    word: str
    kind: str  # good, bad, open
    more: str = ""


_LOOKS = {
    "met": Look("yes", "Accepted", "good"),
    "action": Look("yes", "Accepted with action", "good"),
    "unmet": Look("no", "Not met", "bad"),
    "ask": Look("awaiting_information", "Company asked", "open"),
    None: Look("state", "To assess", "open"),
}


def look(cell: Cell) -> Look:
    """Return how an answer stands."""
    if cell.answer is None:
        return Look("state", "No answer", "open", f"last time: {words.answer(cell.last)}" if cell.last else "")
    said = words.answer(cell.answer)
    if cell.answer == "yes":
        said += f" · {words.plural(len(cell.documents), 'document', 'documents') if cell.documents else 'no document'}"
    elif cell.remark:
        said += " · remark"
    if cell.evidence_missing and cell.assessment != "unmet":
        return Look("no", "Evidence missing", "bad", said)
    if cell.assessment == "action":
        due = f"due {words.day(cell.due_on)}" if cell.due_on else "no day set"
        said = "action closed" if cell.closed else due
    return replace(_LOOKS[cell.assessment], more=said)


def router() -> APIRouter:
    made = routes()

    @made.get("/cases/{reference}/checklist")
    @see(Area.CASES)
    def checklist(request: Request, site: Here, who: Who, reference: str) -> Response:
        return _matrix(request, site, who, reference)

    @made.post("/cases/{reference}/checklist/assess")
    @see(Area.CASES)
    def assess(request: Request, site: Here, who: Who, acting: Acting, reference: str) -> Response:
        posted = posted_of(request)
        place = (posted.text("criterion"), posted.text("site"))

        def assessed() -> Outcome:
            problems, today = Problems(), local_day(acting.now, zone_of(request))
            due_on = problems.take(lambda: posted.day("due_on", "The day", today))
            if not posted.text("assessment"):
                problems.found.append(BadInput("ASSESSMENT", "Choose one of the four assessments.", field="assessment"))
            assessment = posted.text("assessment")
            if assessment == "action" and not posted.text("note").strip():
                problems.found.append(BadInput("NOTE", "Write in the note what the company must do.", field="note"))
            problems.stop()
            return assess_criterion(
                site.office,
                reference=reference,
                criterion=place[0],
                site=place[1],
                assessment=assessment,
                note=posted.text("note"),
                due_on=due_on if assessment == "action" else None,
                seen=_seen(posted),
                act=acting,
            )

        return act(
            request,
            assessed,
            to=lambda _: _onwards(site, who, reference, place, only=posted.text("only"), stay="stay" in posted.data),
            again=lambda problem: _matrix(request, site, who, reference, problem=problem, place=place),
            said=lambda _: (
                f"{' at '.join(filter(None, place))} is assessed: {dict(ASSESSMENTS)[posted.text('assessment')].lower()}."
            ),
        )

    @made.post("/cases/{reference}/checklist/answer")
    @see(Area.CASES)
    def answer(request: Request, site: Here, who: Who, acting: Acting, reference: str) -> Response:
        posted = posted_of(request)
        place = (posted.text("criterion"), posted.text("site"))

        def answered() -> Outcome:
            problems = Problems()
            documents = problems.take(lambda: _numbers(posted.many("documents")), [])
            if not posted.text("answer"):
                problems.found.append(BadInput("ANSWER", "Say what the company answers.", field="answer"))
            problems.stop()
            return answer_criterion(
                site.office,
                reference=reference,
                criterion=place[0],
                site=place[1],
                answer=posted.text("answer"),
                documents=documents,
                remark=posted.text("remark"),
                seen=_seen(posted),
                act=acting,
            )

        return act(
            request,
            answered,
            to=_address(reference, place, posted.text("only")),
            again=lambda problem: _matrix(request, site, who, reference, problem=problem, place=place),
        )

    _many_at_once(made)
    return made


def _many_at_once(made: APIRouter) -> None:
    """Add what concerns many answers: accepting those with evidence, taking over the last cycle's, a further site."""

    @made.get("/cases/{reference}/checklist/accept")
    @see(Area.CASES)
    def accept(request: Request, site: Here, who: Who, reference: str) -> Response:
        return _acceptance(request, site, who, reference)

    @made.post("/cases/{reference}/checklist/accept")
    @see(Area.CASES)
    def accepted(request: Request, site: Here, who: Who, acting: Acting, reference: str) -> Response:
        chosen = [_chosen(one) for one in posted_of(request).many("accept")]
        return act(
            request,
            lambda: assess_answers(site.office, reference=reference, chosen=chosen, act=acting),
            to=_base(reference),
            again=lambda problem: _acceptance(request, site, who, reference, problem=problem, chosen=chosen),
            said=lambda done: f"{words.plural(len(done.data['assessed']), 'answer is', 'answers are')} accepted.",
        )

    @made.post("/cases/{reference}/checklist/confirm")
    @see(Area.CASES)
    def confirm(request: Request, site: Here, who: Who, acting: Acting, reference: str) -> Response:
        posted = posted_of(request)
        return act(
            request,
            lambda: confirm_answers(
                site.office,
                reference=reference,
                section=posted.text("section"),
                instrument=posted.text("instrument"),
                act=acting,
            ),
            to=_base(reference),
            again=lambda problem: _matrix(request, site, who, reference, problem=problem),
            said=lambda done: (
                f"{words.plural(len(done.data['confirmed']), 'answer of', 'answers of')} section {posted.text('section')} "
                f"{'is' if len(done.data['confirmed']) == 1 else 'are'} taken over from the last cycle."
            ),
        )

    @made.post("/cases/{reference}/sites")
    @see(Area.CASES)
    def sites(request: Request, site: Here, who: Who, acting: Acting, reference: str) -> Response:
        posted = posted_of(request)
        return act(
            request,
            lambda: at(
                "name", lambda: add_site(site.office, reference=reference, name=posted.text("name"), act=acting)
            ),
            to=_base(reference),
            again=lambda problem: _matrix(request, site, who, reference, problem=problem),
        )


def _matrix(
    request: Request,
    site: Site,
    who: Any,
    reference: str,
    *,
    problem: Problem | None = None,
    place: tuple[str, str] | None = None,
) -> Response:
    asked, posted = request.query_params, posted_of(request)
    only = asked.get("only", "") or posted.text("only")
    with site.office.database.snapshot() as connection:
        told = read_checklist(
            connection, site.office, reference=reference, viewer=who.person, cycle=_cycle(asked.get("cycle", ""))
        )
        address = partial(_address, reference, cycle=None if told.present else told.cycle)
        cell = _named(told, *(place or (asked.get("at", ""), asked.get("site", ""))))
        document = asked.get("document", "")
        preview = next((one for id_, one in told.documents.items() if str(id_) == document), None)
        return section(
            request,
            connection,
            "case/checklist.html",
            reference,
            problem=problem,
            checklist=told,
            parts=[
                (
                    part,
                    [
                        line
                        for line in part.lines
                        if only != "left" or line.left or (cell and cell.criterion == line.criterion)
                    ],
                )
                for part in told.parts
            ],
            only=only,
            cell=cell,
            next=told.after(cell.place) if cell else None,
            preview=preview if cell else None,
            ticked={int(one) for one in posted.many("documents") if one.isdigit()}
            if problem
            else set(cell.documents)
            if cell
            else set(),
            cell_look=look,
            address=address,
            may_assess=told.present and role_for(Deed.ASSESS, who.person.roles) is not None,
            may_answer=told.present and role_for(Deed.ANSWER, who.person.roles) is not None,
            ASSESSMENTS=ASSESSMENTS,
            ANSWERS=ANSWERS,
            SHOWN=SHOWN,
            IMAGES=IMAGES,
        )


def _acceptance(
    request: Request,
    site: Site,
    who: Any,
    reference: str,
    *,
    problem: Problem | None = None,
    chosen: list[Chosen] | None = None,
) -> Response:
    with site.office.database.snapshot() as connection:
        told = read_checklist(connection, site.office, reference=reference, viewer=who.person)
        return section(
            request,
            connection,
            "case/accept.html",
            reference,
            problem=problem,
            checklist=told,
            found=[(part, [cell for cell in part.cells if cell.acceptable]) for part in told.parts],
            left_out=[cell for cell in told.cells if cell.left and not cell.acceptable],
            ticked=None if chosen is None else {(one.criterion, one.site) for one in chosen},
        )


def _onwards(site: Site, who: Any, reference: str, place: tuple[str, str], *, only: str, stay: bool) -> str:
    """Return where the officer goes after an assessment: the next answer with something left, or the same one."""
    with site.office.database.snapshot() as connection:
        told = read_checklist(connection, site.office, reference=reference, viewer=who.person)
    following = told.at(*place) if stay else told.after(place)
    return _address(reference, following.place if following else None, only)


def _base(reference: str) -> str:
    return f"/cases/{reference}/checklist"


def _address(
    reference: str,
    place: tuple[str, str] | None = None,
    only: str = "",
    document: int | None = None,
    cycle: int | None = None,
) -> str:
    """Return the address in which this answer is open; without a cycle, of the present one."""
    criterion, site = place or ("", "")
    given = {"cycle": cycle, "at": criterion, "site": site, "only": only, "document": document}
    query = urlencode({name: value for name, value in given.items() if value})
    return f"{_base(reference)}?{query}".rstrip("?")


def _cycle(asked: str) -> int | None:
    return int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 4 else None  # noqa: PLR2004  # thousands of years


def _named(told: Checklist, criterion: str, site: str) -> Cell | None:
    """Return the answer that an address names; of a criterion per site without its site, the first one."""
    return told.at(criterion, site) or next(
        (cell for cell in told.cells if cell.criterion.code == criterion and not site), None
    )


def _seen(posted: Posted) -> str | None:
    """Return the mark of what the page showed; a form that comes back after a change carries none."""
    return posted.text("seen") if "seen" in posted.data else None


def _chosen(value: str) -> Chosen:
    criterion, _, rest = value.partition("|")
    site, _, seen = rest.rpartition("|")
    return Chosen(criterion, site, seen)


def _numbers(values: list[str]) -> list[int]:
    if not all(one.isascii() and one.isdigit() and len(one) < 10 for one in values):  # noqa: PLR2004  # no id is longer
        raise BadInput("DOCUMENT", "One of the documents is none of this case. Tick them again.", field="documents")
    return [int(one) for one in values]
