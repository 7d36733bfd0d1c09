"""The `aeo` command: finds a group, turns errors into one sentence and an exit code. Imports groups lazily."""

import json
import sys
from importlib import import_module
from itertools import pairwise
from typing import Any

import typer
from typer._click import exceptions as click_exceptions
from typer.core import TyperCommand, TyperGroup

# group or command -> (module, what it is for)
COMMANDS = {
    "action": ("workflow.cli.action", "corrective actions"),
    "application": ("workflow.cli.application", "cases: submit, show, advance, recommend, sites"),
    "approval": ("workflow.cli.approval", "what waits for a second person"),
    "audit": ("workflow.cli.audit", "export and verify the trail, ask what an auditor asks"),
    "band": ("workflow.cli.band", "TradeFIRST bands"),
    "calendar": ("workflow.cli.calendar", "everything the clock will do"),
    "certificate": ("workflow.cli.certificate", "correct, re-issue, consents, take over"),
    "checklist": ("workflow.cli.checklist", "answers and assessments"),
    "company": ("workflow.cli.company", "import the company register"),
    "db": ("workflow.cli.db", "set up, check, back up, restore"),
    "demo": ("workflow.cli.demo", "demonstration data"),
    "document": ("workflow.cli.document", "documents of a case"),
    "holiday": ("workflow.cli.holiday", "public holidays, gazetted or withdrawn later"),
    "information": ("workflow.cli.information", "questions to a company"),
    "officer": ("workflow.cli.officer", "people, their roles and absences"),
    "outbox": ("workflow.cli.outbox", "mail that waits, went or failed"),
    "portfolio": ("workflow.cli.portfolio", "hand companies to another account manager"),
    "programme": ("workflow.cli.programme", "certification programmes"),
    "reminders": ("workflow.cli.reminders", "prove that none was missed"),
    "retention": ("workflow.cli.retention", "how long records are kept, legal holds, disposal"),
    "serve": ("workflow.cli.serve", "web pages, clock and mail"),
    "settings": ("workflow.cli.settings", "every setting with its source"),
    "simulate": ("workflow.cli.simulate", "try the years ahead on a scratch copy"),
    "sweep": ("workflow.cli.sweep", "do what is due"),
    "task": ("workflow.cli.task", "what waits for a person"),
    "token": ("workflow.cli.token", "tokens for programs and the command line"),
    "visit": ("workflow.cli.visit", "visits, planned and held"),
    "worker": ("workflow.cli.worker", "clock and mail without web pages"),
}


class LazyGroup(TyperGroup):
    """Lists the commands from the table and imports one only when it runs."""

    listing = False

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002  # the library's shape
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module, words = COMMANDS[cmd_name]
        if self.listing:
            return TyperCommand(cmd_name, help=words, rich_markup_mode=None, rich_help_panel=None)
        command = typer.main.get_command(import_module(module).app)
        command.name = cmd_name
        return command

    def format_help(self, ctx: Any, formatter: Any) -> None:
        self.listing = True
        try:
            super().format_help(ctx, formatter)
        finally:
            self.listing = False


app = typer.Typer(
    cls=LazyGroup,
    name="aeo",
    help="Casework for Authorised Economic Operator programmes.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback()
def _aeo() -> None:
    """Casework for Authorised Economic Operator programmes."""


def main() -> None:
    """Run one command; no traceback ever reaches a person."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command and return its exit code: 0 done, 1 the answer is no, 2 bad input, 3 unavailable."""
    as_json = "--json" in arguments or any(
        first == "--format" and second == "json" for first, second in pairwise(arguments)
    )
    try:
        code = typer.main.get_command(app)(arguments, prog_name="aeo", standalone_mode=False)
    except click_exceptions.ClickException as error:
        return fail("USAGE", error.format_message(), 2, as_json=as_json)
    except (typer.Abort, KeyboardInterrupt):
        return fail("INTERRUPTED", "Interrupted. What was committed stays; run it again to go on.", 3, as_json=as_json)
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except Exception as error:  # noqa: BLE001  # the last door: every error becomes a sentence
        from workflow.cli.errors import told  # noqa: PLC0415  # only when needed

        return told(error, as_json=as_json)
    return code if isinstance(code, int) else 0


def fail(code: str, sentence: str, exit_code: int, *, as_json: bool, details: Any = None) -> int:
    """Print an error where errors go and return the exit code."""
    if as_json:
        error = {"code": code, "sentence": sentence, "details": details or {}}
        print(json.dumps({"error": error}, ensure_ascii=False, default=str), file=sys.stderr)
    else:
        print(sentence.encode("utf-8", "backslashreplace").decode(), file=sys.stderr)
    return exit_code
