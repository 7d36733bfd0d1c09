"""What a real server's answers become. Every server here listens on a free port of this machine."""

import asyncio
import mailbox
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from notifications.retry import Outcome
from notifications.transport import BadAddress, MaildirTransport, Relay, Reply, SMTPTransport, relay_of, transport_of

SENDER, RECIPIENT = "noreply@aeo.example", "jo@copperwake.example"
CONTENT = b"Subject: Hi\r\n\r\nLine\r\n.dot\r\n..two\r\n" + "é".encode() + b"\r\n"


class Accepting:
    """A server that takes everything and remembers it."""

    def __init__(self) -> None:
        self.taken: list[tuple[str | None, list[str], bytes | str | None]] = []
        self.peers: set[Any] = set()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: ARG002, N802
        self.taken.append((envelope.mail_from, list(envelope.rcpt_tos), envelope.content))
        self.peers.add(session.peer)
        return "250 kept"


class RefusingRecipient(Accepting):
    """A server that answers one code at RCPT to one recipient."""

    def __init__(self, answer: str) -> None:
        super().__init__()
        self.answer = answer

    async def handle_RCPT(  # noqa: N802
        self,
        server: SMTP,  # noqa: ARG002
        session: Session,  # noqa: ARG002
        envelope: Envelope,
        address: str,
        rcpt_options: list[str],  # noqa: ARG002
    ) -> str:
        if address == RECIPIENT:
            return self.answer
        envelope.rcpt_tos.append(address)
        return "250 known"


class AnsweringData(Accepting):
    """A server that gives one answer after the final dot."""

    def __init__(self, answer: str) -> None:
        super().__init__()
        self.answer = answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        await super().handle_DATA(server, session, envelope)
        return self.answer


class CuttingAfterData(Accepting):
    """A server that takes the text and hangs up without an answer."""

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        await super().handle_DATA(server, session, envelope)
        assert server.transport is not None
        server.transport.abort()
        return "250 nobody reads this"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(handler: Any, **settings: Any) -> Iterator[Relay]:
    controller = Controller(handler, hostname="127.0.0.1", port=free_port(), **settings)
    controller.start()
    try:
        yield Relay("127.0.0.1", controller.port, start_tls=False)
    finally:
        controller.stop()


def exchange(relay: Relay, *recipients: str, content: bytes = CONTENT) -> list[Reply]:
    async def run() -> list[Reply]:
        transport = SMTPTransport(relay, timeout=5)
        await transport.open()
        try:
            return [await transport.send(SENDER, recipient, content) for recipient in recipients]
        finally:
            await transport.close()

    return asyncio.run(run())


def test_a_server_that_accepts_gets_the_bytes_and_one_recipient() -> None:
    handler = Accepting()

    with serving(handler) as relay:
        replies = exchange(relay, RECIPIENT)

    assert replies == [Reply(Outcome.SENT, "250 kept")]
    assert handler.taken == [(SENDER, [RECIPIENT], CONTENT)]


def test_messages_to_several_people_share_one_connection_and_never_a_recipient() -> None:
    handler = Accepting()

    with serving(handler) as relay:
        exchange(relay, RECIPIENT, "second@x.example")

    assert [rcpt for _, rcpt, _ in handler.taken] == [[RECIPIENT], ["second@x.example"]]
    assert len(handler.peers) == 1


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("450 mailbox busy", Outcome.TEMPORARY),
        ("550 no such mailbox", Outcome.PERMANENT),
    ],
)
def test_a_refused_recipient_gets_its_code_and_the_next_message_still_goes_out(answer: str, outcome: Outcome) -> None:
    handler = RefusingRecipient(answer)

    with serving(handler) as relay:
        replies = exchange(relay, RECIPIENT, "second@x.example")

    assert replies == [Reply(outcome, answer), Reply(Outcome.SENT, "250 kept")]
    assert [rcpt for _, rcpt, _ in handler.taken] == [["second@x.example"]]


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("250 kept", Outcome.SENT),
        ("452 no room", Outcome.TEMPORARY),
        ("554 refused", Outcome.PERMANENT),
        ("what is this", Outcome.IN_DOUBT),
    ],
)
def test_the_answer_after_the_final_dot_decides(answer: str, outcome: Outcome) -> None:
    with serving(AnsweringData(answer)) as relay:
        replies = exchange(relay, RECIPIENT)

    assert [reply.outcome for reply in replies] == [outcome]


