"""Assigns a case to an officer."""

from workflow.access import Deed
from workflow.decisions.decide import summary
from workflow.decisions.outcome import Act, Done, Outcome, Refused
from workflow.decisions.permit import permit
from workflow.decisions.record import Change, record, stale
from workflow.errors import BadInput
from workflow.store import cases, people
from workflow.store.office import Office


def assign_application(office: Office, *, reference: str, to: str, act: Act, version: int | None = None) -> Outcome:
    """Assign a case. Raises NotFound, BadInput when the person is no officer, StaleVersion when the case changed."""
    with office.database.transaction() as transaction:
        connection = transaction.connection
        case = cases.lock(connection, reference, act.actor)
        if version is not None and version != case.version:
            raise stale(reference)
        programme = office.editions.machine(connection, case.programme, case.edition).programme
        role = permit(connection, office.origin, case, programme, Deed.ASSIGN, act)
        if isinstance(role, Refused):
            return role
        assignee = people.by_email(connection, to, keep=True)
        if "officer" not in assignee.roles:
            raise BadInput(
                "NOT_AN_OFFICER", f"{assignee.name} does not hold the role officer and cannot be assigned cases."
            )
        change = Change(
            kind="case:application:assigned",
            role=role,
            updates={"assignee_id": assignee.id},
            detail={"assignee": assignee.id},
        )
        record(connection, office.origin, case, programme, act, change)
        return Done(f"Case {reference} is assigned to {assignee.name}.", summary(case))
