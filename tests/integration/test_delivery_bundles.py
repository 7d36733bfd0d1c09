"""Reminders that only colleagues get: one mail a day to each, and every row with a fate, a try and an entry of its own."""

import threading
from datetime import date, datetime, timedelta
from typing import Any

import builders
import pytest
from builders import NOW, TODAY, act, email_of
from mailroom import (
    DEAD,
    HOUR,
    LATER,
    REFUSED,
    SILENT,
    Transport,
    a_case,
    attempts,
    deliver,
    message_id,
    queue,
    row,
    tasks,
    trail,
)

from workflow.errors import BadInput
from workflow.operations.record_absence import record_absence
from workflow.operations.retry_message import retry_message
from workflow.store.office import Office

MANAGER = "dewi.lestari@customs.example"


def bundled(office: Office, reference: str, recipient: str = "account_manager", **more: Any) -> int:
    return queue(office, reference, recipient, bundled=True, **more)


def at(day: date, hour: int) -> datetime:
    return builders.local_instant(day, hour, builders.ZONE)


def fates(office: Office, *messages: int) -> list[tuple[str, int | None]]:
    return [(row(office, one)["status"], row(office, one)["bundled_into"]) for one in messages]


class TestABundle:
    def test_carries_what_is_due_for_one_colleague_in_one_mail(self, office: Office):
        references = [a_case(office), a_case(office)]
        first, second, third = (bundled(office, one) for one in (*references, references[0]))

        counts, transport = deliver(office)

        assert counts == {"sent": 3}
        ((recipient, content),) = transport.sent
        assert recipient == MANAGER
        assert message_id(content) == row(office, first)["message_id"]
        assert all(one.encode() in content for one in references)
        assert fates(office, first, second, third) == [("sent", None), ("sent", first), ("sent", first)]

    def test_leaves_each_row_with_a_try_and_an_entry_of_its_own(self, office: Office):
        reference, manager = a_case(office), builders.people(office).account_manager
        known = len(trail(office, "mail:delivery:sent"))
        lead, member = bundled(office, reference), bundled(office, reference)

        deliver(office)

        assert (attempts(office, lead), attempts(office, member)) == (["sent"], ["sent"])
        own, carried = trail(office, "mail:delivery:sent")[known:]
        which = {"notification": member, "cause": row(office, member)["cause"]}
        assert (own["notification"], own["cause"]) == (lead, row(office, lead)["cause"])
        assert carried == own | which | {"bundled_into": lead}
        assert own["person"] == row(office, member)["person"] == manager.id

    def test_of_one_is_the_message_itself(self, office: Office):
        message = bundled(office, a_case(office))
        _, transport = deliver(office)
        alone = queue(office, a_case(office), "account_manager")
        _, other = deliver(office)

        subject = [line for line in transport.sent[0][1].splitlines() if line.startswith(b"Subject")]
        assert (
            subject[0].split(b",")[0]
            == next(line for line in other.sent[0][1].splitlines() if line.startswith(b"Subject")).split(b",")[0]
        )
        assert fates(office, message, alone) == [("sent", None), ("sent", None)]

    def test_is_one_for_each_colleague(self, office: Office):
        reference, supervisor = a_case(office), builders.people(office).supervisor
        for recipient in ("account_manager", f"officer:{supervisor.id}") * 2:
            bundled(office, reference, recipient)

        _, transport = deliver(office)

        assert sorted(transport.recipients) == sorted([MANAGER, email_of(supervisor)])

    def test_leaves_out_what_is_not_true_any_more(self, office: Office):
        reference = a_case(office)
        untrue = bundled(office, reference, message="renewal_reminder", payload='{"valid_until": "2020-01-01"}')
        lead, member = bundled(office, reference), bundled(office, reference)

        counts, transport = deliver(office)

        assert counts == {"suppressed": 1, "sent": 2}
        assert len(transport.sent) == 1
        assert fates(office, untrue, lead, member) == [("suppressed", None), ("sent", None), ("sent", lead)]

    def test_leaves_a_message_that_is_not_to_be_bundled_alone(self, office: Office):
        reference = a_case(office)
        queue(office, reference, "account_manager")
        bundled(office, reference)
        bundled(office, reference)

        _, transport = deliver(office)

        assert transport.recipients == [MANAGER, MANAGER]


class TestOneADay:
    def test_lets_later_rows_wait_for_the_next_morning(self, office: Office):
        reference = a_case(office)
        bundled(office, reference)
        deliver(office)
        late = [bundled(office, reference), bundled(office, reference)]

        _, same_day = deliver(office, now=NOW + HOUR)
        _, at_night = deliver(office, now=at(TODAY + timedelta(days=1), 8) - timedelta(seconds=1))
        counts, morning = deliver(office, now=at(TODAY + timedelta(days=1), 8))

        assert same_day.sent == at_night.sent == []
        assert row(office, late[0])["next_try_at"] is None
        assert (counts, morning.recipients) == ({"sent": 2}, [MANAGER])

    def test_is_by_the_local_day(self, office: Office):
        reference = a_case(office)
        bundled(office, reference)
        deliver(office, now=at(TODAY, 23))
        bundled(office, reference)

        _, transport = deliver(office, now=at(TODAY + timedelta(days=1), 0))

        assert transport.recipients == [MANAGER]

    def test_counts_no_bundle_that_did_not_go_out(self, office: Office):
        reference = a_case(office)
        first = bundled(office, reference)
        deliver(office, REFUSED)
        second = bundled(office, reference)

        deliver(office, now=NOW + HOUR)

        assert fates(office, first, second) == [("failed", None), ("sent", None)]

    def test_holds_for_two_workers_at_once(self, office: Office):
        reference = a_case(office)
        for _ in range(6):
            bundled(office, reference)
        workers = [Transport(), Transport()]
        run = [threading.Thread(target=deliver, args=(office,), kwargs={"transport": one}) for one in workers]
        for thread in run:
            thread.start()
        for thread in run:
            thread.join(60)

        assert sum(len(one.sent) for one in workers) == 1


