"""`aeo task`: what waits for a person."""

from typing import Annotated

import typer

from workflow import inputs
from workflow.cli.shared import As, Json, act_of, finish, group, opened, table, viewer_of
from workflow.models.officer import ROLES
from workflow.operations.close_task import close_task
from workflow.reports.tasks import open_tasks

app = group("What waits for a person.")


@app.command("list")
def list_(
    role: Annotated[str, typer.Option(help=f"One of {', '.join(ROLES)}; default: all.")] = "",
    as_: As = "",
    json: Json = False,
) -> None:
    """List open tasks, oldest first."""
    role = inputs.one_of(role, ROLES, "The role") if role else ""
    with opened() as installation:
        viewer = viewer_of(installation, as_)
        with installation.office.database.snapshot() as connection:
            rows = open_tasks(connection, viewer=viewer, role=role)
    table(rows, ("id", "role", "application", "sentence", "created_at"), as_json=json, empty="No task is open.")


@app.command()
def close(
    task: Annotated[int, typer.Argument(metavar="ID", help="The task's number, from `aeo task list`.")],
    outcome: Annotated[str, typer.Option(help="What was done.")],
    posted_on: Annotated[str, typer.Option(help="For a letter: the day it was posted, 2027-03-27.")] = "",
    as_: As = "",
    json: Json = False,
) -> None:
    """Close a task; a letter needs the day it was posted."""
    with opened() as installation:
        done = close_task(
            installation.office,
            task_id=task,
            outcome=outcome,
            posted_on=inputs.day(posted_on, "--posted-on") if posted_on else None,
            act=act_of(installation, as_),
        )
        finish(done, as_json=json)
