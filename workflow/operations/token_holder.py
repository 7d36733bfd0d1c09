"""Finds whose token it is, with the roles that both the token and the person hold now."""

from datetime import datetime

from states.facts import Person
from workflow.store import absences, api_tokens
from workflow.store.office import Office


def token_holder(office: Office, token: str, *, now: datetime) -> tuple[Person, str] | None:
    """Return the person and the token's id, or None: unknown, revoked, over, of a disabled account or without a role."""
    with office.database.snapshot() as connection:
        found = api_tokens.holder(connection, token, now)
        if found is None:
            return None
        person, row = absences.standing_in(connection, found[0], now), found[1]
    if row.last_used_at is None or now >= row.last_used_at + api_tokens.USED_EVERY:
        with office.database.transaction() as transaction:
            api_tokens.note_use(transaction.connection, row.id, now)
    return person, str(row.id)