def test_a_connection_cut_after_the_text_leaves_the_message_in_doubt() -> None:
    handler = CuttingAfterData()

    with serving(handler) as relay:
        replies = exchange(relay, RECIPIENT)

    assert [reply.outcome for reply in replies] == [Outcome.IN_DOUBT]
    assert len(handler.taken) == 1


def test_after_a_cut_connection_the_next_message_gets_a_new_one() -> None:
    handler = CuttingAfterData()

    with serving(handler) as relay:
        exchange(relay, RECIPIENT, "second@x.example")

    assert len(handler.peers) == 2


@pytest.mark.parametrize("recipient", ["jo\x00@x.example", "jo", "jo@x.example, evil@x.y"])
def test_an_address_no_command_can_carry_is_refused_for_good(recipient: str) -> None:
    handler = Accepting()

    with serving(handler) as relay:
        replies = exchange(relay, recipient, RECIPIENT)

    assert [reply.outcome for reply in replies] == [Outcome.PERMANENT, Outcome.SENT]
    assert [rcpt for _, rcpt, _ in handler.taken] == [[RECIPIENT]]


def test_an_address_with_a_line_break_brings_in_no_second_recipient() -> None:
    handler = Accepting()

    with serving(handler) as relay:
        exchange(relay, "jo@x.example\r\nRCPT TO:<evil@x.y>")

    assert "evil@x.y" not in [one for _, rcpt, _ in handler.taken for one in rcpt]


def send_unopened(relay: Relay) -> Reply:
    """Send without opening first, as after a lost connection."""

    async def run() -> Reply:
        transport = SMTPTransport(relay, timeout=5)
        try:
            return await transport.send(SENDER, RECIPIENT, CONTENT)
        finally:
            await transport.close()

    return asyncio.run(run())


def test_nobody_listening_is_temporary_trouble() -> None:
    reply = send_unopened(Relay("127.0.0.1", free_port(), start_tls=False))

    assert reply.outcome is Outcome.TEMPORARY


def test_a_server_without_starttls_gets_no_message_when_starttls_is_required() -> None:
    handler = Accepting()

    with serving(handler) as relay:
        reply = send_unopened(Relay(relay.host, relay.port, start_tls=True))

    assert reply.outcome is Outcome.TEMPORARY
    assert handler.taken == []


def test_a_refused_login_says_nothing_about_the_message() -> None:
    handler = Accepting()

    with serving(handler, authenticator=refuse_everybody, auth_require_tls=False) as relay:
        reply = send_unopened(Relay(relay.host, relay.port, "aeo", "wrong", start_tls=False))

    assert reply.outcome is Outcome.TEMPORARY
    assert "535" in reply.text
    assert handler.taken == []


def refuse_everybody(*_: Any) -> Any:
    return AuthResult(success=False, handled=False)


def test_the_local_mailbox_keeps_the_bytes_as_they_are(tmp_path: Path) -> None:
    folder = tmp_path / "mail"

    async def run() -> Reply:
        transport = MaildirTransport(folder)
        await transport.open()
        reply = await transport.send(SENDER, RECIPIENT, CONTENT)
        await transport.close()
        return reply

    reply = asyncio.run(run())

    box = mailbox.Maildir(folder)
    assert reply.outcome is Outcome.SENT
    assert [box.get_bytes(key) for key in box.keys()] == [CONTENT]  # noqa: SIM118  # a mailbox iterates over messages
    assert all(key in reply.text for key in box.keys())  # noqa: SIM118


def test_a_mailbox_is_made_where_its_folder_is_missing_too(tmp_path: Path) -> None:
    folder = tmp_path / "var" / "mailbox"

    asyncio.run(MaildirTransport(folder).open())

    assert (folder / "new").is_dir()


