"""What is kept how long, what is due for disposal and what is held. Reads one snapshot and changes nothing."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from states.dates import add_years, local_day
from states.guards import in_words
from workflow import models
from workflow.models.base import table_of
from workflow.models.retention import FEWEST_YEARS, KINDS
from workflow.store import people
from workflow.store.office import Office

_A = table_of(models.Application)
_APPROVAL = table_of(models.Approval)
_DISPOSAL = table_of(models.Disposal)
_HOLD = table_of(models.LegalHold)
_LIFT = table_of(models.LegalHoldLift)
_N = table_of(models.Notification)
_PERIOD = table_of(models.RetentionPeriod)
_TASK = table_of(models.Task)

# What each kind of record is; only the first ones can be disposed of.
RECORDS = {
    "case_file": "reasons, answers, remarks, notes and requests of a case; with the company's last one its contacts",
    "documents": "contents of a case's documents",
    "mail": "texts, addresses and servers' replies of a case's messages",
}
_FOR_GOOD = {
    "trail": "entries, decisions, certificates and who took part: what the log tells",
    "staff": "names and addresses of accounts, of disabled ones too",
    "register": "the imported company register; a newer import replaces it",
}
assert tuple(RECORDS) == KINDS  # noqa: S101  # at import


@dataclass(frozen=True)
class Kept:
    """One kind of record of one case: from when it is due, and what becomes of it now."""

    application_id: int
    reference: str
    kind: str
    over_on: date | None  # the day the case was over; none while it is live
    due_on: date | None  # the first day after the period; none while nobody set one
    status: str  # "live", "unset", "kept", "due", "asked", "held", "unfinished" or "disposed"
    why: str = ""

    def as_data(self) -> dict[str, Any]:
        return {
            "application": self.reference,
            "kind": self.kind,
            "over_on": self.over_on,
            "due_on": self.due_on,
            "status": self.status,
            "why": self.why,
        }


def schedule(connection: Connection) -> list[dict[str, Any]]:
    """Return each kind of record with its period; `years` is None where nobody has set one: it is kept for good."""
    names, set_ = people.names(connection), periods(connection)
    rows: list[dict[str, Any]] = [
        {
            "kind": kind,
            "holds": words,
            "years": set_[kind].years if kind in set_ else None,
            "source": set_[kind].source if kind in set_ else f"unset; not less than {FEWEST_YEARS} years",
            "set_by": names.get(set_[kind].set_by, set_[kind].set_by) if kind in set_ else None,
            "set_at": set_[kind].set_at if kind in set_ else None,
        }
        for kind, words in RECORDS.items()
    ]
    no_end: dict[str, Any] = {"years": None, "source": "unset; nothing is removed", "set_by": None, "set_at": None}
    return rows + [{"kind": kind, "holds": words} | no_end for kind, words in _FOR_GOOD.items()]


def periods(connection: Connection) -> dict[str, Row[Any]]:
    """Return the newest period of each kind that has one."""
    return {row.kind: row for row in connection.execute(select(_PERIOD).order_by(_PERIOD.c.id))}


def holds(connection: Connection, *, lifted: bool = False) -> list[dict[str, Any]]:
    """Return the legal holds that are in force, oldest first; with `lifted` the former ones too."""
    names = people.names(connection)
    query = _holds() if lifted else _holds().where(_LIFT.c.hold_id.is_(None))
    return [
        {
            "hold": row.id,
            "application": row.reference,
            "reason": row.reason,
            "placed_by": names.get(row.placed_by, row.placed_by),
            "placed_at": row.placed_at,
            "lifted_by": names.get(row.lifted_by, row.lifted_by) if row.lifted_by else None,
            "lifted_at": row.lifted_at,
            "lift_reason": row.lift_reason,
        }
        for row in connection.execute(query)
    ]


def _holds() -> Select[Any]:
    return (
        select(_HOLD, _A.c.reference, _LIFT.c.lifted_by, _LIFT.c.lifted_at, _LIFT.c.reason.label("lift_reason"))
        .join(_A, _A.c.id == _HOLD.c.application_id)
        .outerjoin(_LIFT, _LIFT.c.hold_id == _HOLD.c.id)
        .order_by(_HOLD.c.id)
    )


def kept(
    connection: Connection, office: Office, *, now: datetime, ids: Sequence[int] | None = None, beside: int = 0
) -> list[Kept]:
    """Return every kind of record of cases that are over, or of the named cases, the longest over first.

    `beside` is an approval that does not count as asked: the one that is being confirmed.
    """
    query: Select[Any] = select(
        _A.c.id, _A.c.reference, _A.c.programme, _A.c.edition, _A.c.live_key, _A.c.decided_at, _A.c.ended_on
    )
    query = query.where(_A.c.live_key.is_(None)) if ids is None else query.where(_A.c.id.in_(ids))
    found = _Findings(connection, beside)
    return sorted(
        (one for row in connection.execute(query).all() for one in found.of(office, row, now)),
        key=lambda one: (one.over_on or date.max, one.reference, one.kind),
    )


@dataclass
class _Findings:
    """What keeps records from being disposed of, for all cases at once."""

    connection: Connection
    beside: int
    years: Mapping[str, int] = field(init=False)
    held: Mapping[int, list[int]] = field(init=False)
    disposed: Mapping[tuple[int, str], datetime] = field(init=False)
    asked: Mapping[tuple[int, str], int] = field(init=False)
    unfinished: Mapping[int, str] = field(init=False)

    def __post_init__(self) -> None:
        run = self.connection.execute
        self.years = {kind: row.years for kind, row in periods(self.connection).items()}
        self.held = _grouped(run(_holds().where(_LIFT.c.hold_id.is_(None))))
        self.disposed = {(row.application_id, row.kind): row.at for row in run(select(_DISPOSAL))}
        self.asked = {
            (one["application"], kind): row.id
            for row in run(select(_APPROVAL.c.id, _APPROVAL.c.request).where(*_OPEN, _APPROVAL.c.kind == "disposal"))
            if row.id != self.beside
            for one in json.loads(row.request)["disposals"]
            for kind in one["kinds"]
        }
        self.unfinished = {row.application_id: words for words, query in _UNFINISHED.items() for row in run(query)}

    def of(self, office: Office, row: Row[Any], now: datetime) -> Iterable[Kept]:
        zone = office.editions.machine(self.connection, row.programme, row.edition).programme.time_zone
        decided_on = local_day(row.decided_at, zone)
        over_on = None if row.live_key is not None else max(decided_on, row.ended_on or decided_on)
        for kind in KINDS:
            years = self.years.get(kind)
            due_on = add_years(over_on, years) + timedelta(days=1) if over_on and years else None
            status, why = self._status(row.id, kind, over_on, due_on, local_day(now, zone))
            yield Kept(row.id, row.reference, kind, over_on, due_on, status, why)

    def _status(  # noqa: PLR0911  # one line per status is the plainest form
        self, id_: int, kind: str, over_on: date | None, due_on: date | None, today: date
    ) -> tuple[str, str]:
        if at := self.disposed.get((id_, kind)):
            return "disposed", f"disposed of on {in_words(at.date())}"
        if over_on is None:
            return "live", "the case is not over"
        if id_ in self.held:
            return "held", f"legal hold no. {', '.join(map(str, self.held[id_]))}"
        if due_on is None:
            return "unset", "no period is set, so it is kept"
        if today < due_on:
            return "kept", f"until {in_words(due_on - timedelta(days=1))}"
        if approval := self.asked.get((id_, kind)):
            return "asked", f"a second person is asked, no. {approval}"
        if words := self.unfinished.get(id_):
            return "unfinished", words
        return "due", ""


_OPEN = (_APPROVAL.c.status == "open",)
_UNFINISHED: dict[str, Select[Any]] = {
    "a task is open": select(_TASK.c.application_id).where(_TASK.c.closed_at.is_(None)),
    "a message is not settled": select(_N.c.application_id).where(_N.c.status.in_(("queued", "sending", "in_doubt"))),
    "an approval is open": select(_APPROVAL.c.application_id).where(*_OPEN),
}


def _grouped(rows: Iterable[Row[Any]]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = defaultdict(list)
    for row in rows:
        found[row.application_id].append(row.id)
    return dict(found)
