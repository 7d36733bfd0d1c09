"""Who sees which case: through every operation and report that takes an identifier, and in every list."""

import inspect
import json
import pkgutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from importlib import import_module
from typing import Any

import builders
import pytest
from builders import NOW, TODAY, act
from sqlalchemy import event, select

from notifications.rendering import Renderer
from states.facts import CLOCK, OPERATOR, Person
from workflow import models, operations, reports
from workflow.decisions.outcome import Act
from workflow.errors import BadInput, CaseworkError, NotFound
from workflow.models.base import table_of
from workflow.operations.add_document import add_document
from workflow.operations.add_site import add_site
from workflow.operations.advance_application import advance_application
from workflow.operations.answer_criterion import answer_criterion
from workflow.operations.answer_information import answer_information
from workflow.operations.ask_information import ask_information, put_question
from workflow.operations.assess_criterion import assess_answers, assess_criterion
from workflow.operations.assign_application import assign_application
from workflow.operations.close_action import close_action
from workflow.operations.close_task import close_task
from workflow.operations.confirm_answers import confirm_answers
from workflow.operations.correct_certificate import correct_certificate
from workflow.operations.decide_approval import confirm_approval, refuse_approval
from workflow.operations.mark_arrived import mark_arrived
from workflow.operations.note_contact import note_contact
from workflow.operations.plan_visit import plan_visit
from workflow.operations.preview_message import preview_of_case
from workflow.operations.recommend_outcome import recommend_outcome
from workflow.operations.record_absence import record_absence
from workflow.operations.record_consent import record_consent
from workflow.operations.record_visit import record_visit
from workflow.operations.refile_document import refile_document
from workflow.operations.reissue_certificate import reissue_certificate
from workflow.operations.retry_message import retry_message
from workflow.operations.set_band import set_band
from workflow.operations.submit_application import submit_application
from workflow.operations.take_back_recommendation import take_back_recommendation
from workflow.operations.waive_document import waive_document
from workflow.reports import (
    acting,
    case_clock,
    case_file,
    case_page,
    cases,
    certificates,
    companies,
    history,
    mail,
    outbox,
    papers,
)
from workflow.reports.approvals import approvals
from workflow.reports.calendar import calendar
from workflow.reports.portfolio import portfolio
from workflow.reports.tasks import open_tasks
from workflow.store import absences, managers, people, visible
from workflow.store import cases as case_rows
from workflow.store.office import Office
from workflow.store.tasks import add_task

DAY = timedelta(days=1)
END = date(2031, 1, 1)
HANA = ("p-91", "Hana Mori", "account_manager")
STAND_IN = ("p-92", "Siti Aminah", "account_manager")
NOBODY = ("p-93", "Iris Chua")
ADMIN = ("p-94", "Jon Lim", "admin")


@dataclass(frozen=True)
class Known:
    """A case by everything that somebody can name it by."""

    reference: str
    number: str
    uen: str
    approval: int
    task: int
    message: int
    name: str

    def masked(self, text: str) -> str:
        for value in (self.number, self.reference, self.uen):
            text = text.replace(value, "~")
        return " ".join(
            "~" if word.strip(".") in {str(self.approval), str(self.task), str(self.message)} else word
            for word in text.split()
        )


ABSENT = Known("STP-1999-000001", "STP-1999-C00001", "199900001K", 990_001, 990_002, 990_003, "")
FOUND = ("found",)
Ask = Callable[[Office, Known, Act], Any]


def read(report: Callable[..., Any], *, of_one: bool = True, **more: Any) -> Ask:
    """Ask a report about the case, or about all of them, with whatever of the office it takes."""
    takes = inspect.signature(report).parameters

    def ask(office: Office, known: Known, by: Act) -> Any:
        given = {"office": office, "viewer": by.actor, "actor": by.actor, "now": by.now} | more
        if of_one:
            given |= {"reference": known.reference, "number": known.number, "id_": known.message}
        with office.database.snapshot() as connection:
            return report(connection, **{name: value for name, value in given.items() if name in takes})

    return ask


