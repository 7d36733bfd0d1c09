"""Places a legal hold on a case and lifts it: while one is in force nothing of the case is disposed of."""

from sqlalchemy import select

from workflow import inputs, models
from workflow.access import Deed
from workflow.decisions.decide import summary
from workflow.decisions.outcome import Act, Done, Outcome, Refused
from workflow.decisions.permit import permit
from workflow.decisions.record import Change, new_id, record
from workflow.errors import BadInput, NotFound
from workflow.models.base import table_of
from workflow.store import cases, visible
from workflow.store.office import Office

_HOLD = table_of(models.LegalHold)
_LIFT = table_of(models.LegalHoldLift)


def place_hold(office: Office, *, reference: str, reason: str, act: Act) -> Outcome:
    """Hold every record of a case, for a reason. Raises NotFound and BadInput."""
    reason = inputs.text(reason, "The reason")
    with office.database.transaction() as transaction:
        connection = transaction.connection
        case = cases.lock(connection, reference, act.actor)
        programme = office.editions.machine(connection, case.programme, case.edition).programme
        role = permit(connection, office.origin, case, programme, Deed.HOLD, act)
        if isinstance(role, Refused):
            return role
        row = {"application_id": case.id, "reason": reason, "placed_by": act.actor.id, "placed_at": act.now}
        hold = new_id(connection.execute(_HOLD.insert(), row))
        change = Change("case:hold:placed", role, detail={"hold": hold, "why": reason}, visible=False)
        record(connection, office.origin, case, programme, act, change)
        return Done(f"Legal hold no. {hold} is placed on {reference}.", summary(case) | {"hold": hold})


def lift_hold(office: Office, *, hold: int, reason: str, act: Act) -> Outcome:
    """Lift a hold, for a reason; others on the same case stay. Raises NotFound, and BadInput when it was lifted."""
    reason = inputs.text(reason, "The reason")
    with office.database.transaction() as transaction:
        connection = transaction.connection
        named = select(_HOLD.c.application_id).where(_HOLD.c.id == hold)
        of = connection.execute(named).scalar_one_or_none()
        if of is None or not visible.sees_case(connection, act.actor, of):
            raise NotFound(
                "NO_HOLD",
                f"There is no legal hold {hold} that you can see. Look at the holds beside what is kept how long.",
            )
        (case,) = cases.lock_many(connection, [of])
        programme = office.editions.machine(connection, case.programme, case.edition).programme
        role = permit(connection, office.origin, case, programme, Deed.HOLD, act)
        if isinstance(role, Refused):
            return role
        if connection.execute(select(_LIFT.c.hold_id).where(_LIFT.c.hold_id == hold)).first():
            raise BadInput("HOLD_LIFTED", f"Legal hold {hold} on {case.reference} was lifted already.")
        row = {"hold_id": hold, "reason": reason, "lifted_by": act.actor.id, "lifted_at": act.now}
        connection.execute(_LIFT.insert(), row)
        change = Change("case:hold:lifted", role, detail={"hold": hold, "why": reason}, visible=False)
        record(connection, office.origin, case, programme, act, change)
        return Done(f"Legal hold no. {hold} on {case.reference} is lifted.", summary(case) | {"hold": hold})
