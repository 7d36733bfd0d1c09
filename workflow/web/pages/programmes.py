"""Certification programmes: what an edition says, each rule with its source, its states as a picture, what changed."""

from fastapi import APIRouter
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from states import diagram
from workflow.access import Area, Deed, role_for
from workflow.operations.accept_programme import accept_programme
from workflow.reports import programmes
from workflow.web.answers import act
from workflow.web.guard import routes, see
from workflow.web.rendering import page
from workflow.web.site import Acting, Here, Who

made = routes()


def router() -> APIRouter:
    """Return the routes of the programmes."""
    return made


@made.get("/programmes")
@see(Area.PROGRAMMES)
def every_programme(request: Request, site: Here) -> Response:
    with site.office.database.snapshot() as connection:
        found = programmes.editions(connection, site.office)
    by_code: dict[str, list[dict[str, object]]] = {}
    for edition in found:
        by_code.setdefault(str(edition["code"]), []).append(edition)
    return page(request, "programmes/list.html", by_code=by_code)


@made.get("/programmes/{code}")
@see(Area.PROGRAMMES)
def one_programme(request: Request, site: Here, who: Who, code: str, edition: str = "") -> Response:
    with site.office.database.snapshot() as connection:
        programme = programmes.programme(connection, site.office, code, edition)
        editions = programmes.editions(connection, site.office, programme.code)
    return page(
        request,
        "programmes/programme.html",
        programme=programme,
        editions=editions,
        this=next(one for one in editions if one["edition"] == programme.edition),
        # Drawn by us from a definition whose texts it escapes.
        drawing=Markup(diagram.svg(programme)),  # noqa: S704
        placeholders=[c.code for c in programme.criteria.values() if c.placeholder],
        may_accept=role_for(Deed.ACCEPT_PROGRAMME, who.person.roles) is not None,
        zone=programme.time_zone,
    )


@made.get("/programmes/{code}/differences")
@see(Area.PROGRAMMES)
def what_changed(request: Request, site: Here, code: str, before: str = "", after: str = "") -> Response:
    """Compare two editions, each named CODE EDITION or EDITION; by default the two newest."""
    with site.office.database.snapshot() as connection:
        every = programmes.editions(connection, site.office)
        newest = programmes.programme(connection, site.office, code)
        own = [one["edition"] for one in every if one["code"] == newest.code]
        new = _named(after, newest.code, newest.edition)
        old = _named(before, newest.code, own[1] if len(own) > 1 else newest.edition)
        found = programmes.compared(connection, site.office, one=old, other=new)
    names = [f"{one['code']} {one['edition']}" for one in every]
    return page(
        request,
        "programmes/differences.html",
        code=newest.code,
        names=names,
        old=" ".join(old),
        new=" ".join(new),
        differences=found,
    )


@made.post("/programmes/{code}/accept")
@see(Area.PROGRAMMES)
def accept(request: Request, site: Here, acting: Acting, code: str) -> Response:
    return act(request, lambda: accept_programme(site.office, code=code, act=acting), to=f"/programmes/{code}")


def _named(text: str, code: str, edition: str) -> tuple[str, str]:
    first, _, second = text.strip().partition(" ")
    return (first, second) if second else (code, first or edition)
