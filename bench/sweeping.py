"""P4: a sweep of many live certificates of which some are due, beside the same rows written set by set in SQL.

Both do the same reminder (T-120, to three recipients) in one database, each for a group of its own, in turns.
"""

import platform
import random
from collections.abc import Callable
from datetime import date, datetime, timedelta
from importlib.metadata import version
from statistics import median
from time import perf_counter

from sqlalchemy import Connection, func, select, text

from bench import fleet
from bench.databases import database_url
from bench.transition import STP, open_office
from states.dates import OfficeCalendar, last_valid_day
from states.definition import Programme
from states.loader import load_programme
from states.planner import plan
from states.terms import Term
from workflow import models
from workflow.models.base import table_of
from workflow.operations.sweep import sweep
from workflow.store import calendar, editions
from workflow.store.office import Office

_RULE = "T-120"
_BEGINS = date(2024, 3, 25)  # of the first group; each later one a week after it
_P = table_of(models.PlannedAction)
_N = table_of(models.Notification)
_PAYLOAD_SIZE = 1_100  # characters, as ours has them

_RECIPIENTS = {"a": "'contact:' || c.id", "b": "'account_manager'", "c": f"'officer:{fleet.SUPERVISOR}'"}
_DUE = "FROM planned_action p JOIN application a ON a.id = p.application_id WHERE p.status = 'planned' AND p.due_at <= :now"
_FLOOR = (
    (
        "INSERT INTO audit_entry (kind, application_id, case_seq, recorded_at, canonical, leaf) "
        "SELECT 'clock:reminder:sent', a.id, a.case_seq + 1, :now, "
        f'substr(\'{{"about":{{"application":"\' || a.reference || :padding, 1, 550), :leaf {_DUE}'
    ),
    *(
        "INSERT INTO notification (application_id, message, cause, recipient, resend_no, message_id, payload, address, "
        "status, created_at, next_try_at, fence, attempts, last_reply) "
        f"SELECT a.id, p.message, 'planned:' || p.id, {who}, 0, '<{key}' || p.id || '@bench.invalid>', "
        f"substr(a.reference || :padding, 1, {_PAYLOAD_SIZE}), '', 'queued', :now, :now, 0, 0, '' "
        f"{_DUE.replace('WHERE', 'JOIN contact c ON c.company_id = a.company_id WHERE')}"
        for key, who in _RECIPIENTS.items()
    ),
    (
        "UPDATE planned_action SET status = 'done', outcome = '3 recipients', settled_at = :now "
        "WHERE status = 'planned' AND due_at <= :now"
    ),
    (
        "UPDATE application SET case_seq = case_seq + 1, next_due = (SELECT min(due_at) FROM planned_action p "
        "WHERE p.application_id = application.id AND p.status = 'planned') WHERE next_due <= :now"
    ),
)


def run(kind: str, *, live: int, due: int, rounds: int, seed: int) -> None:
    """Measure on one database and print what was found."""
    programme = load_programme(STP.read_text(encoding="utf-8"), file=STP.name)
    due = min(due, live // (2 * rounds))
    with database_url(kind) as url, open_office(url) as office:
        with office.database.transaction() as transaction:
            instants = _prepare(transaction.connection, programme, live=live, due=due, groups=2 * rounds)
        _settle_down(office)
        floor_first = random.Random(seed).random() < 0.5  # noqa: S311  # who starts; nothing secret
        ratios: list[float] = []
        times: list[tuple[float, float]] = []
        for one, other in zip(instants[::2], instants[1::2], strict=True):
            first, second = (_floor, _ours) if floor_first else (_ours, _floor)
            a, b = _timed(office, first, one, due), _timed(office, second, other, due)
            of_floor, of_ours = (a, b) if floor_first else (b, a)
            times.append((of_floor, of_ours))
            ratios.append(of_ours / of_floor)
            floor_first = not floor_first
        _same_work(office, 2 * rounds * due)
    print(f"P4 a sweep of {live:,} live certificates with {due:,} due, {kind}")
    print(f"   floor  {median(f for f, _ in times):8.2f} s (median of {rounds} rounds)")
    print(f"   ours   {median(o for _, o in times):8.2f} s")
    print(f"   ratio  {median(ratios):8.1f} (median; {min(ratios):.1f} to {max(ratios):.1f})")
    print(
        f"   n = {rounds} rounds, seed {seed}; Python {platform.python_version()}, SQLAlchemy {version('sqlalchemy')}"
    )


def _prepare(connection: Connection, programme: Programme, *, live: int, due: int, groups: int) -> list[datetime]:
    """Write groups that are due one after the other, and the rest that is due later. Return when each is due."""
    begins = [_BEGINS + timedelta(weeks=n) for n in range(groups)]
    now = _due_at(programme, begins[0]) - timedelta(days=4)
    editions.install(connection, programme, now=now)
    calendar.fill(connection)
    fleet.staff(connection, now)
    for number, begin in enumerate(begins):
        group = fleet.Fleet(due, begin, begin)
        fleet.launch(connection, programme, group, now=now, first_id=1 + number * due, settled=False)
    rest = fleet.Fleet(live - groups * due, begins[-1] + timedelta(days=200), begins[-1] + timedelta(days=700))
    fleet.launch(connection, programme, rest, now=now, first_id=1 + groups * due, settled=False)
    others = (_P.c.rule != _RULE, _P.c.application_id <= groups * due)  # between two instants nothing else is due
    connection.execute(
        _P.update().where(*others, _P.c.due_at < now + timedelta(weeks=groups + 3)).values(status="done")
    )
    return [_due_at(programme, begin) + timedelta(hours=1) for begin in begins]


def _due_at(programme: Programme, begin: date) -> datetime:
    until = last_valid_day(begin, programme.validity.years, programme.validity.counting)
    planned = plan(programme, Term(begin, until), OfficeCalendar())
    return next(one.due_at for one in planned if one.rule == _RULE)


def _settle_down(office: Office) -> None:
    """Let the databases look at what is there, as they would have had time to."""
    with office.database.writer.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")


def _timed(office: Office, work: Callable[[Office, datetime], None], at: datetime, due: int) -> float:
    before = _letters(office)
    began = perf_counter()
    work(office, at)
    took = perf_counter() - began
    if (made := _letters(office) - before) != 3 * due:
        raise RuntimeError(f"{work.__name__} wrote {made} messages for {due} reminders.")
    return took


def _ours(office: Office, at: datetime) -> None:
    sweep(office, now=at)


def _floor(office: Office, at: datetime) -> None:
    values = {"now": at.replace(tzinfo=None) if office.database.is_sqlite else at, "padding": "x" * 1_200}
    with office.database.transaction() as transaction:
        for statement in _FLOOR:
            given = {name: value for name, value in values.items() if f":{name}" in statement}
            given |= {"leaf": "0" * 64} if ":leaf" in statement else {}
            transaction.connection.execute(text(statement), given)


def _letters(office: Office) -> int:
    with office.database.snapshot() as connection:
        return int(connection.execute(select(func.count()).select_from(_N)).scalar_one())


def _same_work(office: Office, reminders: int) -> None:
    """Refuse to report when either left something out."""
    with office.database.snapshot() as connection:
        done = connection.execute(select(func.count()).where(_P.c.outcome == "3 recipients")).scalar_one()
    if done != reminders:
        raise RuntimeError(f"{done} reminders are done of {reminders}.")
