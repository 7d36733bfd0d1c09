"""P1: a durable transition, one client: ours through advance_application, beside a floor written by hand.

Both start the review of prepared cases in one database, in rounds that alternate and swap who goes first.
"""

import platform
import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from statistics import median
from time import perf_counter

from sqlalchemy import URL, Connection, func, select

from bench.databases import database_url
from bench.floor import Floor, RawPostgresql, RawSqlite
from states.dates import local_day
from states.definition import Programme
from states.facts import Person
from states.loader import load_programme
from states.terms import service_target
from workflow import models
from workflow.decisions.outcome import Act, Done
from workflow.models.base import table_of
from workflow.operations.advance_application import advance_application
from workflow.store import calendar, editions, engines, schema
from workflow.store.database import Database
from workflow.store.editions import Editions
from workflow.store.office import Office

NOT_MEASURED = "Not measured yet: the peers django-fsm-2 + django-fsm-log and DBOS, and eight clients (P2)."

STP = Path(__file__).resolve().parents[1] / "states" / "programmes" / "stp.toml"
_ORIGIN = "bench.invalid"
_OFFICER = Person("p-01", "Adeline Goh", frozenset({"officer"}))
_WARM_UP = 40

Start = Callable[[str], None]


def run(kind: str, *, rounds: int, each: int, seed: int) -> None:
    """Measure on one database and print what was found."""
    programme = load_programme(STP.read_text(encoding="utf-8"), file=STP.name)
    with database_url(kind) as url, open_office(url) as office:
        how_many = 2 * (rounds * each + _WARM_UP)
        with office.database.transaction() as transaction:
            references = _prepare(transaction.connection, programme, how_many)
        with office.database.writer.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            if kind == "postgresql":
                connection.exec_driver_sql("ANALYZE")  # as autovacuum would, had it time
        dice = random.Random(seed)  # noqa: S311  # which cases fall to whom; nothing secret
        dice.shuffle(references)
        with _floor(url, programme) as floor:
            speeds = _measure(floor, _ours(office), references, dice, rounds=rounds, each=each)
        _same_work(office, how_many)
        _print(kind, office, speeds, rounds=rounds, each=each, seed=seed)


@contextmanager
def open_office(url: URL) -> Iterator[Office]:
    path = engines.sqlite_path(url)
    lock_file = path.with_name(path.name + ".lock") if path else None
    database = Database(engines.writer(url), engines.reader(url), lock_file)
    try:
        schema.upgrade(database.writer)
        if weak := engines.weak_durability(database.writer):
            raise RuntimeError(f"Not comparable: {', '.join(weak)}.")
        yield Office(database, Editions(), _ORIGIN, "salt")
    finally:
        database.close()


@contextmanager
def _floor(url: URL, programme: Programme) -> Iterator[Start]:
    today = local_day(datetime.now(UTC), programme.time_zone)
    raw = (
        RawSqlite(url.database or "")
        if url.get_backend_name() == "sqlite"
        else RawPostgresql(url.set(drivername="postgresql").render_as_string(hide_password=False))
    )
    try:
        yield Floor(raw, programme, _ORIGIN, _OFFICER.id, service_target(programme, today) or today).start_review
    finally:
        raw.close()


def _ours(office: Office) -> Start:
    def start(reference: str) -> None:
        act = Act(_OFFICER, "bench", datetime.now(UTC))
        outcome = advance_application(office, reference=reference, trigger="start_review", act=act)
        if not isinstance(outcome, Done):
            raise TypeError(str(outcome))

    return start


def _measure(
    floor: Start, ours: Start, references: list[str], dice: random.Random, *, rounds: int, each: int
) -> list[tuple[float, float]]:
    """Return (floor, ours) per second of each round."""
    waiting = iter(references)

    def per_second(start: Start, how_many: int) -> float:
        batch = [next(waiting) for _ in range(how_many)]
        began = perf_counter()
        for reference in batch:
            start(reference)
        return how_many / (perf_counter() - began)

    per_second(floor, _WARM_UP)
    per_second(ours, _WARM_UP)
    floor_first = dice.random() < 0.5
    speeds = []
    for _ in range(rounds):
        if floor_first:
            of_floor, of_ours = per_second(floor, each), per_second(ours, each)
        else:
            of_ours, of_floor = per_second(ours, each), per_second(floor, each)
        speeds.append((of_floor, of_ours))
        floor_first = not floor_first
    return speeds


