"""`aeo worker`: clock and mail without web pages."""

import typer

from workflow.cli.shared import command, opened, stopped_by_signals
from workflow.jobs import schedule

app = command()


@app.command(help="Run the clock and the mail until stopped.")
def worker() -> None:
    with opened() as installation, stopped_by_signals(installation):
        scheduler = schedule.start(installation)
        typer.echo(f"Clock and mail are running: {', '.join(job.name for job in schedule.JOBS)}. Stop with Ctrl-C.")
        installation.stop.wait()
        schedule.stop(scheduler, installation)
