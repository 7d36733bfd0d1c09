"""Rows that are final stay as they are, whoever asks the database and however."""

from datetime import date

import builders
import pytest
from sqlalchemy import Connection, Table, select, text
from sqlalchemy.exc import DBAPIError

from workflow import models
from workflow.models.base import table_of
from workflow.operations.sweep import sweep
from workflow.store import disposal, final_rows
from workflow.store.office import Office

_ENTRY = table_of(models.AuditEntry)


@pytest.fixture
def filled(office: Office) -> Office:
    """An office in which every final table has a row: one certificate from submission to its end."""
    staff = builders.people(office)
    builders.certified(office, staff, valid_from=date(2026, 11, 23))
    sweep(office, now=builders.morning_of(date(2029, 11, 26)))
    with office.database.transaction() as transaction:
        notification = transaction.connection.execute(select(table_of(models.Notification).c.id).limit(1)).scalar_one()
        tried = {"notification_id": notification, "at": builders.NOW, "address": "trade@quillhaven.example"}
        attempts = table_of(models.DeliveryAttempt)
        transaction.connection.execute(attempts.insert(), tried | {"outcome": "sent", "reply": "250 OK"})
        _what_two_people_agreed(transaction.connection, staff.officer.id)
    return office


def _what_two_people_agreed(connection: Connection, person: str) -> None:
    document = connection.execute(select(table_of(models.Document)).limit(1)).one()
    approval = {"kind": "document_waiver", "sentence": "", "requested_by": person, "role": "officer"}
    table = table_of(models.Approval)
    connection.execute(table.insert(), approval | {"requested_at": builders.NOW, "status": "confirmed", "request": "{}",
                                                   "blocks": False, "decision_reason": ""})  # fmt: skip
    agreed = {"reason": "", "approval_id": connection.execute(select(table.c.id)).scalar_one(), "at": builders.NOW}
    waiver = {"application_id": document.application_id, "cycle": 1, "kind": "bizfile_report"}
    connection.execute(table_of(models.DocumentWaiver).insert(), agreed | waiver)
    connection.execute(table_of(models.DocumentWithdrawal).insert(), agreed | {"document_id": document.id})
    heard = {
        "application_id": document.application_id,
        "cycle": 1,
        "contacted_on": date(2026, 11, 23),
        "note": "Filing",
    }
    heard |= {"recorded_by": person, "recorded_at": builders.NOW}
    connection.execute(table_of(models.ContactNote).insert(), heard)
    signed = {"origin": "test.example", "size": 1, "root": "0" * 64, "note": "signed", "signed_at": builders.NOW}
    connection.execute(table_of(models.Checkpoint).insert(), signed)
    connection.execute(table_of(models.LogNode).insert(), {"level": 8, "number": 0, "hash": "0" * 64})
    _what_retention_leaves(connection, document.application_id, person)
    accepted = {"code": "STP", "edition": "2026-01", "accepted_by": person, "accepted_at": builders.NOW}
    connection.execute(table_of(models.ProgrammeAcceptance).insert(), accepted)


def _what_retention_leaves(connection: Connection, case: int, person: str) -> None:
    period = {"kind": "mail", "years": 7, "source": "Records Act", "set_by": person, "set_at": builders.NOW}
    connection.execute(table_of(models.RetentionPeriod).insert(), period)
    hold = {"id": 1, "application_id": case, "reason": "Inquiry", "placed_by": person, "placed_at": builders.NOW}
    connection.execute(table_of(models.LegalHold).insert(), hold)
    lifted = {"hold_id": 1, "reason": "Over", "lifted_by": person, "lifted_at": builders.NOW}
    connection.execute(table_of(models.LegalHoldLift).insert(), lifted)
    disposal.note(connection, case, ["mail"], approval_id=1, entry_id=1, now=builders.NOW)


def refused(office: Office, statement: str, *, message: str = "rows are final") -> None:
    with pytest.raises(DBAPIError, match=message), office.database.transaction() as transaction:
        transaction.connection.execute(text(statement))


def done(office: Office, statement: str) -> None:
    with office.database.transaction() as transaction:
        transaction.connection.execute(text(statement))


def a_column(table: Table) -> str:
    return next(c.name for c in table.c if not c.primary_key and c.name != "position")


def count(connection: Connection, table: Table) -> int:
    return len(connection.execute(select(table)).all())


