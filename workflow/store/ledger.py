"""The planned actions that are due: which cases have some, and what they are. What is due is a query, never a memory."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, or_, select, tuple_, update

from workflow import models
from workflow.models.base import table_of

_A = table_of(models.Application)
_D = table_of(models.Decision)
_P = table_of(models.PlannedAction)

_CLAIM = (
    select(_A.c.id, _A.c.next_due)
    .where(_A.c.next_due <= bindparam("now", type_=_A.c.next_due.type))
    .order_by(_A.c.next_due, _A.c.id)
    .limit(bindparam("many"))
    .with_for_update(of=_A, skip_locked=True)
)
_DUE = (
    select(
        _P.c.id,
        _P.c.application_id,
        _P.c.rule,
        _P.c.trigger,
        _P.c.message,
        _P.c.audience,
        _P.c.due_on,
        _P.c.due_at,
        _P.c.subject,
        _P.c.occurrence,
        _P.c.revision,
        _P.c.basis,
        _D.c.decision_no,
    )
    .join(_D, _D.c.id == _P.c.basis)
    .where(
        _P.c.application_id.in_(bindparam("ids", expanding=True)),
        _P.c.status == "planned",
        _P.c.due_at <= bindparam("now", type_=_P.c.due_at.type),
    )
    .order_by(_P.c.application_id, _P.c.due_at, _P.c.id)
)


def claim(
    connection: Connection, now: datetime, many: int, after: tuple[datetime, int] | None
) -> list[tuple[datetime, int]]:
    """Lock up to `many` applications with something due that nobody else holds; return (next due, id) in order.

    Applications are locked, never ledger rows: every operation locks in that order, so none can deadlock.
    """
    query = _CLAIM if after is None else _CLAIM.where(tuple_(_A.c.next_due, _A.c.id) > after)
    return [(row.next_due, row.id) for row in connection.execute(query, {"now": now, "many": many})]


def due(connection: Connection, ids: Sequence[int], now: datetime) -> list[Row[Any]]:
    """Return the due actions of locked applications, by application and due instant."""
    return list(connection.execute(_DUE, {"ids": list(ids), "now": now}))


def living(connection: Connection, after: int, many: int) -> list[int]:
    """Return the ids of the next applications for which anything is or may come to be planned."""
    alive = or_(_A.c.live_key.is_not(None), _A.c.next_due.is_not(None))
    return list(
        connection.execute(select(_A.c.id).where(alive, _A.c.id > after).order_by(_A.c.id).limit(many)).scalars()
    )


def messages_around(
    connection: Connection, ids: Sequence[int], first: date, last: date, now: datetime
) -> list[Row[Any]]:
    """Return the planned messages of locked applications that are due after now, on local days within a span."""
    query = select(
        _P.c.id,
        _P.c.application_id,
        _P.c.subject,
        _P.c.rule,
        _P.c.basis,
        _P.c.occurrence,
        _P.c.revision,
        _P.c.message,
        _P.c.audience,
        _P.c.due_on,
    ).where(
        _P.c.application_id.in_(ids),
        _P.c.status == "planned",
        _P.c.message.is_not(None),
        _P.c.due_at > now,
        _P.c.due_on.between(first, last),
    )
    return list(connection.execute(query.order_by(_P.c.application_id, _P.c.due_at, _P.c.id)))


def still_planned(connection: Connection, ids: Sequence[int]) -> set[int]:
    """Return which of these actions are still planned."""
    query = select(_P.c.id).where(_P.c.id.in_(ids), _P.c.status == "planned")
    return set(connection.execute(query).scalars()) if ids else set()


def lapses_due(connection: Connection, now: datetime) -> tuple[int, int]:
    """Return how many certificates would lapse now, and how many have not ended yet."""
    lapses = select(func.count()).where(_P.c.rule == "lapse", _P.c.status == "planned", _P.c.due_at <= now)
    live = select(func.count()).where(_A.c.valid_until.is_not(None), _A.c.ended_on.is_(None))
    return int(connection.execute(lapses).scalar_one()), int(connection.execute(live).scalar_one())


def set_aside(connection: Connection, application_id: int, error: str, *, now: datetime, until: datetime) -> None:
    """Note the error on what is due of a case, and let the clock look at the case again later."""
    connection.execute(
        update(_P)
        .where(_P.c.application_id == application_id, _P.c.status == "planned", _P.c.due_at <= now)
        .values(attempts=_P.c.attempts + 1, last_error=error[:500])
    )
    connection.execute(update(_A).where(_A.c.id == application_id).values(next_due=until))
