"""Records are kept for their period, a legal hold keeps them longer, and two people dispose of what is due."""

import json
import shutil
import threading
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import builders
import mailroom
import pytest
from builders import act, done
from installed import opened
from sqlalchemy import URL, event, select, text
from sqlalchemy.exc import DBAPIError

from states.facts import Person
from workflow import models
from workflow.decisions.outcome import Refused
from workflow.errors import BadInput, NotFound, NotPermitted
from workflow.models.base import table_of
from workflow.operations.add_document import add_document, checked, keep
from workflow.operations.answer_information import answer_information
from workflow.operations.decide_approval import confirm_approval, refuse_approval
from workflow.operations.dispose_of_records import ask_disposal
from workflow.operations.hold_case import lift_hold, place_hold
from workflow.operations.retry_message import retry_message
from workflow.operations.set_retention_period import set_retention_period
from workflow.operations.waive_document import waive_document
from workflow.reports import case_file, case_page, cases, outbox, retention
from workflow.reports.log_replay import replay
from workflow.reports.reminder_proof import prove
from workflow.store import cases as store_cases
from workflow.store import disposal, final_rows
from workflow.store.office import Office

OVER = date(2026, 11, 23)
LATER = builders.morning_of(date(2033, 11, 24))  # the first day after seven years
EARLIER = LATER - timedelta(days=1)
SECRET = "Mdm Tan's private matter"
KINDS = ("case_file", "documents", "mail")
_PAUSE, _LONGEST = 0.7, 30  # seconds: how long one waits for who should be waiting, and after which a hang fails
BY_FIXTURES = {"officer", "programme_edition", "calendar_day"}  # made there without an entry


class Archive:
    """An office with a withdrawn case full of texts, and everybody who has to do with its end."""

    def __init__(self, office: Office, *, made: bool = False) -> None:
        self.office, self.staff = office, builders.people(office)
        self.admin = Person("p-10", "Goh Siew Ling", frozenset({"admin"}))
        self.second = Person("p-11", "Hui Min Lee", frozenset({"supervisor"}))
        if not made:
            for person in (self.admin, self.second):
                builders.another_person(office, person.id, person.name, *person.roles)
            withdrawn(office, self.staff)
        self.reference = builders.rows_of(office, models.Application)[0]["reference"]

    def set_periods(self, years: int = 7) -> "Archive":
        for kind in KINDS:
            set_retention_period(self.office, kind=kind, years=years, source="Records Act", act=act(self.admin))
        return self

    def kept(self, now: datetime = LATER, reference: str = "") -> dict[str, str]:
        """Return the status of each kind of record of a case."""
        with self.office.database.snapshot() as connection:
            found = retention.kept(connection, self.office, now=now)
        return {one.kind: one.status for one in found if one.reference == (reference or self.reference)}

    def ask(self, now: datetime = LATER, **more: Any) -> int:
        asked = ask_disposal(self.office, act=act(self.staff.supervisor, now), **more)
        return int(asked.data["approval"])

    def confirm(self, approval: int, now: datetime = LATER) -> Any:
        return confirm_approval(self.office, approval_id=approval, act=act(self.second, now))

    def dispose(self) -> "Archive":
        done(self.confirm(self.ask()))
        return self

    def differences(self) -> list[str]:
        with self.office.database.snapshot() as connection:
            found = replay(connection, self.office.editions)
            return [one.sentence for one in found if one.table not in BY_FIXTURES]


def withdrawn(office: Office, staff: builders.People, **given: Any) -> str:
    """Return a case that was asked about, got a waiver and was withdrawn, with secrets wherever people write."""
    officer = act(staff.officer)
    reference = builders.submit(office, officer, **given)
    waived = done(waive_document(office, reference=reference, kind="bizfile_report", reason=SECRET, act=officer))
    done(confirm_approval(office, approval_id=waived.data["approval"], act=act(staff.approver)))
    builders.complete_pack(office, officer, reference, [kind for kind in builders.PACK if kind != "bizfile_report"])
    done(builders.advance(office, officer, reference, "start_review"))
    done(builders.advance(office, officer, reference, "request_information", reason=SECRET))
    done(answer_information(office, reference=reference, number=1, text=SECRET, act=officer))
    done(builders.advance(office, officer, reference, "supply_information"))
    reasons = {"reason_code": "request", "reason": SECRET, "internal_reason": SECRET}
    done(builders.advance(office, officer, reference, "withdraw", **reasons))
    mailroom.deliver(office)
    return reference


