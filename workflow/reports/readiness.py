"""Whether the installation works: database, schema, the worker's heartbeat. Changes nothing."""

from datetime import datetime, timedelta

from sqlalchemy import select

from workflow import models
from workflow.errors import Unavailable
from workflow.models.base import table_of
from workflow.store import log, revision
from workflow.store.office import Office

_BEAT = table_of(models.WorkerHeartbeat)
_SILENT_AFTER = timedelta(seconds=60)


def problems(office: Office, *, now: datetime, real_now: datetime, jobs: tuple[str, ...]) -> list[str]:
    """Return what is wrong, as sentences; empty when ready. `now` is the office's clock."""
    try:
        with office.database.snapshot() as connection:
            oldest = log.oldest_waiting(connection)
            beats = {row.job: row for row in connection.execute(select(_BEAT))}
        if revision.current(office.database.writer) != revision.HEAD:
            return ["The database's schema is not the newest. Run `aeo db upgrade`."]
    except Unavailable as error:
        return [error.sentence]
    found: list[str] = []
    for job in jobs:
        beat = beats.get(job)
        if beat is None or real_now - beat.finished_at > _SILENT_AFTER:
            found.append(f"The job {job} has not run in the last minute. Start `aeo serve` or `aeo worker`.")
        elif beat.error:
            found.append(f"The job {job} failed when it last ran: {beat.error}")
    if jobs and oldest is not None and now - oldest > _SILENT_AFTER:
        found.append(
            f"An entry of the trail has waited for its position in the log since {oldest.isoformat(timespec='seconds')}. "
            "Look at the job seal_log; `aeo audit seal` does it now."
        )
    return found
