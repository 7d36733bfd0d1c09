"""Runs the clock and the mail of a scratch copy through a span of time, by the very operations of every day.

It must be given a copy: what it is given is worked with as if the time had come.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Integer, Row, and_, cast, func, select

from states.dates import local_day
from states.facts import Person
from workflow import models
from workflow.decisions.outcome import Act
from workflow.errors import BadInput
from workflow.models.base import table_of
from workflow.operations.deliver_outbox import Post, deliver_outbox
from workflow.operations.sweep import sweep
from workflow.reports.reminder_proof import Proof, prove
from workflow.store import people
from workflow.store.cases import held_of
from workflow.store.database import Database
from workflow.store.office import Office

_A = table_of(models.Application)
_D = table_of(models.Decision)
_N = table_of(models.Notification)
_O = table_of(models.Officer)
_P = table_of(models.PlannedAction)
_ROLE = table_of(models.OfficerRole)
_PROVEN = "simulation"
_SECOND = timedelta(seconds=1)
_LONGEST = timedelta(days=50 * 366)
_YEARS = range(1900, 2900)


@dataclass(frozen=True)
class Outage:
    """A time in which nothing ticks; its end is excluded."""

    start: datetime
    end: datetime


@dataclass(frozen=True)
class Span:
    """The time to simulate: a tick every so many days from its start, but for the outages."""

    start: datetime
    until: datetime
    step: int = 1  # days
    outages: Sequence[Outage] = ()

    def __post_init__(self) -> None:
        if self.until < self.start:
            raise BadInput("DATE_ORDER", "--until lies before --from. Give a later one.")
        if self.start.year not in _YEARS:
            raise BadInput("YEAR", f"--from is in the year {self.start.year}. Give one nearer to ours.")
        if self.until - self.start > _LONGEST:
            raise BadInput("SPAN", "More than 50 years cannot be simulated in one go. Give an earlier --until.")
        if self.step < 1:
            raise BadInput("STEP", f"--step is {self.step}. Give whole days between ticks, 1 or more.")

    def instants(self) -> list[datetime]:
        """Return every instant at which there would be a tick without any outage."""
        count = (self.until - self.start).days // self.step
        return [self.start + timedelta(days=n * self.step) for n in range(count + 1)]

    def is_down(self, at: datetime) -> bool:
        return any(outage.start <= at < outage.end for outage in self.outages)


@dataclass(frozen=True)
class Happening:
    """One thing that happened; without a case it concerns the whole sweep."""

    at: datetime  # of the tick
    application: str
    rule: str  # or the message, where only mail is concerned
    due_at: datetime
    status: str
    outcome: str
    recipients: tuple[str, ...] = ()  # the addresses that got mail


@dataclass
class Summary:
    """What a simulation comes to; everything but the counts is as at the last tick's instant."""

    end: datetime
    ticks: int = 0
    ticks_down: int = 0
    rules: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))  # rule -> status -> count
    mails: Counter[str] = field(default_factory=Counter)  # by status
    states: dict[str, int] = field(default_factory=dict)
    standings: dict[str, int] = field(default_factory=dict)
    overdue: list[dict[str, Any]] = field(default_factory=list)
    held: str = ""  # why the last sweep waits for a person
    proof: Proof | None = None  # of every reminder due in that time


def check(database: Database, span: Span) -> None:
    """Refuse a span without a tick, or that begins before what has been decided already. Raises BadInput."""
    for outage in span.outages:
        if outage.end <= span.start or outage.start > span.until:
            raise BadInput("OUTAGE", f"The --down from {outage.start.isoformat()} lies outside --from and --until.")
    if all(span.is_down(at) for at in span.instants()):
        raise BadInput("OUTAGE", "There would be no tick at all: --down takes up the whole time. Shorten it.")
    with database.snapshot() as connection:
        newest = connection.execute(select(func.max(_D.c.recorded_at))).scalar_one()
    if newest is not None and span.start < newest:
        possible = newest.astimezone(span.start.tzinfo).replace(microsecond=0)
        possible += _SECOND if possible < newest else timedelta()
        raise BadInput(
            "TOO_EARLY",
            f"--from lies before the newest decision of this database. Start at {possible.isoformat()} or later.",
        )


def simulate(
    copy: Office,
    post: Post,
    span: Span,
    *,
    tell: Callable[[Happening], None],
    progress: Callable[[int], None] = lambda _: None,
) -> Summary:
    """Tick through a span on a copy, tell what happens, and return what it comes to.

    A sweep that the guard holds is confirmed by the copy's first active supervisor, as a person would after a look;
    without one it stays held.
    """
    instants = span.instants()
    summary = Summary(end=instants[-1])
    for number, at in enumerate(instants, start=1):
        if span.is_down(at):
            summary.ticks_down += 1
        else:
            summary.ticks += 1
            for happening in _tick(copy, post, at.astimezone(UTC), summary):
                summary.rules[happening.rule][happening.status] += 1
                tell(happening)
        progress(number)
    _look(copy, summary)
    with copy.database.snapshot() as connection:
        days = (span.start.date(), summary.end.date())
        summary.proof = prove(connection, copy, first=days[0], last=days[1], now=summary.end.astimezone(UTC))
    return summary


