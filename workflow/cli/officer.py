"""`aeo officer`: people and their roles."""

from typing import Annotated

import typer

from workflow.cli.shared import As, Json, act_of, finish, group, opened, operator_act, table
from workflow.operations import manage_officers
from workflow.reports.people import officers
from workflow.store import people

app = group("People with an account, and their roles.")
Email = Annotated[str, typer.Argument(help="The person's e-mail address.")]


@app.command()
def add(
    email: Email,
    name: Annotated[str, typer.Option(help="The person's name.")],
    role: Annotated[list[str], typer.Option(help="A role; give the option again for more.")],
    as_: As = "",
    json: Json = False,
) -> None:
    """Add an account; the first one of an empty installation must be an admin and needs no --as."""
    with opened() as installation:
        with installation.office.database.snapshot() as connection:
            first = people.nobody_yet(connection)
        act = operator_act(installation) if first and not as_ else act_of(installation, as_)
        finish(
            manage_officers.add_officer(installation.office, email=email, name=name, roles=role, act=act), as_json=json
        )


@app.command("list")
def list_(json: Json = False) -> None:
    """List everybody with an account."""
    with opened() as installation, installation.office.database.snapshot() as connection:
        columns = ("name", "email", "roles", "active")
        table(officers(connection), columns, as_json=json, empty="Nobody yet. Add an admin with `aeo officer add`.")


@app.command()
def role(
    email: Email,
    add: Annotated[list[str] | None, typer.Option(help="A role to add.")] = None,
    remove: Annotated[list[str] | None, typer.Option(help="A role to take away.")] = None,
    as_: As = "",
    json: Json = False,
) -> None:
    """Change a person's roles."""
    with opened() as installation:
        act = act_of(installation, as_)
        done = manage_officers.change_roles(
            installation.office, email=email, add=add or [], remove=remove or [], act=act
        )
        finish(done, as_json=json)
