"""A silence after the text: a reminder goes out once more, the same to the byte; any other message waits for a person."""

import json
import threading
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import builders
import pytest
from builders import NOW
from mailroom import (
    HOUR,
    LATER,
    SENT,
    SILENT,
    Transport,
    a_case,
    attempts,
    deliver,
    message_id,
    queue,
    row,
    statuses,
    tasks,
    trail,
)
from sqlalchemy import update

from notifications.rendering import Renderer
from notifications.retry import Outcome
from notifications.transport import Reply
from workflow import models
from workflow.audit.wording import in_words
from workflow.decisions.deliveries import settle
from workflow.decisions.outcome import Done
from workflow.errors import BadInput, NotFound, NotPermitted
from workflow.models.base import table_of
from workflow.operations.deliver_outbox import Post, deliver_outbox
from workflow.operations.mark_arrived import mark_arrived
from workflow.operations.retry_message import retry_message
from workflow.operations.transfer_portfolio import transfer_portfolio
from workflow.store.office import Office
from workflow.store.outbox import Fate, as_it_stands

_N = table_of(models.Notification)


class TestAReminderInDoubt:
    def test_goes_out_once_more_after_an_hour_the_same_to_the_byte(self, office: Office):
        message = queue(office, a_case(office))

        _, first = deliver(office, SILENT)
        _, too_soon = deliver(office, now=NOW + HOUR - timedelta(seconds=1))
        counts, second = deliver(office, now=NOW + HOUR)

        assert too_soon.sent == []
        assert counts == {"sent": 1}
        assert second.sent == first.sent
        assert (row(office, message)["status"], row(office, message)["resends"]) == ("sent", 1)
        assert attempts(office, message) == ["in_doubt", "sent"]
        assert tasks(office) == []

    def test_goes_to_the_same_address_though_somebody_else_is_responsible_by_then(self, office: Office):
        reference = a_case(office)
        queue(office, reference)
        queue(office, reference, "account_manager")
        other = builders.another_person(office, "p-11", "Second Manager", "account_manager")
        _, first = deliver(office, SILENT, SILENT)
        staff = builders.people(office)
        given = {"from_": "dewi.lestari@customs.example", "to": builders.email_of(other), "note": "Moved."}
        transfer_portfolio(office, act=builders.act(staff.supervisor), **given)

        _, second = deliver(office, now=NOW + HOUR)

        assert set(first.sent) < set(second.sent)  # the rest is the letter about the new account manager
        assert all(b"Reply-To: dewi.lestari@customs.example" in content for _, content in first.sent)

    def test_stays_in_doubt_after_a_second_silence_and_is_a_task_then(self, office: Office):
        message = queue(office, a_case(office))

        deliver(office, SILENT)
        assert tasks(office) == []
        deliver(office, SILENT, now=NOW + HOUR)
        _, later = deliver(office, now=NOW + timedelta(days=30))

        assert later.sent == []
        assert (row(office, message)["status"], row(office, message)["next_try_at"]) == ("in_doubt", None)
        assert [task["notification_id"] for task in tasks(office)] == [message]
        assert len(trail(office, "mail:delivery:in_doubt")) == 2

    def test_is_not_sent_again_when_it_is_not_true_any_more(self, sqlite_office: Office):
        office = sqlite_office
        reference = a_case(office)
        message = queue(office, reference, message="renewal_reminder")
        with office.database.transaction() as transaction:
            payload = '{"valid_until": "2027-01-01"}'
            values = {"status": "in_doubt", "address": "jo@x.example", "payload": payload, "next_try_at": NOW}
            transaction.connection.execute(update(_N).where(_N.c.id == message).values(values))

        _, transport = deliver(office)

        assert transport.sent == []
        assert row(office, message)["status"] == "in_doubt"
        assert attempts(office, message) == []
        assert "the certificate's last day has changed" in tasks(office)[0]["sentence"].lower()

    def test_is_tried_on_at_the_same_address_when_the_server_says_later(self, sqlite_office: Office):
        office = sqlite_office
        message = queue(office, a_case(office))

        _, first = deliver(office, SILENT)
        deliver(office, LATER, now=NOW + HOUR)
        _, third = deliver(office, now=NOW + 2 * HOUR)

        assert third.sent == first.sent
        assert attempts(office, message) == ["in_doubt", "temporary", "sent"]


