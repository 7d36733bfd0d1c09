"""A mail server that follows a script: at every stage it answers anything, stalls or cuts the line.

It runs in a thread with its own event loop, so that code under test may run its own. Whatever it took is kept.

    with ScriptedServer({"rcpt": "450 4.2.1 later"}) as server:          # always
    with ScriptedServer({"dot": [CUT, "250 kept"]}) as server:           # the first time, the second time, then well
    with ScriptedServer({"rcpt": lambda line: "550 5.1.1 who?" if "jo@" in line else None}) as server:  # None: well
"""

import asyncio
import contextlib
import re
import ssl
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

STALL, CUT = "(stall)", "(cut)"
STAGES = ("greeting", "ehlo", "starttls", "auth", "mail", "rcpt", "data", "body", "dot", "after")

Step = (
    str | Callable[[str], str | None]
)  # an answer such as "450 4.2.1 later", STALL, CUT, or a choice by the line read

_WELL = {
    "greeting": "220 mail.example ready",
    "starttls": "220 go ahead",
    "auth": "235 2.7.0 welcome",
    "mail": "250 2.1.0 fine",
    "rcpt": "250 2.1.5 fine",
    "data": "354 go on",
    "body": "",
    "dot": "250 2.0.0 kept",
    "after": "",
}


@dataclass(frozen=True)
class Taken:
    """A text that arrived up to its final dot. `answer` is what the server said then, or STALL or CUT."""

    sender: str
    recipient: str
    content: bytes
    answer: str
    connection: int
    secure: bool
    parameters: str  # what followed the address in MAIL

    @property
    def message_id(self) -> str:
        found = re.search(rb"^Message-ID: *(\S+)", self.content, re.MULTILINE | re.IGNORECASE)
        return found[1].decode() if found else ""


@dataclass
class _Session:
    number: int
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    secure: bool
    sender: str = ""
    parameters: str = ""
    recipients: list[str] = field(default_factory=list)


class _Hung(Exception):
    """The script ends this connection here."""


