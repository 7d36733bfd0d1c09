"""P5: messages per second to a local sink: ours beside bare loops over smtplib and aiosmtplib and Django's send_mail.

Everybody starts from the same rendered texts, builds a message of each, and sends it to one person; the sink, a process
of its own, must have taken every one. Ours is a parameter of `run`: composing and the pool of connections, until
somebody hands in the whole way from the outbox.
"""

import asyncio
import json
import os
import platform
import random
import smtplib
import subprocess
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median
from threading import Thread
from time import perf_counter

import aiosmtplib

from bench.sink import Sink, running
from notifications.composition import Envelope, compose
from notifications.rendering import Rendered, Renderer
from notifications.retry import Outcome
from notifications.transport import transport_of

SENDER, _REPLY_TO = "noreply@customs.invalid", "adeline.goh@customs.invalid"
_DJANGO = Path(__file__).with_name("django_mail.py")
PAYLOAD = {
    "reference": "STP-2026-000123",
    "uen": "201890417D",
    "programme": "Secure Trade Partnership",
    "programme_code": "STP",
    "authority": "Singapore Customs",
    "certificate_number": "STP-C-000123",
    "valid_from": "2026-11-02",
    "valid_until": "2029-11-01",
    "complete_by": "2029-06-01",
    "phase": "running",
}


@dataclass(frozen=True)
class Letter:
    """One message before anybody has built it."""

    recipient: str
    message_id: str
    company: str
    subject: str
    text: str
    html: str


Send = Callable[[], None]  # sends what was prepared; only this is timed
Prepare = Callable[[int, int, Sequence[Letter]], Send]  # (the sink's port, connections, letters)


def run(*, rounds: int, each: int, connections: int, seed: int, ours: Prepare | None = None, named: str = "") -> None:
    """Measure and print. `ours` prepares a round (rows of an outbox, say) and returns what sends it."""
    dice = random.Random(seed)  # noqa: S311  # who starts; nothing secret
    with running() as sink, ExitStack() as stack:
        contestants: dict[str, tuple[Prepare, int]] = {
            "smtplib": (_smtplib, connections),
            "aiosmtplib": (_aiosmtplib, connections),
            "ours": (ours or pool, connections),
        }
        if python := os.environ.get("AEO_BENCH_DJANGO"):
            contestants["django"] = (stack.enter_context(_django(python)), 1)
            contestants["ours, 1"] = (ours or pool, 1)
        speeds: dict[str, list[float]] = {name: [] for name in contestants}
        busy: list[float] = []
        letters = _letters(Renderer())
        for turn in range(-1, rounds):  # the first one warms up
            order = list(contestants)
            dice.shuffle(order)
            for name in order:
                prepare, lines = contestants[name]
                speed, share = _speed(sink, prepare, lines, [next(letters) for _ in range(each if turn >= 0 else 20)])
                if turn >= 0:
                    speeds[name].append(speed)
                    busy.append(share)
    _print(speeds, max(busy), named or "compose and pool", rounds=rounds, each=each, connections=connections, seed=seed)


def _speed(sink: Sink, prepare: Prepare, connections: int, letters: Sequence[Letter]) -> tuple[float, float]:
    """Return messages per second, and the share of that time the sink was busy."""
    send = prepare(sink.port, connections, letters)
    taken_before, used_before = sink.taken()
    began = perf_counter()
    send()
    took = perf_counter() - began
    taken, used = sink.taken()
    if taken - taken_before != len(letters):
        raise RuntimeError(f"{len(letters)} messages were sent and {taken - taken_before} arrived.")
    return len(letters) / took, (used - used_before) / took


def _letters(renderer: Renderer) -> Iterator[Letter]:
    number = 0
    while True:
        number += 1
        company = f"Quillhaven Logistics {number} Pte. Ltd."
        rendered = renderer.render("renewal_reminder", PAYLOAD | {"company_name": company})
        recipient, message_id = f"trade{number}@quillhaven.invalid", f"<{number:032x}@customs.invalid>"
        yield Letter(recipient, message_id, company, rendered.subject, rendered.text, rendered.html)


