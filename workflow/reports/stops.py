"""How long the processing clock stood still, and why, from decisions alone. Changes nothing."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from states.dates import local_day
from states.definition import Programme
from workflow import models
from workflow.models.base import table_of
from workflow.store.office import Office

_A = table_of(models.Application)
_D = table_of(models.Decision)
_DECISIONS: Select[Any] = (
    select(
        _D.c.application_id, _D.c.trigger, _D.c.from_state, _D.c.to_state, _D.c.reason_code, _D.c.effective_at,
        _A.c.reference, _A.c.programme, _A.c.edition,
    )
    .join(_A, _A.c.id == _D.c.application_id)
    .order_by(_D.c.application_id, _D.c.decision_no)
)  # fmt: skip


def stops(
    connection: Connection,
    office: Office,
    *,
    now: datetime,
    first: date | None = None,
    last: date | None = None,
    programme: str = "",
) -> list[dict[str, Any]]:
    """Return every stop that began between two days (both included), by case and day; an open one has no `until`.

    Days are the programme's; a stop counts its first day and not its last, as the service target does.
    """
    query = _DECISIONS.where(_A.c.programme == programme) if programme else _DECISIONS
    rows = connection.execute(query.execution_options(yield_per=5_000))
    return [
        stop
        for _, decisions in groupby(rows, key=lambda row: row.application_id)
        for stop in _of_case(connection, office, list(decisions), now)
        if (first is None or stop["since"] >= first) and (last is None or stop["since"] <= last)
    ]


def by_cause(found: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the stops by cause, those with the most days first."""
    grouped: dict[tuple[str, str, str], list[dict[str, Any]]] = defaultdict(list)
    for stop in found:
        grouped[stop["cause"], stop["from_state"], stop["reason_code"]].append(stop)
    rows = [_sum(cause, those) for cause, those in grouped.items()]
    return sorted(rows, key=lambda row: (-row["days"], row["cause"], row["from_state"], row["reason_code"]))


def _sum(cause: tuple[str, str, str], those: list[dict[str, Any]]) -> dict[str, Any]:
    longest = max(those, key=lambda stop: stop["days"])
    return {
        "cause": cause[0],
        "from_state": cause[1],
        "reason_code": cause[2],
        "stops": len(those),
        "open": sum(1 for stop in those if stop["until"] is None),
        "cases": len({stop["application"] for stop in those}),
        "days": sum(stop["days"] for stop in those),
        "longest": longest["days"],
        "longest_of": longest["application"],
    }


def _of_case(
    connection: Connection, office: Office, decisions: list[Row[Any]], now: datetime
) -> Iterable[dict[str, Any]]:
    of = decisions[0]
    programme = office.editions.machine(connection, of.programme, of.edition).programme
    days = [local_day(row.effective_at, programme.time_zone) for row in decisions]
    beginning: int | None = None
    for index, row in enumerate(decisions):
        stopped = _stands_still(programme, row.to_state)
        if stopped and beginning is None:
            beginning = index
        elif not stopped and beginning is not None:
            yield _stop(programme, decisions[beginning], days[beginning], days[index], None)
            beginning = None
    if beginning is not None:
        today = local_day(now, programme.time_zone)
        yield _stop(programme, decisions[beginning], days[beginning], None, today)


def _stop(programme: Programme, row: Row[Any], since: date, until: date | None, today: date | None) -> dict[str, Any]:
    titles = {one.trigger: one.title for one in programme.transitions}
    return {
        "application": row.reference,
        "cause": titles.get(row.trigger, "Taken over from elsewhere"),
        "trigger": row.trigger,
        "from_state": row.from_state,
        "reason_code": row.reason_code,
        "since": since,
        "until": until,
        "days": ((until or today or since) - since).days,
    }


def _stands_still(programme: Programme, state: str) -> bool:
    return programme.state_by_name[state].processing_clock == "stopped"
