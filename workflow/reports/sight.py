"""Whether the case that an address names is there but not this person's to see, so that a denial can be noted.

Reads only. The reports behind the routes judge by themselves and say the same to whoever asks.
"""

from collections.abc import Mapping
from typing import Any

from states.facts import OPERATOR, Person
from workflow.access import sees_all
from workflow.errors import NotFound
from workflow.store import cases
from workflow.store.office import Office


def hidden(office: Office, person: Person, named: Mapping[str, Any]) -> bool:
    """Say whether `named["reference"]` is a case that others see. No query for somebody who sees all."""
    reference = named.get("reference")
    if reference is None or sees_all(person):
        return False
    with office.database.snapshot() as connection:
        try:
            cases.read(connection, reference, person)
        except NotFound:
            return _is_there(connection, reference)
    return False


def _is_there(connection: Any, reference: str) -> bool:
    try:
        cases.read(connection, reference, OPERATOR)
    except NotFound:
        return False
    return True
