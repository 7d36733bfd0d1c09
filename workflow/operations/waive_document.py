"""Asks to do without a required document in a cycle, and notes the waiver once a second person agrees."""

import json
from typing import Any

from sqlalchemy import Connection, select

from states.definition import Programme
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
from workflow.operations.add_document import known_kind
from workflow.store import cases, facts
from workflow.store.cases import Case
from workflow.store.office import Office

_APPROVAL = table_of(models.Approval)
_WAIVER = table_of(models.DocumentWaiver)


def waive_document(office: Office, *, reference: str, kind: str, reason: str, act: Act) -> Outcome:
    """Ask a second person to let the case do without a required document that is not there.

    Raises NotFound, and BadInput for a kind that is not required, is present, is waived or is asked for already.
    """
    reason = inputs.text(reason, "The reason")
    with office.database.transaction() as transaction:
        connection = transaction.connection
        case = cases.lock(connection, reference, act.actor)
        programme = office.editions.machine(connection, case.programme, case.edition).programme
        known_kind(programme, kind)
        title = _required(programme, kind)
        if why := _needless(connection, office, case, kind, act):
            raise BadInput("WAIVER", why)
        if (asked := _asked(connection, case, kind)) is not None:
            raise BadInput("WAIVER", f"A second person is asked to waive {kind} already: no. {asked}.")
        role = permit(connection, office.origin, case, programme, Deed.WAIVE, act)
        if isinstance(role, Refused):
            return role
        approval = open_approval(
            connection,
            office,
            case,
            programme,
            act,
            role=role,
            kind="document_waiver",
            sentence=f"Do without a required document, {title}: {reference}. Reason: {reason}",
            request={"kind": kind, "reason": reason, "cycle": case.facts_cycle},
        )
        words = f"A second person must confirm first that {reference} does without {kind} (aeo approval confirm {approval})."
        return Done(words, summary(case) | {"approval": approval})


def waive_confirmed(
    connection: Connection,
    office: Office,
    case: Case,
    programme: Programme,
    asked: dict[str, Any],
    approval_id: int,
    act: Act,
) -> Outcome:
    """Note the waiver. Refused when the case works on another cycle by now, or has the document."""
    kind = str(asked["kind"])
    why = _needless(connection, office, case, kind, act)
    if asked["cycle"] != case.facts_cycle:
        why = (
            f"{case.reference} works on cycle {case.facts_cycle} now; the waiver was asked for cycle {asked['cycle']}."
        )
    if why:
        unmet = [Unmet("waiver_needed", "WAIVER_NOT_NEEDED", why, "nobody")]
        return refuse(connection, office.origin, case, programme, Deed.CONFIRM, act, unmet)
    row = {
        "application_id": case.id,
        "cycle": case.facts_cycle,
        "kind": kind,
        "reason": asked["reason"],
        "approval_id": approval_id,
        "at": act.now,
    }
    connection.execute(_WAIVER.insert(), row)
    role = role_for(Deed.CONFIRM, act.actor.roles) or ""
    detail = {"document_kind": kind, "why": asked["reason"], "approval": approval_id}
    record(connection, office.origin, case, programme, act, Change("case:document:waived", role, detail=detail))
    return Done(f"{case.reference} does without {kind}.", summary(case))


def _required(programme: Programme, kind: str) -> str:
    """Return the title of a required document. Raises BadInput for one that is not required."""
    required = {d.kind: d.title for d in programme.documents if d.mandatory}
    if kind not in required:
        raise BadInput(
            "WAIVER", f"{programme.code} does not require {kind}. Only these can be waived: {', '.join(required)}."
        )
    return required[kind]


def _needless(connection: Connection, office: Office, case: Case, kind: str, act: Act) -> str:
    """Return why a waiver makes no sense, or nothing."""
    found = facts.load_one(connection, office, case, now=act.now).facts
    if any(d.kind == kind for d in found.documents):
        return f"{case.reference} has a document of the kind {kind}, so there is nothing to waive."
    return f"{kind} is waived already for {case.reference}." if kind in found.waived else ""


def _asked(connection: Connection, case: Case, kind: str) -> int | None:
    """Return the open approval that asks for the same waiver in this cycle."""
    query = select(_APPROVAL.c.id, _APPROVAL.c.request).where(
        _APPROVAL.c.application_id == case.id,
        _APPROVAL.c.kind == "document_waiver",
        _APPROVAL.c.status == "open",
    )
    same = (kind, case.facts_cycle)
    asked = {row.id: json.loads(row.request) for row in connection.execute(query)}
    return next((id_ for id_, one in asked.items() if (one["kind"], one["cycle"]) == same), None)