def pool(port: int, connections: int, letters: Sequence[Letter]) -> Send:
    """Ours without the outbox: compose each, hand it to the pool."""
    transport = transport_of(f"smtp://127.0.0.1:{port}?starttls=off&connections={connections}")
    waiting = iter(letters)

    async def worker() -> None:
        for letter in waiting:
            envelope = Envelope(SENDER, letter.recipient, _REPLY_TO, letter.message_id, datetime.now(UTC))
            content = compose(envelope, Rendered(letter.subject, letter.text, letter.html))
            reply = await transport.send(SENDER, letter.recipient, content)
            if reply.outcome is not Outcome.SENT:
                raise RuntimeError(reply.text)

    async def send() -> None:
        await transport.open()
        await asyncio.gather(*(worker() for _ in range(transport.size)))
        await transport.close()

    return lambda: asyncio.run(send())


def _built(letter: Letter) -> EmailMessage:
    message = EmailMessage()
    message["From"] = f"AEO Casework <{SENDER}>"
    message["To"] = letter.recipient
    message["Reply-To"] = _REPLY_TO
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(datetime.now(UTC))
    message["Message-ID"] = letter.message_id
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text)
    message.add_alternative(letter.html, subtype="html")
    return message


def _smtplib(port: int, connections: int, letters: Sequence[Letter]) -> Send:
    def loop(waiting: Iterable[Letter]) -> None:
        with smtplib.SMTP("127.0.0.1", port) as client:
            for letter in waiting:
                client.send_message(_built(letter))

    def send() -> None:
        threads = [Thread(target=loop, args=(letters[n::connections],)) for n in range(connections)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    return send if connections > 1 else lambda: loop(letters)


def _aiosmtplib(port: int, connections: int, letters: Sequence[Letter]) -> Send:
    async def loop(waiting: Iterable[Letter]) -> None:
        async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False) as client:
            for letter in waiting:
                await client.send_message(_built(letter))

    async def send() -> None:
        await asyncio.gather(*(loop(letters[n::connections]) for n in range(connections)))

    return lambda: asyncio.run(send())


@contextmanager
def _django(python: str) -> Iterator[Prepare]:
    """Django in its own environment: a process that is told the letters, then told to send them."""
    with subprocess.Popen([python, str(_DJANGO)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        told, answers = process.stdin, process.stdout
        assert told is not None
        assert answers is not None

        def tell(what: object) -> None:
            print(json.dumps(what), file=told, flush=True)
            if answers.readline() != "done\n":
                raise RuntimeError("Django's send_mail did not send.")

        def prepare(port: int, _: int, letters: Sequence[Letter]) -> Send:
            tell({"port": port, "sender": SENDER, "letters": [asdict(letter) for letter in letters]})
            return lambda: tell("send")

        yield prepare
        told.close()


def _print(
    speeds: dict[str, list[float]], busy: float, named: str, *, rounds: int, each: int, connections: int, seed: int
) -> None:
    def row(name: str, floor: str, over: str) -> None:
        ratios = [ours / theirs for ours, theirs in zip(speeds[over], speeds[floor], strict=True)]
        spread = f"{median(ratios):6.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
        print(f"   {name:<28}{median(speeds[floor]):8,.0f} per second; ours over it {spread}")

    print(f"P5 mail to a local sink, {connections} connections")
    print(f"   {f'ours: {named}':<28}{median(speeds['ours']):8,.0f} per second (median of {rounds} rounds)")
    row("bare smtplib loop", "smtplib", "ours")
    row("bare aiosmtplib loop", "aiosmtplib", "ours")
    if "django" in speeds:
        print("   on one connection:")
        print(f"   {f'ours: {named}':<28}{median(speeds['ours, 1']):8,.0f} per second")
        row("Django's send_mail", "django", "ours, 1")
    else:
        print("   Django's send_mail: not measured; AEO_BENCH_DJANGO names a python that has Django.")
    print(f"   n = {rounds} x {each} each, seed {seed}; the sink was busy {busy:.0%} of the time at most; ", end="")
    print(f"Python {platform.python_version()}, aiosmtplib {version('aiosmtplib')}")
