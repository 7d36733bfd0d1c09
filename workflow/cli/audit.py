"""`aeo audit`: the trail."""

from pathlib import Path
from typing import Annotated

import typer

from states.dates import end_of, start_of
from workflow import inputs
from workflow.cli.progress import counting
from workflow.cli.shared import As, Json, act_of, finish, group, opened
from workflow.operations.export_trail import Wanted, export_trail

app = group("The trail.")
_ZONE = "Asia/Singapore"


@app.callback()
def _group() -> None:
    """The trail."""


@app.command()
def export(
    out: Annotated[Path, typer.Option(help="The file to write.")],
    format_: Annotated[str, typer.Option("--format", help="csv.")] = "csv",
    application: Annotated[str, typer.Option(help="Only this case.")] = "",
    kind: Annotated[str, typer.Option(help="Only entries of this kind.")] = "",
    first: Annotated[str, typer.Option("--from", help="The first day (Singapore).")] = "",
    last: Annotated[str, typer.Option("--to", help="The last day.")] = "",
    as_: As = "",
    json: Json = False,
) -> None:
    """Export the trail; the export is itself in the trail. For auditors and supervisors."""
    inputs.one_of(format_, ("csv",), "The format")
    wanted = Wanted(
        application,
        kind,
        start_of(inputs.day(first, "--from"), _ZONE) if first else None,
        end_of(inputs.day(last, "--to"), _ZONE) if last else None,
    )
    with opened() as installation, counting("Entries", quiet=json) as progress:
        act = act_of(installation, as_)
        finish(export_trail(installation.office, file=out, wanted=wanted, act=act, progress=progress), as_json=json)
