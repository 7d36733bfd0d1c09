"""One certificate as people read it: as decided, as it is now, and what happened in between. Changes nothing."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from states.dates import Standing, local_day
from states.facts import Person
from states.standing import FOR_EVER
from workflow import models
from workflow.models.base import table_of
from workflow.reports.register import as_on, consents
from workflow.store import cases, certificates
from workflow.store.office import Office

_CERTIFICATE = table_of(models.Certificate)
_DECISION = table_of(models.Decision)
_EVENT = table_of(models.CertificateEvent)
_WORDS = {
    "extended": "extended to {valid_until}",
    "continued": "runs on to {valid_until} while its renewal is undecided",
    "suspended": "suspended",
    "reinstated": "reinstated",
    "expired": "ended",
    "revoked": "revoked",
    "surrendered": "given up by the company",
    "replaced": "replaced by {replaced_by}",
    "corrected": "corrected to {valid_from} to {valid_until}",
    "set_aside": "what happened before is set aside: {undone}",
}


def show(connection: Connection, office: Office, *, number: str, viewer: Person, now: datetime) -> dict[str, Any]:
    """Return a certificate. Raises NotFound."""
    row = certificates.find(connection, number, viewer)
    case = cases.read(connection, row.reference, viewer)
    programme = office.editions.machine(connection, case.programme, case.edition).programme
    today = local_day(now, programme.time_zone)
    query = select(_EVENT).where(_EVENT.c.certificate_id == row.id).order_by(_EVENT.c.id)
    events = connection.execute(query).all()
    present, standing = as_on(row, [e for e in events if e.effective_on <= today], today)
    of_case = select(_EVENT).join(_CERTIFICATE, _CERTIFICATE.c.id == _EVENT.c.certificate_id)
    all_ = connection.execute(of_case.where(_CERTIFICATE.c.application_id == case.id).order_by(_EVENT.c.id)).all()
    consent = consents(e for e in all_ if e.effective_on <= today)
    kinds = {event.id: event.kind for event in events}
    issued = connection.execute(select(_DECISION.c.effective_at).where(_DECISION.c.id == row.decision_id)).scalar_one()
    return {
        "number": row.number,
        "application": case.reference,
        "programme": case.programme,
        "company_name": case.company_name,
        "uen": case.uen,
        "aeo_code": row.aeo_code,
        "cycle": row.cycle,
        "issued_on": local_day(issued, programme.time_zone),
        "decided": {"valid_from": row.valid_from, "valid_until": row.valid_until},
        "valid_from": present.valid_from,
        "valid_until": present.valid_until,
        "standing": str(standing),
        "note": programme.suspended_listed if standing == Standing.SUSPENDED else "",
        "as_printed": row.as_printed,
        "replaced_by": next((e.replaced_by for e in events if e.kind == "replaced"), None),
        "publication_consent": consent["publication"],
        "partner_consent": consent["partners"],
        "events": [{"on": e.effective_on, "kind": e.kind, "sentence": _in_words(e, kinds)} for e in events],
    }


def _in_words(event: Row[Any], kinds: dict[int, str]) -> str:
    if event.kind == "consent":
        words = {True: "yes", False: "no"}
        given = (("publication", event.publication), ("partner exchange", event.partners))
        return "consent: " + ", ".join(f"{name} {words[value]}" for name, value in given if value is not None)
    if event.kind == "continued" and event.valid_until == FOR_EVER:
        return "runs on until its renewal is decided"
    return _WORDS[event.kind].format(
        valid_from=event.valid_from,
        valid_until=event.valid_until,
        replaced_by=event.replaced_by,
        undone=kinds.get(event.undoes, ""),
    )
