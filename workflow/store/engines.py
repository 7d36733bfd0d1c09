"""Engines for the two databases, set so that what is committed stays. Built by bootstrap only; knows no tables."""

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from workflow.errors import Unavailable

_BUSY_MS = 30_000


def parse(url: str) -> URL:
    """Return the parsed address of one of the two supported databases. Raises Unavailable for any other."""
    try:
        parsed = make_url(url)
    except Exception as error:
        raise Unavailable(
            "DATABASE_URL", "AEO_DATABASE_URL is not a database address; write sqlite:///path."
        ) from error
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        return parsed
    if parsed.drivername == "postgresql+psycopg":
        return parsed
    raise Unavailable(
        "DATABASE_URL",
        f"AEO_DATABASE_URL names {parsed.drivername}; write sqlite:///path or postgresql+psycopg://user@host/name.",
    )


def sqlite_path(url: URL) -> Path | None:
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None


def writer(url: URL, *, durable: bool = True) -> Engine:
    """Return the engine for writing: one connection on SQLite, a pool on PostgreSQL.

    Only a scratch copy, which nobody relies upon, is not durable: it never waits for the disk.
    """
    if url.get_backend_name() != "sqlite":
        return create_engine(url, pool_size=10, max_overflow=10, pool_timeout=30)
    engine = create_engine(
        url,
        poolclass=QueuePool,
        pool_size=1,
        max_overflow=0,
        pool_timeout=60,
        connect_args={"isolation_level": None, "check_same_thread": False},
    )
    event.listen(engine, "connect", _prepare_sqlite_writer)
    if not durable:
        event.listen(engine, "connect", _wait_for_no_disk)
    _begin_with(engine, "BEGIN IMMEDIATE")
    return engine


def reader(url: URL) -> Engine:
    """Return the engine for reading: it cannot write, and one transaction sees one snapshot."""
    if url.get_backend_name() != "sqlite":
        return create_engine(
            url,
            pool_size=10,
            max_overflow=30,
            isolation_level="REPEATABLE READ",
            connect_args={"options": "-c default_transaction_read_only=on"},
        )
    path = Path(url.database or "").absolute()

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"{path.as_uri()}?mode=ro", uri=True, isolation_level=None, check_same_thread=False
        )
        connection.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
        return connection

    engine = create_engine("sqlite://", creator=connect, poolclass=QueuePool, pool_size=10, max_overflow=30)
    _begin_with(engine, "BEGIN")
    return engine


def _prepare_sqlite_writer(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    for pragma in (f"busy_timeout={_BUSY_MS}", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _wait_for_no_disk(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous=OFF")
    cursor.close()


def _begin_with(engine: Engine, statement: str) -> None:
    """Say how a transaction begins: the driver opens none before a SELECT, and then updates are lost.

    Through the dialect's own hook; an event listener would cost every statement a look at the list of listeners.
    """

    def begin(connection: Any) -> None:
        connection.execute(statement)

    setattr(engine.dialect, "do_begin", begin)  # noqa: B010  # the hook is a method of the dialect


_SQLITE_FULL = 2


def weak_durability(engine: Engine) -> list[str]:
    """Read back the settings that decide whether a commit survives a crash; return what is weaker than needed."""
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            journal = connection.exec_driver_sql("PRAGMA journal_mode").scalar_one()
            synchronous = connection.exec_driver_sql("PRAGMA synchronous").scalar_one()
            return [
                *([] if journal == "wal" else [f"journal_mode is {journal}, wal is needed"]),
                *(
                    []
                    if synchronous >= _SQLITE_FULL
                    else [f"synchronous is {synchronous}, {_SQLITE_FULL} (FULL) is needed"]
                ),
            ]
        settings = {
            name: connection.exec_driver_sql(f"SHOW {name}").scalar_one()
            for name in ("fsync", "full_page_writes", "synchronous_commit")
        }
        return [f"{name} is off" for name, value in settings.items() if value == "off"]
