"""People come and go: deputies, handed-over portfolios, disabled accounts, and who gets the mail meanwhile."""

import json
import threading
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import Any

import builders
import pytest
from builders import NOW, TODAY, act, another_person, email_of, people, rows_of, submit
from sqlalchemy import delete, func, select, update
from test_outbox import FakeTransport, post

from notifications.retry import Outcome
from notifications.transport import Reply
from states.facts import Person
from workflow import models
from workflow.decisions.outcome import Done
from workflow.errors import BadInput, NotFound, NotPermitted, StaleVersion
from workflow.models.base import table_of
from workflow.operations.assign_application import assign_application
from workflow.operations.deliver_outbox import deliver_outbox
from workflow.operations.disable_officer import disable_officer
from workflow.operations.end_absence import end_absence
from workflow.operations.manage_officers import change_roles
from workflow.operations.record_absence import record_absence
from workflow.operations.transfer_portfolio import transfer_portfolio
from workflow.reports.people import absences_of, officers
from workflow.store.absences import between
from workflow.store.office import Office
from workflow.store.people import by_email, lock

_OFFICER = table_of(models.Officer)
_ROLE = table_of(models.OfficerRole)
FRIDAY = date(2026, 11, 27)


class Staff:
    """The usual people, an admin and a second account manager."""

    def __init__(self, office: Office) -> None:
        usual = people(office)
        self.officer, self.second_officer, self.approver = usual.officer, usual.second_officer, usual.approver
        self.manager, self.supervisor, self.auditor = usual.account_manager, usual.supervisor, usual.auditor
        self.admin = another_person(office, "p-07", "Gita Rao", "admin")
        self.second_manager = another_person(office, "p-08", "Hui Min Ong", "account_manager")


@pytest.fixture
def staff(office: Office) -> Staff:
    return Staff(office)


def absent(
    office: Office, person: Person, deputy: Person, by: Person, first: date = TODAY, last: date = FRIDAY
) -> Done:
    given = {"email": email_of(person), "deputy": email_of(deputy), "first": first, "last": last}
    return record_absence(office, act=act(by), **given)


def transfer(office: Office, from_: Person, to: Person, by: Person, **more: str) -> Done:
    given = {"from_": email_of(from_), "to": email_of(to), "note": "Moves to another unit."} | more
    return transfer_portfolio(office, act=act(by), **given)


def disable(office: Office, person: Person, by: Person, hand_over_to: Person | None = None) -> Done:
    successor = email_of(hand_over_to) if hand_over_to else ""
    return disable_officer(office, email=email_of(person), act=act(by), hand_over_to=successor)


def assign(office: Office, reference: str, to: Person, by: Person) -> None:
    builders.done(assign_application(office, reference=reference, to=email_of(to), act=act(by)))


def deactivate(office: Office, person: Person) -> None:
    """Take an account away without the operation, which would ask for a successor."""
    with office.database.transaction() as transaction:
        transaction.connection.execute(update(_OFFICER).where(_OFFICER.c.id == person.id).values(active=False))


def deliver(office: Office, *answers: Reply, on: date = TODAY) -> list[str]:
    """Deliver what is due on the morning of a day and return the addresses it went to, in order."""
    transport = FakeTransport(list(answers))
    deliver_outbox(office, post(transport), now=builders.morning_of(on))
    return [address for address, _ in transport.sent]


def queue(office: Office, reference: str, *recipients: str, cause: str = "planned:1") -> None:
    """Put a message that any case can send into the outbox."""
    case = builders.case_of(office, reference)
    payload = rows_of(office, models.Notification, application_id=case["id"])[0]["payload"]
    rows = [
        {
            "application_id": case["id"],
            "message": "application_received",
            "cause": cause,
            "recipient": recipient,
            "message_id": f"<{cause}-{recipient}@test.example>".replace(":", "."),
            "payload": payload,
            "created_at": NOW,
            "next_try_at": NOW,
        }
        for recipient in recipients
    ]
    with office.database.transaction() as transaction:
        transaction.connection.execute(table_of(models.Notification).insert(), rows)


