"""Changes through the API: at the version that was read, once for each key, and what the caller gets back.

Knows headers and statuses; decides nothing.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Header, Response
from starlette.requests import Request

from workflow.decisions.outcome import Done, Outcome, Refused
from workflow.errors import BadInput, CaseworkError, NotFound, NotPermitted, StaleVersion
from workflow.operations.change_once import change_once
from workflow.operations.note_denial import note_denial
from workflow.store.office import Office
from workflow.web.acts import said
from workflow.web.api.shapes import Given, Reference
from workflow.web.site import act_of, site_of

_TAG = re.compile(r'\s*(W/)?"([\x21\x23-\x7e]*)"\s*')
_VERSION = re.compile(r"\d{1,9}")
# What a body names and nobody can find is bad input: the address itself exists.
_IN_THE_BODY = frozenset({"NO_OFFICER", "NO_PROGRAMME"})

Key = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        max_length=200,
        description="A text of your own, new for each request. The same request with the same key within 24 hours is "
        "done once and gets the same answer.",
        examples=["5f0f9c2e-6a8f-4a4b-9a55-2f1f5c1a7f10"],
    ),
]
Match = Annotated[
    str,
    Header(
        alias="If-Match",
        max_length=200,
        description="The ETag of the case as you read it. Needed where the body has no `version`.",
        examples=['"7"'],
    ),
]


class Stale(StaleVersion):
    """The case is not what If-Match says."""


class VersionNeeded(CaseworkError):
    """A change that may not overwrite another one does not say what it was made from."""


class RefusedByRules(CaseworkError):
    """Rules are unmet: every one of them stands in the details."""


def etag(version: int) -> str:
    return f'"{version}"'


def change(
    request: Request,
    response: Response,
    operation: Callable[[Office], Outcome | Done],
    *,
    body: Mapping[str, Any],
    key: str = "",
    reference: str = "",
    if_match: str = "",
    version: int | None = None,
    needed: bool = False,
) -> dict[str, Any]:
    """Do a change and return its answer as data. `needed`: it must say which version of the case it was made from.

    Raises what the change raises, Stale for an old If-Match, StaleVersion for an old `version`, VersionNeeded without
    either, RefusedByRules with every unmet rule.
    """
    site, act = site_of(request), act_of(request)
    route = f"{request.method} {request.scope['route'].path}"
    versions = _versions(if_match, version, needed=needed)
    address = {name: str(value) for name, value in request.path_params.items()}
    try:
        outcome = change_once(
            site.office,
            act=act,
            route=route,
            body={"address": address, "if_match": if_match} | dict(body),
            change=operation,
            idempotency_key=key,
            reference=reference,
            versions=versions,
        )
    except StaleVersion as error:
        if if_match.strip() not in ("", "*"):
            raise Stale(error.code, error.sentence, **error.details) from error
        raise
    except NotFound as error:
        if error.code in _IN_THE_BODY:
            raise BadInput(error.code, error.sentence, **error.details) from error
        raise
    except NotPermitted:
        note_denial(site.office, method=request.method, path=request.scope["route"].path, act=act)
        raise
    if isinstance(outcome, Refused):
        raise refused(outcome)
    if isinstance(at := outcome.data.get("version"), int):
        response.headers["ETag"] = etag(at)
    return {"sentence": outcome.sentence} | outcome.data


@dataclass(frozen=True)
class CaseChange:
    """A change of the case in the address, under way: what came with the request beside its body."""

    request: Request
    response: Response
    reference: str
    if_match: str
    key: str

    def change(
        self, operation: Callable[..., Outcome | Done], body: Given, *, needed: bool = False, **given: Any
    ) -> dict[str, Any]:
        """Do an operation on the case with what the body says. `given`: what the address says beside the case.

        Raises what `change` raises.
        """
        told = body.model_dump(exclude={"version"})
        return change(
            self.request,
            self.response,
            lambda office: operation(office, reference=self.reference, act=act_of(self.request), **told, **given),
            body=body.model_dump(),
            key=self.key,
            reference=self.reference,
            if_match=self.if_match,
            version=getattr(body, "version", None),
            needed=needed,
        )


def _once(
    request: Request, response: Response, reference: Reference, key: Key = "", if_match: Match = ""
) -> CaseChange:
    return CaseChange(request, response, reference, if_match, key)


def _again(request: Request, response: Response, reference: Reference, if_match: Match = "") -> CaseChange:
    return CaseChange(request, response, reference, if_match, key="")


OnceChanged = Annotated[CaseChange, Depends(_once)]  # with a key, done once
AgainChanged = Annotated[CaseChange, Depends(_again)]  # a PUT: doing it again does nothing more


def refused(outcome: Refused) -> RefusedByRules:
    unmet = [{"code": one.code, "sentence": said(one.sentence), "who": one.who} for one in outcome.unmet]
    rules = "1 rule" if len(unmet) == 1 else f"{len(unmet)} rules"
    return RefusedByRules("REFUSED", f"{outcome.title}: not yet, {rules} unmet.", title=outcome.title, unmet=unmet)


def _versions(if_match: str, version: int | None, *, needed: bool) -> frozenset[int] | None:
    """Return the versions that the change may be made at; None for any."""
    if not if_match and version is None:
        if needed:
            raise VersionNeeded(
                "VERSION_NEEDED",
                'Say which version of the case this was made from: send If-Match with its ETag, such as "7", or '
                "`version` in the body. Nothing was done.",
            )
        return None
    said = frozenset({version}) if version is not None else None
    if not if_match or if_match.strip() == "*":
        return said
    matched = frozenset(_matched(if_match))
    return matched if said is None else matched & said


def _matched(if_match: str) -> list[int]:
    """Return the versions that If-Match names. A weak tag, or one that is none of ours, matches nothing."""
    found = []
    for one in if_match.split(","):
        tag = _TAG.fullmatch(one)
        if tag is None:
            raise BadInput("IF_MATCH", 'If-Match is no list of entity tags such as "7".', field="If-Match")
        if not tag[1] and _VERSION.fullmatch(tag[2]):
            found.append(int(tag[2]))
    return found
