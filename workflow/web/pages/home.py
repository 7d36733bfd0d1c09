"""Where the day begins: sends people to the first page that their roles open."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from workflow.access import Area
from workflow.web import navigation
from workflow.web.guard import routes, see
from workflow.web.site import caller_of


def router() -> APIRouter:
    made = routes()

    @made.get("/")
    @see(Area.OWN)
    def first_page(request: Request) -> Response:
        return RedirectResponse(navigation.home(caller_of(request).person.roles), status_code=303)

    return made
