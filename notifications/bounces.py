"""Reads a message that came back: whose address failed, for good or for now, and which of our messages it was.

What comes in may be anything: whatever cannot be read is said so, with one error. It knows no outbox.
"""

import logging
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message

from flufl.bounce import all_failures

# What its detectors stumble over is our answer to the caller, not a stack of calls in the log for each bad message.
logging.getLogger("flufl.bounce").disabled = True

LARGEST = 1_000_000  # bytes; a report with the text that came back stays far below it
_ADDRESS = re.compile(r"[!-?A-~]{1,64}@[0-9a-z.-]{1,189}")
_MESSAGE_ID = re.compile(r"<[^<>\s]{3,250}@[^<>\s]{1,250}>")
_RETURNED = re.compile(
    r"^message-id:[ \t]*(?:\r?\n[ \t]+)?(<[^<>\s]{3,250}@[^<>\s]{1,250}>)", re.IGNORECASE | re.MULTILINE
)
_DIAGNOSTIC = re.compile(r"^diagnostic-code:[ \t]*(.{1,500})", re.IGNORECASE | re.MULTILINE)
_STATUS = re.compile(r"^status:[ \t]*([245]\.\d{1,3}\.\d{1,3})", re.IGNORECASE | re.MULTILINE)
_TEXT = 200_000  # characters of one part that are searched


class Unreadable(Exception):
    """It is no message, or none that a reader survives."""


@dataclass(frozen=True)
class Bounce:
    """What a message that came in says; a message that is no report says nothing."""

    permanent: frozenset[str] = frozenset()  # addresses that will not take mail, in lower case
    temporary: frozenset[str] = frozenset()  # addresses that do not take it for now
    message_ids: tuple[str, ...] = ()  # of the message that came back
    reason: str = ""  # in the server's words


def read_bounce(content: bytes) -> Bounce:
    """Read one message. Raises Unreadable."""
    if len(content) > LARGEST:
        raise Unreadable(f"It has {len(content):,} bytes; {LARGEST:,} are the limit.")
    try:
        message = message_from_bytes(content)
        temporary, permanent = all_failures(message)
        texts = list(_texts(message))
        ids = [*_first_ids(texts), *_MESSAGE_ID.findall(f"{message['In-Reply-To']} {message['References']}")]
        return Bounce(
            _addresses(permanent),
            _addresses(temporary),
            tuple(dict.fromkeys(ids)),
            _reason(texts),
        )
    except Exception as error:  # what comes in may be made to break a parser in any way
        raise Unreadable(f"{type(error).__name__}: {error}") from error


def _addresses(found: Iterable[bytes]) -> frozenset[str]:
    """Return what can be an address: servers name other things in its place, and anybody can write a report."""
    texts = (one.decode("ascii").lower() for one in found)
    return frozenset(text for text in texts if _ADDRESS.fullmatch(text))


def _texts(message: Message) -> Iterator[str]:
    """Yield the text of every part below the message's own headers: reports, returned headers, returned messages."""
    for part in message.walk():
        if part is not message and part.get_content_maintype() != "multipart":
            yield "".join(f"{name}: {' '.join(str(value).split())}\n" for name, value in part.items())[:_TEXT]
        if not part.is_multipart():
            payload = part.get_payload(decode=True)
            yield payload[:_TEXT].decode("utf-8", "replace") if isinstance(payload, bytes) else ""


def _first_ids(texts: list[str]) -> list[str]:
    return [found for text in texts for found in _RETURNED.findall(text)]


def _reason(texts: list[str]) -> str:
    for wanted in (_DIAGNOSTIC, _STATUS):
        for text in texts:
            if found := wanted.search(text):
                return " ".join(found[1].split())
    return ""
