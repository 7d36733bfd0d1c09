"""Adds a document to a case: kept by its SHA-256, immutable, a new version beside the old."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row, func, select

from states.definition import Programme
from workflow import models
from workflow.access import Deed
from workflow.decisions.decide import summary
from workflow.decisions.outcome import Act, Done, Outcome, Refused
from workflow.decisions.permit import permit
from workflow.decisions.record import Change, new_id, record
from workflow.errors import BadInput
from workflow.files import File, checked
from workflow.models.base import table_of
from workflow.store import cases
from workflow.store.cases import Case
from workflow.store.office import Office

_CHUNK = 256 * 1024
_DOCUMENT = table_of(models.Document)
_WITHDRAWN = table_of(models.DocumentWithdrawal)
_CHUNK_TABLE = table_of(models.DocumentChunk)


def add_document(office: Office, *, reference: str, filename: str, content: bytes, kind: str, act: Act) -> Outcome:
    """Add a document and return its id and digest.

    Raises NotFound, and BadInput for an unknown kind, an empty or too large file, or a type that is not accepted.
    """
    file = checked(filename, content)
    with office.database.transaction() as transaction:
        connection = transaction.connection
        case = cases.lock(connection, reference, act.actor)
        programme = office.editions.machine(connection, case.programme, case.edition).programme
        known_kind(programme, kind)
        role = permit(connection, office.origin, case, programme, Deed.ADD_DOCUMENT, act)
        if isinstance(role, Refused):
            return role
        document_id = keep(connection, office.origin, case, programme, act, role, file, kind)
        data = summary(case) | {"document": document_id, "sha256": file.sha256, "kind": kind}
        return Done(f"Document {document_id} ({kind}) is added to {reference}.", data)


def add_documents(
    office: Office, *, reference: str, files: Sequence[File], kind: str, act: Act, replaces: int | None = None
) -> Outcome:
    """Add several checked files of one kind together. With `replaces`, one file as the next version of that document.

    The very content that is the newest version already is not added again: a form that was sent twice adds nothing.

    Raises NotFound, and BadInput for no file, an unknown kind, or a document that cannot be replaced by this file.
    """
    if not files:
        raise BadInput("NO_FILE", "No file was chosen. Choose one or several.", field="file")
    with office.database.transaction() as transaction:
        connection = transaction.connection
        case = cases.lock(connection, reference, act.actor)
        programme = office.editions.machine(connection, case.programme, case.edition).programme
        if replaces is not None:
            kind, files = _next_version(connection, case, replaces, files)
        known_kind(programme, kind)
        role = permit(connection, office.origin, case, programme, Deed.ADD_DOCUMENT, act)
        if isinstance(role, Refused):
            return role
        added: list[int] = []
        there: list[int] = []
        for file in files:
            same = _newest(connection, case, kind, file.filename)
            if same is not None and same.sha256 == file.sha256:
                there.append(same.id)
            else:
                added.append(keep(connection, office.origin, case, programme, act, role, file, kind))
        data = summary(case) | {"documents": added, "there_already": there, "kind": kind}
        return Done(_told(reference, added, there), data)


def _told(reference: str, added: Sequence[int], there: Sequence[int]) -> str:
    new = "1 document is" if len(added) == 1 else f"{len(added)} documents are"
    known = "1 file is" if len(there) == 1 else f"{len(there)} files are"
    said = [f"{new} added to {reference}."] if added else []
    return " ".join(
        said + ([f"{known} there already, with the same content; nothing was added twice."] if there else [])
    )


def _newest(connection: Connection, case: Case, kind: str, filename: str) -> Row[Any] | None:
    """Return the newest version of a document that counts."""
    query = select(_DOCUMENT).where(
        _DOCUMENT.c.application_id == case.id,
        _DOCUMENT.c.cycle == case.facts_cycle,
        _DOCUMENT.c.kind == kind,
        _DOCUMENT.c.filename == filename,
        _DOCUMENT.c.id.not_in(select(_WITHDRAWN.c.document_id)),
    )
    return connection.execute(query.order_by(_DOCUMENT.c.version.desc()).limit(1)).first()


def _next_version(
    connection: Connection, case: Case, replaces: int, files: Sequence[File]
) -> tuple[str, Sequence[File]]:
    """Return the kind of a document that counts, and the file under that document's name."""
    query = select(_DOCUMENT.c.kind, _DOCUMENT.c.filename, _DOCUMENT.c.media_type).where(
        _DOCUMENT.c.id == replaces,
        _DOCUMENT.c.application_id == case.id,
        _DOCUMENT.c.cycle == case.facts_cycle,
        _DOCUMENT.c.id.not_in(select(_WITHDRAWN.c.document_id)),
    )
    old = connection.execute(query).first()
    if old is None:
        raise BadInput(
            "DOCUMENT", f"Document {replaces} does not count in the present cycle of {case.reference}: add a new one."
        )
    if len(files) != 1:
        raise BadInput("ONE_FILE", f"A new version of {old.filename} is one file. Choose one.", field="file")
    if files[0].media_type != old.media_type:
        sentence = f"{files[0].filename} is of another type than {old.filename}. Add it as a document of its own."
        raise BadInput("FILE_TYPE", sentence, field="file")
    return old.kind, [replace(files[0], filename=old.filename)]


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