class TestABundleInTrouble:
    @pytest.fixture
    def office(self, sqlite_office: Office) -> Office:
        """One database is enough for what is above it."""
        return sqlite_office

    def test_is_made_anew_when_the_server_says_later(self, office: Office):
        reference = a_case(office)
        first, second = bundled(office, reference), bundled(office, reference)
        deliver(office, LATER)
        waiting = fates(office, first, second)
        third = bundled(office, reference, now=NOW + HOUR)

        counts, transport = deliver(office, now=NOW + HOUR)

        assert waiting == [("queued", None), ("queued", None)]
        assert (counts, len(transport.sent)) == ({"sent": 3}, 1)
        assert fates(office, first, second, third) == [("sent", None), ("sent", first), ("sent", first)]

    def test_goes_out_once_more_after_a_silence_the_same_to_the_byte(self, office: Office):
        reference = a_case(office)
        lead, member = bundled(office, reference), bundled(office, reference)
        _, first = deliver(office, SILENT, now=at(TODAY, 23))
        doubted = fates(office, lead, member)
        bundled(office, reference)

        _, second = deliver(office, now=at(TODAY + timedelta(days=1), 0))  # another day, and another row is there

        assert doubted == [("in_doubt", None), ("in_doubt", lead)]
        assert first.sent == second.sent[:1]
        assert fates(office, lead, member) == [("sent", None), ("sent", lead)]

    def test_stays_in_doubt_as_one_task_after_a_second_silence(self, office: Office):
        reference = a_case(office)
        lead, member = bundled(office, reference), bundled(office, reference)

        deliver(office, SILENT)
        deliver(office, SILENT, now=NOW + HOUR)
        _, later = deliver(office, now=NOW + timedelta(days=30))

        assert later.sent == []
        assert fates(office, lead, member) == [("in_doubt", None), ("in_doubt", lead)]
        assert [task["notification_id"] for task in tasks(office)] == [lead]

    def test_is_sent_again_by_a_person_as_a_whole(self, office: Office):
        reference, officer = a_case(office), builders.people(office).officer
        lead, member = bundled(office, reference), bundled(office, reference)
        _, first = deliver(office, SILENT)
        deliver(office, SILENT, now=NOW + HOUR)

        with pytest.raises(BadInput, match=f"mail of message {lead}"):
            retry_message(office, message=member, act=act(officer))
        retry_message(office, message=lead, act=act(officer, NOW + 2 * HOUR))
        _, third = deliver(office, now=NOW + 2 * HOUR)

        assert third.sent == first.sent
        assert fates(office, lead, member) == [("sent", None), ("sent", lead)]

    def test_fails_as_a_whole_when_the_address_is_dead(self, office: Office):
        reference = a_case(office)
        lead, member = bundled(office, reference), bundled(office, reference)

        deliver(office, DEAD)

        assert fates(office, lead, member) == [("failed", None), ("failed", lead)]
        assert [task["notification_id"] for task in tasks(office)] == [lead]

    def test_is_put_back_as_single_rows_when_the_worker_is_to_stop(self, office: Office):
        reference = a_case(office)
        lead, member = bundled(office, reference), bundled(office, reference)
        stop, minutes = threading.Event(), iter([0, 60, 60, 60])

        def late() -> datetime:
            minute = next(minutes)
            if minute:
                stop.set()
            return NOW + timedelta(minutes=minute)

        deliver(office, clock=late, stop=stop)

        assert fates(office, lead, member) == [("queued", None), ("queued", None)]
        assert deliver(office)[0] == {"sent": 2}


class TestWhoStandsIn:
    def test_gets_the_absent_persons_rows_in_the_own_bundle(self, office: Office):
        reference, staff = a_case(office), builders.people(office)
        deputy = builders.another_person(office, "p-21", "Hana Yusof", "account_manager")
        given = {"email": MANAGER, "first": TODAY, "last": TODAY, "deputy": email_of(deputy)}
        record_absence(office, act=act(staff.supervisor), **given)
        for recipient in ("account_manager", "account_manager", f"officer:{deputy.id}"):
            bundled(office, reference, recipient)

        counts, transport = deliver(office)

        assert sorted(transport.recipients) == sorted([MANAGER, email_of(deputy)])
        assert counts == {"sent": 5}

    def test_is_a_supervisor_in_one_bundle_when_nobody_is_there(self, office: Office):
        reference, supervisor = a_case(office), builders.people(office).supervisor
        for recipient in ("assignee", "assignee", f"officer:{supervisor.id}"):
            bundled(office, reference, recipient)

        counts, transport = deliver(office)

        assert transport.recipients == [email_of(supervisor)]
        assert counts == {"suppressed": 2, "sent": 3}
