"""Closes a corrective action with the evidence that it is done."""

from sqlalchemy import select, update

from states.guards import Unmet
from workflow import inputs, models
from workflow.access import Deed
from workflow.decisions.decide import summary
from workflow.decisions.outcome import Act, Done, Outcome, Refused
from workflow.decisions.permit import permit, refuse
from workflow.decisions.record import Change, record
from workflow.models.base import table_of
from workflow.store import cases
from workflow.store.office import Office

_FINDING = table_of(models.Finding)


def close_action(office: Office, *, reference: str, finding_id: int, evidence: str, act: Act) -> Outcome:
    """Close an action of any cycle: one may stay open beyond the decision. Refused when it is not open.

    Raises NotFound, and BadInput for missing evidence.
    """
    evidence = inputs.text(evidence, "The evidence")
    with office.database.transaction() as transaction:
        connection = transaction.connection
        case = cases.lock(connection, reference, act.actor)
        programme = office.editions.machine(connection, case.programme, case.edition).programme
        role = permit(connection, office.origin, case, programme, Deed.CLOSE_ACTION, act)
        if isinstance(role, Refused):
            return role
        open_ = (
            _FINDING.c.id == finding_id,
            _FINDING.c.application_id == case.id,
            _FINDING.c.assessment == "action",
            _FINDING.c.closed_at.is_(None),
        )
        found = connection.execute(select(_FINDING.c.criterion, _FINDING.c.site).where(*open_)).first()
        if found is None:
            sentence = f"{finding_id} is no open corrective action of {reference}. Take one from the list of its corrective actions."
            unmet = [Unmet("action_open", "ACTION_NOT_OPEN", sentence, "nobody")]
            return refuse(connection, office.origin, case, programme, Deed.CLOSE_ACTION, act, unmet)
        values = {"closed_at": act.now, "closed_by": act.actor.id, "closing_evidence": evidence}
        connection.execute(update(_FINDING).where(*open_).values(values))
        criterion = f"{found.criterion} ({found.site})" if found.site else found.criterion
        detail = {"finding": finding_id, "criterion": criterion, "evidence": evidence}
        change = Change("case:action:closed", role, detail=detail, deed="assessed")
        record(connection, office.origin, case, programme, act, change)
        return Done(f"Corrective action {finding_id} of {reference} ({criterion}) is closed.", summary(case))
