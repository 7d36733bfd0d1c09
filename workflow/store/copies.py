"""Copies the rows of a database into an empty one, whatever the two are. Knows tables, and nothing of what they mean."""

from sqlalchemy import Connection, Table, select
from sqlmodel import SQLModel

from workflow import models
from workflow.models.base import table_of
from workflow.store import final_rows
from workflow.store.database import Database

_BATCH = 1_000
_LEFT_OUT = frozenset(
    {
        table_of(models.DocumentChunk),  # contents of documents: large, and no row points at them
        table_of(models.Session),  # nobody signs in to a copy
        table_of(models.Credential),
        table_of(models.ApiToken),
        table_of(models.CalendarFeed),
        table_of(models.SignInCount),
    }
)


def copy(source: Database, target: Database) -> None:
    """Copy one consistent state, but for the contents of documents and what proves who people are. The target has the newest schema and no rows."""
    with source.snapshot() as reading, target.transaction() as transaction:
        final_rows.drop(transaction.connection)
        for table in SQLModel.metadata.sorted_tables:
            if table not in _LEFT_OUT:
                _copy(table, reading, transaction.connection)
        final_rows.create(transaction.connection)


def _copy(table: Table, reading: Connection, writing: Connection) -> None:
    """Rows go by key, so that one that names an earlier row of its own table comes after it."""
    query = select(table).order_by(*table.primary_key).execution_options(yield_per=_BATCH)
    for batch in reading.execute(query).mappings().partitions():
        writing.execute(table.insert(), [dict(row) for row in batch])
