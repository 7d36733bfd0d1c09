"""`aeo programme`: certification programmes as stored, and files to check."""

import json as json_
from pathlib import Path
from typing import Annotated

import typer

from notifications.rendering import messages
from states import diagram as diagrams
from states.loader import UnsoundProgramme, load_programme
from workflow import inputs
from workflow.cli.shared import As, Json, act_of, finish, group, leave, opened, show, table
from workflow.errors import BadInput
from workflow.operations.accept_programme import accept_programme
from workflow.reports import programmes

app = group("Certification programmes.")
Code = Annotated[str, typer.Argument(help="The programme's code, such as STP.")]


@app.command("list")
def list_(json: Json = False) -> None:
    """List the programmes with their newest edition."""
    with opened() as installation, installation.office.database.snapshot() as connection:
        editions = installation.office.editions
        found = [editions.newest(connection, code).programme for code in editions.codes(connection)]
    rows = [
        {"code": p.code, "edition": p.edition, "title": p.title, "authority": p.authority, "sha256": p.sha256}
        for p in found
    ]
    table(
        rows,
        ("code", "edition", "title", "authority"),
        as_json=json,
        empty="No programme is stored. Run `aeo db upgrade`.",
    )


@app.command("show")
def show_(code: Code, json: Json = False) -> None:
    """Show a programme: rules with their sources, unset where no source fixes them."""
    with opened() as installation, installation.office.database.snapshot() as connection:
        programme = installation.office.editions.newest(connection, code).programme
    if json:
        show(json_.loads(programme.canonical), as_json=True)
        return
    validity, target = programme.validity, programme.service_target
    lines = [
        f"{programme.code} {programme.title}, edition {programme.edition}, {programme.authority}",
        f"Minimum band {programme.band.minimum} (source: {programme.band.source})",
        f"Validity {validity.years} years, counted {validity.counting} (source: {validity.source})",
        f"Service target {f'{target.months} months from completeness (source: {target.source})' if target else 'unset'}",
        "Documents:",
        *(
            f"  {d.kind}: {d.title}{'' if d.mandatory else ', optional'} (source: {d.source})"
            for d in programme.documents
        ),
        "Transitions:",
        *(
            f"  {t.trigger}: {', '.join(t.sources)} -> {t.target}; {', '.join(t.roles)} (source: {t.source})"
            for t in programme.transitions
        ),
        "Reminders, counted from T, the last valid day:",
        *(f"  {r.rule}: {r.message} to {', '.join(r.audience)} (source: {r.source})" for r in programme.reminders),
    ]
    show("\n".join(lines), as_json=False)


@app.command()
def check(file: Annotated[Path, typer.Argument(help="A programme file.")], json: Json = False) -> None:
    """Check a programme file; every problem at once, with key and remedy. Exit 1 when it is unsound."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput("NO_FILE", f"{file} cannot be read as UTF-8 text. Check its name.") from error
    try:
        programme = load_programme(text, file=file.name, messages=messages())
    except UnsoundProgramme as error:
        show({"sound": False, "problems": error.problems} if json else str(error), as_json=json)
        leave(1)
    words = f"{file.name} is sound: {programme.code} edition {programme.edition}."
    show({"sound": True, "code": programme.code, "edition": programme.edition} if json else words, as_json=json)


@app.command()
def accept(code: Code, as_: As = "", json: Json = False) -> None:
    """Confirm the placeholder criteria as the administration's own; production certifies nobody before."""
    with opened() as installation:
        finish(accept_programme(installation.office, code=code, act=act_of(installation, as_)), as_json=json)


@app.command()
def diff(
    before: Annotated[
        str, typer.Argument(metavar="A", help="An edition, such as STP@2026-02; a code alone: its newest.")
    ],
    after: Annotated[str, typer.Argument(metavar="B", help="The edition to compare it with.")],
    json: Json = False,
) -> None:
    """Show what differs between two editions, of one programme or of two."""
    (code, _, edition), (other_code, _, other_edition) = before.partition("@"), after.partition("@")
    with opened() as installation, installation.office.database.snapshot() as connection:
        found = programmes.compared(
            connection, installation.office, one=(code, edition), other=(other_code, other_edition)
        )
    rows = [{"where": d.where, "before": d.before, "after": d.after} for d in found]
    table(rows, ("where", "before", "after"), as_json=json, empty="The two say the same.")


@app.command()
def diagram(
    code: Code,
    format_: Annotated[str, typer.Option("--format", help="mermaid or svg.")] = "mermaid",
    json: Json = False,
) -> None:
    """Draw a programme's states."""
    format_ = inputs.one_of(format_, ("mermaid", "svg"), "The format")
    with opened() as installation, installation.office.database.snapshot() as connection:
        programme = installation.office.editions.newest(connection, code).programme
    drawn = diagrams.mermaid(programme) if format_ == "mermaid" else diagrams.svg(programme)
    show({"format": format_, "diagram": drawn} if json else drawn.rstrip(), as_json=json)
