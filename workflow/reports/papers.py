"""The papers of a case: what is required and missing, every document with its versions, what rests on it, who opened it.

Reads one snapshot in a constant number of queries and changes nothing.
"""

import json
from collections import defaultdict
from typing import Any

from sqlalchemy import Connection, select

from states.definition import Programme
from states.facts import Person
from workflow import models
from workflow.models.base import table_of
from workflow.store import cases, openings, people
from workflow.store.cases import Case
from workflow.store.office import Office

_D = table_of(models.Document)
_GONE = table_of(models.DocumentWithdrawal)
_WAIVER = table_of(models.DocumentWaiver)
_F = table_of(models.Finding)
_V = table_of(models.Visit)
_APPROVAL = table_of(models.Approval)


def papers(connection: Connection, office: Office, *, reference: str, viewer: Person) -> dict[str, Any]:
    """Return the documents of a case, newest versions first within a kind, and every kind with how it stands.

    A kind is {kind, title, mandatory, status: "missing" | "there" | "waived" | "waiver asked" | "none", reason,
    documents}; what is missing comes first. Raises NotFound.
    """
    case = cases.read(connection, reference, viewer)
    programme = office.editions.machine(connection, case.programme, case.edition).programme
    found = documents_of(connection, case, viewer)
    return {
        "kinds": _kinds(connection, case, programme, found),
        "documents": {one["id"]: one for one in found},
        "earlier": [one for one in found if one["cycle"] != case.facts_cycle],
        "withdrawn": [one for one in found if one["cycle"] == case.facts_cycle and one["status"] == "withdrawn"],
    }


def documents_of(connection: Connection, case: Case, viewer: Person) -> list[dict[str, Any]]:
    """Return every document of a case as people read it, by kind and name, the newest version first."""
    names = people.names(connection)
    opened = _opened(connection, case, names)
    used = _used(connection, case)
    query = select(_D, _GONE.c.reason).outerjoin(_GONE, _GONE.c.document_id == _D.c.id)
    query = query.where(_D.c.application_id == case.id)
    rows = connection.execute(query.order_by(_D.c.cycle.desc(), _D.c.kind, _D.c.filename, _D.c.version.desc())).all()
    newest: dict[tuple[int, str, str], int] = {}
    for row in rows:
        if row.reason is None:
            newest.setdefault((row.cycle, row.kind, row.filename), row.version)
    return [
        {
            "id": row.id,
            "cycle": row.cycle,
            "kind": row.kind,
            "filename": row.filename,
            "version": row.version,
            "newest": newest.get((row.cycle, row.kind, row.filename)) == row.version,
            "media_type": row.media_type,
            "size": row.size,
            "sha256": row.sha256,
            "added_by": names.get(row.added_by, "somebody without an account"),
            "added_at": row.added_at,
            "status": "counts" if row.reason is None else "withdrawn",
            "reason": row.reason or "",
            "used_by": used[row.id],
            "opened": list(opened[row.id].values()),
            "opened_by_viewer": viewer.id in opened[row.id],
        }
        for row in rows
    ]


def _opened(connection: Connection, case: Case, names: dict[str, str]) -> dict[int, dict[str, dict[str, Any]]]:
    """Return, by document, the people who opened it with the last time."""
    found: dict[int, dict[str, dict[str, Any]]] = defaultdict(dict)
    for one in openings.of_case(connection, case.id):
        found[one.document][one.by] = {"by": names.get(one.by, "somebody without an account"), "at": one.at}
    return found


def _used(connection: Connection, case: Case) -> dict[int, list[tuple[str, str]]]:
    """Return, by document, the answers that rest on it; a visit names it as its report."""
    used: dict[int, list[tuple[str, str]]] = defaultdict(list)
    answers = select(_F.c.criterion, _F.c.site, _F.c.documents).where(_F.c.application_id == case.id)
    for row in connection.execute(answers.order_by(_F.c.id)):
        for document in json.loads(row.documents):
            used[document].append((row.criterion, row.site))
    reports = select(_V.c.report_id, _V.c.site).where(_V.c.application_id == case.id, _V.c.report_id.is_not(None))
    for report, site in connection.execute(reports):
        used[report].append(("visit", site))
    return used


def _kinds(
    connection: Connection, case: Case, programme: Programme, found: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    waivers = select(_WAIVER).where(_WAIVER.c.application_id == case.id, _WAIVER.c.cycle == case.facts_cycle)
    waived = {row.kind: row.reason for row in connection.execute(waivers)}
    asked = _asked(connection, case)
    counting = [one for one in found if one["status"] == "counts" and one["cycle"] == case.facts_cycle]
    kinds = []
    for kind in programme.documents:
        own = [one for one in counting if one["kind"] == kind.kind]
        if own:
            status = "there"
        elif kind.kind in waived:
            status = "waived"
        elif kind.kind in asked:
            status = "waiver asked"
        else:
            status = "missing" if kind.mandatory else "none"
        reason = waived.get(kind.kind) or asked.get(kind.kind, "")
        told = {"kind": kind.kind, "title": kind.title, "mandatory": kind.mandatory, "source": kind.source}
        kinds.append(told | {"status": status, "reason": reason, "documents": own})
    order = ("missing", "waiver asked", "there", "waived", "none")
    return sorted(kinds, key=lambda one: (not one["mandatory"], order.index(str(one["status"]))))


def _asked(connection: Connection, case: Case) -> dict[str, str]:
    """Return the reasons of waivers that wait for a second person, by kind."""
    query = select(_APPROVAL.c.request).where(
        _APPROVAL.c.application_id == case.id, _APPROVAL.c.kind == "document_waiver", _APPROVAL.c.status == "open"
    )
    found = [json.loads(request) for request in connection.execute(query).scalars()]
    return {one["kind"]: one["reason"] for one in found if one["cycle"] == case.facts_cycle}
