"""`aeo approval`: what waits for a second person."""

from typing import Annotated

import typer

from workflow import inputs
from workflow.cli.shared import As, Json, act_of, finish, group, opened, table, viewer_of
from workflow.operations.decide_approval import confirm_approval, refuse_approval
from workflow.reports.approvals import approvals

app = group("What waits for a second person.")
Id = Annotated[int, typer.Argument(help="The number of the approval, from `aeo approval list`.")]


@app.command("list")
def list_(
    status: Annotated[str, typer.Option(help="open, confirmed, refused or all.")] = "open",
    as_: As = "",
    json: Json = False,
) -> None:
    """List what waits for a second person."""
    status = inputs.one_of(status, ("open", "confirmed", "refused", "all"), "The status")
    with opened() as installation:
        viewer = viewer_of(installation, as_)
        with installation.office.database.snapshot() as connection:
            rows = approvals(connection, viewer=viewer, status="" if status == "all" else status)
    columns = ("id", "application", "sentence", "requested_by", "confirm_by", "status")
    table(rows, columns, as_json=json, empty="Nothing waits for a second person.")


@app.command()
def confirm(id_: Id, as_: As = "", json: Json = False) -> None:
    """Confirm what somebody else asked for; it is then done."""
    with opened() as installation:
        act = act_of(installation, as_)
        finish(confirm_approval(installation.office, approval_id=id_, act=act), as_json=json)


@app.command()
def refuse(
    id_: Id,
    reason: Annotated[str, typer.Option(help="Why.")],
    as_: As = "",
    json: Json = False,
) -> None:
    """Refuse what somebody else asked for."""
    with opened() as installation:
        act = act_of(installation, as_)
        finish(refuse_approval(installation.office, approval_id=id_, reason=reason, act=act), as_json=json)
