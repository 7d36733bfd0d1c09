"""`aeo checklist`: answers and assessments."""

from typing import Annotated

import typer

from workflow import inputs
from workflow.cli.shared import As, Json, Reference, act_of, finish, group, opened, table, viewer_of
from workflow.operations.answer_criterion import answer_criterion
from workflow.operations.assess_criterion import assess_answers, assess_criterion
from workflow.operations.confirm_answers import confirm_answers
from workflow.reports import case_file

app = group("Answers to criteria, and what officers found.")
Site = Annotated[str, typer.Option(help="One site, for a criterion per site; default: all sites.")]
Section = Annotated[str, typer.Option(help="The section's code, from `aeo checklist show`.")]
Instrument = Annotated[str, typer.Option(help="The instrument, where two have such a section.")]
Criterion = Annotated[str, typer.Argument(help="The criterion's code, such as TF1.1.")]


@app.command()
def answer(
    reference: Reference,
    criterion: Criterion,
    answer: Annotated[str, typer.Argument(help="yes, no or na.")],
    document: Annotated[list[int] | None, typer.Option(help="The number of a document that supports it.")] = None,
    remark: Annotated[str, typer.Option(help="The company's remark.")] = "",
    site: Site = "",
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
            site=site,
            act=act_of(installation, as_),
        )
        finish(done, as_json=json)


@app.command()
def assess(
    reference: Reference,
    criterion: Criterion,
    assessment: Annotated[str, typer.Argument(help="met, action, unmet or ask.")],
    note: Annotated[str, typer.Option(help="What was found.")] = "",
    site: Site = "",
    due: Annotated[str, typer.Option(help="The day by which a corrective action is due, 2027-03-31.")] = "",
    as_: As = "",
    json: Json = False,
) -> None:
    """Record what an officer found about one answer."""
    with opened() as installation:
        done = assess_criterion(
            installation.office,
            reference=reference,
            criterion=criterion,
            assessment=assessment,
            note=note,
            site=site,
            due_on=inputs.day(due, "--due") if due else None,
            act=act_of(installation, as_),
        )
        finish(done, as_json=json)


@app.command("assess-all")
def assess_all(
    reference: Reference,
    section: Section = "",
    instrument: Instrument = "",
    as_: As = "",
    json: Json = False,
) -> None:
    """Assess met every open answer that has its evidence, of one section or of all."""
    with opened() as installation:
        act = act_of(installation, as_)
        done = assess_answers(installation.office, reference=reference, act=act, section=section, instrument=instrument)
        finish(done, as_json=json)


@app.command()
def confirm(
    reference: Reference,
    section: Annotated[str, typer.Option(help="The section's code, from `aeo checklist show --drafts`.")],
    instrument: Instrument = "",
    as_: As = "",
    json: Json = False,
) -> None:
    """Take the last cycle's answers of a section over, with their documents; they are assessed anew."""
    with opened() as installation:
        act = act_of(installation, as_)
        done = confirm_answers(
            installation.office, reference=reference, section=section, instrument=instrument, act=act
        )
        finish(done, as_json=json)


@app.command("show")
def show_(
    reference: Reference,
    drafts: Annotated[
        bool, typer.Option("--drafts", help="The last cycle's answers that wait to be confirmed.")
    ] = False,
    as_: As = "",
    json: Json = False,
) -> None:
    """Show every criterion, per site, with its answer and what was found."""
    with opened() as installation:
        viewer = viewer_of(installation, as_)
        with installation.office.database.snapshot() as connection:
            rows = case_file.checklist(
                connection, installation.office, reference=reference, viewer=viewer, only_drafts=drafts
            )
    columns = ("criterion", "site", "section", "answer", "documents", "assessment", "due_on", "text")
    table(rows, columns, as_json=json, empty="No answer of an earlier cycle waits to be confirmed.")
