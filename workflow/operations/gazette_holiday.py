"""Adds a public holiday that was gazetted later, or withdraws one, and plans again what its day had decided.

What was known before stays known: a day is never changed, it gets a newer row.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection

from states.dates import local_day
from states.definition import Programme
from states.guards import in_words
from workflow import inputs
from workflow.access import Deed, role_for
from workflow.decisions.effects import Deadline, deadline, planned_request
from workflow.decisions.notices import Notice, payload, recipients
from workflow.decisions.outcome import Act, Done
from workflow.decisions.record import Change, Revised, enter_act, record
from workflow.decisions.replan import moved, revised_as
from workflow.errors import BadInput, NotPermitted
from workflow.store import absences, calendar, cases, facts, ledger, people, requests
from workflow.store.cases import Case
from workflow.store.office import Office

BATCH = 200
_NEAR = timedelta(days=31)  # no holiday moves anything further than that


@dataclass(frozen=True)
class _Holiday:
    day: date
    zone: str
    name: str
    closed: bool

    @property
    def reason(self) -> str:
        return f"holiday {'gazetted' if self.closed else 'withdrawn'}: {self.name}"


def gazette_holiday(
    office: Office, *, day: date, name: str, act: Act, zone: str = absences.OFFICE_ZONE, batch: int = BATCH
) -> Done:
    """Make a local day of a zone a public holiday from now on.

    Reminders planned for it move to an office day before, a company's open deadlines on it to the next day that counts,
    and those concerned are told. Doing it again changes nothing; a run that broke off is finished by giving it again.
    Raises NotPermitted for anybody but an admin, BadInput for a day that is past and for a zone without a calendar.
    """
    name = inputs.name(name, "The holiday's name")
    holiday = _Holiday(day, zone, name, closed=True)
    with office.database.transaction() as transaction:
        connection = transaction.connection
        known = _check(connection, holiday, act)
        if known is None or not known.closed:
            calendar.override(connection, zone, day, name, closed=True, now=act.now)
            enter_act(connection, act, "system:holiday:gazetted", {"day": day, "zone": zone, "name": name})
        else:
            holiday = _Holiday(day, zone, known.name, closed=True)
    done = _plan_again(office, holiday, act, batch)
    if known is None or not known.closed:
        return done
    kept = "" if known.name == name else f' The name "{name}" was not taken.'
    return Done(
        f"{in_words(day)} was known as a public holiday already: {known.name}.{kept} {done.sentence}", done.data
    )


def withdraw_holiday(
    office: Office, *, day: date, reason: str, act: Act, zone: str = absences.OFFICE_ZONE, batch: int = BATCH
) -> Done:
    """Let a local day of a zone be no public holiday after all; a company's deadline that had moved stays.

    Raises like `gazette_holiday`, and BadInput for a day that is no public holiday.
    """
    reason = inputs.text(reason, "The reason")
    with office.database.transaction() as transaction:
        connection = transaction.connection
        known = _check(connection, _Holiday(day, zone, "", closed=False), act)
        if known is None:
            raise BadInput(
                "NO_HOLIDAY",
                f"{in_words(day)} is no public holiday in {zone}. Look at the list of holidays.",
            )
        if known.closed:
            calendar.override(connection, zone, day, known.name, closed=False, now=act.now)
            detail = {"day": day, "zone": zone, "name": known.name, "why": reason}
            enter_act(connection, act, "system:holiday:withdrawn", detail)
    return _plan_again(office, _Holiday(day, zone, known.name, closed=False), act, batch)


def _check(connection: Connection, holiday: _Holiday, act: Act) -> Any:
    """Return what is known of the day already."""
    if role_for(Deed.KEEP_CALENDAR, act.actor.roles) is None:
        raise NotPermitted("WRONG_ROLE", "An admin keeps the calendar of public holidays.")
    zones = calendar.zones(connection)
    if holiday.zone not in zones:
        raise BadInput("ZONE", f'No calendar is kept for "{holiday.zone[:40]}". Known: {", ".join(zones)}.')
    today = local_day(act.now, holiday.zone)
    if holiday.day < today:
        raise BadInput(
            "DATE_ORDER",
            f"{in_words(holiday.day)} is past; today is {in_words(today)}. What was due then stays as it was.",
        )
    return calendar.known_of(connection, holiday.zone, holiday.day)


def _plan_again(office: Office, holiday: _Holiday, act: Act, batch: int) -> Done:
    """Go through every living case, locked before it is read, so that a decision under way is looked at too."""
    after, found = 0, Counter[str]()
    while True:
        with office.database.transaction() as transaction:
            ids = ledger.living(transaction.connection, after, batch)
            if ids:
                found += _batch(transaction.connection, office, ids, holiday, act)
        if len(ids) < batch:
            break
        after = ids[-1]
    what = "is a public holiday" if holiday.closed else "is no public holiday"
    sentence = (
        f"{in_words(holiday.day)} ({holiday.name}) {what} in {holiday.zone}. Cases concerned: {found['cases']}; "
        f"messages on another day: {found['moved']}; deadlines of companies that are later: {found['deadlines']}."
    )
    data = {"day": holiday.day, "zone": holiday.zone, "name": holiday.name, "closed": holiday.closed}
    return Done(sentence, data | {name: found[name] for name in ("cases", "moved", "deadlines")})


def _batch(connection: Connection, office: Office, ids: list[int], holiday: _Holiday, act: Act) -> Counter[str]:
    locked = cases.lock_many(connection, ids)
    rows, asked = defaultdict(list), defaultdict(list)
    for row in ledger.messages_around(connection, ids, holiday.day - _NEAR, holiday.day + _NEAR, act.now):
        rows[row.application_id].append(row)
    for request in requests.open_of(connection, ids, holiday.day + _NEAR):
        asked[request.application_id].append(request)
    concerned = [case for case in locked if case.id in rows or case.id in asked]
    if not concerned:
        return Counter()
    staff = people.everybody(connection)
    loaded = facts.load(connection, office, concerned, now=act.now, people=staff)
    found = Counter[str]()
    for case in concerned:
        programme = office.editions.machine(connection, case.programme, case.edition).programme
        if programme.time_zone == holiday.zone:
            one = _Case(connection, office.origin, programme, case, loaded[case.id], holiday, act)
            found += one.plan_again(rows[case.id], asked[case.id])
    return found


@dataclass
class _Case:
    """One locked case whose plan the holiday may have moved."""

    connection: Connection
    origin: str
    programme: Programme
    case: Case
    loaded: facts.Loaded
    holiday: _Holiday
    act: Act

    def plan_again(self, rows: list[Any], asked: list[Any]) -> Counter[str]:
        """Move what the holiday moves and say how much that was."""
        due = {request.number: request.reply_by for request in asked}
        later = {number: reply.day for number, reply in self._later(asked).items()}
        band_until = self.loaded.facts.newest_band_until
        revised = moved(self.connection, self.programme, self.case, rows, band_until, self.holiday.reason)
        revised += self._chased([row for row in rows if row.subject == "request"], due | later)
        if revised:
            told = [[one.planned.rule, one.planned.due_on] for one in revised]
            detail = {"why": self.holiday.reason, "moved": len(revised), "now_due": told}
            self._record(Change("case:plan:moved", "admin", detail=detail, revised=revised, visible=False))
        return Counter(cases=int(bool(revised or later)), moved=len(revised), deadlines=len(later))

    def _later(self, asked: list[Any]) -> dict[int, Deadline]:
        """Let open deadlines of the company roll later, and tell it; none is ever shortened.

        What a case that was closed left unanswered is of no cycle that is being worked on.
        """
        made: dict[int, Deadline] = {}
        for request in asked:
            reply = deadline(self.connection, self.programme, request.reply_by)
            if request.cycle == self.case.facts_cycle and reply.day > request.reply_by:
                made[request.number] = reply
                requests.move_deadline(self.connection, self.case.id, request.number, reply.day, reply.calendar)
                self._tell(request, reply)
        return made

    def _tell(self, request: Any, reply: Deadline) -> None:
        case, moved_from = self.case, {"number": request.number, "before": request.reply_by, "reply_by": reply.day}
        body = payload(case, self.programme, **moved_from, question=request.question, holiday=self.holiday.name)
        who = recipients(["company", "account_manager"], self.loaded.contacts, case, self.loaded.facts.people)
        waits = case.state_kind == "waiting"
        change = Change(
            "case:deadline:moved",
            "admin",
            detail={
                "request": request.number,
                "before": request.reply_by,
                "reply_by": reply.day,
                "why": self.holiday.reason,
            },
            updates={"deadline": requests.next_reply_by(self.connection, case.id, case.cycle)} if waits else {},
            notices=[Notice("deadline_moved", one, body) for one in who],
            cause=f"request:{case.id}:{request.number}:until:{reply.day.isoformat()}",
        )
        self._record(change)

    def _chased(self, rows: list[Any], due: dict[int, date]) -> list[Revised]:
        """Return the letters about an unanswered question that now go out later; none goes out earlier."""
        made: list[Revised] = []
        for row in rows:
            if row.occurrence not in due:
                continue
            fresh = planned_request(self.connection, self.programme, row.occurrence, due[row.occurrence])
            one = next(one for one in fresh if one.rule == row.rule)
            if one.due_on > row.due_on:
                made.append(revised_as(row, one, self.holiday.reason))
        return made

    def _record(self, change: Change) -> None:
        record(self.connection, self.origin, self.case, self.programme, self.act, change)
