"""Which error is which HTTP status, and the plain page that says what is wrong. Shows no traceback, ever."""

import logging

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from workflow.errors import BadInput, CaseworkError, NotFound, NotPermitted, StaleVersion, Unavailable
from workflow.web.rendering import page

STATUSES: dict[type[CaseworkError], int] = {
    BadInput: 400,
    NotPermitted: 403,
    NotFound: 404,
    StaleVersion: 409,
    Unavailable: 503,
}

_TITLES = {
    400: "What was asked cannot be used",
    403: "Your role does not allow this",
    404: "We cannot show this page",
    405: "This page is for reading",
    409: "This case changed meanwhile",
    422: "What was asked cannot be used",
    503: "Casework cannot reach its records",
}
_SENTENCES = {
    404: "It does not exist, or you cannot see it. Check the address or the reference.",
    405: "It takes no such request. People act with the aeo command for now.",
    422: "The address holds something this page does not understand. Go back to the list and try again.",
    500: "Something went wrong on our side. It is in the log with its time; nothing you saved is lost.",
}
_log = logging.getLogger(__name__)


def status_of(error: CaseworkError) -> int:
    """Return the status of the nearest class in the table."""
    return next((STATUSES[cls] for cls in type(error).__mro__ if cls in STATUSES), 500)


def add_handlers(app: FastAPI) -> None:
    app.add_exception_handler(CaseworkError, _told)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _not_understood)
    app.add_exception_handler(Exception, _unexpected)


def _error_page(status: int, sentence: str) -> Response:
    title = _TITLES.get(status, "This page cannot be shown now")
    return page("error.html", status=status, title=title, sentence=sentence)


def _told(_: Request, error: Exception) -> Response:
    if not isinstance(error, CaseworkError):
        raise error
    return _error_page(status_of(error), error.sentence)


def _http(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    answer = _error_page(status, _SENTENCES.get(status, _SENTENCES[500]))
    answer.headers.update(getattr(error, "headers", None) or {})
    return answer


def _not_understood(_: Request, __: Exception) -> Response:
    return _error_page(422, _SENTENCES[422])


def _unexpected(request: Request, error: Exception) -> Response:
    _log.error("A page failed: %s", request.url.path, exc_info=error)
    return _error_page(500, _SENTENCES[500])
