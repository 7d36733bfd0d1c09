"""`aeo action`: corrective actions."""

from typing import Annotated

import typer

from workflow.cli.shared import As, Json, Reference, act_of, finish, group, opened, table, viewer_of
from workflow.operations.close_action import close_action
from workflow.reports import case_file

app = group("Corrective actions of a case.")


@app.command("list")
def list_(reference: Reference, as_: As = "", json: Json = False) -> None:
    """List corrective actions: open ones first, by the day they are due."""
    with opened() as installation:
        viewer = viewer_of(installation, as_)
        with installation.office.database.snapshot() as connection:
            rows = case_file.actions(connection, reference=reference, viewer=viewer)
    columns = ("id", "cycle", "criterion", "site", "due_on", "status", "note")
    table(rows, columns, as_json=json, empty="No corrective action is recorded.")


@app.command()
def close(
    reference: Reference,
    id_: Annotated[int, typer.Argument(metavar="ID", help="The action's number, from `aeo action list`.")],
    evidence: Annotated[str, typer.Option(help="What shows that it is done.")],
    as_: As = "",
    json: Json = False,
) -> None:
    """Close a corrective action with the evidence that it is done."""
    with opened() as installation:
        act = act_of(installation, as_)
        done = close_action(installation.office, reference=reference, finding_id=id_, evidence=evidence, act=act)
        finish(done, as_json=json)
