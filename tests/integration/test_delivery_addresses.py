"""Addresses that take no mail: they get none, a letter takes the mail's place, the officer is told, a person releases them."""

import os
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import builders
import pytest
from bounce_samples import (
    DELAYED,
    EXCHANGE_LIKE,
    OUT_OF_OFFICE,
    POSTFIX_LIKE,
    WITHOUT_THE_MESSAGE,
    sample,
)
from builders import NOW, TODAY, act, email_of
from mailroom import DEAD, HOUR, LATER, REFUSED, SILENT, a_case, attempts, contact_of, deliver, queue, row, tasks, trail

from states.facts import OPERATOR
from workflow import models
from workflow.decisions.outcome import Act, Done
from workflow.errors import BadInput, NotFound, NotPermitted, Unavailable
from workflow.operations import read_bounces as module
from workflow.operations.assign_application import assign_application
from workflow.operations.close_task import close_task
from workflow.operations.read_bounces import read_bounces
from workflow.operations.release_address import release_address
from workflow.operations.retry_message import retry_message
from workflow.operations.sweep import sweep
from workflow.reports.outbox import suppressed
from workflow.reports.tasks import open_tasks
from workflow.store.office import Office

JO = "jo@quillhaven.example"
MANAGER = "dewi.lestari@customs.example"


def by_officer(office: Office, now: Any = NOW) -> Act:
    return act(builders.people(office).officer, now)


def notices_of_failure(office: Office) -> list[dict[str, Any]]:
    return builders.rows_of(office, models.Notification, message="delivery_failed")


def held_back(office: Office) -> list[str]:
    with office.database.snapshot() as connection:
        return [one["address"] for one in suppressed(connection, viewer=OPERATOR)]


class TestAnAddressThatTheServerRefusesForGood:
    def test_is_suppressed_and_its_message_becomes_a_letter(self, office: Office):
        message = queue(office, a_case(office, contact_email=JO))

        deliver(office, DEAD)

        assert (row(office, message)["status"], held_back(office)) == ("failed", [JO])
        task = tasks(office)[0]
        assert (task["key"], task["role"], task["notification_id"]) == (f"letter:{message}", "officer", message)

    def test_leaves_the_trail_without_the_address_itself(self, office: Office):
        queue(office, a_case(office, contact_email=JO))

        deliver(office, DEAD)

        entries = builders.rows_of(office, models.AuditEntry)
        assert [one["kind"] for one in entries].count("mail:address:suppressed") == 1
        assert not any(JO in one["canonical"] for one in entries)
        (suppression,), (failure,) = trail(office, "mail:address:suppressed"), trail(office, "mail:delivery:failed")
        assert suppression["address"] == failure["address"]

    def test_gets_no_later_message_and_each_of_them_becomes_one_letter(self, office: Office):
        reference = a_case(office, contact_email=JO)
        queue(office, reference)
        deliver(office, DEAD)
        later = [queue(office, reference), queue(office, reference, cause="decision:7")]

        counts, transport = deliver(office)
        deliver(office, now=NOW + HOUR)

        assert JO not in transport.recipients
        assert counts["suppressed"] == 2
        assert [row(office, one)["status"] for one in later] == ["suppressed", "suppressed"]
        assert [task["notification_id"] for task in tasks(office)][1:] == later

    def test_of_a_colleague_sends_later_messages_to_the_supervisors(self, office: Office):
        reference = a_case(office)
        first = queue(office, reference, "account_manager")
        deliver(office, DEAD)
        second = queue(office, reference, "account_manager")

        _, transport = deliver(office)

        supervisor = builders.people(office).supervisor
        assert transport.recipients == [email_of(supervisor)]
        assert (row(office, first)["status"], row(office, second)["status"]) == ("failed", "suppressed")
        assert [(task["role"], task["key"].partition(":")[0]) for task in tasks(office)] == [
            ("officer", "mail"),
            ("supervisor", "nobody"),
        ]

    def test_of_the_only_supervisor_makes_a_task_and_no_endless_round(self, office: Office):
        reference, supervisor = a_case(office), builders.people(office).supervisor
        queue(office, reference, f"officer:{supervisor.id}")
        deliver(office, DEAD)
        queue(office, reference, f"officer:{supervisor.id}")

        _, transport = deliver(office)

        assert transport.sent == []
        assert len(tasks(office, role="supervisor")) == 1

    def test_is_not_asked_again_for_a_reminder_in_doubt(self, office: Office):
        reference = a_case(office, contact_email=JO)
        doubted = queue(office, reference)
        deliver(office, SILENT)
        queue(office, reference)
        deliver(office, DEAD)

        _, transport = deliver(office, now=NOW + HOUR)

        assert JO not in transport.recipients
        assert row(office, doubted)["status"] == "in_doubt"
        assert len(tasks(office, key=f"letter:{doubted}")) == 1

    def test_is_not_suppressed_when_the_server_refuses_the_message_or_says_later(self, office: Office):
        reference = a_case(office, contact_email=JO)
        queue(office, reference)
        queue(office, reference)

        deliver(office, REFUSED, LATER)

        assert held_back(office) == []