def rows_to(office: Office, recipients: Iterable[str]) -> list[dict[str, Any]]:
    return [row for row in rows_of(office, models.Notification) if row["recipient"] in set(recipients)]


def trail(office: Office, kind: str) -> list[dict[str, Any]]:
    return [json.loads(row["canonical"]) for row in rows_of(office, models.AuditEntry, kind=kind)]


def company_of(office: Office, reference: str) -> dict[str, Any]:
    return rows_of(office, models.Company, id=builders.case_of(office, reference)["company_id"])[0]


def is_active(office: Office, person: Person) -> bool:
    return bool(rows_of(office, models.Officer, id=person.id)[0]["active"])


class TestAnAbsence:
    @pytest.mark.parametrize("by", ["manager", "supervisor", "admin"])
    def test_is_recorded_by_the_person_a_supervisor_or_an_admin(self, office: Office, staff: Staff, by: str):
        recorder = getattr(staff, by)

        absent(office, staff.manager, staff.second_manager, recorder)

        entry = trail(office, "people:absence:recorded")[0]
        assert entry["actor"] == recorder.id
        assert entry["detail"] == {
            "officer": staff.manager.id,
            "first": "2026-11-23",
            "last": "2026-11-27",
            "deputy": staff.second_manager.id,
        }

    @pytest.mark.parametrize("by", ["officer", "approver", "second_manager", "auditor"])
    def test_is_recorded_by_nobody_else(self, office: Office, staff: Staff, by: str):
        with pytest.raises(NotPermitted, match="supervisor, an admin or Dewi Lestari"):
            absent(office, staff.manager, staff.second_manager, getattr(staff, by))

        assert rows_of(office, models.Absence) == []

    def test_ends_on_the_day_it_begins_or_later(self, office: Office, staff: Staff):
        absent(office, staff.manager, staff.second_manager, staff.admin, last=TODAY)

        with pytest.raises(BadInput, match="last day Mon 30 Nov 2026 is before the first day Tue 1 Dec 2026"):
            absent(office, staff.manager, staff.second_manager, staff.admin, date(2026, 12, 1), date(2026, 11, 30))

    def test_has_a_deputy_who_is_another_person_with_a_shared_role(self, office: Office, staff: Staff):
        with pytest.raises(BadInput, match="cannot stand in for"):
            absent(office, staff.manager, staff.manager, staff.admin)
        with pytest.raises(BadInput, match="Adeline Goh shares no role with Dewi Lestari, who is an account manager"):
            absent(office, staff.manager, staff.officer, staff.admin)
        with pytest.raises(BadInput, match="no role that works on cases"):
            absent(office, staff.auditor, another_person(office, "p-09", "Ivan Lau", "auditor"), staff.admin)

    def test_has_a_deputy_with_an_active_account(self, office: Office, staff: Staff):
        deactivate(office, staff.second_manager)

        with pytest.raises(NotFound, match=r"hui.min.ong@customs.example.* has an active account"):
            absent(office, staff.manager, staff.second_manager, staff.admin)

    def test_has_a_deputy_who_is_there_on_every_day_of_it(self, office: Office, staff: Staff):
        absent(office, staff.second_manager, another_manager(office), staff.admin, FRIDAY, FRIDAY)

        with pytest.raises(BadInput, match="Hui Min Ong is absent too, on Fri 27 Nov 2026"):
            absent(office, staff.manager, staff.second_manager, staff.admin)

        thursday = FRIDAY - timedelta(days=1)
        assert absent(office, staff.manager, staff.second_manager, staff.admin, last=thursday)

    def test_shares_no_day_with_another_of_the_same_person(self, office: Office, staff: Staff):
        absent(office, staff.manager, staff.second_manager, staff.admin)

        with pytest.raises(BadInput, match="already recorded as absent from Mon 23 Nov 2026 to Fri 27 Nov 2026"):
            absent(office, staff.manager, staff.second_manager, staff.admin, FRIDAY, date(2026, 12, 4))

        assert absent(office, staff.manager, staff.second_manager, staff.admin, date(2026, 11, 28), date(2026, 12, 4))

    def test_of_a_deputy_says_where_the_mail_goes_on_to(self, office: Office, staff: Staff):
        third = another_manager(office)
        absent(office, staff.manager, staff.second_manager, staff.admin)

        said = absent(office, staff.second_manager, third, staff.admin).sentence

        assert "Hui Min Ong is the deputy of Dewi Lestari in these days; that mail goes on to Ivan Lau" in said

    def test_is_shown_in_the_list_on_its_days_only(self, office: Office, staff: Staff):
        absent(office, staff.manager, staff.second_manager, staff.admin)

        def shown(day: date) -> list[tuple[date, str]]:
            with office.database.snapshot() as connection:
                return [(p["absent_until"], p["deputy"]) for p in officers(connection, day) if p["deputy"]]

        days = [TODAY - timedelta(days=1), TODAY, FRIDAY, FRIDAY + timedelta(days=1)]
        assert [shown(day) for day in days] == [[], [(FRIDAY, "Hui Min Ong")], [(FRIDAY, "Hui Min Ong")], []]

    def test_waits_for_another_that_is_being_recorded_for_the_same_days(self, office: Office, staff: Staff):
        answers: list[object] = []

        def record() -> None:
            try:
                answers.append(absent(office, staff.manager, staff.second_manager, staff.admin))
            except BadInput as error:
                answers.append(error.code)

        waiting = threading.Thread(target=record)
        days = {"first": TODAY, "last": FRIDAY, "deputy_id": staff.second_manager.id, "recorded_at": NOW}
        with office.database.transaction() as transaction:
            lock(transaction.connection, [staff.manager.id])
            waiting.start()
            waiting.join(0.5)
            assert waiting.is_alive()
            row = {"officer_id": staff.manager.id} | days
            transaction.connection.execute(table_of(models.Absence).insert(), row)
        waiting.join(30)

        assert answers == ["ABSENT_ALREADY"]


