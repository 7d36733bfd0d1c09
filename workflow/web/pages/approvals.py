"""What waits for a second person: recommended cases by who may decide them, and single acts to confirm or refuse."""

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from workflow.access import ALLOWED, Area, Deed
from workflow.operations.decide_approval import ROLES, confirm_approval, refuse_approval
from workflow.reports import approvals as reading
from workflow.web import acts, words
from workflow.web.answers import Problem, act, values_of
from workflow.web.forms import at, posted_of
from workflow.web.guard import routes, see
from workflow.web.pages.case.shell import by_when, office_days
from workflow.web.rendering import page, zone_of
from workflow.web.site import Acting, Here, caller_of, site_of

_GROUPS = (
    ("You can decide", "every rule is met"),
    ("Somebody else decides", "you took part, or your role does not decide"),
    ("Not yet", "a rule is unmet, or the recommendation must be made again"),
)
_KINDS = {
    "transition": "An action that one person may not do alone",
    "emergency_suspension": "A suspension, in effect already",
    "document_waiver": "A required document to do without",
    "document_refiling": "A document filed elsewhere",
    "check_letter": "A UEN whose check letter is wrong",
    "received_on": "A day of receipt far back",
    "certificate_correction": "A correction of a certificate",
    "import": "The sign-off of cases taken over",
    "disposal": "The disposal of records whose period is over",
}


def router() -> APIRouter:
    made = routes()

    @made.get("/approvals")
    @see(Area.APPROVALS)
    def approvals(request: Request, after: str = "") -> Response:
        return _list(request, after=after)

    @made.post("/approvals/{approval}/confirm")
    @see(Area.APPROVALS)
    def confirm(request: Request, site: Here, by: Acting, approval: int) -> Response:
        return act(
            request,
            lambda: confirm_approval(site.office, approval_id=approval, act=by),
            to="/approvals",
            again=lambda problem: _list(request, problem, about=approval),
        )

    @made.post("/approvals/{approval}/refuse")
    @see(Area.APPROVALS)
    def refuse(request: Request, site: Here, by: Acting, approval: int) -> Response:
        reason = posted_of(request).text("reason")
        return act(
            request,
            lambda: at("reason", lambda: refuse_approval(site.office, approval_id=approval, reason=reason, act=by)),
            to="/approvals",
            again=lambda problem: _list(request, problem, about=approval),
        )

    return made


def _list(request: Request, problem: Problem | None = None, *, after: str = "", about: int = 0) -> Response:
    site, person = site_of(request), caller_of(request).person
    now, zone = site.clock(), zone_of(request)
    with site.office.database.snapshot() as connection:
        rows = reading.waiting_cases(connection, site.office, viewer=person, now=now, after=after)
        asked = reading.approvals(connection, viewer=person)
        days = office_days(connection, zone, now)
    today = words.local(now, zone)
    groups: dict[str, list[dict[str, Any]]] = {name: [] for name, _ in _GROUPS}
    for row in rows[: reading.PAGE]:
        by = by_when(row["deadline"], today, days) if today else None
        groups[_group(row)].append(row | {"by": by, "clock": words.clock(row, today) if today else None})
    return page(
        request,
        "approvals.html",
        status=problem.status if problem else 200,
        problem=problem,
        typed=values_of(request) if problem else {},
        about=about,
        groups=[(name, hint, groups[name]) for name, hint in _GROUPS if groups[name]],
        total=len(rows[: reading.PAGE]),
        more=rows[reading.PAGE - 1]["reference"] if len(rows) > reading.PAGE else "",
        after=after,
        asked=[
            one
            | {
                "title": _KINDS.get(one["kind"], one["kind"]),
                "sentence": acts.said(one["sentence"]),
                "yours": one["requested_by_id"] == person.id,
                "may": bool(person.roles & set(ROLES.get(one["kind"], ALLOWED[Deed.CONFIRM]))),
            }
            for one in asked
        ],
    )


def _group(row: dict[str, Any]) -> str:
    if row["allowed"]:
        return "You can decide"
    return "Somebody else decides" if row["barred"] and row["recommendation"] else "Not yet"
