"""Processes that write entries and seal the log of one database, to be killed at any moment. For tests."""

import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import builders
from installed import opened
from sqlalchemy import URL

from workflow.audit.entry import Entry
from workflow.decisions.record import enter
from workflow.operations.seal_log import seal_log
from workflow.store.signing import signer_of

# Each process is forked from one that has loaded what is slow to load, and has opened nothing.
_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(
    [
        "pytest",
        "hypothesis",
        "psycopg",
        "workflow.operations.seal_log",
        "workflow.decisions.record",
        "workflow.bootstrap",
    ]
)


def entry(writer: int, number: int) -> Entry:
    detail = {"writer": writer, "n": number}
    return Entry("test:entry:made", builders.NOW, "p-01", "officer", "console", detail=detail)


def write(begun: Event, url: URL, writer: int, many: int, pause: float) -> None:
    """Write entries, each in a transaction of its own."""
    with opened(url) as office:
        for number in range(many):
            with office.database.transaction() as transaction:
                enter(transaction.connection, entry(writer, number))
            begun.set()
            time.sleep(pause)


def seal_on(begun: Event, url: URL, folder: Path, batch: int, pause: float) -> None:
    """Seal until killed."""
    signer = signer_of(str(folder / "log.key"), folder)
    with opened(url) as office:
        while True:
            begun.set()
            seal_log(office, signer, now=builders.NOW, batch=batch)
            time.sleep(pause)


def start(work: Callable[..., None], *given: Any) -> BaseProcess:
    """Start a process; return once it is at work."""
    begun = _PROCESSES.Event()
    process = _PROCESSES.Process(target=work, args=(begun, *given), daemon=True)
    process.start()
    assert begun.wait(60), "the process does not begin"
    return process


def kill(process: BaseProcess) -> None:
    if process.pid is not None and process.is_alive():
        os.kill(process.pid, signal.SIGKILL)
    process.join()