def another_manager(office: Office) -> Person:
    return another_person(office, "p-09", "Ivan Lau", "account_manager")


class TestAPortfolio:
    @pytest.mark.parametrize("by", ["manager", "supervisor", "admin"])
    def test_moves_whole_with_the_note_in_each_cases_trail(self, office: Office, staff: Staff, by: str):
        references = [submit(office, act(staff.officer)) for _ in range(3)]

        said = transfer(office, staff.manager, staff.second_manager, getattr(staff, by))

        assert said.sentence == "Hui Min Ong now manages 3 companies of Dewi Lestari."
        for reference in references:
            assert company_of(office, reference)["account_manager_id"] == staff.second_manager.id
            entry = builders.entries_of(office, reference)[-1]
            assert entry["kind"] == "case:account_manager:changed"
            assert entry["actor"] == getattr(staff, by).id
            assert entry["detail"] == {
                "before": staff.manager.id,
                "after": staff.second_manager.id,
                "note": "Moves to another unit.",
            }

    @pytest.mark.parametrize("by", ["officer", "approver", "second_manager", "auditor"])
    def test_is_moved_by_nobody_else(self, office: Office, staff: Staff, by: str):
        reference = submit(office, act(staff.officer))

        with pytest.raises(NotPermitted, match="supervisor, an admin or Dewi Lestari"):
            transfer(office, staff.manager, staff.second_manager, getattr(staff, by))

        assert company_of(office, reference)["account_manager_id"] == staff.manager.id

    def test_moves_in_part_when_a_company_is_named(self, office: Office, staff: Staff):
        one, other = (submit(office, act(staff.officer)) for _ in range(2))

        transfer(office, staff.manager, staff.second_manager, staff.manager, uen=company_of(office, one)["identifier"])

        assert company_of(office, one)["account_manager_id"] == staff.second_manager.id
        assert company_of(office, other)["account_manager_id"] == staff.manager.id

    def test_goes_to_another_active_account_manager_only(self, office: Office, staff: Staff):
        submit(office, act(staff.officer))
        before = builders.everything(office)

        with pytest.raises(BadInput, match="Adeline Goh is not an account manager"):
            transfer(office, staff.manager, staff.officer, staff.admin)
        with pytest.raises(BadInput, match="cannot take over from"):
            transfer(office, staff.manager, staff.manager, staff.admin)
        with pytest.raises(BadInput, match="The handover note is empty"):
            transfer(office, staff.manager, staff.second_manager, staff.admin, note=" ")
        assert builders.everything(office) == before
        deactivate(office, staff.second_manager)
        with pytest.raises(NotFound, match="has an active account"):
            transfer(office, staff.manager, staff.second_manager, staff.admin)

    def test_without_companies_cannot_move(self, office: Office, staff: Staff):
        with pytest.raises(BadInput, match="There is no company that Dewi Lestari manages"):
            transfer(office, staff.manager, staff.second_manager, staff.admin)
        with pytest.raises(BadInput, match="201890417D is not a company that Dewi Lestari manages"):
            transfer(office, staff.manager, staff.second_manager, staff.admin, uen="201890417D")

    def test_of_somebody_whose_account_is_disabled_can_still_move(self, office: Office, staff: Staff):
        reference = submit(office, act(staff.officer))
        deactivate(office, staff.manager)

        transfer(office, staff.manager, staff.second_manager, staff.supervisor)

        assert company_of(office, reference)["account_manager_id"] == staff.second_manager.id

    def test_tells_each_contact_who_the_account_manager_is_now(self, office: Office, staff: Staff):
        reference = submit(office, act(staff.officer), contact_email="trade@quillhaven.example")

        transfer(office, staff.manager, staff.second_manager, staff.manager)

        told = rows_of(office, models.Notification, message="account_manager_changed")
        contact = rows_of(office, models.Contact, company_id=company_of(office, reference)["id"])[0]
        assert [(row["recipient"], row["status"]) for row in told] == [(f"contact:{contact['id']}", "queued")]
        said = json.loads(told[0]["payload"])
        assert said["account_manager_name"] == "Hui Min Ong"
        assert said["account_manager_email"] == "hui.min.ong@customs.example"
        assert said["reference"] == reference

    def test_that_comes_back_is_told_again(self, office: Office, staff: Staff):
        submit(office, act(staff.officer))

        for _ in range(2):
            transfer(office, staff.manager, staff.second_manager, staff.admin)
            transfer(office, staff.second_manager, staff.manager, staff.admin)

        assert len(rows_of(office, models.Notification, message="account_manager_changed")) == 4

    def test_moves_a_company_without_a_live_case_with_an_entry_of_its_own(self, office: Office, staff: Staff):
        reference = submit(office, act(staff.officer))
        builders.done(builders.advance(office, act(staff.officer), reference, "withdraw", reason_code="request"))
        entries = builders.entries_of(office, reference)

        transfer(office, staff.manager, staff.second_manager, staff.admin)

        company = company_of(office, reference)
        assert company["account_manager_id"] == staff.second_manager.id
        assert builders.entries_of(office, reference) == entries
        entry = trail(office, "people:account_manager:changed")[0]
        assert entry["about"] == {"company": company["identifier"], "company_name": company["name"]}
        assert entry["detail"]["after"] == staff.second_manager.id
        assert rows_of(office, models.Notification, message="account_manager_changed") == []


