"""A post office for tests: rows put into the outbox, a transport that answers as told, what left and what is written."""

import asyncio
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import builders
from sqlalchemy import func, select

from notifications.rendering import Renderer
from notifications.retry import Outcome
from notifications.transport import Reply
from workflow import models
from workflow.models.base import table_of
from workflow.operations.deliver_outbox import Post, deliver_outbox
from workflow.store.office import Office

SENT = Reply(Outcome.SENT, "250 2.0.0 kept")
SILENT = Reply(Outcome.IN_DOUBT, "The line broke after the text.")
LATER = Reply(Outcome.TEMPORARY, "451 4.3.0 later")
REFUSED = Reply(Outcome.PERMANENT, "550 5.7.1 not welcome")
DEAD = Reply(Outcome.PERMANENT, "550 5.1.1 no such mailbox", dead_address=True)
HOUR = timedelta(hours=1)

_N = table_of(models.Notification)


@dataclass
class Transport:
    """Keeps what it gets and gives the answers in turn, then good ones; or what a function says of a recipient."""

    answers: Sequence[Reply] | Callable[[str], Reply] = ()
    size: int = 1
    sent: list[tuple[str, bytes]] = field(default_factory=list)
    most_at_once: int = 0
    _now: int = 0

    async def open(self) -> None:
        return

    async def send(self, _sender: str, recipient: str, content: bytes) -> Reply:
        number = len(self.sent)
        self.sent.append((recipient, content))
        self._now += 1
        self.most_at_once = max(self.most_at_once, self._now)
        await asyncio.sleep(0.005)
        self._now -= 1
        if callable(self.answers):
            return self.answers(recipient)
        return self.answers[number] if number < len(self.answers) else SENT

    async def close(self) -> None:
        return

    @property
    def recipients(self) -> list[str]:
        return [recipient for recipient, _ in self.sent]


def deliver(
    office: Office, *answers: Reply, now: datetime = builders.NOW, transport: Transport | None = None, **more: Any
) -> tuple[dict[str, int], Transport]:
    """Run the dispatcher once; return its counts and what left."""
    transport = transport or Transport(answers)
    counts = deliver_outbox(office, Post(transport, Renderer(), "casework@casework.example"), now=now, **more)
    return counts, transport


def a_case(office: Office, **given: Any) -> str:
    """Submit a case and let its own mail go out."""
    staff = builders.people(office)
    reference = builders.submit(office, builders.act(staff.officer), **given)
    deliver(office)
    return reference


_next = iter(range(1, 1_000_000))


def queue(office: Office, reference: str, recipient: str = "", *, now: datetime = builders.NOW, **more: Any) -> int:
    """Put a message that every case can send into the outbox, a reminder unless told otherwise, and return its number."""
    case = builders.case_of(office, reference)
    own = builders.rows_of(office, models.Notification, application_id=case["id"])[0]
    cause = f"planned:{next(_next)}"
    row = {
        "application_id": case["id"],
        "message": "application_received",
        "cause": cause,
        "recipient": recipient or contact_of(office, reference),
        "message_id": f"<{cause.replace(':', '-')}.{recipient.replace(':', '-')}@test.example>",
        "payload": own["payload"],
        "created_at": now,
        "next_try_at": now,
    }
    with office.database.transaction() as transaction:
        result = transaction.connection.execute(_N.insert(), row | more)
        return int(result.inserted_primary_key[0])


def contact_of(office: Office, reference: str) -> str:
    """Return the recipient that the company of a case is."""
    case = builders.case_of(office, reference)
    return f"contact:{builders.rows_of(office, models.Contact, company_id=case['company_id'])[0]['id']}"


def row(office: Office, message: int) -> dict[str, Any]:
    return builders.rows_of(office, models.Notification, id=message)[0]


def attempts(office: Office, message: int) -> list[str]:
    return [one["outcome"] for one in builders.rows_of(office, models.DeliveryAttempt, notification_id=message)]


def tasks(office: Office, **where: Any) -> list[dict[str, Any]]:
    return builders.rows_of(office, models.Task, **where)


def trail(office: Office, kind: str) -> list[dict[str, Any]]:
    """Return the details of the entries of a kind."""
    found = builders.rows_of(office, models.AuditEntry, kind=kind)
    return [json.loads(one["canonical"])["detail"] for one in found]


def statuses(office: Office) -> dict[str, int]:
    with office.database.snapshot() as connection:
        query = select(_N.c.status, func.count()).group_by(_N.c.status)
        return {status: count for status, count in connection.execute(query)}  # noqa: C416  # rows are no pairs to dict()


def message_id(content: bytes) -> str:
    found = re.search(rb"^Message-ID: *(\S+)", content, re.MULTILINE | re.IGNORECASE)
    assert found
    return found[1].decode()
