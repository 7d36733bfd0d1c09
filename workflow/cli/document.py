"""`aeo document`: documents of a case."""

from pathlib import Path
from typing import Annotated

import typer

from workflow.cli.shared import As, Json, Reference, act_of, finish, group, opened, table, viewer_of
from workflow.errors import BadInput
from workflow.files import LARGEST
from workflow.operations.add_document import add_document
from workflow.operations.refile_document import refile_document
from workflow.operations.waive_document import waive_document
from workflow.reports import case_file

app = group("Documents of a case.")


def read_file(file: Path) -> bytes:
    """Return a file's content. Raises BadInput when it cannot be read or is far too large."""
    try:
        if file.stat().st_size > LARGEST:
            raise BadInput("FILE_SIZE", f"{file.name} is larger than {LARGEST // 1024 // 1024} MB.")
        return file.read_bytes()
    except OSError as error:
        raise BadInput("NO_FILE", f"{file} cannot be read: {error.strerror}. Check its name.") from error


@app.command()
def add(
    reference: Reference,
    file: Annotated[Path, typer.Argument(help="The file.")],
    kind: Annotated[str, typer.Option(help="What it is, such as bizfile_report.")],
    as_: As = "",
    json: Json = False,
) -> None:
    """Add a document; a file of the same name and kind becomes its next version."""
    with opened() as installation:
        act = act_of(installation, as_)
        content = read_file(file)
        done = add_document(
            installation.office, reference=reference, filename=file.name, content=content, kind=kind, act=act
        )
        finish(done, as_json=json)


@app.command()
def waive(
    reference: Reference,
    kind: Annotated[str, typer.Option(help="The required document to do without.")],
    reason: Annotated[str, typer.Option(help="Why the case may do without it.")],
    as_: As = "",
    json: Json = False,
) -> None:
    """Ask a second person to let the case do without a required document."""
    with opened() as installation:
        act = act_of(installation, as_)
        finish(
            waive_document(installation.office, reference=reference, kind=kind, reason=reason, act=act), as_json=json
        )


@app.command()
def refile(
    reference: Reference,
    id_: Annotated[int, typer.Argument(metavar="ID", help="The document's number, from `aeo document list`.")],
    kind: Annotated[str, typer.Option(help="What it really is.")],
    reason: Annotated[str, typer.Option(help="Why it is filed again.")],
    to: Annotated[str, typer.Option(metavar="REF2", help="Another case of the same company.")] = "",
    as_: As = "",
    json: Json = False,
) -> None:
    """Ask a second person to file a document under another kind, or in another case of the company."""
    with opened() as installation:
        done = refile_document(
            installation.office,
            reference=reference,
            document_id=id_,
            kind=kind,
            to=to,
            reason=reason,
            act=act_of(installation, as_),
        )
        finish(done, as_json=json)


@app.command("list")
def list_(reference: Reference, as_: As = "", json: Json = False) -> None:
    """List every document of a case, also withdrawn ones, and what it does without."""
    with opened() as installation:
        viewer = viewer_of(installation, as_)
        with installation.office.database.snapshot() as connection:
            rows = case_file.documents(connection, reference=reference, viewer=viewer)
    columns = ("id", "cycle", "kind", "filename", "version", "status", "reason")
    table(rows, columns, as_json=json, empty="No document is there. `aeo document add` adds one.")
