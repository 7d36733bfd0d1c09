"""`aeo demo`: demonstration data."""

from datetime import UTC, datetime

from notifications.transport import MaildirTransport
from workflow.bootstrap import renderer
from workflow.cli.progress import counting
from workflow.cli.shared import Json, group, opened, show
from workflow.errors import Unavailable
from workflow.operations.deliver_outbox import Post
from workflow.operations.demonstration import demonstration_sign_ins, load_demonstration

app = group("Demonstration data: fictitious companies with computed UENs.")


@app.callback()
def _group() -> None:
    """Demonstration data."""


@app.command()
def load(json: Json = False) -> None:
    """Load the demonstration once; running it again changes nothing."""
    with opened() as installation, counting("Cases", quiet=json) as progress:
        settings = installation.settings
        if settings.env == "production":
            raise Unavailable("PRODUCTION", "The demonstration is never loaded in production.")
        # Demonstration mail stays on this machine whatever relay is set.
        transport = MaildirTransport(settings.data_dir / "mailbox")
        post = Post(transport, renderer(settings), settings.mail_from)
        count = load_demonstration(
            installation.office, post, now=installation.clock(), secrets=installation.secrets(), progress=progress
        )
        found = demonstration_sign_ins(installation.office, real_now=datetime.now(UTC))
    if json:
        show({"loaded": count, "people": [one.data for one in found]}, as_json=True)
        return
    show(
        f"{count} fictitious cases are loaded." if count else "Cases are there already; nothing is loaded.",
        as_json=False,
    )
    if count:
        show("Act as one of these people with --as or AEO_OFFICER; `aeo serve` prints how to sign in:", as_json=False)
        for one in found:
            show(f"  {one.email:<32} {one.name}, {', '.join(one.roles)}", as_json=False)
