"""`aeo serve`: web pages, and clock and mail beside them."""

import ipaddress
import secrets
from datetime import UTC, datetime
from typing import Annotated

import typer

from workflow.cli.shared import command, opened
from workflow.errors import BadInput

app = command()


@app.command(help="Serve the pages, and run the clock and the mail.")
def serve(
    host: Annotated[str, typer.Option(help="A loopback address: pages have no sign-in yet.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8000,
    no_worker: Annotated[bool, typer.Option("--no-worker", help="Pages only.")] = False,
) -> None:
    import uvicorn  # noqa: PLC0415  # heavy; only this command needs them

    from workflow.jobs import schedule  # noqa: PLC0415
    from workflow.reports.readiness import problems  # noqa: PLC0415
    from workflow.web.app import create_app  # noqa: PLC0415
    from workflow.web.site import Site  # noqa: PLC0415

    if not _is_loopback(host):
        raise BadInput(
            "HOST", f"{host} is not a loopback address. Pages have no sign-in yet, so they stay on this machine."
        )
    with opened() as installation:
        jobs = () if no_worker else tuple(job.name for job in schedule.JOBS)
        web = create_app(
            Site(
                installation.office,
                installation.clock,
                lambda: problems(installation.office, now=installation.clock(), real_now=datetime.now(UTC), jobs=jobs),
                lambda _: None,
                secrets.token_hex(16),
                installation.settings,
                installation.demonstration,
            )
        )
        scheduler = None if no_worker else schedule.start(installation)
        typer.echo(f"AEO Casework is on http://{host}:{port} (reading only; act with `aeo`). Stop with Ctrl-C.")
        try:
            uvicorn.run(web, host=host, port=port, log_level="warning", proxy_headers=False, server_header=False)
        finally:
            if scheduler is not None:
                schedule.stop(scheduler, installation)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