class TestTellingTheOfficer:
    @pytest.fixture
    def office(self, sqlite_office: Office) -> Office:
        """One database is enough for what is above it."""
        return sqlite_office

    def test_tells_the_account_manager_while_the_case_has_no_officer(self, office: Office):
        message = queue(office, a_case(office, contact_email=JO))

        deliver(office, REFUSED)
        _, transport = deliver(office, now=NOW + HOUR)

        (told,) = notices_of_failure(office)
        assert (told["recipient"], told["cause"]) == ("account_manager", f"notification:{message}")
        assert (told["status"], told["address"]) == ("sent", MANAGER)
        assert transport.sent == []  # it left in the same run

    def test_tells_the_officer_of_the_case_what_failed_where_and_why(self, office: Office):
        reference, staff = a_case(office, contact_email=JO), builders.people(office)
        given = {"reference": reference, "to": email_of(staff.second_officer)}
        assign_application(office, act=act(staff.supervisor), **given)
        queue(office, reference)

        deliver(office, DEAD)
        deliver(office)

        (told,) = notices_of_failure(office)
        assert (told["recipient"], told["address"]) == ("assignee", email_of(staff.second_officer))
        assert '"failed_message": "application_received"' in told["payload"]
        assert f'"recipient_address": "{JO}"' in told["payload"]
        assert '"reply": "550 5.1.1 no such mailbox"' in told["payload"]
        assert '"letter": true' in told["payload"]

    def test_tells_once_for_each_message_even_after_another_try(self, office: Office):
        message = queue(office, a_case(office, contact_email=JO))
        deliver(office, REFUSED)

        retry_message(office, message=message, act=by_officer(office))
        deliver(office, REFUSED)

        assert len(notices_of_failure(office)) == 1
        assert [task["closed_at"] is None for task in tasks(office)] == [False, True]

    def test_tells_nobody_of_mail_to_colleagues_or_of_itself(self, office: Office):
        reference = a_case(office, contact_email=JO)
        queue(office, reference, "account_manager")
        queue(office, reference)

        deliver(office, REFUSED, REFUSED)
        deliver(office, REFUSED)

        assert len(notices_of_failure(office)) == 1

    def test_tells_nobody_of_what_is_not_true_any_more(self, office: Office):
        queue(office, a_case(office), message="renewal_reminder", payload='{"valid_until": "2020-01-01"}')

        counts, _ = deliver(office)

        assert counts == {"suppressed": 1}
        assert (notices_of_failure(office), tasks(office)) == ([], [])