@pytest.fixture
def archive(office: Office) -> Archive:
    return Archive(office)


@pytest.fixture(scope="module")
def lived(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("lived") / "lived.db"
    shutil.copyfile(sqlite_template, path)
    with opened(URL.create("sqlite", database=str(path))) as office:
        Archive(office)
        with office.database.writer.connect() as connection:
            connection.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


@pytest.fixture
def one(lived: Path, tmp_path: Path) -> Iterator[Archive]:
    """The same on SQLite alone, for what is above the database; copied from one that was made once."""
    path = tmp_path / "office.db"
    shutil.copyfile(lived, path)
    with opened(URL.create("sqlite", database=str(path))) as office:
        yield Archive(office, made=True)


def tables_with(office: Office, words: str) -> set[str]:
    """Return the tables in which a text stands anywhere."""
    return {name for name, rows in builders.everything(office).items() if words in json.dumps(rows, default=str)}


class TestPeriods:
    def test_without_one_nothing_is_ever_due(self, one: Archive):
        assert one.kept(builders.morning_of(date(2099, 1, 1))) == dict.fromkeys(KINDS, "unset")

    def test_end_so_many_years_after_the_case_was_over(self, one: Archive):
        one.set_periods(7)

        assert one.kept(EARLIER) == dict.fromkeys(KINDS, "kept")
        assert one.kept(LATER) == dict.fromkeys(KINDS, "due")

    @pytest.mark.parametrize("years", [4, 0, -1, 101])
    def test_are_not_less_than_five_years(self, one: Archive, years: int):
        with pytest.raises(BadInput, match="5 to 100 years"):
            one.set_periods(years)

    def test_are_set_by_an_admin_alone(self, one: Archive):
        with pytest.raises(NotPermitted):
            set_retention_period(one.office, kind="mail", years=7, source="x", act=act(one.staff.supervisor))

    def test_may_change_and_the_newest_holds(self, one: Archive):
        one.set_periods(7).set_periods(9)

        with one.office.database.snapshot() as connection:
            years = {row["kind"]: row["years"] for row in retention.schedule(connection)}
        assert years == dict.fromkeys(KINDS, 9) | dict.fromkeys(("trail", "staff", "register"))
        assert one.kept(LATER) == dict.fromkeys(KINDS, "kept")

    def test_never_end_while_the_case_is_live(self, one: Archive):
        running = builders.certified(one.office, one.staff)
        one.set_periods()

        assert one.kept(reference=running) == {}


class TestDisposal:
    def test_removes_what_people_wrote_and_keeps_the_trail_which_agrees_with_the_tables(self, archive: Archive):
        before = tables_with(archive.office, SECRET)

        archive.set_periods().dispose()

        assert before >= {"Decision", "InformationRequest", "Approval", "DocumentWaiver", "Notification", "AuditEntry"}
        assert tables_with(archive.office, SECRET) == {"AuditEntry"}
        assert tables_with(archive.office, "@quillhaven.example") == set()
        assert builders.rows_of(archive.office, models.DocumentChunk) == []
        assert set(archive.kept().values()) == {"disposed"}
        assert archive.differences() == []

    def test_is_one_entry_for_each_case_which_says_what_went(self, one: Archive):
        one.set_periods().dispose()

        entry = builders.entries_of(one.office, one.reference)[-1]
        assert (entry["kind"], entry["actor"], entry["role"]) == ("case:disposal:made", "p-11", "supervisor")
        assert entry["detail"]["kinds"] == list(KINDS)
        assert entry["detail"]["over_on"] == OVER.isoformat()

    def test_leaves_the_case_readable(self, archive: Archive):
        archive.set_periods().dispose()
        office, at = archive.office, {"reference": archive.reference, "viewer": archive.second}

        with office.database.snapshot() as connection:
            shown = cases.show(connection, office, now=LATER, **at)
            history = cases.history(connection, office, **at)
            glance = case_page.at_a_glance(connection, office, now=LATER, **at)
            papers = case_file.documents(connection, **at)
            asked = case_file.requests(connection, **at)
            message = outbox.message(connection, 1, viewer=archive.second)
            proof = prove(connection, office, first=OVER, last=LATER.date(), now=LATER)

        assert shown["state"] == "withdrawn"
        assert history[-1]["sentence"].startswith("Disposed of")
        assert glance["documents"][0]["count"] == 1
        assert {paper["status"] for paper in papers} == {"disposed", "waived"}
        assert [one["question"] for one in asked] == [""]
        assert message["payload"] is None
        assert proof.holds

    def test_keeps_a_content_that_another_case_has(self, archive: Archive):
        other = builders.submit(archive.office, act(archive.staff.officer))
        builders.add(archive.office, act(archive.staff.officer), other, builders.PACK[0])
        archive.set_periods().dispose()

        kept = builders.rows_of(archive.office, models.DocumentChunk)
        assert [row["content"] for row in kept] == [builders.PDF + builders.PACK[0].encode()]

    def test_does_not_stand_in_the_way_of_the_same_content_later(self, one: Archive):
        one.set_periods().dispose()
        other = builders.submit(one.office, act(one.staff.officer, LATER))

        builders.add(one.office, act(one.staff.officer, LATER), other, builders.PACK[0])

        assert len(builders.rows_of(one.office, models.DocumentChunk)) == 1

    def test_keeps_the_contacts_while_another_case_of_the_company_is_kept(self, one: Archive):
        company = builders.rows_of(one.office, models.Company)[0]
        builders.submit(one.office, act(one.staff.officer), uen=company["identifier"], contact_email="")
        one.set_periods().dispose()

        assert len(builders.rows_of(one.office, models.Contact)) == 1

    def test_is_asked_for_named_cases_or_for_all(self, one: Archive):
        other = withdrawn(one.office, one.staff)
        one.set_periods()
        first = ask_disposal(one.office, act=act(one.admin, LATER), references=[other])
        rest = ask_disposal(one.office, act=act(one.admin, LATER))

        assert [told["application"] for told in first.data["disposals"]] == [other]
        assert [told["application"] for told in rest.data["disposals"]] == [one.reference]

    def test_takes_only_the_kinds_whose_period_is_over(self, one: Archive):
        one.set_periods(7)
        set_retention_period(one.office, kind="case_file", years=20, source="Records Act", act=act(one.admin))
        one.dispose()

        assert one.kept() == {"case_file": "kept", "documents": "disposed", "mail": "disposed"}
        assert "Decision" in tables_with(one.office, SECRET)

    def test_of_mail_leaves_nothing_to_send_again(self, one: Archive):
        with one.office.database.transaction() as transaction:
            transaction.connection.execute(text("UPDATE notification SET status = 'failed'"))
        one.set_periods().dispose()

        with pytest.raises(BadInput, match="disposed of"):
            retry_message(one.office, message=1, act=act(one.staff.officer, LATER))


class TestASecondPerson:
    def test_is_another_one(self, one: Archive):
        approval = one.set_periods().ask()

        refused = confirm_approval(one.office, approval_id=approval, act=act(one.staff.supervisor, LATER))

        assert isinstance(refused, Refused)
        assert [unmet.code for unmet in refused.unmet] == ["FOUR_EYES"]
        assert set(one.kept().values()) == {"asked"}

    def test_may_be_an_admin(self, one: Archive):
        approval = one.set_periods().ask()

        done(confirm_approval(one.office, approval_id=approval, act=act(one.admin, LATER)))

        assert set(one.kept().values()) == {"disposed"}

    @pytest.mark.parametrize("part", ["officer", "approver", "auditor"])
    def test_holds_a_role_for_it_and_so_does_the_first(self, one: Archive, part: str):
        approval, person = one.set_periods().ask(), getattr(one.staff, part)

        refused = confirm_approval(one.office, approval_id=approval, act=act(person, LATER))

        assert isinstance(refused, Refused)
        with pytest.raises(NotPermitted):
            ask_disposal(one.office, act=act(person, LATER))

    def test_is_not_shown_to_somebody_who_does_not_see_every_case(self, one: Archive):
        approval = one.set_periods().ask()

        with pytest.raises(NotFound):
            confirm_approval(one.office, approval_id=approval, act=act(one.staff.account_manager, LATER))

    def test_may_refuse_and_nothing_goes(self, one: Archive):
        approval = one.set_periods().ask()

        done(refuse_approval(one.office, approval_id=approval, reason="An appeal is near.", act=act(one.second, LATER)))

        assert set(one.kept().values()) == {"due"}

    def test_is_refused_when_a_hold_came_in_between(self, one: Archive):
        approval = one.set_periods().ask()
        done(place_hold(one.office, reference=one.reference, reason="Inquiry.", act=act(one.staff.supervisor, LATER)))

        refused = one.confirm(approval)

        assert isinstance(refused, Refused)
        assert [unmet.code for unmet in refused.unmet] == ["NOT_DUE"]
        assert set(one.kept().values()) == {"held"}


class TestNotDue:
    def test_says_why_of_a_named_case(self, one: Archive):
        one.set_periods()

        with pytest.raises(BadInput, match="until Wed 23 Nov 2033"):
            one.ask(EARLIER, references=[one.reference])

    def test_is_told_when_nothing_is(self, one: Archive):
        with pytest.raises(BadInput, match="Nothing is due"):
            one.ask()

    def test_is_a_live_case(self, one: Archive):
        running = builders.certified(one.office, one.staff)
        one.set_periods()

        with pytest.raises(BadInput, match="the case is not over"):
            one.ask(references=[running])

    def test_is_a_case_with_an_open_task(self, one: Archive):
        case = builders.case_of(one.office, one.reference)
        with one.office.database.transaction() as transaction:
            task = {"key": "k", "role": "officer", "application_id": case["id"], "sentence": "Post it."}
            transaction.connection.execute(table_of(models.Task).insert(), task | {"created_at": builders.NOW})
        one.set_periods()

        assert set(one.kept().values()) == {"unfinished"}

    def test_unknown_cases_look_like_any_other_that_is_not_there(self, one: Archive):
        with pytest.raises(NotFound):
            one.ask(references=["STP-2026-999999"])


class TestALegalHold:
    def test_stops_disposal_until_the_last_one_is_lifted(self, archive: Archive):
        by = act(archive.staff.supervisor)
        archive.set_periods()
        holds = [
            done(place_hold(archive.office, reference=archive.reference, reason=why, act=by)).data["hold"]
            for why in ("Court order 12.", "Inquiry.")
        ]

        done(lift_hold(archive.office, hold=holds[0], reason="Case closed.", act=by))
        between = archive.kept()
        done(lift_hold(archive.office, hold=holds[1], reason="No findings.", act=by))

        assert set(between.values()) == {"held"}
        assert set(archive.kept().values()) == {"due"}
        assert archive.differences() == []

    def test_is_lifted_once(self, one: Archive):
        by = act(one.admin)
        hold = done(place_hold(one.office, reference=one.reference, reason="Inquiry.", act=by)).data["hold"]
        done(lift_hold(one.office, hold=hold, reason="No findings.", act=by))

        with pytest.raises(BadInput, match="lifted already"):
            lift_hold(one.office, hold=hold, reason="No findings.", act=by)
        with pytest.raises(NotFound, match="no legal hold 99"):
            lift_hold(one.office, hold=99, reason="No findings.", act=by)

    def test_is_not_for_everybody(self, one: Archive):
        refused = place_hold(one.office, reference=one.reference, reason="Mine.", act=act(one.staff.auditor))

        assert isinstance(refused, Refused)
        assert builders.rows_of(one.office, models.LegalHold) == []

    def test_is_listed_with_who_and_why(self, one: Archive):
        by = act(one.staff.supervisor)
        hold = done(place_hold(one.office, reference=one.reference, reason="Inquiry.", act=by)).data["hold"]
        done(lift_hold(one.office, hold=hold, reason="No findings.", act=by))

        with one.office.database.snapshot() as connection:
            assert retention.holds(connection) == []
            (row,) = retention.holds(connection, lifted=True)
        assert (row["placed_by"], row["reason"], row["lift_reason"]) == ("Edmund Tan", "Inquiry.", "No findings.")


class TestTriggers:
    """They let pass what a disposal names, and nothing else."""

    def refused(self, office: Office, statement: str) -> None:
        with pytest.raises(DBAPIError, match="rows are final"), office.database.transaction() as transaction:
            transaction.connection.execute(text(statement))

    def test_let_nothing_go_before_a_disposal(self, archive: Archive):
        for one in disposal.ERASED:
            if one.table in final_rows.FINAL and builders.rows_of(archive.office, _model(one.table.name)):
                blank = ", ".join(f"{name} = '{value}'" for name, value in one.blank.items())
                self.refused(archive.office, f"UPDATE {one.table.name} SET {blank}")
        self.refused(archive.office, "DELETE FROM document_chunk")

    def test_let_nothing_else_change_after_one(self, archive: Archive):
        archive.set_periods().dispose()

        blank = "internal_reason = '', reason_to_company = ''"
        for change in (
            "internal_reason = 'x', reason_to_company = ''",
            f"{blank}, actor_id = 'p-66'",
            f"{blank}, decision_no = decision_no + 100",
            "trigger = 'certify'",
        ):
            self.refused(archive.office, f"UPDATE decision SET {change}")

    def test_let_no_row_go_after_one(self, archive: Archive):
        archive.set_periods().dispose()

        for table in final_rows.FINAL:
            if builders.rows_of(archive.office, _model(table.name)):
                self.refused(archive.office, f"DELETE FROM {table.name}")

    def test_let_nothing_of_another_case_go(self, archive: Archive):
        other = withdrawn(archive.office, archive.staff)
        archive.set_periods()
        done(archive.confirm(archive.ask(references=[archive.reference])))
        id_ = builders.case_of(archive.office, other)["id"]

        self.refused(
            archive.office,
            f"UPDATE decision SET internal_reason = '', reason_to_company = '' WHERE application_id = {id_}",
        )
        self.refused(archive.office, "DELETE FROM document_chunk")

    def test_a_row_cannot_be_moved_over_another_under_sqlites_hidden_key(self, one: Archive):
        one.set_periods().dispose()

        self.refused(one.office, "UPDATE OR REPLACE document_waiver SET reason = '', rowid = rowid + 1")


def _model(table: str) -> Any:
    return next(m for m in (getattr(models, name) for name in models.__all__) if table_of(m).name == table)


FORGERIES = {
    "disposal": "UPDATE disposal SET approval_id = 1",
    "legal_hold": "UPDATE legal_hold SET reason = 'x'",
    "retention_period": "UPDATE retention_period SET years = 5",
    "decision": "UPDATE decision SET reason_to_company = 'never said' WHERE trigger = 'withdraw'",
}


def test_what_was_changed_behind_the_triggers_is_named(one: Archive):
    by = act(one.admin)
    hold = done(place_hold(one.office, reference=one.reference, reason="Inquiry.", act=by)).data["hold"]
    done(lift_hold(one.office, hold=hold, reason="No findings.", act=by))
    one.set_periods().dispose()
    missed = []
    for table, statement in FORGERIES.items():
        with one.office.database.rehearsal() as transaction:
            final_rows.drop(transaction.connection)
            transaction.connection.execute(text(statement))
            if table not in {found.table for found in replay(transaction.connection, one.office.editions)}:
                missed.append(table)

    assert missed == []


def test_a_forged_disposal_is_named(archive: Archive):
    """Rows can be added to a final table; one that no entry tells is found."""
    id_ = builders.case_of(archive.office, archive.reference)["id"]
    with archive.office.database.transaction() as transaction:
        connection = transaction.connection
        entry = connection.execute(select(table_of(models.AuditEntry).c.id).limit(1)).scalar_one()
        disposal.note(connection, id_, ["case_file"], 1, entry, builders.NOW)
        disposal.erase(connection, id_, 0, ["case_file"])

    told = archive.differences()
    assert any(sentence.startswith("disposal case_file") for sentence in told)
    assert any("reason_to_company is empty" in sentence for sentence in told)


def test_a_case_can_take_a_late_order_after_its_disposal(one: Archive):
    one.set_periods().dispose()
    by = act(one.staff.officer, LATER + timedelta(days=1))

    done(
        add_document(
            one.office, reference=one.reference, filename="order.pdf", content=builders.PDF, kind="order", act=by
        )
    )

    assert len(builders.rows_of(one.office, models.DocumentChunk)) == 1
    with one.office.database.snapshot() as connection:
        assert case_file.documents(connection, reference=one.reference, viewer=one.second)[-2]["status"] == "counts"


def test_a_content_that_another_case_takes_meanwhile_is_not_lost(postgresql_office: Office):
    office, archive = postgresql_office, Archive(postgresql_office).set_periods()
    other, approval = builders.submit(office, act(archive.staff.officer)), archive.ask()
    answers: list[Any] = []
    disposing = threading.Thread(target=lambda: answers.append(archive.confirm(approval)))
    reached = threading.Event()

    def at_contents(_connection, _cursor, statement, *_rest):
        if threading.current_thread() is disposing and "FROM document_chunk" in statement:
            reached.set()

    event.listen(office.database.writer, "before_cursor_execute", at_contents)
    with office.database.transaction() as transaction:
        connection = transaction.connection
        case = store_cases.lock(connection, other, archive.staff.officer)
        programme = office.editions.machine(connection, case.programme, case.edition).programme
        file = checked("form.pdf", builders.PDF + builders.PACK[0].encode())
        keep(
            connection,
            office.origin,
            case,
            programme,
            act(archive.staff.officer, LATER),
            "officer",
            file,
            builders.PACK[0],
        )
        disposing.start()
        assert reached.wait(_LONGEST)
        disposing.join(_PAUSE)  # it should be waiting for this transaction
        assert answers == []
    disposing.join(_LONGEST)

    done(answers[0])
    kept = builders.rows_of(office, models.DocumentChunk)
    assert [row["content"] for row in kept] == [file.content]


def test_a_company_that_applies_meanwhile_keeps_its_contact(postgresql_office: Office):
    office = postgresql_office
    archive = Archive(office).set_periods()
    approval, answers = archive.ask(), []
    company, contact = builders.rows_of(office, models.Company)[0], builders.rows_of(office, models.Contact)[0]
    disposing = threading.Thread(target=lambda: answers.append(archive.confirm(approval)))

    def meanwhile(_connection, _cursor, statement, *_rest):
        if not disposing.ident and statement.startswith("INSERT INTO application "):
            disposing.start()
            disposing.join(_PAUSE)  # it should be waiting for this transaction
            assert answers == []

    event.listen(office.database.writer, "after_cursor_execute", meanwhile)
    applying = {"uen": company["identifier"], "contact_email": contact["email"]}
    builders.submit(office, act(archive.staff.officer, LATER), **applying)
    disposing.join(_LONGEST)

    done(answers[0])
    assert [row["email"] for row in builders.rows_of(office, models.Contact)] == [contact["email"]]
