"""Reads who is absent on which local days and who stands in. It judges nothing."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Select, select, update

from states.dates import local_day
from states.facts import Person
from workflow import models
from workflow.access import sees_all
from workflow.models.base import table_of

# Where no case, and so no programme, says which day it is.
OFFICE_ZONE = "Asia/Singapore"

_ABSENCE = table_of(models.Absence)
_READ: Select[Any] = select(_ABSENCE.c.officer_id, _ABSENCE.c.first, _ABSENCE.c.last, _ABSENCE.c.deputy_id).where(
    _ABSENCE.c.last >= _ABSENCE.c.first  # one that was taken back before it began has no day
)


@dataclass(frozen=True)
class Away:
    """Local days, both included, on which somebody is absent."""

    officer_id: str
    first: date
    last: date
    deputy_id: str


def on(connection: Connection, day: date) -> dict[str, Away]:
    """Return the absences of a day by the person who is absent."""
    query = _READ.where(_ABSENCE.c.first <= day, _ABSENCE.c.last >= day)
    return {away.officer_id: away for away in _all(connection, query)}


def between(connection: Connection, first: date, last: date) -> list[Away]:
    """Return every absence that shares a day with these, earliest first."""
    return _all(connection, _READ.where(_ABSENCE.c.first <= last, _ABSENCE.c.last >= first))


def within(connection: Connection, officer_id: str, first: date, last: date) -> Away | None:
    """Return an absence of somebody that shares a day with these."""
    query = _READ.where(_ABSENCE.c.officer_id == officer_id, _ABSENCE.c.first <= last, _ABSENCE.c.last >= first)
    return next(iter(_all(connection, query)), None)


def deputised_by(connection: Connection, deputy_id: str, first: date, last: date = date.max) -> list[Away]:
    """Return the absences in these days for which somebody is the deputy."""
    query = _READ.where(_ABSENCE.c.deputy_id == deputy_id, _ABSENCE.c.first <= last, _ABSENCE.c.last >= first)
    return _all(connection, query)


def end(connection: Connection, away: Away, last: date) -> None:
    """Give an absence an earlier last day; one before its first day takes it back."""
    which = (_ABSENCE.c.officer_id == away.officer_id, _ABSENCE.c.first == away.first, _ABSENCE.c.last == away.last)
    connection.execute(update(_ABSENCE).where(*which).values(last=last))


def standing_in(connection: Connection, person: Person, now: datetime) -> Person:
    """Return a person with those whom he or she stands in for today; not asked of those who see every case anyway."""
    if sees_all(person):
        return person
    today = local_day(now, OFFICE_ZONE)
    away = deputised_by(connection, person.id, today, today)
    return replace(person, stands_in_for=frozenset(one.officer_id for one in away))


def _all(connection: Connection, query: Select[Any]) -> list[Away]:
    return [Away(*row) for row in connection.execute(query.order_by(_ABSENCE.c.first, _ABSENCE.c.id))]