class TestFinalTables:
    def test_all_have_a_row_here(self, filled: Office):
        with filled.database.snapshot() as connection:
            empty = [table.name for table in final_rows.FINAL if count(connection, table) == 0]

        assert empty == []

    def test_refuse_update(self, filled: Office):
        for table in final_rows.FINAL:
            column = a_column(table) if len(table.primary_key) < len(table.c) - 1 else list(table.c)[-1].name
            refused(filled, f"UPDATE {table.name} SET {column} = {column}")

    def test_refuse_delete(self, filled: Office):
        for table in final_rows.FINAL:
            refused(filled, f"DELETE FROM {table.name}")

    def test_refuse_to_be_emptied(self, filled: Office):
        for table in final_rows.FINAL:
            statement = f"DELETE FROM {table.name}" if filled.database.is_sqlite else f"TRUNCATE {table.name} CASCADE"
            refused(filled, statement)

    def test_refuse_insert_over_a_known_row(self, filled: Office):
        for table in final_rows.FINAL:
            over = "INSERT OR REPLACE" if filled.database.is_sqlite else "INSERT"
            message = "rows are final" if filled.database.is_sqlite else "duplicate key"
            refused(filled, f"{over} INTO {table.name} SELECT * FROM {table.name} LIMIT 1", message=message)

    @pytest.mark.parametrize(
        ("table", "change"),
        [
            ("participation", {"officer_id": "'p-02'"}),
            ("document_chunk", {"part": "part + 1000"}),
            ("programme_edition", {"edition": "'2099-01'"}),
        ],
    )
    def test_refuse_insert_over_the_hidden_key_of_sqlite(self, sqlite_office: Office, table: str, change: dict):
        builders.ready_to_certify(sqlite_office, builders.people(sqlite_office))
        columns = [c.name for t in final_rows.FINAL if t.name == table for c in t.c]
        values = ", ".join(change.get(name, name) for name in columns)

        refused(
            sqlite_office,
            f"INSERT OR REPLACE INTO {table} (rowid, {', '.join(columns)}) SELECT rowid, {values} FROM {table} LIMIT 1",
        )

    def test_still_take_new_rows(self, filled: Office):
        staff = builders.people(filled)

        reference = builders.submit(filled, builders.act(staff.officer))

        assert builders.case_of(filled, reference)["case_seq"] == 1


class TestPositionOfAnEntry:
    def test_may_be_given_once(self, filled: Office):
        done(filled, "UPDATE audit_entry SET position = 1 WHERE id = 1")

        assert builders.rows_of(filled, models.AuditEntry, id=1)[0]["position"] == 1

    @pytest.mark.parametrize("value", ["2", "NULL", "1"])
    def test_never_changes_again(self, filled: Office, value: str):
        done(filled, "UPDATE audit_entry SET position = 1 WHERE id = 1")

        refused(filled, f"UPDATE audit_entry SET position = {value} WHERE id = 1")

    @pytest.mark.parametrize("column", [c.name for c in _ENTRY.c if c.name not in ("position", "case_seq")])
    def test_lets_nothing_else_change_with_it(self, filled: Office, column: str):
        other = {
            "id": "100000",
            "application_id": "NULL",
            "recorded_at": "'2020-01-01 00:00:00'",
        }.get(column, "'x'")

        refused(filled, f"UPDATE audit_entry SET position = 1, {column} = {other} WHERE id = 1")

    def test_cannot_push_another_entry_out(self, filled: Office):
        done(filled, "UPDATE audit_entry SET position = 1 WHERE id = 1")
        before = builders.rows_of(filled, models.AuditEntry)
        how = "UPDATE OR REPLACE" if filled.database.is_sqlite else "UPDATE"
        message = "rows are final" if filled.database.is_sqlite else "duplicate key"

        refused(filled, f"{how} audit_entry SET position = 1 WHERE id = 2", message=message)

        assert builders.rows_of(filled, models.AuditEntry) == before


class TestMissing:
    def test_names_a_trigger_that_is_gone(self, office: Office):
        on = "" if office.database.is_sqlite else " ON decision"
        done(office, f"DROP TRIGGER final_decision_update{on}")

        with office.database.snapshot() as connection:
            assert final_rows.missing(connection) == ["final_decision_update"]

    def test_names_a_trigger_that_was_weakened(self, sqlite_office: Office):
        done(sqlite_office, "DROP TRIGGER final_decision_delete")
        done(
            sqlite_office,
            "CREATE TRIGGER final_decision_delete BEFORE DELETE ON decision BEGIN SELECT 1; END",
        )

        with sqlite_office.database.snapshot() as connection:
            assert final_rows.missing(connection) == ["final_decision_delete"]

    def test_names_triggers_that_are_switched_off(self, postgresql_office: Office):
        done(postgresql_office, "ALTER TABLE certificate DISABLE TRIGGER ALL")

        with postgresql_office.database.snapshot() as connection:
            missing = final_rows.missing(connection)

        assert missing == ["final_certificate_delete", "final_certificate_truncate", "final_certificate_update"]

    @pytest.mark.parametrize(
        ("function", "trigger"),
        [("refuse_change", "final_decision_delete"), ("refuse_update_of_decision", "final_decision_update")],
    )
    def test_names_a_trigger_whose_function_was_hollowed_out(
        self, postgresql_office: Office, function: str, trigger: str
    ):
        hollow = f"CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'"
        with postgresql_office.database.transaction() as transaction:
            transaction.connection.execute(text(hollow))

        with postgresql_office.database.snapshot() as connection:
            found = final_rows.missing(connection)

        assert trigger in found

    def test_names_a_trigger_that_runs_another_function(self, postgresql_office: Office):
        with postgresql_office.database.transaction() as transaction:
            transaction.connection.execute(text("DROP TRIGGER final_certificate_update ON certificate"))
            lenient = "BEFORE UPDATE ON certificate FOR EACH ROW EXECUTE FUNCTION refuse_update_of_decision()"
            transaction.connection.execute(text(f"CREATE TRIGGER final_certificate_update {lenient}"))

        with postgresql_office.database.snapshot() as connection:
            assert final_rows.missing(connection) == ["final_certificate_update"]
