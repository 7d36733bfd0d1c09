"""Routes of the API: behind the same gate as pages, and strict about what comes with a request.

A route here knows which problems it can answer with, so that the description names them.
"""

import re
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter, HTTPException, params
from starlette.requests import Request
from starlette.responses import Response

from workflow.access import OPENED_BY, STAFF, Area
from workflow.errors import BadInput
from workflow.web.api.shapes import PROBLEM_TYPE, Problem, example_problem
from workflow.web.guard import GuardedRoute, SignInNeeded, limiter_of
from workflow.web.identity import address_of

PREFIX = "/api/v1"
_READING = frozenset({"GET", "HEAD"})
_LARGEST_BODY = 2 * 1024 * 1024
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffd]")


class ApiRoute(GuardedRoute):
    """A route of the API."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **given: Any) -> None:
        self.changing = not set(given.get("methods") or ["GET"]) <= _READING
        area = getattr(endpoint, "area", None)
        described = given.get("responses") or {}
        if isinstance(area, Area):
            described = _problems(path, area, endpoint, changing=self.changing) | described
        super().__init__(path, endpoint, **(given | {"responses": described}))

    @property
    def takes(self) -> str:
        """The media type of the body that the route takes; empty for none."""
        if self.body_field is None:
            return ""
        return "multipart/form-data" if isinstance(self.body_field.field_info, params.Form) else "application/json"

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        guarded = super().get_route_handler()
        known = {field.alias for field in self.dependant.query_params}

        async def limited(request: Request) -> Response:
            limiter, address = limiter_of(request), address_of(request)
            limiter.look(limiter.wrong_tokens, "wrong token", address)
            _strict(request, known, self.takes)
            try:
                answer = await guarded(request)
            except SignInNeeded:
                limiter.count(limiter.wrong_tokens, "wrong token", address)
                raise SignInNeeded(
                    "TOKEN", "Send a good token: Authorization: Bearer TOKEN. `aeo token add` makes one."
                ) from None
            answer.headers.setdefault("Cache-Control", "no-store")
            return answer

        return limited

    def count(self, request: Request) -> None:
        """Count a call for its caller, or for the address; one without a good token is counted when it is refused."""
        limiter, caller = limiter_of(request), request.state.caller
        if caller is not None:
            limiter.count(limiter.calls, "calls", caller.person.id)
            if self.changing:
                limiter.count(limiter.changes, "changes", caller.person.id)
        elif self.area is Area.PUBLIC:
            limiter.count(limiter.unknown, "unknown", address_of(request))


def api_routes() -> APIRouter:
    """Return an empty set of routes of the API."""
    return APIRouter(
        route_class=ApiRoute,
        max_body_size=_LARGEST_BODY,
        generate_unique_id_function=lambda route: route.name.rstrip("_"),  # an operation of that name may be imported
    )


def _strict(request: Request, known: set[str], takes: str) -> None:
    """Refuse what no route understands, before anybody looks at it: such text would fail deep in a database."""
    given = request.query_params.multi_items()
    names = [name for name, _ in given]
    for name, value in given:
        if name not in known:
            told = ", ".join(sorted(known)) or "none"
            raise BadInput(
                "PARAMETER", f'"{_plain(name)}" is no parameter of this call. Known: {told}.', field=_plain(name)
            )
        if names.count(name) > 1:
            raise BadInput("PARAMETER", f'"{name}" is given more than once. Give it once.', field=name)
        if _CONTROLS.search(value):
            raise BadInput("TEXT", f'"{name}" holds a character that no record holds. Remove it.', field=name)
    if takes and _media_type(request) != takes:
        raise HTTPException(415)


def _plain(name: str) -> str:
    return _CONTROLS.sub("?", name[:40])


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _problems(path: str, area: Area, endpoint: Any, *, changing: bool) -> dict[int | str, dict[str, Any]]:
    """Return the problems that a route can answer with, for the description."""
    statuses = [400, 422, 429, 503]
    if area is not Area.PUBLIC:
        statuses.append(401)
        if OPENED_BY[area] != STAFF:
            statuses.append(403)
    if "{" in path:
        statuses.append(404)
    if changing:
        statuses += [409, 413, 415]
    statuses += getattr(endpoint, "problems", ())
    return {status: problem_response(status) for status in sorted(statuses)}


def also(*statuses: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Name problems that a route answers with beside those that follow from its address and method."""

    def marked(endpoint: Callable[..., Any]) -> Callable[..., Any]:
        endpoint.problems = statuses  # type: ignore[attr-defined]  # a mark on a plain function
        return endpoint

    return marked


def problem_response(status: int) -> dict[str, Any]:
    example = example_problem(status)
    schema = {"$ref": f"#/components/schemas/{Problem.__name__}"}
    return {
        "description": example["title"],
        "content": {PROBLEM_TYPE: {"schema": schema, "example": example}},
    }