class TestReleasing:
    def test_lets_mail_go_to_the_address_again_and_leaves_a_trace(self, office: Office):
        reference = a_case(office, contact_email=JO)
        message = queue(office, reference)
        deliver(office, DEAD)

        release_address(office, address=JO.upper(), reason="The company has mended it.", act=by_officer(office))
        retry_message(office, message=message, act=by_officer(office))
        _, transport = deliver(office)

        assert JO in transport.recipients
        assert held_back(office) == []
        (released,) = trail(office, "mail:address:released")
        assert released["why"] == "The company has mended it."
        assert released["address"] == trail(office, "mail:address:suppressed")[0]["address"]

    def test_of_an_address_that_gets_mail_says_so(self, sqlite_office: Office):
        a_case(sqlite_office)

        with pytest.raises(NotFound, match="not held back"):
            release_address(sqlite_office, address=JO, reason="So.", act=by_officer(sqlite_office))

    def test_is_not_for_auditors(self, sqlite_office: Office):
        auditor = act(builders.people(sqlite_office).auditor)

        with pytest.raises(NotPermitted):
            release_address(sqlite_office, address=JO, reason="So.", act=auditor)


class TestALetter:
    @pytest.fixture
    def office(self, sqlite_office: Office) -> Office:
        """One database is enough for what is above it."""
        return sqlite_office

    @pytest.fixture
    def letter(self, office: Office) -> dict[str, Any]:
        queue(office, a_case(office, contact_email=JO))
        deliver(office, DEAD)
        return tasks(office)[0]

    def test_is_listed_until_it_is_closed_with_the_day_it_was_posted(self, office: Office, letter: dict[str, Any]):
        listed = open_of(office, "officer")

        given = {"task_id": letter["id"], "outcome": "Posted by registered mail.", "posted_on": TODAY}
        close_task(office, act=by_officer(office), **given)

        assert [(one["id"], one["letter"]) for one in listed] == [(letter["id"], True)]
        assert open_of(office, "officer") == []
        closed = tasks(office)[0]
        assert (closed["posted_on"], closed["closed_by"]) == (TODAY, builders.people(office).officer.id)
        (entry,) = trail(office, "people:task:closed")
        assert (entry["posted_on"], entry["notification"]) == (TODAY.isoformat(), letter["notification_id"])

    @pytest.mark.parametrize(
        ("posted_on", "why"), [(None, "on which day it was posted"), (TODAY + timedelta(days=1), "is in the future")]
    )
    def test_is_not_closed_without_a_day_that_can_be(
        self, office: Office, letter: dict[str, Any], posted_on: date | None, why: str
    ):
        with pytest.raises(BadInput, match=why):
            close_task(office, task_id=letter["id"], outcome="Posted.", posted_on=posted_on, act=by_officer(office))

        assert tasks(office)[0]["closed_at"] is None

    def test_needs_no_day_once_its_mail_has_gone_out_after_all(self, office: Office, letter: dict[str, Any]):
        release_address(office, address=JO, reason="Mended.", act=by_officer(office))
        retry_message(office, message=letter["notification_id"], act=by_officer(office))
        deliver(office)

        close_task(office, task_id=letter["id"], outcome="It went by mail.", act=by_officer(office))

        assert tasks(office)[0]["posted_on"] is None

    def test_is_closed_once(self, office: Office, letter: dict[str, Any]):
        close_task(office, task_id=letter["id"], outcome="Posted.", posted_on=TODAY, act=by_officer(office))

        with pytest.raises(BadInput, match="closed already"):
            close_task(office, task_id=letter["id"], outcome="Again.", posted_on=TODAY, act=by_officer(office))

    def test_is_not_the_business_of_another_role_but_of_a_supervisor(self, office: Office, letter: dict[str, Any]):
        staff = builders.people(office)
        given = {"task_id": letter["id"], "outcome": "Posted.", "posted_on": TODAY}

        with pytest.raises(NotPermitted, match="officer"):
            close_task(office, act=act(staff.auditor), **given)

        assert close_task(office, act=act(staff.supervisor), **given)


