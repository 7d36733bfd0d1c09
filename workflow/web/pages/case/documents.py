"""The papers of a case: what is missing, every document with a preview beside it, adding, replacing, waiving, filing again.

Hands out the files themselves too, each under a policy of its own, so that nothing in one can act in the console.
"""

from typing import Any
from urllib.parse import quote

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from workflow.access import Area, Deed, role_for
from workflow.decisions.outcome import Outcome
from workflow.errors import BadInput, NotFound
from workflow.files import LARGEST, File, checked, too_large
from workflow.operations.add_document import add_documents
from workflow.operations.open_document import Opened, content_of, open_document
from workflow.operations.refile_document import refile_document
from workflow.operations.waive_document import waive_document
from workflow.reports.papers import papers
from workflow.web.answers import Problem, act
from workflow.web.forms import Posted, Problems, at, posted_of
from workflow.web.guard import routes, see
from workflow.web.pages.case.shell import section
from workflow.web.site import Acting, Here, Who

LARGEST_FORM = 2 * LARGEST + 1024 * 1024  # several files in one form, with what surrounds them
_LONGEST_NUMBER = 10
IMAGES = frozenset({"image/png", "image/jpeg", "image/gif"})
# What a browser shows by itself; everything else is handed out to be kept.
SHOWN = IMAGES | {"application/pdf", "text/plain", "text/csv"}
_ALONE = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'"
# A browser's own viewer keeps what a PDF runs to itself, away from our origin, and not every one starts in a sandbox.
_POLICIES = {"application/pdf": f"{_ALONE}; object-src 'self'"}
_POLICY = f"{_ALONE}; sandbox"


def router() -> APIRouter:
    made = routes(LARGEST_FORM)

    @made.get("/cases/{reference}/documents")
    @see(Area.CASES)
    def documents(request: Request, site: Here, who: Who, reference: str) -> Response:
        return _page(request, site, who, reference)

    @made.get("/cases/{reference}/documents/{document}/file")
    @see(Area.CASES)
    def file(site: Here, acting: Acting, reference: str, document: str, download: str = "") -> Response:
        opened = open_document(site.office, reference=reference, document_id=number_of(document), act=acting)
        return StreamingResponse(content_of(site.office, opened), headers=_headers(opened, keep=bool(download)))

    @made.post("/cases/{reference}/documents")
    @see(Area.CASES)
    def add(request: Request, site: Here, who: Who, acting: Acting, reference: str) -> Response:
        posted = posted_of(request)

        def added() -> Outcome:
            files, replaces = files_of(posted), posted.number("replaces")
            kind = posted.text("kind")
            if not kind and replaces is None:
                raise BadInput("DOCUMENT_KIND", "Say what the files are.", field="kind")
            return add_documents(
                site.office, reference=reference, files=files, kind=kind, replaces=replaces, act=acting
            )

        return act(
            request,
            added,
            to=lambda done: (
                f"/cases/{reference}/documents"
                f"?added={','.join(map(str, done.data['documents'] + done.data['there_already']))}"
            ),
            again=lambda problem: _page(request, site, who, reference, problem=problem),
        )

    @made.post("/cases/{reference}/documents/waive")
    @see(Area.CASES)
    def waive(request: Request, site: Here, who: Who, acting: Acting, reference: str) -> Response:
        posted = posted_of(request)
        kind = posted.text("kind")
        return act(
            request,
            lambda: at(
                "reason",
                lambda: waive_document(
                    site.office, reference=reference, kind=kind, reason=posted.text("reason"), act=acting
                ),
            ),
            to=f"/cases/{reference}/documents",
            again=lambda problem: _page(request, site, who, reference, problem=problem, waive=kind),
            said=lambda done: (
                f"A second person is asked (no. {done.data['approval']}). Until then the document counts as missing."
            ),
        )

    @made.post("/cases/{reference}/documents/{document}/refile")
    @see(Area.CASES)
    def refile(request: Request, site: Here, who: Who, acting: Acting, reference: str, document: str) -> Response:
        posted = posted_of(request)
        return act(
            request,
            lambda: refile_document(
                site.office,
                reference=reference,
                document_id=number_of(document),
                kind=posted.text("kind"),
                to=posted.text("to").strip(),
                reason=posted.text("reason"),
                act=acting,
            ),
            to=f"/cases/{reference}/documents",
            again=lambda problem: _page(request, site, who, reference, problem=problem, refile=document),
            said=lambda done: (
                f"A second person is asked (no. {done.data['approval']}). Until then the document stays where it is."
            ),
        )

    return made


def files_of(posted: Posted, field: str = "file") -> list[File]:
    """Return the files of a form, each checked. Raises BadInput with what is wrong with every one of them."""
    problems, found = Problems(), []
    for sent in posted.files(field):
        name = sent.filename or ""

        def one(sent: Any = sent, name: str = name) -> File:
            if sent.size is not None and (wrong := too_large(name[:200], sent.size)) is not None:
                raise wrong
            return checked(name, sent.file.read())

        found.append(problems.take(lambda one=one: at(field, one)))  # type: ignore[misc]  # bound, not typed
    if problems.found and len(found) > 1:
        problems.found.append(
            BadInput("NONE_SAVED", "None of the files was saved. Choose them all again.", field=field)
        )
    problems.stop()
    return found


def _page(
    request: Request, site: Any, who: Any, reference: str, *, problem: Problem | None = None, **shown: str
) -> Response:
    asked = {
        name: request.query_params.get(name, "") for name in ("open", "replace", "waive", "refile", "added")
    } | shown
    with site.office.database.snapshot() as connection:
        told = papers(connection, site.office, reference=reference, viewer=who.person)
        by_id, kinds = told["documents"], {one["kind"]: one for one in told["kinds"]}

        def named(name: str) -> dict[str, Any] | None:
            text = asked[name]
            return by_id.get(int(text)) if is_number(text) else None

        return section(
            request,
            connection,
            "case/documents.html",
            reference,
            problem=problem,
            papers=told,
            titles={kind: one["title"] for kind, one in kinds.items()},
            shown=named("open"),
            replaced=named("replace"),
            refiled=named("refile"),
            waived=kinds.get(asked["waive"]),
            may_add=role_for(Deed.ADD_DOCUMENT, who.person.roles) is not None,
            may_file=role_for(Deed.REFILE, who.person.roles) is not None,
            may_waive=role_for(Deed.WAIVE, who.person.roles) is not None,
            receipt=[by_id[int(one)] for one in asked["added"].split(",") if is_number(one) and int(one) in by_id],
            SHOWN=SHOWN,
            IMAGES=IMAGES,
        )


def is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER


def number_of(text: str) -> int:
    """Return a document's number; anything else is a document that is not there."""
    if not is_number(text):
        raise NotFound("DOCUMENT", "There is no such document.")
    return int(text)


def _headers(opened: Opened, *, keep: bool) -> dict[str, str]:
    """Return the headers of a file: what it is and nothing else, under a policy that lets nothing in it act."""
    shown = opened.media_type in SHOWN and not keep
    ascii_name = "".join(
        one if one.isascii() and one.isprintable() and one not in '"\\' else "_" for one in opened.filename
    )
    name = f"filename=\"{ascii_name}\"; filename*=UTF-8''{quote(opened.filename, safe='')}"
    text = opened.media_type.startswith("text/")
    return {
        "Content-Type": "text/plain; charset=utf-8" if text else opened.media_type,
        "Content-Length": str(opened.size),
        "Content-Disposition": f"{'inline' if shown else 'attachment'}; {name}",
        "Content-Security-Policy": _POLICIES.get(opened.media_type, _POLICY),
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
