"""Every page that can be opened, found from the application's own routes, with examples from the demonstration and who opens it.

Used by the tests of how pages look and by the pictures of the docs; holds no test.
"""

import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import served

from workflow.access import Area
from workflow.settings import Settings
from workflow.store.office import Office
from workflow.web.app import create_app
from workflow.web.site import Site

_WHO = {
    Area.PUBLIC: "",
    Area.OWN: served.OFFICER,
    Area.WORK: served.OFFICER,
    Area.CASES: served.OFFICER,
    Area.APPROVALS: served.APPROVER,
    Area.PORTFOLIO: served.MANAGER,
    Area.CALENDAR: served.MANAGER,
    Area.COMPANIES: served.OFFICER,
    Area.PROGRAMMES: served.ADMIN,
    Area.TEAM: served.SUPERVISOR,
    Area.TRAIL: served.AUDITOR,
    Area.PROOF: served.AUDITOR,
    Area.MESSAGES: served.ADMIN,
    Area.MAILBOX: served.ADMIN,
    Area.PEOPLE: served.ADMIN,
    Area.SETTINGS: served.ADMIN,
}
# Answers that are no page of ours: files, letters in their frame, figures for machines, and steps that lead on at once.
_NO_PAGE = re.compile(
    r"\.(csv|ics|json|js|txt|pdf|svg)$|/file$|/html$|}/proof$|^/(healthz|readyz|metrics)$|^/api/v|^/sign-in/.|^/$"
)
_CASE = "STP-2026-000008"  # Quillhaven Logistics, in validation
_CERTIFIED = "STP-2026-000001"


@dataclass(frozen=True)
class Sight:
    """A page, and who looks at it; nobody: signed out."""

    path: str
    who: str
    status: int = 200

    def __str__(self) -> str:
        return self.path


# What one address alone does not show: other states, open drawers, filters, refusals.
MORE = (
    *(
        Sight(f"/cases/{reference}", served.OFFICER)
        for reference in (
            "STP-2026-000016",  # submitted, nobody's yet
            "STP-2026-000012",  # under review
            "STP-2026-000014",  # waits for the company
            "STP-2026-000004",  # recommended
            "STP-2026-000001",  # certified
            "STP-2024-000004",  # revalidation due
            "STP-2023-000003",  # a renewal
            "STP-PLUS-2025-000001",  # suspended
            "STP-2023-000001",  # lapsed
            "STP-2026-000009",  # rejected
        )
    ),
    Sight("/cases/STP-2026-000012/checklist?at=S3", served.OFFICER),
    Sight("/cases/STP-2026-000012/checklist?only=left", served.OFFICER),
    Sight("/cases/STP-2026-000004/decide/certify", served.APPROVER),
    Sight("/cases/STP-2026-000004/decide/certify?document=211", served.APPROVER),
    Sight("/cases/STP-2026-000004", served.AUDITOR),
    Sight("/cases/STP-2026-000004/take-back", served.SUPERVISOR),
    Sight("/cases/STP-2026-000008/do/return_to_checklist", served.OFFICER),
    Sight("/cases/STP-2026-000001/decide/revoke", served.APPROVER),
    Sight("/work?view=team", served.OFFICER),
    Sight("/work?view=unassigned", served.OFFICER),
    Sight("/work?find=quilhaven", served.OFFICER),
    Sight("/work", served.SUPERVISOR),
    Sight("/approvals", served.SUPERVISOR),
    Sight("/portfolio", served.SUPERVISOR),
    Sight("/calendar?month=2027-01", served.OFFICER),
    Sight("/trail?case=STP-2026-000004", served.AUDITOR),
    Sight("/programmes/STP-PLUS", served.OFFICER),
    Sight("/people", served.AUDITOR),
    Sight("/settings", served.OFFICER, 403),  # not for this role
    Sight("/cases/STP-2026-999999", served.OFFICER, 404),  # not there
    Sight("/nowhere", "", 404),
)


def routed(address_book: dict[str, str]) -> Iterator[Sight]:
    """Yield a page for each route that shows one."""
    for route in _routes(create_app(_site()).router):
        path = route.path
        if "GET" not in route.methods or _NO_PAGE.search(path):
            continue
        filled = served.filled(path, address_book | ({"reference": _CERTIFIED} if "/certificate/" in path else {}))
        if filled is None:
            raise LookupError(f"No example fills {path}; add one to the examples of tests/browser/pages.py.")
        who = served.APPROVER if "/decide/" in path or filled.endswith("/reissue") else _WHO[route.area]
        yield Sight(filled, who)


def examples(folder: Path) -> dict[str, str]:
    """Return what fills the parameters of addresses, read from a demonstration."""
    connection = sqlite3.connect(f"file:{folder / 'var' / 'casework.db'}?mode=ro", uri=True)
    try:
        one = lambda query: str(connection.execute(query).fetchone()[0])  # noqa: E731  # one line, used here
        return EXAMPLES | {
            "person_id": one("SELECT id FROM officer WHERE email = 'tan.weiming@casework.example'"),
            "uen": one("SELECT identifier FROM company WHERE name LIKE 'Quillhaven%'"),
            "index": "120",
            "key": min(path.name for path in (folder / "var" / "mailbox").glob("[cn]*/*")),
            "message": one(
                "SELECT min(notification.id) FROM notification "
                f"JOIN application ON application.id = notification.application_id WHERE reference = '{_CASE}'"
            ),
            "document": one(
                "SELECT min(document.id) FROM document JOIN application ON application.id = document.application_id "
                f"WHERE reference = '{_CASE}'"
            ),
        }
    finally:
        connection.close()


EXAMPLES = {
    "reference": _CASE,
    "trigger": "certify",
    "outcome": "certify",
    "what": "correct",
    "code": "STP",
    "table": "funnel",
}


def _site() -> Site:
    nowhere: Any = None
    office: Office = nowhere  # routes are read, none is called
    return Site(office, _no_clock, list, lambda _: None, "", Settings())


def _no_clock() -> Any:
    raise AssertionError("No page is made here.")


def _routes(router: Any) -> Iterator[Any]:
    for one in router.routes:
        inner = getattr(one, "original_router", None)
        if inner is not None:
            yield from _routes(inner)
        elif hasattr(one, "endpoint"):
            yield one
