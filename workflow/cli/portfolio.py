"""`aeo portfolio`: the companies of an account manager."""

from typing import Annotated

import typer

from workflow.cli.shared import As, Json, act_of, finish, group, opened
from workflow.operations.transfer_portfolio import transfer_portfolio

app = group("The companies of an account manager.")


@app.callback()
def _group() -> None:
    """The companies of an account manager."""


@app.command()
def transfer(
    from_: Annotated[str, typer.Option("--from", metavar="EMAIL", help="The account manager until now.")],
    to: Annotated[str, typer.Option(metavar="EMAIL", help="The account manager from now on.")],
    note: Annotated[str, typer.Option(help="What the new account manager must know; kept in the trail.")],
    uen: Annotated[str, typer.Option(help="Only this company; default: all of them.")] = "",
    as_: As = "",
    json: Json = False,
) -> None:
    """Move companies to another account manager and tell them: by a supervisor, an admin or the one who hands over."""
    with opened() as installation:
        act = act_of(installation, as_)
        done = transfer_portfolio(installation.office, from_=from_, to=to, uen=uen, note=note, act=act)
        finish(done, as_json=json)
