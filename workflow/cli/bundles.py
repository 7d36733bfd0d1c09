"""Bundles, checkpoints and keys as they are typed, and a verdict in words. Looks at neither database nor settings."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from workflow.audit.bundle import BadBundle, Verdict
from workflow.audit.note import BadNote, note_in, verifier_of
from workflow.cli.progress import counting
from workflow.errors import BadInput

_PROGRESS = 10_000
_LONGEST_NOTE = 1 << 20
_GZIP = b"\x1f\x8b"
_IS = "A bundle is a file that `aeo audit export --format jsonl` wrote, just as it was written."
Given = TypeVar("Given", Path, str)


def once(given: Sequence[Given] | None, option: str) -> Given | None:
    """Return what an option was given, if anything. Raises BadInput where it was given more than once."""
    if given and len(given) > 1:
        raise BadInput("TWICE", f"{option} was given {len(given)} times. Give one, and verify the others one by one.")
    return given[0] if given else None


@contextmanager
def lines_of(file: Path, *, quiet: bool) -> Iterator[Iterator[bytes]]:
    """Yield the lines of a bundle's file. What turns out to be no bundle is told as bad input that names the file."""
    with _opened(file, _IS) as source, counting("Entries", quiet=quiet) as progress:
        if source.peek(len(_GZIP)).startswith(_GZIP):
            raise BadInput("BUNDLE", f"{file} is packed with gzip. Unpack it first: `gunzip {file}`.")
        try:
            yield _counted(source, progress)
        except BadBundle as error:
            raise BadInput("BUNDLE", f"{file} cannot be used. {error} {_IS}") from error


def note_of(file: Path) -> str:
    """Return the checkpoint in a file."""
    with _opened(file, "A checkpoint is a text file.") as source:
        try:
            return note_in(source.read(_LONGEST_NOTE).decode())
        except UnicodeDecodeError as error:
            raise BadInput("CHECKPOINT", f"{file} is no text, so no checkpoint.") from error
        except BadNote as error:
            raise BadInput("CHECKPOINT", f"{file} holds no checkpoint that can be used. {error}") from error


def key_of(typed: str | None) -> str | None:
    """Return a verifier key as it was typed, if it was. Raises BadInput where it is none: also an empty one."""
    if typed is None:
        return None
    try:
        return verifier_of(typed).text
    except BadNote as error:
        remedy = 'Give the key itself, not the name of its file: --key "$(cat vkey)".'
        raise BadInput("KEY", f'--key "{typed}" is no verifier key. {error} {remedy}') from error


def as_data(verdict: Verdict) -> dict[str, Any]:
    return {
        "holds": verdict.holds, "origin": verdict.origin, "size": verdict.size, "entries": verdict.entries,
        "complete": verdict.complete, "first_bad": verdict.first_bad, "between": verdict.between,
        "problems": verdict.problems, "unanswered": verdict.unanswered,
    }  # fmt: skip


def in_words(verdict: Verdict, *, trusted: bool, kept: bool, source: str = "the bundle itself") -> Iterator[str]:
    """Yield a verdict line by line.

    `trusted` says whether a key was given, `kept` whether a checkpoint was, and `source` where else a key came from.
    """
    every = "all" if verdict.complete else "each with its proof"
    counted = "1 entry" if verdict.entries == 1 else f"{verdict.entries:,} entries"
    entries = f"{counted} ({every}) of the log {verdict.origin}, which has {verdict.size:,}"
    if verdict.problems:
        yield f"This does NOT hold.{_place(verdict)}"
        yield from (f"  - {problem}" for problem in (*verdict.problems, *verdict.unanswered))
        return
    if verdict.unanswered:
        yield f"What was asked cannot be answered. By themselves these agree: {entries}."
        yield from (f"  - {one}" for one in verdict.unanswered)
    else:
        yield f"This holds: {entries}."
    if not trusted:
        yield f"The key was taken from {source}: give the one you know with --key to be sure whose log it is."
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
def _opened(file: Path, remedy: str) -> Iterator[BufferedReader]:
    try:
        source = file.open("rb")
    except OSError as error:
        raise BadInput("FILE", f"{file} cannot be read: {error.strerror}. {remedy}") from error
    with source:
        yield source
