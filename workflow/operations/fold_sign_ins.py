"""Closes the windows in which failed sign-ins were counted: what the trail does not tell yet is told, the counts go."""

from datetime import datetime

from workflow.decisions import sign_ins
from workflow.store import sign_in_counts
from workflow.store.office import Office

_BATCH = 500


def fold_sign_ins(office: Office, *, now: datetime) -> int:
    """Close a batch of windows that are over; the next run goes on. Return how many entries were written."""
    with office.database.transaction() as transaction:
        untold = list(sign_in_counts.close(transaction.connection, now, _BATCH))
        sign_ins.tell(transaction.connection, untold, now)
        return len(untold)
