"""THE table of what a disposal removes, and removing it. It does not ask whether that is due: operations do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, delete, func, select, update

from workflow import models
from workflow.models.base import table_of

_A = table_of(models.Application)
_CHUNK = table_of(models.DocumentChunk)
_CONTACT = table_of(models.Contact)
_DISPOSAL = table_of(models.Disposal)
_DOCUMENT = table_of(models.Document)
_SUPPRESSED = table_of(models.SuppressedAddress)


@dataclass(frozen=True)
class Erased:
    """Columns of a table that become blank; a row is a case's by `column`, or by that of the row of `via` it names."""

    table: Table
    kind: str
    columns: tuple[str, ...]
    column: str = "application_id"
    via: Table | None = None

    @property
    def blank(self) -> dict[str, str]:
        """The value that each column gets; a column of JSON keeps being JSON."""
        return {name: "{}" if name in ("payload", "request") else "" for name in self.columns}

    def of(self, application_id: int) -> ColumnElement[bool]:
        """The rows of a case."""
        key = self.table.c[self.column]
        if self.via is None:
            return key == application_id
        return key.in_(select(self.via.c.id).where(self.via.c.application_id == application_id))

    def case_of_old(self) -> str:
        """The case of a trigger's OLD row, as SQL."""
        key = f"OLD.{self.column}"
        return key if self.via is None else f"(SELECT application_id FROM {self.via.name} WHERE id = {key})"


ERASED = (
    Erased(table_of(models.Decision), "case_file", ("reason_to_company", "internal_reason")),
    Erased(table_of(models.Recommendation), "case_file", ("reason",)),
    Erased(table_of(models.Finding), "case_file", ("remark", "note", "closing_evidence")),
    Erased(table_of(models.InformationRequest), "case_file", ("question", "answer")),
    Erased(table_of(models.ContactNote), "case_file", ("note",)),
    Erased(table_of(models.Approval), "case_file", ("sentence", "request", "decision_reason")),
    Erased(table_of(models.Task), "case_file", ("sentence", "outcome")),
    Erased(table_of(models.DocumentWaiver), "case_file", ("reason",)),
    Erased(table_of(models.DocumentWithdrawal), "case_file", ("reason",), "document_id", _DOCUMENT),
    Erased(table_of(models.Notification), "mail", ("payload", "address", "last_reply")),
    Erased(
        table_of(models.DeliveryAttempt), "mail", ("address", "reply"), "notification_id", table_of(models.Notification)
    ),
)


def note(
    connection: Connection, application_id: int, kinds: Sequence[str], approval_id: int, entry_id: int, now: datetime
) -> None:
    """Note which kinds of records of a locked case go; the triggers let nothing of it pass before."""
    row: dict[str, Any] = {
        "application_id": application_id,
        "approval_id": approval_id,
        "entry_id": entry_id,
        "at": now,
    }
    connection.execute(_DISPOSAL.insert(), [row | {"kind": kind} for kind in kinds])


def done(connection: Connection, application_id: int, kind: str) -> bool:
    query = select(_DISPOSAL.c.at).where(_DISPOSAL.c.application_id == application_id, _DISPOSAL.c.kind == kind)
    return connection.execute(query).first() is not None


def erase(connection: Connection, application_id: int, company_id: int, kinds: Sequence[str]) -> None:
    """Remove these kinds of records of a locked case. The trail keeps its entries."""
    for one in ERASED:
        if one.kind in kinds:
            connection.execute(update(one.table).where(one.of(application_id)).values(one.blank))
    if "documents" in kinds:
        _contents(connection, application_id)
    if "case_file" in kinds:
        _contacts(connection, company_id)


def _contents(connection: Connection, application_id: int) -> None:
    """Remove contents that no case keeps any more. Who adds the same content waits, and then keeps it anew."""
    theirs = select(_DOCUMENT.c.sha256).where(_DOCUMENT.c.application_id == application_id)
    locked = select(_CHUNK.c.sha256).where(_CHUNK.c.sha256.in_(theirs)).order_by(_CHUNK.c.sha256, _CHUNK.c.part)
    connection.execute(locked.with_for_update()).all()
    kept = select(_DOCUMENT.c.sha256).where(_DOCUMENT.c.sha256 == _CHUNK.c.sha256, ~content_gone())
    connection.execute(delete(_CHUNK).where(_CHUNK.c.sha256.in_(theirs), ~kept.exists()))


def content_gone() -> ColumnElement[bool]:
    """Say of a document whether its content was disposed of; one that was added later is kept."""
    disposed = select(_DISPOSAL.c.kind).where(
        _DISPOSAL.c.application_id == _DOCUMENT.c.application_id,
        _DISPOSAL.c.kind == "documents",
        _DISPOSAL.c.at >= _DOCUMENT.c.added_at,
    )
    return disposed.exists()


def _contacts(connection: Connection, company_id: int) -> None:
    """Remove a company's contacts, once no case file of it is kept any more, and what is known of their addresses."""
    gone = select(_DISPOSAL.c.application_id).where(_DISPOSAL.c.kind == "case_file")
    kept = select(func.count()).where(_A.c.company_id == company_id, _A.c.id.not_in(gone))
    if connection.execute(kept).scalar_one():
        return
    theirs = select(_CONTACT.c.email).where(_CONTACT.c.company_id == company_id)
    others = select(_CONTACT.c.email).where(_CONTACT.c.company_id != company_id)
    connection.execute(
        delete(_SUPPRESSED).where(_SUPPRESSED.c.address.in_(theirs), _SUPPRESSED.c.address.not_in(others))
    )
    connection.execute(delete(_CONTACT).where(_CONTACT.c.company_id == company_id))
