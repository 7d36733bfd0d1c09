"""Builds the bytes of one e-mail and refuses any whose headers are not exactly the ones we wrote.

The check is made on the final bytes: CPython 3.11.7 lets encoded words in a value break out of their header
(CVE-2024-6923), so checking values before encoding is not enough.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from notifications.rendering import Rendered

_BREAK = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\x85\u2028\u2029]")
_HEADERS = (
    "From",
    "To",
    "Reply-To",
    "Subject",
    "Date",
    "Message-ID",
    "Auto-Submitted",
    "MIME-Version",
    "Content-Type",
)


class UnsafeMessage(Exception):
    """A value would have changed the message's headers; the message is not sent."""


@dataclass(frozen=True)
class Envelope:
    sender: str
    recipient: str
    reply_to: str
    message_id: str
    date: datetime


def compose(envelope: Envelope, rendered: Rendered) -> bytes:
    """Return the message as it goes to the server. Raises UnsafeMessage."""
    message = EmailMessage(policy=SMTP)
    if not all(one.isascii() for one in (envelope.sender, envelope.recipient, envelope.reply_to, envelope.message_id)):
        raise UnsafeMessage("An address or the Message-ID holds a character outside ASCII.")
    try:
        message["From"] = Address("AEO Casework", addr_spec=envelope.sender)
        message["To"] = Address(addr_spec=envelope.recipient)
        message["Reply-To"] = Address(addr_spec=envelope.reply_to)
        message["Subject"] = rendered.subject
        message["Date"] = format_datetime(envelope.date)
        message["Message-ID"] = envelope.message_id
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(rendered.text)
        message.add_alternative(rendered.html, subtype="html")
    except (ValueError, IndexError, MessageError) as error:
        raise UnsafeMessage(f"A header cannot be written safely: {error}") from error
    for name in message:
        if _BREAK.search(str(message[name])):
            raise UnsafeMessage(f"The header {name} holds a line break or a control character.")
    content = message.as_bytes()
    _check_headers(content)
    return content


def _check_headers(content: bytes) -> None:
    """Read the header block as a server would: each of our headers once, and no other."""
    block = content.split(b"\r\n\r\n", 1)[0]
    if b"\r" in block.replace(b"\r\n", b"") or b"\n" in block.replace(b"\r\n", b"") or b"\x00" in block:
        raise UnsafeMessage("The headers hold a bare line break.")
    names = [
        line.split(b":", 1)[0].decode("ascii", "replace") for line in block.split(b"\r\n") if line[:1] not in b" \t"
    ]
    if sorted(names) != sorted(_HEADERS):
        raise UnsafeMessage(f"The headers are not the ones that were written: {', '.join(names)}.")
