"""Finds the case of a certificate by the certificate's number. Judges nothing."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, select

from states.facts import Person
from states.standing import Certificate, Held
from workflow import models
from workflow.errors import BadInput, NotFound
from workflow.models.base import table_of
from workflow.store import cases, visible
from workflow.store.cases import Case

_A = table_of(models.Application)
_C = table_of(models.Certificate)


@dataclass(frozen=True)
class Running:
    """A certificate that has not ended, in the case that holds it."""

    certificate: Certificate  # as it is now
    held: Held
    decided: Row[Any]  # as it was issued


def find(connection: Connection, number: str, viewer: Person) -> Row[Any]:
    """Return a certificate as issued, with its case's reference. Raises NotFound."""
    query = select(_C, _A.c.reference).join(_A, _A.c.id == _C.c.application_id).where(_C.c.number == number.strip())
    row = connection.execute(visible.only(query, viewer)).first()
    if row is None:
        raise NotFound("NO_CERTIFICATE", f'There is no certificate "{number[:40]}" that you can see. Check the number.')
    return row


def lock(connection: Connection, number: str, viewer: Person) -> tuple[Row[Any], Case]:
    """Lock the case of a certificate and return both. Raises NotFound."""
    row = find(connection, number, viewer)
    return row, cases.lock(connection, row.reference, viewer)


def running(row: Row[Any], case: Case, day: date) -> Running:
    """Return a certificate that counts now or follows the one that does. Raises BadInput when it has ended."""
    held = case.held.promoted(day)
    found = next((c for c in (held.current, held.following) if c is not None and c.number == row.number), None)
    if found is None or not held.runs(day):
        raise BadInput(
            "CERTIFICATE_ENDED", f"Certificate {row.number} has ended or was replaced. Nothing can be changed on it."
        )
    return Running(found, held, row)
