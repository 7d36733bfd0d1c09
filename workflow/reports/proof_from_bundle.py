"""Accounts for every reminder from an exported bundle alone: verified first, then proved from what its entries tell.

It needs no database and no settings, and must not trust what the log does not name.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
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
    """A bundle's verdict, and the proof where the bundle holds, with what it does not judge."""

    verdict: Verdict
    proof: Proof | None = None
    not_judged: tuple[str, ...] = NOT_JUDGED


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
    where it is no complete bundle or that is no instant, BadNote like `bundle.verify`, BadInput like
    `reminder_proof.prove`, and Untold for what the log does not tell.
    """
    numbered = iter(lines)
    opening = next(numbered, b"")
    header = bundle.header_of(opening)
    if not header.complete:
        raise BadBundle(
            "The bundle holds only some entries. A proof of the reminders needs them all: export without filters."
        )
    made_at = _made_at(header)
    told = Told()
    verdict = bundle.verify(chain([opening], numbered), checkpoint=checkpoint, key=key, hear=told.hear)
    if not verdict.holds:
        return FromBundle(verdict)
    programmes = told.programmes(header.more.get("programmes"))
    now = max(told.as_at, made_at or told.as_at)
    proof = prove_told(told, programmes, first=first, last=last, now=now, tell=tell, progress=progress)
    return FromBundle(verdict, proof, (*NOT_JUDGED, _instant_in_words(told.as_at, made_at)))


def _made_at(header: Header) -> datetime | None:
    """Return when the bundle says that it was made, none where it says nothing. Raises BadBundle for what is no instant."""
    written = header.more.get("made_at")
    if written is None:
        return None
    try:
        made_at = datetime.fromisoformat(written)
        if made_at.tzinfo:
            return made_at.astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        pass
    raise BadBundle(
        f"Its first line says that it was made at {written!r}, which is no instant such as 2026-11-22T01:00:00.000000Z. "
        "The line was altered: export the trail again."
    )


def _instant_in_words(newest: datetime, made_at: datetime | None) -> str:
    """Say what the instant of the proof rests on: nobody signed the first line, so a reader must know that it is from there."""
    entry = f"its newest entry is of {_moment(newest)}"
    if made_at is None:
        return f"What became due after the newest entry: the bundle does not say when it was made, and {entry}."
    if made_at < newest:
        return f"When the bundle was made: it says {_moment(made_at)}, but {entry}, so the proof is as at that."
    return f"When the bundle was made: it says {_moment(made_at)} in its first line, which nobody signed; {entry}."


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