def do(operation: Callable[..., Any], **more: Any) -> Ask:
    """Ask an operation to do something to the case."""
    takes = inspect.signature(operation).parameters

    def ask(office: Office, known: Known, by: Act) -> Any:
        named = {"reference": known.reference, "number": known.number, "uen": known.uen}
        named |= {"approval_id": known.approval, "task_id": known.task, "message": known.message}
        return operation(office, act=by, **({name: value for name, value in named.items() if name in takes} | more))

    return ask


def previewed(office: Office, known: Known, by: Act) -> Any:
    return preview_of_case(Renderer(), "certified", office=office, reference=known.reference, viewer=by.actor)


def _company(office: Office, known: Known, by: Act) -> Any:
    with office.database.snapshot() as connection:
        return companies.company(connection, uen=known.uen, viewer=by.actor)


def listed_company(office: Office, known: Known, by: Act) -> Any:
    """A list that names one company holds it or is empty; empty is told as what is not there."""
    with office.database.snapshot() as connection:
        rows = companies.list_(connection, viewer=by.actor, uen=known.uen)
    if not rows:
        raise NotFound("EMPTY", "nothing")
    return rows


def messages_of(office: Office, known: Known, by: Act) -> Any:
    with office.database.snapshot() as connection:
        rows = outbox.messages(connection, viewer=by.actor, reference=known.reference)
    if not rows:
        raise NotFound("EMPTY", "nothing")
    return rows


READ: dict[Callable[..., Any], Ask] = {
    report: read(report)
    for report in (
        acting.moment, case_clock.way, history.page, papers.papers, mail.opened,
        cases.show, cases.history, cases.actions, case_page.route, case_page.at_a_glance, case_file.documents,
        case_file.checklist, case_file.actions, case_file.visits, case_file.requests, certificates.show, outbox.message,
    )
} | {
    calendar: read(calendar, first=TODAY, last=END),
    preview_of_case: previewed,
    companies.list_: listed_company,
    outbox.messages: messages_of,
    companies.company: _company,
    acting.elsewhere: read(acting.elsewhere, trigger="suspend"),
}  # fmt: skip

DONE: dict[Callable[..., Any], Ask] = {
    add_document: do(add_document, filename="x.pdf", content=builders.PDF, kind="evidence"),
    add_site: do(add_site, name="Tuas"),
    advance_application: do(advance_application, trigger="renew"),
    answer_criterion: do(answer_criterion, criterion="TF1.1", answer="no", documents=[]),
    answer_information: do(answer_information, number=1),
    ask_information: do(ask_information, question="Where?"),
    assess_answers: do(assess_answers),
    assess_criterion: do(assess_criterion, criterion="TF1.1", assessment="met"),
    assign_application: do(assign_application, to="adeline.goh@customs.example"),
    close_action: do(close_action, finding_id=1, evidence="Done."),
    confirm_answers: do(confirm_answers, section="1"),
    note_contact: do(note_contact, expects_on=TODAY + DAY, note="They called."),
    plan_visit: do(plan_visit, planned_on=TODAY + DAY),
    recommend_outcome: do(recommend_outcome, outcome="suspend", reason="A finding."),
    take_back_recommendation: do(take_back_recommendation, reason="A slip."),
    record_visit: do(record_visit, held_on=TODAY, report=1),
    refile_document: do(refile_document, document_id=1, kind="evidence", reason="Wrong kind."),
    waive_document: do(waive_document, kind="bizfile_report", reason="Seen."),
    correct_certificate: do(correct_certificate, reason="A slip.", valid_until=END),
    record_consent: do(record_consent, publication=True),
    reissue_certificate: do(reissue_certificate, reason="Damaged."),
    refuse_approval: do(refuse_approval, reason="No."),
    confirm_approval: do(confirm_approval),
    close_task: do(close_task, outcome="Done."),
    retry_message: do(retry_message),
    mark_arrived: do(mark_arrived, note="By phone."),
    put_question: do(put_question, question="Where?"),
    set_band: do(set_band, band="Premium", assessed_on=TODAY),
}

