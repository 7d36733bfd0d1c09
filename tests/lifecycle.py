"""What tests of the whole lifecycle share: facts put into a case as rows, and what the database says of a case."""

import json
from datetime import date, datetime, timedelta
from itertools import count
from typing import Any

import builders
from sqlalchemy import func, select

from states.facts import OPERATOR
from states.standing import Certificate, Event, history
from states.terms import band_valid_until
from workflow import models
from workflow.models.base import table_of
from workflow.operations.recommend_outcome import recommend_outcome
from workflow.reports import cases, register
from workflow.store.office import Office

_APPLICATION = table_of(models.Application)
_CERTIFICATE = table_of(models.Certificate)
_DOCUMENT = table_of(models.Document)
_EVENT = table_of(models.CertificateEvent)
_PLANNED = table_of(models.PlannedAction)
_NOTIFICATION = table_of(models.Notification)
_files = count(1)


def at(day: date, hour: int = 9) -> datetime:
    """Return an instant of a local day; 09:00 unless told."""
    return builders.morning_of(day) + timedelta(hours=hour - 9)


def insert_documents(office: Office, staff: builders.People, reference: str, kinds: tuple[str, ...], day: date) -> int:
    """Put documents of the cycle that is being worked on into a case, as rows; return the last one's id."""
    with office.database.transaction() as transaction:
        return _documents(transaction.connection, staff, _case(transaction.connection, reference), kinds, day)


def insert_findings(office: Office, staff: builders.People, reference: str, day: date) -> None:
    """Answer and assess every criterion, as rows."""
    with office.database.transaction() as transaction:
        connection = transaction.connection
        case = _case(connection, reference)
        evidence = _documents(connection, staff, case, ("evidence",), day)
        programme = office.editions.machine(connection, case.programme, case.edition).programme
        finding = {
            "application_id": case.id,
            "cycle": case.facts_cycle,
            "site": "",
            "answer": "yes",
            "remark": "",
            "documents": json.dumps([evidence]),
            "answered_by": staff.officer.id,
            "answered_at": at(day),
            "assessment": "met",
            "note": "",
            "assessed_by": staff.officer.id,
            "assessed_at": at(day),
        }
        rows = [{"criterion": criterion} | finding for criterion in programme.criteria]
        connection.execute(table_of(models.Finding).insert(), rows)


def insert_visit(office: Office, staff: builders.People, reference: str, day: date) -> None:
    with office.database.transaction() as transaction:
        connection = transaction.connection
        case = _case(connection, reference)
        report = _documents(connection, staff, case, ("visit_report",), day)
        key = {"application_id": case.id, "cycle": case.facts_cycle, "site": ""}
        held = {"held_on": day, "report_id": report, "officer_id": staff.officer.id, "recorded_at": at(day)}
        connection.execute(table_of(models.Visit).insert(), key | held)


def insert_band(office: Office, staff: builders.People, reference: str, day: date, band: str = "Premium") -> None:
    with office.database.transaction() as transaction:
        connection = transaction.connection
        case = _case(connection, reference)
        programme = office.editions.machine(connection, case.programme, case.edition).programme
        row = {
            "company_id": case.company_id,
            "band": band,
            "assessed_on": day,
            "valid_until": band_valid_until(programme, band, day),
            "assessor_id": staff.officer.id,
            "recorded_at": at(day),
        }
        connection.execute(table_of(models.BandAssessment).insert(), row)


def recommend(office: Office, staff: builders.People, reference: str, outcome: str, now: datetime) -> Any:
    by = builders.act(staff.officer, now)
    return recommend_outcome(office, reference=reference, outcome=outcome, reason="The facts ask for it.", act=by)


def decide(office: Office, staff: builders.People, reference: str, trigger: str, now: datetime, **more: Any) -> Any:
    """Recommend, and let the approver decide."""
    builders.done(recommend(office, staff, reference, trigger, now))
    more.setdefault("reason", "The facts ask for it.")
    outcome = builders.advance(office, builders.act(staff.approver, now), reference, trigger, **more)
    return builders.done(outcome)


def certified(office: Office, staff: builders.People, day: date) -> str:
    """Certify a new case on a day: facts as rows, every transition and recommendation real."""
    now = at(day)
    officer = builders.act(staff.officer, now)
    reference = builders.submit(office, officer)
    insert_documents(office, staff, reference, builders.PACK, day)
    builders.done(builders.advance(office, officer, reference, "start_review"))
    to_validation(office, staff, reference, day)
    certify(office, staff, reference, day)
    return reference


