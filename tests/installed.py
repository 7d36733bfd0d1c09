"""An installation as bootstrap opens one, for fixtures and for processes that tests start."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from sqlalchemy import URL, create_engine, text

from workflow.store import engines
from workflow.store.database import Database
from workflow.store.editions import Editions
from workflow.store.office import Office

BOTH = ("sqlite", "postgresql")


class MakeUrl(Protocol):
    """Makes a database of a kind: as an installation is or a template of the same kind was, or empty."""

    def __call__(self, kind: str, filled: bool, template: str = "") -> URL: ...


@contextmanager
def opened(url: URL) -> Iterator[Office]:
    """Open an installation, as bootstrap does, and close it."""
    path = engines.sqlite_path(url)
    lock_file = path.with_suffix(".lock") if path else None
    database = Database(engines.writer(url), engines.reader(url), lock_file)
    try:
        yield Office(database, Editions(), origin="test.example", salt="s")
    finally:
        database.close()


def run_on(url: URL, *statements: str) -> None:
    """Execute statements that no transaction may hold, such as those that make databases."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()