def _tick(copy: Office, post: Post, now: datetime, summary: Summary) -> Iterator[Happening]:
    """What a worker does: sweep, then deliver; with who got mail for what."""
    swept = sweep(copy, now=now)
    if swept.held:
        with copy.database.snapshot() as connection:
            supervisor = _first_supervisor(connection)
        if swept.held != summary.held:  # told once, not on every day that it stays so
            yield Happening(now, "", "sweep", now, "held", swept.held)
        summary.held = swept.held
        if supervisor is not None:
            swept = sweep(copy, now=now, confirm=Act(supervisor, _PROVEN, now))
            yield Happening(now, "", "sweep", now, "confirmed", f"by {supervisor.name}, supervisor")
    if not swept.held:
        summary.held = ""
    with copy.database.snapshot() as connection:
        first = _first_open_message(connection)
    if first is not None:
        summary.mails.update(deliver_outbox(copy, post, now=now))
    with copy.database.snapshot() as connection:
        letters = [] if first is None else list(connection.execute(_letters(first, now)))
    yield from _in_order(swept.done, letters, now)
    for reference in swept.set_aside:
        yield Happening(now, reference, "sweep", now, "set aside", "failed; it is tried again, see its task")


def _in_order(done: Sequence[dict[str, Any]], letters: Sequence[Row[Any]], now: datetime) -> Iterator[Happening]:
    """Put to each thing done the addresses that got mail for it; mail of an earlier cause stands alone."""
    got: dict[tuple[Any, ...], list[str]] = defaultdict(list)
    for letter in letters:
        if letter.status == "sent":
            got[_cause(letter)].append(letter.address)
    for one in done:
        fired = got.pop((one["application"], one["outcome"]), [])
        reminded = got.pop((one["application"], one["rule"], one["due_at"]), [])
        who = tuple(sorted(fired + reminded))
        yield Happening(now, one["application"], one["rule"], one["due_at"], one["status"], one["outcome"], who)
    for letter in letters:
        who = (letter.address or letter.recipient,)
        if letter.status != "sent":
            yield Happening(
                now, letter.reference or "", letter.message, letter.created_at, letter.status, letter.last_reply, who
            )
        elif _cause(letter) in got:
            outcome = "queued earlier" if letter.created_at < now else "delivered"
            yield Happening(now, letter.reference or "", letter.message, letter.created_at, "sent", outcome, who)


def _cause(letter: Row[Any]) -> tuple[Any, ...]:
    """Name what a letter was caused by as a sweep tells it."""
    if letter.trigger is not None:
        return letter.reference, f"fired {letter.trigger}"
    return letter.reference, letter.rule, letter.due_at


def _first_supervisor(connection: Connection) -> Person | None:
    query = (
        select(_O.c.id)
        .join(_ROLE, and_(_ROLE.c.officer_id == _O.c.id, _ROLE.c.role == "supervisor"))
        .where(_O.c.active)
        .order_by(_O.c.created_at, _O.c.email)
    )
    found = connection.execute(query).scalars().first()
    return people.by_id(connection, found) if found else None


def _first_open_message(connection: Connection) -> int | None:
    query = select(func.min(_N.c.id)).where(_N.c.status.in_(("queued", "sending")))
    first: int | None = connection.execute(query).scalar_one()
    return first


def _letters(first: int, now: datetime) -> Any:
    """The query for what was settled at an instant, with its cause. No message before `first` was open then."""
    planned = and_(_N.c.cause.startswith("planned:"), _P.c.id == cast(func.substr(_N.c.cause, 9), Integer))
    decided = and_(_N.c.cause.startswith("decision:"), _D.c.id == cast(func.substr(_N.c.cause, 10), Integer))
    found = _N.outerjoin(_A, _A.c.id == _N.c.application_id).outerjoin(_P, planned).outerjoin(_D, decided)
    columns = (_N.c.message, _N.c.status, _N.c.address, _N.c.recipient, _N.c.last_reply, _N.c.created_at)
    return (
        select(*columns, _A.c.reference, _P.c.rule, _P.c.due_at, _D.c.trigger)
        .select_from(found)
        .where(_N.c.id >= first, _N.c.settled_at == now)
        .order_by(_N.c.id)
    )


def _look(copy: Office, summary: Summary) -> None:
    """Note how the cases stand at the end, and what should have been done and was not."""
    overdue = (
        select(_A.c.reference.label("application"), _P.c.rule, _P.c.due_at)
        .join(_A, _A.c.id == _P.c.application_id)
        .where(_P.c.status == "planned", _P.c.due_at <= summary.end)
        .order_by(_P.c.due_at, _P.c.id)
    )
    states: Counter[str] = Counter()
    standings: Counter[str] = Counter()
    with copy.database.snapshot() as connection:
        summary.overdue = [dict(row) for row in connection.execute(overdue).mappings()]
        for row in connection.execute(select(_A)):
            programme = copy.editions.machine(connection, row.programme, row.edition).programme
            states[row.state] += 1
            standings[str(held_of(row).standing(local_day(summary.end, programme.time_zone)))] += 1
    summary.states, summary.standings = dict(sorted(states.items())), dict(sorted(standings.items()))