def _same_work(office: Office, how_many: int) -> None:
    """Refuse to report when a transition of either left something out."""
    moved = table_of(models.Application).c.state == "checklist_review"
    with office.database.snapshot() as connection:
        counts = [
            connection.execute(select(func.count()).select_from(table_of(model))).scalar_one()
            for model in (models.AuditEntry, models.Decision, models.Notification)
        ]
        counts.append(connection.execute(select(func.count()).where(moved)).scalar_one())
    if counts != [how_many] * 4:
        raise RuntimeError(f"{how_many} transitions wrote {counts} entries, decisions, messages and new states.")


def _print(kind: str, office: Office, speeds: list[tuple[float, float]], *, rounds: int, each: int, seed: int) -> None:
    ratios = [ours / floor for floor, ours in speeds]
    if kind == "sqlite":
        server = f"SQLite {sqlite3.sqlite_version} (WAL, synchronous=FULL)"
    else:
        with office.database.snapshot() as connection:
            number = connection.exec_driver_sql("SHOW server_version").scalar_one()
        server = f"PostgreSQL {number} (fsync on), psycopg {version('psycopg')}"
    print(f"P1 a durable transition, one client, {server}")
    print(f"   floor  {median(floor for floor, _ in speeds):8,.0f} per second (median of {rounds} rounds)")
    print(f"   ours   {median(ours for _, ours in speeds):8,.0f} per second")
    print(f"   ratio  {median(ratios):8.2f} (median; {min(ratios):.2f} to {max(ratios):.2f})")
    print(
        f"   n = {rounds} x {each} each, seed {seed}; "
        f"Python {platform.python_version()}, SQLAlchemy {version('sqlalchemy')}"
    )


def _prepare(connection: Connection, programme: Programme, how_many: int) -> list[str]:
    """Insert what an installation holds, and submitted cases with a complete pack and one contact each."""
    now = datetime.now(UTC) - timedelta(days=1)
    editions.install(connection, programme, now=now)
    calendar.fill(connection)
    person = {"id": _OFFICER.id, "email": "adeline.goh@customs.example", "name": _OFFICER.name}
    connection.execute(table_of(models.Officer).insert(), person | {"active": True, "created_at": now})
    connection.execute(table_of(models.OfficerRole).insert(), {"officer_id": _OFFICER.id, "role": "officer"})
    state = programme.state_by_name[programme.initial]
    numbers = range(1, how_many + 1)
    references = [f"{programme.code}-{now.year}-{n:06d}" for n in numbers]
    company = {"scheme": "SG-UEN", "name": "Quillhaven Logistics Pte. Ltd.", "check_letter_reason": ""}
    case = {
        "programme": programme.code,
        "edition": programme.edition,
        "state": state.name,
        "state_kind": state.kind,
        "state_since": now,
        "cycle": 1,
        "version": 1,
        "channel": "counter",
        "received_on": local_day(now, programme.time_zone),
        "submitted_at": now,
        "decided_at": now,
        "decision_no": 0,
        "case_seq": 0,
        "next_step": state.next_step,
        "waits_for": state.waits_for,
    }
    document = {"cycle": 1, "version": 1, "media_type": "application/pdf", "size": 100, "sha256": "0" * 64}
    document |= {"added_by": _OFFICER.id, "added_at": now}
    kinds = [d.kind for d in programme.documents if d.mandatory]
    for model, rows in (
        (models.Company, [company | {"id": n, "identifier": f"2018{n:05d}X", "created_at": now} for n in numbers]),
        (models.Contact, [{"company_id": n, "email": f"trade{n}@quillhaven.example", "name": ""} for n in numbers]),
        (
            models.Application,
            [
                case | {"id": n, "reference": reference, "company_id": n, "live_key": f"{n}:{programme.code}"}
                for n, reference in zip(numbers, references, strict=True)
            ],
        ),
        (
            models.Document,
            [document | {"application_id": n, "kind": k, "filename": f"{k}.pdf"} for n in numbers for k in kinds],
        ),
    ):
        connection.execute(table_of(model).insert(), rows)
    return references
