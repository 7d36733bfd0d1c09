"""`aeo token`: tokens of people for programs and the command line."""

from typing import Annotated

import typer

from workflow import inputs
from workflow.cli.shared import As, Json, finish, group, keeper_act, opened, show, table
from workflow.operations.add_token import add_token
from workflow.operations.revoke_token import revoke_token
from workflow.reports.sign_ins import tokens_of
from workflow.store import people

app = group("Tokens for programs and the command line.")


@app.command()
def add(
    email: Annotated[str, typer.Argument(help="Whose token it is.")],
    name: Annotated[str, typer.Option(help="What it is for, such as nightly import.")],
    role: Annotated[list[str] | None, typer.Option(help="A role to cut it to; again for more. Default: all.")] = None,
    expires: Annotated[str, typer.Option(metavar="D", help="Its last day, 2027-03-31. Default: 90 days.")] = "",
    as_: As = "",
    json: Json = False,
) -> None:
    """Add a token and print it, once. Whoever has it acts as the person: keep it as you keep a password."""
    last_day = inputs.day(expires, "--expires") if expires else None
    with opened() as installation:
        act = keeper_act(installation, as_)
        added = add_token(installation.office, email=email, name=name, roles=role or [], last_day=last_day, act=act)
    if json:
        show(added.data | {"token": added.token}, as_json=True)
        return
    show(added.token, as_json=False)
    roles = ", ".join(added.roles)
    typer.echo(f'Token {added.token_id}, "{added.name}", with {roles}. It is not shown again.', err=True)


@app.command("list")
def list_(
    email: Annotated[str, typer.Argument(help="Whose tokens; default: everybody's.")] = "", json: Json = False
) -> None:
    """List tokens, without their texts."""
    with opened() as installation, installation.office.database.snapshot() as connection:
        officer_id = people.known_by_email(connection, email).id if email else ""
        rows = tokens_of(connection, installation.clock(), officer_id)
        columns = ("id", "email", "name", "roles", "state", "expires_at", "last_used_at")
        table(rows, columns, as_json=json, empty="No token yet. Add one with `aeo token add`.")


@app.command()
def revoke(
    token_id: Annotated[str, typer.Argument(metavar="ID", help="The token's id, as `aeo token list` shows it.")],
    as_: As = "",
    json: Json = False,
) -> None:
    """Revoke a token: it proves nothing from now on."""
    with opened() as installation:
        finish(revoke_token(installation.office, token_id=token_id, act=keeper_act(installation, as_)), as_json=json)
