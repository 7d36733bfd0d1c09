"""At which revision a database is, and which one this program needs; light, because every command asks.

`schema.py` does the migrating. A test compares HEAD with the newest migration.
"""

from sqlalchemy import Engine, inspect, text

HEAD = "retention_20261125"


def current(engine: Engine) -> str | None:
    """Return the revision a database is at, or None when it has no schema."""
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
        return None if found is None else str(found)
