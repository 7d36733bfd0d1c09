"""Two people, or a person and the clock, at the same case at the same time."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import builders
import pytest
from sqlalchemy import event, update
from sqlalchemy.exc import IntegrityError

from workflow import models
from workflow.decisions.outcome import Done, Refused
from workflow.errors import Unavailable
from workflow.models.base import table_of
from workflow.operations.assess_criterion import assess_criterion
from workflow.operations.sweep import Swept, sweep
from workflow.store import cases, engines
from workflow.store.database import Database
from workflow.store.editions import Editions
from workflow.store.office import Office

_FINDING = table_of(models.Finding)
_LONGEST = 30  # seconds after which a thread that hangs fails the test
_PAUSE = 0.7  # how long the first waits for the second, who should be waiting for the first


@contextmanager
def pausing_after_its_facts(office: Office, name: str, other_done: threading.Event) -> Iterator[threading.Event]:
    """Let the thread of that name pause once, after it has loaded facts, until the other is done or cannot go on."""
    loaded = threading.Event()

    def pause(_connection, _cursor, statement, *_rest):
        if threading.current_thread().name == name and "UNION ALL" in statement and not loaded.is_set():
            loaded.set()
            other_done.wait(_PAUSE)

    event.listen(office.database.writer, "after_cursor_execute", pause)
    yield loaded
    event.remove(office.database.writer, "after_cursor_execute", pause)


def at_once(office: Office, first: Callable[[], object], second: Callable[[], object]) -> tuple[object, object]:
    """Run `first` until it has its facts, then `second`, then the rest; return what each answered or raised."""
    answers: dict[str, object] = {}
    other_done = threading.Event()

    def run(name: str, what: Callable[[], object]) -> None:
        try:
            answers[name] = what()
        except Exception as error:  # noqa: BLE001  # whatever it is, the test looks at it
            answers[name] = error

    with pausing_after_its_facts(office, "first", other_done) as loaded:
        one = threading.Thread(name="first", target=run, args=("first", first))
        one.start()
        assert loaded.wait(_LONGEST)
        two = threading.Thread(name="second", target=run, args=("second", second))
        two.start()
        threading.Thread(target=lambda: (two.join(_LONGEST), other_done.set())).start()
        one.join(_LONGEST)
        two.join(_LONGEST)
    assert not one.is_alive()
    assert not two.is_alive()
    return answers["first"], answers["second"]


def holds_a_failed_finding_though_certified(office: Office, reference: str) -> bool:
    case = builders.case_of(office, reference)
    failed = builders.rows_of(office, models.Finding, application_id=case["id"], assessment="unmet")
    return case["state"] == "certified" and bool(failed)


@pytest.fixture
def lockless(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cases are read instead of locked: the control that shows what the lock is for."""
    monkeypatch.setattr(cases, "_LOCK", cases._READ)


class Race:
    """A case that is being certified while the second officer finds a criterion unmet."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.staff = builders.people(office)
        self.reference = builders.ready_to_certify(office, self.staff)

    @classmethod
    def at(cls, race: "Race", office: Office) -> "Race":
        """The same case and people, reached through another process."""
        made = cls.__new__(cls)
        made.office, made.staff, made.reference = office, race.staff, race.reference
        return made

    def certify(self) -> object:
        return builders.advance(self.office, builders.act(self.staff.approver), self.reference, "certify")

    def find_unmet(self) -> object:
        by = builders.act(self.staff.second_officer)
        return assess_criterion(self.office, reference=self.reference, criterion="S3", assessment="unmet", act=by)

    def be_refused(self) -> object:
        return builders.advance(self.office, builders.act(self.staff.auditor), self.reference, "certify")

    def find_unmet_without_the_operation(self) -> None:
        """Write the finding as no operation does: straight into the table, without the case's lock or version."""
        with self.office.database.writer.connect() as connection, connection.begin():
            connection.execute(update(_FINDING).where(_FINDING.c.criterion == "S3").values(assessment="unmet"))


class TestCertifyWhileAFindingFails:
    def test_lets_the_finding_wait_and_then_refuses_it(self, office: Office):
        race = Race(office)

        certified, assessed = at_once(office, race.certify, race.find_unmet)

        assert isinstance(certified, Done)
        assert isinstance(assessed, Refused)
        assert [unmet.code for unmet in assessed.unmet] == ["WRONG_STATE"]
        assert not holds_a_failed_finding_though_certified(office, race.reference)

    def test_the_other_way_round_refuses_the_certificate(self, office: Office):
        race = Race(office)

        builders.done(race.find_unmet())

        assert isinstance(race.certify(), Refused)
        assert not holds_a_failed_finding_though_certified(office, race.reference)

    @pytest.mark.usefixtures("lockless")
    def test_control_without_the_lock_the_entrys_number_stops_it(self, postgresql_office: Office):
        """The second line holds: both go on, and the certificate fails on the entry's number (else on the version)."""
        race = Race(postgresql_office)

        certified, assessed = at_once(postgresql_office, race.certify, race.find_unmet)

        assert isinstance(assessed, Done)
        assert isinstance(certified, IntegrityError)
        assert not holds_a_failed_finding_though_certified(postgresql_office, race.reference)

    def test_control_a_writer_without_lock_and_version_makes_the_anomaly(self, postgresql_office: Office):
        """So the pause is at the right place: with neither line of defence the bad case really appears."""
        race = Race(postgresql_office)

        certified, _ = at_once(postgresql_office, race.certify, race.find_unmet_without_the_operation)

        assert isinstance(certified, Done)
        assert holds_a_failed_finding_though_certified(postgresql_office, race.reference)


