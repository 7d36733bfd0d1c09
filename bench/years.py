"""P9: three years of a register, simulated day by day: sweep, delivery, and the proof that nothing was missed.

Mail is composed and handed to a transport that keeps nothing, so that the disk of a mailbox is not what is measured.
"""

import platform
import tempfile
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from time import perf_counter

from sqlalchemy import URL

from bench import fleet
from bench.transition import STP, open_office
from notifications.rendering import Renderer
from notifications.retry import Outcome
from notifications.transport import Reply
from states.loader import load_programme
from workflow.operations.deliver_outbox import Post
from workflow.operations.simulate import Span, simulate
from workflow.store import calendar, editions

_BEGIN = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)  # noon in Singapore
_DAYS = 3 * 365 + 1


@dataclass
class Nowhere:
    """A transport that takes everything and keeps nothing."""

    size: int = 4
    taken: int = 0

    async def open(self) -> None:
        return

    async def send(self, sender: str, recipient: str, content: bytes) -> Reply:  # noqa: ARG002  # the port's shape
        self.taken += 1
        return Reply(Outcome.SENT, "250 OK")

    async def close(self) -> None:
        return


def run(*, certificates: int) -> None:
    """Simulate and print what was found."""
    programme = load_programme(STP.read_text(encoding="utf-8"), file=STP.name)
    with tempfile.TemporaryDirectory(prefix="aeo-bench-") as folder:
        url = URL.create("sqlite", database=str(Path(folder) / "years.db"))
        with open_office(url) as office:
            with office.database.transaction() as transaction:
                connection = transaction.connection
                editions.install(connection, programme, now=_BEGIN)
                calendar.fill(connection)
                fleet.staff(connection, _BEGIN)
                whole = fleet.Fleet(certificates, date(2023, 11, 24), date(2026, 11, 20))
                fleet.launch(connection, programme, whole, now=_BEGIN - timedelta(hours=12))
            transport = Nowhere()
            post = Post(transport, Renderer(), "casework@casework.example")
            span = Span(_BEGIN, _BEGIN + timedelta(days=_DAYS - 1))
            began = perf_counter()
            summary = simulate(office, post, span, tell=lambda _: None)
            took = perf_counter() - began
    print(f"P9 three years of {certificates:,} certificates, SQLite")
    print(f"   {_DAYS / took:8.1f} simulated days per second ({took:,.0f} s)")
    print(f"   {transport.taken:8,} mails; {1000 * took / max(1, transport.taken):.2f} ms for each with all around it")
    print(f"   {summary.proof.sentence() if summary.proof else 'Not proven.'}")
    for one in summary.proof.unaccounted[:5] if summary.proof else ():
        print(f"   {one.sentence()}")
    print(f"   n = 1; Python {platform.python_version()}")