# What takes an identifier and is no question of who sees what.
ELSEWHERE = {
    "submit_application": "tested below: it makes a case",
    "transfer_portfolio": "names no company but those of the person who hands over",
    "name_account_manager": "officers, supervisors and admins alone, who see all",
    "preview_message": "with made-up values",
    "place_hold": "supervisors and admins alone, who see all",
    "open_document": "with its page, in tests/web/test_casefile.py",
    "change_once": "wraps an operation, which asks by itself",
    "add_documents": "as add_document, which it is made of",
    "oldest_first": "a list, tested below",
}


@dataclass(frozen=True)
class Desk:
    office: Office
    staff: builders.People
    own: Known  # of Dewi Lestari
    other: Known  # of Hana Mori

    def absent(self, first: date, last: date) -> None:
        """Let Hana be away, with Siti to stand in."""
        given = {"email": "hana.mori@customs.example", "deputy": "siti.aminah@customs.example"}
        record_absence(self.office, act=act(self.staff.supervisor), first=first, last=last, **given)


@pytest.fixture
def desk(office: Office) -> Desk:
    """Two certified cases, each with an approval, a task and a message that failed; one of each account manager."""
    staff = builders.people(office)
    hana = builders.another_person(office, *HANA)
    builders.another_person(office, *STAND_IN)
    references = builders.certified_cheaply(office, staff, 2)
    with office.database.transaction() as transaction:
        managers.name(transaction.connection, [builders.case_of(office, references[1])["company_id"]], hana.id, NOW)
    return Desk(
        office, staff, *(_known(office, staff, *one) for one in zip(references, ("Ours", "Theirs"), strict=True))
    )


def _known(office: Office, staff: builders.People, reference: str, name: str) -> Known:
    case = builders.case_of(office, reference)
    asked = waive_document(
        office, reference=reference, kind="financial_statements", reason="Seen.", act=act(staff.officer)
    )
    if "approval" not in (data := getattr(asked, "data", {})):
        asked = correct_certificate(
            office, number=case["certificate_number"], reason="A slip.", valid_until=END, act=act(staff.officer)
        )
        data = builders.done(asked).data
    company, message = table_of(models.Company), table_of(models.Notification)
    with office.database.transaction() as transaction:
        connection = transaction.connection
        add_task(connection, f"test:{reference}", "officer", f"See to {reference}.", NOW, case["id"])
        own_company = company.c.id == case["company_id"]
        connection.execute(company.update().where(own_company).values(name=name))
        connection.execute(
            message.update().where(message.c.application_id == case["id"]).values(status="failed", settled_at=NOW)
        )
        uen = connection.execute(select(company.c.identifier).where(own_company)).scalar_one()
    (task,) = builders.rows_of(office, models.Task, application_id=case["id"])
    mail = builders.rows_of(office, models.Notification, application_id=case["id"])[0]
    return Known(reference, case["certificate_number"], uen, data["approval"], task["id"], mail["id"], name)


def answer_to(ask: Ask, office: Office, known: Known, by: Act) -> tuple[str, ...]:
    """Return all that is told of an error, with the identifiers masked; otherwise only that it is found."""
    try:
        ask(office, known, by)
    except CaseworkError as error:
        return type(error).__name__, error.code, known.masked(error.sentence), json.dumps(error.details)
    return FOUND


def found_by(office: Office, table: dict[Callable[..., Any], Ask], known: Known, by: Act) -> set[str]:
    return {one.__qualname__ for one, ask in table.items() if answer_to(ask, office, known, by)[0] != NotFound.__name__}


def names(table: dict[Callable[..., Any], Ask]) -> set[str]:
    return {one.__qualname__ for one in table}


