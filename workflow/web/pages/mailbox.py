"""The embedded mailbox: every mail that went to the folder on this machine; elsewhere a line that says where mail goes."""

from pathlib import Path

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from notifications import mailbox as reading
from notifications.transport import MaildirTransport
from workflow.access import Area
from workflow.errors import NotFound
from workflow.web.guard import routes, see
from workflow.web.pages.messages import LETTER, shown_of
from workflow.web.rendering import page
from workflow.web.site import Here, Site

_PAGE = 50


def router() -> APIRouter:
    made = routes()

    @made.get("/mailbox")
    @see(Area.MAILBOX)
    def every_letter(request: Request, site: Here, before: str = "") -> Response:
        folder = _folder(site)
        rows = reading.letters(folder, before=before, many=_PAGE + 1) if folder else []
        return page(
            request,
            "messages/mailbox.html",
            folder=folder,
            relay=site.settings.table_value("smtp_url"),
            rows=rows[:_PAGE],
            more=rows[_PAGE - 1].key if len(rows) > _PAGE else "",
            paged=bool(before),
        )

    @made.get("/mailbox/{key}")
    @see(Area.MAILBOX)
    def one(request: Request, site: Here, key: str, show: str = "") -> Response:
        return page(request, "messages/mail.html", letter=_letter(site, key), show=shown_of(show))

    @made.get("/mailbox/{key}/html")
    @see(Area.MAILBOX)
    def html(site: Here, key: str) -> Response:
        return HTMLResponse(_letter(site, key).html, headers=LETTER)

    return made


def _folder(site: Site) -> Path | None:
    """Return the folder that mail goes to, or None where a relay takes it."""
    transport = site.post().transport
    return transport.folder if isinstance(transport, MaildirTransport) else None


def _letter(site: Site, key: str) -> reading.Letter:
    folder = _folder(site)
    found = reading.letter(folder, key) if folder else None
    if found is None:
        raise NotFound("NO_LETTER", "There is no such letter in the mailbox.")
    return found
