"""A mail server that takes everything and counts, in a process of its own: `python -m bench.sink` prints its port.

Written by hand and as small as it goes, so that it is never what is measured. Asked XTAKEN, it answers how many
messages it took and how many seconds of processor time it has used.
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from smtplib import SMTP

_ANSWERS = {
    b"EHLO": b"250-sink.invalid\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n",
    b"DATA": b"354 go on\r\n",
    b"QUIT": b"221 bye\r\n",
}
_taken = 0


class _Conversation(asyncio.Protocol):
    def __init__(self) -> None:
        self._waiting = bytearray()
        self._in_text = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(b"220 sink.invalid\r\n")

    def data_received(self, data: bytes) -> None:
        self._waiting += data
        while True:
            end = b"\r\n.\r\n" if self._in_text else b"\r\n"
            if (at := self._waiting.find(end)) < 0:
                return
            command = b"." if self._in_text else bytes(self._waiting[:4]).upper()
            del self._waiting[: at + len(end)]
            self._answer(command)

    def _answer(self, command: bytes) -> None:
        global _taken  # noqa: PLW0603  # one number for all conversations
        self._in_text = command == b"DATA"
        _taken += command == b"."
        if command == b"XTAK":
            self._transport.write(f"250 {_taken} {time.process_time()}\r\n".encode())
        else:
            self._transport.write(_ANSWERS.get(command, b"250 fine\r\n"))
        if command == b"QUIT":
            self._transport.close()


class Sink:
    """A running sink, asked over a connection of its own."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._asking = SMTP("127.0.0.1", port)

    def taken(self) -> tuple[int, float]:
        """How many messages it took so far, and its seconds of processor time."""
        count, seconds = self._asking.docmd("XTAKEN")[1].split()
        return int(count), float(seconds)

    def close(self) -> None:
        self._asking.close()


@contextmanager
def running() -> Iterator[Sink]:
    with subprocess.Popen([sys.executable, "-m", "bench.sink"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        sink = Sink(int(process.stdout.readline()))
        try:
            yield sink
        finally:
            sink.close()
            process.terminate()


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(_Conversation, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve())
