"""The decision page: what the decision turns on, the evidence, and the form, side by side. It is itself the confirm page.

The address says which document is read beside the form; that opens it, as on the documents page. The rules are asked for the page and again when it is pressed.
"""

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from workflow.access import Area
from workflow.errors import NotFound
from workflow.reports import acting, case_page, cases
from workflow.reports.acting import Moment
from workflow.web import words
from workflow.web.answers import Problem, values_of
from workflow.web.guard import routes, see
from workflow.web.pages.case.acting import action_of, action_page, fire
from workflow.web.pages.case.documents import IMAGES, SHOWN, is_number
from workflow.web.rendering import page
from workflow.web.site import Acting, Here, caller_of, site_of


def router() -> APIRouter:
    made = routes()

    @made.get("/cases/{reference}/decide/{trigger}")
    @see(Area.CASES)
    def decision(request: Request, reference: str, trigger: str) -> Response:
        return decision_page(request, reference, trigger)

    @made.post("/cases/{reference}/decide/{trigger}")
    @see(Area.CASES)
    def decide(request: Request, site: Here, by: Acting, reference: str, trigger: str) -> Response:
        return fire(request, site, by, reference, trigger, again=decision_page)

    return made


def decision_page(request: Request, reference: str, trigger: str, problem: Problem | None = None) -> Response:
    """Return the page of one decision; an action that nobody recommends has a plain page. Raises NotFound."""
    site, person = site_of(request), caller_of(request).person
    now = site.clock()
    with site.office.database.snapshot() as connection:
        moment = acting.moment(connection, site.office, reference=reference, viewer=person, now=now)
        programme, case = moment.programme, moment.case
        named = [t for t in programme.transitions if t.trigger == trigger]
        if not named:
            raise NotFound("NO_ACTION", f'{programme.code} has no action "{trigger[:40]}".')
        found = next((one for one in moment.actions if one["trigger"] == trigger), None)
        if found is None or not found["recommendable"]:
            if problem is not None:  # the state has changed since the form was opened
                return action_page(request, reference, trigger, problem)
            return RedirectResponse(f"/cases/{reference}/do/{trigger}", status_code=303)
        shown = cases.show(connection, site.office, reference=reference, viewer=person, now=now)
        glance = case_page.at_a_glance(connection, site.office, reference=reference, viewer=person, now=now)
        points = acting.points(connection, programme, case)
        papers = acting.evidence(connection, programme, case, person)
        issues = "issue_certificate" in found["effects"]
        # What is typed is not computed for: an ill-formed day is among the problems already.
        outlook = acting.outlook(connection, moment.facts, programme) if issues else None
        contacts = acting.contacts(connection, case)
    at = _chosen(papers, request.query_params.get("document", ""))
    if at is not None and papers[at]["media_type"] in SHOWN:
        papers[at]["opened"] = True  # by the frame that shows it
    behind = {number for point in points for number in point.get("documents", [])}
    return page(
        request,
        "case/decide.html",
        status=problem.status if problem else 200,
        problem=problem,
        typed=values_of(request) if problem else {},
        case=shown,
        zone=programme.time_zone,
        clock=words.clock(shown, moment.facts.today),
        action=action_of(moment, found),
        made=moment.recommendation if moment.recommendation and moment.recommendation["outcome"] == trigger else None,
        other=moment.recommendation if moment.recommendation and moment.recommendation["outcome"] != trigger else None,
        points=points,
        criteria=len(glance["criteria"]),
        assessed=sum(one["assessment"] not in (None, "ask") for one in glance["criteria"]),
        papers=papers,
        opened=sum(one["opened"] for one in papers),
        at=at,
        by_id={one["id"]: one for one in papers},
        behind=behind,
        SHOWN=SHOWN,
        IMAGES=IMAGES,
        outlook=outlook,
        band=moment.facts.band,
        contacts=contacts,
        orders=[],
        here_of=shown["state_title"],
        back_to_officer=_offered(moment, "return_to_checklist"),
        reject=trigger != "reject" and _offered(moment, "reject"),
        back=f"/cases/{reference}",
    )


def _chosen(papers: list[dict[str, Any]], text: str) -> int | None:
    """Return the place of the document that the address names, or None."""
    wanted = int(text) if is_number(text) else 0
    return next((place for place, one in enumerate(papers) if one["id"] == wanted), None)


def _offered(moment: Moment, trigger: str) -> bool:
    """Say whether the state has an action that a role of this person does."""
    return any(one["trigger"] == trigger and set(one["roles"]) & moment.viewer.roles for one in moment.actions)
