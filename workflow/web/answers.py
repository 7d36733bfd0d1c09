"""What a form gets back: done and on to the next page, or the same page with what was typed and what is wrong.

Knows how answers look, not what was asked.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from states.guards import Unmet
from workflow.access import Area, opens
from workflow.decisions.outcome import Done, Outcome, Refused
from workflow.errors import BadInput, CaseworkError, NotPermitted, StaleVersion, TooMany, Unavailable
from workflow.web import acts, words
from workflow.web import kept as forms_kept
from workflow.web.forms import ManyProblems, posted_of
from workflow.web.rendering import go, ours, page, zone_of
from workflow.web.site import caller_of


@dataclass(frozen=True)
class Problem:
    """What a page says above its heading: sentences, each with the field it is about and who can help."""

    title: str
    sentences: tuple[dict[str, str], ...]
    status: int = 422


Again = Callable[[Problem], Response]


def act(
    request: Request,
    operation: Callable[[], Outcome | Done],
    *,
    to: str | Callable[[Done], str],
    again: Again | None = None,
    said: Callable[[Done], str] = lambda done: acts.said(done.sentence),
) -> Response:
    """Do what a form asks for. Done goes on to `to`; anything else comes back with what was typed, as `again` shows it.

    A change by somebody else and an outage have a page of their own, which keeps what was typed and can send it again.
    """
    try:
        outcome = operation()
    except (StaleVersion, Unavailable) as error:
        return kept(request, error)
    except (BadInput, NotPermitted) as error:
        return _shown(request, problem_of(error), again)
    if isinstance(outcome, Refused):
        if any(one.code == "WRONG_STATE" for one in outcome.unmet):
            since = forms_kept.meanwhile(request, posted_of(request))
            if since.settled:  # somebody was faster: who could meet which rule is no question any more
                return _kept_page(request, Problem(f"{outcome.title}: not possible any more", (), 409), since=since)
        return _shown(request, _refusal(outcome), again)
    where = to(outcome) if callable(to) else to
    if outcome.before is not None:
        at = words.moment(outcome.before, zone_of(request))
        return go(request, where, said=f"Already done on {at}. Nothing was done twice.")
    link, title = _second_person(request, outcome)
    return go(request, where, said=said(outcome), link=link, link_title=title)


def _second_person(request: Request, outcome: Done) -> tuple[str, str]:
    """Return where to look for what waits for a second person, for those who can open it."""
    waits = "approval" in outcome.data and "status" not in outcome.data
    if not waits or not opens(Area.APPROVALS, caller_of(request).person.roles):
        return "", ""
    return f"/approvals#a{outcome.data['approval']}", "See what waits for a second person"


def problem_of(error: BadInput | NotPermitted) -> Problem:
    """Return bad input, or what a role may not do, as a page says it."""
    many = error.problems if isinstance(error, ManyProblems) else [error]
    told = tuple(
        {"sentence": acts.said(one.sentence), "field": _field_of(one), "code": one.code, "who": ""} for one in many
    )
    return Problem("There is a problem", told, 403 if isinstance(error, NotPermitted) else 422)


def _field_of(error: CaseworkError) -> str:
    """Return the field that an error is about: the one it names, or the one that its code is always about."""
    return str(error.details.get("field", "") or acts.FIELDS.get(error.code, ""))


def _refusal(outcome: Refused) -> Problem:
    unmet = tuple(
        # What the form itself can mend points to its field.
        {"sentence": acts.said(u.sentence), "field": acts.FIELDS.get(u.code, ""), "code": u.code, "who": _who(u)}
        for u in outcome.unmet
    )
    rules = "1 rule is" if len(unmet) == 1 else f"{len(unmet)} rules are"
    return Problem(f"{outcome.title}: not yet, {rules} not met", unmet, 409)


def _who(unmet: Unmet) -> str:
    """Return who can meet a rule; that a case is in another state nobody can."""
    return "" if unmet.code == "WRONG_STATE" else unmet.who


def _shown(request: Request, problem: Problem, again: Again | None) -> Response:
    if again is not None:
        return again(problem)
    return _kept_page(request, problem)


_KEPT: dict[type[CaseworkError], tuple[int, str, str]] = {
    StaleVersion: (409, "This case changed while you were working", "What you sent was not saved."),
    TooMany: (429, "Too many requests", "What you just sent was not saved. Wait, then send it again."),
    Unavailable: (
        503,
        "Casework cannot reach its records",
        "Nothing you saved before is lost. What you just sent was not saved.",
    ),
}


def kept(request: Request, error: StaleVersion | TooMany | Unavailable) -> Response:
    """Return the page that keeps what was typed: the case changed, too much came at once, the records are away."""
    status, title, advice = next(told for kind, told in _KEPT.items() if isinstance(error, kind))
    told = ({"sentence": error.sentence, "field": "", "code": error.code, "who": ""},)
    since = forms_kept.meanwhile(request, posted_of(request)) if isinstance(error, StaleVersion) else None
    return _kept_page(request, Problem(title, told, status), advice=advice, since=since)


def _kept_page(
    request: Request, problem: Problem, *, advice: str = "", since: forms_kept.Meanwhile | None = None
) -> Response:
    """Return it; `since` is what happened to the case meanwhile, where that is what stands in the way."""
    posted, stale = posted_of(request), since is not None
    since = since or forms_kept.Meanwhile()
    if since.settled:
        told = ({"sentence": since.settled, "field": "", "code": "SETTLED", "who": ""},)
        problem = Problem(problem.title, told, problem.status)
    return page(
        request,
        "kept.html",
        status=problem.status,
        problem=problem,
        advice=advice or "Nothing was done.",
        since=since,
        name=forms_kept.named(request.url.path),
        # What the page showed is the old one: without its mark the form speaks of the case as it is now.
        fields=[one for one in forms_kept.fields(posted.typed()) if not (stale and one.name in ("version", "seen"))],
        action=request.url.path,
        back=back(request),
    )


def back(request: Request) -> str:
    """Return the page that the form stood on, when it was one of ours."""
    referer, host = request.headers.get("referer", ""), request.headers.get("host", "")
    for scheme in ("http://", "https://"):
        if host and referer.startswith(f"{scheme}{host}/"):
            return ours(referer.removeprefix(f"{scheme}{host}")) or "/"
    return "/"


def values_of(request: Request) -> dict[str, Any]:
    """Return what was typed by field, for the form to show again."""
    return dict(posted_of(request).typed())
