"""Does a change once for each key and at the version that somebody read, whatever the change is.

Knows no change: it wraps any operation, which then runs in its transaction.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from workflow import inputs
from workflow.decisions.once import once
from workflow.decisions.outcome import Act, Done, Outcome
from workflow.decisions.record import stale
from workflow.reports import cases as shown
from workflow.store import cases
from workflow.store.office import Office


def change_once(
    office: Office,
    *,
    act: Act,
    route: str,
    body: Mapping[str, Any],
    change: Callable[[Office], Outcome | Done],
    idempotency_key: str = "",
    reference: str = "",
    versions: frozenset[int] | None = None,
) -> Outcome:
    """Do a change, and say how its case stands then. The same key again does nothing and gets the same answer.

    The case is locked first. With `versions`, it must be at one of them; an answer that was given before is given again
    at any version. Raises NotFound, StaleVersion, BadInput for a key of another request, and what the change raises.
    """
    key = inputs.key(idempotency_key)
    with office.database.whole() as database:
        within = replace(office, database=database)
        with database.transaction() as transaction:
            connection = transaction.connection
            case = cases.lock(connection, reference, act.actor) if reference else None

            def do() -> Outcome:
                if case is not None and versions is not None and case.version not in versions:
                    raise stale(reference)
                outcome = change(within)
                if case is None or not isinstance(outcome, Done):
                    return outcome
                now = shown.show(connection, office, reference=reference, viewer=act.actor, now=act.now)
                told = {name: now[name] for name in ("reference", "state", "standing", "cycle", "version")}
                return Done(outcome.sentence, outcome.data | told)

            return once(connection, act, route, key, {"reference": reference} | dict(body), do)
