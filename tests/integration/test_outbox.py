"""Mail leaves from the outbox: once, to who it is for today, and never when it is not true any more."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import ClassVar

import builders
import pytest
from sqlalchemy import select, text

from notifications.rendering import Renderer
from notifications.retry import Outcome
from notifications.transport import Reply
from workflow import models
from workflow.models.base import table_of
from workflow.operations.deliver_outbox import Post, deliver_outbox
from workflow.operations.sweep import sweep
from workflow.store.office import Office

_N = table_of(models.Notification)


@dataclass
class FakeTransport:
    """A transport that keeps what it gets and answers as told."""

    size: ClassVar[int] = 1
    answers: list[Reply] = field(default_factory=list)
    sent: list[tuple[str, bytes]] = field(default_factory=list)

    async def open(self) -> None:
        return

    async def send(self, _sender: str, recipient: str, content: bytes) -> Reply:
        self.sent.append((recipient, content))
        return self.answers.pop(0) if self.answers else Reply(Outcome.SENT, "250 OK")

    async def close(self) -> None:
        return


def post(transport: FakeTransport) -> Post:
    return Post(transport, Renderer(), "casework@casework.example")


def rows(office: Office):
    with office.database.snapshot() as connection:
        return connection.execute(select(_N).order_by(_N.c.id)).all()


def submitted(office: Office) -> None:
    staff = builders.people(office)
    builders.submit(office, builders.act(staff.officer))


class TestDeliverOutbox:
    def test_sends_each_message_once(self, office: Office):
        submitted(office)
        transport = FakeTransport()

        first = deliver_outbox(office, post(transport), now=builders.NOW)
        second = deliver_outbox(office, post(transport), now=builders.NOW)

        assert first == {"sent": len(rows(office))}
        assert second == {}
        assert len(transport.sent) == len(rows(office))

    def test_tries_temporary_trouble_again_later_with_the_same_message_id(self, office: Office):
        submitted(office)
        transport = FakeTransport([Reply(Outcome.TEMPORARY, "451 later")])

        deliver_outbox(office, post(transport), now=builders.NOW)
        too_soon = deliver_outbox(office, post(transport), now=builders.NOW + timedelta(seconds=30))
        later = deliver_outbox(office, post(transport), now=builders.NOW + timedelta(minutes=2))

        assert too_soon == {}
        assert later == {"sent": 1}
        first, again = transport.sent[0], transport.sent[-1]
        assert first[0] == again[0]
        message_id = next(line for line in first[1].split(b"\r\n") if line.startswith(b"Message-ID"))
        assert message_id in again[1]

    def test_makes_a_refused_message_somebodys_task(self, office: Office):
        submitted(office)

        deliver_outbox(
            office, post(FakeTransport([Reply(Outcome.PERMANENT, "550 5.1.1 no such user")])), now=builders.NOW
        )

        with office.database.snapshot() as connection:
            tasks = connection.execute(select(table_of(models.Task).c.sentence)).scalars().all()
        assert len(tasks) == 1
        assert "550 5.1.1 no such user" in tasks[0]
        assert rows(office)[0].status == "failed"

    def test_leaves_a_silence_after_the_text_in_doubt(self, office: Office):
        submitted(office)
        transport = FakeTransport([Reply(Outcome.IN_DOUBT, "timed out")])

        deliver_outbox(office, post(transport), now=builders.NOW)
        deliver_outbox(office, post(transport), now=builders.NOW + timedelta(days=1))

        assert rows(office)[0].status == "in_doubt"
        assert len({recipient for recipient, _ in transport.sent}) == len(transport.sent)

    def test_doubts_what_a_stopped_worker_was_sending(self, office: Office):
        submitted(office)
        with office.database.transaction() as transaction:
            values = {"status": "sending", "lease_until": builders.NOW, "fence": 1}
            transaction.connection.execute(_N.update().where(_N.c.id == rows(office)[0].id).values(values))

        deliver_outbox(office, post(FakeTransport()), now=builders.NOW + timedelta(minutes=1))

        assert rows(office)[0].status == "in_doubt"

    def test_holds_back_a_reminder_of_a_certificate_that_has_ended(self, office: Office):
        staff = builders.people(office)
        builders.certified(office, staff, valid_from=date(2026, 11, 23))
        deliver_outbox(office, post(FakeTransport()), now=builders.NOW + timedelta(days=365))
        sweep(office, now=builders.morning_of(date(2029, 8, 30)))
        sweep(office, now=builders.morning_of(date(2029, 11, 26)))

        counts = deliver_outbox(office, post(FakeTransport()), now=builders.morning_of(date(2029, 11, 26)))

        held = [row for row in rows(office) if row.status == "suppressed"]
        assert counts["suppressed"] == len(held) > 0
        assert {row.last_reply for row in held} == {"The certificate has ended meanwhile."}

    @pytest.mark.parametrize(
        ("trigger", "given", "why"),
        [
            ("supply_information", {}, "The company has answered meanwhile."),
            ("withdraw", {"reason_code": "request"}, "The case waits for no answer any more."),
        ],
    )
    def test_holds_back_a_reminder_of_a_question_that_is_open_no_more(
        self, office: Office, trigger: str, given: dict[str, str], why: str
    ):
        officer = builders.people(office).officer
        reference = builders.submit(office, builders.act(officer))
        builders.done(
            builders.advance(office, builders.act(officer), reference, "request_information", reason="Where?")
        )
        due = builders.rows_of(office, models.PlannedAction, rule="request_reminder")[0]["due_at"]
        sweep(office, now=due)
        builders.done(builders.advance(office, builders.act(officer, due), reference, trigger, **given))

        deliver_outbox(office, post(FakeTransport()), now=due)

        held = [row for row in rows(office) if row.message == "information_reminder"]
        assert [(row.status, row.last_reply) for row in held] == [("suppressed", why)] * 2

    def test_finds_the_account_manager_of_today(self, office: Office):
        submitted(office)
        with office.database.transaction() as transaction:
            transaction.connection.execute(
                text(
                    "UPDATE company SET account_manager_id = (SELECT officer_id FROM officer_role WHERE role = 'supervisor')"
                )
            )
        transport = FakeTransport()

        deliver_outbox(office, post(transport), now=builders.NOW)

        with office.database.snapshot() as connection:
            query = text(
                "SELECT email FROM officer JOIN officer_role ON officer_id = officer.id WHERE role = 'supervisor'"
            )
            supervisor = connection.execute(query).scalar_one()
        assert supervisor in {recipient for recipient, _ in transport.sent}