class TestACompanyWithoutAContact:
    """Nobody there can be sent mail: whatever it would have got is a letter that somebody posts."""

    ASKED = TODAY + timedelta(days=14)  # to be answered by

    @pytest.fixture
    def asked(self, office: Office) -> str:
        """A case that waits for an answer, reminded and given final notice by the clock."""
        staff = builders.people(office)
        reference = builders.submit(office, act(staff.officer), contact_email="")
        builders.done(builders.advance(office, act(staff.officer), reference, "request_information", reason="Where?"))
        deliver(office)
        for days in (1, 14):
            now = builders.morning_of(self.ASKED + timedelta(days=days + 3))
            sweep(office, now=now)
            deliver(office, now=now)
        return reference

    def close_for_no_reply(self, office: Office, reference: str, day: date) -> Any:
        by = by_officer(office, builders.morning_of(day))
        return builders.advance(office, by, reference, "withdraw", reason_code="no_reply")

    @pytest.mark.usefixtures("asked")
    def test_gets_a_letter_for_each_message_and_nobody_is_told_of_a_failure(self, office: Office):
        letters = {
            one["id"]: one["message"] for one in builders.rows_of(office, models.Notification, recipient="company")
        }

        assert list(letters.values()) == [
            "application_received", "information_requested", "information_reminder", "information_final_notice",
        ]  # fmt: skip
        assert {row(office, one)["status"] for one in letters} == {"suppressed"}
        made = tasks(office)
        assert [(one["key"], one["role"], one["notification_id"]) for one in made] == [
            (f"letter:{one}", "officer", one) for one in letters
        ]
        assert all("the company has no contact with an address" in one["sentence"] for one in made)
        assert notices_of_failure(office) == []

    def test_is_not_closed_for_no_reply_before_the_final_notice_was_posted(self, office: Office, asked: str):
        posted = self.ASKED + timedelta(days=20)
        before = self.close_for_no_reply(office, asked, self.ASKED + timedelta(days=60))
        for task in tasks(office)[2:]:
            by = by_officer(office, builders.morning_of(posted))
            close_task(office, task_id=task["id"], outcome="Posted.", posted_on=posted, act=by)

        early = self.close_for_no_reply(office, asked, posted + timedelta(days=14))
        after = self.close_for_no_reply(office, asked, posted + timedelta(days=15))

        assert [unmet.code for unmet in before.unmet] == [unmet.code for unmet in early.unmet] == ["NO_REPLY_TOO_EARLY"]
        assert isinstance(after, Done)
        (request,) = builders.rows_of(office, models.InformationRequest)
        assert (request["reminded_on"], request["final_notice_on"]) == (posted, posted)

    def test_is_chased_once_when_its_case_is_closed_and_reopened_before_a_letter_is_posted(
        self, office: Office, asked: str
    ):
        staff, now = builders.people(office), builders.morning_of(self.ASKED + timedelta(days=20))
        builders.done(builders.advance(office, act(staff.officer, now), asked, "withdraw", reason_code="request"))
        order = builders.add(office, act(staff.officer, now), asked, "order")
        again = {"reason": "It is set aside.", "reason_code": "own_error", "given": {"order": str(order)}}
        builders.done(builders.advance(office, act(staff.approver, now), asked, "set_aside", **again))
        sweep(office, now=now + HOUR)

        assert (
            len(builders.rows_of(office, models.Notification, message="information_final_notice")) == 2
        )  # company, manager


def test_a_task_about_no_message_takes_no_day_of_posting(sqlite_office: Office) -> None:
    office = sqlite_office
    reference, supervisor = a_case(office), builders.people(office).supervisor
    queue(office, reference, "assignee")
    deliver(office)
    (task,) = tasks(office)

    with pytest.raises(BadInput, match="about no message"):
        close_task(office, task_id=task["id"], outcome="Done.", posted_on=TODAY, act=act(supervisor))
    with pytest.raises(NotFound, match="list of tasks"):
        close_task(office, task_id=999, outcome="Done.", act=act(supervisor))

    assert close_task(office, task_id=task["id"], outcome="An officer is named.", act=act(supervisor))


