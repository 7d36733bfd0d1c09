"""Reads the local mailbox that stands in for a mail server: letters newest first, and one of them. Changes nothing.

What lies there was written by anybody: only plain files are read, only named by what the folder itself lists.
"""

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.parser import BytesHeaderParser, BytesParser
from pathlib import Path

LARGEST = 5 * 1024 * 1024
_HEAD = 64 * 1024  # of a letter, for a list
_NUMBERS = re.compile(r"\d+")


@dataclass(frozen=True)
class Line:
    """A letter in a list."""

    key: str  # the file's name
    recipient: str
    subject: str
    date: str


@dataclass(frozen=True)
class Letter:
    """A letter that is open."""

    line: Line
    headers: tuple[tuple[str, str], ...]
    text: str
    html: str
    attachments: tuple[str, ...]


def letters(folder: Path, *, before: str = "", many: int = 50) -> list[Line]:
    """Return letters, newest first, that came before the one named; none where there is no mailbox yet."""
    names = sorted(_names(folder), key=_when, reverse=True)
    start = names.index(before) + 1 if before in names else 0
    found = []
    for name in names[start : start + many]:
        try:
            head = BytesHeaderParser(policy=policy.default).parsebytes(_content(folder, name, _HEAD))
        except OSError:  # moved or deleted meanwhile
            continue
        found.append(_line(name, head))
    return found


def letter(folder: Path, key: str) -> Letter | None:
    """Return one letter, or None when the mailbox has none of this name."""
    if key not in set(_names(folder)):
        return None
    try:
        found = BytesParser(policy=policy.default).parsebytes(_content(folder, key, LARGEST))
    except OSError:
        return None
    return Letter(
        _line(key, found),
        tuple((name, _plain(found, name)) for name in dict.fromkeys(found.keys())),
        _part(found, "plain"),
        _part(found, "html"),
        tuple(one.get_filename() or one.get_content_type() for one in found.iter_attachments()),
    )


def _names(folder: Path) -> Iterator[str]:
    for place in ("new", "cur"):
        try:
            with os.scandir(folder / place) as entries:
                yield from (entry.name for entry in entries if entry.is_file(follow_symlinks=False))
        except OSError:
            continue


def _when(name: str) -> tuple[int, ...]:
    """Return when a letter was put there, from its name: seconds, microseconds, process, count."""
    return tuple(int(one) for one in _NUMBERS.findall(name.partition(":")[0])[:4])


def _content(folder: Path, name: str, most: int) -> bytes:
    for place in ("new", "cur"):
        try:
            handle = os.open(folder / place / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except FileNotFoundError:
            continue
        with os.fdopen(handle, "rb") as opened:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                break
            return opened.read(most)
    raise FileNotFoundError(name)


def _line(name: str, head: EmailMessage) -> Line:
    return Line(name, _plain(head, "To"), _plain(head, "Subject"), _plain(head, "Date"))


def _plain(head: EmailMessage, name: str) -> str:
    try:
        return str(head.get(name, ""))
    except (ValueError, LookupError, IndexError):  # a header that no parser can read
        return "cannot be read"


def _part(found: EmailMessage, kind: str) -> str:
    body = found.get_body((kind,))
    if body is None:
        return ""
    try:
        return str(body.get_content())
    except (LookupError, ValueError, AssertionError):  # an unknown character set, or no text at all
        return ""
