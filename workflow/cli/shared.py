"""What every command needs: options, the opened installation, showing answers.

Knows no operation but those that find a token's holder and note what was denied.
"""

import json
import logging
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Annotated, Any, NoReturn

import typer
from typer._click.globals import get_current_context

from states.facts import OPERATOR, Person
from workflow.bootstrap import Opened, open_installation
from workflow.decisions.outcome import Act, Done, Outcome
from workflow.errors import BadInput, NotPermitted, NotSignedIn
from workflow.operations.note_denial import note_denial
from workflow.operations.token_holder import token_holder
from workflow.settings import read_settings
from workflow.store import absences, people

As = Annotated[str, typer.Option("--as", metavar="EMAIL", help="The acting officer; default: AEO_OFFICER.")]
Json = Annotated[bool, typer.Option("--json", help="Print data or error as JSON.")]
_ACT = "aeo.act"  # under which a command's context knows who acts
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
    """Open the installation that the environment names. What somebody's role does not allow leaves an entry."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    with open_installation(read_settings()) as installation:
        try:
            yield installation
        except NotPermitted:
            context = get_current_context()
            if act := context.meta.get(_ACT):
                name, _, command = context.command_path.partition(" ")
                note_denial(installation.office, method=name, path=command, act=act)
            raise


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
    """Return who acts: --as, AEO_OFFICER, or whose token AEO_TOKEN is. Raises BadInput when none names somebody."""
    email = as_ or installation.settings.officer
    if not (email or installation.settings.token):
        raise BadInput("NO_ACTOR", "Say who acts: --as EMAIL, or set AEO_OFFICER.")
    return _acting(installation, email)


def operator_act(installation: Opened, as_: str = "") -> Act:
    """Return who acts for operators' commands: the operator unless --as names somebody."""
    return _acting(installation, as_) if as_ else Act(OPERATOR, "command line", installation.clock())


def keeper_act(installation: Opened, as_: str) -> Act:
    """Return who keeps accounts and tokens: a named person or whose token it is, else the operator."""
    named = as_ or installation.settings.officer or installation.settings.token
    return act_of(installation, as_) if named else operator_act(installation)


def viewer_of(installation: Opened, as_: str, *, for_operators: bool = False) -> Person:
    """Return who reads: --as, or AEO_OFFICER, or the operator; in production the last reads what is for operators."""
    email = as_ or installation.settings.officer
    proof_needed = installation.settings.env == "production" and not for_operators
    return _acting(installation, email).actor if email or proof_needed else OPERATOR


def _acting(installation: Opened, email: str) -> Act:
    """Return who acts, and remember it while the command runs. Raises like `_proven`."""
    act = get_current_context().meta[_ACT] = _proven(installation, email)
    return act


def _proven(installation: Opened, email: str) -> Act:
    """Return somebody as acting: by the token, which must be that person's; without one by name, but not in production.

    Raises BadInput, NotSignedIn for a token that proves nothing, NotFound.
    """
    now, office = installation.clock(), installation.office
    token = installation.settings.token
    if not token:
        if installation.settings.env == "production":
            raise BadInput("TOKEN", "In production, acting as an officer needs that officer's token in AEO_TOKEN.")
        with office.database.snapshot() as connection:
            person = absences.standing_in(connection, people.by_email(connection, email), now)
        return Act(person, "command line", now)
    found = token_holder(office, token, now=now)
    if found is None:
        raise NotSignedIn("TOKEN", "The token in AEO_TOKEN is unknown, over or revoked. Set another one.")
    holder, token_id = found
    if email:
        with office.database.snapshot() as connection:
            if people.by_email(connection, email).id != holder.id:
                raise BadInput(
                    "TOKEN", f"The token in AEO_TOKEN is not {email}'s. Leave --as out, or set the right token."
                )
    return Act(holder, f"token {token_id}", now)


def from_standard_input(what: str) -> str:
    """Return the first line of the standard input. Raises BadInput when there is none."""
    line = sys.stdin.readline().rstrip("\r\n")
    if not line:
        raise BadInput("STDIN", f"{what} is read from the standard input, which is empty. Write it there as one line.")
    return line


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
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    return ", ".join(str(v) for v in value) if isinstance(value, list | tuple) else str(value)


def _plain(value: Any) -> str:
    if isinstance(value, date | datetime):
        return value.isoformat()
    return str(value)
