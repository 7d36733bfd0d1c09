"""Sets how long a kind of record is kept after its case is over."""

from workflow import inputs, models
from workflow.access import Deed
from workflow.decisions.outcome import Act, Done
from workflow.decisions.permit import demand
from workflow.decisions.record import enter_act
from workflow.errors import BadInput
from workflow.models.base import table_of
from workflow.models.retention import FEWEST_YEARS, KINDS
from workflow.store.office import Office

_MOST_YEARS = 100
_PERIOD = table_of(models.RetentionPeriod)


def set_retention_period(office: Office, *, kind: str, years: int, source: str, act: Act) -> Done:
    """Set the period of a kind of record, with the law or instruction that says so.

    Raises BadInput, and NotPermitted for anybody but an admin.
    """
    kind = inputs.one_of(kind, KINDS, "The kind of record")
    source = inputs.text(source, "The source")
    if not FEWEST_YEARS <= years <= _MOST_YEARS:
        raise BadInput("YEARS", f"Records are kept for {FEWEST_YEARS} to {_MOST_YEARS} years, not {years}.")
    demand(Deed.SET_RETENTION, act)
    with office.database.transaction() as transaction:
        row = {"kind": kind, "years": years, "source": source, "set_by": act.actor.id, "set_at": act.now}
        transaction.connection.execute(_PERIOD.insert(), row)
        detail = {"record_kind": kind, "years": years, "source": source}
        enter_act(transaction.connection, act, "system:retention:set", detail)
    return Done(f"Records of the kind {kind} are kept for {years} years after their case is over.", detail)
