"""Which error is which HTTP status, and how it is told: a page to people, problem details (RFC 9457) to programs.

Shows no traceback, ever.
"""

import logging
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, RedirectResponse

from workflow.errors import (
    BadInput,
    Broken,
    CaseworkError,
    NotFound,
    NotPermitted,
    NotSignedIn,
    StaleVersion,
    TooMany,
    Unavailable,
)
from workflow.reports.sign_ins import whose
from workflow.web import kept as kept_forms
from workflow.web.answers import back, kept
from workflow.web.api.changes import RefusedByRules, Stale, VersionNeeded
from workflow.web.guard import API, SignInNeeded
from workflow.web.rendering import HEADERS, page
from workflow.web.site import site_of

STATUSES: dict[type[CaseworkError], int] = {
    BadInput: 400,
    SignInNeeded: 401,
    NotSignedIn: 401,
    NotPermitted: 403,
    NotFound: 404,
    StaleVersion: 409,
    RefusedByRules: 409,
    Stale: 412,
    VersionNeeded: 428,
    TooMany: 429,
    Unavailable: 503,
    Broken: 503,
}

_TITLES = {
    400: "What was asked cannot be used",
    401: "Sign in first",
    403: "Your role does not allow this",
    404: "We cannot show this page",
    405: "This address takes no such request",
    409: "This case changed meanwhile",
    412: "This case changed since you read it",
    413: "What was sent is too large",
    415: "The body is of another media type",
    422: "What was asked cannot be used",
    428: "Say which version you read",
    429: "Too many requests",
    503: "Casework cannot reach its records",
}
_PROBLEM_TITLES = {401: "A token is needed", 404: "It does not exist, or is not yours to see"}
_SENTENCES = {
    400: "The request is not well formed, such as JSON with a comma too many. Correct it and send it again.",
    404: "It does not exist, or your role cannot see it. Check the reference or ask your administrator.",
    405: "Go back to the page you came from and use what it offers.",
    413: "It is larger than this page takes. Send less, or a smaller file.",
    415: "Send the media type that is named for this call.",
    422: "The address or the form holds something this page does not understand. Go back and try again.",
    500: "Something went wrong on our side. It is in the log with its time; nothing you saved is lost.",
}
_KEPT_SECONDS = 12 * 3600
_log = logging.getLogger(__name__)


def status_of(error: CaseworkError) -> int:
    """Return the status of the nearest class in the table."""
    return next((STATUSES[cls] for cls in type(error).__mro__ if cls in STATUSES), 500)


def add_handlers(app: FastAPI) -> None:
    app.add_exception_handler(CaseworkError, _told)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _not_understood)
    app.add_exception_handler(Exception, _unexpected)


def problem(status: int, code: str, sentence: str, **more: Any) -> Response:
    """Return problem details: `type` names the code, `detail` is the sentence."""
    title = _PROBLEM_TITLES.get(status) or _TITLES.get(status, "Not possible now")
    told: dict[str, Any] = {"type": f"urn:aeo-casework:problem:{code.lower()}", "title": title}
    told |= {"status": status, "code": code, "detail": sentence} | more
    return JSONResponse(
        told, status_code=status, media_type="application/problem+json", headers={"Cache-Control": "no-store"}
    )


def _answer(request: Request, status: int, code: str, sentence: str, **more: Any) -> Response:
    if request.url.path.startswith(API):
        return problem(status, code, sentence, **more)
    return page(request, "error.html", status=status, title=_TITLES.get(status, "Not possible now"), sentence=sentence)


def _told(request: Request, error: Exception) -> Response:
    if not isinstance(error, CaseworkError):
        raise error
    api = request.url.path.startswith(API)
    if isinstance(error, SignInNeeded) and not api:
        return _sign_in(request)
    if isinstance(error, (Unavailable, TooMany)) and not api and request.method == "POST":
        return _waits(kept(request, error), error)
    status = status_of(error)
    if api and status == 400:  # noqa: PLR2004  # HTTP: it was well formed and cannot be used
        status = 422
    # Absent and not yours to see must look the same, whatever was looked for.
    sentence = _SENTENCES[404] if status == 404 and not api else error.sentence  # noqa: PLR2004  # HTTP
    answer = _answer(request, status, error.code, sentence, **_members(error))
    if status == 401:  # noqa: PLR2004  # HTTP
        answer.headers["WWW-Authenticate"] = "Bearer"
    return _waits(answer, error)


def _waits(answer: Response, error: CaseworkError) -> Response:
    """Say for how long to wait, where that is known."""
    if "seconds" in error.details:
        answer.headers["Retry-After"] = str(error.details["seconds"])
    return answer


def _members(error: CaseworkError) -> dict[str, Any]:
    """Return the details that programs may read, as text where JSON has no such value."""
    plain = (str, int, bool, type(None), list, dict)
    return {name: value if isinstance(value, plain) else str(value) for name, value in error.details.items()}


def _sign_in(request: Request) -> Response:
    """Send to the sign-in page, which comes back here; a form that was sent comes back filled."""
    if request.method in ("GET", "HEAD"):
        address = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/sign-in?next={quote(address, safe='/')}", status_code=303)
    site, posted = site_of(request), request.state.posted
    with site.office.database.snapshot() as connection:
        who = whose(connection, posted.token)
    # Without the word that every form of ours carries, nothing was read: it was too large.
    whole = bool(posted.token) and kept_forms.whole(posted)
    form = {"to": request.url.path, "who": who, "fields": kept_forms.keepable(posted), "whole": whole}
    form |= {"back": back(request)}
    return page(
        request, "signed_out.html", status=401, whole=whole, fields=form["fields"], blob=site.sign("kept form", form)
    )


def _http(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    answer = _answer(request, status, f"HTTP_{status}", _SENTENCES.get(status, _SENTENCES[500]))
    answer.headers.update(getattr(error, "headers", None) or {})
    return answer


def _not_understood(request: Request, error: Exception) -> Response:
    if request.url.path.startswith(API) and isinstance(error, RequestValidationError):
        if any(one["type"] == "json_invalid" for one in error.errors()):
            return problem(400, "JSON", _SENTENCES[400])
        fields = [
            {"field": ".".join(str(part) for part in one["loc"]), "sentence": one["msg"].removeprefix("Value error, ")}
            for one in error.errors()
        ]
        return problem(422, "FIELDS", "Some fields cannot be used; `fields` names each.", fields=fields)
    return _answer(request, 422, "FIELDS", _SENTENCES[422])


def _unexpected(request: Request, error: Exception) -> Response:
    _log.error("A page failed: %s", request.url.path, exc_info=error)
    if request.url.path.startswith(API):
        answer = problem(500, "INTERNAL", _SENTENCES[500])
    else:
        title = "This page cannot be shown now"
        answer = page(request, "error.html", status=500, title=title, sentence=_SENTENCES[500])
    answer.headers.update(HEADERS)  # this answer is made outside of what adds them to every other one
    return answer
