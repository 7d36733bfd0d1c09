"""`aeo calendar`: everything the clock will do."""

import csv
import sys
from typing import Annotated

import typer

from workflow import inputs
from workflow.cli.shared import Json, command, opened, show, table
from workflow.errors import BadInput
from workflow.reports.calendar import calendar as planned
from workflow.store import people

app = command()
_COLUMNS = ("due_on", "application", "company_name", "rule", "audience", "message", "status")


@app.command(help="Everything the clock will do between two days.")
def calendar(
    first: Annotated[str, typer.Option("--from", help="The first day, 2026-11-22.")],
    last: Annotated[str, typer.Option("--to", help="The last day.")],
    format_: Annotated[str, typer.Option("--format", help="table, csv or json.")] = "table",
    account_manager: Annotated[str, typer.Option(help="Only the portfolio of this account manager.")] = "",
    application: Annotated[str, typer.Option(help="Only this case.")] = "",
    json: Json = False,
) -> None:
    format_ = inputs.one_of(format_, ("table", "csv", "json"), "The format")
    begin, end = inputs.day(first, "--from"), inputs.day(last, "--to")
    if end < begin:
        raise BadInput("DATE_ORDER", f"--to {end} is before --from {begin}. Exchange them.")
    with opened() as installation, installation.office.database.snapshot() as connection:
        manager = people.by_email(connection, account_manager).id if account_manager else ""
        rows = planned(
            connection, installation.office, first=begin, last=end, account_manager_id=manager, reference=application
        )
    if json or format_ == "json":
        show(rows, as_json=True)
    elif format_ == "csv":
        writer = csv.DictWriter(sys.stdout, [*rows[0]] if rows else list(_COLUMNS))
        writer.writeheader()
        writer.writerows(rows)
    else:
        table(rows, _COLUMNS, as_json=False, empty="The clock owes nothing between these days.")
