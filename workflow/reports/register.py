"""What the public register lists on a day, from certificates and their events alone; never from a case's state."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, select

from states.dates import Standing, local_day
from states.standing import Certificate, Event, history
from workflow import models
from workflow.models.base import table_of
from workflow.store.office import Office

_A = table_of(models.Application)
_C = table_of(models.Company)
_CERTIFICATE = table_of(models.Certificate)
_DECISION = table_of(models.Decision)
_EVENT = table_of(models.CertificateEvent)
_ISSUED = (
    select(
        _CERTIFICATE,
        _A.c.programme,
        _A.c.edition,
        _C.c.name.label("company"),
        _C.c.identifier.label("uen"),
        _DECISION.c.effective_at.label("issued_at"),
    )
    .select_from(
        _CERTIFICATE.join(_A, _A.c.id == _CERTIFICATE.c.application_id)
        .join(_C, _C.c.id == _A.c.company_id)
        .join(_DECISION, _DECISION.c.id == _CERTIFICATE.c.decision_id)
    )
    .order_by(_CERTIFICATE.c.number)
)
_EVENTS = (
    select(_EVENT, _CERTIFICATE.c.application_id)
    .select_from(
        _EVENT.join(_CERTIFICATE, _CERTIFICATE.c.id == _EVENT.c.certificate_id).join(
            _A, _A.c.id == _CERTIFICATE.c.application_id
        )
    )
    .order_by(_EVENT.c.id)
)
_LISTED = (Standing.IN_FORCE, Standing.SUSPENDED)


def listed(
    connection: Connection, office: Office, day: date, programme: str = "", *, consenting_only: bool = False
) -> list[dict[str, Any]]:
    """Return every certificate in force or suspended on a local day, by number, with the consents of that day."""
    issued, happened = _ISSUED, _EVENTS.where(_EVENT.c.effective_on <= day)
    if programme:
        issued, happened = issued.where(_A.c.programme == programme), happened.where(_A.c.programme == programme)
    of_certificate: dict[int, list[Row[Any]]] = defaultdict(list)
    of_case: dict[int, list[Row[Any]]] = defaultdict(list)
    for event in connection.execute(happened):
        of_certificate[event.certificate_id].append(event)
        of_case[event.application_id].append(event)
    found = []
    for row in connection.execute(issued).all():
        rules = office.editions.machine(connection, row.programme, row.edition).programme
        if local_day(row.issued_at, rules.time_zone) > day:  # nobody had it yet, such as a number given later
            continue
        now, standing = as_on(row, of_certificate[row.id], day)
        consent = consents(of_case[row.application_id])
        if standing not in _LISTED or (consenting_only and not consent["publication"]):
            continue
        found.append(
            {
                "number": row.number,
                "company": row.company,
                "uen": row.uen,
                "programme": row.programme,
                "valid_from": now.valid_from,
                "valid_until": now.valid_until,
                "aeo_code": row.aeo_code,
                "standing": str(standing),
                "note": rules.suspended_listed if standing == Standing.SUSPENDED else "",
                "publication_consent": consent["publication"],
                "partner_consent": consent["partners"],
            }
        )
    return found


def as_on(row: Any, events: Iterable[Any], day: date) -> tuple[Certificate, Standing]:
    """Return a certificate and its standing on a day, from its row and the rows of its events."""
    known = [Event(e.id, e.kind, e.effective_on, e.valid_from, e.valid_until, e.undoes) for e in events]
    return history(Certificate(row.number, row.valid_from, row.valid_until), known, day)


def consents(events: Iterable[Any]) -> dict[str, bool]:
    """Return what a company consented to in the end; what was never given is no consent."""
    given = {"publication": False, "partners": False}
    for event in events:
        if event.kind == "consent":
            given |= {name: value for name in given if (value := getattr(event, name)) is not None}
    return given
