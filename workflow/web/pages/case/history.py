"""Everything that happened to a case, entry by entry, in words: filtered, paged, each with its place in the log."""

from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from workflow.access import Area, opens
from workflow.reports import history as reading
from workflow.web.guard import routes, see
from workflow.web.pages.case.shell import section
from workflow.web.site import Here, Who

_LONGEST = 9  # digits of a number in an address


def router() -> APIRouter:
    made = routes()

    @made.get("/cases/{reference}/history")
    @see(Area.CASES)
    def history(
        request: Request,
        site: Here,
        who: Who,
        reference: str,
        kind: str = "",
        person: str = "",
        order: str = "",
        after: str = "",
    ) -> Response:
        known = kind if kind in (*reading.FAMILIES, "other") else ""
        oldest_first = order == "oldest"
        with site.office.database.snapshot() as connection:
            found = reading.page(
                connection,
                site.office,
                reference=reference,
                viewer=who.person,
                family=known,
                person=person[:100],
                oldest_first=oldest_first,
                after=int(after) if after.isascii() and after.isdigit() and len(after) <= _LONGEST else 0,
            )
            wanted = {"kind": known, "person": person[:100], "order": "oldest" if oldest_first else ""}

            def link(**more: object) -> str:
                query = urlencode({name: value for name, value in (wanted | more).items() if value})
                return f"/cases/{reference}/history{'?' if query else ''}{query}"

            return section(
                request,
                connection,
                "case/history.html",
                reference,
                found=found,
                wanted=wanted,
                link=link,
                paged=bool(after),
                may_prove=opens(Area.TRAIL, who.person.roles),
            )

    return made
