"""`aeo outbox`: mail that waits, went or failed."""

from typing import Annotated

import typer

from workflow import inputs
from workflow.cli.shared import Json, group, opened, show, table
from workflow.models.notification import STATUSES
from workflow.operations.deliver_outbox import deliver_outbox
from workflow.reports import outbox

app = group("Mail that waits, went or failed.")


@app.command("list")
def list_(
    status: Annotated[str, typer.Option(help=f"One of {', '.join(STATUSES)}.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many, newest first.")] = 100,
    json: Json = False,
) -> None:
    """List messages, newest first."""
    status = inputs.one_of(status, STATUSES, "The status") if status else ""
    with opened() as installation, installation.office.database.snapshot() as connection:
        rows = outbox.messages(connection, status=status, limit=limit)
    columns = ("id", "status", "message", "application", "recipient", "attempts")
    table(rows, columns, as_json=json, empty="No message matches.")


@app.command("show")
def show_(
    message: Annotated[int, typer.Argument(metavar="ID", help="The message's number.")], json: Json = False
) -> None:
    """Show one message as it is or will be written, with every try."""
    with opened() as installation:
        with installation.office.database.snapshot() as connection:
            row = outbox.message(connection, message)
        rendered = installation.post().renderer.render(row["message"], row["payload"])
    found = row | {"subject": rendered.subject, "text": rendered.text}
    if json:
        show(found, as_json=True)
        return
    show(f"{row['status']}: {row['message']} to {row['address'] or row['recipient']}", as_json=False)
    for attempt in row["tries"]:
        show(f"  {attempt['at']:%Y-%m-%dT%H:%M:%SZ}  {attempt['outcome']}: {attempt['reply']}", as_json=False)
    show(f"\nSubject: {rendered.subject}\n\n{rendered.text}", as_json=False)


@app.command()
def deliver(json: Json = False) -> None:
    """Try every message that is due, once."""
    with opened() as installation:
        counts = deliver_outbox(installation.office, installation.post(), now=installation.clock())
    words = ", ".join(f"{count} {status}" for status, count in sorted(counts.items())) or "nothing was due"
    show(counts if json else f"Outbox: {words}.", as_json=json)
