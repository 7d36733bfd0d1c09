"""A form that was not saved, in words: the act it was for, each field as people read it, and what happened meanwhile.

Reads the case that the form was about; it must not know what an operation asks.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote, urlencode

from starlette.datastructures import UploadFile
from starlette.requests import Request

from workflow.errors import NotFound
from workflow.reports import acting, history
from workflow.web import acts, words
from workflow.web.forms import Posted
from workflow.web.rendering import zone_of
from workflow.web.site import caller_of, site_of

# What a page adds by itself: it goes along and says nothing to people.
_UNSAID = frozenset({"version", "seen", "only", "list", "query", "next", "stay", "kept"})
# What no page shows, and none keeps over a sign-in.
_SECRET = frozenset({"password", "old", "new", "repeated", "code"})
_LABELS = words.FIELDS | {
    "account_manager": "Account manager",
    "accept": "Answer to accept",
    "case": "Case",
    "documents": "Document no.",
    "due_on": "The action is due on",
    "effective_on": "Counts from",
    "kind": "Kind",
    "reason_code": "Ground",
    "role": "Role",
    "site": "Where",
    "to": "To",
    "uen": "UEN",
}
_SAID: dict[str, Callable[[str], str]] = {
    "answer": words.answer,
    "assessment": words.assessment,
    "reason_code": acts.reason_code,
    "role": words.role,
    "outcome": words.outcome,
    "case": lambda value: value.rpartition(":")[0] or value,
    "accept": lambda value: " at ".join(filter(None, value.split("|")[:2])),
}
_ACTS = {
    "claim": "Claim the case",
    "assign": "Assign the case",
    "checklist/assess": "Assess an answer",
    "checklist/answer": "Record an answer",
    "checklist/accept": "Accept answers",
    "checklist/confirm": "Take over answers",
    "sites": "Add a site",
    "documents": "Add documents",
    "documents/waive": "Do without a document",
    "documents/refile": "File a document elsewhere",
    "information": "Ask the company",
    "information/answer": "Record an answer of the company",
    "take-back": "Take a recommendation back",
    "band": "Record the band",
    "contact": "Note a contact",
    "visits/new": "Record a visit",
    "visits/plan": "Plan a visit",
    "visits/actions/close": "Close a corrective action",
}
_PAGES = {
    "approvals/confirm": "Confirm as a second person",
    "approvals/refuse": "Refuse as a second person",
    "cases/new": "Start a case for a company",
    "me/password": "Change your password",
    "me/tokens": "Make a token",
    "people": "Add a person",
    "portfolio/absence": "Record an absence",
    "portfolio/hand-over": "Hand a portfolio over",
    "tasks/close": "Close a task",
    "work/assign": "Assign cases",
    "work/views": "Save a view",
}
# Entries that leave what a page shows as it was.
_QUIET = ("case:document:opened", "case:transition:refused", "case:deed:refused", "case:hold:", "mail:", "clock:")
_FEW = 5


@dataclass(frozen=True)
class Field:
    """A field that was sent. One without a label was the page's own."""

    name: str
    value: str
    label: str
    said: str

    @property
    def text(self) -> bool:
        """Whether it is a text of somebody's, which may be changed before it is sent again."""
        return self.name in words.FIELDS


def fields(pairs: Iterable[tuple[str, str]]) -> list[Field]:
    """Return what was sent as people read it, secrets without a label."""
    return [Field(name, value, _label(name, value), _SAID.get(name, str)(value)) for name, value in pairs]


def _label(name: str, value: str) -> str:
    if name in _UNSAID | _SECRET or (not value.strip() and name not in words.FIELDS):
        return ""
    if name.startswith("given_"):
        return acts.given(name.removeprefix("given_"), [])[0]
    return _LABELS.get(name) or name.replace("_", " ").capitalize()


