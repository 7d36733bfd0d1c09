"""Draws a seeded sample of cases for an auditor; the act is itself an entry, like an export."""

from datetime import date
from typing import Any

from workflow.access import Deed
from workflow.audit.entry import Entry
from workflow.decisions.outcome import Act, Done
from workflow.decisions.permit import demand
from workflow.decisions.record import enter
from workflow.errors import BadInput
from workflow.reports.sample import draw, population
from workflow.store.office import Office

MOST = 1_000
_LARGEST_SEED = 2**53 - 1  # what an entry holds as a number


def draw_sample(
    office: Office,
    *,
    seed: int,
    act: Act,
    size: int = 25,
    programme: str = "",
    first: date | None = None,
    last: date | None = None,
) -> Done:
    """Draw cases received between two days. Raises NotFound, BadInput and NotPermitted."""
    role = demand(Deed.AUDIT, act)
    if not 1 <= size <= MOST:
        raise BadInput("SAMPLE", f"A sample has 1 to {MOST:,} cases; {size:,} were asked for.")
    if not 0 <= seed <= _LARGEST_SEED:
        raise BadInput("SEED", f"The seed {seed} is not a whole number from 0 to {_LARGEST_SEED}.")
    with office.database.transaction() as transaction:
        connection = transaction.connection
        if programme:
            programme = office.editions.newest(connection, programme).programme.code
        sample = draw(population(connection, programme=programme, first=first, last=last), seed, size)
        if not sample.drawn:
            raise BadInput("POPULATION", "No case fits, so there is nothing to draw from. Choose other days.")
        named = {"programme_wanted": programme, "received_from": first, "received_to": last}
        detail: dict[str, Any] = {name: value for name, value in named.items() if value}
        detail |= {
            "seed": seed,
            "size": len(sample.drawn),
            "population": sample.population,
            "digest": sample.digest,
            "drawn": list(sample.drawn),
        }
        enter(connection, Entry("audit:sample:drawn", act.now, act.actor.id, role, act.proven, detail=detail))
    words = f"{len(sample.drawn)} of {sample.population} cases, drawn with the seed {seed}."
    return Done(words, detail)