class TestAnotherMessageInDoubt:
    @pytest.fixture
    def office(self, sqlite_office: Office) -> Office:
        """One database is enough for what is above it."""
        return sqlite_office

    def test_waits_for_a_person(self, office: Office):
        message = queue(office, a_case(office), cause="decision:1")

        deliver(office, SILENT)
        _, later = deliver(office, now=NOW + timedelta(days=30))

        assert later.sent == []
        assert row(office, message)["next_try_at"] is None
        assert [task["notification_id"] for task in tasks(office)] == [message]

    def test_is_sent_again_by_a_person_the_same_to_the_byte_and_its_task_is_closed(self, office: Office):
        message = queue(office, a_case(office), cause="decision:1")
        _, first = deliver(office, SILENT)
        officer = builders.people(office).officer

        retry_message(office, message=message, act=builders.act(officer, NOW + HOUR))
        _, second = deliver(office, now=NOW + HOUR)

        assert second.sent == first.sent
        assert row(office, message)["status"] == "sent"
        assert [(task["closed_by"], task["outcome"]) for task in tasks(office)] == [
            (officer.id, "The message is sent again.")
        ]
        assert trail(office, "mail:message:retried")[0]["before"] == "in_doubt"

    def test_makes_another_task_when_it_stays_silent(self, office: Office):
        message = queue(office, a_case(office), cause="decision:1")
        deliver(office, SILENT)

        retry_message(office, message=message, act=builders.act(builders.people(office).officer))
        deliver(office, SILENT)

        assert [task["closed_at"] is None for task in tasks(office)] == [False, True]


class TestAWorkerThatDied:
    def test_leaves_a_reminder_in_doubt_that_goes_out_once_more(self, office: Office):
        message = queue(office, a_case(office))
        _, first = deliver(office)
        self.leave(office, message)

        deliver(office, now=NOW + HOUR)
        assert (row(office, message)["status"], attempts(office, message)) == ("in_doubt", ["sent", "in_doubt"])
        _, second = deliver(office, now=NOW + 2 * HOUR)

        assert second.sent == first.sent
        assert tasks(office) == []

    def test_leaves_another_message_in_doubt_that_is_a_task(self, office: Office):
        message = queue(office, a_case(office), cause="decision:1")
        deliver(office)
        self.leave(office, message)

        deliver(office, now=NOW + HOUR)

        assert row(office, message)["status"] == "in_doubt"
        assert [task["notification_id"] for task in tasks(office)] == [message]

    def test_cannot_settle_what_another_has_in_hand_but_its_try_is_kept(self, office: Office):
        message = queue(office, a_case(office))

        class Overtaken(Transport):
            async def send(self, sender: str, recipient: str, content: bytes) -> Reply:
                taken = _N.update().where(_N.c.id == message).values(fence=_N.c.fence + 1)
                with office.database.transaction() as transaction:
                    transaction.connection.execute(taken)
                return await super().send(sender, recipient, content)

        counts, _ = deliver(office, transport=Overtaken())

        assert counts == {"lost_lease": 1}
        assert row(office, message)["status"] == "sending"
        assert attempts(office, message) == ["sent"]

    @staticmethod
    def leave(office: Office, message: int) -> None:
        """Leave a row as a worker does that dies before it notes the answer."""
        left = {"status": "sending", "lease_until": NOW + HOUR / 2, "settled_at": None}
        with office.database.transaction() as transaction:
            transaction.connection.execute(update(_N).where(_N.c.id == message).values(left))


class TestSendingAgain:
    @pytest.mark.parametrize("status", ["queued", "sending", "sent"])
    def test_is_only_for_what_did_not_arrive(self, sqlite_office: Office, status: str):
        message = queue(sqlite_office, a_case(sqlite_office), status=status)

        with pytest.raises(BadInput, match=f"is {status}"):
            retry_message(sqlite_office, message=message, act=builders.act(builders.people(sqlite_office).officer))

    def test_is_not_for_auditors(self, sqlite_office: Office):
        message = queue(sqlite_office, a_case(sqlite_office), status="failed")

        with pytest.raises(NotPermitted):
            retry_message(sqlite_office, message=message, act=builders.act(builders.people(sqlite_office).auditor))

    def test_of_a_message_that_is_not_there_says_so(self, sqlite_office: Office):
        a_case(sqlite_office)

        with pytest.raises(NotFound, match="list of messages"):
            retry_message(sqlite_office, message=999, act=builders.act(builders.people(sqlite_office).officer))


