"""What every operation works with: the database, the programme editions, this installation's identity."""

from dataclasses import dataclass

from workflow.store.database import Database
from workflow.store.editions import Editions


@dataclass(frozen=True)
class Office:
    """One installation, opened. Built by bootstrap."""

    database: Database
    editions: Editions
    origin: str  # names this installation in Message-IDs and in the trail
    salt: str  # for digests of addresses in the trail
    production: bool = False  # where placeholder criteria must be accepted before they certify anybody