def open_of(office: Office, role: str) -> list[dict[str, Any]]:
    with office.database.snapshot() as connection:
        return open_tasks(connection, viewer=OPERATOR, role=role)


@pytest.fixture
def mailbox(tmp_path: Path) -> Path:
    for folder in ("new", "cur", "tmp"):
        (tmp_path / "bounces" / folder).mkdir(parents=True)
    return tmp_path / "bounces"


def comes_in(mailbox: Path, content: bytes, name: str = "1") -> Path:
    file = mailbox / "new" / name
    file.write_bytes(content)
    return file


@pytest.mark.parametrize("report", [POSTFIX_LIKE, EXCHANGE_LIKE])
def test_a_report_fails_what_the_relay_had_taken_and_asks_for_a_letter(office: Office, mailbox: Path, report: str):
    message = queue(office, a_case(office, contact_email=JO))
    deliver(office)
    # The address in the report is where the company's server passed it on to: ours is the one that we wrote to.
    comes_in(mailbox, sample(report, "forwarded@elsewhere.example", row(office, message)["message_id"]))

    counts = read_bounces(office, mailbox, now=NOW)

    assert counts == {"suppressed": 1}
    assert held_back(office) == [JO]
    assert row(office, message)["status"] == "failed"
    assert row(office, message)["last_reply"].startswith("It came back: smtp;")
    assert attempts(office, message) == ["sent", "permanent"]
    assert tasks(office)[0]["key"] == f"letter:{message}"
    assert [one["recipient"] for one in notices_of_failure(office)] == ["account_manager"]


