"""What lies ahead for an account manager's companies, or for all of them: what the weekly digest says.

Reads only; it must not know how or when it is sent.
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from states.dates import local_day
from states.facts import Person
from workflow import models
from workflow.models.base import table_of
from workflow.reports.cases import title_of
from workflow.store import cases, visible
from workflow.store.office import Office

DUE_WITHIN = timedelta(days=14)
ENDS_WITHIN = timedelta(days=210)  # as long as renewal is open
FAILED_WITHIN = timedelta(days=14)  # what is older and still matters is an open task
LONGEST = 50  # rows of a section: a mail is no worklist
SECTIONS = ("due", "ends", "us", "company", "failed", "tasks")

_A = table_of(models.Application)
_C = table_of(models.Company)
_MANAGER = table_of(models.Officer).alias("manager")
_ASSIGNEE = table_of(models.Officer).alias("assignee")
_N = table_of(models.Notification)
_P = table_of(models.PlannedAction)
_TASK = table_of(models.Task)
_VISIT = table_of(models.Visit)
_MACHINE = (_A.c.programme, _A.c.edition, _A.c.state, _A.c.back)
_OURS = ("officer", "approver", "account_manager")
_LAST_DAY = func.coalesce(_A.c.next_valid_until, _A.c.valid_until)
_STANDING = {
    "none": "no certificate yet",
    "pending": "begins later",
    "in_force": "in force",
    "suspended": "suspended",
    "ended": "ended",
}
_AUDIENCES = {
    "company": "the company",
    "account_manager": "the account manager",
    "officer": "the officer",
    "supervisor": "the supervisors",
}
_VISITS = {"on_site": "Visit", "virtual": "Visit by video call", "desk": "Review at the office"}


def portfolio(
    connection: Connection, office: Office, *, viewer: Person, now: datetime, zone: str, account_manager_id: str = ""
) -> dict[str, Any]:
    """Return each section's first rows by local day and how many more there are; without a manager, of all companies
    that somebody may see.
    """
    whose = visible.companies(viewer)
    if account_manager_id:
        whose = and_(whose, _C.c.account_manager_id == account_manager_id)
    today = local_day(now, zone)
    due_until, ends_until = today + DUE_WITHIN, today + ENDS_WITHIN
    live = list(_live(connection, office, whose, today, ends_until))
    due = [row | {"what": _target(row)} for row in live if row["deadline"] and today <= row["deadline"] <= due_until]
    due += _planned(connection, office, whose, today, due_until)
    due += _visits(connection, whose, today, due_until)
    return {
        "as_at": today,
        "due_until": due_until,
        "ends_until": ends_until,
        "due": _section(due),
        "ends": _section(row | {"day": row["last_day"]} for row in live if row["ends"]),
        "us": _section(row for row in live if row["waits_for"] in _OURS),
        "company": _section(row | {"day": row["day"] or row["last_day"]} for row in live if row["waits_for"] == "company"),
        "failed": _section(_failed(connection, whose, now, zone)),
        "tasks": _section(_tasks(connection, whose, zone)),
    }  # fmt: skip


def ends(connection: Connection, *, viewer: Person, today: date, account_manager_id: str = "") -> list[dict[str, Any]]:
    """Return how many certificates end within 90, 180 and 270 days, and later."""
    whose = visible.companies(viewer)
    if account_manager_id:
        whose = and_(whose, _C.c.account_manager_id == account_manager_id)
    query = select(_LAST_DAY.label("last")).select_from(_A.join(_C, _C.c.id == _A.c.company_id))
    query = query.where(whose, _A.c.ended_on.is_(None), _LAST_DAY.is_not(None))
    days = [(last - today).days for last in connection.execute(query).scalars()]
    spans = ((0, 90), (91, 180), (181, 270), (271, date.max.toordinal()))
    words = ("in the next 90 days", "in 91 to 180 days", "in 181 to 270 days", "later")
    return [
        {"name": name, "count": sum(first <= day <= last for day in days)}
        for name, (first, last) in zip(words, spans, strict=True)
    ]


def managed(connection: Connection, account_manager_id: str) -> int:
    """Return how many companies an account manager looks after."""
    query = select(func.count()).select_from(_C).where(_C.c.account_manager_id == account_manager_id)
    return connection.execute(query).scalar_one()


def _section(rows: Iterable[dict[str, Any]]) -> dict[str, Any]:
    found = sorted(rows, key=lambda row: (row["day"] or date.max, row["reference"] or ""))
    return {"rows": found[:LONGEST], "more": max(0, len(found) - LONGEST)}


def _live(
    connection: Connection, office: Office, whose: ColumnElement[bool], today: date, ends_until: date
) -> Iterator[dict[str, Any]]:
    """Cases that wait for somebody, and certificates that end in the span."""
    ends = and_(_A.c.ended_on.is_(None), _LAST_DAY.between(today, ends_until))
    query = (
        select(*_A.c, _C.c.name.label("company_name"), _MANAGER.c.name.label("manager"), _ASSIGNEE.c.name.label("officer"))
        .select_from(
            _A.join(_C, _C.c.id == _A.c.company_id)
            .outerjoin(_MANAGER, _MANAGER.c.id == _C.c.account_manager_id)
            .outerjoin(_ASSIGNEE, _ASSIGNEE.c.id == _A.c.assignee_id)
        )
        .where(whose, or_(_A.c.waits_for.in_((*_OURS, "company")), ends))
    )  # fmt: skip
    for row in connection.execute(query):
        programme = office.editions.machine(connection, row.programme, row.edition).programme
        held = cases.held_of(row)
        last = held.last_day
        yield {
            "day": row.deadline,
            "reference": row.reference,
            "company_name": row.company_name,
            "certificate_number": held.newest.number if held.newest else None,
            "last_day": last,
            "ends": last is not None and row.ended_on is None and today <= last <= ends_until,
            "state": programme.state_by_name[row.state].title,
            "state_kind": row.state_kind,
            "standing": _STANDING[held.standing(today)],
            "waits_for": row.waits_for,
            "next_step": row.next_step,
            "deadline": row.deadline,
            "account_manager": row.manager,
            "assignee": row.officer,
        }


def _target(row: dict[str, Any]) -> str:
    return "Answer from the company" if row["state_kind"] == "waiting" else "Target for the decision"


def _planned(
    connection: Connection, office: Office, whose: ColumnElement[bool], first: date, last: date
) -> Iterator[dict[str, Any]]:
    """What the clock will send or change."""
    query = (
        select(_P.c.due_on, _P.c.message, _P.c.trigger, _P.c.audience, *_about(), *_MACHINE)
        .select_from(_P.join(_A, _A.c.id == _P.c.application_id).join(_C, _C.c.id == _A.c.company_id))
        .where(whose, _P.c.status == "planned", _P.c.due_on.between(first, last))
    )
    for row in connection.execute(query):
        programme = office.editions.machine(connection, row.programme, row.edition).programme
        what = (
            _mail(row.message, row.audience) if row.message else title_of(programme, row.trigger, row.state, row.back)
        )
        about = {"day": row.due_on, "reference": row.reference, "company_name": row.company_name}
        yield about | {"what": what, "message": row.message, "audience": row.audience}


def _mail(message: str, audience: str) -> str:
    who = [_AUDIENCES.get(one, one) for one in audience.split(",")]
    return f"Mail “{message.replace('_', ' ')}” to {' and '.join([', '.join(who[:-1]), who[-1]] if who[1:] else who)}"


def _visits(connection: Connection, whose: ColumnElement[bool], first: date, last: date) -> Iterator[dict[str, Any]]:
    query = (
        select(_VISIT.c.planned_on, _VISIT.c.mode, _VISIT.c.site, *_about())
        .select_from(_VISIT.join(_A, _A.c.id == _VISIT.c.application_id).join(_C, _C.c.id == _A.c.company_id))
        .where(whose, _VISIT.c.held_on.is_(None), _VISIT.c.planned_on.between(first, last))
    )
    for row in connection.execute(query):
        what = f"{_VISITS[row.mode]}, site {row.site}" if row.site else _VISITS[row.mode]
        yield {"day": row.planned_on, "reference": row.reference, "company_name": row.company_name, "what": what}


def _failed(connection: Connection, whose: ColumnElement[bool], now: datetime, zone: str) -> Iterator[dict[str, Any]]:
    query = (
        select(_N.c.settled_at, _N.c.message, _N.c.status, *_about())
        .select_from(_N.outerjoin(_A, _A.c.id == _N.c.application_id).outerjoin(_C, _C.c.id == _A.c.company_id))
        .where(whose, _N.c.status.in_(("failed", "in_doubt")), _N.c.settled_at >= now - FAILED_WITHIN)
    )
    for row in connection.execute(query):
        yield {
            "day": local_day(row.settled_at, zone),
            "reference": row.reference,
            "company_name": row.company_name,
            "message": row.message,
            "status": row.status,
        }


def _tasks(connection: Connection, whose: ColumnElement[bool], zone: str) -> Iterator[dict[str, Any]]:
    query = (
        select(_TASK.c.created_at, _TASK.c.sentence, *_about())
        .select_from(_TASK.outerjoin(_A, _A.c.id == _TASK.c.application_id).outerjoin(_C, _C.c.id == _A.c.company_id))
        .where(whose, _TASK.c.closed_at.is_(None))
    )
    for row in connection.execute(query):
        yield {
            "day": local_day(row.created_at, zone),
            "reference": row.reference,
            "company_name": row.company_name,
            "sentence": row.sentence,
        }


def _about() -> tuple[ColumnElement[Any], ...]:
    return _A.c.reference, _C.c.name.label("company_name")
