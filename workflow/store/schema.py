"""Brings a database to the newest schema. Knows nothing of what the tables mean; heavy, so imported when needed."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine
from sqlmodel import SQLModel

from workflow.errors import Unavailable
from workflow.store import final_rows

_MIGRATIONS = Path(__file__).parent / "migrations"


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.set_main_option("file_template", "%%(year)d-%%(month).2d-%%(day).2d_%%(slug)s")
    config.attributes["connection"] = connection
    return config


def newest() -> str:
    """Return the newest revision this program knows."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Bring a database to a revision; at the newest one make the triggers of final rows anew."""
    with _migrating(engine) as connection:
        command.upgrade(_config(connection), revision)
        if revision == "head":  # no program works with an older one
            final_rows.create(connection)


def downgrade(engine: Engine, revision: str = "base") -> None:
    with _migrating(engine) as connection:
        command.downgrade(_config(connection), revision)


@contextmanager
def _migrating(engine: Engine) -> Iterator[Connection]:
    """One transaction without the triggers of final rows and, on SQLite, without foreign keys until its end.

    SQLite changes a table by making it anew, which foreign keys would refuse; they are checked before the commit.
    """
    with engine.connect() as connection:
        on_sqlite = connection.dialect.name == "sqlite"
        if on_sqlite:
            connection.connection.execute("PRAGMA foreign_keys = OFF")  # has no effect inside a transaction
        try:
            with connection.begin():
                final_rows.drop(connection)
                yield connection
                if on_sqlite and (broken := connection.exec_driver_sql("PRAGMA foreign_key_check").first()):
                    raise Unavailable(
                        "FOREIGN_KEYS", f"After the migration a row of {broken[0]} names what is not there."
                    )
        finally:
            if on_sqlite:
                connection.connection.execute("PRAGMA foreign_keys = ON")


def write_migration(engine: Engine, message: str) -> None:
    """Write a new migration from the difference between the models and a database, for developers."""
    with engine.connect() as connection, connection.begin():
        command.revision(_config(connection), message=message, autogenerate=True)


def differences(engine: Engine) -> list[object]:
    """Return how the models differ from a database; empty when they agree."""
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, SQLModel.metadata))
