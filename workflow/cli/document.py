"""`aeo document`: documents of a case."""

from pathlib import Path
from typing import Annotated

import typer

from workflow.cli.shared import As, Json, Reference, act_of, finish, group, opened
from workflow.errors import BadInput
from workflow.operations.add_document import LARGEST, add_document

app = group("Documents of a case.")


@app.callback()
def _group() -> None:
    """Documents of a case."""


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
