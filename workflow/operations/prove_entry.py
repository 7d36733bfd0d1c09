"""Proves that one entry is in the log: a bundle of one, which anybody can verify."""

from datetime import datetime

from sqlalchemy import select

from workflow import models
from workflow.audit import bundle
from workflow.errors import Broken, NotFound
from workflow.models.base import table_of
from workflow.operations.seal_log import seal_log
from workflow.reports.trail.as_bundle import bundle_lines
from workflow.store.office import Office
from workflow.store.signing import Signer

_ENTRY = table_of(models.AuditEntry)


def prove_entry(office: Office, signer: Signer, *, index: int, now: datetime) -> list[str]:
    """Return the lines of a bundle with the entry at an index of the log.

    Raises NotFound, Broken when the entry was altered, and what `seal_log` raises.
    """
    sealed = seal_log(office, signer, now=now)
    if sealed.note is None or not 0 <= index < sealed.size:
        raise NotFound("NO_ENTRY", f"The log has {sealed.size} entries and no entry {index}. They count from 0.")
    with office.database.snapshot() as connection:
        one = select(_ENTRY.c.id).where(_ENTRY.c.position == index)
        verifier = signer.verifier(sealed.origin).text
        lines = list(bundle_lines(connection, note=sealed.note, verifier=verifier, narrowed=one))
    if problems := bundle.verify(line.encode() for line in lines).problems:
        raise Broken("ALTERED", f"Nothing can be proved of entry {index}. {problems[0]} Look at `aeo db check`.")
    return lines
