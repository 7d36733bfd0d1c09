"""Goes on with the log under a new name, which an operator decides after a restored backup. What was signed stays so."""

from sqlalchemy import select, update

from workflow import inputs, models
from workflow.decisions.outcome import Act, Done
from workflow.decisions.record import enter_act
from workflow.models.base import table_of
from workflow.store import log
from workflow.store.office import Office

_INSTALLATION = table_of(models.Installation)


def new_origin(office: Office, *, reason: str, act: Act) -> Done:
    """Name the log anew, so that it no longer has to extend what was signed under the old name. Audited."""
    reason = inputs.text(reason, "The reason")
    with office.database.transaction() as transaction:
        connection = transaction.connection
        base = connection.execute(select(_INSTALLATION.c.origin)).scalar_one()
        before = log.origin(connection)
        number = int(before.removeprefix(base).removeprefix("/") or 1) + 1
        after = f"{base}/{number}"
        connection.execute(update(_INSTALLATION).values(log_origin=after))
        detail = {"before": before, "after": after, "why": reason, "entries": log.size(connection)}
        enter_act(connection, act, "audit:origin:renewed", detail)
    words = f"The log goes on as {after}. Tell the auditors, and give them the new key: `aeo audit checkpoint --key`."
    return Done(words, {"origin": after, "before": before})
