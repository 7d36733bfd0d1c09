"""Adds a document to a case: kept by its SHA-256, immutable, a new version beside the old."""

import hashlib
import zipfile
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import PurePosixPath

import puremagic
from sqlalchemy import Connection, func, select

from states.definition import Programme
from workflow import inputs, models
from workflow.access import Deed
from workflow.decisions.decide import summary
from workflow.decisions.outcome import Act, Done, Outcome, Refused
from workflow.decisions.permit import permit
from workflow.decisions.record import Change, new_id, record
from workflow.errors import BadInput
from workflow.models.base import table_of
from workflow.store import cases
from workflow.store.cases import Case
from workflow.store.office import Office

LARGEST = 50 * 1024 * 1024
_CHUNK = 256 * 1024
_LARGEST_LIST = 1_000_000  # a package that lists its types in more is no office document
_DOCUMENT = table_of(models.Document)
_CHUNK_TABLE = table_of(models.DocumentChunk)

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
_OOXML = {".xlsx": b"spreadsheetml", ".docx": b"wordprocessingml"}


def add_document(office: Office, *, reference: str, filename: str, content: bytes, kind: str, act: Act) -> Outcome:
    """Add a document and return its id and digest.

    Raises NotFound, and BadInput for an unknown kind, an empty or too large file, or a type that is not accepted.
    """
    file = checked(filename, content)
    with office.database.transaction() as transaction:
        connection = transaction.connection
        case = cases.lock(connection, reference)
        programme = office.editions.machine(connection, case.programme, case.edition).programme
        known_kind(programme, kind)
        role = permit(connection, office.origin, case, programme, Deed.ADD_DOCUMENT, act)
        if isinstance(role, Refused):
            return role
        document_id = keep(connection, office.origin, case, programme, act, role, file, kind)
        data = summary(case) | {"document": document_id, "sha256": file.sha256, "kind": kind}
        return Done(f"Document {document_id} ({kind}) is added to {reference}.", data)


@dataclass(frozen=True)
class File:
    """A file whose name and content passed the checks."""

    filename: str
    media_type: str
    content: bytes
    sha256: str


def checked(filename: str, content: bytes) -> File:
    """Return a file that may be kept. Raises BadInput."""
    filename = inputs.name(filename.replace("\\", "/").rpartition("/")[2], "The file's name")
    return File(filename, sniff(filename, content), content, hashlib.sha256(content).hexdigest())


def keep(
    connection: Connection, origin: str, case: Case, programme: Programme, act: Act, role: str, file: File, kind: str
) -> int:
    """Keep a file as a document of a locked case, in the caller's transaction; return the document's id."""
    _keep_content(connection, file)
    kept = Kept(file.filename, file.media_type, len(file.content), file.sha256)
    return enter(connection, origin, case, programme, act, role, kept, kind)


@dataclass(frozen=True)
class Kept:
    """A content that is kept already, under the name it goes by."""

    filename: str
    media_type: str
    size: int
    sha256: str


def enter(
    connection: Connection,
    origin: str,
    case: Case,
    programme: Programme,
    act: Act,
    role: str,
    kept: Kept,
    kind: str,
    **more: int,
) -> int:
    """Make a kept content a document of a locked case and return the document's id; `more` goes into the trail."""
    version = 1 + _versions(connection, case, kind, kept.filename)
    row = {
        "application_id": case.id,
        "cycle": case.facts_cycle,
        "kind": kind,
        "version": version,
        "added_by": act.actor.id,
        "added_at": act.now,
    }
    document_id = new_id(connection.execute(_DOCUMENT.insert(), row | asdict(kept)))
    detail = {"document": document_id, "document_kind": kind, "version": version} | asdict(kept) | more
    del detail["media_type"]
    record(connection, origin, case, programme, act, Change("case:document:added", role, detail=detail))
    return document_id


def sniff(filename: str, content: bytes) -> str:
    """Return the media type when ending and content agree on an accepted one. Raises BadInput."""
    if not content:
        raise BadInput("FILE_EMPTY", f'"{filename}" is empty. Choose the right file.')
    if len(content) > LARGEST:
        size = len(content) / 1024 / 1024
        raise BadInput("FILE_SIZE", f'"{filename}" has {size:.0f} MB; {LARGEST // 1024 // 1024} MB are the limit.')
    ending = PurePosixPath(filename).suffix.lower()
    media_type = _ACCEPTED.get(ending)
    if media_type is None or not _content_agrees(ending, media_type, content):
        accepted = ", ".join(sorted(e[1:].upper() for e in _ACCEPTED))
        raise BadInput(
            "FILE_TYPE", f'"{filename}" is not one of the accepted types, or not what its ending says: {accepted}.'
        )
    return media_type


def _content_agrees(ending: str, media_type: str, content: bytes) -> bool:
    if ending in _OOXML:
        return _is_ooxml(content, _OOXML[ending])
    if media_type.startswith("text/"):
        return b"\x00" not in content and _is_utf8(content)
    try:
        return any(match.mime_type == media_type for match in puremagic.magic_string(content[:65_536]))
    except puremagic.PureError:
        return False


def _is_ooxml(content: bytes, family: bytes) -> bool:
    """Look at what the package says it is: guessing libraries confuse the members of this family."""
    try:
        with zipfile.ZipFile(BytesIO(content)) as package:
            types = package.getinfo("[Content_Types].xml")
            return (
                types.file_size < _LARGEST_LIST
                and family in package.read(types)
                and b"macroEnabled" not in package.read(types)
            )
    except (zipfile.BadZipFile, KeyError):
        return False


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def known_kind(programme: Programme, kind: str) -> None:
    """Raise BadInput for a kind of document that the programme does not know."""
    known = [d.kind for d in programme.documents]
    if kind not in known:
        raise BadInput(
            "DOCUMENT_KIND", f'{programme.code} knows no document kind "{kind[:40]}". Known: {", ".join(known)}.'
        )


def _keep_content(connection: Connection, file: File) -> None:
    """The same content is kept once; what is there stays until the transaction ends, or a disposal removes it before."""
    first = select(_CHUNK_TABLE.c.part).where(_CHUNK_TABLE.c.sha256 == file.sha256, _CHUNK_TABLE.c.part == 0)
    if connection.execute(first.with_for_update(read=True)).first() is None:
        chunks = [file.content[start : start + _CHUNK] for start in range(0, len(file.content), _CHUNK)]
        rows = [{"sha256": file.sha256, "part": part, "content": chunk} for part, chunk in enumerate(chunks)]
        connection.execute(_CHUNK_TABLE.insert(), rows)


def _versions(connection: Connection, case: Case, kind: str, filename: str) -> int:
    query = select(func.count()).where(
        _DOCUMENT.c.application_id == case.id,
        _DOCUMENT.c.cycle == case.facts_cycle,
        _DOCUMENT.c.kind == kind,
        _DOCUMENT.c.filename == filename,
    )
    return int(connection.execute(query).scalar_one())
