"""The rows of a long query a page at a time, in memory that does not grow. Knows no tables."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Select

if TYPE_CHECKING:
    import psycopg

_PAGE = 200  # more rows do not stay in the processor's cache, and fewer are asked for too often


def pages(connection: Connection, query: Select[Any]) -> Iterator[Sequence[Any]]:
    """Yield rows in pages. Until the last one the connection answers nothing else on PostgreSQL."""
    if connection.dialect.name == "postgresql":
        yield from _read_ahead(connection, query)
    else:
        yield from connection.execute(query.execution_options(yield_per=_PAGE)).partitions()


def _read_ahead(connection: Connection, query: Select[Any]) -> Iterator[Sequence[Any]]:
    """Yield rows as the driver's tuples; while a page is worked on, the server reads the next."""
    from psycopg.sql import SQL, Identifier  # noqa: PLC0415  # who uses SQLite does not wait for it

    driver: psycopg.Connection[Any] = connection.connection.driver_connection  # type: ignore[assignment]  # psycopg's
    with closing(connection.execute(query.execution_options(stream_results=True))) as result:
        if (first := result.fetchone()) is None:
            return
        yield [first]  # SQLAlchemy has fetched one row of the cursor and no more
        fetch = SQL("FETCH {} FROM {}").format(_PAGE, Identifier(result.cursor.name))
        with driver.pipeline():
            coming = driver.execute(fetch)
            while page := coming.fetchall():
                coming = driver.execute(fetch)
                yield page
