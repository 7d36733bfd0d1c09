"""Records a company's answer to a criterion, with the documents that support it."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select

from states.definition import Programme
from workflow import inputs, models
from workflow.access import Deed
from workflow.decisions.decide import summary
from workflow.decisions.outcome import Act, Done, Outcome, Refused
from workflow.decisions.permit import permit
from workflow.decisions.record import Change, record
from workflow.errors import BadInput
from workflow.models.base import table_of
from workflow.store import cases
from workflow.store.cases import Case
from workflow.store.office import Office

_FINDING = table_of(models.Finding)
_DOCUMENT = table_of(models.Document)
ANSWERS = ("yes", "no", "na")


def answer_criterion(
    office: Office,
    *,
    reference: str,
    criterion: str,
    answer: str,
    act: Act,
    documents: Sequence[int] = (),
    remark: str = "",
) -> Outcome:
    """Record an answer; a changed answer must be assessed again.

    Raises NotFound, and BadInput for an unknown criterion, answer or document.
    """
    answer = inputs.one_of(answer, ANSWERS, "The answer")
    remark = inputs.text(remark, "The remark", empty=True)
    with office.database.transaction() as transaction:
        connection = transaction.connection
        case = cases.lock(connection, reference)
        programme = office.editions.machine(connection, case.programme, case.edition).programme
        known_criterion(programme, criterion)
        _own_documents(connection, case, documents)
        role = permit(connection, office.origin, case, programme, Deed.ANSWER, act)
        if isinstance(role, Refused):
            return role
        values: dict[str, Any] = {
            "answer": answer,
            "remark": remark,
            "documents": json.dumps(sorted(set(documents))),
            "answered_by": act.actor.id,
            "answered_at": act.now,
            "assessment": None,
        }
        write_finding(connection, case, criterion, values)
        detail = {"criterion": criterion, "answer": answer, "documents": sorted(set(documents))}
        record(connection, office.origin, case, programme, act, Change("case:finding:answered", role, detail=detail))
        return Done(f"Criterion {criterion} of {reference} is answered {answer}.", summary(case))


def known_criterion(programme: Programme, criterion: str) -> None:
    """Raise BadInput for a criterion that the programme does not have."""
    if criterion not in programme.criteria:
        known = ", ".join(programme.criteria)
        raise BadInput("CRITERION", f'{programme.code} has no criterion "{criterion[:40]}". Known: {known}.')


def write_finding(connection: Connection, case: Case, criterion: str, values: dict[str, Any]) -> None:
    """Change the finding of the current cycle, or make it."""
    key = {"application_id": case.id, "cycle": case.facts_cycle, "criterion": criterion, "site": ""}
    match = [_FINDING.c[name] == value for name, value in key.items()]
    if connection.execute(_FINDING.update().where(*match).values(values)).rowcount == 0:
        connection.execute(_FINDING.insert(), key | {"documents": "[]", "remark": "", "note": ""} | values)


def _own_documents(connection: Connection, case: Case, documents: Sequence[int]) -> None:
    query = select(_DOCUMENT.c.id).where(_DOCUMENT.c.application_id == case.id, _DOCUMENT.c.cycle == case.facts_cycle)
    strangers = sorted(set(documents) - set(connection.execute(query).scalars()))
    if strangers:
        raise BadInput(
            "DOCUMENT", f"Document {strangers[0]} does not belong to {case.reference}. Add it to the case first."
        )