def renewed(office: Office, staff: builders.People, reference: str, day: date) -> None:
    """Receive a complete renewal pack."""
    insert_documents(office, staff, reference, builders.PACK, day)
    builders.done(builders.advance(office, builders.act(staff.officer, at(day)), reference, "renew"))


def to_validation(office: Office, staff: builders.People, reference: str, day: date) -> None:
    insert_findings(office, staff, reference, day)
    builders.done(builders.advance(office, builders.act(staff.officer, at(day)), reference, "pass_checklist"))


def certify(office: Office, staff: builders.People, reference: str, day: date) -> None:
    """Visit, assess the band, recommend and certify, all on one day."""
    insert_visit(office, staff, reference, day)
    insert_band(office, staff, reference, day)
    decide(office, staff, reference, "certify", at(day), reason="")


def show(office: Office, reference: str, now: datetime) -> dict[str, Any]:
    with office.database.snapshot() as connection:
        return cases.show(connection, office, reference=reference, viewer=OPERATOR, now=now)


def by_events(office: Office, reference: str, day: date) -> dict[str, str]:
    """Return each certificate's standing on a day, from certificates and events alone, by number."""
    with office.database.snapshot() as connection:
        case = _case(connection, reference)
        own = select(_CERTIFICATE).where(_CERTIFICATE.c.application_id == case.id).order_by(_CERTIFICATE.c.id)
        certificates = connection.execute(own).all()
        ids = [row.id for row in certificates]
        happened = connection.execute(select(_EVENT).where(_EVENT.c.certificate_id.in_(ids)).order_by(_EVENT.c.id))
        events: dict[int, list[Event]] = {}
        for e in happened.all():
            one = Event(e.id, e.kind, e.effective_on, e.valid_from, e.valid_until, e.undoes)
            events.setdefault(e.certificate_id, []).append(one)
    return {
        row.number: str(
            history(Certificate(row.number, row.valid_from, row.valid_until), events.get(row.id, []), day)[1]
        )
        for row in certificates
    }


def listed(office: Office, reference: str, day: date) -> list[str]:
    """Return the numbers that the register shows in force on a day; a suspended one is shown as not in force."""
    with office.database.snapshot() as connection:
        rows = register.listed(connection, office, day)
    shown = {row["number"]: row["standing"] for row in rows}
    own = by_events(office, reference, day)
    assert {number: shown.get(number) for number in own} == {
        number: standing if standing in ("in_force", "suspended") else None for number, standing in own.items()
    }
    return [number for number in own if shown.get(number) == "in_force"]


def ledger(office: Office, reference: str) -> list[Any]:
    """Return what the clock still owes: rows of rule, due day, instant and message."""
    with office.database.snapshot() as connection:
        case = _case(connection, reference)
        query = select(_PLANNED).where(_PLANNED.c.application_id == case.id, _PLANNED.c.status == "planned")
        return list(connection.execute(query.order_by(_PLANNED.c.due_at, _PLANNED.c.id)).all())


def outbox(office: Office, reference: str) -> list[Any]:
    """Return what the clock has put into the outbox: rows with rule, due day, basis, message and recipient."""
    with office.database.snapshot() as connection:
        case = _case(connection, reference)
        cause = "planned:" + func.cast(_PLANNED.c.id, _NOTIFICATION.c.cause.type)
        query = (
            select(
                _PLANNED.c.rule, _PLANNED.c.basis, _PLANNED.c.due_on, _NOTIFICATION.c.message, _NOTIFICATION.c.recipient
            )
            .select_from(_PLANNED.join(_NOTIFICATION, _NOTIFICATION.c.cause == cause))
            .where(_PLANNED.c.application_id == case.id)
        )
        return list(connection.execute(query.order_by(_NOTIFICATION.c.id)).all())


def _case(connection: Any, reference: str) -> Any:
    return connection.execute(select(_APPLICATION).where(_APPLICATION.c.reference == reference)).one()


def _documents(connection: Any, staff: builders.People, case: Any, kinds: tuple[str, ...], day: date) -> int:
    added = 0
    for kind in kinds:
        row = {
            "application_id": case.id,
            "cycle": case.facts_cycle,
            "kind": kind,
            "filename": f"{kind}-{next(_files)}.pdf",
            "version": 1,
            "media_type": "application/pdf",
            "size": len(builders.PDF),
            "sha256": "0" * 64,
            "added_by": staff.officer.id,
            "added_at": at(day),
        }
        added = int(connection.execute(_DOCUMENT.insert(), row).inserted_primary_key[0])
    return added
