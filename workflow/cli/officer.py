"""`aeo officer`: people, their roles and absences."""

from typing import Annotated

import typer

from states.dates import local_day
from workflow import inputs
from workflow.cli.shared import (
    As,
    Json,
    act_of,
    finish,
    from_standard_input,
    group,
    keeper_act,
    opened,
    operator_act,
    show,
    table,
)
from workflow.errors import BadInput
from workflow.operations import manage_officers
from workflow.operations.attest_roles import attest_roles
from workflow.operations.disable_officer import disable_officer
from workflow.operations.end_absence import end_absence
from workflow.operations.record_absence import record_absence
from workflow.operations.reset_code import reset_code
from workflow.operations.set_password import set_password
from workflow.reports.access import access_on
from workflow.reports.people import officers
from workflow.store import absences, people

app = group("People with an account, their roles and absences.")
Email = Annotated[str, typer.Argument(help="The person's e-mail address.")]

PasswordStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from the standard input, as one line.")
]


@app.command()
def add(
    email: Email,
    name: Annotated[str, typer.Option(help="The person's name.")],
    role: Annotated[list[str], typer.Option(help="A role; give the option again for more.")],
    password_stdin: PasswordStdin = False,
    as_: As = "",
    json: Json = False,
) -> None:
    """Add an account; the first one of an empty installation must be an admin and needs no --as."""
    password = from_standard_input("The password") if password_stdin else None
    with opened() as installation:
        with installation.office.database.snapshot() as connection:
            first = people.nobody_yet(connection)
        act = operator_act(installation) if first and not as_ else act_of(installation, as_)
        done = manage_officers.add_officer(
            installation.office, email=email, name=name, roles=role, act=act, password=password
        )
        finish(done, as_json=json)


@app.command("list")
def list_(json: Json = False) -> None:
    """List everybody with an account, and who is absent today."""
    with opened() as installation, installation.office.database.snapshot() as connection:
        today = local_day(installation.clock(), absences.OFFICE_ZONE)
        columns = ("name", "email", "roles", "active", "absent_until", "deputy")
        table(
            officers(connection, today), columns, as_json=json, empty="Nobody yet. Add an admin with `aeo officer add`."
        )


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


@app.command()
def password(email: Email, password_stdin: PasswordStdin = False, as_: As = "", json: Json = False) -> None:
    """Set a person's password, by an admin; all sessions of the person end. People change their own in the console."""
    if not password_stdin:
        raise BadInput("STDIN", "A password is never an argument, which others can read. Give --password-stdin.")
    new = from_standard_input("The password")
    with opened() as installation:
        act = keeper_act(installation, as_)
        finish(set_password(installation.office, email=email, password=new, act=act), as_json=json)


@app.command()
def code(
    email: Email,
    reset: Annotated[bool, typer.Option("--reset", help="Forget them: the next sign-in sets up new ones.")] = False,
    as_: As = "",
    json: Json = False,
) -> None:
    """Reset a person's one-time codes, by an admin, because the phone is lost; all sessions of the person end."""
    if not reset:
        raise BadInput(
            "RESET", "One-time codes are set up in the console. To forget those of a lost phone give --reset."
        )
    with opened() as installation:
        finish(reset_code(installation.office, email=email, act=keeper_act(installation, as_)), as_json=json)


@app.command()
def absent(
    email: Email,
    from_: Annotated[str, typer.Option("--from", metavar="D", help="The first day of absence, 2026-12-07.")],
    to: Annotated[str, typer.Option(metavar="D", help="The last day of absence, included.")],
    deputy: Annotated[str, typer.Option(metavar="EMAIL", help="Who also gets the person's mail in these days.")],
    as_: As = "",
    json: Json = False,
) -> None:
    """Record an absence with a deputy: by the person, a supervisor or an admin."""
    first, last = inputs.day(from_, "--from"), inputs.day(to, "--to")
    with opened() as installation:
        act = act_of(installation, as_)
        done = record_absence(installation.office, email=email, first=first, last=last, deputy=deputy, act=act)
        finish(done, as_json=json)


@app.command()
def back(
    email: Email,
    from_: Annotated[
        str, typer.Option("--from", metavar="D", help="The first day of the absence; without it today's, or the next.")
    ] = "",
    as_: As = "",
    json: Json = False,
) -> None:
    """End an absence today, or take back one that has not begun: by the person, a supervisor or an admin."""
    first = inputs.day(from_, "--from") if from_ else None
    with opened() as installation:
        done = end_absence(installation.office, email=email, first=first, act=act_of(installation, as_))
        finish(done, as_json=json)


@app.command()
def disable(
    email: Email,
    hand_over_to: Annotated[
        str, typer.Option(metavar="EMAIL", help="Who takes over the person's live cases and companies.")
    ] = "",
    as_: As = "",
    json: Json = False,
) -> None:
    """Disable an account, for good; what the person looks after is handed over."""
    with opened() as installation:
        act = act_of(installation, as_)
        finish(disable_officer(installation.office, email=email, hand_over_to=hand_over_to, act=act), as_json=json)


@app.command()
def attest(
    digest: Annotated[str, typer.Option(help="The digest of the list that you looked at and attest.")] = "",
    as_: As = "",
    json: Json = False,
) -> None:
    """Show who holds which roles, or attest that list by its digest: once a year, by a supervisor or an admin."""
    with opened() as installation:
        act = act_of(installation, as_)
        if digest:
            finish(attest_roles(installation.office, digest=digest, act=act), as_json=json)
            return
        with installation.office.database.snapshot() as connection:
            today = local_day(act.now, absences.OFFICE_ZONE)
            found = access_on(connection, installation.office, day=today)
    if json:
        show({"people": found["people"], "digest": found["digest"], "attested": found["attested"]}, as_json=True)
        return
    active = [one for one in found["people"] if one["active"]]
    table(active, ("name", "id", "roles"), as_json=False, empty="Nobody has an account.")
    show(f"To attest this list: aeo officer attest --digest {found['digest']}", as_json=False)
