"""`aeo reminders`: the proof that every reminder is accounted for."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer

from workflow import inputs
from workflow.cli.progress import counting
from workflow.cli.shared import Json, group, leave, opened, show, table
from workflow.errors import BadInput
from workflow.reports.reminder_proof import Account, Proof
from workflow.reports.reminder_proof import prove as account_for

app = group("What the clock owed, and whether it was done.")
_COLUMNS = ("due_on", "application", "rule", "fate", "account_manager", "reached")


@app.callback()
def _reminders() -> None:
    """What the clock owed, and whether it was done."""


@app.command(
    help="Account for every reminder due between two days: what decisions and rules made the clock owe, against ledger, "
    "outbox and delivery log. Exit 1 and a list if one is unaccounted for."
)
def prove(
    first: Annotated[str, typer.Option("--from", help="The first day, 2026-11-22.")],
    last: Annotated[str, typer.Option("--to", help="The last day.")],
    format_: Annotated[str, typer.Option("--format", help="table or json.")] = "table",
    details: Annotated[bool, typer.Option(help="Show every reminder too: who was manager, whom it reached.")] = False,
    json: Json = False,
) -> None:
    as_json = json or inputs.one_of(format_, ("table", "json"), "The format") == "json"
    begin, end = inputs.day(first, "--from"), inputs.day(last, "--to")
    if end < begin:
        raise BadInput("DATE_ORDER", f"--to {end} is before --from {begin}. Exchange them.")
    accounts: list[Account] = []
    with (
        opened() as installation,
        installation.office.database.snapshot() as connection,
        counting("Cases", quiet=as_json) as progress,
    ):
        proof = account_for(
            connection,
            installation.office,
            first=begin,
            last=end,
            now=installation.clock(),
            tell=accounts.append if details else lambda _: None,
            progress=progress,
        )
    if as_json:
        every = {"reminders": [one.as_data() for one in accounts if not one.timer]} if details else {}
        show(proof.as_data() | every, as_json=True)
    else:
        if details:
            rows = [_row(one) for one in accounts if not one.timer]
            table(rows, _COLUMNS, as_json=False, empty="The clock owed nothing between these days.")
            show("", as_json=False)
        for line in _words(proof):
            show(line, as_json=False)
    if not proof.holds:
        leave(1)


def _row(one: Account) -> dict[str, Any]:
    return one.as_data() | {"reached": [to.name for to in one.recipients if to.fate == "sent"]}


def _words(proof: Proof) -> Iterator[str]:
    as_at = proof.as_at.isoformat(timespec="seconds")
    yield f"{proof.first.isoformat()} to {proof.last.isoformat()}, {proof.cases:,} cases, as at {as_at}."
    for rule, fates in sorted(proof.rules.items()):
        yield f"  {rule:<22}  {_counted(fates)}"
    if proof.timers:
        others = {fate: count for fate, count in proof.timers.items() if fate != "expected"}
        yield f"Timers: {proof.timers['expected']:,} expected, {_counted(others)}."
    yield from (one.sentence() for one in proof.unaccounted)
    yield proof.sentence()


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in sorted(counts.items()))
