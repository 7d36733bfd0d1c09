"""`aeo company`: the company register."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from workflow.cli.progress import counting
from workflow.cli.shared import As, Json, group, opened, operator_act, show
from workflow.operations.import_register import import_register

app = group("The company register.")


@app.callback()
def _group() -> None:
    """The company register."""


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="A CSV file in the ACRA open-data layout.")],
    rejects: Annotated[Path | None, typer.Option(help="Where bad rows go; default: FILE.rejects.csv.")] = None,
    as_: As = "",
    json: Json = False,
) -> None:
    """Import the register into the reference table; running it again changes nothing."""
    with opened() as installation, counting("Rows read", quiet=json) as progress:
        act = operator_act(installation, as_)
        result = import_register(installation.office, file=file, rejects=rejects, act=act, progress=progress)
    words = (
        f"{result.read} rows read: {result.added} added, {result.changed} changed, {result.unchanged} unchanged, "
        f"{result.rejected} rejected{f', see {result.rejects}' if result.rejects else ''}."
    )
    show(asdict(result) if json else words, as_json=json)