def test_a_mailbox_that_cannot_be_written_is_temporary_trouble(tmp_path: Path) -> None:
    (tmp_path / "mail").write_text("a file stands here", encoding="utf-8")

    reply = asyncio.run(MaildirTransport(tmp_path / "mail").send(SENDER, RECIPIENT, CONTENT))

    assert reply.outcome is Outcome.TEMPORARY


@pytest.mark.parametrize(
    ("url", "relay"),
    [
        ("smtp://mail.example", Relay("mail.example", 587)),
        ("smtp://mail.example:25?starttls=off", Relay("mail.example", 25, start_tls=False)),
        ("smtp://mail.example?starttls=opportunistic", Relay("mail.example", 587, start_tls=None)),
        ("smtp://mail.example?starttls=required", Relay("mail.example", 587, start_tls=True)),
        ("smtp://u%40x:p%40%2F@mail.example", Relay("mail.example", 587, "u@x", "p@/")),
        ("smtps://mail.example", Relay("mail.example", 465, use_tls=True)),
        ("smtps://mail.example:2465", Relay("mail.example", 2465, use_tls=True)),
        ("smtp://[::1]:2525", Relay("::1", 2525)),
        ("smtp://mail.example?connections=8", Relay("mail.example", 587, connections=8)),
        ("smtp://mail.example?per_second=0.5", Relay("mail.example", 587, per_second=0.5)),
        (
            "smtps://u:p@mail.example?per_second=20&connections=1",
            Relay("mail.example", 465, "u", "p", use_tls=True, connections=1, per_second=20),
        ),
        ("maildir:///var/lib/aeo%20mail", Path("/var/lib/aeo mail")),
    ],
)
def test_an_address_is_read_into_a_relay_or_a_folder(url: str, relay: Relay | Path) -> None:
    assert relay_of(url) == relay


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mail.example",
        "http://mail.example",
        "smtp://",
        "smtp://:587",
        "smtp://mail.example?starttls=maybe",
        "smtp://mail.example?starttls=",
        "smtp://u:p@mail.example?starttls=opportunistic",
        "smtp://mail.example?connections=0",
        "smtp://mail.example?connections=101",
        "smtp://mail.example?connections=10000000001",
        "smtp://mail.example?connections=-1",
        "smtp://mail.example?connections=four",
        "smtp://mail.example?connections=²",
        "smtp://mail.example?connections=",
        "smtp://mail.example?per_second=0",
        "smtp://mail.example?per_second=0.09",
        "smtp://mail.example?per_second=-1",
        "smtp://mail.example?per_second=nan",
        "smtp://mail.example?per_second=inf",
        "smtp://mail.example?per_second=often",
        "smtp://mail.example?conections=8",
        "smtp://mail.example:port",
        "smtp://mail.example:99999",
        "smtp://[mail.example",
        "maildir:",
    ],
)
@pytest.mark.parametrize("read", [relay_of, transport_of])
def test_an_address_that_cannot_be_used_is_refused_in_words(url: str, read: Callable[[str], object]) -> None:
    with pytest.raises(BadAddress, match="AEO_SMTP_URL"):
        read(url)


def test_an_authority_that_cannot_be_read_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("nothing here", encoding="utf-8")

    for file in ("empty.pem", "missing.pem"):
        with pytest.raises(BadAddress, match="AEO_SMTP_CA"):
            transport_of("smtp://mail.example", str(tmp_path / file))


@pytest.mark.parametrize(
    ("url", "size"),
    [
        ("maildir:///tmp/aeo", 1),
        ("smtp://mail.example", 4),
        ("smtp://mail.example?connections=9", 9),
        ("smtp://mail.example?connections=100&per_second=2", 100),
        ("smtp://mail.example?connections=100&per_second=0.1", 6),
    ],
)
def test_a_transport_says_how_many_messages_it_takes_at_the_same_time(url: str, size: int) -> None:
    assert transport_of(url).size == size


def test_the_address_chooses_the_transport() -> None:
    assert isinstance(transport_of("maildir:///tmp/aeo"), MaildirTransport)
    assert isinstance(transport_of("smtp://mail.example"), SMTPTransport)
