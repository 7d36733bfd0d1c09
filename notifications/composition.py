"""Builds the bytes of one e-mail, and refuses any whose headers are not exactly the ones we wrote. Sends nothing.

The bytes are written here and not by the standard library: its EmailMessage takes 2 ms for one message, and that of
CPython 3.11.7 lets encoded words in a value break out of their header (CVE-2024-6923). The same inputs give the same
bytes, because a message in doubt is sent again as it was.
"""

import re
from base64 import b64encode, encodebytes
from binascii import b2a_qp
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from hashlib import sha256

from notifications.addresses import NotAnAddress, as_sent
from notifications.rendering import Attachment, Rendered

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_SAFE = re.compile(r"[!-~]+(?: [!-~]+)*")
_TURNING = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])
_LINE = 78  # RFC 5322, section 2.1.1
_WORD = 42  # bytes; in base64 with =?utf-8?b? and ?= they make 68 characters: a word may have 75 (RFC 2047), a line 78
_MESSAGE_ID = re.compile(r"<[A-Za-z0-9!#$%&'*+/=^_`{|}~.-]+@[A-Za-z0-9.-]+>")
_FILENAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_PLAIN = r"[A-Za-z0-9.+_-]+"
_MEDIA_TYPE = re.compile(rf"{_PLAIN}/{_PLAIN}(?:; {_PLAIN}={_PLAIN})*")
_BREAK = re.compile(r"\r\n|\r|\n")
_HEADERS = [
    b"From",
    b"To",
    b"Reply-To",
    b"Subject",
    b"Date",
    b"Message-ID",
    b"Auto-Submitted",
    b"MIME-Version",
    b"Content-Type",
]


class UnsafeMessage(Exception):
    """A value would have changed the message or cannot be written in one; the message is not sent."""


@dataclass(frozen=True)
class Envelope:
    """From whom to whom, answers where, under which lasting id; `date` knows its time zone."""

    sender: str
    recipient: str
    reply_to: str
    message_id: str
    date: datetime


def compose(envelope: Envelope, rendered: Rendered) -> bytes:
    """Return the message as it goes to the server: CRLF, no line over 998 bytes. Raises UnsafeMessage.

    It is ASCII throughout, save for an address whose part before the @ is not; that one only goes with SMTPUTF8.
    """
    if not _MESSAGE_ID.fullmatch(envelope.message_id):
        raise UnsafeMessage("The Message-ID is not one plain <word@domain>.")
    boundary = f"=_{sha256(envelope.message_id.encode()).hexdigest()[:32]}"  # no encoded line can hold =_
    body = _several("alternative", boundary, [_readable("plain", rendered.text), _readable("html", rendered.html)])
    if rendered.attachments:
        body = _several("mixed", f"{boundary}m", [body, *map(_attached, rendered.attachments)])
    try:
        head = (
            f"From: AEO Casework <{as_sent(envelope.sender)}>\r\n"
            f"To: {as_sent(envelope.recipient)}\r\n"
            f"Reply-To: {as_sent(envelope.reply_to)}\r\n"
            f"Subject: {_words(rendered.subject)}\r\n"
            f"Date: {format_datetime(envelope.date)}\r\n"
            f"Message-ID: {envelope.message_id}\r\n"
            "Auto-Submitted: auto-generated\r\n"
            "MIME-Version: 1.0\r\n"
        )
    except NotAnAddress as error:
        raise UnsafeMessage(str(error)) from error
    content = head.encode() + body
    _check_headers(content)
    return content


def _words(value: str) -> str:
    """A header's text: as it is where that is short and plain, otherwise in encoded words, folded (RFC 2047).

    Characters that turn the direction of writing are left out: they show nothing by themselves, can make a subject
    read as another one, and to refuse a company's name for them would keep a notice from that company.
    """
    value = value.translate(_TURNING)
    if _CONTROL.search(value):
        raise UnsafeMessage("The subject holds a line break or a control character.")
    if _SAFE.fullmatch(value) and "=?" not in value and len("Subject: ") + len(value) <= _LINE:
        return value
    data, words, start = _utf8(value), [], 0
    while start < len(data):
        end = min(start + _WORD, len(data))
        while end < len(data) and data[end] & 0xC0 == 0x80:  # noqa: PLR2004  # a continuation byte of UTF-8: not here
            end -= 1
        words.append(f"=?utf-8?b?{b64encode(data[start:end]).decode()}?=")
        start = end
    return "\r\n ".join(words)


def _readable(subtype: str, text: str) -> bytes:
    """A text part, as legible as its script allows: in quoted-printable where that adds no more than half."""
    data = _utf8(_BREAK.sub("\r\n", text))
    if not data.endswith(b"\r\n"):
        data += b"\r\n"
    printed = b2a_qp(data)
    encoding, encoded = (
        ("quoted-printable", printed) if len(printed) * 2 <= len(data) * 3 else ("base64", _base64(data))
    )
    return (
        f"Content-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n".encode()
        + encoded
    )


def _attached(attachment: Attachment) -> bytes:
    if not (_FILENAME.fullmatch(attachment.filename) and _MEDIA_TYPE.fullmatch(attachment.media_type)):
        raise UnsafeMessage(
            "An attachment's name or type holds more than letters, digits, dots, dashes and underscores."
        )
    head = (
        f"Content-Type: {attachment.media_type}\r\n"
        f'Content-Disposition: attachment; filename="{attachment.filename}"\r\n'
        "Content-Transfer-Encoding: base64\r\n\r\n"
    )
    return head.encode() + _base64(attachment.content)


def _several(subtype: str, boundary: str, parts: list[bytes]) -> bytes:
    line = f"--{boundary}".encode()
    head = f'Content-Type: multipart/{subtype};\r\n boundary="{boundary}"\r\n\r\n'.encode()
    # The break before a boundary belongs to the boundary (RFC 2046, section 5.1.1), so that a part keeps its own last.
    return head + b"".join(line + b"\r\n" + part + b"\r\n" for part in parts) + line + b"--\r\n"


def _base64(data: bytes) -> bytes:
    return encodebytes(data).replace(b"\n", b"\r\n")


def _utf8(value: str) -> bytes:
    try:
        return value.encode()
    except UnicodeEncodeError as error:
        raise UnsafeMessage("A text holds half a character, which no mail can carry.") from error


def _check_headers(content: bytes) -> None:
    """Read the header block as a server would: each of our headers once, in our order, and no other."""
    block = content.partition(b"\r\n\r\n")[0]
    lines = block.split(b"\r\n")
    names = [line.partition(b":")[0] for line in lines if line[:1] not in b" \t"]
    if names != _HEADERS or any(b"\r" in line or b"\n" in line or b"\x00" in line for line in lines):
        raise UnsafeMessage("The headers are not the ones that were written.")
