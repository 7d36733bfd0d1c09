"""The worklist and the case page. They show what reports say and act on nothing; no rule is decided here."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from fastapi import APIRouter, Response
from sqlalchemy import Connection

from states.dates import OfficeCalendar, local_day
from states.facts import OPERATOR
from workflow.reports import case_page, cases
from workflow.reports.calendar import calendar
from workflow.store.calendar import office_calendar
from workflow.store.office import Office
from workflow.web import words
from workflow.web.rendering import page

_PAGE = 200
_VIEWER = OPERATOR  # nobody is signed in: these pages are for whoever runs this machine
_ABOUT_THE_READER = ("WRONG_ROLE", "FOUR_EYES")  # nobody is signed in: the page names the role instead
_GROUPS = ("Overdue", "This week", "Later", "New", "Waiting", "Certificates", "Ended")
_HINTS = {
    "New": "no target day until the application is complete",
    "Waiting": "somebody outside must act first",
    "Certificates": "by last day of validity",
}
_COUNTED_DAYS = 60  # beyond, a date says more than a count


def router(office: Office, clock: Callable[[], datetime], *, demonstration: bool) -> APIRouter:
    """Return the pages about cases."""
    made = APIRouter()

    def common(now: datetime, zone: str) -> dict[str, Any]:
        told = words.moment(now, zone)
        return {"demonstration": f"{told}, {words.place(zone)}" if demonstration else "", "zone": zone, "as_at": told}

    @made.get("/")
    def worklist(state: str = "", after: str = "") -> Response:
        now = clock()
        with office.database.snapshot() as connection:
            rows = cases.list_(connection, office, viewer=_VIEWER, now=now, state=state, after=after, limit=_PAGE + 1)
            known = cases.states(connection, office)
            zone = _zone(connection, office)
            days = _office_days(connection, zone, now)
        shown = rows[:_PAGE]
        today = local_day(now, zone)
        return page(
            "worklist.html",
            groups=_grouped(shown, today, days),
            hints=_HINTS,
            total=len(shown),
            states=known,
            chosen=state,
            after=after,
            more=shown[-1]["reference"] if len(rows) > _PAGE else "",
            **common(now, zone),
        )

    @made.get("/cases/{reference}")
    def case(reference: str) -> Response:
        now = clock()
        with office.database.snapshot() as connection:
            shown = cases.show(connection, office, reference=reference, viewer=_VIEWER, now=now)
            zone = shown["time_zone"]
            days = _office_days(connection, zone, now)
            actions = cases.actions(connection, office, reference=reference, actor=_VIEWER, now=now)
            ledger = calendar(connection, office, viewer=_VIEWER, first=date.min, last=date.max, reference=reference)
            stations = case_page.route(connection, office, reference=reference, viewer=_VIEWER)
            glance = case_page.at_a_glance(connection, office, reference=reference, viewer=_VIEWER, now=now)
            told = cases.history(connection, office, reference=reference, viewer=_VIEWER)
        today = local_day(now, zone)
        steps = [_step(action) for action in actions]
        ahead = {station["state"] for station in stations if station["status"] == "ahead"}
        return page(
            "case.html",
            case=shown,
            deadline=_by_when(shown["deadline"], today, days),
            stations=stations,
            main=[step for step in steps if step["target"] in ahead],
            others=[step for step in steps if step["target"] not in ahead],
            ledger=[row for row in ledger if row["status"] == "planned"],
            settled=len([row for row in ledger if row["status"] != "planned"]),
            glance=glance,
            history=list(reversed(told)),
            **common(now, zone),
        )

    return made


def _zone(connection: Connection, office: Office) -> str:
    """Return the zone of the first programme, in which a list over all cases states its days."""
    codes = office.editions.codes(connection)
    return office.editions.newest(connection, codes[0]).programme.time_zone if codes else "UTC"


def _office_days(connection: Connection, zone: str, now: datetime) -> OfficeCalendar:
    today = local_day(now, zone)
    year = timedelta(days=366)
    return office_calendar(connection, zone, today - year, today + year)


def _grouped(rows: list[dict[str, Any]], today: date, days: OfficeCalendar) -> dict[str, list[dict[str, Any]]]:
    """Return the rows under the heading that says whose move it is and by when; empty headings are left out."""
    groups: dict[str, list[dict[str, Any]]] = {name: [] for name in _GROUPS}
    for row in rows:
        certified = row["state_kind"] == "certified" and row["certificate"]
        due = row["certificate"]["valid_until"] if certified else row["deadline"]
        groups[_group(row, today)].append(row | {"by": _by_when(due, today, days)})
    for name in ("Waiting", "Certificates"):
        groups[name].sort(key=lambda row: (row["by"] is None, row["by"]["on"] if row["by"] else today))
    return {name: found for name, found in groups.items() if found}


def _group(row: dict[str, Any], today: date) -> str:
    if row["state_kind"] in ("certified", "suspended"):
        return "Certificates"
    if row["state_kind"] == "closed":
        return "Ended"
    if row["state_kind"] == "waiting" or row["waits_for"] in ("company", "clock", "nobody"):
        return "Waiting"
    due = row["deadline"]
    if due is None:
        return "New"
    if due < today:
        return "Overdue"
    return "This week" if due <= today + timedelta(days=6 - today.weekday()) else "Later"


def _by_when(due: date | None, today: date, days: OfficeCalendar) -> dict[str, Any] | None:
    if due is None:
        return None
    near = abs((due - today).days) <= _COUNTED_DAYS
    count = words.distance(due, today, days.office_days_between(today, due)) if near else ""
    return {"on": due, "late": due < today, "count": count}


def _step(action: dict[str, Any]) -> dict[str, Any]:
    """Return an action without what depends on who looks, since nobody is signed in."""
    unmet = [one for one in action["unmet"] if one["code"] not in _ABOUT_THE_READER]
    rules = action["met"] + len(action["unmet"])
    return action | {"unmet": unmet, "rules": rules, "deciders": words.deciders(action)}
