"""Checks every file that somebody sends: name, size, what it really is, what it would unpack to. Keeps nothing.

Looks at a few bytes and lists and unpacks one small member, so that a hostile file costs no more than an honest one.
"""

import hashlib
import zipfile
import zlib
from dataclasses import dataclass
from io import BytesIO
from pathlib import PurePosixPath

import puremagic

from workflow import inputs
from workflow.errors import BadInput

LARGEST = 50 * 1024 * 1024
_MEGABYTE = 1024 * 1024
_LARGEST_LIST = 1_000_000  # a package that lists its types in more is no office document
_LARGEST_DIRECTORY = _MEGABYTE  # of a package: some 10,000 members
_LARGEST_UNPACKED = 400 * _MEGABYTE
_LARGEST_RATIO = 100  # beyond it, unpacked to more than _HARMLESS, a package is a bomb
_HARMLESS = 50 * _MEGABYTE
_END, _LOCATOR, _END_SIZE, _LOCATOR_SIZE, _LONGEST_COMMENT = b"PK\x05\x06", b"PK\x06\x07", 22, 20, 65_535

# Ending -> media type; what is not here is refused.
_ACCEPTED = {
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".txt": "text/plain",
    ".csv": "text/csv",
}
_NAMED = 60  # so many characters of a long name tell which file it is
_OOXML = {".xlsx": b"spreadsheetml", ".docx": b"wordprocessingml"}
_WITH_MACROS = frozenset({".docm", ".dotm", ".xlsm", ".xltm", ".xlam", ".xlsb", ".pptm", ".potm", ".ppsm"})
# Endings that run when they are opened: one of them before the last ending is there to deceive.
_RUNS = _WITH_MACROS | {
    f".{ending}"
    for ending in [
        "app",
        "bat",
        "cmd",
        "com",
        "cpl",
        "dll",
        "exe",
        "hta",
        "htm",
        "html",
        "iso",
        "jar",
        "js",
        "jse",
        "lnk",
        "msi",
        "msp",
        "pif",
        "ps1",
        "reg",
        "scr",
        "sh",
        "svg",
        "url",
        "vbe",
        "vbs",
        "wsf",
        "wsh",
    ]
}
# Characters that turn the reading direction: with them "fdp.exe" reads as "exe.pdf".
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True)
class File:
    """A file whose name and content passed the checks."""

    filename: str
    media_type: str
    content: bytes
    sha256: str


def checked(filename: str, content: bytes) -> File:
    """Return a file that may be kept. Raises BadInput."""
    filename = _plain_name(filename)
    return File(filename, sniff(filename, content), content, hashlib.sha256(content).hexdigest())


def _plain_name(filename: str) -> str:
    shown = "".join(one if one.isprintable() else "_" for one in filename[:_NAMED])
    what = f'The name of the file "{shown}…"' if len(filename) > _NAMED else "The file's name"
    filename = inputs.name(filename, what)
    if "/" in filename or "\\" in filename or filename.startswith("."):
        raise BadInput(
            "FILE_NAME", f'"{filename}" names a folder or is hidden. Send the file under its own name, without a path.'
        )
    if _TURNING & set(filename):
        shown = "".join(one for one in filename if one not in _TURNING)
        raise BadInput(
            "FILE_NAME", f'The name "{shown}" holds a sign that turns the reading direction. Rename the file.'
        )
    path = PurePosixPath(filename)
    for ending in path.suffixes[:-1]:
        if ending.lower() in _RUNS:
            raise BadInput(
                "FILE_NAME", f'"{filename}" has two endings, {ending} and {path.suffix}. Rename it to what it is.'
            )
    return filename


def too_large(filename: str, size: int) -> BadInput | None:
    """Return what is wrong with a file of this size, if anything: a door need not read it first."""
    if size <= LARGEST:
        return None
    said = f'"{filename}" has {size / _MEGABYTE:.0f} MB; {LARGEST // _MEGABYTE} MB are the limit.'
    return BadInput("FILE_SIZE", f"{said} Send it in parts, or scan it at a lower resolution.")


def sniff(filename: str, content: bytes) -> str:
    """Return the media type when ending and content agree on an accepted one. Raises BadInput."""
    if not content:
        raise BadInput("FILE_EMPTY", f'"{filename}" is empty. Choose the right file.')
    if (wrong := too_large(filename, len(content))) is not None:
        raise wrong
    ending = PurePosixPath(filename).suffix.lower()
    if ending in _WITH_MACROS:
        raise _macros(filename)
    media_type = _ACCEPTED.get(ending)
    if media_type is None or not _content_agrees(filename, ending, media_type, content):
        accepted = ", ".join(sorted(e[1:].upper() for e in _ACCEPTED))
        raise BadInput(
            "FILE_TYPE", f'"{filename}" is not one of the accepted types, or not what its ending says: {accepted}.'
        )
    return media_type


def _macros(filename: str) -> BadInput:
    return BadInput("FILE_TYPE", f'"{filename}" contains macros. Send it as PDF.')


def _content_agrees(filename: str, ending: str, media_type: str, content: bytes) -> bool:
    if ending in _OOXML:
        return _is_ooxml(filename, content, _OOXML[ending])
    if media_type.startswith("text/"):
        return b"\x00" not in content and _is_utf8(content)
    try:
        return any(match.mime_type == media_type for match in puremagic.magic_string(content[:65_536]))
    except puremagic.PureError:
        return False


def _is_ooxml(filename: str, content: bytes, family: bytes) -> bool:
    """Look at what the package says it is: guessing libraries confuse the members of this family."""
    if not _has_small_directory(content):
        return False
    try:
        with zipfile.ZipFile(BytesIO(content)) as package:
            members = package.infolist()
            types = package.getinfo("[Content_Types].xml")
            if types.file_size > _LARGEST_LIST:
                return False
            listed = package.read(types)
    # Whatever a broken or encrypted package makes the library say, it is no document that we take.
    except (zipfile.BadZipFile, zlib.error, KeyError, RuntimeError, ValueError, EOFError, OSError):
        return False
    if b"macroEnabled" in listed or any(one.filename.lower().endswith("vbaproject.bin") for one in members):
        raise _macros(filename)
    unpacked = sum(one.file_size for one in members)
    if unpacked > _LARGEST_UNPACKED or (unpacked > _HARMLESS and unpacked > _LARGEST_RATIO * len(content)):
        raise BadInput(
            "FILE_UNPACKED",
            f'"{filename}" would unpack to {unpacked // _MEGABYTE:,} MB, far more than a document holds. Send it as PDF.',
        )
    inside = all(not one.filename.startswith("/") and ".." not in one.filename.split("/") for one in members)
    return inside and family in listed


def _has_small_directory(content: bytes) -> bool:
    """Look at the package's last record: reading a directory of a million members would take seconds."""
    end = content.rfind(_END, max(0, len(content) - _LONGEST_COMMENT - _END_SIZE))
    if end < 0:
        return False
    large = content[max(0, end - _LOCATOR_SIZE) : end].startswith(_LOCATOR)  # a format for more than 4 GB
    return not large and int.from_bytes(content[end + 12 : end + 16], "little") <= _LARGEST_DIRECTORY


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
