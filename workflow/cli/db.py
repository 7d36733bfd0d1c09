"""`aeo db`: set up, check, back up, restore."""

from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from workflow import bootstrap
from workflow.cli.progress import counting
from workflow.cli.shared import Json, group, leave, show
from workflow.errors import Unavailable
from workflow.operations import back_up
from workflow.operations.seal_log import check_signed
from workflow.reports.log_replay import replay
from workflow.settings import Settings, read_settings
from workflow.store.database import Database
from workflow.store.editions import Editions
from workflow.store.signing import signer_of

app = group("Set up, check, back up and restore the database.")
_SHOWN = 100  # differences; a forged table may have any number


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
    """Check schema, final rows, durability, and the tables against the log; exit 1 when something does not hold."""
    settings = read_settings()
    database = bootstrap.connect(settings)
    try:
        problems = bootstrap.unsound(database, settings)
        if bootstrap.is_current(database):  # also without its triggers: that is when it is needed most
            problems += _against_the_log(database, quiet=json) + _against_what_was_signed(database, settings)
    finally:
        database.close()
    words = (
        "\n".join(problems)
        or "Everything holds: schema, final rows, durability; and the log, what was signed, and what the log tells of "
        "cases, decisions, certificates, documents, recommendations, holds, disposals, roles, editions and holidays."
    )
    show({"problems": problems} if json else words, as_json=json)
    if problems:
        leave(1)


def _against_the_log(database: Database, *, quiet: bool) -> list[str]:
    with database.snapshot() as connection, counting("Entries", quiet=quiet) as progress:
        found = replay(connection, Editions(), progress=progress)
        sentences = [difference.sentence for difference in islice(found, _SHOWN)]
        more = sum(1 for _ in found)
    return sentences + ([f"{more:,} more differences between tables and log."] if more else [])


def _against_what_was_signed(database: Database, settings: Settings) -> list[str]:
    """After an older backup the tables agree with one another, and not with what was signed here."""
    try:
        signer = signer_of(settings.key, settings.data_dir)
    except Unavailable:
        return []  # the key is elsewhere, and what it signed too
    try:
        with database.snapshot() as connection:
            check_signed(connection, signer)
    except Unavailable as error:
        return [error.sentence]
    return []


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
    words = (
        f"{file} is restored. Check it with `aeo db check`: it says so where the backup is older than what was signed."
    )
    show({"restored": str(file)} if json else words, as_json=json)
