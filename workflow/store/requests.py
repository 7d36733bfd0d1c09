"""Requests for information: what the clock notes on them and what dates they give. Asking and answering are decisions."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, String, cast, func, select, update

from states.planner import FINAL_NOTICE
from workflow import models
from workflow.models.base import table_of
from workflow.store.cases import Case
from workflow.store.recipients import COMPANY

_N = table_of(models.Notification)
_P = table_of(models.PlannedAction)
_R = table_of(models.InformationRequest)


def note_reminder(connection: Connection, application_id: int, number: int, day: date, *, final: bool) -> None:
    """Note the local day of a reminder or of the final notice."""
    values = {"final_notice_on": day} if final else {"reminded_on": day}
    connection.execute(update(_R).where(_R.c.application_id == application_id, _R.c.number == number).values(values))


def note_letter(connection: Connection, notification_id: int, day: date) -> None:
    """Note the day on which a letter was posted that took the place of a reminder or a final notice, where none is."""
    chased = (
        select(_P.c.application_id, _P.c.occurrence, _P.c.rule)
        .join(_N, _N.c.cause == "planned:" + cast(_P.c.id, String))
        .where(_N.c.id == notification_id, _N.c.recipient == COMPANY, _P.c.subject == "request")
    )
    row = connection.execute(chased).first()
    if row is not None:
        note_reminder(connection, row.application_id, row.occurrence, day, final=row.rule == FINAL_NOTICE)


def answered(connection: Connection, causes: Iterable[str]) -> set[str]:
    """Return which of these causes are planned messages about a request that has been answered."""
    ids = [int(cause.removeprefix("planned:")) for cause in causes]
    same = (_R.c.application_id == _P.c.application_id) & (_R.c.number == _P.c.occurrence)
    query = (
        select(_P.c.id).join(_R, same).where(_P.c.id.in_(ids), _P.c.subject == "request", _R.c.received_on.is_not(None))
    )
    return {f"planned:{id_}" for id_ in connection.execute(query).scalars()} if ids else set()


def next_reply_by(connection: Connection, application_id: int, cycle: int) -> date | None:
    """Return the earliest day on which an answer to an open request of a cycle is due."""
    query = select(func.min(_R.c.reply_by)).where(
        _R.c.application_id == application_id, _R.c.cycle == cycle, _R.c.received_on.is_(None)
    )
    day: date | None = connection.execute(query).scalar_one()
    return day


def open_of(connection: Connection, ids: Sequence[int], last: date) -> list[Row[Any]]:
    """Return the unanswered requests of locked applications whose answer is or was due by a day."""
    query = select(_R.c.application_id, _R.c.number, _R.c.cycle, _R.c.question, _R.c.reply_by).where(
        _R.c.application_id.in_(ids), _R.c.received_on.is_(None), _R.c.reply_by <= last
    )
    return list(connection.execute(query.order_by(_R.c.application_id, _R.c.number)))


def asked_already(connection: Connection, case: Case, question: str) -> int | None:
    """Return the number of an open request of the present cycle that asks just this."""
    query = select(_R.c.number).where(
        _R.c.application_id == case.id,
        _R.c.cycle == case.facts_cycle,
        _R.c.question == question,
        _R.c.received_on.is_(None),
    )
    return connection.execute(query.limit(1)).scalar_one_or_none()


def move_deadline(connection: Connection, application_id: int, number: int, reply_by: date, calendar: str) -> None:
    """Give an open request a later day. The trail keeps the one before."""
    request = (_R.c.application_id == application_id, _R.c.number == number, _R.c.received_on.is_(None))
    connection.execute(update(_R).where(*request).values(reply_by=reply_by, calendar=calendar))


def all_received_on(connection: Connection, case: Case) -> date | None:
    """Return the day on which the last answer of the present cycle arrived, or None while one is missing."""
    query = select(_R.c.received_on).where(_R.c.application_id == case.id, _R.c.cycle == case.facts_cycle)
    days = list(connection.execute(query).scalars())
    return None if None in days else max(days, default=None)
