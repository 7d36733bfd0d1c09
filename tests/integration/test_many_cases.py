"""Many cases, many sweepers, long outages and clocks that jump: nothing is missed and nothing doubled."""

import contextlib
import random
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from multiprocessing import get_context

import builders
import pytest
from sqlalchemy import URL, func, make_url, select

from bench import fleet
from states.definition import Programme
from workflow import models
from workflow.decisions.outcome import Done
from workflow.models.base import table_of
from workflow.operations.advance_application import advance_application
from workflow.operations.sweep import Swept, sweep
from workflow.store import engines
from workflow.store.database import Database
from workflow.store.editions import Editions
from workflow.store.office import Office

DAY = timedelta(days=1)
NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)  # noon in Singapore
_A = table_of(models.Application)
_D = table_of(models.Decision)
_E = table_of(models.AuditEntry)
_EVENT = table_of(models.CertificateEvent)
_N = table_of(models.Notification)
_P = table_of(models.PlannedAction)


def launch(
    office: Office, programme: Programme, *fleets: fleet.Fleet, now: datetime, rules: tuple[str, ...] = ()
) -> builders.People:
    """Give the office its people and fleets of certificates, as they stand at an instant."""
    people = builders.people(office)
    with office.database.transaction() as transaction:
        fleet.staff(transaction.connection, now)
        first = 1
        for one in fleets:
            fleet.launch(transaction.connection, programme, one, now=now, first_id=first, rules=rules)
            first += one.size
    return people


class TestSweepersAtOnce:
    """Several sweepers and an officer on PostgreSQL: each case is worked on by one of them at a time."""

    def test_do_everything_once(self, postgresql_office: Office, stp: Programme):
        with ThreadPoolExecutor(4) as pool:
            rounds_of_sweeps(postgresql_office, stp, pool, sweepers=3, due=150, rounds=2)

    @pytest.mark.exhaustive
    def test_do_everything_once_with_eight_processes(self, postgresql_office: Office, stp: Programme):
        with ProcessPoolExecutor(9, mp_context=get_context("spawn")) as pool:
            rounds_of_sweeps(postgresql_office, stp, pool, sweepers=8, due=10_000, rounds=20)