class TestOneCase:
    def test_not_yours_and_absent_are_told_alike_and_change_nothing(self, desk: Desk):
        nobody = builders.another_person(desk.office, *NOBODY)
        before = builders.everything(desk.office)
        for person in (desk.staff.account_manager, nobody):
            for one, ask in (READ | DONE).items():
                other, absent = (answer_to(ask, desk.office, known, act(person)) for known in (desk.other, ABSENT))
                assert other == absent != FOUND, one

        assert builders.everything(desk.office) == before

    def test_an_account_manager_finds_the_own_cases_by_every_name(self, desk: Desk):
        by = act(desk.staff.account_manager)

        assert found_by(desk.office, READ, desk.own, by) == names(READ)
        assert found_by(desk.office, DONE, desk.own, by) == names(DONE)

    @pytest.mark.parametrize("part", ["officer", "approver", "supervisor", "auditor", "admin", "operator", "clock"])
    def test_everybody_else_finds_every_case(self, desk: Desk, part: str):
        made = {"operator": OPERATOR, "clock": CLOCK}
        person = made.get(part) or getattr(desk.staff, part, None) or builders.another_person(desk.office, *ADMIN)

        for known in (desk.own, desk.other):
            assert found_by(desk.office, READ, known, act(person)) == names(READ)
        assert found_by(desk.office, READ, ABSENT, act(person)) == set()

    def test_an_account_manager_who_is_an_officer_too_finds_every_case(self, desk: Desk):
        both = replace(desk.staff.account_manager, roles=frozenset({"account_manager", "officer"}))

        assert found_by(desk.office, READ, desk.other, act(both)) == names(READ)

    def test_a_document_is_not_filed_in_a_case_that_is_not_yours(self, desk: Desk):
        filing = {"reference": desk.own.reference, "document_id": 1, "kind": "evidence", "reason": "Wrong case."}
        by = act(desk.staff.account_manager)
        to = lambda office, known, by: refile_document(office, to=known.reference, act=by, **filing)  # noqa: E731

        assert answer_to(to, desk.office, desk.other, by) == answer_to(to, desk.office, ABSENT, by) != FOUND

    def test_a_page_of_the_worklist_does_not_begin_after_a_case_that_is_not_yours(self, desk: Desk):
        by = act(desk.staff.account_manager)
        after = lambda office, known, by: read(cases.list_, after=known.reference)(office, known, by)  # noqa: E731

        assert answer_to(after, desk.office, desk.other, by) == answer_to(after, desk.office, ABSENT, by) != FOUND
        assert answer_to(after, desk.office, desk.own, by) == FOUND

    def test_every_operation_and_report_that_takes_an_identifier_is_in_these_tables(self):
        identifiers = {"reference", "number", "approval_id", "task_id", "uen", "document_id", "finding_id", "id_"}
        inside = {"connection", "transaction"}  # what others call in their own transaction
        taking = {
            function.__name__
            for package in (operations, reports)
            for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}.")
            for _, function in inspect.getmembers(import_module(module.name), inspect.isfunction)
            if function.__module__ == module.name and not function.__name__.startswith("_")
            if identifiers & set(takes := inspect.signature(function).parameters)
            if package is reports or not inside & set(takes)
        }

        assert taking - names(READ) - names(DONE) - set(ELSEWHERE) == set()


LISTS: dict[str, Ask] = {
    "worklist": read(cases.list_, of_one=False),
    "every case": read(cases.oldest_first, of_one=False),
    "calendar": read(calendar, of_one=False, first=TODAY, last=END),
    "portfolio": read(portfolio, of_one=False, zone=builders.ZONE),
    "approvals": read(approvals, of_one=False),
    "tasks": read(open_tasks, of_one=False),
    "messages": read(outbox.messages, of_one=False),
    "suppressed": read(outbox.suppressed, of_one=False),
}


