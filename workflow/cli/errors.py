"""THE table of the command line: error -> exit code."""

import logging
import os

from workflow import errors
from workflow.cli.main import fail

EXIT_CODES: dict[type[errors.CaseworkError], int] = {
    errors.NotPermitted: 1,
    errors.StaleVersion: 1,
    errors.NotSignedIn: 1,
    errors.TooMany: 1,
    errors.BadInput: 2,
    errors.NotFound: 2,
    errors.Unavailable: 3,
    errors.Broken: 1,
}
# What a sentence leaves to the door: how it is done here.
_HINTS = {
    "WRONG_ROLE": " Act as one with --as.",
    "UEN_CHECK": " (--accept-check-letter REASON)",
    "STILL_HOLDS": " (--hand-over-to EMAIL)",
    "NO_APPROVAL": " See `aeo approval list`.",
    "NO_MESSAGE": " See `aeo outbox list`.",
    "NO_OFFICER": " See `aeo officer list`.",
    "NO_TASK": " See `aeo task list`.",
    "NOT_SUPPRESSED": " See `aeo outbox suppressed`.",
    "ONE_CASE": " (--application REF)",
    "CONSENT": " (--publication yes/no, --partners yes/no)",
    "POSTED_ON": " (--posted-on 2027-03-27)",
}


def told(error: Exception, *, as_json: bool) -> int:
    """Tell a person about an error and return the exit code."""
    if isinstance(error, errors.CaseworkError):
        return fail(
            error.code,
            error.sentence + _HINTS.get(error.code, ""),
            EXIT_CODES[type(error)],
            as_json=as_json,
            details=error.details,
        )
    if os.environ.get("AEO_DEBUG"):
        logging.getLogger("aeo").error("An error that was not foreseen.", exc_info=error)
    if isinstance(error, OSError):
        sentence = (
            f"The system refused: {error.strerror or error} ({error.filename or 'no file'}). Nothing more was done."
        )
        return fail("SYSTEM", sentence, 3, as_json=as_json)
    sentence = (
        f"An error that was not foreseen: {type(error).__name__}: {str(error)[:300]}. What was not committed is undone. "
        "Set AEO_DEBUG=1 for the details and tell the developers."
    )
    return fail("UNFORESEEN", sentence, 3, as_json=as_json)
