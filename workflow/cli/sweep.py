"""`aeo sweep`: does what is due, or says what it would do."""

from typing import Annotated

import typer

from workflow import inputs
from workflow.cli.shared import As, Json, act_of, command, leave, opened, show
from workflow.errors import BadInput
from workflow.operations.sweep import sweep as run

app = command()


@app.command(help="Do everything that is due; with --dry-run say what would be done, by the same code.")
def sweep(
    as_of: Annotated[str, typer.Option(help="Another instant than now; a future one needs --dry-run.")] = "",
    dry_run: Annotated[bool, typer.Option(help="Change nothing.")] = False,
    confirm: Annotated[bool, typer.Option(help="Let a held sweep go on; needs --as a supervisor.")] = False,
    as_: As = "",
    json: Json = False,
) -> None:
    with opened() as installation:
        now = installation.clock()
        instant = inputs.instant(as_of, "--as-of") if as_of else now
        if instant > now and not dry_run:
            raise BadInput("FUTURE", "An instant in the future can only be looked at: add --dry-run.")
        act = act_of(installation, as_) if confirm else None
        swept = run(installation.office, now=instant, dry_run=dry_run, confirm=act)
    if json:
        show({"done": swept.done, "set_aside": swept.set_aside, "held": swept.held}, as_json=True)
    else:
        verb = "would be done" if dry_run else "done"
        show(swept.held or f"{len(swept.done)} planned actions {verb}.", as_json=False)
        for one in swept.done:
            words = f"{one['status']}: {one['outcome']}"
            show(f"  {one['due_at']:%Y-%m-%dT%H:%M:%SZ}  {one['application']}  {one['rule']}  {words}", as_json=False)
        for reference in swept.set_aside:
            show(f"  {reference} is set aside with its error; see its task.", as_json=False)
    if swept.held:
        leave(1)
