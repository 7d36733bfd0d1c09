"""P3: what a worklist and a case page cost as the register grows: time and number of queries, at several sizes.

One process asks the application without a socket, as one officer, on one database after the other; the sizes are
asked in turns within a round, so that a machine that slows down slows all of them down.
"""

import asyncio
import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import Connection, event, select

from bench import fleet
from bench.databases import database_url
from states.facts import Person
from states.loader import load_programme
from workflow import models
from workflow.models.base import table_of
from workflow.settings import Settings
from workflow.store import calendar, editions, engines, schema, search
from workflow.store.database import Database
from workflow.store.editions import Editions
from workflow.store.office import Office
from workflow.store.placing import Rank
from workflow.web.app import create_app
from workflow.web.site import Caller, Site

SIZES = (1_000, 100_000, 1_000_000)
_NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
_TODAY = date(2026, 11, 23)
_OFFICERS = 2  # who share the open cases: so few that the first page of each is full at every size
_OPEN = 10  # one case in so many is under review
_STP = Path(__file__).resolve().parents[1] / "states" / "programmes" / "stp.toml"
_A = table_of(models.Application)
_WORD = table_of(models.SearchWord)
_PAGES = {
    "my work": "/work",
    "the whole team": "/work?view=team",
    "a page further": "/work?view=team&after={after}",
    "every case": "/cases",
    "search": "/cases?find=quillhaven+{n}",
    "case": "/cases/{reference}",
}


def run(kind: str, *, sizes: tuple[int, ...] = SIZES, rounds: int = 15) -> None:
    """Measure and print the growth of each page from the smallest size to the largest."""
    with ExitStack() as stack:
        asked = {size: stack.enter_context(_register(kind, size)) for size in sizes}
        for size in sizes:
            asked[size].warm()
        times: dict[tuple[str, int], list[float]] = {}
        for _ in range(rounds):
            for name in _PAGES:
                for size in sizes:
                    times.setdefault((name, size), []).append(asked[size].seconds(name))
        print(
            f"P3 on {kind}: milliseconds (median of {rounds}) and queries at {', '.join(f'{s:,}' for s in sizes)} cases"
        )
        for name in _PAGES:
            medians = [1_000 * statistics.median(times[name, size]) for size in sizes]
            queries = [asked[size].queries(name) for size in sizes]
            told = "  ".join(f"{median:7.1f}" for median in medians)
            print(f"  {name:<16} {told}   grows {medians[-1] / medians[0]:.2f} x   queries {queries}")


class _Asked:
    """One register behind the application."""

    def __init__(self, office: Office, person: Person, words: dict[str, str]) -> None:
        caller = Caller(person, "officer@customs.example", "bench", csrf="x")
        site = Site(office, lambda: _NOW, list, lambda _: caller, "key", Settings())
        self._office, self._words = office, words
        self._transport = httpx.ASGITransport(create_app(site))

    def warm(self) -> None:
        for name in _PAGES:
            self._get(name)

    def seconds(self, name: str) -> float:
        begin = time.perf_counter()
        self._get(name)
        return time.perf_counter() - begin

    def queries(self, name: str) -> int:
        found: list[str] = []
        listen = lambda *given: found.append(given[2])  # noqa: E731
        event.listen(self._office.database.reader, "before_cursor_execute", listen)
        self._get(name)
        event.remove(self._office.database.reader, "before_cursor_execute", listen)
        return len(found)

    def _get(self, name: str) -> None:
        async def asked() -> httpx.Response:
            async with httpx.AsyncClient(transport=self._transport, base_url="https://localhost") as client:
                return await client.get(_PAGES[name].format(**self._words))

        answer = asyncio.run(asked())
        assert answer.status_code == 200, f"{name}: {answer.status_code}"


@contextmanager
def _register(kind: str, size: int) -> Iterator[_Asked]:
    """Make a register of a size: certified cases, every tenth under review and shared among officers."""
    programme = load_programme(_STP.read_text(encoding="utf-8"), file=_STP.name)
    with database_url(kind) as url:
        path = engines.sqlite_path(url)
        database = Database(engines.writer(url), engines.reader(url), path.with_suffix(".lock") if path else None)
        try:
            schema.upgrade(database.writer)
            with database.writer.connect() as connection, connection.begin():
                editions.install(connection, programme, now=_NOW)
                calendar.fill(connection)
                fleet.staff(connection, _NOW)
                person = _officers(connection)
                years = fleet.Fleet(size, _TODAY - timedelta(days=900), _TODAY)
                fleet.launch(connection, programme, years, now=_NOW, settled=False, rules=("T-30",))
                words = _open_cases(connection, size)
                _keep_words(connection)
            with database.writer.connect() as connection:
                connection.exec_driver_sql("ANALYZE")
                connection.commit()
            office = Office(database, Editions(), origin="bench.example", salt="s")
            yield _Asked(office, person, words)
        finally:
            database.close()


def _officers(connection: Connection) -> Person:
    """Give the register officers; return the first."""
    ids = [f"p-officer-{n:02d}" for n in range(_OFFICERS)]
    rows = [
        {"id": i, "email": f"{i}@customs.example", "name": f"Officer {i[-2:]}", "active": True, "created_at": _NOW}
        for i in ids
    ]
    connection.execute(table_of(models.Officer).insert(), rows)
    connection.execute(table_of(models.OfficerRole).insert(), [{"officer_id": i, "role": "officer"} for i in ids])
    return Person(ids[0], "Officer 00", frozenset({"officer"}))


def _open_cases(connection: Connection, size: int) -> dict[str, str]:
    """Put every tenth case under review, with a target day and an officer; return what addresses name."""
    for part in range(min(_OFFICERS * 5, size // _OPEN)):
        day = _TODAY + timedelta(days=part - 60)
        chosen = (_A.c.id % _OPEN == 0, (_A.c.id / _OPEN) % (_OFFICERS * 5) == part)
        if connection.dialect.name == "sqlite":
            chosen = (_A.c.id % _OPEN == 0, (_A.c.id // _OPEN) % (_OFFICERS * 5) == part)
        values: dict[str, Any] = {
            "state": "validation", "state_kind": "review", "waits_for": "officer", "next_step": "Visit, record the band, recommend, decide",
            "certificate_number": None, "valid_from": None, "valid_until": None, "next_due": None, "deadline": day,
            "assignee_id": f"p-officer-{part % _OFFICERS:02d}", "work_rank": int(Rank.OURS), "work_on": day,
        }  # fmt: skip
        connection.execute(_A.update().where(*chosen).values(values))
    ours = select(_A.c.reference, _A.c.id).where(_A.c.work_rank == Rank.OURS).order_by(_A.c.work_on, _A.c.id)
    rows = list(islice(connection.execute(ours), 60))
    return {"reference": rows[0].reference, "after": rows[min(50, len(rows) - 1)].reference, "n": str(rows[0].id)}


def _keep_words(connection: Connection) -> None:
    """Write the words by which cases are found, as submitting does."""
    company = table_of(models.Company)
    query = select(_A.c.id, _A.c.reference, company.c.identifier, company.c.name).join(
        company, company.c.id == _A.c.company_id
    )
    found = iter(connection.execute(query).all())
    while batch := list(islice(found, 20_000)):
        rows = [{"word": word, "application_id": row.id} for row in batch for word in search.words_of(*row[1:])]
        connection.execute(_WORD.insert(), rows)
