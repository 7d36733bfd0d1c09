"""The whole way of a mail for P5: rows of an outbox are claimed, rendered, composed, sent and settled, trail included."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count

from sqlalchemy import func, select

from bench import fleet
from bench.databases import database_url
from bench.mail import PAYLOAD, SENDER, Letter, Prepare, Send
from bench.transition import STP, open_office
from notifications.rendering import Renderer
from notifications.transport import transport_of
from states.loader import load_programme
from workflow import models
from workflow.models.base import table_of
from workflow.operations.deliver_outbox import Post, deliver_outbox
from workflow.store import calendar, editions
from workflow.store.office import Office

_CONTACT = table_of(models.Contact)
_N = table_of(models.Notification)


@contextmanager
def whole_way(kind: str) -> Iterator[Prepare]:
    """Yield what queues a round's letters in a database of a kind and delivers them as the worker does."""
    programme = load_programme(STP.read_text(encoding="utf-8"), file=STP.name)
    with database_url(kind) as url, open_office(url) as office:
        now = datetime.now(UTC)
        with office.database.transaction() as transaction:
            editions.install(transaction.connection, programme, now=now)
            calendar.fill(transaction.connection)
            fleet.staff(transaction.connection, now)
            begin = (now - timedelta(days=1_020)).date()  # its last months
            fleet.launch(transaction.connection, programme, fleet.Fleet(1, begin, begin), now=now)
        numbers = count(1)
        renderer = Renderer()

        def prepare(port: int, connections: int, letters: Sequence[Letter]) -> Send:
            _queue(office, letters, numbers)
            transport = transport_of(f"smtp://127.0.0.1:{port}?starttls=off&connections={connections}")

            def send() -> None:
                done = deliver_outbox(office, Post(transport, renderer, SENDER), now=datetime.now(UTC))
                if done != {"sent": len(letters)}:
                    raise RuntimeError(f"Of {len(letters)} messages were {done}.")

            return send

        yield prepare


def _queue(office: Office, letters: Sequence[Letter], numbers: Iterator[int]) -> None:
    """Put the letters into the outbox, each to a contact of its own."""
    now = datetime.now(UTC)
    with office.database.transaction() as transaction:
        connection = transaction.connection
        last = connection.execute(select(func.max(_CONTACT.c.id))).scalar_one()
        contacts = [
            {"id": last + n, "company_id": 1, "email": f"{last + n}.{one.recipient}", "name": ""}
            for n, one in enumerate(letters, start=1)
        ]
        connection.execute(_CONTACT.insert(), contacts)
        last_day = connection.execute(select(table_of(models.Application).c.valid_until)).scalar_one()
        true = PAYLOAD | {"valid_until": last_day.isoformat()}  # a reminder goes out only where it is still true
        rows = [
            {
                "message": "renewal_reminder",
                "application_id": 1,
                "cause": f"bench:{next(numbers)}",
                "recipient": f"contact:{contact['id']}",
                "message_id": f"<{contact['id']}.{one.message_id[1:]}",
                "payload": json.dumps(true | {"company_name": one.company}),
                "created_at": now,
                "next_try_at": now,
            }
            for contact, one in zip(contacts, letters, strict=True)
        ]
        connection.execute(_N.insert(), rows)
