"""What the databases promise to every operation: all or nothing, readers that cannot write, commits that stay."""

from datetime import date

import builders
import pytest
from sqlalchemy import URL, event, select, text
from sqlalchemy.exc import DBAPIError

from states.definition import Programme
from states.facts import OPERATOR
from workflow import models
from workflow.errors import NotFound, Unavailable
from workflow.models.base import table_of
from workflow.store import calendar, cases, editions, engines, people
from workflow.store.office import Office

_COUNTER = table_of(models.ReferenceCounter)


def counters(office: Office) -> list[str]:
    return [row["name"] for row in builders.rows_of(office, models.ReferenceCounter)]


class TestTransaction:
    def test_commits_what_the_block_did(self, office: Office):
        with office.database.transaction() as transaction:
            transaction.connection.execute(_COUNTER.insert(), {"name": "kept", "value": 1})

        assert counters(office) == ["kept"]

    def test_writes_nothing_when_the_block_fails(self, office: Office):
        def fail_halfway() -> None:
            with office.database.transaction() as transaction:
                transaction.connection.execute(_COUNTER.insert(), {"name": "lost", "value": 1})
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fail_halfway()

        assert counters(office) == []

    def test_writes_what_its_session_holds(self, office: Office):
        with office.database.transaction() as transaction:
            transaction.session.add(models.ReferenceCounter(name="from the session", value=1))

        assert counters(office) == ["from the session"]

    def test_says_when_the_database_does_not_answer(self, sqlite_office: Office):
        with pytest.raises(Unavailable) as told, sqlite_office.database.transaction() as transaction:
            transaction.connection.execute(text("SELECT 1 FROM no_such_table"))

        assert told.value.code == "DATABASE"
        assert "Nothing was done" in told.value.sentence


class TestWhole:
    def test_is_read_inside_before_it_is_committed_as_one(self, office: Office):
        with office.database.whole() as database:
            with database.transaction() as transaction:
                transaction.connection.execute(_COUNTER.insert(), {"name": "one", "value": 1})
            with database.snapshot() as connection:
                inside = list(connection.execute(select(_COUNTER.c.name)).scalars())
            with database.rehearsal() as rehearsed:
                rehearsed.connection.execute(_COUNTER.insert(), {"name": "undone", "value": 1})
            outside = counters(office)

        assert (inside, outside, counters(office)) == (["one"], [], ["one"])

    def test_leaves_nothing_of_its_transactions_when_a_later_one_fails(self, office: Office):
        def fail_later() -> None:
            with office.database.whole() as database:
                with database.transaction() as transaction:
                    transaction.connection.execute(_COUNTER.insert(), {"name": "lost", "value": 1})
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fail_later()

        assert counters(office) == []


class TestRehearsal:
    def test_leaves_nothing_behind(self, office: Office):
        with office.database.rehearsal() as transaction:
            transaction.connection.execute(_COUNTER.insert(), {"name": "rehearsed", "value": 1})

        assert counters(office) == []


class TestSnapshot:
    def test_cannot_write(self, office: Office):
        with pytest.raises((Unavailable, DBAPIError)), office.database.snapshot() as connection:
            connection.execute(_COUNTER.insert(), {"name": "sneaked in", "value": 1})

        assert counters(office) == []

    def test_sees_one_state_while_others_write(self, office: Office):
        with office.database.snapshot() as connection:
            before = connection.execute(select(_COUNTER)).all()
            with office.database.transaction() as transaction:
                transaction.connection.execute(_COUNTER.insert(), {"name": "meanwhile", "value": 1})

            assert connection.execute(select(_COUNTER)).all() == before == []


