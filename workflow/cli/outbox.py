"""`aeo outbox`: mail that waits, went or failed."""

from pathlib import Path
from typing import Annotated

import typer

from workflow import inputs
from workflow.bootstrap import renderer
from workflow.cli.shared import (
    As,
    Json,
    act_of,
    finish,
    group,
    leave,
    opened,
    show,
    stopped_by_signals,
    table,
    viewer_of,
)
from workflow.errors import BadInput
from workflow.models.notification import STATUSES
from workflow.operations.deliver_outbox import deliver_outbox
from workflow.operations.mark_arrived import mark_arrived
from workflow.operations.preview_message import preview_message, preview_of_case
from workflow.operations.read_bounces import read_bounces
from workflow.operations.release_address import release_address
from workflow.operations.retry_message import retry_message
from workflow.reports import outbox
from workflow.settings import read_settings

app = group("Mail that waits, went or failed.")


@app.command("list")
def list_(
    status: Annotated[str, typer.Option(help=f"One of {', '.join(STATUSES)}.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many, newest first.")] = 100,
    as_: As = "",
    json: Json = False,
) -> None:
    """List messages, newest first."""
    status = inputs.one_of(status, STATUSES, "The status") if status else ""
    with opened() as installation:
        viewer = viewer_of(installation, as_, for_operators=True)
        with installation.office.database.snapshot() as connection:
            rows = outbox.messages(connection, viewer=viewer, status=status, limit=limit)
    columns = ("id", "status", "message", "application", "recipient", "attempts")
    table(rows, columns, as_json=json, empty="No message matches.")


@app.command("show")
def show_(
    message: Annotated[int, typer.Argument(metavar="ID", help="The message's number.")],
    as_: As = "",
    json: Json = False,
) -> None:
    """Show one message as it is or will be written, with every try."""
    with opened() as installation:
        viewer = viewer_of(installation, as_, for_operators=True)
        with installation.office.database.snapshot() as connection:
            row = outbox.message(connection, message, viewer=viewer)
        if row["payload"] is None:
            subject, text = "", f"Its text was disposed of on {row['disposed_at'].date().isoformat()}."
        else:
            rendered = installation.post().renderer.render(row["message"], row["payload"])
            subject, text = rendered.subject, rendered.text
    found = row | {"subject": subject, "text": text}
    if json:
        show(found, as_json=True)
        return
    show(f"{row['status']}: {row['message']} to {row['address'] or row['recipient']}", as_json=False)
    for attempt in row["tries"]:
        show(f"  {attempt['at']:%Y-%m-%dT%H:%M:%SZ}  {attempt['outcome']}: {attempt['reply']}", as_json=False)
    show(f"\nSubject: {subject}\n\n{text}" if subject else f"\n{text}", as_json=False)


@app.command()
def deliver(json: Json = False) -> None:
    """Try every message that is due, once."""
    with opened() as installation, stopped_by_signals(installation):
        post, clock = installation.post(), installation.clock
        counts = deliver_outbox(installation.office, post, now=clock(), clock=clock, stop=installation.stop)
    words = ", ".join(f"{count} {status}" for status, count in sorted(counts.items())) or "nothing was due"
    show(counts if json else f"Outbox: {words}.", as_json=json)


@app.command()
def retry(
    message: Annotated[int, typer.Argument(metavar="ID", help="The message's number.")],
    as_: As = "",
    json: Json = False,
) -> None:
    """Send a message again that failed, was held back or is in doubt."""
    with opened() as installation:
        act = act_of(installation, as_)
        finish(retry_message(installation.office, message=message, act=act), as_json=json)


@app.command()
def arrived(
    message: Annotated[int, typer.Argument(metavar="ID", help="The message's number.")],
    note: Annotated[str, typer.Option(help="Whom you asked and what they said; kept in the trail.")],
    as_: As = "",
    json: Json = False,
) -> None:
    """Let a message in doubt count as sent, because you asked the recipient and it arrived."""
    with opened() as installation:
        act = act_of(installation, as_)
        finish(mark_arrived(installation.office, message=message, note=note, act=act), as_json=json)


@app.command()
def bounces(json: Json = False) -> None:
    """Read what came back into the maildir that AEO_BOUNCES names, once."""
    with opened() as installation:
        mailbox = installation.settings.bounces
        if mailbox is None:
            raise BadInput(
                "BOUNCES", "AEO_BOUNCES names no maildir. Set it to the one that undeliverable mail goes to."
            )
        counts = read_bounces(installation.office, mailbox, now=installation.clock())
    words = ", ".join(f"{count} {came_to.replace('_', ' ')}" for came_to, count in sorted(counts.items()))
    show(counts if json else f"Came back: {words or 'nothing'}.", as_json=json)


@app.command("suppressed")
def suppressed_(as_: As = "", json: Json = False) -> None:
    """List addresses to which nothing is sent any more."""
    with opened() as installation:
        viewer = viewer_of(installation, as_, for_operators=True)
        with installation.office.database.snapshot() as connection:
            rows = outbox.suppressed(connection, viewer=viewer)
    table(rows, ("address", "since", "reason", "message"), as_json=json, empty="Mail goes to every address.")


@app.command()
def release(
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="The address.")],
    reason: Annotated[str, typer.Option(help="Why mail goes there again.")],
    as_: As = "",
    json: Json = False,
) -> None:
    """Let mail go to an address again."""
    with opened() as installation:
        act = act_of(installation, as_)
        finish(release_address(installation.office, address=address, reason=reason, act=act), as_json=json)


@app.command()
def preview(
    message: Annotated[str, typer.Argument(help="The message's name, such as renewal_invitation.")],
    application: Annotated[
        str, typer.Option(metavar="REF", help="Take what this case gives, not made-up values.")
    ] = "",
    html: Annotated[bool, typer.Option("--html", help="Print the HTML, not the text.")] = False,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write to this file.")] = None,
    as_: As = "",
    json: Json = False,
) -> None:
    """Show how a message is written, your own template first; exit 1 when that one cannot be used."""
    if application:
        with opened() as installation:
            made = renderer(installation.settings)
            viewer = viewer_of(installation, as_, for_operators=True)
            found = preview_of_case(made, message, office=installation.office, reference=application, viewer=viewer)
    else:
        found = preview_message(renderer(read_settings()), message)
    data = {"message": message, "subject": found.subject, "text": found.text, "html": found.html, "fault": found.fault}
    body = found.html if html else f"Subject: {found.subject}\n\n{found.text}"
    if out is not None:
        try:
            out.write_text(body, encoding="utf-8")
        except OSError as error:
            raise BadInput("FILE", f"{out} cannot be written: {error.strerror}.") from error
    if json:
        show(data, as_json=True)
    else:
        show(body if out is None else f"{message} is written to {out}.", as_json=False)
    if found.fault:
        if not json:
            typer.echo(found.fault, err=True)
        leave(1)