class TestDisablingAnAccount:
    def test_that_holds_nothing_needs_no_successor(self, office: Office, staff: Staff):
        disable(office, staff.second_manager, staff.admin)

        assert not is_active(office, staff.second_manager)
        assert trail(office, "people:officer:disabled")[0]["detail"]["officer"] == staff.second_manager.id

    def test_is_an_admins_deed(self, office: Office, staff: Staff):
        with pytest.raises(NotPermitted, match="An admin disables accounts"):
            disable(office, staff.second_manager, staff.supervisor)

    def test_is_refused_while_cases_or_companies_are_held(self, office: Office, staff: Staff):
        reference = submit(office, act(staff.officer))
        assign(office, reference, staff.officer, staff.supervisor)
        before = builders.everything(office)

        with pytest.raises(BadInput, match=rf"still looks after 1 case \({reference}\)\. Name who takes over"):
            disable(office, staff.officer, staff.admin)
        uen = company_of(office, reference)["identifier"]
        with pytest.raises(BadInput, match=rf"Dewi Lestari still looks after 1 company \({uen}\)"):
            disable(office, staff.manager, staff.admin)

        assert builders.everything(office) == before

    def test_hands_over_to_somebody_with_the_matching_roles_only(self, office: Office, staff: Staff):
        reference = submit(office, act(staff.officer))
        assign(office, reference, staff.officer, staff.supervisor)
        before = builders.everything(office)

        with pytest.raises(BadInput, match="Hui Min Ong is not an officer"):
            disable(office, staff.officer, staff.admin, staff.second_manager)
        with pytest.raises(BadInput, match="Bala Krishnan is not an account manager"):
            disable(office, staff.manager, staff.admin, staff.second_officer)
        with pytest.raises(BadInput, match="cannot take over from"):
            disable(office, staff.officer, staff.admin, staff.officer)

        assert builders.everything(office) == before

    def test_hands_over_cases_and_companies_in_the_same_step(self, office: Office, staff: Staff):
        both = another_person(office, "p-10", "Jun Kai Teo", "officer", "account_manager")
        heir = another_person(office, "p-11", "Kavitha Nair", "officer", "account_manager")
        reference = submit(office, act(staff.officer), account_manager=email_of(both))
        assign(office, reference, both, staff.supervisor)
        closed = submit(office, act(staff.officer))
        assign(office, closed, both, staff.supervisor)
        builders.done(builders.advance(office, act(staff.officer), closed, "withdraw", reason_code="request"))

        said = disable(office, both, staff.admin, heir)

        assert "Kavitha Nair takes over 1 case" in said.sentence
        assert not is_active(office, both)
        assert builders.case_of(office, reference)["assignee_id"] == heir.id
        assert builders.case_of(office, closed)["assignee_id"] == both.id  # who handled it stays known
        assert company_of(office, reference)["account_manager_id"] == heir.id
        kinds = [entry["kind"] for entry in builders.entries_of(office, reference)]
        assert kinds[-2:] == ["case:account_manager:changed", "case:application:assigned"]
        assert len(rows_of(office, models.Notification, message="account_manager_changed")) == 1

    def test_never_takes_the_last_admin(self, office: Office, staff: Staff):
        with pytest.raises(BadInput, match="Gita Rao is the last admin"):
            disable(office, staff.admin, staff.admin)

        another_person(office, "p-12", "Lina Chua", "admin")
        disable(office, staff.admin, staff.admin)

        assert not is_active(office, staff.admin)

    def test_is_refused_while_somebody_relies_on_the_deputy(self, office: Office, staff: Staff):
        absent(office, staff.manager, staff.second_manager, staff.admin)

        with pytest.raises(BadInput, match="still a deputy: of Dewi Lestari until Fri 27 Nov 2026"):
            disable(office, staff.second_manager, staff.admin)

        given = {"email": email_of(staff.second_manager), "act": act(staff.admin, NOW + timedelta(days=5))}
        assert disable_officer(office, **given)

    def test_leaves_no_way_to_give_the_person_work(self, office: Office, staff: Staff):
        disable(office, staff.second_officer, staff.admin)
        reference = submit(office, act(staff.officer))

        with pytest.raises(NotFound, match="has an active account"):
            assign(office, reference, staff.second_officer, staff.supervisor)


