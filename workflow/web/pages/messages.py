"""The outbox: what waits, went, failed or was held back; each message as it reads; addresses that take no mail."""

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from workflow.access import Area, Deed, opens, role_for
from workflow.errors import NotFound
from workflow.models.notification import STATUSES
from workflow.operations.deliver_outbox import Post
from workflow.operations.mark_arrived import mark_arrived
from workflow.operations.read_message import read_message
from workflow.operations.release_address import release_address
from workflow.operations.retry_message import AGAIN, retry_message
from workflow.reports import mail, outbox
from workflow.web.answers import Problem, act, values_of
from workflow.web.forms import at, posted_of
from workflow.web.guard import routes, see
from workflow.web.rendering import page
from workflow.web.site import Acting, Here, Site, Who, caller_of, site_of

# A letter acts in nothing: no script, no form, no request to anywhere, and an origin of its own.
LETTER = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; form-action 'none'; base-uri 'none'; "
        "sandbox"
    ),
    "Cache-Control": "no-store",
}
SHOWN = (("text", "Text"), ("html", "HTML"), ("headers", "Headers"))
_LONGEST = 9  # digits of a number in an address


def router() -> APIRouter:
    made = routes()

    @made.get("/messages")
    @see(Area.MESSAGES)
    def messages(request: Request) -> Response:
        return _list(request)

    @made.post("/messages/release")
    @see(Area.MESSAGES)
    def release(request: Request, site: Here, acting: Acting) -> Response:
        posted = posted_of(request)
        address = posted.text("address")

        return act(
            request,
            lambda: at(
                "reason",
                lambda: release_address(site.office, address=address, reason=posted.text("reason"), act=acting),
            ),
            to="/messages?state=suppressed",
            again=lambda problem: _list(request, problem, about=address),
            said=lambda _: f"Mail goes to {address} again. What was held back stays so until you send it again.",
        )

    @made.get("/messages/{message}")
    @see(Area.MESSAGES)
    def one(request: Request, message: str) -> Response:
        return _one(request, message)

    @made.get("/messages/{message}/html")
    @see(Area.MESSAGES)
    def html(site: Here, who: Who, message: str) -> Response:
        letter = read_message(
            site.office, post_of(site), message=mail.number(message), viewer=who.person, now=site.clock()
        )
        if letter.rendered is None:
            raise NotFound("NO_TEXT", "This message has no text.")
        return HTMLResponse(letter.rendered.html, headers=LETTER)

    @made.post("/messages/{message}/again")
    @see(Area.MESSAGES)
    def again(request: Request, site: Here, acting: Acting, message: str) -> Response:
        return act(
            request,
            lambda: retry_message(site.office, message=mail.number(message), act=acting),
            to=_back_to(request, message),
            again=lambda problem: _one(request, message, problem),
            said=lambda _: "The message is sent again at the next delivery, under the same Message-ID.",
        )

    @made.post("/messages/{message}/arrived")
    @see(Area.MESSAGES)
    def arrived(request: Request, site: Here, acting: Acting, message: str) -> Response:
        note = posted_of(request).text("note")
        return act(
            request,
            lambda: at("note", lambda: mark_arrived(site.office, message=mail.number(message), note=note, act=acting)),
            to=_back_to(request, message),
            again=lambda problem: _one(request, message, problem),
        )

    return made


def _back_to(request: Request, message: str) -> str:
    """Return the page of a case that the form stood on, or else the message's own."""
    address = posted_of(request).text("back")
    ours = address.startswith("/cases/") and "//" not in address and "\\" not in address and "\n" not in address
    return address if ours else f"/messages/{message}"


def post_of(site: Site) -> Post:
    """Return how mail is written and leaves."""
    return site.post()


def before_of(text: str) -> int:
    """Return the number after which a page goes on; nothing for what is no number."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _LONGEST else 0


def shown_of(text: str) -> str:
    return text if text in dict(SHOWN) else SHOWN[0][0]


def _list(request: Request, problem: Problem | None = None, *, about: str = "") -> Response:
    site, caller, asked = site_of(request), caller_of(request), request.query_params
    state = asked.get("state", "") if asked.get("state") in STATUSES else ""
    state = state or ("suppressed" if problem else "")
    find = asked.get("find", "").strip()[:200]
    with site.office.database.snapshot() as connection:
        counted = mail.counts(connection, viewer=caller.person)
        rows = mail.messages(
            connection,
            site.office,
            viewer=caller.person,
            now=site.clock(),
            status=state,
            sought=find,
            before=before_of(asked.get("before", "")),
            limit=mail.PAGE + 1,
        )
        dead = outbox.suppressed(connection, viewer=caller.person)
    shown = rows[: mail.PAGE]
    return page(
        request,
        "messages/list.html",
        status=problem.status if problem else 200,
        problem=problem,
        typed=values_of(request) if problem else {},
        counted=counted,
        state=state,
        find=find,
        rows=shown,
        more=shown[-1]["id"] if len(rows) > mail.PAGE else 0,
        paged=bool(asked.get("before")),
        dead=dead,
        about=about or asked.get("release", ""),
        may_release=role_for(Deed.RELEASE_ADDRESS, caller.person.roles) is not None,
        sees_mailbox=opens(Area.MAILBOX, caller.person.roles),
    )


def _one(request: Request, message: str, problem: Problem | None = None) -> Response:
    site, caller = site_of(request), caller_of(request)
    letter = read_message(
        site.office, post_of(site), message=mail.number(message), viewer=caller.person, now=site.clock()
    )
    values: dict[str, Any] = {"letter": letter, "show": shown_of(request.query_params.get("show", ""))}
    return page(
        request,
        "messages/message.html",
        status=problem.status if problem else 200,
        problem=problem,
        typed=values_of(request) if problem else {},
        here_is=f"/messages/{letter.opened.row['id']}",
        may_retry=role_for(Deed.RETRY_MESSAGE, caller.person.roles) is not None,
        AGAIN=AGAIN,
        **values,
    )
