"""Notes that a job has run, in real time, so that a clock that stands still can be seen."""

from datetime import datetime

from workflow import models
from workflow.models.base import table_of
from workflow.store.office import Office

_BEAT = table_of(models.WorkerHeartbeat)


def note_heartbeat(office: Office, *, job: str, at: datetime, error: str = "") -> None:
    """Note a job's run. Idempotent for the same instant."""
    with office.database.transaction() as transaction:
        values = {"finished_at": at, "error": error[:500]}
        changed = transaction.connection.execute(_BEAT.update().where(_BEAT.c.job == job).values(values))
        if changed.rowcount == 0:
            transaction.connection.execute(_BEAT.insert(), {"job": job, **values})
