"""Hands messages to a mail server or to a local mailbox, and says what it answered. Knows nothing of what they say."""

import asyncio
import mailbox
import ssl
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol

from notifications.addresses import NotAnAddress, as_sent
from notifications.connection import Connection, Reply, Stale, Unreachable
from notifications.relay import BadAddress, Relay, relay_of
from notifications.retry import Outcome

__all__ = ["BadAddress", "MaildirTransport", "Relay", "Reply", "SMTPTransport", "Transport", "relay_of", "transport_of"]

_PER_CONNECTION = 100  # messages, after which servers like to see a new connection


class Transport(Protocol):
    """Something that takes messages between open and close, up to `size` at the same time."""

    @property
    def size(self) -> int: ...

    async def open(self) -> None:
        """Get ready; where this fails, `send` tries again and its answer says why."""

    async def send(self, sender: str, recipient: str, content: bytes) -> Reply:
        """Send one message to one person; trouble is an answer, never an exception."""
        ...

    async def close(self) -> None:
        """Wait for what is being sent, and take leave. It can be opened again, in another event loop too."""


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


class Pace:
    """Lets messages through one by one, at most `per_second` of them; None lets all through. Times are seconds."""

    def __init__(
        self,
        per_second: float | None,
        *,
        clock: Callable[[], float] = time.monotonic,  # the clock of asyncio's loops, and it outlives them
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._gap = 1 / per_second if per_second else 0.0
        self._clock = clock
        self._sleep = sleep
        self._next = 0.0

    async def turn(self) -> None:
        """Wait for one's turn; turns are in the order of asking."""
        if not self._gap:
            return
        now = self._clock()
        at = max(now, self._next)
        self._next = at + self._gap
        if at > now:
            await self._sleep(at - now)


class SMTPTransport:
    """Speaks to a mail server over connections that are kept between messages."""

    def __init__(
        self,
        relay: Relay,
        *,
        tls: ssl.SSLContext | None = None,
        timeout: float = 60,  # seconds to connect, and for every answer but the last
        after_dot: float = 600,  # seconds for the answer to the final dot (RFC 5321, section 4.5.3.2.6)
        pace: Pace | None = None,
    ) -> None:
        self.size = relay.at_once
        self._relay = relay
        self._tls = tls
        self._timeout, self._after_dot = timeout, after_dot
        self._pace = pace or Pace(relay.per_second)
        self._idle: list[Connection] = []
        self._places = asyncio.Semaphore(self.size)

    async def open(self) -> None:
        """Connect once, so that a wrong setting shows before the first message. Raises Unreachable."""
        self._idle.append(await self._fresh())

    async def send(self, sender: str, recipient: str, content: bytes) -> Reply:
        """Send one message; any trouble is an answer, never an exception."""
        try:
            sender, recipient = as_sent(sender), as_sent(recipient)
        except NotAnAddress as error:
            return Reply(Outcome.PERMANENT, f"Not sent: {error}")
        async with self._places:
            await self._pace.turn()
            try:
                try:
                    return await self._over(self._kept() or await self._fresh(), sender, recipient, content)
                except Stale:
                    return await self._over(await self._fresh(), sender, recipient, content)
            except Unreachable as error:
                # A refused greeting or login says nothing about this message, whatever its code.
                return Reply(Outcome.TEMPORARY, str(error))

    async def _over(self, connection: Connection, sender: str, recipient: str, content: bytes) -> Reply:
        reply = await connection.deliver(sender, recipient, content)
        if connection.used >= _PER_CONNECTION:
            await connection.quit()
        elif connection.is_open:
            self._idle.append(connection)
        return reply

    def _kept(self) -> Connection | None:
        """The connection used last, which is the least likely to have been given up."""
        while self._idle:
            if (connection := self._idle.pop()).is_open:
                return connection
        return None

    async def _fresh(self) -> Connection:
        if self._tls is None and self._relay.start_tls is not False:
            self._tls = ssl.create_default_context()
        connection = Connection(self._relay, tls=self._tls, timeout=self._timeout, after_dot=self._after_dot)
        await connection.open()
        return connection

    async def close(self) -> None:
        """Wait for the sends that run, then take leave on every connection."""
        places = self._places
        for _ in range(self.size):
            await places.acquire()
        idle, self._idle = self._idle, []
        self._places = asyncio.Semaphore(self.size)  # the old one belongs to this event loop
        for _ in range(self.size):
            places.release()
        await asyncio.gather(*(connection.quit() for connection in idle))


def transport_of(url: str, ca_file: str | None = None) -> Transport:
    """Return the transport for an address; with `ca_file` only authorities in it are trusted. Raises BadAddress."""
    relay = relay_of(url)
    if isinstance(relay, Path):
        return MaildirTransport(relay)
    try:
        return SMTPTransport(relay, tls=ssl.create_default_context(cafile=ca_file) if ca_file else None)
    except OSError as error:
        raise BadAddress(f"AEO_SMTP_CA names a file that holds no certificates to trust: {error}.") from error
