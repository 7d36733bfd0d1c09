"""One conversation with a mail server: opened once, used for message after message. The only user of aiosmtplib.

Its one concern is to know what became of a message when the line breaks. Before the final dot has been handed to the
line nothing can have been accepted; from then on only an answer tells.
"""

import asyncio
import re
import ssl
from dataclasses import dataclass

import aiosmtplib

from notifications.relay import Relay
from notifications.retry import Outcome, classify, is_dead_address

_TROUBLE = (aiosmtplib.SMTPException, OSError, TimeoutError, ValueError)
_CLOSING, _GO_ON = 421, 354
_AT_ONCE = 65536  # bytes written before waiting for the line to take them
_GOODBYE = 5  # seconds to wait for the answer to QUIT
_UNKEEPABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
_LONGEST = 500


@dataclass(frozen=True)
class Reply:
    """What a try came to, and the server's words or ours. `dead_address`: the server says it will never take mail."""

    outcome: Outcome
    text: str
    dead_address: bool = False


class Unreachable(Exception):
    """The server cannot be spoken to, or does not let us in; this says nothing about any message."""


class Stale(Exception):
    """The server had given up a kept connection before it heard of this message; a fresh one may be tried."""


class Connection:
    """A conversation. `used` counts the messages it was asked to deliver."""

    def __init__(self, relay: Relay, *, tls: ssl.SSLContext | None, timeout: float, after_dot: float) -> None:
        self.used = 0
        self._timeout = timeout
        self._after_dot = after_dot
        self._client = aiosmtplib.SMTP(
            hostname=relay.host,
            port=relay.port,
            username=relay.username,
            password=relay.password,
            use_tls=relay.use_tls,
            start_tls=False if relay.use_tls else relay.start_tls,
            tls_context=tls,
            timeout=timeout,
        )
        self._line: asyncio.StreamWriter | None = None

    @property
    def is_open(self) -> bool:
        return self._client.is_connected

    async def open(self) -> None:
        """Connect, secure the line, log in, and learn what the server can, all in one timeout. Raises Unreachable."""
        client = self._client
        try:
            async with asyncio.timeout(self._timeout):
                await client.connect()
                if client.is_ehlo_or_helo_needed:
                    try:
                        await client.ehlo()
                    except aiosmtplib.SMTPHeloError:
                        await client.helo()  # a server from before 1995
        except _TROUBLE as error:
            self.cut()
            raise Unreachable(_said(error)) from error
        except BaseException:
            self.cut()
            raise
        assert isinstance(client.transport, asyncio.WriteTransport)  # noqa: S101  # connected
        assert client.protocol is not None  # noqa: S101  # connected
        self._line = asyncio.StreamWriter(client.transport, client.protocol, None, asyncio.get_running_loop())

    async def deliver(self, sender: str, recipient: str, content: bytes) -> Reply:
        """Hand over one message; addresses as `as_sent` gives them. Trouble is a Reply. Raises Stale.

        When it is cancelled the line is cut: a text without its final dot is never accepted.
        """
        kept, self.used = self.used > 0, self.used + 1
        try:
            return await self._envelope(sender, recipient, content, kept=kept)
        except BaseException:
            self.cut()
            raise

    async def _envelope(self, sender: str, recipient: str, content: bytes, *, kept: bool) -> Reply:
        parameters = b""
        if not (sender.isascii() and recipient.isascii() and content.partition(b"\r\n\r\n")[0].isascii()):
            if not self._client.supports_extension("smtputf8"):
                return Reply(
                    Outcome.PERMANENT,
                    "Not sent: an address has characters outside ASCII before its @, and this mail server does not "
                    "take those (SMTPUTF8). Give another address.",
                )
            parameters = b" SMTPUTF8 BODY=8BITMIME"
        try:
            code, text = await self._say(b"MAIL FROM:<" + sender.encode() + b">" + parameters)
        except _TROUBLE as error:
            if kept:
                raise Stale from error
            return self._broken(error, Outcome.TEMPORARY)
        if kept and code == _CLOSING:
            raise Stale
        if code // 100 != 2:  # noqa: PLR2004  # 2xx
            return await self._refused(code, text, about_recipient=False)
        try:
            code, text = await self._say(b"RCPT TO:<" + recipient.encode() + b">")
            if code // 100 == 2:  # noqa: PLR2004  # 2xx
                code, text = await self._say(b"DATA")
                if code == _GO_ON:
                    return await self._text(content)
        except _TROUBLE as error:
            return self._broken(error, Outcome.TEMPORARY)
        return await self._refused(code, text, about_recipient=True)

    async def _text(self, content: bytes) -> Reply:
        """Send the text; raises what the line raises before the final dot, and answers from there on."""
        client, line, text = self._client, self._line, _stuffed(content)
        assert line is not None  # noqa: S101  # open() has set it
        start = 0
        while len(text) - start > _AT_ONCE:
            line.write(text[start : start + _AT_ONCE])
            await asyncio.wait_for(line.drain(), self._timeout)
            start += _AT_ONCE
        if client.protocol is None or not client.protocol.is_connected:
            raise aiosmtplib.SMTPServerDisconnected("Connection lost")
        client.protocol.write(text[start:] + b".\r\n")
        try:
            code, answer = await client.protocol.read_response(timeout=self._after_dot)
        except aiosmtplib.SMTPResponseException as error:  # an answer that cannot be read
            code, answer = error.code, error.message
        except _TROUBLE as error:
            return self._broken(error, Outcome.IN_DOUBT)
        outcome = classify(code, answer)
        if outcome is Outcome.IN_DOUBT or code == _CLOSING:
            self.cut()
        return Reply(outcome, _said(f"{code} {answer}"), outcome is Outcome.PERMANENT and is_dead_address(code, answer))

    async def _say(self, command: bytes) -> tuple[int, str]:
        return await self._client.execute_command(command)

    async def _refused(self, code: int, text: str, *, about_recipient: bool) -> Reply:
        """A refusal before the text went out, so that an answer out of place leaves nothing in doubt."""
        outcome = classify(code, text)
        if outcome in (Outcome.TEMPORARY, Outcome.PERMANENT):
            await self._forget()
        else:
            outcome = Outcome.TEMPORARY
            self.cut()
        dead = about_recipient and outcome is Outcome.PERMANENT and is_dead_address(code, text)
        return Reply(outcome, _said(f"{code} {text}"), dead)

    async def _forget(self) -> None:
        """Begin anew on the same line, or give the line up."""
        try:
            if self.is_open:
                await self._client.rset()
        except _TROUBLE:
            self.cut()

    def _broken(self, error: BaseException, outcome: Outcome) -> Reply:
        self.cut()
        return Reply(outcome, _said(error))

    async def quit(self) -> None:
        """Take leave and close."""
        try:
            if self.is_open:
                await self._client.quit(timeout=min(self._timeout, _GOODBYE))
        except _TROUBLE:
            pass
        finally:
            self.cut()

    def cut(self) -> None:
        """Close at once; what has not left yet never will."""
        if isinstance(
            transport := self._line.transport if self._line else self._client.transport, asyncio.WriteTransport
        ):
            transport.abort()
        self._client.close()


def _stuffed(content: bytes) -> bytes:
    """The text as DATA wants it: CRLF only, dots at the beginning of lines doubled, without the final one."""
    if not (content.count(b"\r\n") == content.count(b"\n") == content.count(b"\r")):
        content = re.sub(rb"\r\n|\r|\n", b"\r\n", content)
    if not content.endswith(b"\r\n"):
        content += b"\r\n"
    content = content.replace(b"\r\n.", b"\r\n..")
    return b"." + content if content.startswith(b".") else content


def _said(words: object) -> str:
    """Words from outside as one line that any database keeps."""
    text = f"{type(words).__name__}: {words}" if isinstance(words, BaseException) else str(words)
    return _UNKEEPABLE.sub(" ", text)[:_LONGEST].strip()
