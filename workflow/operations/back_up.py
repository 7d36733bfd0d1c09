"""Backs a database up while work goes on, and restores a backup into an empty place."""

import os
import shutil
import sqlite3
import subprocess
from pathlib import Path
from typing import cast

from sqlalchemy import create_engine, inspect, make_url

from workflow.errors import BadInput, Unavailable
from workflow.store import engines
from workflow.store.database import Database

_SQLITE = b"SQLite format 3\x00"


def back_up(database: Database, file: Path) -> None:
    """Write a consistent copy. Raises BadInput when the file exists, Unavailable when it cannot be written."""
    if file.exists():
        raise BadInput("FILE_EXISTS", f"{file} exists already. Name a new file, so that no backup is lost.")
    part = file.with_name(file.name + ".part")
    if database.is_sqlite:
        part.unlink(missing_ok=True)
        with database.reader.connect() as connection:
            source = cast(sqlite3.Connection, connection.connection.driver_connection)
            target = sqlite3.connect(part)
            try:
                source.backup(target)
            finally:
                target.close()
    else:
        _run(
            "pg_dump", database.writer.url.render_as_string(hide_password=False), ["--format=custom", f"--file={part}"]
        )
    part.replace(file)


def restore(url: str, file: Path) -> None:
    """Restore a backup. Raises BadInput when it is none, or when a database is there already."""
    parsed = engines.parse(url)
    if not file.is_file():
        raise BadInput("NO_FILE", f"There is no backup {file}. Check its name.")
    path = engines.sqlite_path(parsed)
    if path is None:
        _restore_postgresql(parsed.render_as_string(hide_password=False), file)
        return
    if path.exists():
        raise BadInput(
            "DATABASE_EXISTS", f"There is a database at {path}. Move it away first; it is never overwritten."
        )
    with file.open("rb") as source:
        if source.read(len(_SQLITE)) != _SQLITE:
            raise BadInput("NOT_A_BACKUP", f"{file} is not a backup of this kind of database.")
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, path)


def _restore_postgresql(url: str, file: Path) -> None:
    engine = create_engine(url)
    try:
        if inspect(engine).get_table_names():
            raise BadInput("DATABASE_EXISTS", "The database is not empty. Restore into an empty one.")
    finally:
        engine.dispose()
    _run("pg_restore", url, ["--no-owner", "--exit-on-error", str(file)])


def _run(program: str, url: str, arguments: list[str]) -> None:
    """Run PostgreSQL's own tool; it must be at least as new as the server."""
    command = shutil.which(program)
    if command is None:
        raise Unavailable(
            "NO_TOOL", f"{program} is needed for PostgreSQL. Install the PostgreSQL client (Debian: postgresql-client)."
        )
    address = make_url(url).set(drivername="postgresql")
    # The password goes through the environment: arguments can be read by everybody on the machine.
    environment = os.environ | ({"PGPASSWORD": str(address.password)} if address.password else {})
    target = f"--dbname={address._replace(password=None).render_as_string()}"
    done = subprocess.run([command, target, *arguments], env=environment, capture_output=True, text=True, check=False)  # noqa: S603  # our own arguments
    if done.returncode:
        raise Unavailable(
            "TOOL_FAILED",
            f"{program} failed: {done.stderr.strip().splitlines()[-1][:300] if done.stderr else 'no reason given'}.",
        )
