"""What a case page shows beside the case itself: its route through the states and the facts the rules look at.

Reads one snapshot and changes nothing; it must not know how a page looks.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, ScalarSelect, Table, bindparam, func, select

from states.dates import local_day
from states.definition import Programme
from states.facts import Person
from states.guards import wanted
from workflow import models
from workflow.models.base import table_of
from workflow.store import cases, facts, people
from workflow.store.cases import Case
from workflow.store.office import Office

_D = table_of(models.Decision)
_P = table_of(models.PlannedAction)
_DECISIONS = (
    select(_D.c.to_state, _D.c.effective_at)
    .where(_D.c.application_id == bindparam("case_id"), _D.c.cycle == bindparam("cycle"))
    .order_by(_D.c.decision_no)
)
_TIMERS = select(_P.c.trigger, _P.c.due_on).where(
    _P.c.application_id == bindparam("case_id"), _P.c.status == "planned", _P.c.trigger.is_not(None)
)
_DOC, _VISIT = table_of(models.Document), table_of(models.Visit)
_MAIL, _ENTRY, _FINDING = table_of(models.Notification), table_of(models.AuditEntry), table_of(models.Finding)


def _count(table: Table, *more: ColumnElement[bool]) -> ScalarSelect[int]:
    mine = table.c.application_id == bindparam("case_id")
    return select(func.count()).select_from(table).where(mine, *more).scalar_subquery()


_COUNTS = select(
    _count(_FINDING, _FINDING.c.cycle == bindparam("cycle"), _FINDING.c.assessment.is_not(None)).label("checklist"),
    _count(_DOC).label("documents"),
    _count(_VISIT).label("visits"),
    _count(_MAIL).label("messages"),
    _count(_ENTRY).label("history"),
)


def route(connection: Connection, office: Office, *, reference: str, viewer: Person) -> list[dict[str, Any]]:
    """Return the stations of a case: passed and present ones with their day, then the main line ahead.

    A station is {state, title, status: "done" | "here" | "ahead", on: date or None}. Raises NotFound.
    """
    case = cases.read(connection, reference, viewer)
    programme = office.editions.machine(connection, case.programme, case.edition).programme
    zone = programme.time_zone
    first = programme.initial if case.cycle == 1 else ""
    entered = [(first, case.received_on)] if first else []
    for row in connection.execute(_DECISIONS, {"case_id": case.id, "cycle": case.cycle}):
        if not entered or entered[-1][0] != row.to_state:
            entered.append((row.to_state, local_day(row.effective_at, zone)))
    days = dict(entered)  # a state entered again counts from its last time
    order = [state.name for state in programme.states]
    passed = [name for name in days if name == case.state or order.index(name) < order.index(case.state)]
    titles = {state.name: state.title for state in programme.states}
    stations: list[dict[str, Any]] = [
        {"state": name, "title": titles[name], "status": "here" if name == case.state else "done", "on": days[name]}
        for name in sorted(passed, key=order.index)
    ]
    if case.state not in days:
        stations.append({"state": case.state, "title": titles[case.state], "status": "here", "on": None})
    due = {row.trigger: row.due_on for row in connection.execute(_TIMERS, {"case_id": case.id})}
    planned = {t.target: due[t.trigger] for t in programme.transitions if t.trigger in due}
    return stations + [
        {"state": name, "title": titles[name], "status": "ahead", "on": planned.get(name)}
        for name in _ahead(programme, case)
    ]


def _ahead(programme: Programme, case: Case) -> list[str]:
    """Return the main line after the present state: the states for review and certification, in the file's order."""
    if case.state_kind == "closed":
        return []
    names = [state.name for state in programme.states]
    later = names[names.index(case.state) + 1 :]
    return [name for name in later if programme.state_by_name[name].kind in ("review", "certified")]


def at_a_glance(
    connection: Connection, office: Office, *, reference: str, viewer: Person, now: datetime
) -> dict[str, Any]:
    """Return what the rules look at: required documents, criteria with answers, band, visits, recommendation."""
    case = cases.read(connection, reference, viewer)
    programme = office.editions.machine(connection, case.programme, case.edition).programme
    staff = people.everybody(connection)
    loaded = facts.load_decided(connection, office, case, now=now, people=staff).facts
    kinds = [document.kind for document in loaded.documents]
    found = {(finding.criterion, finding.site): finding for finding in loaded.findings}
    places = wanted(programme, loaded.sites, loaded.traders)
    band, recommendation = loaded.band, loaded.recommendation
    return {
        "documents": [
            {"title": d.title, "mandatory": d.mandatory, "count": kinds.count(d.kind)} for d in programme.documents
        ],
        "criteria": [
            {
                "code": code,
                "site": site,
                "text": programme.criteria[code].text,
                "placeholder": programme.criteria[code].placeholder,
                "answer": found[code, site].answer if (code, site) in found else None,
                "documents": len(found[code, site].documents) if (code, site) in found else 0,
                "assessment": found[code, site].assessment if (code, site) in found else None,
                "due_on": found[code, site].due_on if (code, site) in found else None,
            }
            for code, site in places
        ],
        "band": None
        if band is None
        else {"band": band.band, "assessed_on": band.assessed_on, "valid_until": band.valid_until},
        "minimum_band": programme.band.minimum,
        "visits": [{"held_on": v.held_on, "site": v.site, "report": v.report is not None} for v in loaded.visits],
        "requests": [{"number": r.number, "question": r.question, "reply_by": r.reply_by} for r in loaded.requests],
        "recommendation": None
        if recommendation is None
        else {
            "outcome": recommendation.outcome,
            "by": staff[recommendation.by].name if recommendation.by in staff else "somebody who left",
            "stale": loaded.undecided and case.state_kind == "review" and recommendation.digest != loaded.digest,
        },
    }


def ended_by(connection: Connection, case: Case) -> str:
    """Return the ground of a case's newest decision, or nothing."""
    query = select(_D.c.reason_code).where(_D.c.application_id == case.id).order_by(_D.c.decision_no.desc()).limit(1)
    return connection.execute(query).scalar() or ""


def counts(connection: Connection, *, case_id: int, cycle: int) -> dict[str, int]:
    """Return how many documents, visits, messages and trail entries a case has, by section: one query."""
    row = connection.execute(_COUNTS, {"case_id": case_id, "cycle": cycle}).one()
    return dict(row._mapping)  # noqa: SLF001  # SQLAlchemy's public name for a row as a mapping
