"""Makes the address under which a calendar program reads somebody's calendar, and takes it back.

The word in the address is all the proof there is, so it opens that one calendar and nothing else.
"""

from datetime import datetime

from sqlalchemy import Connection, select, update

from states.facts import Person
from workflow import models
from workflow.decisions.outcome import Act, Done
from workflow.decisions.record import enter_act
from workflow.models.base import table_of
from workflow.store import absences, people, tokens
from workflow.store.office import Office

_FEED = table_of(models.CalendarFeed)


def subscribe_calendar(office: Office, *, act: Act) -> Done:
    """Make a new address, shown once; the one before stops. `data["token"]` is the word in it."""
    token = tokens.new_token()
    with office.database.transaction() as transaction:
        connection = transaction.connection
        people.lock(connection, [act.actor.id])
        _revoke(connection, act)
        row = {"token_sha256": tokens.digest(token), "officer_id": act.actor.id, "created_at": act.now}
        connection.execute(_FEED.insert(), row)
        enter_act(connection, act, "access:calendar:subscribed", {})
    return Done("Your calendar has a new address. Keep it to yourself: whoever knows it can read it.", {"token": token})


def revoke_calendar(office: Office, *, act: Act) -> Done:
    """Take the address back; a calendar program that knows it gets nothing any more."""
    with office.database.transaction() as transaction:
        if _revoke(transaction.connection, act):
            enter_act(transaction.connection, act, "access:calendar:revoked", {})
            return Done("The address of your calendar is revoked.")
    return Done("Your calendar has no address.")


def _revoke(connection: Connection, act: Act) -> bool:
    mine = update(_FEED).where(_FEED.c.officer_id == act.actor.id, _FEED.c.revoked_at.is_(None))
    return connection.execute(mine.values(revoked_at=act.now)).rowcount > 0


def reader_of(connection: Connection, token: str, *, now: datetime) -> Person | None:
    """Return whose calendar an address opens, with the roles that the person has now; nobody for any other word."""
    query = select(_FEED.c.officer_id).where(_FEED.c.token_sha256 == tokens.digest(token), _FEED.c.revoked_at.is_(None))
    officer_id = connection.execute(query).scalar_one_or_none()
    if officer_id is None:
        return None
    person = people.everybody(connection).get(officer_id)  # active ones alone
    return absences.standing_in(connection, person, now) if person else None