class TestReadingWhatCameBack:
    @pytest.fixture
    def office(self, sqlite_office: Office) -> Office:
        """One database is enough for what is above it."""
        return sqlite_office

    def test_goes_by_the_address_where_nothing_of_the_message_came_back(self, office: Office, mailbox: Path):
        reference = a_case(office, contact_email=JO)
        queue(office, reference)
        newest = queue(office, reference)
        deliver(office)
        comes_in(mailbox, sample(WITHOUT_THE_MESSAGE, JO.upper()))

        assert read_bounces(office, mailbox, now=NOW) == {"suppressed": 1}
        assert row(office, newest)["status"] == "failed"
        assert len(tasks(office)) == 1

    @pytest.mark.parametrize(
        ("report", "came_to"),
        [(DELAYED, "temporary"), (OUT_OF_OFFICE, "unknown"), ("From: a@b.example\n\nHello.", "unknown")],
    )
    def test_changes_nothing_for_what_is_no_failure(self, office: Office, mailbox: Path, report: str, came_to: str):
        message = queue(office, a_case(office, contact_email=JO))
        deliver(office)
        comes_in(mailbox, sample(report, JO, row(office, message)["message_id"]))
        before = builders.everything(office)

        assert read_bounces(office, mailbox, now=NOW) == {came_to: 1}
        assert builders.everything(office) == before

    def test_believes_no_report_about_a_message_that_is_not_ours(self, office: Office, mailbox: Path):
        queue(office, a_case(office, contact_email=JO))
        deliver(office)
        comes_in(mailbox, sample(POSTFIX_LIKE, JO, "<made-up@elsewhere.example>"), "1")
        comes_in(mailbox, sample(WITHOUT_THE_MESSAGE, "stranger@elsewhere.example"), "2")

        assert read_bounces(office, mailbox, now=NOW) == {"unknown": 2}
        assert held_back(office) == []

    def test_reads_each_file_once(self, office: Office, mailbox: Path):
        message = queue(office, a_case(office, contact_email=JO))
        deliver(office)
        comes_in(mailbox, sample(POSTFIX_LIKE, JO, row(office, message)["message_id"]))

        read_bounces(office, mailbox, now=NOW)

        assert read_bounces(office, mailbox, now=NOW) == {}
        assert [file.name for file in (mailbox / "cur").iterdir()] == ["1:2,S"]

    def test_changes_nothing_for_a_file_that_a_killed_worker_left_even_after_a_release(
        self, office: Office, mailbox: Path, monkeypatch: pytest.MonkeyPatch
    ):
        message = queue(office, a_case(office, contact_email=JO))
        deliver(office)
        comes_in(mailbox, sample(POSTFIX_LIKE, JO, row(office, message)["message_id"]))

        def killed(*_: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(module, "_move", killed)
            with pytest.raises(KeyboardInterrupt):
                read_bounces(office, mailbox, now=NOW)
        release_address(office, address=JO, reason="Mended.", act=by_officer(office))
        before = builders.everything(office)

        assert read_bounces(office, mailbox, now=NOW) == {"known": 1}
        assert builders.everything(office) == before

    def test_waits_while_the_answer_to_the_message_is_still_to_be_noted(self, office: Office, mailbox: Path):
        message = queue(office, a_case(office), status="sending", address=JO, lease_until=NOW + HOUR)
        comes_in(mailbox, sample(POSTFIX_LIKE, JO, row(office, message)["message_id"]))

        assert read_bounces(office, mailbox, now=NOW) == {}
        assert len(list((mailbox / "new").iterdir())) == 1

    def test_stops_a_second_mail_of_a_reminder_in_doubt(self, office: Office, mailbox: Path):
        message = queue(office, a_case(office, contact_email=JO))
        deliver(office, SILENT)
        comes_in(mailbox, sample(POSTFIX_LIKE, JO, row(office, message)["message_id"]))
        read_bounces(office, mailbox, now=NOW)

        _, transport = deliver(office, now=NOW + HOUR)

        assert JO not in transport.recipients
        assert row(office, message)["status"] == "failed"

    def test_sets_aside_what_cannot_be_read_and_goes_on(self, sqlite_office: Office, mailbox: Path):
        office = sqlite_office
        message = queue(office, a_case(office, contact_email=JO))
        deliver(office)
        comes_in(mailbox, b"x" * 1_000_001, "1-huge")
        (mailbox / "new" / "2-link").symlink_to("/etc/passwd")
        (mailbox / "new" / "3-folder").mkdir()
        os.mkfifo(mailbox / "new" / "4-pipe")
        comes_in(mailbox, sample(POSTFIX_LIKE, JO, row(office, message)["message_id"]), "5")

        assert read_bounces(office, mailbox, now=NOW) == {"set_aside": 4, "suppressed": 1}
        assert sorted(file.name for file in (mailbox / "cur").iterdir()) == [
            "1-huge:2,F", "2-link:2,F", "3-folder:2,F", "4-pipe:2,F", "5:2,S",
        ]  # fmt: skip

    def test_says_when_there_is_no_such_mailbox(self, sqlite_office: Office, tmp_path: Path):
        with pytest.raises(Unavailable, match="AEO_BOUNCES"):
            read_bounces(sqlite_office, tmp_path / "nowhere", now=NOW)


def test_a_contact_is_named_by_the_way_the_row_went(office: Office) -> None:
    reference = a_case(office)
    to_company, to_manager = queue(office, reference), queue(office, reference, "account_manager")

    deliver(office)

    people = [row(office, to_company)["person"], row(office, to_manager)["person"]]
    assert people == [contact_of(office, reference), builders.people(office).account_manager.id]
    tried = [builders.rows_of(office, models.DeliveryAttempt, notification_id=one) for one in (to_company, to_manager)]
    assert [one[0]["person"] for one in tried] == people
