"""`aeo visit`: visits, planned and held."""

from pathlib import Path
from typing import Annotated

import typer

from workflow import inputs
from workflow.cli.document import read_file
from workflow.cli.shared import As, Json, Reference, act_of, finish, group, opened, table, viewer_of
from workflow.files import checked
from workflow.operations.plan_visit import plan_visit
from workflow.operations.record_visit import record_visit
from workflow.reports import case_file

app = group("Visits to a company and its sites.")
Site = Annotated[str, typer.Option(help="One site; default: the whole company.")]


@app.command()
def plan(
    reference: Reference,
    on: Annotated[str, typer.Option(help="The day of the visit, today or later.")],
    site: Site = "",
    mode: Annotated[str, typer.Option(help="on_site, virtual or desk.")] = "on_site",
    as_: As = "",
    json: Json = False,
) -> None:
    """Plan a visit."""
    with opened() as installation:
        act, day = act_of(installation, as_), inputs.day(on, "--on")
        done = plan_visit(installation.office, reference=reference, planned_on=day, site=site, mode=mode, act=act)
        finish(done, as_json=json)


@app.command()
def record(
    reference: Reference,
    on: Annotated[str, typer.Option(help="The day of the visit, 2026-11-22.")],
    report: Annotated[Path, typer.Option(help="The report's file.")],
    site: Site = "",
    mode: Annotated[str, typer.Option(help="on_site, virtual or desk; default: as planned.")] = "",
    as_: As = "",
    json: Json = False,
) -> None:
    """Record a held visit with its report; the earliest open plan of the site is then fulfilled."""
    with opened() as installation:
        done = record_visit(
            installation.office,
            reference=reference,
            held_on=inputs.day(on, "--on"),
            act=act_of(installation, as_),
            report=checked(report.name, read_file(report)),
            site=site,
            mode=mode,
        )
        finish(done, as_json=json)


@app.command("list")
def list_(reference: Reference, as_: As = "", json: Json = False) -> None:
    """List every visit of a case, planned or held."""
    with opened() as installation:
        viewer = viewer_of(installation, as_)
        with installation.office.database.snapshot() as connection:
            rows = case_file.visits(connection, reference=reference, viewer=viewer)
    columns = ("id", "cycle", "site", "mode", "planned_on", "held_on", "report", "officer")
    table(rows, columns, as_json=json, empty="No visit is planned or recorded. `aeo visit plan` plans one.")