@pytest.fixture
def listed(desk: Desk) -> Desk:
    """The same, and an address of each company that takes no mail."""
    with desk.office.database.transaction() as transaction:
        for known in (desk.own, desk.other):
            row = {"address": f"{known.reference}@x.example", "since": NOW, "reason": "gone"}
            transaction.connection.execute(
                table_of(models.SuppressedAddress).insert(), row | {"notification_id": known.message}
            )
    return desk


class TestLists:
    @pytest.mark.parametrize("which", LISTS)
    def test_shows_only_what_is_yours_and_all_of_it_to_those_who_see_all(self, listed: Desk, which: str):
        def told(person: Person) -> list[bool]:
            text = json.dumps(LISTS[which](listed.office, listed.own, act(person)), default=str)
            return [known.reference in text for known in (listed.own, listed.other)]

        hana, nobody = Person(HANA[0], HANA[1], frozenset(HANA[2:])), Person(*NOBODY, frozenset())
        assert told(listed.staff.account_manager) == [True, False]
        assert told(hana) == [False, True]
        assert told(replace(hana, id="p-92", stands_in_for=frozenset({hana.id}))) == [False, True]
        assert told(listed.staff.officer) == told(OPERATOR) == [True, True]
        assert told(nobody) == told(Person("p-92", "Siti Aminah", frozenset({"account_manager"}))) == [False, False]

    def test_the_calendar_of_a_colleague_is_empty(self, desk: Desk):
        of_hana = read(calendar, of_one=False, first=TODAY, last=END, account_manager_id=HANA[0])

        assert of_hana(desk.office, desk.own, act(desk.staff.account_manager)) == []
        assert of_hana(desk.office, desk.own, act(desk.staff.supervisor)) != []

    def test_a_digest_is_seen_by_the_person_it_is_for(self, desk: Desk):
        table = table_of(models.Notification)
        with desk.office.database.transaction() as transaction:
            row = dict(builders.rows_of(desk.office, models.Notification, id=desk.own.message)[0])
            row |= {"id": 880_001, "application_id": None, "recipient": f"officer:{HANA[0]}", "cause": "2026-W48"}
            transaction.connection.execute(table.insert(), row | {"message_id": "<w48@test.example>"})
        digest = replace(desk.own, message=880_001)
        ask = READ[outbox.message]

        hana = Person(HANA[0], HANA[1], frozenset(HANA[2:]))
        assert answer_to(ask, desk.office, digest, act(hana)) == FOUND
        assert answer_to(ask, desk.office, digest, act(desk.staff.account_manager)) != FOUND
        assert answer_to(ask, desk.office, digest, act(replace(hana, roles=frozenset()))) != FOUND


class TestDeputies:
    def test_a_deputy_sees_while_the_absence_lasts_and_not_the_day_before_or_after(self, desk: Desk):
        first, last = TODAY + DAY, TODAY + 3 * DAY
        desk.absent(first, last)

        def sees(day: date, *, at_the_end: bool = False) -> bool:
            now = builders.morning_of(day) - timedelta(hours=9) + at_the_end * (DAY - timedelta(seconds=1))
            with desk.office.database.snapshot() as connection:
                siti = people.by_email(connection, "siti.aminah@customs.example")
                siti = absences.standing_in(connection, siti, now)
            found = found_by(desk.office, READ, desk.other, act(siti, now))
            assert found in (set(), names(READ))
            assert found_by(desk.office, READ, desk.own, act(siti, now)) == set()
            return bool(found)

        assert [sees(day) for day in (first - DAY, first, last, last + DAY)] == [False, True, True, False]
        assert [sees(day, at_the_end=True) for day in (first - DAY, last)] == [False, True]

    def test_a_deputy_notes_a_contact_for_the_colleague(self, desk: Desk):
        siti = Person(STAND_IN[0], STAND_IN[1], frozenset({"account_manager"}), frozenset({HANA[0]}))

        noted = note_contact(
            desk.office, reference=desk.other.reference, expects_on=TODAY + DAY, note="Soon.", act=act(siti)
        )

        assert builders.done(noted)


