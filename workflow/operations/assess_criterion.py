"""Records what an officer found about one answer, or about every answer that has its evidence."""

from typing import Any

from sqlalchemy import select, update

from states.guards import Unmet
from workflow import inputs, models
from workflow.access import Deed
from workflow.decisions.decide import summary
from workflow.decisions.outcome import Act, Done, Outcome, Refused
from workflow.decisions.permit import permit, refuse
from workflow.decisions.record import Change, record
from workflow.models.base import table_of
from workflow.operations.answer_criterion import known_criterion, write_finding
from workflow.store import cases
from workflow.store.office import Office

_FINDING = table_of(models.Finding)
ASSESSMENTS = ("met", "action", "unmet", "ask")


def assess_criterion(
    office: Office, *, reference: str, criterion: str, assessment: str, act: Act, note: str = ""
) -> Outcome:
    """Assess one answer. Refused while there is none. Raises NotFound, and BadInput for unknown words."""
    assessment = inputs.one_of(assessment, ASSESSMENTS, "The assessment")
    note = inputs.text(note, "The note", empty=True)
    with office.database.transaction() as transaction:
        connection = transaction.connection
        case = cases.lock(connection, reference)
        programme = office.editions.machine(connection, case.programme, case.edition).programme
        known_criterion(programme, criterion)
        role = permit(connection, office.origin, case, programme, Deed.ASSESS, act)
        if isinstance(role, Refused):
            return role
        query = select(_FINDING.c.answer).where(
            _FINDING.c.application_id == case.id,
            _FINDING.c.cycle == case.facts_cycle,
            _FINDING.c.criterion == criterion,
        )
        if connection.execute(query).scalar_one_or_none() is None:
            sentence = f"Criterion {criterion} has no answer yet, so there is nothing to assess."
            unmet = [Unmet("answered", "ANSWERS_MISSING", sentence, "the company or an officer")]
            return refuse(connection, office.origin, case, programme, Deed.ASSESS, act, unmet)
        values: dict[str, Any] = {
            "assessment": assessment,
            "note": note,
            "assessed_by": act.actor.id,
            "assessed_at": act.now,
        }
        write_finding(connection, case, criterion, values)
        detail = {"criterion": criterion, "assessment": assessment}
        change = Change("case:finding:assessed", role, detail=detail, deed="assessed")
        record(connection, office.origin, case, programme, act, change)
        return Done(f"Criterion {criterion} of {reference} is assessed {assessment}.", summary(case))


def assess_answers(office: Office, *, reference: str, act: Act) -> Outcome:
    """Assess met, in one act, every answer that is open and has its evidence: a Yes with a document."""
    with office.database.transaction() as transaction:
        connection = transaction.connection
        case = cases.lock(connection, reference)
        programme = office.editions.machine(connection, case.programme, case.edition).programme
        role = permit(connection, office.origin, case, programme, Deed.ASSESS, act)
        if isinstance(role, Refused):
            return role
        open_ = (
            _FINDING.c.application_id == case.id,
            _FINDING.c.cycle == case.facts_cycle,
            _FINDING.c.assessment.is_(None),
            _FINDING.c.answer == "yes",
            _FINDING.c.documents != "[]",
        )
        criteria = sorted(connection.execute(select(_FINDING.c.criterion).where(*open_)).scalars())
        if not criteria:
            return Done("No answer with evidence waits to be assessed.", summary(case) | {"assessed": []})
        connection.execute(
            update(_FINDING).where(*open_).values(assessment="met", assessed_by=act.actor.id, assessed_at=act.now)
        )
        detail = {"count": len(criteria), "criteria": criteria}
        change = Change("case:findings:assessed", role, detail=detail, deed="assessed")
        record(connection, office.origin, case, programme, act, change)
        return Done(f"{len(criteria)} answers of {reference} are assessed met.", summary(case) | {"assessed": criteria})
