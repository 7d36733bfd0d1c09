"""`aeo serve`: web pages, and clock and mail beside them."""

import ipaddress
from datetime import UTC, datetime
from typing import Annotated

import typer

from workflow.bootstrap import Opened
from workflow.cli.shared import command, opened
from workflow.errors import BadInput
from workflow.operations.demonstration import demonstration_sign_ins
from workflow.store import engines

app = command()


@app.command(help="Serve the pages, and run the clock and the mail.")
def serve(
    host: Annotated[str, typer.Option(help="A loopback address; a proxy beside it speaks TLS.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that answer; several need PostgreSQL.")] = 1,
    no_worker: Annotated[bool, typer.Option("--no-worker", help="Pages only.")] = False,
) -> None:
    import uvicorn  # noqa: PLC0415  # heavy; only this command needs them

    from workflow.jobs import schedule  # noqa: PLC0415
    from workflow.web import process  # noqa: PLC0415
    from workflow.web.app import create_app  # noqa: PLC0415

    if not _is_loopback(host):
        raise BadInput(
            "HOST",
            f"{host} is not a loopback address. Pages are served without TLS; put a proxy before them that speaks it.",
        )
    with opened() as installation:
        if workers > 1 and engines.sqlite_path(engines.parse(installation.settings.database)) is not None:
            raise BadInput(
                "WORKERS",
                f"{workers} processes need PostgreSQL, because SQLite lets one of them write at a time. Name a "
                "PostgreSQL database in AEO_DATABASE_URL, or serve from one process.",
            )
        site = process.site(installation, jobs=not no_worker)
        scheduler = None if no_worker else schedule.start(installation)
        typer.echo(f"AEO Casework is on http://{host}:{port}. Stop with Ctrl-C.")
        _show_sign_ins(installation)
        # Each of several processes opens the installation for itself; clock and mail run once, in this one.
        factory = f"{process.__name__}:{'alone' if no_worker else 'beside_jobs'}"
        try:
            uvicorn.run(
                create_app(site) if workers == 1 else factory,
                factory=workers > 1,
                workers=workers,
                host=host,
                port=port,
                log_level="warning",
                proxy_headers=False,
                server_header=False,
            )
        finally:
            if scheduler is not None:
                schedule.stop(scheduler, installation)


def _show_sign_ins(installation: Opened) -> None:
    """Print how to sign in to a demonstration; any other database has none to show."""
    found = demonstration_sign_ins(installation.office, real_now=datetime.now(UTC))
    if not found:
        return
    typer.echo(f"This is a demonstration. Everybody's password: {found[0].password}")
    for one in found:
        code = ", and a code, which the sign-in page shows" if one.code else ""
        typer.echo(f"  {one.email:<32} {one.name}, {', '.join(one.roles).replace('_', ' ')}{code}")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
