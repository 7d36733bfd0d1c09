"""`aeo audit`: the trail, its log, and verifying it, for which no database is needed.

What an auditor asks beside is in `audit_questions.py`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from workflow import inputs
from workflow.audit import bundle
from workflow.audit.note import BadNote
from workflow.cli import bundles
from workflow.cli.audit_questions import app as questions
from workflow.cli.audit_questions import span
from workflow.cli.progress import counting
from workflow.cli.shared import As, Json, act_of, finish, group, leave, opened, operator_act, show
from workflow.errors import BadInput
from workflow.operations.export_trail import export_trail
from workflow.operations.prove_entry import prove_entry
from workflow.operations.renew_log import new_origin as begin_new_origin
from workflow.operations.rotate_key import rotate_key as replace_key
from workflow.operations.seal_log import seal_log
from workflow.reports.trail.as_bundle import bundle_lines
from workflow.reports.trail.choice import choose
from workflow.reports.trail.formats import FORMATS

app = group("The trail.")
app.add_typer(questions)
_ZONE = "Asia/Singapore"


@app.callback()
def _group() -> None:
    """The trail."""


@app.command()
def export(
    out: Annotated[Path, typer.Option(help="The file to write.")],
    format_: Annotated[
        str,
        typer.Option("--format", help="csv, xlsx, xes, ocel, pdf of one case, or jsonl: a bundle that proves itself."),
    ] = "csv",
    application: Annotated[str | None, typer.Option(help="Only this case.")] = None,
    programme: Annotated[str | None, typer.Option(help="Only cases of this programme.")] = None,
    uen: Annotated[str | None, typer.Option(help="Only cases of this company.")] = None,
    actor: Annotated[
        str | None, typer.Option(metavar="EMAIL", help="Only what this person did; also clock or operator.")
    ] = None,
    kind: Annotated[str | None, typer.Option(help="Only entries of this kind.")] = None,
    first: Annotated[str | None, typer.Option("--from", help="The first day (Singapore).")] = None,
    last: Annotated[str | None, typer.Option("--to", help="The last day.")] = None,
    internal_reasons: Annotated[
        bool, typer.Option("--internal-reasons", help="Tell internal reasons too, in csv and xlsx; for auditors.")
    ] = False,
    as_: As = "",
    json: Json = False,
) -> None:
    """Export the trail; the export is itself in the trail. For auditors and supervisors."""
    form = inputs.one_of(format_, tuple(FORMATS), "The format")
    asked = {"application": application, "programme": programme, "uen": uen, "actor": actor, "kind": kind}
    given = _filters(asked | {"from": first, "to": last})
    begin, end = span(given.pop("from"), given.pop("to"))
    if given["uen"]:
        given["uen"] = inputs.uen(given["uen"]).value
    with opened() as installation, counting("Entries", quiet=json) as progress:
        act = act_of(installation, as_)
        office = installation.office
        with office.database.snapshot() as connection:
            wanted = choose(connection, office.editions, zone=_ZONE, first=begin, last=end, **given)
        done = export_trail(
            office,
            installation.signer(),
            file=out,
            wanted=wanted,
            act=act,
            zone=_ZONE,
            form=form,
            internal_reasons=internal_reasons,
            progress=progress,
        )
        finish(done, as_json=json)


def _filters(asked: dict[str, str | None]) -> dict[str, str]:
    """Return the filters, empty where none was given. Raises BadInput for one that was given and is empty."""
    for name, text in asked.items():
        if text is not None and not text.strip():
            raise BadInput("FILTER", f"--{name} is empty, which would mean everything. Name one, or leave it out.")
    return {name: (text or "").strip() for name, text in asked.items()}


@app.command()
def seal(json: Json = False) -> None:
    """Give every waiting entry its position in the log and sign what it has come to."""
    with opened() as installation:
        sealed = seal_log(installation.office, installation.signer(), now=installation.clock())
    data = {"added": sealed.added, "size": sealed.size, "checkpoint": sealed.note}
    show(data if json else f"{sealed.added} entries sealed; the log has {sealed.size}.", as_json=json)


@app.command()
def checkpoint(
    key: Annotated[bool, typer.Option("--key", help="Print the verifier key instead.")] = False, json: Json = False
) -> None:
    """Print the newest signed checkpoint. Keep it elsewhere: it is what the log is held to."""
    with opened() as installation:
        signer = installation.signer()
        sealed = seal_log(installation.office, signer, now=installation.clock())
        verifier = signer.verifier(sealed.origin).text
    if sealed.note is None:
        raise BadInput("EMPTY", "The log has no entry yet.")
    words = verifier if key else sealed.note.rstrip("\n")
    show({"checkpoint": sealed.note, "vkey": verifier} if json else words, as_json=json)


@app.command()
def prove(
    entry: Annotated[int, typer.Argument(metavar="ENTRY", help="The entry's index in the log.")], json: Json = False
) -> None:
    """Print an entry with the proof that it is in the log: a bundle of one, as `aeo audit verify` reads it."""
    with opened() as installation:
        lines = prove_entry(installation.office, installation.signer(), index=entry, now=installation.clock())
    show({"bundle": lines} if json else "\n".join(lines), as_json=json)


@app.command()
def verify(
    files: Annotated[
        list[Path] | None,
        typer.Option("--bundle", metavar="FILE", help="The bundle; without it, this installation's log."),
    ] = None,
    checkpoint: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE", help="A checkpoint that was kept elsewhere; several show since when a log was rewritten."
        ),
    ] = None,
    keys: Annotated[
        list[str] | None, typer.Option("--key", metavar="VKEY", help="The verifier key that you trust.")
    ] = None,
    json: Json = False,
) -> None:
    """Verify the trail. With --bundle neither database nor settings are looked at.

    Exit 1 when anything does not hold, or when a bundle of some entries cannot show what was asked.
    """
    file, key = bundles.once(files, "--bundle"), bundles.key_of(bundles.once(keys, "--key"))
    kept = [bundles.note_of(one) for one in checkpoint or []]
    try:
        with _lines(file, quiet=json) as lines:
            verdict = bundle.verify(lines, checkpoint=kept[0] if kept else None, earlier=kept[1:], key=key)
    except BadNote as error:
        raise BadInput("CHECKPOINT", str(error)) from error
    source = "the bundle itself" if file else "this installation"
    words = bundles.in_words(verdict, trusted=key is not None, kept=bool(kept), source=source)
    show(bundles.as_data(verdict) if json else "\n".join(words), as_json=json)
    if not verdict.holds:
        leave(1)


@contextmanager
def _lines(file: Path | None, *, quiet: bool) -> Iterator[Iterator[bytes]]:
    """Yield the lines of a bundle: of the file, or of the whole log of this installation."""
    if file is None:
        with opened() as installation:
            signer = installation.signer()
            sealed = seal_log(installation.office, signer, now=installation.clock())
            if sealed.note is None:
                raise BadInput("EMPTY", "The log has no entry yet.")
            with installation.office.database.snapshot() as connection:
                verifier = signer.verifier(sealed.origin).text
                lines = bundle_lines(connection, note=sealed.note, verifier=verifier)
                yield (line.encode() for line in lines)
        return
    with bundles.lines_of(file, quiet=quiet) as lines_of_file:
        yield lines_of_file


@app.command("new-origin")
def new_origin(
    reason: Annotated[str, typer.Option(help="Why: a restored backup, for example.")], json: Json = False
) -> None:
    """Go on with the log under a new name after a restored backup; the old one's checkpoints stay what they are."""
    with opened() as installation:
        finish(begin_new_origin(installation.office, reason=reason, act=operator_act(installation)), as_json=json)


@app.command("rotate-key")
def rotate_key(json: Json = False) -> None:
    """Sign with a new key from now on; the last checkpoint of the old one is signed by both."""
    with opened() as installation:
        settings = installation.settings
        if settings.key.lstrip().startswith("-----BEGIN"):
            raise BadInput(
                "KEY_TEXT", "AEO_SIGNING_KEY holds the key itself. Put it into a file, name the file, then do this."
            )
        finish(replace_key(installation.office, Path(settings.key), act=operator_act(installation)), as_json=json)
