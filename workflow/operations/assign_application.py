"""Assigns a case to an officer."""

from sqlalchemy import Connection

from workflow import inputs
from workflow.access import Deed
from workflow.decisions.decide import summary
from workflow.decisions.once import once
from workflow.decisions.outcome import Act, Done, Outcome, Refused
from workflow.decisions.permit import permit
from workflow.decisions.record import Change, record, stale
from workflow.errors import BadInput
from workflow.store import cases, people
from workflow.store.cases import Case
from workflow.store.office import Office


def assign_application(
    office: Office,
    *,
    reference: str,
    to: str,
    act: Act,
    version: int | None = None,
    idempotency_key: str = "",
) -> Outcome:
    """Assign a case. The same request with the same key again does nothing and gets the same answer.

    Raises NotFound, BadInput when the person is no officer, and StaleVersion: of two who claim a case the first has it.
    """
    key = inputs.key(idempotency_key)
    with office.database.transaction() as transaction:
        connection = transaction.connection
        case = cases.lock(connection, reference, act.actor)

        def assign() -> Outcome:
            if version is not None and version != case.version:
                raise stale(reference)
            return _assign(connection, office, case, to, act)

        return once(connection, act, "assignments", key, {"reference": reference, "to": to, "version": version}, assign)


def _assign(connection: Connection, office: Office, case: Case, to: str, act: Act) -> Outcome:
    programme = office.editions.machine(connection, case.programme, case.edition).programme
    role = permit(connection, office.origin, case, programme, Deed.ASSIGN, act)
    if isinstance(role, Refused):
        return role
    assignee = people.by_email(connection, to, keep=True)
    if "officer" not in assignee.roles:
        raise BadInput("NOT_AN_OFFICER", f"{assignee.name} is not an officer and cannot be assigned cases.")
    change = Change(
        kind="case:application:assigned",
        role=role,
        updates={"assignee_id": assignee.id},
        detail={"assignee": assignee.id},
    )
    record(connection, office.origin, case, programme, act, change)
    return Done(f"Case {case.reference} is assigned to {assignee.name}.", summary(case))
