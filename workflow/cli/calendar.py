"""`aeo calendar`: everything the clock will do."""

import csv
import sys
from collections.abc import Sequence
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from workflow import inputs
from workflow.cli.shared import As, Json, command, opened, show, table, viewer_of
from workflow.errors import BadInput
from workflow.reports.calendar import as_ics
from workflow.reports.calendar import calendar as planned
from workflow.reports.trail.table import safe
from workflow.store import people

app = command()
_COLUMNS = ("due_on", "application", "company_name", "rule", "audience", "message", "status")
_CSV = (
    "due_on", "due_at", "time_zone", "application", "company_name", "certificate", "valid_from", "valid_until", "rule",
    "audience", "message", "status", "outcome",
)  # fmt: skip


@app.command(help="Everything the clock will do between two days.")
def calendar(
    first: Annotated[str, typer.Option("--from", help="The first day, 2026-11-22.")],
    last: Annotated[str, typer.Option("--to", help="The last day.")],
    format_: Annotated[str, typer.Option("--format", help="table, csv, json or ics.")] = "table",
    account_manager: Annotated[str, typer.Option(help="Only the portfolio of this account manager.")] = "",
    application: Annotated[str, typer.Option(help="Only this case.")] = "",
    as_: As = "",
    json: Json = False,
) -> None:
    format_ = inputs.one_of(format_, ("table", "csv", "json", "ics"), "The format")
    begin, end = inputs.day(first, "--from"), inputs.day(last, "--to")
    if end < begin:
        raise BadInput("DATE_ORDER", f"--to {end} is before --from {begin}. Exchange them.")
    with opened() as installation:
        viewer = viewer_of(installation, as_)
        with installation.office.database.snapshot() as connection:
            manager = people.by_email(connection, account_manager).id if account_manager else ""
            rows = planned(
                connection,
                installation.office,
                viewer=viewer,
                first=begin,
                last=end,
                account_manager_id=manager,
                reference=application,
            )
    if json or format_ == "json":
        show(rows, as_json=True)
    elif format_ == "csv":
        _write(rows)
    elif format_ == "ics":
        name = f"AEO Casework: {application or account_manager or 'every case'}"
        typer.echo(as_ics(name, rows), nl=False)
    else:
        table(rows, _COLUMNS, as_json=False, empty="The clock owes nothing between these days.")


def _write(rows: Sequence[dict[str, Any]]) -> None:
    """Print rows for a spreadsheet: instants in the zone that the row names, nothing that it would run."""
    writer = csv.writer(sys.stdout)
    writer.writerow(_CSV)
    for row in rows:
        cells = row | {"due_at": row["due_at"].astimezone(ZoneInfo(row["time_zone"])).isoformat()}
        writer.writerow([safe("" if cells[column] is None else str(cells[column])) for column in _CSV])