class ScriptedServer:
    """Listens on a free port of this machine while it is entered. `script` maps stages to steps.

    `body` happens after the text's first line, `dot` after the final dot, `after` when the dot was answered. An answer
    at `body` is said early, and the one after the dot is left out. With `tls`, STARTTLS is offered, or the whole
    connection is TLS when `implicit`.
    """

    def __init__(
        self,
        script: Mapping[str, Step | Sequence[Step]] | None = None,
        *,
        extensions: Sequence[str] = ("PIPELINING", "8BITMIME", "SMTPUTF8"),
        tls: ssl.SSLContext | None = None,
        implicit: bool = False,
        login: tuple[str, str] | None = None,
    ) -> None:
        script = script or {}
        if unknown := set(script) - set(STAGES):
            raise ValueError(f"No such stage: {unknown}.")
        self._script = {stage: list(step) if _several(step) else step for stage, step in script.items()}
        self._extensions = list(extensions)
        self._tls, self._implicit, self.login = tls, implicit, login
        self.host, self.port = "127.0.0.1", 0
        self.taken: list[Taken] = []
        self.lines: list[tuple[int, str]] = []  # every command, with its connection's number
        self.connections = 0
        self.open_now = self.most_open = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    @property
    def stalls(self) -> bool:
        """Whether the script has it stall somewhere, so that a test need not be patient."""
        return any(STALL in step if isinstance(step, list) else step == STALL for step in self._script.values())

    @property
    def accepted(self) -> list[Taken]:
        """What the server kept and said so."""
        return [one for one in self.taken if one.answer.startswith("2")]

    def commands(self, verb: str) -> list[str]:
        return [line for _, line in self.lines if line.upper().startswith(verb)]

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = self._wait(
            asyncio.start_server(self._serve, self.host, 0, ssl=self._tls if self._implicit else None)
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        self._wait(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _wait(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(timeout=30)

    async def _stop(self) -> None:
        self._server.close()
        for task in (tasks := list(self._tasks)):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._loop.shutdown_default_executor()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._tasks.add(task := asyncio.current_task())
        self.connections += 1
        self.open_now += 1
        self.most_open = max(self.most_open, self.open_now)
        session = _Session(self.connections, reader, writer, secure=self._implicit)
        try:
            await self._talk(session)
        except (_Hung, OSError, EOFError, asyncio.CancelledError):
            pass
        finally:
            self.open_now -= 1
            session.writer.transport.abort()
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await session.writer.wait_closed()
            self._tasks.discard(task)

    async def _talk(self, session: _Session) -> None:
        await self._act(session, "greeting", "")
        while line := await session.reader.readline():
            command = line.decode("utf-8", "surrogateescape").rstrip("\r\n")
            self.lines.append((session.number, command))
            verb = command.upper().split(" ")[0]
            if verb == "QUIT":
                await _say(session, "221 2.0.0 bye")
                return
            handle = getattr(self, f"_on_{verb.lower()}", None)
            await (handle(session, command) if handle else _say(session, "500 5.5.1 what?"))

    async def _on_ehlo(self, session: _Session, command: str) -> None:
        await self._act(session, "ehlo", command)

    _on_helo = _on_ehlo

    async def _on_mail(self, session: _Session, command: str) -> None:
        session.sender, session.parameters = _address(command)
        session.recipients = []
        await self._act(session, "mail", command)

    async def _on_rcpt(self, session: _Session, command: str) -> None:
        if (await self._act(session, "rcpt", command)).startswith("2"):
            session.recipients.append(_address(command)[0])

    async def _on_rset(self, session: _Session, _: str) -> None:
        session.recipients = []
        await _say(session, "250 2.0.0 fine")

    async def _act(self, session: _Session, stage: str, line: str) -> str:
        """Do what the script has for a stage, and return it."""
        step = self._step(stage, line)
        if step == STALL:
            await asyncio.sleep(3600)
        if step == CUT:
            raise _Hung
        if step:
            await _say(session, step)
        return step

    def _step(self, stage: str, line: str) -> str:
        step = self._script.get(stage)
        if isinstance(step, list):
            step = step.pop(0) if step else None
        if callable(step):
            step = step(line)
        return step or (self._ehlo() if stage == "ehlo" else _WELL[stage])

    def _ehlo(self) -> str:
        offered = list(self._extensions)
        if self._tls and not self._implicit:
            offered.append("STARTTLS")
        if self.login:
            offered.append("AUTH PLAIN LOGIN")
        lines = ["mail.example", *offered]
        return "\r\n".join(f"250{' ' if n == len(lines) - 1 else '-'}{one}" for n, one in enumerate(lines))

    async def _on_starttls(self, session: _Session, command: str) -> None:
        if self._tls is None and "starttls" not in self._script:
            await _say(session, "502 5.5.1 not here")
        elif (await self._act(session, "starttls", command)).startswith("220") and self._tls:
            await session.writer.start_tls(self._tls)
            session.secure = True

    async def _on_auth(self, session: _Session, command: str) -> None:
        words = command.split(" ")
        if words[1].upper() == "LOGIN":
            for asked in ("VXNlcm5hbWU6", "UGFzc3dvcmQ6")[len(words) - 2 :]:
                await _say(session, f"334 {asked}")
                words.append((await session.reader.readline()).decode().strip())
        await self._act(session, "auth", " ".join(words))

    async def _on_data(self, session: _Session, command: str) -> None:
        if not session.recipients:
            await _say(session, "503 5.5.1 no recipients")
            return
        if not (await self._act(session, "data", command)).startswith("354"):
            return
        content = [await session.reader.readline()]
        early = await self._act(session, "body", "")
        while content[-1] != b".\r\n":
            if not (line := await session.reader.readline()):
                raise EOFError
            content.append(line)
        answer = early or self._step("dot", "")
        text = b"".join(line.removeprefix(b".") for line in content[:-1])
        self.taken.append(
            Taken(
                session.sender, session.recipients[0], text, answer, session.number, session.secure, session.parameters
            )
        )
        assert len(session.recipients) == 1, "one message, one recipient"
        if answer == STALL:
            await asyncio.sleep(3600)
        if answer == CUT:
            raise _Hung
        if not early:
            await _say(session, answer)
        await self._act(session, "after", "")


def _several(step: Step | Sequence[Step]) -> bool:
    return not isinstance(step, str) and not callable(step)


def _address(command: str) -> tuple[str, str]:
    found = re.fullmatch(r"[^:]*:\s*<([^>]*)>\s*(.*)", command)
    return (found[1], found[2]) if found else ("", "")


async def _say(session: _Session, answer: str) -> None:
    session.writer.write(answer.encode("utf-8", "surrogateescape") + b"\r\n")
    await session.writer.drain()