class TestWhoGetsTheMail:
    def test_is_the_account_manager_and_on_days_of_absence_the_deputy_too(self, office: Office, staff: Staff):
        reference = submit(office, act(staff.officer))
        deliver(office)
        absent(office, staff.manager, staff.second_manager, staff.admin)
        queue(office, reference, "account_manager")

        sent = deliver(office)

        assert sent == [email_of(staff.manager), email_of(staff.second_manager)]
        own, further = rows_to(office, ["account_manager", f"officer:{staff.second_manager.id}"])[-2:]
        assert (further["message"], further["cause"], further["payload"]) == (
            own["message"],
            own["cause"],
            own["payload"],
        )
        assert further["message_id"] != own["message_id"]

    def test_is_the_person_alone_again_from_the_day_after_the_absence_was_ended(self, office: Office, staff: Staff):
        reference = submit(office, act(staff.officer))
        deliver(office)
        absent(office, staff.manager, staff.second_manager, staff.admin)

        said = end_absence(office, email=email_of(staff.manager), act=act(staff.manager))

        assert said.sentence == (
            "The absence of Dewi Lestari ends today; from tomorrow on Hui Min Ong no longer stands in."
        )
        for cause, day, many in ((1, TODAY, 2), (2, TODAY + timedelta(days=1), 1)):
            queue(office, reference, "account_manager", cause=f"planned:{cause}")
            transport = FakeTransport()
            deliver_outbox(office, post(transport), now=builders.local_instant(day, 12, builders.ZONE))
            assert len(transport.sent) == many
        with pytest.raises(BadInput, match="ends today already"):
            end_absence(office, email=email_of(staff.manager), act=act(staff.manager))
        with pytest.raises(NotPermitted):
            end_absence(office, email=email_of(staff.manager), act=act(staff.second_manager))

    def test_an_absence_that_has_not_begun_is_taken_back_and_frees_the_deputy(self, office: Office, staff: Staff):
        later = TODAY + timedelta(days=20)
        absent(office, staff.manager, staff.second_manager, staff.admin, later, later + timedelta(days=800))

        end_absence(office, email=email_of(staff.manager), first=later, act=act(staff.admin))

        disable(office, staff.second_manager, staff.admin)
        with office.database.snapshot() as connection:
            assert absences_of(connection, staff.manager.id) == []
            assert between(connection, later, later) == []
        with pytest.raises(BadInput, match="no absence now or later"):
            end_absence(office, email=email_of(staff.manager), act=act(staff.admin))

    def test_is_decided_by_the_local_day_both_ends_included(self, office: Office, staff: Staff):
        reference = submit(office, act(staff.officer))
        deliver(office)
        absent(office, staff.manager, staff.second_manager, staff.admin)

        for cause, day in enumerate([FRIDAY, FRIDAY + timedelta(days=1)]):
            queue(office, reference, "account_manager", cause=f"planned:{cause}")
            transport = FakeTransport()
            deliver_outbox(office, post(transport), now=builders.local_instant(day, 0, builders.ZONE))
            assert len(transport.sent) == (2 if day == FRIDAY else 1)

    def test_is_the_officer_of_the_case_by_the_day_of_sending(self, office: Office, staff: Staff):
        reference = submit(office, act(staff.officer))
        deliver(office)
        queue(office, reference, "assignee")
        assign(office, reference, staff.second_officer, staff.supervisor)
        absent(office, staff.second_officer, staff.officer, staff.admin)

        assert deliver(office) == [email_of(staff.second_officer), email_of(staff.officer)]

    def test_goes_on_when_the_deputy_is_absent_too(self, office: Office, staff: Staff):
        reference = submit(office, act(staff.officer))
        deliver(office)
        third = another_manager(office)
        absent(office, staff.manager, staff.second_manager, staff.admin)
        absent(office, staff.second_manager, third, staff.admin)
        queue(office, reference, "account_manager")

        assert deliver(office) == [email_of(staff.manager), email_of(staff.second_manager), email_of(third)]

    def test_reaches_a_deputy_once_even_after_a_second_try_or_by_another_name(self, office: Office, staff: Staff):
        reference = submit(office, act(staff.officer))
        deliver(office)
        absent(office, staff.manager, staff.second_manager, staff.admin)
        queue(office, reference, "account_manager", f"officer:{staff.second_manager.id}")

        first = deliver(office, Reply(Outcome.TEMPORARY, "451 later"))
        second = deliver(office, on=TODAY + timedelta(days=1))

        assert (first + second).count(email_of(staff.second_manager)) == 1
        assert second == [email_of(staff.manager)]

    def test_reaches_an_officer_who_stands_in_for_the_manager_once(self, office: Office, staff: Staff):
        both = another_person(office, "p-10", "Jun Kai Teo", "officer", "account_manager")
        reference = submit(office, act(staff.officer))
        assign(office, reference, both, staff.supervisor)
        deliver(office)
        absent(office, staff.manager, both, staff.admin)
        queue(office, reference, "account_manager", "assignee")

        assert sorted(deliver(office)) == sorted([email_of(staff.manager), email_of(both)])

    @pytest.mark.parametrize(
        ("recipient", "why"),
        [
            ("account_manager", "The company's account manager has no active account."),
            ("assignee", "The officer of the case is not there."),
            ("officer:p-04", "The person it was for has no active account."),
        ],
    )
    def test_is_every_supervisor_when_nobody_is_there(self, office: Office, staff: Staff, recipient: str, why: str):
        reference = submit(office, act(staff.officer))
        deliver(office)
        second = another_person(office, "p-13", "Mei Fong Lim", "supervisor")
        gone = another_person(office, "p-14", "Nora Ismail", "supervisor")
        deactivate(office, gone)
        deactivate(office, staff.manager)
        queue(office, reference, recipient)

        sent = deliver(office)
        again = deliver(office)

        assert (sent, again) == ([email_of(staff.supervisor), email_of(second)], [])
        held = rows_to(office, [recipient])[-1]
        assert (held["status"], held["last_reply"]) == ("suppressed", why)
        task = rows_of(office, models.Task)[0]
        assert (task["key"], task["role"]) == (f"nobody:planned:1:{recipient}", "supervisor")
        assert why in task["sentence"]
        assert trail(office, "mail:delivery:suppressed")[0]["detail"]["why"] == why

    def test_is_nobody_for_a_contact_that_is_missing_and_that_is_an_officers_task(self, office: Office, staff: Staff):
        reference = submit(office, act(staff.officer))
        deliver(office)
        queue(office, reference, "contact:999")

        assert deliver(office) == [email_of(staff.manager)]  # who is told that it failed
        assert rows_to(office, ["contact:999"])[0]["status"] == "failed"
        assert [task["role"] for task in rows_of(office, models.Task)] == ["officer"]

    def test_is_named_in_the_trail_by_id(self, office: Office, staff: Staff):
        reference = submit(office, act(staff.officer), contact_email="trade@quillhaven.example")
        contact = rows_of(office, models.Contact)[0]["id"]
        absent(office, staff.manager, staff.second_manager, staff.admin)
        deliver(office)
        transfer(office, staff.manager, staff.second_manager, staff.admin)
        queue(office, reference, "account_manager")

        deliver(office)

        named = [(e["detail"]["recipient"], e["detail"]["person"]) for e in trail(office, "mail:delivery:sent")]
        deputy = staff.second_manager.id
        assert sorted(named) == sorted(
            [
                (f"contact:{contact}", f"contact:{contact}"),
                (f"contact:{contact}", f"contact:{contact}"),  # that the account manager is another one now
                ("account_manager", staff.manager.id),
                (f"officer:{deputy}", deputy),
                ("account_manager", deputy),
            ]
        )

    def test_is_named_too_when_the_worker_died_while_sending(self, office: Office, staff: Staff):
        reference = submit(office, act(staff.officer))
        deliver(office)
        queue(office, reference, "account_manager")
        rows, notification = rows_to(office, ["account_manager"]), table_of(models.Notification)
        held = {"status": "sending", "lease_until": NOW, "fence": 1, "address": email_of(staff.manager)}
        with office.database.transaction() as transaction:
            transaction.connection.execute(update(notification).where(notification.c.id == rows[-1]["id"]).values(held))

        deliver(office, on=TODAY + timedelta(days=1))

        assert trail(office, "mail:delivery:in_doubt")[0]["detail"]["person"] == staff.manager.id

    def test_lets_two_workers_queue_one_row_for_a_deputy(self, office: Office, staff: Staff):
        reference = submit(office, act(staff.officer))
        deliver(office)
        both = another_person(office, "p-10", "Jun Kai Teo", "officer", "account_manager")
        assign(office, reference, staff.officer, staff.supervisor)
        absent(office, staff.manager, both, staff.admin)
        absent(office, staff.officer, both, staff.admin)
        queue(office, reference, "account_manager", "assignee")
        workers = [threading.Thread(target=deliver, args=(office,)) for _ in range(2)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(30)

        with office.database.snapshot() as connection:
            table = table_of(models.Notification)
            query = select(func.count()).where(table.c.recipient == f"officer:{both.id}", table.c.status == "sent")
            assert connection.execute(query).scalar_one() == 1


class TestDisablingWhileWorkIsGiven:
    def test_waits_and_then_tells_the_admin_to_look_again(self, postgresql_office: Office):
        office = postgresql_office
        staff = Staff(office)
        reference = submit(office, act(staff.officer))
        answers: list[object] = []

        def disable_now() -> None:
            try:
                answers.append(disable(office, staff.second_officer, staff.admin))
            except StaleVersion as error:
                answers.append(error.code)

        waiting = threading.Thread(target=disable_now)
        with office.database.transaction() as transaction:
            assignee = by_email(transaction.connection, email_of(staff.second_officer), keep=True)
            waiting.start()
            waiting.join(0.5)
            assert waiting.is_alive()
            case = update(table_of(models.Application)).values(assignee_id=assignee.id)
            transaction.connection.execute(case.where(case.table.c.reference == reference))
        waiting.join(30)

        assert answers == ["STALE_HOLDINGS"]
        assert is_active(office, staff.second_officer)


class TestChangingRolesAtOnce:
    """One change waits for the other and then looks again at what is left."""

    def change(self, office: Office, by: Person, person: Person, **roles: list[str]) -> str:
        try:
            change_roles(office, email=email_of(person), act=act(by), **({"add": [], "remove": []} | roles))
        except BadInput as error:
            return error.code
        return "done"

    def while_changed(self, office: Office, person: Person, gone: str, what: Callable[[], str]) -> str:
        """Let `what` begin while somebody else takes a role away, and return its answer."""
        answers: list[str] = []
        waiting = threading.Thread(target=lambda: answers.append(what()))
        with office.database.transaction() as transaction:
            lock(transaction.connection, [person.id])
            waiting.start()
            waiting.join(0.5)
            assert waiting.is_alive()
            mine = (_ROLE.c.officer_id == person.id, _ROLE.c.role == gone)
            transaction.connection.execute(delete(_ROLE).where(*mine))
        waiting.join(30)
        return answers[0]

    def test_leaves_an_admin(self, office: Office, staff: Staff):
        other = another_person(office, "p-09", "Ivan Lau", "admin", "officer")
        also = {"add": ["officer"], "remove": ["admin"]}

        answer = self.while_changed(office, other, "admin", lambda: self.change(office, other, staff.admin, **also))

        assert answer == "LAST_ADMIN"

    def test_brings_no_role_back(self, office: Office, staff: Staff):
        person = another_person(office, "p-09", "Ivan Lau", "approver", "officer")

        answer = self.while_changed(
            office, person, "approver", lambda: self.change(office, staff.admin, person, add=["account_manager"])
        )

        entry = next(row for row in rows_of(office, models.AuditEntry) if row["kind"] == "people:role:changed")
        assert answer == "done"
        assert {row["role"] for row in rows_of(office, models.OfficerRole, officer_id="p-09")} == {
            "officer",
            "account_manager",
        }
        assert json.loads(entry["canonical"])["detail"]["before"] == ["officer"]