def rounds_of_sweeps(
    office: Office, programme: Programme, pool: Executor, *, sweepers: int, due: int, rounds: int
) -> None:
    begins = [date(2024, 6, 21) + timedelta(weeks=n) for n in range(rounds)]
    groups = [fleet.Fleet(due, begin, begin) for begin in begins]
    launch(office, programme, *groups, now=NOW - 3 * DAY, rules=("open_revalidation", "T-210"))
    url = office.database.writer.url.render_as_string(hide_password=False)
    dice = random.Random(3)  # noqa: S311  # which cases the officer takes; nothing secret
    for number in range(rounds):
        at = NOW + timedelta(weeks=number)
        first = 1 + number * due
        chosen = dice.sample(range(first, first + due), max(1, due // 50))
        jobs = [pool.submit(sweep_at, url, at) for _ in range(sweepers)]
        officer = pool.submit(surrender_at, url, chosen, at)
        swept = [job.result(600) for job in jobs]
        surrendered = officer.result(600)
        last = sweep(office, now=at)  # a case that somebody held was left to the next sweep

        assert [reference for one in [*swept, last] for reference in one.set_aside] == []
        told = Counter((done["application"], done["rule"]) for one in [*swept, last] for done in one.done)
        assert set(told.values()) == {1}
        assert surrendered == len(chosen)
        for again in range(9):
            assert sweep(office, now=at).done == [], f"sweep {again + 2} did something"
    check_ledger(office, until=NOW + timedelta(weeks=rounds - 1))


def sweep_at(url: str, now: datetime) -> Swept:
    with _office(url) as office:
        return sweep(office, now=now, batch=50)


def surrender_at(url: str, chosen: Iterable[int], now: datetime) -> int:
    """Let an officer end certificates while the sweepers work; return how many were."""
    with _office(url) as office:
        with office.database.snapshot() as connection:
            references = dict(connection.execute(select(_A.c.id, _A.c.reference).where(_A.c.id.in_(chosen))).all())
        officer = builders.people(office).officer
        done = 0
        for id_ in chosen:
            outcome = advance_application(
                office,
                reference=references[id_],
                trigger="surrender",
                reason="Given up.",
                act=builders.act(officer, now),
            )
            done += isinstance(outcome, Done)
        return done


class _office:  # noqa: N801  # used as a function
    """An office of this process's own, on a database that is there."""

    def __init__(self, url: str) -> None:
        self._url: URL = make_url(url)

    def __enter__(self) -> Office:
        self._database = Database(engines.writer(self._url), engines.reader(self._url), None)
        return Office(self._database, Editions(), origin="test.example", salt="s")

    def __exit__(self, *_: object) -> None:
        self._database.close()


def check_ledger(office: Office, *, until: datetime) -> None:
    """Nothing that is due is still planned, every mail has one cause, every number of a case is there once."""
    with office.database.snapshot() as connection:
        missed = select(func.count()).where(_P.c.status == "planned", _P.c.due_at <= until)
        assert connection.execute(missed).scalar_one() == 0
        sent = select(_N.c.cause, _N.c.recipient).where(_N.c.cause.startswith("planned:"))
        letters = Counter(tuple(row) for row in connection.execute(sent))
        assert set(letters.values()) <= {1}
        done = select(_P.c.id, _P.c.outcome).where(_P.c.status == "done", _P.c.message.is_not(None), _P.c.outcome != "")
        told = {f"planned:{row.id}": int(row.outcome.split()[0]) for row in connection.execute(done)}
        assert Counter(cause for cause, _ in letters) == Counter(told)
        dense = (
            select(_A.c.id)
            .join(_E, _E.c.application_id == _A.c.id)
            .group_by(_A.c.id, _A.c.case_seq)
            .having((func.count() != _A.c.case_seq) | (func.max(_E.c.case_seq) != _A.c.case_seq))
        )
        assert connection.execute(dense).all() == []


OUTAGES = [timedelta(hours=1), DAY, 40 * DAY, 400 * DAY]


class TestOutage:
    """Down for a time with a fleet spread over its whole life: on return all is done, with its true days."""

    @pytest.mark.parametrize("down", OUTAGES, ids=str)
    def test_loses_and_doubles_nothing(self, sqlite_office: Office, stp: Programme, down: timedelta):
        outage(sqlite_office, stp, down, size=200)

    @pytest.mark.exhaustive
    @pytest.mark.parametrize("down", OUTAGES, ids=str)
    def test_loses_and_doubles_nothing_with_fifty_thousand_certificates(
        self, office: Office, stp: Programme, down: timedelta
    ):
        outage(office, stp, down, size=50_000)


def outage(office: Office, programme: Programme, down: timedelta, *, size: int) -> None:
    people = launch(office, programme, fleet.Fleet(size, date(2023, 11, 24), date(2026, 11, 20)), now=NOW)
    back = NOW + down
    with office.database.snapshot() as connection:
        owed = connection.execute(select(_P).where(_P.c.status == "planned", _P.c.due_at <= back)).all()

    swept = confirmed(office, people, back)

    assert Counter(done["rule"] for done in swept.done) == Counter(row.rule for row in owed)
    check_ledger(office, until=back)
    check_one_reminder(office)
    check_true_days(office, owed)
    assert confirmed(office, people, back).done == []
    for earlier in (timedelta(seconds=1), DAY, 400 * DAY):  # the clock is set back
        assert sweep(office, now=back - earlier).done == []


def confirmed(office: Office, people: builders.People, now: datetime) -> Swept:
    """Sweep as a supervisor does who has looked at what the guard held back."""
    return sweep(office, now=now, confirm=builders.act(people.supervisor, now))


def check_one_reminder(office: Office) -> None:
    """A company got at most one reminder, however many had come due; the notice of an end is no reminder."""
    with office.database.snapshot() as connection:
        query = (
            select(_N.c.application_id, func.count())
            .where(_N.c.recipient.startswith("contact:"), _N.c.cause.startswith("planned:"))
            .group_by(_N.c.application_id)
            .having(func.count() > 1)
        )
        assert connection.execute(query).all() == []


def check_true_days(office: Office, owed: Iterable[object]) -> None:
    """What the clock decided holds from when it was due, and says beside it when it was recorded."""
    due = {(row.application_id, row.trigger): row.due_at for row in owed if row.trigger}
    with office.database.snapshot() as connection:
        query = select(_D.c.application_id, _D.c.trigger, _D.c.effective_at).where(_D.c.actor_id == "clock")
        found = {(row.application_id, row.trigger): row.effective_at for row in connection.execute(query)}
    assert found == due


class TestJumpingClock:
    def test_forward_to_2200_and_back_does_everything_once(self, sqlite_office: Office, stp: Programme):
        people = launch(sqlite_office, stp, fleet.Fleet(60, date(2024, 1, 5), date(2026, 11, 20)), now=NOW)
        far = datetime(2200, 1, 1, tzinfo=UTC)

        forward = confirmed(sqlite_office, people, far)
        settled = rows_of_clock(sqlite_office)
        for instant in (NOW, NOW + 400 * DAY, far, far + DAY):
            assert confirmed(sqlite_office, people, instant).done == []

        assert {done["rule"] for done in forward.done} >= {"lapse", "T+1"}
        assert rows_of_clock(sqlite_office) == settled
        check_ledger(sqlite_office, until=far)

    def test_back_and_forth_around_a_deadline_fires_it_once(self, office: Office, stp: Programme):
        begin = date(2024, 4, 22)  # T-210 of it is Fri 25 Sep 2026 8:00 in Singapore
        people = launch(office, stp, fleet.Fleet(3, begin, begin), now=datetime(2026, 9, 1, tzinfo=UTC))
        deadline = min(row["due_at"] for row in builders.rows_of(office, models.PlannedAction, status="planned"))
        steps: list[Callable[[], datetime]] = [
            lambda: deadline - timedelta(seconds=1),
            lambda: deadline,
            lambda: deadline - 400 * DAY,
            lambda: deadline + timedelta(seconds=1),
            lambda: deadline - timedelta(seconds=1),
        ]

        done = [len(confirmed(office, people, step()).done) for step in steps]

        assert done == [0, 3, 0, 0, 0]


def rows_of_clock(office: Office) -> list[list[tuple[object, ...]]]:
    with office.database.snapshot() as connection:
        tables = ((_P, _P.c.id), (_N, _N.c.id), (_D, _D.c.id), (_EVENT, _EVENT.c.id))
        return [[tuple(row) for row in connection.execute(select(table).order_by(key))] for table, key in tables]


def test_a_restart_loop_faster_than_the_tick_makes_progress(sqlite_office: Office, stp: Programme):
    """Each start is killed in its second batch; what its first batch did is done, and the next start goes on."""
    launch(sqlite_office, stp, fleet.Fleet(90, date(2024, 4, 29), date(2024, 4, 29)), now=NOW - 400 * DAY)
    at = NOW - 55 * DAY

    class Killed(BaseException):
        pass

    starts = 0
    done = 0
    while done < 90 and starts < 20:
        starts += 1
        with pytest.MonkeyPatch.context() as patch:
            kill_in_batch(patch, 2, Killed)
            with contextlib.suppress(Killed):
                sweep(sqlite_office, now=at, batch=10)
        with sqlite_office.database.snapshot() as connection:
            done = connection.execute(select(func.count()).where(_A.c.next_due > at)).scalar_one()

    assert (done, starts) == (90, 9)
    check_ledger(sqlite_office, until=at)


def test_a_sweep_that_is_stopped_leaves_the_rest_to_the_next(sqlite_office: Office, stp: Programme):
    launch(sqlite_office, stp, fleet.Fleet(25, date(2024, 4, 29), date(2024, 4, 29)), now=NOW - 400 * DAY)
    at = NOW - 55 * DAY

    first = sweep(sqlite_office, now=at, batch=10, stop=lambda: True)
    rest = sweep(sqlite_office, now=at, batch=10)

    assert (len(first.done), len(rest.done)) == (10, 15)
    check_ledger(sqlite_office, until=at)


def kill_in_batch(patch: pytest.MonkeyPatch, number: int, error: type[BaseException]) -> None:
    """Let the sweep die while it works on its batch of that number."""
    from workflow.operations import sweep as module  # noqa: PLC0415

    real, seen = module.record_settlements, []

    def dying(*given: object) -> None:
        seen.append(given)
        if len(seen) == number:
            raise error
        real(*given)  # type: ignore[arg-type]

    patch.setattr(module, "record_settlements", dying)
