"""`aeo holiday`: public holidays that are gazetted or withdrawn after the calendar was computed."""

from datetime import date
from typing import Annotated

import typer

from states.dates import local_day
from workflow import inputs
from workflow.cli.shared import As, Json, act_of, finish, group, opened, table
from workflow.operations.gazette_holiday import gazette_holiday, withdraw_holiday
from workflow.reports.holidays import holidays
from workflow.store.absences import OFFICE_ZONE

app = group("Public holidays.")
Day = Annotated[str, typer.Argument(metavar="DATE", help="The day, 2027-05-20.")]
Zone = Annotated[str, typer.Option(help="Whose calendar: a programme's time zone.")]


@app.command()
def add(
    day: Day,
    name: Annotated[str, typer.Option(help="Its name, such as Polling Day.")],
    zone: Zone = OFFICE_ZONE,
    as_: As = "",
    json: Json = False,
) -> None:
    """Add a public holiday and plan again what was due on it; by an admin. The same command again finishes the work."""
    with opened() as installation:
        act = act_of(installation, as_)
        done = gazette_holiday(installation.office, day=inputs.day(day, "The day"), name=name, zone=zone, act=act)
        finish(done, as_json=json)


@app.command()
def withdraw(
    day: Day,
    reason: Annotated[str, typer.Option(help="Why it is none after all; kept in the trail.")],
    zone: Zone = OFFICE_ZONE,
    as_: As = "",
    json: Json = False,
) -> None:
    """Withdraw a public holiday; a company keeps a deadline that had moved. By an admin."""
    with opened() as installation:
        act = act_of(installation, as_)
        done = withdraw_holiday(installation.office, day=inputs.day(day, "The day"), reason=reason, zone=zone, act=act)
        finish(done, as_json=json)


@app.command("list")
def list_(
    year: Annotated[int | None, typer.Option(min=2000, max=2100, help="Default: this year.")] = None,
    json: Json = False,
) -> None:
    """List the public holidays of a year as they are known now."""
    with opened() as installation, installation.office.database.snapshot() as connection:
        year = year or local_day(installation.clock(), OFFICE_ZONE).year
        rows = holidays(connection, first=date(year, 1, 1), last=date(year, 12, 31))
    columns = ("day", "weekday", "name", "zone", "status", "source", "since")
    table(
        rows, columns, as_json=json, empty=f"No public holidays of {year} are known. Add them with `aeo holiday add`."
    )
