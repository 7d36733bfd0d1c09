"""`aeo information`: what the company is asked while its case waits."""

from typing import Annotated

import typer

from workflow import inputs
from workflow.cli.shared import As, Json, Reference, act_of, finish, group, opened, table, viewer_of
from workflow.operations.answer_information import answer_information
from workflow.operations.ask_information import ask_information
from workflow.reports import case_file

app = group("Requests for information to the company.")


@app.command()
def ask(
    reference: Reference,
    question: Annotated[str, typer.Option(help="What the company is asked; it reads this text.")],
    reply_by: Annotated[str, typer.Option(help="The day by which it answers, 2026-12-07.")] = "",
    as_: As = "",
    json: Json = False,
) -> None:
    """Ask one more question while the case awaits information."""
    with opened() as installation:
        done = ask_information(
            installation.office,
            reference=reference,
            question=question,
            reply_by=inputs.day(reply_by, "--reply-by") if reply_by else None,
            act=act_of(installation, as_),
        )
        finish(done, as_json=json)


@app.command()
def answer(
    reference: Reference,
    number: Annotated[int, typer.Argument(help="The request's number, from `aeo information list`.")],
    received_on: Annotated[str, typer.Option(help="The day it arrived, 2026-12-01; default: today.")] = "",
    text: Annotated[str, typer.Option(help="What the company answered.")] = "",
    as_: As = "",
    json: Json = False,
) -> None:
    """Record the answer to one request; supply_information moves the case on when all are answered."""
    with opened() as installation:
        done = answer_information(
            installation.office,
            reference=reference,
            number=number,
            received_on=inputs.day(received_on, "--received-on") if received_on else None,
            text=text,
            act=act_of(installation, as_),
        )
        finish(done, as_json=json)


@app.command("list")
def list_(reference: Reference, as_: As = "", json: Json = False) -> None:
    """List every request of a case with its deadline and answer."""
    with opened() as installation:
        viewer = viewer_of(installation, as_)
        with installation.office.database.snapshot() as connection:
            rows = case_file.requests(connection, reference=reference, viewer=viewer)
    columns = ("number", "question", "reply_by", "received_on", "status")
    table(rows, columns, as_json=json, empty="The company was asked nothing.")
