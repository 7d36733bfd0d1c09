"""Accounts for every reminder from an exported bundle alone: verified first, then proved from what its entries tell.

It needs no database and no settings, and must not trust what the log does not name.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain

from workflow.audit import bundle
from workflow.audit.bundle import BadBundle, Header, Verdict
from workflow.reports.reminder_proof import Account, Proof, prove_told
from workflow.reports.told import Told

# What the tables would show and no entry tells: said beside every proof from a bundle.
NOT_JUDGED = (
    "Names and addresses: people are their opaque ids, and whose an address is that took mail is not told.",
    "The clock's own list: what a decision ended is worked out from that decision.",
    "The outbox: a message that no entry says arrived or failed counts as waiting.",
    "What happened after the newest entry of the bundle.",
)


@dataclass(frozen=True)
class FromBundle:
    """A bundle's verdict, and the proof where the bundle holds."""

    verdict: Verdict
    proof: Proof | None = None


def prove_bundle(
    lines: Iterable[bytes],
    *,
    first: date,
    last: date,
    checkpoint: str | None = None,
    key: str | None = None,
    tell: Callable[[Account], None] = lambda _: None,
    progress: Callable[[int], None] = lambda _: None,
) -> FromBundle:
    """Verify a complete bundle like `bundle.verify`, then account for every reminder due in the span.

    It is as at the instant at which the bundle says it was made, and never before its newest entry. Raises BadBundle
    where it is no complete bundle, BadInput like `reminder_proof.prove`, and Untold for what the log does not tell.
    """
    numbered = iter(lines)
    opening = next(numbered, b"")
    header = bundle.header_of(opening)
    if not header.complete:
        raise BadBundle(
            "The bundle holds only some entries. A proof of the reminders needs them all: export without filters."
        )
    told = Told()
    verdict = bundle.verify(chain([opening], numbered), checkpoint=checkpoint, key=key, hear=told.hear)
    if not verdict.holds:
        return FromBundle(verdict)
    programmes = told.programmes(header.more.get("programmes"))
    now = max(told.as_at, _made_at(header, told.as_at))
    proof = prove_told(told, programmes, first=first, last=last, now=now, tell=tell, progress=progress)
    return FromBundle(verdict, proof)


def _made_at(header: Header, otherwise: datetime) -> datetime:
    try:
        made_at = datetime.fromisoformat(header.more["made_at"])
    except (LookupError, ValueError, TypeError):
        return otherwise
    return made_at if made_at.tzinfo else otherwise