class TestNewCases:
    def submit(self, desk: Desk, uen: str, person: Person, **more: Any) -> str:
        given = {"programme": "STP", "company_name": "Harbour Freight Pte. Ltd."} | more
        return str(submit_application(desk.office, uen=uen, act=act(person), **given).data["reference"])

    def test_a_company_that_an_account_manager_brings_is_the_own_one(self, desk: Desk):
        dewi = desk.staff.account_manager
        reference = self.submit(desk, builders.valid_uen(70_001), dewi)

        assert answer_to(READ[cases.show], desk.office, replace(desk.own, reference=reference), act(dewi)) == FOUND

    def test_one_that_is_brought_for_a_colleague_is_the_colleagues(self, desk: Desk):
        dewi = desk.staff.account_manager
        given = {"account_manager": "hana.mori@customs.example"}
        reference = self.submit(desk, builders.valid_uen(70_002), dewi, **given)

        assert (
            answer_to(READ[cases.show], desk.office, replace(desk.own, reference=reference), act(dewi))[1]
            == "NOT_FOUND"
        )

    def test_nothing_is_added_to_another_company_and_nothing_told_of_its_cases(self, desk: Desk):
        without = builders.valid_uen(70_003)
        with desk.office.database.transaction() as transaction:
            row = {"scheme": "SG-UEN", "identifier": without, "name": "No case", "created_at": NOW}
            transaction.connection.execute(table_of(models.Company).insert(), row | {"check_letter_reason": ""})
        before = builders.everything(desk.office)

        said = set()
        for uen in (desk.other.uen, without):
            with pytest.raises(BadInput) as refused:
                self.submit(desk, uen, desk.staff.account_manager, sites=["Tuas"], contact_email="a@b.example")
            said.add((refused.value.code, refused.value.sentence.replace(uen, "~")))

        assert len(said) == 1
        assert builders.everything(desk.office) == before


@contextmanager
def statements(office: Office) -> Iterator[list[str]]:
    """Collect every statement that reads or writes."""
    found: list[str] = []
    listen = lambda *given: found.append(given[2])  # noqa: E731
    engines = (office.database.reader, office.database.writer)
    for engine in engines:
        event.listen(engine, "before_cursor_execute", listen)
    try:
        yield found
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", listen)


class TestWhatItCosts:
    def test_no_query_is_added_for_anybody_to_read_lock_or_list(self, desk: Desk):
        def asked(person: Person, viewed: Callable[[Any, Person], Any]) -> list[str]:
            with desk.office.database.transaction() as transaction:
                viewed(transaction.connection, person)  # loads the editions
                with statements(desk.office) as found:
                    viewed(transaction.connection, person)
            return found

        by_reference = desk.own.reference
        looks: tuple[Callable[[Any, Person], Any], ...] = (
            lambda connection, who: case_rows.lock(connection, by_reference, who),
            lambda connection, who: case_rows.read(connection, by_reference, who),
            lambda connection, who: cases.list_(connection, desk.office, viewer=who, now=NOW),
            lambda connection, who: calendar(connection, desk.office, viewer=who, first=TODAY, last=END),
            lambda connection, who: outbox.messages(connection, viewer=who),
        )
        for look in looks:
            all_, own = asked(desk.staff.officer, look), asked(desk.staff.account_manager, look)
            assert len(all_) == len(own) == 1
            assert "company.account_manager_id IN" not in all_[0]
            assert "company.account_manager_id IN" in own[0]

    def test_those_who_see_all_are_asked_nothing_and_others_one_question(self, desk: Desk):
        case = builders.case_of(desk.office, desk.own.reference)
        counts = []
        for person in (desk.staff.officer, desk.staff.account_manager):
            with desk.office.database.snapshot() as connection, statements(desk.office) as found:
                seen = [
                    visible.sees_case(connection, person, case["id"]),
                    visible.sees_company(connection, person, case["company_id"]),
                ]
                absences.standing_in(connection, person, NOW)
            assert seen == [True, True]
            counts.append(len(found))

        assert counts == [0, 3]
