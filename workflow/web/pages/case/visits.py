"""Visits of a case, planned and held, and the corrective actions that were found."""

from datetime import date
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from states.dates import local_day
from workflow.access import Area, Deed, role_for
from workflow.decisions.outcome import Outcome
from workflow.errors import BadInput
from workflow.files import File
from workflow.operations.close_action import close_action
from workflow.operations.plan_visit import MODES, plan_visit
from workflow.operations.record_visit import record_visit
from workflow.reports import case_file
from workflow.reports.papers import papers
from workflow.web.answers import Problem, act
from workflow.web.forms import Posted, Problems, at, posted_of
from workflow.web.guard import routes, see
from workflow.web.pages.case.documents import LARGEST_FORM, files_of, number_of
from workflow.web.pages.case.shell import section
from workflow.web.rendering import zone_of
from workflow.web.site import Acting, Here, Site, Who

_MODES = (("on_site", "On site"), ("virtual", "By video"), ("desk", "At the desk"))
_REPORTS = frozenset({"application/pdf", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"})
if {mode for mode, _ in _MODES} != set(MODES):
    raise RuntimeError("The words for modes of a visit have fallen behind.")


def router() -> APIRouter:
    made = routes(LARGEST_FORM)

    @made.get("/cases/{reference}/visits")
    @see(Area.CASES)
    def visits(request: Request, site: Here, who: Who, reference: str) -> Response:
        return _list(request, site, who, reference)

    @made.get("/cases/{reference}/visits/new")
    @see(Area.CASES)
    def new(request: Request, site: Here, who: Who, reference: str) -> Response:
        return _form(request, site, who, reference, "case/visit_new.html")

    @made.post("/cases/{reference}/visits/new")
    @see(Area.CASES)
    def held(request: Request, site: Here, who: Who, acting: Acting, reference: str) -> Response:
        posted = posted_of(request)

        def recorded() -> Outcome:
            problems, today = Problems(), local_day(acting.now, zone_of(request))
            held_on = problems.take(lambda: posted.day("held_on", "The day of the visit", today, needed=True), today)
            report = problems.take(lambda: _report(posted), 0)
            problems.stop()
            return record_visit(
                site.office,
                reference=reference,
                held_on=held_on,
                report=report,
                site=posted.text("site"),
                mode=posted.text("mode"),
                act=acting,
            )

        return act(
            request,
            recorded,
            to=f"/cases/{reference}/visits",
            again=lambda problem: _form(request, site, who, reference, "case/visit_new.html", problem=problem),
            said=lambda _: "The visit is recorded with its report.",
        )

    @made.get("/cases/{reference}/visits/plan")
    @see(Area.CASES)
    def plan(request: Request, site: Here, who: Who, reference: str) -> Response:
        return _form(request, site, who, reference, "case/visit_plan.html")

    @made.post("/cases/{reference}/visits/plan")
    @see(Area.CASES)
    def planned(request: Request, site: Here, who: Who, acting: Acting, reference: str) -> Response:
        posted = posted_of(request)

        def written() -> Outcome:
            today = local_day(acting.now, zone_of(request))
            day = posted.day("planned_on", "The day", today, needed=True)
            return plan_visit(
                site.office,
                reference=reference,
                planned_on=day or today,
                site=posted.text("site"),
                mode=posted.text("mode") or MODES[0],
                act=acting,
            )

        return act(
            request,
            written,
            to=f"/cases/{reference}/visits",
            again=lambda problem: _form(request, site, who, reference, "case/visit_plan.html", problem=problem),
            said=lambda _: "The visit is planned; the company and its account manager are told.",
        )

    @made.post("/cases/{reference}/visits/actions/{finding}/close")
    @see(Area.CASES)
    def close(request: Request, site: Here, who: Who, acting: Acting, reference: str, finding: str) -> Response:
        posted = posted_of(request)
        return act(
            request,
            lambda: at(
                "evidence",
                lambda: close_action(
                    site.office,
                    reference=reference,
                    finding_id=number_of(finding),
                    evidence=posted.text("evidence"),
                    act=acting,
                ),
            ),
            to=f"/cases/{reference}/visits",
            again=lambda problem: _list(request, site, who, reference, problem=problem, closing=finding),
            said=lambda _: "The corrective action is closed.",
        )

    return made


def _report(posted: Posted) -> int | File:
    """Return the report of a visit: a file that comes along, or a document that is in the case. Raises BadInput."""
    files = files_of(posted, "report")
    if files:
        if files[0].media_type not in _REPORTS:
            sentence = f'"{files[0].filename}" is no report: it is neither PDF nor Word. Choose the report.'
            raise BadInput("REPORT_TYPE", sentence, field="report")
        return files[0]
    known = posted.number("document")
    if known is None:
        raise BadInput("REPORT", "A held visit needs its report. Choose the file.", field="report")
    return known


def _list(
    request: Request,
    site: Site,
    who: Any,
    reference: str,
    *,
    problem: Problem | None = None,
    closing: str = "",
) -> Response:
    with site.office.database.snapshot() as connection:
        found = case_file.visits(connection, reference=reference, viewer=who.person)
        actions = case_file.actions(connection, reference=reference, viewer=who.person)
        documents = papers(connection, site.office, reference=reference, viewer=who.person)["documents"]
        closing = closing or request.query_params.get("close", "")
        return section(
            request,
            connection,
            "case/visits.html",
            reference,
            problem=problem,
            visits=sorted(found, key=_newest_first),
            actions=actions,
            documents=documents,
            closing=next((one for one in actions if str(one["id"]) == closing and one["status"] == "open"), None),
            may_visit=role_for(Deed.RECORD_VISIT, who.person.roles) is not None,
            may_close=role_for(Deed.CLOSE_ACTION, who.person.roles) is not None,
            modes=dict(_MODES),
        )


def _newest_first(visit: dict[str, Any]) -> tuple[bool, int]:
    """Planned visits first, the next one on top; then held ones, the latest on top."""
    day: date = visit["held_on"] or visit["planned_on"]
    return (True, -day.toordinal()) if visit["held_on"] else (False, day.toordinal())


def _form(
    request: Request, site: Site, who: Any, reference: str, template: str, *, problem: Problem | None = None
) -> Response:
    with site.office.database.snapshot() as connection:
        documents = papers(connection, site.office, reference=reference, viewer=who.person)
        reports: list[dict[str, Any]] = next(
            (one["documents"] for one in documents["kinds"] if one["kind"] == "visit_report"), []
        )
        plans = [
            one
            for one in case_file.visits(connection, reference=reference, viewer=who.person)
            if one["held_on"] is None
        ]
        return section(
            request,
            connection,
            template,
            reference,
            problem=problem,
            reports=reports,
            plans=plans,
            wanted=request.query_params.get("site", ""),
            modes=_MODES,
        )
