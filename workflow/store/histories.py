"""Reads what was ever decided on cases, for replaying it; in a fixed number of queries however many cases.

It must not read what the clock or the outbox keep, nor a case's own dates.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import BindParameter, Connection, Row, Select, bindparam, select

from states.definition import Programme
from states.expectation import Act, ActKind, Band, Decision, Happened, History, Holidays, Issued, Request, SpecialDay
from workflow import models
from workflow.models.base import table_of

_D = table_of(models.Decision)
_C = table_of(models.Certificate)
_V = table_of(models.CertificateEvent)
_R = table_of(models.InformationRequest)
_B = table_of(models.BandAssessment)
_E = table_of(models.AuditEntry)
_DAY = table_of(models.CalendarDay)
_IDS: BindParameter[Any] = bindparam("ids", expanding=True)

# Acts beside decisions, by the kind of their entry in the trail.
ACTS: Mapping[str, ActKind] = {
    "case:information:asked": "asked",
    "case:information:answered": "answered",
    "case:band:assessed": "assessed",
    "case:approval:asked": "approval",
    "case:approval:confirmed": "confirmed",
    "case:approval:refused": "refused",
    "case:certificate:ended": "ended",
    "case:deadline:moved": "put_off",
    "case:plan:moved": "moved",
}
SENT, GIVEN_UP = "clock:reminder:sent", "clock:reminder:superseded"
_DECISIONS = select(_D).where(_D.c.application_id.in_(_IDS)).order_by(_D.c.application_id, _D.c.decision_no)
_ISSUED = select(_C).where(_C.c.application_id.in_(_IDS)).order_by(_C.c.id)
_HAPPENED = (
    select(_V, _C.c.application_id, _C.c.number)
    .join(_C, _C.c.id == _V.c.certificate_id)
    .where(_C.c.application_id.in_(_IDS), _V.c.decision_id.is_not(None))
    .order_by(_V.c.id)
)
_REQUESTS = select(_R).where(_R.c.application_id.in_(_IDS)).order_by(_R.c.application_id, _R.c.number)
_BANDS = select(_B).where(_B.c.company_id.in_(_IDS)).order_by(_B.c.id)
_ENTRY = select(_E.c.id, _E.c.application_id, _E.c.kind, _E.c.recorded_at, _E.c.canonical).where(
    _E.c.application_id.in_(_IDS)
)
_ENTRIES = _ENTRY.where(_E.c.kind.in_([*ACTS])).order_by(_E.c.id)
_TOLD = _ENTRY.where(_E.c.kind.in_([SENT, GIVEN_UP])).order_by(_E.c.id)


def load(
    connection: Connection, cases: Sequence[Row[Any]], programme_of: Callable[[Row[Any]], Programme]
) -> tuple[dict[int, History], dict[int, dict[int, int]]]:
    """Return the histories of cases by id, and for each case its decisions' ids by number."""
    ids = [case.id for case in cases]
    decisions, issued, happened, requests, entries = (
        _by_case(connection, query, ids) for query in (_DECISIONS, _ISSUED, _HAPPENED, _REQUESTS, _ENTRIES)
    )
    chased = {row.application_id for rows in requests.values() for row in rows}
    replanned = {case.id for case in cases if _is_replanned(decisions[case.id], issued[case.id], programme_of(case))}
    told = _by_case(connection, _TOLD, sorted(chased | replanned)) if chased | replanned else {}
    known: dict[int, list[Band]] = defaultdict(list)
    for row in connection.execute(_BANDS, {"ids": list({case.company_id for case in cases})}):
        known[row.company_id].append(Band(row.id, row.assessed_on, row.valid_until, row.recorded_at))
    numbers = {id_: {row.id: row.decision_no for row in rows} for id_, rows in decisions.items()}
    histories = {
        case.id: History(
            programme_of(case),
            tuple(_decision(row) for row in decisions[case.id]),
            tuple(
                Issued(numbers[case.id][row.decision_id], row.number, row.valid_from, row.valid_until)
                for row in issued[case.id]
            ),
            tuple(_event(row, numbers[case.id]) for row in happened[case.id]),
            tuple(known[case.company_id]),
            tuple(Request(row.number, row.cycle, row.reply_by, row.asked_at) for row in requests[case.id]),
            tuple(_act(row, known[case.company_id]) for row in [*entries[case.id], *told.get(case.id, ())]),
        )
        for case in cases
    }
    return histories, {id_: {no: key for key, no in known.items()} for id_, known in numbers.items()}


def holidays(connection: Connection) -> dict[str, Holidays]:
    """Return by zone which days offices are closed, with since when that is known."""
    days: dict[str, list[SpecialDay]] = defaultdict(list)
    for row in connection.execute(select(_DAY).order_by(_DAY.c.since, _DAY.c.day)):
        days[row.zone].append(SpecialDay(row.day, row.since, row.closed))
    return {zone: Holidays(known) for zone, known in days.items()}


def _by_case(connection: Connection, query: Select[Any], ids: Sequence[int]) -> dict[int, list[Row[Any]]]:
    found: dict[int, list[Row[Any]]] = defaultdict(list)
    for row in connection.execute(query, {"ids": ids}):
        found[row.application_id].append(row)
    return found


def _is_replanned(decisions: Sequence[Row[Any]], issued: Sequence[Row[Any]], programme: Programme) -> bool:
    """Say whether a decision after the first certificate may have planned anew: it counts what the clock had done then."""
    first = min((row.decision_id for row in issued), default=None)
    timers, states = {timer.trigger for timer in programme.timers}, programme.state_by_name
    return first is not None and any(
        row.id > first and (row.trigger not in timers or states[row.from_state].kind != states[row.to_state].kind)
        for row in decisions
    )


def _decision(row: Row[Any]) -> Decision:
    return Decision(
        row.entry_id,
        row.decision_no,
        row.cycle,
        row.trigger,
        row.from_state,
        row.to_state,
        row.effective_at,
        row.recorded_at,
    )


def _event(row: Row[Any], numbers: Mapping[int, int]) -> Happened:
    days = (row.effective_on, row.valid_from, row.valid_until)
    return Happened(row.id, numbers[row.decision_id], row.number, row.kind, *days, undoes=row.undoes)


def _act(row: Row[Any], bands: Sequence[Band]) -> Act:
    return act_of(row.id, row.kind, row.recorded_at, json.loads(row.canonical).get("detail", {}), bands)


def act_of(place: int, entry_kind: str, at: datetime, detail: Mapping[str, Any], bands: Sequence[Band]) -> Act:
    """Read an act back from its entry; what the clock did is needed where something is owed again."""
    kind = ACTS.get(entry_kind, "told" if entry_kind == SENT else "given_up")
    act: Any = {"place": place, "at": at, "kind": kind}

    def day(name: str) -> date | None:
        return date.fromisoformat(detail[name]) if detail.get(name) else None

    match kind:
        case "asked" | "answered":
            act |= {"number": detail["request"]}
        case "put_off":
            act |= {"number": detail["request"], "day": day("reply_by"), "before": day("before")}
        case "assessed":
            assessed = (day("assessed_on"), at)
            same = [band.id for band in bands if (band.assessed_on, band.recorded_at) == assessed]
            act |= {"number": max(same, default=0)}
        case "approval" | "confirmed" | "refused":
            act |= {"number": detail["approval"], "day": day("confirm_by")}
        case "moved":
            act |= {"reason": detail["why"]}
        case "told" | "given_up":
            act |= {"rule": detail["rule"], "due_at": datetime.fromisoformat(detail["due_at"])}
            act |= {"number": detail.get("request", 0)}
    return Act(**act)
