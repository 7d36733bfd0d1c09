"""`aeo reminders`: the proof that every reminder is accounted for."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from workflow import inputs
from workflow.audit.note import BadNote
from workflow.cli import bundles
from workflow.cli.progress import counting
from workflow.cli.shared import Json, group, leave, opened, show, table
from workflow.errors import BadInput
from workflow.reports.proof_from_bundle import prove_bundle
from workflow.reports.reminder_proof import Account, Proof
from workflow.reports.reminder_proof import prove as account_for
from workflow.reports.told import Untold

app = group("What the clock owed, and whether it was done.")
_COLUMNS = ("due_on", "application", "rule", "fate", "account_manager", "reached")


@app.callback()
def _reminders() -> None:
    """What the clock owed, and whether it was done."""


@app.command(
    help="Account for every reminder due between two days: what decisions and rules made the clock owe, against ledger, "
    "outbox and delivery log; with --bundle against the entries of an exported log. Exit 1 and a list if one is unaccounted for."
)
def prove(
    first: Annotated[str, typer.Option("--from", help="The first day, 2026-11-22.")],
    last: Annotated[str, typer.Option("--to", help="The last day.")],
    format_: Annotated[str, typer.Option("--format", help="table or json.")] = "table",
    details: Annotated[bool, typer.Option(help="Show every reminder too: who was manager, whom it reached.")] = False,
    bundles_: Annotated[
        list[Path] | None,
        typer.Option(
            "--bundle",
            metavar="FILE",
            help="Prove it from this exported bundle alone: no database and no settings are looked at.",
        ),
    ] = None,
    checkpoints: Annotated[
        list[Path] | None,
        typer.Option("--checkpoint", metavar="FILE", help="With --bundle: a checkpoint that was kept elsewhere."),
    ] = None,
    keys: Annotated[
        list[str] | None, typer.Option("--key", metavar="VKEY", help="With --bundle: the verifier key that you trust.")
    ] = None,
    json: Json = False,
) -> None:
    as_json = json or inputs.one_of(format_, ("table", "json"), "The format") == "json"
    begin, end = inputs.day(first, "--from"), inputs.day(last, "--to")
    if end < begin:
        raise BadInput("DATE_ORDER", f"--to {end} is before --from {begin}. Exchange them.")
    bundle = bundles.once(bundles_, "--bundle")
    checkpoint, key = bundles.once(checkpoints, "--checkpoint"), bundles.once(keys, "--key")
    if bundle is None and (checkpoint or key is not None):
        raise BadInput("NO_BUNDLE", "--checkpoint and --key belong to --bundle. Name the exported file too.")
    accounts: list[Account] = []
    tell = accounts.append if details else lambda _: None
    source: dict[str, Any] = {}
    if bundle:
        proof, source = _from_bundle(bundle, begin, end, checkpoint, key, tell, as_json)
    else:
        with (
            opened() as installation,
            installation.office.database.snapshot() as connection,
            counting("Cases", quiet=as_json) as progress,
        ):
            now, office = installation.clock(), installation.office
            proof = account_for(connection, office, first=begin, last=end, now=now, tell=tell, progress=progress)
    if as_json:
        every = {"reminders": [one.as_data() for one in accounts if not one.timer]} if details else {}
        show(proof.as_data() | every | source, as_json=True)
    else:
        if details:
            rows = [_row(one) for one in accounts if not one.timer]
            table(rows, _COLUMNS, as_json=False, empty="The clock owed nothing between these days.")
            show("", as_json=False)
        for line in (*_words(proof), *(f"Not judged: {what}" for what in source.get("not_judged", ()))):
            show(line, as_json=False)
    if not proof.holds:
        leave(1)


def _from_bundle(
    file: Path,
    first: date,
    last: date,
    checkpoint: Path | None,
    key: str | None,
    tell: Callable[[Account], None],
    as_json: bool,
) -> tuple[Proof, dict[str, Any]]:
    """Return the proof and what it rests on; leave with 1 where the bundle does not hold or does not tell enough."""
    note, key = bundles.note_of(checkpoint) if checkpoint else None, bundles.key_of(key)
    try:
        with bundles.lines_of(file, quiet=as_json) as lines:
            found = prove_bundle(lines, first=first, last=last, checkpoint=note, key=key, tell=tell)
    except BadNote as error:
        raise BadInput("CHECKPOINT", str(error)) from error
    except Untold as error:
        words = f"The bundle holds, but nothing can be proved from it: {error}"
        show({"problem": str(error)} if as_json else words, as_json=as_json)
        leave(1)
    if not as_json or found.proof is None:
        words = "\n".join(bundles.in_words(found.verdict, trusted=key is not None, kept=note is not None))
        show({"bundle": bundles.as_data(found.verdict)} if as_json else words, as_json=as_json)
    if found.proof is None:
        leave(1)
    return found.proof, {"bundle": bundles.as_data(found.verdict), "not_judged": list(found.not_judged)}


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
