"""Bundles and checkpoints as files, and a verdict in words. Looks at neither database nor settings."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from workflow.audit.bundle import Verdict
from workflow.cli.progress import counting
from workflow.errors import BadInput

_PROGRESS = 10_000
_LONGEST_NOTE = 1 << 20


@contextmanager
def lines_of(file: Path, *, quiet: bool) -> Iterator[Iterator[bytes]]:
    """Yield the lines of a bundle's file."""
    with _opened(file) as source, counting("Entries", quiet=quiet) as progress:
        yield _counted(source, progress)


def note_of(file: Path) -> str:
    """Return the text of a checkpoint's file."""
    with _opened(file) as source:
        try:
            return source.read(_LONGEST_NOTE).decode()
        except UnicodeDecodeError as error:
            raise BadInput("FILE", f"{file} is no text.") from error


def as_data(verdict: Verdict) -> dict[str, Any]:
    return {
        "holds": verdict.holds, "origin": verdict.origin, "size": verdict.size, "entries": verdict.entries,
        "complete": verdict.complete, "first_bad": verdict.first_bad, "between": verdict.between,
        "problems": verdict.problems,
    }  # fmt: skip


def in_words(verdict: Verdict, *, trusted: bool, kept: bool) -> Iterator[str]:
    """Yield a verdict line by line; `trusted` says whether a key was given, `kept` whether a checkpoint was."""
    if not verdict.holds:
        yield f"This does NOT hold.{_place(verdict)}"
        yield from (f"  - {problem}" for problem in verdict.problems)
        return
    every = "all" if verdict.complete else "each with its proof"
    yield f"This holds: {verdict.entries:,} entries ({every}) of the log {verdict.origin}, which has {verdict.size:,}."
    if not trusted:
        yield "The key was taken from the bundle itself: give the one you know with --key to be sure whose log it is."
    if not kept:
        yield "No checkpoint kept elsewhere was given (--checkpoint): a log that was rewritten as a whole would pass too."


def _place(verdict: Verdict) -> str:
    if verdict.first_bad is not None:
        return f" The first bad entry is {verdict.first_bad}."
    if verdict.between is not None:
        return " The first bad entry is one of {} to {}.".format(*verdict.between)
    return ""


def _counted(source: BinaryIO, progress: Callable[[int], None]) -> Iterator[bytes]:
    for number, line in enumerate(source):
        if number % _PROGRESS == 0:
            progress(number)
        yield line


@contextmanager
def _opened(file: Path) -> Iterator[BinaryIO]:
    try:
        source = file.open("rb")
    except OSError as error:
        raise BadInput("FILE", f"{file} cannot be read: {error.strerror}.") from error
    with source:
        yield source
