"""`aeo worker`: clock and mail without web pages."""

import signal
import threading

import typer

from workflow.cli.shared import command, opened
from workflow.jobs import schedule

app = command()


@app.command(help="Run the clock and the mail until stopped.")
def worker() -> None:
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with opened() as installation:
        scheduler = schedule.start(installation)
        typer.echo(f"Clock and mail are running: {', '.join(job.name for job in schedule.JOBS)}. Stop with Ctrl-C.")
        stop.wait()
        scheduler.shutdown(wait=True)
