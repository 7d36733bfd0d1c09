"""Does what is due: fires timers, puts reminders into the outbox. Idempotent; being down loses nothing and doubles nothing.

A dry run is the same code in a transaction that is undone.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Row, select

from states.dates import local_day
from states.facts import CLOCK, Facts, Person
from states.guards import Attempt
from states.machine import ProgrammeMachine
from states.planner import (
    FINAL_NOTICE,
    NOBODY,
    REMINDED_LATE,
    REQUEST_REMINDER,
    Heard,
    Overdue,
    fates,
    notice_after,
    phase_of,
    pointless,
)
from workflow import models
from workflow.access import Deed, role_for
from workflow.audit.entry import Entry
from workflow.decisions.decide import Request, decide
from workflow.decisions.effects import end_of_standing
from workflow.decisions.notices import Notice, payload, recipients
from workflow.decisions.outcome import Act, Refused
from workflow.decisions.record import (
    Change,
    Happened,
    Revised,
    Settled,
    Settlement,
    enter,
    record,
    record_settlements,
)
from workflow.errors import BadInput, NotPermitted
from workflow.models.base import table_of
from workflow.store import calendar, cases, contacts, facts, ledger, people
from workflow.store.cases import Case
from workflow.store.office import Office
from workflow.store.requests import note_reminder
from workflow.store.tasks import add_task, approval_payload

BATCH = 200
GUARD_SHARE, GUARD_COUNT = 0.02, 20  # a sweep that would lapse more than both asks a person
_TRY_AGAIN = timedelta(minutes=15)
_TASK = table_of(models.Task)
_log = logging.getLogger(__name__)


@dataclass
class Swept:
    """What a sweep did, or would do."""

    done: list[dict[str, Any]] = field(default_factory=list)
    set_aside: list[str] = field(default_factory=list)  # references
    held: str = ""  # why it waits for a person


def sweep(
    office: Office,
    *,
    now: datetime,
    dry_run: bool = False,
    confirm: Act | None = None,
    batch: int = BATCH,
    stop: Callable[[], bool] = lambda: False,
) -> Swept:
    """Do everything that is due at `now`. With `confirm`, a supervisor lets a held sweep go on.

    `stop` is asked between batches; what is left is due still, and the next sweep does it. Raises NotPermitted when somebody else confirms.
    """
    swept = Swept()
    swept.held = _guard(office, now=now, dry_run=dry_run, confirm=confirm)
    if swept.held:
        return swept
    after: tuple[datetime, int] | None = None
    while True:
        transaction = office.database.rehearsal() if dry_run else office.database.transaction()
        try:
            with transaction as opened:
                claimed = ledger.claim(opened.connection, now, batch, after)
                done = _batch(opened.connection, office, [id_ for _, id_ in claimed], now)
        except Exception:  # the clock is a door: one bad case must not stop the others
            if dry_run or batch == 1:
                raise
            _log.exception("A batch failed; its cases are done one by one.")
            after = _one_by_one(office, now, after, batch, swept)
            if after is None:
                break
            continue
        swept.done += done
        if len(claimed) < batch or stop():
            break
        after = claimed[-1]
    return swept


def _guard(office: Office, *, now: datetime, dry_run: bool, confirm: Act | None) -> str:
    """Return why the sweep waits for a person, or nothing. Standing ends by date all the same."""
    if confirm is not None and role_for(Deed.CONFIRM_SWEEP, confirm.actor.roles) is None:
        raise NotPermitted("WRONG_ROLE", "A supervisor confirms a held sweep.")
    with office.database.snapshot() as connection:
        lapses, live = ledger.lapses_due(connection, now)
    if lapses <= GUARD_COUNT or lapses <= GUARD_SHARE * live:
        return ""
    share = f"{100 * lapses / live:.0f} %"
    sentence = (
        f"{lapses} certificates, {share} of all, would lapse now. That is above {GUARD_SHARE:.0%} and {GUARD_COUNT}. "
        "A supervisor must look at the list (aeo sweep --dry-run) and confirm (aeo sweep --confirm)."
    )
    if dry_run:
        return ""
    key = f"sweep:{local_day(now, 'UTC').isoformat()}"
    with office.database.transaction() as transaction:
        connection = transaction.connection
        known = connection.execute(select(_TASK.c.id).where(_TASK.c.key == key)).first()
        if confirm is None and known:
            return sentence
        kind = "clock:sweep:held" if confirm is None else "clock:sweep:confirmed"
        actor = confirm.actor.id if confirm else CLOCK.id
        role, proven = ("supervisor", confirm.proven) if confirm else ("clock", "clock")
        detail = {"lapses": lapses, "certificates": live}
        enter(connection, Entry(kind=kind, recorded_at=now, actor=actor, role=role, proven=proven, detail=detail))
        if confirm is None:
            add_task(connection, key, "supervisor", sentence, now)
    return "" if confirm else sentence


def _one_by_one(
    office: Office, now: datetime, after: tuple[datetime, int] | None, batch: int, swept: Swept
) -> tuple[datetime, int] | None:
    """Redo a failed batch case by case; a case that fails alone is set aside with its error and a task."""
    for _ in range(batch):
        claimed: list[tuple[datetime, int]] = []
        try:
            with office.database.transaction() as transaction:
                claimed = ledger.claim(transaction.connection, now, 1, after)
                swept.done += _batch(transaction.connection, office, [id_ for _, id_ in claimed], now)
        except Exception as error:
            if not claimed:  # no case's fault: the database is gone, say
                raise
            _log.exception("A case is set aside.")
            swept.set_aside.append(_set_aside(office, claimed[0][1], error, now))
        if not claimed:
            return None
        after = claimed[0]
    return after


def _set_aside(office: Office, application_id: int, error: Exception, now: datetime) -> str:
    with office.database.transaction() as transaction:
        connection = transaction.connection
        case = cases.lock_many(connection, [application_id])[0]
        told = f"{type(error).__name__}: {error}"
        ledger.set_aside(connection, application_id, told, now=now, until=now + _TRY_AGAIN)
        sentence = (
            f"The clock could not do what is due for {case.reference}. It tries again; tell an operator: {told[:200]}"
        )
        add_task(connection, f"clock:{case.reference}", "supervisor", sentence, now, application_id)
        return case.reference


def _batch(connection: Connection, office: Office, ids: Sequence[int], now: datetime) -> list[dict[str, Any]]:
    if not ids:
        return []
    locked = {case.id: case for case in cases.lock_many(connection, ids)}
    machines = {id_: office.editions.machine(connection, case.programme, case.edition) for id_, case in locked.items()}
    staff = people.everybody(connection)
    rows = ledger.due(connection, ids, now)
    loaded = facts.load(connection, office, list(locked.values()), now=now, people=staff)
    noted = contacts.newest_of(connection, list(locked.values()))
    done: list[dict[str, Any]] = []
    settlements: list[Settlement] = []
    act = Act(CLOCK, "clock", now)
    for id_, group in groupby(rows, key=lambda row: int(row.application_id)):
        contact = noted.get(id_)
        clock = _Clock(connection, office, machines[id_], locked[id_], staff, contact, act, done, settlements)
        clock.run(list(group), loaded[id_])
    record_settlements(connection, office.origin, act, settlements)
    return done


@dataclass
class _Clock:
    """The clock at work on one locked case."""

    connection: Connection
    office: Office
    machine: ProgrammeMachine
    case: Case
    staff: Mapping[str, Person]
    contact: Row[Any] | None  # the newest one about the coming cycle
    act: Act
    done: list[dict[str, Any]]
    settlements: list[Settlement]  # written together when the batch is through

    def run(self, rows: list[Row[Any]], loaded: facts.Loaded) -> None:
        for row in rows:
            if row.trigger:
                self._fire(row, loaded)
        messages = [row for row in rows if row.message]
        if len(messages) < len(rows):  # a fired timer may have superseded what was due after it
            still = ledger.still_planned(self.connection, [row.id for row in messages])
            messages = [row for row in messages if row.id in still]
        self._remind([row for row in messages if row.subject in ("certificate", "band")], loaded)
        late = {row.occurrence for row in messages if row.rule == REQUEST_REMINDER}
        waiting = {row.occurrence: row for row in messages if row.rule == FINAL_NOTICE and row.occurrence in late}
        for row in messages:
            if row.subject == "request" and row is not waiting.get(row.occurrence):
                self._chase(row, loaded, waiting.get(row.occurrence))
            elif row.subject == "approval":
                self._send(row, loaded, **approval_payload(self.connection, row.occurrence))

    def _fire(self, row: Row[Any], loaded: facts.Loaded) -> None:
        """Fire a timer with its true effective instant.

        One that the state does not have is superseded; at the end of validity standing ends all the same.
        """
        programme = self.machine.programme
        if programme.transition(row.trigger, self.case.state, self.case.back_to) is None:
            state = programme.state_by_name[self.case.state].title
            if any("end_certificate" in t.effects for t in programme.transitions if t.trigger == row.trigger):
                self._end_standing(row, state)
            else:
                self._settle(row, "superseded", f"not possible in {state}", "clock:timer:superseded")
            return
        request = Request(
            trigger=row.trigger,
            attempt=Attempt(),
            effective_at=max(row.due_at, self.case.decided_at),
            on_behalf_of=row.rule,
            settled=(Settled(row.id, "done", f"fired {row.trigger}"),),
        )
        now = replace(
            loaded.facts,
            state=self.case.state,
            back=self.case.back_to,
            decision_no=self.case.decision_no,
            held=self.case.held,
        )
        current = facts.Loaded(now, loaded.contacts)
        answer = decide(self.connection, self.office, self.machine, self.case, current, request, self.act)
        if isinstance(answer, Refused):
            told = "; ".join(unmet.sentence for unmet in answer.unmet)
            raise BadInput("TIMER_REFUSED", f"The timer {row.rule} was refused: {told}")
        self._tell(row, "done", f"fired {row.trigger}", [])

    def _end_standing(self, row: Row[Any], state: str) -> None:
        """The last valid day is over while the case is elsewhere: standing ends, the state stays."""
        held, ended_on = self.case.held, end_of_standing(self.case.held)
        if held.newest is None or ended_on is None or held.ended_on is not None:
            self._settle(row, "superseded", "the certificate had ended", "clock:timer:superseded")
            return
        outcome = f"certificate {held.newest.number} ended, the case stays in {state}"
        updates: dict[str, Any] = {"ended_on": ended_on}
        if self.case.state_kind == "closed":
            updates["live_key"] = None
        change = self._change(row, "done", outcome, "case:certificate:ended")
        change.updates = updates
        change.events = [Happened(held.newest.number, "expired", ended_on)]
        change.visible = True
        record(self.connection, self.office.origin, self.case, self.machine.programme, self.act, change)
        self._tell(row, "done", outcome, [])

    def _remind(self, rows: list[Row[Any]], loaded: facts.Loaded) -> None:
        today = local_day(self.act.now, self.machine.programme.time_zone)
        standing = self.case.held.standing(today)
        overdue = [Overdue(r.rule, r.due_at, tuple(r.audience.split(","))) for r in rows]
        ended = standing == "ended"
        phase = phase_of(self.machine.programme, self.case.state, self.case.back_to)
        reasons = dict(pointless(self.machine.programme, phase, overdue, self._heard(loaded.facts, today), ended=ended))
        weighed = fates([one for one in overdue if one.rule not in reasons], ended=ended)
        reasons |= {fate.rule: fate.superseded for fate in weighed}
        for row in rows:
            if reason := reasons[row.rule]:
                self._settle(row, "superseded", reason, "clock:reminder:superseded")
            else:
                self._send(row, loaded)

    def _heard(self, known: Facts, today: date) -> Heard:
        """Return how far the company is with a renewal that is still to come."""
        pack = {
            document.kind for document in self.machine.programme.documents if document.mandatory
        }  # an order or a report is no draft
        papers = known.findings or any(document.kind in pack for document in known.documents)
        draft = not known.undecided and bool(papers)
        contact = self.contact
        return Heard(today, draft, contact and contact.contacted_on, contact and contact.expects_on)

    def _chase(self, row: Row[Any], loaded: facts.Loaded, waiting: Row[Any] | None) -> None:
        """Remind the company of an answer, or give final notice; the request remembers the day.

        Without a contact that is the day on which the letter is posted. A final notice that is due with its reminder
        is `waiting`: the company gets as much time between the two as ever.
        """
        today = local_day(self.act.now, self._zone)
        if loaded.contacts:
            note_reminder(self.connection, self.case.id, row.occurrence, today, final=row.rule == FINAL_NOTICE)
        if waiting is None:
            self._send(row, loaded)
            return
        ahead = calendar.office_calendar(self.connection, self._zone, today, today + timedelta(days=400))
        planned = notice_after(self.machine.programme, row.occurrence, today, ahead)
        revised = Revised(waiting.id, waiting.basis, waiting.revision, planned, REMINDED_LATE)
        self._send(row, loaded, revised=(revised,))
        self._tell(waiting, "superseded", f"{REMINDED_LATE}, on {planned.due_on.isoformat()} now", [])

    def _send(self, row: Row[Any], loaded: facts.Loaded, revised: tuple[Revised, ...] = (), **more: Any) -> None:
        programme = self.machine.programme
        who = recipients(row.audience.split(","), loaded.contacts, self.case, self.staff)
        if not who:
            sentence = f"Nobody could be reminded by {row.rule} of {self.case.reference}: it has no contact, manager or supervisor."
            add_task(self.connection, f"nobody:{row.id}", "admin", sentence, self.act.now, self.case.id)
            self._settle(row, "cancelled", NOBODY, "clock:reminder:superseded")
            return
        requests = [{"number": r.number, "question": r.question, "reply_by": r.reply_by} for r in loaded.facts.requests]
        newest = self.case.held.newest
        shown = (
            {"certificate_number": newest.number, "valid_from": newest.valid_from, "valid_until": newest.valid_until}
            if newest
            else {}
        )
        told: dict[str, Any] = {
            "rule": row.rule,
            "due_on": row.due_on,
            "requests": requests,
            "cycle": self.case.cycle,
            "phase": phase_of(programme, self.case.state, self.case.back_to),
            "band_valid_until": loaded.facts.newest_band_until,
            "band": loaded.facts.newest_band,
        }
        body = payload(self.case, programme, **(shown | told | more))
        bundled = row.audience == "account_manager"
        self._settle(
            row,
            "done",
            "1 recipient" if len(who) == 1 else f"{len(who)} recipients",
            "clock:reminder:sent",
            notices=tuple(Notice(row.message, recipient, body, bundled) for recipient in who),
            revised=revised,
        )

    @property
    def _zone(self) -> str:
        return self.machine.programme.time_zone

    def _settle(
        self,
        row: Row[Any],
        status: str,
        outcome: str,
        kind: str,
        notices: tuple[Notice, ...] = (),
        revised: tuple[Revised, ...] = (),
    ) -> None:
        change = self._change(row, status, outcome, kind, notices)
        change.revised = revised
        if revised:
            change.detail["now_due"] = [[one.planned.rule, one.planned.due_on] for one in revised]
        self.settlements.append(Settlement(self.case, self.machine.programme, change))
        self._tell(row, status, outcome, [notice.recipient for notice in notices])

    def _change(self, row: Row[Any], status: str, outcome: str, kind: str, notices: tuple[Notice, ...] = ()) -> Change:
        return Change(
            kind=kind,
            role="clock",
            effective_at=row.due_at,
            on_behalf_of=row.rule,
            detail=_told(row, outcome, notices),
            settled=(Settled(row.id, status, outcome),),
            notices=notices,
            cause=_cause(row),
            visible=False,
        )

    def _tell(self, row: Row[Any], status: str, outcome: str, who: list[str]) -> None:
        self.done.append(
            {
                "application": self.case.reference,
                "rule": row.rule,
                "due_at": row.due_at,
                "status": status,
                "outcome": outcome,
                "recipients": who,
            }
        )


def _cause(row: Row[Any]) -> str:
    return f"planned:{row.id}"


def _told(row: Row[Any], outcome: str, notices: Sequence[Notice]) -> dict[str, Any]:
    """Return what the entry says: which planned action of the case this was, and whose deliveries are its messages'."""
    told = {"rule": row.rule, "due_at": row.due_at, "outcome": outcome, "recipients": len(notices)}
    told |= {"basis": row.decision_no, "revision": row.revision}
    if row.subject in ("request", "approval"):
        told[row.subject] = row.occurrence
    if notices:
        told |= {"cause": _cause(row), "message": row.message, "to": [notice.recipient for notice in notices]}
    return told
