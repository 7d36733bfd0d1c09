"""`aeo checklist`: answers and assessments."""

from typing import Annotated

import typer

from workflow.cli.shared import As, Json, Reference, act_of, finish, group, opened
from workflow.operations.answer_criterion import answer_criterion
from workflow.operations.assess_criterion import assess_answers, assess_criterion

app = group("Answers to criteria, and what officers found.")
Criterion = Annotated[str, typer.Argument(help="The criterion's code, such as TF1.1.")]


@app.command()
def answer(
    reference: Reference,
    criterion: Criterion,
    answer: Annotated[str, typer.Argument(help="yes, no or na.")],
    document: Annotated[list[int] | None, typer.Option(help="The number of a document that supports it.")] = None,
    remark: Annotated[str, typer.Option(help="The company's remark.")] = "",
    as_: As = "",
    json: Json = False,
) -> None:
    """Record the company's answer; a Yes needs a document before the checklist can pass."""
    with opened() as installation:
        done = answer_criterion(
            installation.office,
            reference=reference,
            criterion=criterion,
            answer=answer,
            documents=document or [],
            remark=remark,
            act=act_of(installation, as_),
        )
        finish(done, as_json=json)


@app.command()
def assess(
    reference: Reference,
    criterion: Criterion,
    assessment: Annotated[str, typer.Argument(help="met, action, unmet or ask.")],
    note: Annotated[str, typer.Option(help="What was found.")] = "",
    as_: As = "",
    json: Json = False,
) -> None:
    """Record what an officer found about one answer."""
    with opened() as installation:
        act = act_of(installation, as_)
        done = assess_criterion(
            installation.office, reference=reference, criterion=criterion, assessment=assessment, note=note, act=act
        )
        finish(done, as_json=json)


@app.command("assess-all")
def assess_all(reference: Reference, as_: As = "", json: Json = False) -> None:
    """Assess met every open answer that has its evidence."""
    with opened() as installation:
        finish(assess_answers(installation.office, reference=reference, act=act_of(installation, as_)), as_json=json)
