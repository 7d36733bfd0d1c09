"""Builders: people and cases as tests need them, made through the real operations. Names are fictitious."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import Table, select
from stdnum.sg import uen as stdnum_uen

from states.dates import local_instant
from states.facts import OPERATOR, Person
from states.terms import band_valid_until
from workflow import models
from workflow.decisions.outcome import Act, Done, Outcome
from workflow.models.base import table_of
from workflow.operations.add_document import add_document
from workflow.operations.advance_application import advance_application
from workflow.operations.answer_criterion import answer_criterion
from workflow.operations.assess_criterion import assess_answers
from workflow.operations.recommend_outcome import recommend_outcome
from workflow.operations.record_visit import record_visit
from workflow.operations.set_band import set_band
from workflow.operations.submit_application import submit_application
from workflow.store import cases
from workflow.store.office import Office

ZONE = "Asia/Singapore"
TODAY = date(2026, 11, 23)
NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)  # 09:00 in Singapore
PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n"
PACK = ("application_form", "tradefirst_checklist", "bizfile_report", "financial_statements")

_companies = count(1)


@dataclass(frozen=True)
class People:
    """One person for each part that people play, and a second officer."""

    officer: Person
    second_officer: Person
    approver: Person
    account_manager: Person
    supervisor: Person
    auditor: Person


_STAFF = {
    "officer": ("p-01", "Adeline Goh", "officer"),
    "second_officer": ("p-02", "Bala Krishnan", "officer"),
    "approver": ("p-03", "Chen Wei Ling", "approver"),
    "account_manager": ("p-04", "Dewi Lestari", "account_manager"),
    "supervisor": ("p-05", "Edmund Tan", "supervisor"),
    "auditor": ("p-06", "Farah Aziz", "auditor"),
}


def email_of(person: Person) -> str:
    return f"{person.name.lower().replace(' ', '.')}@customs.example"


def people(office: Office) -> People:
    """Make the accounts, once for each office, and return the people."""
    made = {part: Person(id_, name, frozenset({role})) for part, (id_, name, role) in _STAFF.items()}
    with office.database.transaction() as transaction:
        if not transaction.connection.execute(select(table_of(models.Officer).c.id)).first():
            for person in made.values():
                _insert_person(transaction.connection, person)
    return People(**made)


def another_person(office: Office, id_: str, name: str, *roles: str) -> Person:
    """Make one more account, with any roles."""
    person = Person(id_, name, frozenset(roles))
    with office.database.transaction() as transaction:
        _insert_person(transaction.connection, person)
    return person


def _insert_person(connection: Any, person: Person) -> None:
    row = {"id": person.id, "email": email_of(person), "name": person.name, "active": True, "created_at": NOW}
    connection.execute(table_of(models.Officer).insert(), row)
    roles = [{"officer_id": person.id, "role": role} for role in sorted(person.roles)]
    if roles:
        connection.execute(table_of(models.OfficerRole).insert(), roles)


def act(person: Person, now: datetime = NOW) -> Act:
    return Act(person, "command line", now)


def valid_uen(n: int) -> str:
    """Return the n-th local company's UEN, with the check letter that belongs to it."""
    digits = f"2018{n:05d}"
    return digits + str(stdnum_uen.calc_local_company_check_digit(digits))


def done(outcome: Outcome) -> Done:
    """Return the outcome when it was done; otherwise fail with every rule that was unmet."""
    assert isinstance(outcome, Done), outcome
    return outcome


def submit(office: Office, by: Act, **overrides: Any) -> str:
    """Submit an application of a company of its own and return the reference."""
    n = next(_companies)
    given: dict[str, Any] = {
        "programme": "STP",
        "uen": valid_uen(n),
        "company_name": "Quillhaven Logistics Pte. Ltd.",
        "contact_email": f"trade{n}@quillhaven.example",
        "account_manager": "dewi.lestari@customs.example",
    }
    return str(submit_application(office, act=by, **(given | overrides)).data["reference"])


def complete_pack(office: Office, by: Act, reference: str, kinds: Sequence[str] = PACK) -> dict[str, int]:
    """Add every mandatory document and return the ids by kind."""
    return {kind: add(office, by, reference, kind) for kind in kinds}


def add(office: Office, by: Act, reference: str, kind: str) -> int:
    outcome = add_document(
        office, reference=reference, filename=f"{kind}.pdf", content=PDF + kind.encode(), kind=kind, act=by
    )
    return int(done(outcome).data["document"])


def answered_and_assessed(office: Office, by: Act, reference: str) -> None:
    """Answer every criterion Yes with one piece of evidence, and assess all of them met."""
    evidence = add(office, by, reference, "evidence")
    for criterion in criteria(office):
        answer = {"reference": reference, "criterion": criterion, "answer": "yes"}
        done(answer_criterion(office, act=by, documents=[evidence], **answer))
    done(assess_answers(office, reference=reference, act=by))


def criteria(office: Office) -> list[str]:
    with office.database.snapshot() as connection:
        return list(office.editions.newest(connection, "STP").programme.criteria)


def advance(office: Office, by: Act, reference: str, trigger: str, **more: Any) -> Outcome:
    return advance_application(office, reference=reference, trigger=trigger, act=by, **more)


def in_validation(office: Office, staff: People, *, now: datetime = NOW, **overrides: Any) -> str:
    """Bring a new case to validation: pack complete, answers assessed by the officer."""
    officer = act(staff.officer, now)
    reference = submit(office, officer, **overrides)
    complete_pack(office, officer, reference)
    done(advance(office, officer, reference, "start_review"))
    answered_and_assessed(office, officer, reference)
    done(advance(office, officer, reference, "pass_checklist"))
    return reference


