"""The unit of work: one operation, one transaction. Knows locking and commit, and nothing of cases."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from workflow.errors import Unavailable


class Transaction:
    """One transaction for writing: Core statements on `connection`, people's entities through `session`."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._session: Session | None = None

    @property
    def session(self) -> Session:
        """A session on the same connection, made on first use."""
        if self._session is None:
            self._session = Session(bind=self.connection, expire_on_commit=False)
        return self._session

    def flush(self) -> None:
        """Send what the session holds, so that Core statements see it."""
        if self._session is not None:
            self._session.flush()


class Database:
    """The database behind one writing and one reading engine."""

    def __init__(self, writer: Engine, reader: Engine, lock_file: Path | None) -> None:
        self.writer = writer
        self.reader = reader
        self._lock_file = lock_file

    @property
    def is_sqlite(self) -> bool:
        return self.writer.dialect.name == "sqlite"

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Commit what the block did, or nothing of it. Raises Unavailable when the database cannot be reached."""
        with _reachable(), self._turn(), self.writer.connect() as connection, connection.begin():
            transaction = Transaction(connection)
            yield transaction
            transaction.flush()

    @contextmanager
    def rehearsal(self) -> Iterator[Transaction]:
        """Run a block for real and undo it: what a dry run is."""
        with _reachable(), self._turn(), self.writer.connect() as connection, connection.begin() as outer:
            yield Transaction(connection)
            outer.rollback()

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """Read one consistent state of the database; writing is refused by the database itself."""
        with _reachable(), self.reader.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def whole(self) -> Iterator["Database"]:
        """Yield a database whose transactions all belong to one: what the block did is there as a whole, or not at all."""
        with self.transaction() as outer:
            yield _Within(self, outer.connection)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """On SQLite take the file lock: without it, processes that retry starve each other."""
        if self._lock_file is None:
            yield
            return
        handle = os.open(self._lock_file, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)  # also lets the lock go

    def close(self) -> None:
        self.writer.dispose()
        self.reader.dispose()


class _Within(Database):
    """A database inside an open transaction: it reads what is not committed yet, and commits nothing itself."""

    def __init__(self, database: Database, connection: Connection) -> None:
        super().__init__(database.writer, database.reader, None)
        self._connection = connection

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        with self._connection.begin_nested():
            transaction = Transaction(self._connection)
            yield transaction
            transaction.flush()

    @contextmanager
    def rehearsal(self) -> Iterator[Transaction]:
        with self._connection.begin_nested() as nested:
            yield Transaction(self._connection)
            nested.rollback()

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        yield self._connection


@contextmanager
def _reachable() -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        cause = str(error.orig).strip().splitlines()[0] if error.orig else "no answer"
        raise Unavailable(
            "DATABASE",
            f"The database does not answer as it should: {cause}. Nothing was done; check it with `aeo db check`.",
        ) from error
