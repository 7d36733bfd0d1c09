"""Hands out a document to read, and enters in the trail who opened it."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, select

from states.dates import local_day
from workflow import models
from workflow.decisions.outcome import Act
from workflow.decisions.record import Change, record
from workflow.errors import NotFound
from workflow.models.base import table_of
from workflow.store import cases, openings
from workflow.store.cases import Case
from workflow.store.office import Office

_DOCUMENT = table_of(models.Document)
_CHUNK = table_of(models.DocumentChunk)


@dataclass(frozen=True)
class Opened:
    """A document that may be read; its content comes from `content_of`."""

    id: int
    filename: str
    media_type: str
    size: int
    sha256: str


def open_document(office: Office, *, reference: str, document_id: int, act: Act) -> Opened:
    """Return a document of a case, and note that this person opened it.

    One entry for each person, document and day: whether somebody looked is what a decision is asked about later, and a
    preview that is shown again with every press would bury the rest of the history.

    Raises NotFound, also for a document of a case that the person may not see.
    """
    with office.database.snapshot() as connection:
        case = cases.read(connection, reference, act.actor)
        opened = _document(connection, case, document_id)
        if _noted(connection, office, case, document_id, act):
            return opened
    with office.database.transaction() as transaction:
        connection = transaction.connection
        case = cases.lock(connection, reference, act.actor)
        if not _noted(connection, office, case, document_id, act):  # another request may have been first
            programme = office.editions.machine(connection, case.programme, case.edition).programme
            detail = {"document": document_id, "filename": opened.filename, "sha256": opened.sha256}
            role = ",".join(sorted(act.actor.roles))
            # What the rules look at is as it was, so nobody's page turns stale.
            change = Change(openings.OPENED, role, detail=detail, visible=False)
            record(connection, office.origin, case, programme, act, change)
    return opened


def content_of(office: Office, document: Opened) -> Iterator[bytes]:
    """Yield the content part by part, so that a large one is never held as a whole."""
    part = 0
    left = document.size
    while left > 0:
        with office.database.snapshot() as connection:
            query = select(_CHUNK.c.content).where(_CHUNK.c.sha256 == document.sha256, _CHUNK.c.part == part)
            content: bytes = connection.execute(query).scalar_one()
        yield content
        part, left = part + 1, left - len(content)


def _document(connection: Connection, case: Case, document_id: int) -> Opened:
    """Return a document of the case whose content is still kept."""
    query = select(_DOCUMENT).where(
        _DOCUMENT.c.id == document_id,
        _DOCUMENT.c.application_id == case.id,
        _DOCUMENT.c.sha256.in_(select(_CHUNK.c.sha256).where(_CHUNK.c.part == 0, _CHUNK.c.content.is_not(None))),
    )
    row = connection.execute(query).first()
    if row is None:
        raise NotFound("DOCUMENT", f"{case.reference} has no document {document_id}.")
    return Opened(row.id, row.filename, row.media_type, row.size, row.sha256)


def _noted(connection: Connection, office: Office, case: Case, document_id: int, act: Act) -> bool:
    zone = office.editions.machine(connection, case.programme, case.edition).programme.time_zone
    today = local_day(act.now, zone)
    return any(
        one.document == document_id and one.by == act.actor.id and local_day(one.at, zone) == today
        for one in openings.of_case(connection, case.id)
    )
