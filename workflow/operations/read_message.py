"""Shows one message as it left, or as it would leave now. Queues and sends nothing."""

import json
from dataclasses import dataclass, replace
from datetime import datetime
from email import policy
from email.parser import BytesHeaderParser

from jinja2 import TemplateError

from notifications.composition import UnsafeMessage
from notifications.rendering import Rendered
from states.facts import Person
from workflow.decisions.outgoing import Parcel, chases, stops, untrue
from workflow.operations.deliver_outbox import Post, bytes_of, written
from workflow.reports import mail as reading
from workflow.reports.mail import Opened
from workflow.store import requests, suppressions
from workflow.store.office import Office
from workflow.store.outbox import as_it_stands


@dataclass(frozen=True)
class Letter:
    """A message with its text. Without a text `why_not` says why."""

    opened: Opened
    rendered: Rendered | None
    headers: tuple[tuple[str, str], ...]
    stops: tuple[str, ...] = ()  # what would keep a queued one from going out
    stopped: str = ""  # why it would be held back if it were to leave now
    why_not: str = ""


def read_message(office: Office, post: Post, *, message: int, viewer: Person, now: datetime) -> Letter:
    """Return a message, its text and its headers. Raises NotFound."""
    with office.database.snapshot() as connection:
        opened = reading.opened(connection, office, message, viewer=viewer, now=now)
        kept, address = opened.kept, opened.kept.address or opened.found.address
        dead = bool(suppressions.among(connection, [address]))
        answered = bool(chases(opened.row["payload"] or {}) and requests.answered(connection, [kept.cause]))
    letter = Letter(opened, None, ())
    if kept.status == "queued":
        letter = replace(
            letter,
            stops=stops(kept.message, to_company=opened.row["to_company"]),
            stopped=_held_back(opened, dead=dead, answered=answered),
        )
    if opened.row["payload"] is None:
        return replace(letter, why_not="Its text was disposed of after the retention period.")
    payload = {"reply_to": opened.found.reply_to} | opened.row["payload"]
    lead = replace(as_it_stands(kept, opened.case), payload=payload, address=address)
    rest = tuple(replace(as_it_stands(one, None), payload=json.loads(one.payload)) for one in opened.members)
    parcel = Parcel(lead, rest if "bundle" in payload else ())
    faults: set[str] = set()
    try:
        rendered = written(post.renderer, parcel, office.origin, faults)
    except (TemplateError, LookupError, TypeError, ValueError) as error:  # it fails in the same way when it leaves
        return replace(letter, why_not=f"It cannot be written: {error}")
    rendered = replace(rendered, fault=" ".join(sorted(faults)))
    return replace(letter, rendered=rendered, headers=_headers(post, parcel, rendered))


def _held_back(opened: Opened, *, dead: bool, answered: bool) -> str:
    case, payload = opened.case, opened.row["payload"] or {}
    held = untrue(case, opened.kept.message, payload, answered=answered) if case else ""
    return held or ("Mail to this address comes back." if dead else opened.found.nobody)


def _headers(post: Post, parcel: Parcel, rendered: Rendered) -> tuple[tuple[str, str], ...]:
    """Return the headers as they are sent, encoded words read; none without an address."""
    try:
        content = bytes_of(post, parcel, rendered)
    except UnsafeMessage:
        return ()
    found = BytesHeaderParser(policy=policy.default).parsebytes(content)
    return tuple((name, str(value)) for name, value in found.items())
