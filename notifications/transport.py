"""Hands bytes to a mail server or to a local mailbox, and says what it answered. The only user of aiosmtplib."""

import asyncio
import mailbox
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qs, unquote, urlsplit

import aiosmtplib

from notifications.retry import Outcome, classify

_AFTER_DOT = 600  # seconds to wait for the answer after the final dot (RFC 5321, section 4.5.3.2.6)


@dataclass(frozen=True)
class Reply:
    outcome: Outcome
    text: str
    dead_address: bool = False


class Transport(Protocol):
    """Something that takes messages between open and close, as many at a time as `size`."""

    size: int

    async def open(self) -> None: ...

    async def send(self, sender: str, recipient: str, content: bytes) -> Reply: ...

    async def close(self) -> None: ...


class MaildirTransport:
    """Puts every message into a local mailbox: the embedded default, read by the console and by tests."""

    size = 1

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def open(self) -> None:
        """Make the mailbox; with another database nothing else has made the data folder it stands in."""
        self.folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        mailbox.Maildir(self.folder, create=True).close()

    async def send(self, sender: str, recipient: str, content: bytes) -> Reply:  # noqa: ARG002  # the port's shape
        try:
            key = mailbox.Maildir(self.folder).add(content)
        except OSError as error:
            return Reply(Outcome.TEMPORARY, f"The mailbox cannot be written: {error.strerror}")
        return Reply(Outcome.SENT, f"kept in the local mailbox as {key}")

    async def close(self) -> None:
        return


@dataclass(frozen=True)
class Relay:
    """Where and how to reach a mail server."""

    host: str
    port: int
    username: str | None = None
    password: str | None = None
    use_tls: bool = False
    start_tls: bool | None = True  # required unless the address says otherwise


class SMTPTransport:
    """Speaks to a mail server over one connection that is kept between messages."""

    size = 1

    def __init__(self, relay: Relay, *, tls: ssl.SSLContext | None = None, timeout: float = 60) -> None:
        self._relay = relay
        self._tls = tls
        self._timeout = timeout
        self._client: aiosmtplib.SMTP | None = None

    async def open(self) -> None:
        relay = self._relay
        self._client = aiosmtplib.SMTP(
            hostname=relay.host,
            port=relay.port,
            username=relay.username,
            password=relay.password,
            use_tls=relay.use_tls,
            start_tls=False if relay.use_tls else relay.start_tls,
            tls_context=self._tls,
            timeout=self._timeout,
        )
        await self._client.connect()

    async def send(self, sender: str, recipient: str, content: bytes) -> Reply:
        """Send one message; any trouble is an answer, never an exception."""
        try:
            client = await self._connected()
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            # A refused greeting or login says nothing about this message, whatever its code.
            await self.close()
            return Reply(Outcome.TEMPORARY, f"{type(error).__name__}: {error}")
        try:
            await client.mail(sender)
            await client.rcpt(recipient)
        except aiosmtplib.SMTPResponseException as error:
            await self._reset()
            outcome = classify(error.code)
            # The text has not gone out, so an answer that cannot be read leaves nothing in doubt.
            outcome = Outcome.TEMPORARY if outcome is Outcome.IN_DOUBT else outcome
            dead = outcome is Outcome.PERMANENT and "5.1." in error.message[:8]
            return Reply(outcome, f"{error.code} {error.message}", dead)
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            await self.close()
            return Reply(Outcome.TEMPORARY, f"{type(error).__name__}: {error}")
        except ValueError as error:  # an address that no command can carry
            await self._reset()
            return Reply(Outcome.PERMANENT, f"The address cannot be sent: {error}")
        return await self._data(client, content)

    async def _data(self, client: aiosmtplib.SMTP, content: bytes) -> Reply:
        """From here on a silence leaves open whether the server took the message."""
        try:
            response = await client.data(content, timeout=_AFTER_DOT)
        except aiosmtplib.SMTPResponseException as error:
            await self._reset()
            return Reply(classify(error.code), f"{error.code} {error.message}")
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            await self.close()
            return Reply(Outcome.IN_DOUBT, f"{type(error).__name__}: {error}")
        return Reply(classify(response.code), f"{response.code} {response.message}")

    async def _connected(self) -> aiosmtplib.SMTP:
        if self._client is None or not self._client.is_connected:
            await self.open()
        assert self._client is not None  # noqa: S101  # open() has just set it
        return self._client

    async def _reset(self) -> None:
        if self._client is not None and self._client.is_connected:
            try:
                await self._client.rset()
            except (aiosmtplib.SMTPException, OSError):
                await self.close()

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None and client.is_connected:
            try:
                await client.quit()
            except (aiosmtplib.SMTPException, OSError, TimeoutError, asyncio.CancelledError):
                client.close()


class BadAddress(Exception):
    """The mail server's address cannot be used."""


def relay_of(url: str) -> Relay | Path:
    """Read smtp://, smtps:// or maildir:// addresses. Raises BadAddress."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise BadAddress(f"AEO_SMTP_URL cannot be read: {error}.") from error
    if parts.scheme == "maildir" and parts.path:
        return Path(unquote(parts.path))
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise BadAddress(
            "AEO_SMTP_URL must look like smtp://user:password@host:587, smtps://host:465 or maildir:///path."
        )
    modes = {"required": True, "opportunistic": None, "off": False}
    mode = parse_qs(parts.query).get("starttls", ["required"])[0]
    if mode not in modes:
        raise BadAddress(f'starttls in AEO_SMTP_URL is "{mode}"; write required, opportunistic or off.')
    secure = parts.scheme == "smtps"
    return Relay(
        parts.hostname,
        port or (465 if secure else 587),
        unquote(parts.username) if parts.username else None,
        unquote(parts.password) if parts.password else None,
        use_tls=secure,
        start_tls=modes[mode],
    )


def transport_of(url: str, ca_file: str | None = None) -> Transport:
    """Return the transport for an address; `ca_file` adds a private authority. Raises BadAddress."""
    relay = relay_of(url)
    if isinstance(relay, Path):
        return MaildirTransport(relay)
    return SMTPTransport(relay, tls=ssl.create_default_context(cafile=ca_file) if ca_file else None)