class TestWeakDurability:
    def test_finds_nothing_on_sqlite_as_we_open_it(self, sqlite_office: Office):
        assert engines.weak_durability(sqlite_office.database.writer) == []

    def test_finds_each_weak_setting_of_sqlite(self, sqlite_office: Office):
        def weaken(connection, _):
            connection.execute("PRAGMA journal_mode=DELETE")
            connection.execute("PRAGMA synchronous=OFF")

        writer = sqlite_office.database.writer
        writer.dispose()
        event.listen(writer, "connect", weaken)

        assert engines.weak_durability(writer) == [
            "journal_mode is delete, wal is needed",
            "synchronous is 0, 2 (FULL) is needed",
        ]

    def test_finds_each_weak_setting_of_postgresql(self, postgresql_office: Office):
        url = postgresql_office.database.writer.url.update_query_dict({"options": "-c synchronous_commit=off"})
        engine = engines.writer(url)
        with engine.connect() as connection:
            off = [n for n in ("fsync", "full_page_writes") if connection.scalar(text(f"SHOW {n}")) == "off"]

        found = engines.weak_durability(engine)
        engine.dispose()

        assert found == [f"{name} is off" for name in (*off, "synchronous_commit")]


class TestParse:
    @pytest.mark.parametrize("url", ["sqlite:///var/aeo.db", "postgresql+psycopg://clerk@localhost/aeo"])
    def test_takes_the_two_databases(self, url: str):
        assert isinstance(engines.parse(url), URL)

    @pytest.mark.parametrize(
        "url", ["mysql://localhost/aeo", "sqlite://", "postgresql://localhost/aeo", "nonsense", ""]
    )
    def test_refuses_every_other_address(self, url: str):
        with pytest.raises(Unavailable) as refused:
            engines.parse(url)

        assert refused.value.code == "DATABASE_URL"


class TestEditions:
    def test_are_stored_once(self, office: Office, stp):
        with office.database.transaction() as transaction:
            assert editions.install(transaction.connection, stp, now=builders.NOW) is False

    def test_never_change_under_the_same_name(self, office: Office, stp):
        changed = Programme.model_validate(stp.model_dump(by_alias=True) | {"title": "Another title"})

        with pytest.raises(Unavailable) as refused, office.database.transaction() as transaction:
            editions.install(transaction.connection, changed, now=builders.NOW)

        assert refused.value.code == "EDITION_CHANGED"

    def test_read_back_are_what_was_stored(self, office: Office, stp):
        with office.database.snapshot() as connection:
            assert office.editions.newest(connection, "STP").programme == stp
            assert office.editions.codes(connection) == ["STP"]

    def test_of_an_unknown_programme_are_not_found(self, office: Office):
        with office.database.snapshot() as connection, pytest.raises(NotFound) as refused:
            office.editions.newest(connection, "NOPE")

        assert refused.value.sentence == 'There is no programme "NOPE". Known: STP.'


class TestCalendar:
    def test_is_filled_once(self, office: Office):
        with office.database.transaction() as transaction:
            assert calendar.fill(transaction.connection) == 0

    def test_knows_singapores_national_day(self, office: Office):
        with office.database.snapshot() as connection:
            august = calendar.office_calendar(connection, "Asia/Singapore", date(2027, 8, 1), date(2027, 8, 31))

        assert august.closed == {date(2027, 8, 9)}


class TestPeople:
    def test_are_found_by_their_address(self, office: Office):
        staff = builders.people(office)

        with office.database.snapshot() as connection:
            assert people.by_email(connection, " Adeline.Goh@customs.example ") == staff.officer
            assert set(people.everybody(connection)) == {f"p-0{n}" for n in range(1, 7)}

    def test_who_left_are_not_found(self, office: Office):
        staff = builders.people(office)
        officers = table_of(models.Officer)
        with office.database.transaction() as transaction:
            transaction.connection.execute(
                officers.update().where(officers.c.id == staff.auditor.id).values(active=False)
            )

        with office.database.snapshot() as connection:
            assert staff.auditor.id not in people.everybody(connection)
            with pytest.raises(NotFound):
                people.by_email(connection, builders.email_of(staff.auditor))


class TestLock:
    def test_says_that_a_reference_does_not_exist(self, office: Office):
        with pytest.raises(NotFound) as refused, office.database.transaction() as transaction:
            cases.lock(transaction.connection, "STP-1999-000001", OPERATOR)

        assert 'no application "STP-1999-000001"' in refused.value.sentence