class TestCertifyWhileARefusalIsRecorded:
    """A refusal leaves the version alone, so here the lock is the only thing that keeps a good decision."""

    def test_does_both_and_keeps_the_trail_dense(self, office: Office):
        race = Race(office)

        certified, refused = at_once(office, race.certify, race.be_refused)

        numbers = [entry["case_seq"] for entry in builders.entries_of(office, race.reference)]
        assert isinstance(certified, Done)
        assert isinstance(refused, Refused)
        assert numbers == list(range(1, len(numbers) + 1))

    @pytest.mark.usefixtures("lockless")
    def test_control_without_the_lock_loses_the_decision(self, postgresql_office: Office):
        race = Race(postgresql_office)

        certified, refused = at_once(postgresql_office, race.certify, race.be_refused)

        assert isinstance(refused, Refused)
        assert isinstance(certified, IntegrityError)
        assert builders.case_of(postgresql_office, race.reference)["state"] == "validation"


class TestTwoSweepsAndAnOfficer:
    def test_do_everything_once(self, office: Office):
        staff = builders.people(office)
        references = builders.certified_cheaply(office, staff, 30, valid_from=date(2026, 11, 23))
        now = datetime(2029, 4, 27, 2, 0, tzinfo=UTC)  # T-210, 10:00 in Singapore
        answers: list[object] = []
        start = threading.Barrier(3)

        def run(what: Callable[[], object]) -> None:
            start.wait(_LONGEST)
            try:
                answers.append(what())
            except Exception as error:  # noqa: BLE001  # whatever it is, the test looks at it
                answers.append(error)

        def add_documents() -> int:
            for reference in references:
                builders.add(office, builders.act(staff.officer, now), reference, "evidence")
            return len(references)

        acts = (lambda: sweep(office, now=now, batch=4), lambda: sweep(office, now=now, batch=4), add_documents)
        threads = [threading.Thread(target=run, args=(one,)) for one in acts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(2 * _LONGEST)
        last = sweep(office, now=now)  # a case that the officer held was left to the next sweep

        swept = [*(answer for answer in answers if isinstance(answer, Swept)), last]
        assert [answer for answer in answers if isinstance(answer, Exception)] == []
        assert [reference for one in swept for reference in one.set_aside] == []
        self.check_told(swept, references)
        self.check_stored(office)
        for reference in references:
            self.check_numbers(office, reference)

    def check_told(self, swept: list[Swept], references: list[str]) -> None:
        told = Counter((done["application"], done["rule"]) for one in swept for done in one.done)
        due = ("T-270", "open_revalidation", "T-210")
        assert told == Counter((reference, rule) for reference in references for rule in due)

    def check_stored(self, office: Office) -> None:
        settled = Counter(
            (row["rule"], row["status"])
            for row in builders.rows_of(office, models.PlannedAction)
            if row["status"] != "planned"
        )
        assert settled == {("T-270", "superseded"): 30, ("open_revalidation", "done"): 30, ("T-210", "done"): 30}
        sent = Counter(
            (row["application_id"], row["message"], row["recipient"])
            for row in builders.rows_of(office, models.Notification)
            if row["cause"].startswith("planned:")
        )
        assert set(sent.values()) == {1}
        assert len(sent) == 60

    def check_numbers(self, office: Office, reference: str) -> None:
        case = builders.case_of(office, reference)
        decisions = builders.rows_of(office, models.Decision, application_id=case["id"])
        assert sorted(d["decision_no"] for d in decisions) == list(range(1, case["decision_no"] + 1))
        assert sum(d["trigger"] == "open_revalidation" for d in decisions) == 1
        numbers = [entry["case_seq"] for entry in builders.entries_of(office, reference)]
        assert numbers == list(range(1, case["case_seq"] + 1))


@contextmanager
def second_process(office: Office, *, locked: bool) -> Iterator[Office]:
    """Another process at the same SQLite file: engines of its own, and the file lock or, as a control, none."""
    path = Path(office.database.writer.url.database or "")
    lock_file = path.with_suffix(".lock") if locked else None
    url = engines.parse(f"sqlite:///{path}")
    database = Database(engines.writer(url), engines.reader(url), lock_file)
    try:
        yield Office(database, Editions(), origin="test.example", salt="s")
    finally:
        database.close()


class TestTwoProcessesOnSqlite:
    def test_take_turns_on_one_case(self, sqlite_office: Office):
        race = Race(sqlite_office)
        with second_process(sqlite_office, locked=True) as other:
            elsewhere = Race.at(race, other)

            certified, assessed = at_once(sqlite_office, race.certify, elsewhere.find_unmet)

        assert isinstance(certified, Done)
        assert isinstance(assessed, Refused)
        assert not holds_a_failed_finding_though_certified(sqlite_office, race.reference)

    def test_control_without_turns_and_with_late_locks_the_decision_is_lost(self, sqlite_office: Office):
        """The driver's ordinary BEGIN takes the lock at the first write, after the facts were read: too late."""
        race = Race(sqlite_office)
        with second_process(sqlite_office, locked=False) as other:
            elsewhere = Race.at(race, other)
            engines._begin_with(sqlite_office.database.writer, "BEGIN")
            engines._begin_with(other.database.writer, "BEGIN")

            certified, assessed = at_once(sqlite_office, race.certify, elsewhere.find_unmet)

        assert isinstance(assessed, Done)
        assert isinstance(certified, Unavailable)
        assert "locked" in certified.sentence