def named(path: str) -> str:
    """Return what a form was for, by where it was sent: Issue certificate, STP-2026-000004."""
    parts = [part for part in unquote(path).strip("/").split("/") if part]
    if len(parts) > 2 and parts[0] == "cases":  # noqa: PLR2004  # cases, a reference, what is done
        what, last = parts[2:], parts[-1].replace("_", " ").replace("-", " ").capitalize()
        if what[0] in ("do", "decide"):
            said = acts.button(parts[-1], last)
        elif what[0] == "recommend":
            said = acts.recommend(parts[-1], last)
        else:
            said = _ACTS.get("/".join(part for part in what if not part.isdigit()), last)
        return f"{said}, {parts[1]}"
    known = "/".join(part for part in parts if not part.isdigit())
    return _PAGES.get(known) or (parts[-1].replace("-", " ").capitalize() if parts else "The form")


def keepable(posted: Posted) -> list[tuple[str, str]]:
    """Return what was typed without secrets."""
    return [(name, value) for name, value in posted.typed() if name not in _SECRET]


def whole(posted: Posted) -> bool:
    """Say whether a form can be sent again as it was: files and secrets are not given back."""
    return not any(
        name in _SECRET or (isinstance(value, UploadFile) and value.filename)
        for name, value in posted.data.multi_items()
    )


@dataclass(frozen=True)
class Meanwhile:
    """What happened to a case after a form was opened."""

    entries: list[dict[str, Any]] = field(default_factory=list)  # newest first, as the history tells them
    settled: str = ""  # said where the act is not possible any more
    place: str = ""  # the page on which it can be looked at
    place_words: str = ""


def meanwhile(request: Request, posted: Posted) -> Meanwhile:
    """Return what happened to the case that a form was about; nothing where it was about none."""
    reference = request.path_params.get("reference", "")
    if not reference:
        return Meanwhile()
    site, viewer = site_of(request), caller_of(request).person
    base = f"/cases/{quote(reference)}"
    trigger = request.path_params.get("trigger") or request.path_params.get("outcome", "")
    criterion = posted.text("criterion")
    with site.office.database.snapshot() as connection:
        try:
            moment = acting.moment(connection, site.office, reference=reference, viewer=viewer, now=site.clock())
        except NotFound:
            return Meanwhile()
        entries = history.page(
            connection,
            site.office,
            reference=reference,
            viewer=viewer,
            family="answers" if criterion else "",
        )["entries"]
    seen = [one for one in entries if not one["kind"].startswith(_QUIET)]
    if trigger and not any(one["trigger"] == trigger for one in moment.actions):
        decided = [one for one in seen if one["kind"] == "case:state:changed"][:1]
        return Meanwhile(decided, _settled(moment, trigger, decided, zone_of(request)), base, "Open the case")
    if criterion:
        about, many = f"Criterion {criterion} ", "case:findings:"
        some = [one for one in seen if one["sentence"].startswith(about) or one["kind"].startswith(many)]
        at = urlencode({"at": criterion} | ({"site": posted.text("site")} if posted.text("site") else {}))
        return Meanwhile(some[:2], "", f"{base}/checklist?{at}", f"Look at {criterion} as it is now")
    changes = moment.case.version - (_version(posted) or moment.case.version - 1)
    return Meanwhile(seen[: min(max(changes, 1), _FEW)], "", base, "Look at the case as it is now")


def _version(posted: Posted) -> int:
    text = posted.text("version")
    return int(text) if text.isascii() and text.isdigit() else 0


def _settled(moment: acting.Moment, trigger: str, decided: list[dict[str, Any]], zone: str) -> str:
    """Return why an act is not possible any more: who did what before."""
    state = moment.programme.state_by_name[moment.case.state].title
    title = next((t.title for t in moment.programme.transitions if t.trigger == trigger), "")
    if not decided:
        return f"This is not possible in {state}."
    by, when = decided[0]["actor"], words.moment(decided[0]["at"], zone)
    if decided[0]["sentence"].startswith(f"{title}:"):
        return f"{by} did this on {when}: the case is now {state}. Nothing is left to do."
    return f"{by} acted on {when}: {decided[0]['sentence']}. In {state} this is not possible any more."
