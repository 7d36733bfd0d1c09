"""People with an account: roles, absences, sign-ins and codes, and the end of an account with its hand-over."""

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from states.dates import local_day
from workflow import inputs
from workflow.access import Area, Deed, role_for
from workflow.errors import NotFound
from workflow.models.officer import ROLES
from workflow.operations.disable_officer import disable_officer
from workflow.operations.end_absence import end_absence
from workflow.operations.end_session import end_sessions_of
from workflow.operations.manage_officers import add_officer, change_roles
from workflow.operations.record_absence import record_absence
from workflow.operations.reset_code import reset_code
from workflow.operations.revoke_token import revoke_token
from workflow.operations.set_password import set_password
from workflow.reports import people
from workflow.reports.sign_ins import tokens_of
from workflow.web.answers import Problem, act, values_of
from workflow.web.forms import at, posted_of
from workflow.web.guard import routes, see
from workflow.web.rendering import page, zone_of
from workflow.web.site import Acting, Here, caller_of, site_of

made = routes()


def router() -> APIRouter:
    """Return the routes of the people."""
    return made


@made.get("/people")
@see(Area.PEOPLE)
def everybody(request: Request) -> Response:
    return _list(request)


@made.post("/people")
@see(Area.PEOPLE)
def add(request: Request, site: Here, acting: Acting) -> Response:
    posted = posted_of(request)
    return act(
        request,
        lambda: add_officer(
            site.office,
            email=at("email", lambda: inputs.email(posted.text("email"))),
            name=at("name", lambda: inputs.name(posted.text("name"), "The name")),
            roles=posted.many("role"),
            act=acting,
        ),
        to=lambda done: f"/people/{done.data['id']}",
        again=lambda problem: _list(request, problem),
    )


@made.get("/people/{person_id}")
@see(Area.PEOPLE)
def one(request: Request, person_id: str) -> Response:
    return _person(request, person_id)


@made.post("/people/{person_id}/roles")
@see(Area.PEOPLE)
def roles(request: Request, site: Here, acting: Acting, person_id: str) -> Response:
    known = _known(request, person_id)
    wanted, held = set(posted_of(request).many("role")), set(known["roles"])
    added, removed = sorted(wanted - held), sorted(held - wanted)
    return _back(
        request,
        person_id,
        lambda: change_roles(site.office, email=known["email"], add=added, remove=removed, act=acting),
    )


@made.post("/people/{person_id}/absence")
@see(Area.PEOPLE)
def absence(request: Request, site: Here, acting: Acting, person_id: str) -> Response:
    posted, known = posted_of(request), _known(request, person_id)
    today = local_day(acting.now, zone_of(request))
    return _back(
        request,
        person_id,
        lambda: record_absence(
            site.office,
            email=known["email"],
            first=at("first", lambda: inputs.written_day(posted.text("first"), "The first day", today)),
            last=at("last", lambda: inputs.written_day(posted.text("last"), "The last day", today)),
            deputy=posted.text("deputy"),
            act=acting,
        ),
    )


@made.post("/people/{person_id}/absence/end")
@see(Area.PEOPLE)
def absence_ended(request: Request, site: Here, acting: Acting, person_id: str) -> Response:
    posted, known = posted_of(request), _known(request, person_id)
    return _back(
        request,
        person_id,
        lambda: end_absence(
            site.office, email=known["email"], first=inputs.day(posted.text("first"), "The first day"), act=acting
        ),
    )


@made.post("/people/{person_id}/password")
@see(Area.PEOPLE)
def password(request: Request, site: Here, acting: Acting, person_id: str) -> Response:
    known, typed = _known(request, person_id), posted_of(request).text("password")
    return _back(
        request,
        person_id,
        lambda: at("password", lambda: set_password(site.office, email=known["email"], password=typed, act=acting)),
    )


@made.post("/people/{person_id}/code")
@see(Area.PEOPLE)
def code(request: Request, site: Here, acting: Acting, person_id: str) -> Response:
    known = _known(request, person_id)
    return _back(request, person_id, lambda: reset_code(site.office, email=known["email"], act=acting))


@made.post("/people/{person_id}/sign-out")
@see(Area.PEOPLE)
def sign_out(request: Request, site: Here, acting: Acting, person_id: str) -> Response:
    return _back(request, person_id, lambda: end_sessions_of(site.office, officer_id=person_id, act=acting))


@made.post("/people/{person_id}/tokens/{token_id}/revoke")
@see(Area.PEOPLE)
def revoke(request: Request, site: Here, acting: Acting, person_id: str, token_id: str) -> Response:
    return _back(request, person_id, lambda: revoke_token(site.office, token_id=token_id, act=acting))


@made.post("/people/{person_id}/disable")
@see(Area.PEOPLE)
def disable(request: Request, site: Here, acting: Acting, person_id: str) -> Response:
    known, successor = _known(request, person_id), posted_of(request).text("successor")
    return _back(
        request,
        person_id,
        lambda: disable_officer(site.office, email=known["email"], hand_over_to=successor, act=acting),
    )


def _back(request: Request, person_id: str, operation: Any) -> Response:
    return act(
        request,
        operation,
        to=f"/people/{person_id}",
        again=lambda problem: _person(request, person_id, problem),
    )


def _known(request: Request, person_id: str) -> dict[str, Any]:
    site = site_of(request)
    with site.office.database.snapshot() as connection:
        found = people.officers(connection, local_day(site.clock(), zone_of(request)))
    known = next((row for row in found if row["id"] == person_id), None)
    if known is None:
        raise NotFound("NO_OFFICER", "There is no such person.")
    return known


def _list(request: Request, problem: Problem | None = None) -> Response:
    site = site_of(request)
    with site.office.database.snapshot() as connection:
        found = people.officers(connection, local_day(site.clock(), zone_of(request)))
        seen = people.sign_ins(connection)
    return page(
        request,
        "people/list.html",
        status=problem.status if problem else 200,
        problem=problem,
        typed=values_of(request) if problem else {},
        rows=[row | seen.get(row["id"], people.NEVER) for row in found],
        roles=ROLES,
        ticked=posted_of(request).many("role"),
        may_manage=_may_manage(request),
    )


def _person(request: Request, person_id: str, problem: Problem | None = None) -> Response:
    site = site_of(request)
    known = _known(request, person_id)
    today = local_day(site.clock(), zone_of(request))
    with site.office.database.snapshot() as connection:
        found = people.officers(connection, today)
        seen = people.sign_ins(connection).get(person_id, people.NEVER)
        tokens = tokens_of(connection, site.clock(), person_id)
        held = people.held_by(connection, person_id)
        away = people.absences_of(connection, person_id)
    sent = request.url.path.rpartition("/")[2] if problem else ""  # which of the forms comes back
    return page(
        request,
        "people/person.html",
        status=problem.status if problem else 200,
        problem=problem,
        typed=values_of(request) if problem else {},
        person=known | seen,
        deputies=people.deputies(found, known["email"]),
        successors=people.successors(found, known["email"], held),
        roles=ROLES,
        sent=sent,
        ticked=posted_of(request).many("role") if sent == "roles" else known["roles"],
        tokens=tokens,
        held=held,
        away=away,
        today=today,
        may_manage=_may_manage(request),
    )


def _may_manage(request: Request) -> bool:
    return role_for(Deed.MANAGE_PEOPLE, caller_of(request).person.roles) is not None
