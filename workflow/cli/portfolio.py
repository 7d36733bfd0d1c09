"""`aeo portfolio`: the companies of an account manager."""

from typing import Annotated

import typer

from workflow.cli.shared import As, Json, act_of, finish, group, opened
from workflow.operations.transfer_portfolio import name_account_manager, transfer_portfolio

app = group("The companies of an account manager.")


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


@app.command()
def assign(
    uen: Annotated[str, typer.Option(help="The company's UEN.")],
    to: Annotated[str, typer.Option(metavar="EMAIL", help="The account manager.")],
    note: Annotated[str, typer.Option(help="What the account manager must know; kept in the trail.")],
    as_: As = "",
    json: Json = False,
) -> None:
    """Name the first account manager of a company that has none, and tell the company."""
    with opened() as installation:
        act = act_of(installation, as_)
        finish(name_account_manager(installation.office, uen=uen, to=to, note=note, act=act), as_json=json)
