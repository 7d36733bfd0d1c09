"""Asks to file a document under another kind or in another case of the company, and does so once confirmed.

The document itself stays as it is: it is withdrawn, and the same content is entered anew.
"""

import json
from typing import Any

from sqlalchemy import Connection, Row, select, update

from states.facts import Person
from states.guards import Unmet
from workflow import inputs, models
from workflow.access import Deed, role_for
from workflow.decisions.approvals import open_approval
from workflow.decisions.decide import summary
from workflow.decisions.outcome import Act, Done, Outcome, Refused
from workflow.decisions.permit import permit, refuse
from workflow.decisions.record import Change, record
from workflow.errors import BadInput
from workflow.models.base import table_of
from workflow.operations.add_document import Kept, enter, known_kind
from workflow.operations.answer_criterion import NOT_ASSESSED
from workflow.store import cases
from workflow.store.cases import Case
from workflow.store.office import Office

_DOCUMENT = table_of(models.Document)
_WITHDRAWN = table_of(models.DocumentWithdrawal)
_FINDING = table_of(models.Finding)
_VISIT = table_of(models.Visit)


def refile_document(
    office: Office, *, reference: str, document_id: int, kind: str, reason: str, act: Act, to: str = ""
) -> Outcome:
    """Ask a second person to change a document's kind, or the case it belongs to, or both.

    Raises NotFound, and BadInput for an unknown kind, a document that does not count in the present cycle, a case of
    another company, or when nothing would change.
    """
    reason = inputs.text(reason, "The reason")
    with office.database.transaction() as transaction:
        connection = transaction.connection
        case, target = _locked(connection, reference, to, act.actor)
        own = office.editions.machine(connection, case.programme, case.edition).programme
        other = office.editions.machine(connection, target.programme, target.edition).programme
        known_kind(other, kind)
        document = _counting(connection, case, document_id)
        if document is None:
            raise BadInput("DOCUMENT", _not_there(document_id, case))
        if target.company_id != case.company_id:
            raise BadInput("OTHER_COMPANY", f"{to} is a case of another company. Add the document there as a new one.")
        if target.id == case.id and kind == document.kind:
            raise BadInput("REFILING", f"Document {document_id} is filed as {kind} in {reference} already.")
        there = permit(connection, office.origin, target, other, Deed.REFILE, act) if target is not case else ""
        if isinstance(there, Refused):
            return there
        role = permit(connection, office.origin, case, own, Deed.REFILE, act)
        if isinstance(role, Refused):
            return role
        approval = open_approval(
            connection,
            office,
            case,
            own,
            act,
            role=role,
            kind="document_refiling",
            sentence=f"File document {document_id} of {reference} as {kind} in {target.reference}. Reason: {reason}",
            request={
                "document": document_id,
                "kind": kind,
                "reason": reason,
                "other_case": target.id if target.id != case.id else None,
            },
        )
        words = f"A second person must confirm first that document {document_id} is filed again (aeo approval confirm {approval})."
        return Done(words, summary(case) | {"approval": approval})


def _locked(connection: Connection, reference: str, to: str, viewer: Person) -> tuple[Case, Case]:
    """Lock the case and the one the document goes to, in the order of their ids."""
    ids = {cases.read(connection, one, viewer).id for one in (reference, to or reference)}
    found = {case.reference: case for case in cases.lock_many(connection, sorted(ids))}
    return found[reference], found[to or reference]


def refile_confirmed(
    connection: Connection,
    office: Office,
    case: Case,
    other: Case | None,
    asked: dict[str, Any],
    approval_id: int,
    act: Act,
) -> Outcome:
    """Withdraw the document and enter its content anew. Refused when it does not count any more."""
    target = other or case
    own = office.editions.machine(connection, case.programme, case.edition).programme
    programme = office.editions.machine(connection, target.programme, target.edition).programme
    document = _counting(connection, case, int(asked["document"]))
    if document is None:
        sentence = _not_there(int(asked["document"]), case)
        unmet = [Unmet("document_counts", "DOCUMENT_WITHDRAWN", sentence, "nobody")]
        return refuse(connection, office.origin, case, own, Deed.CONFIRM, act, unmet)
    role, kind = role_for(Deed.CONFIRM, act.actor.roles) or "", str(asked["kind"])
    withdrawal = {"document_id": document.id, "reason": asked["reason"], "approval_id": approval_id, "at": act.now}
    connection.execute(_WITHDRAWN.insert(), withdrawal)
    kept = Kept(document.filename, document.media_type, document.size, document.sha256)
    new = enter(connection, office.origin, target, programme, act, role, kept, kind, filed_from=document.id)
    _follow(connection, case, document.id, new if target is case else None, kind)
    detail = {
        "document": document.id,
        "filed_as": new,
        "document_kind": kind,
        "filed_in": target.reference,
        "why": asked["reason"],
        "approval": approval_id,
    }
    record(connection, office.origin, case, own, act, Change("case:document:refiled", role, detail=detail))
    words = f"Document {document.id} is filed again as document {new} ({kind}) of {target.reference}."
    return Done(words, summary(case) | {"document": new, "kind": kind, "filed_in": target.reference})


def _counting(connection: Connection, case: Case, document_id: int) -> Row[Any] | None:
    query = select(_DOCUMENT).where(
        _DOCUMENT.c.id == document_id,
        _DOCUMENT.c.application_id == case.id,
        _DOCUMENT.c.cycle == case.facts_cycle,
        _DOCUMENT.c.id.not_in(select(_WITHDRAWN.c.document_id)),
    )
    return connection.execute(query).first()


def _not_there(document_id: int, case: Case) -> str:
    return (
        f"Document {document_id} does not count in the present cycle of {case.reference}. "
        "Take one from the list of its documents."
    )


def _follow(connection: Connection, case: Case, old: int, new: int | None, kind: str) -> None:
    """Answers keep their evidence under its new number; an answer that loses it must be assessed again.

    A visit whose report went away has none any more.
    """
    query = select(_FINDING.c.id, _FINDING.c.documents).where(
        _FINDING.c.application_id == case.id, _FINDING.c.cycle == case.facts_cycle
    )
    for row in connection.execute(query).all():
        documents = set(json.loads(row.documents))
        if old in documents:
            left = sorted(documents - {old} | ({new} if new is not None else set()))
            lost = {} if new is not None else NOT_ASSESSED
            connection.execute(
                update(_FINDING).where(_FINDING.c.id == row.id).values({"documents": json.dumps(left)} | lost)
            )
    report = new if kind == "visit_report" else None
    connection.execute(
        update(_VISIT).where(_VISIT.c.application_id == case.id, _VISIT.c.report_id == old).values(report_id=report)
    )
