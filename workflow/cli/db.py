"""`aeo db`: set up, check, back up, restore."""

from pathlib import Path
from typing import Annotated

import typer

from workflow import bootstrap
from workflow.cli.shared import Json, group, leave, show
from workflow.operations import back_up
from workflow.settings import read_settings

app = group("Set up, check, back up and restore the database.")


@app.command()
def upgrade(json: Json = False) -> None:
    """Bring the database to the newest schema, making it when there is none."""
    settings = read_settings()
    made = bootstrap.upgrade(settings)
    sentence = f"The database is ready at {settings.table_value('database_url')}."
    words = f"{sentence} Made: {'; '.join(made)}." if made else f"{sentence} Nothing was missing."
    show({"made": made} if json else words, as_json=json)


@app.command()
def check(json: Json = False) -> None:
    """Check schema, protection of final rows and durability settings; exit 1 when something does not hold."""
    settings = read_settings()
    database = bootstrap.connect(settings)
    try:
        problems = bootstrap.unsound(database, settings)
    finally:
        database.close()
    words = "\n".join(problems) or "Everything holds: schema, final rows, durability."
    show({"problems": problems} if json else words, as_json=json)
    if problems:
        leave(1)


@app.command()
def backup(file: Annotated[Path, typer.Argument(help="The file to write.")], json: Json = False) -> None:
    """Write a consistent copy while work goes on."""
    settings = read_settings()
    database = bootstrap.connect(settings)
    try:
        back_up.back_up(database, file)
    finally:
        database.close()
    words = f"The backup is in {file} ({file.stat().st_size:,} bytes)."
    show({"file": str(file), "bytes": file.stat().st_size} if json else words, as_json=json)


@app.command()
def restore(file: Annotated[Path, typer.Argument(help="A backup.")], json: Json = False) -> None:
    """Restore a backup into an empty place; an existing database is never overwritten."""
    settings = read_settings()
    back_up.restore(settings.database, file)
    bootstrap.upgrade(settings)
    show({"restored": str(file)} if json else f"{file} is restored. Check it with `aeo db check`.", as_json=json)