class TestMarkingAsArrived:
    NOTE = "Jo Lim, by phone: the letter is there."

    def mark(self, office: Office, message: int, part: str = "officer", note: str = NOTE) -> Done:
        return mark_arrived(
            office, message=message, note=note, act=builders.act(getattr(builders.people(office), part), NOW + HOUR)
        )

    def test_settles_the_doubt_and_never_looks_as_if_the_server_had_answered(self, office: Office):
        message = queue(office, a_case(office), cause="decision:1")
        deliver(office, SILENT)
        said = f"Marked as arrived by Adeline Goh: {self.NOTE}"

        done = self.mark(office, message)

        assert done.sentence == f"Message {message} counts as arrived."
        kept = row(office, message)
        assert (kept["status"], kept["settled_at"], kept["last_reply"]) == ("sent", NOW + HOUR, said)
        assert attempts(office, message) == ["in_doubt", "arrived"]
        assert [(task["closed_at"], task["outcome"]) for task in tasks(office)] == [(NOW + HOUR, said)]
        (entry,) = builders.rows_of(office, models.AuditEntry, kind="mail:message:arrived")
        told = json.loads(entry["canonical"])
        assert (told["actor"], told["detail"]["why"]) == (builders.people(office).officer.id, self.NOTE)
        assert in_words(told).endswith(f"marked as arrived by a person who asked: {self.NOTE}")
        assert message not in [one["notification"] for one in trail(office, "mail:delivery:sent")]

    def test_lets_nothing_be_sent_again(self, office: Office):
        message = queue(office, a_case(office))  # a reminder, which would go out once more after an hour
        deliver(office, SILENT)
        self.mark(office, message)

        _, later = deliver(office, now=NOW + timedelta(days=1))

        assert later.sent == []
        with pytest.raises(BadInput, match="is sent"):
            retry_message(office, message=message, act=builders.act(builders.people(office).officer))
        with pytest.raises(BadInput, match="is sent"):
            self.mark(office, message)

    def test_settles_what_went_out_in_the_same_mail(self, sqlite_office: Office):
        office, reference = sqlite_office, a_case(sqlite_office)
        lead = queue(office, reference, status="in_doubt")
        carried = queue(office, reference, "account_manager", status="in_doubt", bundled_into=lead)
        with pytest.raises(BadInput, match=f"in the mail of message {lead}"):
            self.mark(office, carried)

        done = self.mark(office, lead)

        assert done.sentence == f"Message {lead} counts as arrived, and with it 1 that went out in its mail."
        assert [row(office, one)["status"] for one in (lead, carried)] == ["sent", "sent"]
        assert len(trail(office, "mail:message:arrived")) == 2

    def test_is_not_undone_by_a_worker_that_answers_late(self, sqlite_office: Office):
        office = sqlite_office
        message = queue(office, a_case(office), status="in_doubt", fence=3)
        late = as_it_stands(SimpleNamespace(**row(office, message)), None)
        self.mark(office, message)

        with office.database.transaction() as transaction:
            told = settle(transaction.connection, office, [Fate(late, "failed", "550 no")], NOW + 2 * HOUR)

        assert told == ["lost_lease"]
        assert row(office, message)["status"] == "sent"

    @pytest.mark.parametrize("status", ["queued", "sending", "failed", "suppressed", "sent"])
    def test_is_only_for_what_is_in_doubt(self, sqlite_office: Office, status: str):
        message = queue(sqlite_office, a_case(sqlite_office), status=status)

        with pytest.raises(BadInput, match=f"is {status}"):
            self.mark(sqlite_office, message)

    def test_takes_a_note_and_somebody_who_may_send_it_again(self, sqlite_office: Office):
        message = queue(sqlite_office, a_case(sqlite_office), status="in_doubt")

        with pytest.raises(BadInput, match="note is empty"):
            self.mark(sqlite_office, message, note=" ")
        with pytest.raises(NotPermitted, match="says what arrived"):
            self.mark(sqlite_office, message, "auditor")
        with pytest.raises(NotFound, match="list of messages"):
            self.mark(sqlite_office, 999)


