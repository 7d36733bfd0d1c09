"""What a case file holds: documents, answers with what was found, corrective actions, visits, requests.

Reads one snapshot and changes nothing.
"""

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select

from states.definition import Programme
from states.facts import Person
from states.guards import wanted
from workflow import models
from workflow.models.base import table_of
from workflow.store import cases
from workflow.store.cases import Case
from workflow.store.disposal import content_gone
from workflow.store.drafts import drafts
from workflow.store.office import Office
from workflow.store.sites import of_company

_D = table_of(models.Document)
_GONE = table_of(models.DocumentWithdrawal)
_WAIVER = table_of(models.DocumentWaiver)
_F = table_of(models.Finding)
_V = table_of(models.Visit)
_Q = table_of(models.InformationRequest)
_O = table_of(models.Officer)


def documents(connection: Connection, *, reference: str, viewer: Person) -> list[dict[str, Any]]:
    """Return every document of a case, oldest first, and after them the kinds that it does without. Raises NotFound."""
    case = cases.read(connection, reference, viewer)
    query = select(_D, _GONE.c.reason, content_gone().label("disposed"))
    query = query.outerjoin(_GONE, _GONE.c.document_id == _D.c.id)
    rows = connection.execute(query.where(_D.c.application_id == case.id).order_by(_D.c.id))
    kept = [
        {
            "id": row.id,
            "cycle": row.cycle,
            "kind": row.kind,
            "filename": row.filename,
            "version": row.version,
            "size": row.size,
            "sha256": row.sha256,
            "added_at": row.added_at,
            "status": "disposed" if row.disposed else "counts" if row.reason is None else "withdrawn",
            "reason": row.reason or "",
        }
        for row in rows
    ]
    waivers = select(_WAIVER).where(_WAIVER.c.application_id == case.id).order_by(_WAIVER.c.cycle, _WAIVER.c.kind)
    return kept + [
        {
            "id": None,
            "cycle": row.cycle,
            "kind": row.kind,
            "filename": None,
            "version": None,
            "size": None,
            "sha256": None,
            "added_at": row.at,
            "status": "waived",
            "reason": row.reason,
        }
        for row in connection.execute(waivers)
    ]


def checklist(
    connection: Connection, office: Office, *, reference: str, viewer: Person, only_drafts: bool = False
) -> list[dict[str, Any]]:
    """Return every criterion that is asked for, per site, with answer and assessment of the present cycle.

    With `only_drafts`, the last cycle's answers that nobody has confirmed or given anew yet. Raises NotFound.
    """
    case = cases.read(connection, reference, viewer)
    programme = office.editions.machine(connection, case.programme, case.edition).programme
    if only_drafts:
        return [_point(programme, (row["criterion"], row["site"]), row) for row in drafts(connection, case, programme)]
    query = select(_F).where(_F.c.application_id == case.id, _F.c.cycle == case.facts_cycle)
    found = {(row["criterion"], row["site"]): row for row in connection.execute(query).mappings()}
    places = wanted(programme, of_company(connection, case.company_id), case.traders)
    places += [place for place in sorted(found) if place not in places]
    return [_point(programme, place, found.get(place)) for place in places]


def _point(programme: Programme, place: tuple[str, str], row: Mapping[Any, Any] | None) -> dict[str, Any]:
    code, site = place
    criterion = programme.criteria[code]
    where = next((i.code, s.code) for i in programme.instruments for s in i.sections if criterion in s.criteria)
    answers: dict[str, Any] = dict(row) if row else {}
    return {
        "criterion": code,
        "site": site,
        "text": criterion.text,
        "scope": criterion.scope,
        "mandatory": criterion.mandatory,
        "instrument": where[0],
        "section": where[1],
        "cycle": answers.get("cycle"),
        "answer": answers.get("answer"),
        "remark": answers.get("remark", ""),
        "documents": json.loads(answers.get("documents", "[]")),
        "assessment": answers.get("assessment"),
        "note": answers.get("note", ""),
        "due_on": answers.get("due_on"),
        "closed_at": answers.get("closed_at"),
        "finding": answers.get("id"),
    }


def actions(connection: Connection, *, reference: str, viewer: Person) -> list[dict[str, Any]]:
    """Return every corrective action of a case, open ones first and by day. Raises NotFound."""
    case = cases.read(connection, reference, viewer)
    query = select(_F).where(_F.c.application_id == case.id, _F.c.assessment == "action")
    found = [
        {
            "id": row.id,
            "cycle": row.cycle,
            "criterion": row.criterion,
            "site": row.site,
            "note": row.note,
            "due_on": row.due_on,
            "status": "open" if row.closed_at is None else "closed",
            "closed_at": row.closed_at,
            "evidence": row.closing_evidence,
        }
        for row in connection.execute(query.order_by(_F.c.id))
    ]
    return sorted(
        found, key=lambda one: (one["status"] != "open", one["due_on"] is None, one["due_on"] or 0, one["id"])
    )


def visits(connection: Connection, *, reference: str, viewer: Person) -> list[dict[str, Any]]:
    """Return every visit of a case, planned or held, by day. Raises NotFound."""
    case = cases.read(connection, reference, viewer)
    query = select(_V, _O.c.name).outerjoin(_O, _O.c.id == _V.c.officer_id).where(_V.c.application_id == case.id)
    found = [
        {
            "id": row.id,
            "cycle": row.cycle,
            "site": row.site,
            "mode": row.mode,
            "planned_on": row.planned_on,
            "held_on": row.held_on,
            "report": row.report_id,
            "officer": row.name,
        }
        for row in connection.execute(query)
    ]
    return sorted(found, key=lambda one: (one["held_on"] or one["planned_on"], one["id"]))


def requests(connection: Connection, *, reference: str, viewer: Person) -> list[dict[str, Any]]:
    """Return every request for information of a case by number. Raises NotFound."""
    case: Case = cases.read(connection, reference, viewer)
    query = select(_Q, _O.c.name).outerjoin(_O, _O.c.id == _Q.c.asked_by)
    query = query.where(_Q.c.application_id == case.id).order_by(_Q.c.number)
    return [
        {
            "number": row.number,
            "cycle": row.cycle,
            "question": row.question,
            "asked_at": row.asked_at,
            "asked_by": row.name,
            "reply_by": row.reply_by,
            "reminded_on": row.reminded_on,
            "final_notice_on": row.final_notice_on,
            "received_on": row.received_on,
            "answer": row.answer,
            "status": _status(row.received_on is not None, row.cycle == case.facts_cycle),
        }
        for row in connection.execute(query)
    ]


def _status(answered: bool, present: bool) -> str:
    if answered:
        return "answered"
    return "open" if present else "left open"
