"""`aeo visit`: on-site visits."""

from pathlib import Path
from typing import Annotated

import typer

from workflow import inputs
from workflow.cli.document import read_file
from workflow.cli.shared import As, Json, Reference, act_of, finish, group, opened
from workflow.operations.add_document import checked
from workflow.operations.record_visit import record_visit

app = group("On-site visits.")


@app.callback()
def _group() -> None:
    """On-site visits."""


@app.command()
def record(
    reference: Reference,
    on: Annotated[str, typer.Option(help="The day of the visit, 2026-11-22.")],
    report: Annotated[Path, typer.Option(help="The report's file.")],
    as_: As = "",
    json: Json = False,
) -> None:
    """Record a held visit with its report."""
    with opened() as installation:
        day, act, file = inputs.day(on, "--on"), act_of(installation, as_), checked(report.name, read_file(report))
        finish(record_visit(installation.office, reference=reference, held_on=day, report=file, act=act), as_json=json)