class TestARun:
    def test_sends_as_many_at_once_as_the_transport_takes(self, office: Office):
        reference = a_case(office)
        for _ in range(12):
            queue(office, reference)

        counts, transport = deliver(office, transport=Transport(size=4), batch=5)

        assert counts == {"sent": 12}
        assert transport.most_at_once == 4

    def test_is_shared_by_two_workers_without_a_double_or_a_loss(self, office: Office):
        reference = a_case(office)
        expected = {row(office, queue(office, reference))["message_id"] for _ in range(60)}
        workers = [Transport(size=3), Transport(size=3)]
        run = [
            threading.Thread(target=deliver, args=(office,), kwargs={"transport": one, "batch": 4}) for one in workers
        ]
        for thread in run:
            thread.start()
        for thread in run:
            thread.join(60)

        left = [message_id(content) for one in workers for _, content in one.sent]
        assert sorted(left) == sorted(expected)
        assert set(statuses(office)) == {"sent"}

    def test_keeps_an_answer_that_no_database_would_take(self, office: Office):
        message = queue(office, a_case(office))

        deliver(office, Reply(Outcome.PERMANENT, "550 \x00\x1b[2J\udcff" + "x" * 5000))

        assert row(office, message)["status"] == "failed"
        assert len(row(office, message)["last_reply"]) == 1000

    def test_fails_one_message_that_cannot_be_written_and_sends_the_others(self, sqlite_office: Office):
        office = sqlite_office
        reference = a_case(office)
        bad, good = queue(office, reference, payload="{}"), queue(office, reference)

        deliver(office)

        assert (row(office, bad)["status"], row(office, good)["status"]) == ("failed", "sent")

    def test_leaves_a_transport_that_breaks_in_doubt_and_goes_on(self, sqlite_office: Office):
        office = sqlite_office
        reference = a_case(office)
        broken, good = queue(office, reference), queue(office, reference)

        class Broken(Transport):
            async def send(self, sender: str, recipient: str, content: bytes) -> Reply:
                if not self.sent:
                    self.sent.append((recipient, content))
                    raise RuntimeError("garbage")
                return await super().send(sender, recipient, content)

        deliver(office, transport=Broken())

        assert (row(office, broken)["status"], row(office, good)["status"]) == ("in_doubt", "sent")

    def test_finishes_what_is_on_its_way_when_it_is_to_stop_and_puts_the_rest_back(self, office: Office):
        reference = a_case(office)
        messages = [queue(office, reference) for _ in range(10)]
        stop = threading.Event()

        class Stopping(Transport):
            async def send(self, sender: str, recipient: str, content: bytes) -> Reply:
                if len(self.sent) == 3:
                    stop.set()
                return await super().send(sender, recipient, content)

        counts, transport = deliver(office, transport=Stopping(size=2), stop=stop)

        assert counts == {"sent": len(transport.sent)}
        assert 4 <= len(transport.sent) <= 5
        rest = [one for one in (row(office, message) for message in messages) if one["status"] != "sent"]
        assert {(one["status"], one["attempts"], one["lease_until"]) for one in rest} == {("queued", 0, None)}
        assert deliver(office)[0] == {"sent": len(rest)}

    def test_puts_a_second_mail_back_into_doubt_when_it_is_to_stop(self, sqlite_office: Office):
        office = sqlite_office
        message = queue(office, a_case(office))
        deliver(office, SILENT)
        stop = threading.Event()
        clock = iter([NOW + HOUR] + [NOW + 2 * HOUR] * 9)

        def late() -> object:  # the claim takes longer than a lease, so that nothing may be begun
            at = next(clock)
            stop.set() if at > NOW + HOUR else None
            return at

        deliver(office, now=NOW + HOUR, clock=late, stop=stop)

        assert {name: row(office, message)[name] for name in ("status", "resends", "attempts")} == {
            "status": "in_doubt",
            "resends": 0,
            "attempts": 1,
        }
        assert deliver(office, SENT, now=NOW + HOUR)[0] == {"sent": 1}

    def test_begins_nothing_late_in_a_lease(self, sqlite_office: Office):
        office = sqlite_office
        reference = a_case(office)
        for _ in range(3):
            queue(office, reference)
        minutes = iter(range(0, 1000, 5))

        counts, transport = deliver(office, clock=lambda: NOW + timedelta(minutes=next(minutes)))

        assert counts == {"sent": 3}
        assert len(transport.sent) == 3

    def test_ends_after_its_longest_time_and_leaves_the_rest_to_the_next(self, sqlite_office: Office):
        reference = a_case(sqlite_office)
        for _ in range(10):
            queue(sqlite_office, reference)
        seconds = iter(range(1000))

        counts, transport = deliver(
            sqlite_office, clock=lambda: NOW + timedelta(seconds=next(seconds)), longest=timedelta(seconds=10)
        )

        assert 1 <= len(transport.sent) < 10
        assert counts == {"sent": len(transport.sent)}
        assert deliver(sqlite_office)[0] == {"sent": 10 - len(transport.sent)}

    def test_sends_the_shipped_text_where_an_own_one_is_faulty_and_tells_an_administrator_once(
        self, sqlite_office: Office, tmp_path: Path
    ):
        own = tmp_path / "email" / "application_received"
        own.mkdir(parents=True)
        (own / "subject.txt").write_text("{{ nothing_of_that_name }}")
        reference = a_case(sqlite_office)
        queue(sqlite_office, reference)
        queue(sqlite_office, reference)
        transport = Transport()

        counts = deliver_outbox(
            sqlite_office, Post(transport, Renderer(tmp_path), "casework@casework.example"), now=NOW
        )

        assert counts == {"sent": 2}
        (task,) = tasks(sqlite_office, role="admin")
        assert "The overriding template of application_received" in task["sentence"]
        assert "aeo outbox preview application_received" in task["sentence"]
