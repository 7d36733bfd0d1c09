"""An installation as bootstrap opens one, for fixtures and for processes that tests start."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import URL

from workflow.store import engines
from workflow.store.database import Database
from workflow.store.editions import Editions
from workflow.store.office import Office

MakeUrl = Callable[[str, bool], URL]


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
