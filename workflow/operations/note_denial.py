"""Notes in the trail that somebody known asked for what is not theirs to see or do. The answer itself tells nothing."""

from workflow.decisions.outcome import Act
from workflow.decisions.record import enter_act
from workflow.store.office import Office


def note_denial(office: Office, *, method: str, path: str, act: Act) -> None:
    """Write one entry: who, and which route or command. Its pattern alone: an address or an option may hold anything."""
    with office.database.transaction() as transaction:
        enter_act(transaction.connection, act, "access:route:denied", {"method": method, "route": path})
