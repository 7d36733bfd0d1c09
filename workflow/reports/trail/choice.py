"""Reads which entries somebody asks for, for every door: an unknown word is refused, never taken for all or for none.

It knows the trail's kinds, people and programmes, and no door.
"""

from datetime import date
from difflib import get_close_matches

from sqlalchemy import Connection

from states.dates import end_of, start_of
from states.facts import CLOCK, OPERATOR
from workflow.audit.wording import WORDING
from workflow.errors import BadInput, NotFound
from workflow.reports.trail.trail import Wanted
from workflow.store import people
from workflow.store.editions import Editions


def choose(
    connection: Connection,
    editions: Editions,
    *,
    zone: str,
    application: str = "",
    programme: str = "",
    uen: str = "",
    actor: str = "",
    kind: str = "",
    first: date | None = None,
    last: date | None = None,
) -> Wanted:
    """Return the choice; `actor` is an address, `clock` or `operator`, and days are days in `zone`. Raises BadInput."""
    return Wanted(
        application,
        _programme(connection, editions, programme) if programme else "",
        uen,
        _actor(connection, actor) if actor else "",
        _kind(kind) if kind else "",
        start_of(first, zone) if first else None,
        end_of(last, zone) if last else None,
    )


def _programme(connection: Connection, editions: Editions, code: str) -> str:
    known = editions.codes(connection)
    if code not in known:
        told = f'There is no programme "{code[:40]}". Known: {", ".join(known) or "none"}.'
        raise BadInput("NO_PROGRAMME", told, field="programme")
    return code


def _actor(connection: Connection, given: str) -> str:
    word = given.strip().lower()
    if word in (CLOCK.id, OPERATOR.id):
        return word
    try:
        return people.known_by_email(connection, word).id
    except NotFound as error:
        told = f"{error.sentence} Beside people act: {CLOCK.id}, {OPERATOR.id}."
        raise BadInput(error.code, told, field="actor") from None


def _kind(given: str) -> str:
    word = given.strip().lower()
    if word not in WORDING:
        near = get_close_matches(word, WORDING)
        known = f"Did you mean {' or '.join(near)}?" if near else f"Known: {', '.join(sorted(WORDING))}."
        raise BadInput("KIND", f'The kind "{given[:80]}" does not exist. {known}', field="kind")
    return word
