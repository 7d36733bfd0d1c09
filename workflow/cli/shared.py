"""What every command needs: options, the opened installation, showing answers. Knows no operation."""

import json
import logging
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Annotated, Any, NoReturn

import typer

from states.facts import OPERATOR, Person
from workflow.bootstrap import Opened, open_installation
from workflow.decisions.outcome import Act, Done, Outcome
from workflow.errors import BadInput
from workflow.settings import read_settings
from workflow.store import absences, people

As = Annotated[str, typer.Option("--as", metavar="EMAIL", help="The acting officer; default: AEO_OFFICER.")]
Json = Annotated[bool, typer.Option("--json", help="Print data or error as JSON.")]
_ENDING = (signal.SIGINT, signal.SIGTERM)
Reference = Annotated[str, typer.Argument(metavar="REF", help="The case's reference, such as STP-2026-000123.")]


def group(words: str) -> typer.Typer:
    """Return an empty command group."""
    return typer.Typer(help=words, no_args_is_help=True, add_completion=False, rich_markup_mode=None)


def command() -> typer.Typer:
    """Return a group that holds one command and is that command."""
    return typer.Typer(add_completion=False, rich_markup_mode=None)


@contextmanager
def opened() -> Iterator[Opened]:
    """Open the installation that the environment names."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    with open_installation(read_settings()) as installation:
        yield installation


@contextmanager
def stopped_by_signals(installation: Opened) -> Iterator[None]:
    """Let Ctrl-C and a service manager end long work in good order: what has begun is finished."""
    before = {number: signal.signal(number, lambda *_: installation.stop.set()) for number in _ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def act_of(installation: Opened, as_: str) -> Act:
    """Return who acts: --as, or AEO_OFFICER. Raises BadInput when neither names somebody."""
    email = as_ or installation.settings.officer
    if not email:
        raise BadInput("NO_ACTOR", "Say who acts: --as EMAIL, or set AEO_OFFICER.")
    return Act(_person(installation, email), "command line", installation.clock())


def operator_act(installation: Opened, as_: str = "") -> Act:
    """Return who acts for operators' commands: the operator unless --as names somebody."""
    person = _person(installation, as_) if as_ else OPERATOR
    return Act(person, "command line", installation.clock())


def viewer_of(installation: Opened, as_: str, *, for_operators: bool = False) -> Person:
    """Return who reads: --as, or AEO_OFFICER, or the operator; in production the last reads what is for operators."""
    email = as_ or installation.settings.officer
    proof_needed = installation.settings.env == "production" and not for_operators
    return _person(installation, email) if email or proof_needed else OPERATOR


def _person(installation: Opened, email: str) -> Person:
    if installation.settings.env == "production":
        raise BadInput(
            "TOKEN", "In production acting as an officer needs that officer's token, which this version lacks."
        )
    with installation.office.database.snapshot() as connection:
        return absences.standing_in(connection, people.by_email(connection, email), installation.clock())


def finish(outcome: Outcome, *, as_json: bool) -> None:
    """Show what was done, or every unmet rule, and leave with the right exit code."""
    if isinstance(outcome, Done):
        show(outcome.data if as_json else outcome.sentence, as_json=as_json)
        return
    unmet = [{"code": u.code, "sentence": u.sentence, "who": u.who} for u in outcome.unmet]
    count = f"{len(unmet)} rule{'' if len(unmet) == 1 else 's'} unmet"
    if as_json:
        error = {"code": "REFUSED", "sentence": f"{outcome.title}: not yet, {count}.", "details": {"unmet": unmet}}
        typer.echo(json.dumps({"error": error}, ensure_ascii=False), err=True)
    else:
        typer.echo(f"{outcome.title}: not yet, {count}.", err=True)
        for one in unmet:
            typer.echo(f"  - {one['sentence']} [{one['code']}; who can: {one['who']}]", err=True)
    leave(1)


def leave(code: int) -> NoReturn:
    raise typer.Exit(code)


def show(data: Any, *, as_json: bool) -> None:
    """Print data as JSON, or a sentence as it is."""
    typer.echo(json.dumps(data, ensure_ascii=False, indent=2, default=_plain) if as_json else data)


def table(rows: Sequence[dict[str, Any]], columns: Sequence[str], *, as_json: bool, empty: str) -> None:
    """Print rows as JSON, or as aligned columns with a heading; `empty` says what to do when there are none."""
    if as_json:
        show(list(rows), as_json=True)
        return
    if not rows:
        typer.echo(empty)
        return
    cells = [[_word(row.get(column)) for column in columns] for row in rows]
    widths = [max(len(column), *(len(line[i]) for line in cells)) for i, column in enumerate(columns)]
    for line in [[c.replace("_", " ") for c in columns], *cells]:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _word(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    return ", ".join(str(v) for v in value) if isinstance(value, list | tuple) else str(value)


def _plain(value: Any) -> str:
    if isinstance(value, date | datetime):
        return value.isoformat()
    return str(value)