def ready_to_certify(
    office: Office, staff: People, *, now: datetime = NOW, band: str = "Premium", **overrides: Any
) -> str:
    """Bring a new case to where only the approver's decision is missing."""
    overrides.setdefault("uen", valid_uen(next(_companies)))
    reference = in_validation(office, staff, now=now, **overrides)
    officer, today = act(staff.officer, now), local_today(now)
    report = add(office, officer, reference, "visit_report")
    done(record_visit(office, reference=reference, held_on=today, report=report, act=officer))
    done(set_band(office, uen=overrides["uen"], band=band, assessed_on=today, act=officer))
    done(recommend_outcome(office, reference=reference, outcome="certify", reason="All criteria are met.", act=officer))
    return reference


def visited_and_assessed(office: Office, by: Act, reference: str, day: date, band: str = "Premium") -> None:
    """Record a visit with its report and the band of the company, both of that day."""
    report = add(office, by, reference, "visit_report")
    done(record_visit(office, reference=reference, held_on=day, report=report, act=by))
    with office.database.snapshot() as connection:
        uen = cases.read(connection, reference, OPERATOR).uen
    done(set_band(office, uen=uen, band=band, assessed_on=day, act=by))


def local_today(now: datetime) -> date:
    return (now + timedelta(hours=8)).date()  # Singapore has no summer time


def morning_of(day: date) -> datetime:
    return local_instant(day, 9, ZONE)


def certified(office: Office, staff: People, *, valid_from: date = TODAY, **overrides: Any) -> str:
    """Certify a new case on the morning of `valid_from`, everything through the real operations."""
    now = overrides.pop("now", morning_of(valid_from))
    reference = ready_to_certify(office, staff, now=now, **overrides)
    given = {"valid_from": valid_from.isoformat()}
    done(advance(office, act(staff.approver, now), reference, "certify", given=given))
    return reference


def certified_cheaply(office: Office, staff: People, how_many: int, *, valid_from: date = TODAY) -> list[str]:
    """Certify many cases: the facts are inserted as rows, every transition and recommendation is real."""
    now = morning_of(valid_from)
    officer = act(staff.officer, now)
    references = [submit(office, officer) for _ in range(how_many)]
    for reference in references:
        _insert_facts(office, staff, reference, now)
        done(advance(office, officer, reference, "start_review"))
        done(advance(office, officer, reference, "pass_checklist"))
        done(recommend_outcome(office, reference=reference, outcome="certify", reason="All is met.", act=officer))
        done(advance(office, act(staff.approver, now), reference, "certify"))
    return references


def _insert_facts(office: Office, staff: People, reference: str, now: datetime) -> None:
    applications, documents = table_of(models.Application), table_of(models.Document)
    today = local_today(now)
    with office.database.transaction() as transaction:
        connection = transaction.connection
        programme = office.editions.newest(connection, "STP").programme
        case = connection.execute(select(applications).where(applications.c.reference == reference)).one()
        key = {"application_id": case.id, "cycle": case.cycle}
        ids: dict[str, int] = {}
        for kind in (*PACK, "evidence", "visit_report"):
            row = {
                "kind": kind,
                "filename": f"{kind}.pdf",
                "version": 1,
                "media_type": "application/pdf",
                "size": len(PDF),
                "sha256": "0" * 64,
                "added_by": staff.officer.id,
                "added_at": now,
            }
            ids[kind] = int(connection.execute(documents.insert(), key | row).inserted_primary_key[0])
        finding = {
            "site": "",
            "answer": "yes",
            "remark": "",
            "documents": json.dumps([ids["evidence"]]),
            "answered_by": staff.officer.id,
            "answered_at": now,
            "assessment": "met",
            "note": "",
            "assessed_by": staff.officer.id,
            "assessed_at": now,
        }
        rows = [key | {"criterion": criterion} | finding for criterion in programme.criteria]
        connection.execute(table_of(models.Finding).insert(), rows)
        by = {"officer_id": staff.officer.id, "recorded_at": now}
        visit = {"site": "", "held_on": today, "report_id": ids["visit_report"]}
        connection.execute(table_of(models.Visit).insert(), key | visit | by)
        band = {
            "company_id": case.company_id,
            "band": "Premium",
            "assessed_on": today,
            "valid_until": band_valid_until(programme, "Premium", today),
            "assessor_id": staff.officer.id,
            "recorded_at": now,
        }
        connection.execute(table_of(models.BandAssessment).insert(), band)


def rows_of(office: Office, model: type[models.Application] | Any, **where: Any) -> list[dict[str, Any]]:
    """Return rows of a table, by primary key."""
    table: Table = table_of(model)
    query = select(table).where(*(table.c[name] == value for name, value in where.items()))
    with office.database.snapshot() as connection:
        return [dict(row) for row in connection.execute(query.order_by(*table.primary_key)).mappings()]


def case_of(office: Office, reference: str) -> dict[str, Any]:
    return rows_of(office, models.Application, reference=reference)[0]


def entries_of(office: Office, reference: str) -> list[dict[str, Any]]:
    """Return a case's trail as data, in order."""
    found = rows_of(office, models.AuditEntry, application_id=case_of(office, reference)["id"])
    return [json.loads(row["canonical"]) for row in sorted(found, key=lambda row: row["case_seq"])]


def everything(office: Office) -> dict[str, list[dict[str, Any]]]:
    """Return all rows of all tables, to see whether anything changed."""
    return {name: rows_of(office, getattr(models, name)) for name in models.__all__}
