"""`aeo band`: TradeFIRST bands as assessed on site."""

from typing import Annotated

import typer

from workflow import inputs
from workflow.cli.shared import As, Json, act_of, finish, group, opened
from workflow.operations.set_band import set_band

app = group("TradeFIRST bands as assessed on site.")


@app.callback()
def _group() -> None:
    """TradeFIRST bands as assessed on site."""


@app.command("set")
def set_(
    uen: Annotated[str, typer.Argument(help="The company's UEN.")],
    band: Annotated[str, typer.Argument(help="Basic, Standard, Intermediate, Enhanced or Premium.")],
    assessed_on: Annotated[str, typer.Option(help="The day of the assessment, 2026-11-22.")],
    as_: As = "",
    json: Json = False,
) -> None:
    """Record a band; a newer assessment takes the place of an older one."""
    with opened() as installation:
        day = inputs.day(assessed_on, "--assessed-on")
        act = act_of(installation, as_)
        finish(set_band(installation.office, uen=uen, band=band, assessed_on=day, act=act), as_json=json)
