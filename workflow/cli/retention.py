"""`aeo retention`: how long records are kept, legal holds, disposal. What stands where: `aeo audit retention`."""

from typing import Annotated

import typer

from workflow.cli.shared import As, Json, Reference, act_of, finish, group, opened
from workflow.operations.dispose_of_records import ask_disposal
from workflow.operations.hold_case import lift_hold, place_hold
from workflow.operations.set_retention_period import set_retention_period

app = group("How long records are kept, legal holds, disposal. What stands where: aeo audit retention.")
Why = Annotated[str, typer.Option("--reason", help="Why.")]


@app.command()
def period(
    kind: Annotated[str, typer.Argument(help="The kind of record: case_file, documents or mail.")],
    years: Annotated[int, typer.Option(help="For how many years after the case is over; at least 5.")],
    source: Annotated[str, typer.Option(help="The law or instruction that says so.")],
    as_: As = "",
    json: Json = False,
) -> None:
    """Set how long a kind of record is kept after its case is over; by an admin."""
    with opened() as installation:
        act = act_of(installation, as_)
        done = set_retention_period(installation.office, kind=kind, years=years, source=source, act=act)
        finish(done, as_json=json)


@app.command()
def hold(reference: Reference, reason: Why, as_: As = "", json: Json = False) -> None:
    """Place a legal hold on a case: nothing of it is disposed of until it is lifted."""
    with opened() as installation:
        act = act_of(installation, as_)
        finish(place_hold(installation.office, reference=reference, reason=reason, act=act), as_json=json)


@app.command()
def lift(
    hold: Annotated[int, typer.Argument(help="The number of the hold, from `aeo audit retention`.")],
    reason: Why,
    as_: As = "",
    json: Json = False,
) -> None:
    """Lift a legal hold."""
    with opened() as installation:
        act = act_of(installation, as_)
        finish(lift_hold(installation.office, hold=hold, reason=reason, act=act), as_json=json)


@app.command()
def dispose(
    references: Annotated[
        list[str] | None, typer.Argument(metavar="[REF]...", help="Only these cases; without any, all that are due.")
    ] = None,
    as_: As = "",
    json: Json = False,
) -> None:
    """Ask a second person to dispose of what is due; he or she confirms it with `aeo approval confirm`."""
    with opened() as installation:
        act = act_of(installation, as_)
        finish(ask_disposal(installation.office, references=references or [], act=act), as_json=json)
