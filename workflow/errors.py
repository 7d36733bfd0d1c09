"""What can go wrong, as sentences with a code. Knows neither HTTP statuses nor exit codes: the doors translate."""

from typing import Any


class CaseworkError(Exception):
    """Something a person must be told: what is wrong, which rule, what to do."""

    def __init__(self, code: str, sentence: str, **details: Any) -> None:
        self.code = code
        self.sentence = sentence
        self.details = details
        super().__init__(sentence)


class BadInput(CaseworkError):
    """What was given cannot be used; nothing was done."""


class NotFound(CaseworkError):
    """The object does not exist, or is not the caller's to see; the two look the same."""


class StaleVersion(CaseworkError):
    """The case changed after the caller read it; nothing was written."""


class NotPermitted(CaseworkError):
    """The caller's role does not allow it; where a case is concerned a refusal is recorded instead."""


class Unavailable(CaseworkError):
    """The system cannot work now: no database, a locked file, weak durability, a missing migration."""


class Broken(Unavailable):
    """The log is not what was signed: an entry was altered or is missing. Nothing is signed or proved."""


class NotSignedIn(CaseworkError):
    """Who asks is not known, or cannot be believed."""


class TooMany(CaseworkError):
    """Too many requests; the sentence says when the next one may come. `details["seconds"]` is how long to wait."""
