"""What becomes of a message when the server answers, stalls or cuts the line at any stage of the conversation."""

import asyncio
import base64
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from scripted_smtp import CUT, STALL, ScriptedServer

from notifications.retry import Outcome
from notifications.transport import Pace, Relay, Reply, SMTPTransport

SENDER, RECIPIENT = "noreply@aeo.example", "jo@copperwake.example"
CONTENT = b"Message-ID: <1@aeo.example>\r\nSubject: Hi\r\n\r\nLine\r\n.dot\r\n..two\r\n"
LARGE = b"Message-ID: <2@aeo.example>\r\n\r\n" + (b"x" * 76 + b"\r\n") * 200_000  # more than the line takes at once
SENT, LATER, NEVER, DOUBT = Outcome.SENT, Outcome.TEMPORARY, Outcome.PERMANENT, Outcome.IN_DOUBT
TROUBLE = ["450 4.2.1 later", "550 5.7.1 never", "what is this", "354 out of place", "999", STALL, CUT]


def transport_to(
    server: ScriptedServer, *, timeout: float = 10, pace: Pace | None = None, **relay: Any
) -> SMTPTransport:
    relay = {"start_tls": False, **relay}
    return SMTPTransport(Relay(server.host, server.port, **relay), timeout=timeout, after_dot=timeout, pace=pace)


def exchange(server: ScriptedServer, *recipients: str, content: bytes = CONTENT, **relay: Any) -> list[Reply]:
    """Send to one person after the other; patient, unless the script has the server stall."""
    timeout = 0.5 if server.stalls else 10

    async def run() -> list[Reply]:
        transport = transport_to(server, timeout=timeout, **relay)
        try:
            return [await transport.send(SENDER, one, content) for one in recipients or (RECIPIENT,)]
        finally:
            await transport.close()

    return asyncio.run(run())


async def until(condition: Callable[[], object]) -> None:
    """Wait for something to happen in the server's thread."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110  # it knows nothing of this loop's events
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("step", TROUBLE)
@pytest.mark.parametrize("stage", ["greeting", "ehlo", "auth"])
def test_trouble_before_the_server_knows_of_a_message_loses_none(stage: str, step: str) -> None:
    with ScriptedServer({stage: step}, login=("aeo", "secret")) as server:
        [reply] = exchange(server, username="aeo", password="secret")

    assert reply.outcome is LATER
    assert not reply.dead_address
    assert server.commands("MAIL") == []


def test_a_server_that_is_slow_at_every_step_is_given_up_as_a_whole() -> None:
    def slow(_: str) -> None:
        time.sleep(0.3)

    with ScriptedServer(dict.fromkeys(("greeting", "ehlo", "auth"), slow), login=("aeo", "secret")) as server:

        async def run() -> Reply:
            transport = transport_to(server, timeout=0.5, username="aeo", password="secret")
            reply = await transport.send(SENDER, RECIPIENT, CONTENT)
            await transport.close()
            return reply

        assert asyncio.run(run()).outcome is LATER


@pytest.mark.parametrize("step", TROUBLE)
@pytest.mark.parametrize("stage", ["mail", "rcpt", "data"])
def test_before_the_text_only_a_refusal_is_final_and_nothing_is_in_doubt(stage: str, step: str) -> None:
    if stage == "data" and step.startswith("354"):
        step = "250 out of place"
    with ScriptedServer({stage: step}) as server:
        [reply] = exchange(server)

    assert reply.outcome is (NEVER if step.startswith("550") else LATER)
    assert server.taken == []
    assert server.connections == 1


@pytest.mark.parametrize(
    ("stage", "step", "outcome"),
    [
        ("body", CUT, DOUBT),  # the final dot had gone out with the rest
        ("body", STALL, DOUBT),
        ("body", "451 4.3.0 later", LATER),
        ("body", "554 5.6.0 not this", NEVER),
        ("body", "what is this", DOUBT),
        ("dot", CUT, DOUBT),
        ("dot", STALL, DOUBT),
        ("dot", "what is this", DOUBT),
        ("dot", "354 still going on", DOUBT),
        ("dot", "999", DOUBT),
        ("dot", "250 2.0.0 kept", SENT),
        ("dot", "250-kept\r\n250 2.0.0 surely", SENT),
        ("dot", "251 forwarded", SENT),
        ("dot", "421 4.3.2 shutting down", LATER),
        ("dot", "452 4.2.2 full", LATER),
        ("dot", "552 5.2.2 full", LATER),
        ("dot", "554 5.7.1 spam", NEVER),
        ("after", CUT, SENT),
    ],
)
def test_once_the_final_dot_may_have_gone_out_only_an_answer_tells(stage: str, step: str, outcome: Outcome) -> None:
    with ScriptedServer({stage: step}) as server:
        [reply] = exchange(server)

    assert reply.outcome is outcome
    assert server.connections == 1


@pytest.mark.parametrize("step", [CUT, STALL])
def test_a_line_that_breaks_in_a_long_text_leaves_no_doubt(step: str) -> None:
    with ScriptedServer({"body": step}) as server:
        [reply] = exchange(server, content=LARGE)

    assert reply.outcome is LATER
    assert server.taken == []


def test_a_long_text_arrives_whole() -> None:
    with ScriptedServer() as server:
        [reply] = exchange(server, content=LARGE)

    assert reply.outcome is SENT
    assert [taken.content for taken in server.accepted] == [LARGE]


@pytest.mark.parametrize(
    ("content", "arrives"),
    [
        (CONTENT, CONTENT),
        (b".\r\n.\r\n", b".\r\n.\r\n"),
        (b"a\r\n.\r\nMAIL FROM:<evil@x.y>\r\n", b"a\r\n.\r\nMAIL FROM:<evil@x.y>\r\n"),
        (b"a\n.\nb\r.\r", b"a\r\n.\r\nb\r\n.\r\n"),
        (b"a\n.\r\nb", b"a\r\n.\r\nb\r\n"),
        (b"", b"\r\n"),
    ],
)
def test_no_text_ends_itself(content: bytes, arrives: bytes) -> None:
    with ScriptedServer() as server:
        exchange(server, content=content)

    assert [taken.content for taken in server.taken] == [arrives]
    assert len(server.commands("MAIL")) == 1


@pytest.mark.parametrize(
    ("script", "dead"),
    [
        ({"rcpt": "550 5.1.1 no such user"}, True),
        ({"rcpt": "556 5.1.10 null MX"}, True),
        ({"dot": "550 5.1.1 no such user"}, True),
        ({"rcpt": "550 no such user"}, False),
        ({"rcpt": "450 5.1.1 contradicts itself"}, False),
        ({"rcpt": "550 5.7.1 policy"}, False),
        ({"dot": "554 5.6.0 content"}, False),
        ({"mail": "550 5.1.1 the sender, then"}, False),
        ({}, False),
    ],
)
def test_only_a_server_that_names_the_address_declares_it_dead(script: dict[str, str], dead: bool) -> None:
    with ScriptedServer(script) as server:
        [reply] = exchange(server)

    assert reply.dead_address is dead


@pytest.mark.parametrize("step", ["450 4.2.1 later", "550 5.1.1 who", "what is this", STALL, CUT])
@pytest.mark.parametrize("stage", ["mail", "rcpt", "data", "dot"])
def test_the_next_message_goes_out_whatever_became_of_the_last(stage: str, step: str) -> None:
    with ScriptedServer({stage: [step]}) as server:
        replies = exchange(server, "first@x.example", "second@x.example")

    assert replies[1].outcome is SENT
    assert [taken.recipient for taken in server.accepted] == ["second@x.example"]


class TestAKeptConnection:
    @pytest.mark.parametrize(
        "script",
        [
            {"after": CUT},
            {"mail": ["", "421 4.4.2 idle"]},
            {"mail": ["", CUT]},
            {"mail": ["", STALL]},
        ],
    )
    def test_that_the_server_gave_up_is_replaced_once(self, script: dict[str, Any]):
        with ScriptedServer(script) as server:
            replies = exchange(server, "first@x.example", "second@x.example")

        assert [reply.outcome for reply in replies] == [SENT, SENT]
        assert [taken.recipient for taken in server.accepted] == ["first@x.example", "second@x.example"]
        assert server.connections == 2

    @pytest.mark.parametrize("step", [CUT, "421 4.3.2 shutting down"])
    def test_is_replaced_by_one_fresh_one_only(self, step: str):
        with ScriptedServer({"mail": ["", step, step, step]}) as server:
            replies = exchange(server, "first@x.example", "second@x.example")

        assert [reply.outcome for reply in replies] == [SENT, LATER]
        assert server.connections == 2

    @pytest.mark.parametrize(
        "script",
        [
            {"mail": ["354 out of place"]},
            {"rcpt": ["999"]},
            {"data": ["250 out of place"]},
            {"dot": ["354 still going on"]},
            {"dot": ["421 4.3.2 shutting down"]},
        ],
    )
    def test_is_given_up_when_the_server_is_out_of_step(self, script: dict[str, Any]):
        with ScriptedServer(script) as server:
            replies = exchange(server, "first@x.example", "second@x.example")

        assert replies[1].outcome is SENT
        assert server.connections == 2

    def test_may_hear_words_nobody_asked_for(self):
        with ScriptedServer({"after": "421 4.4.2 idle"}) as server:
            replies = exchange(server, "first@x.example", "second@x.example", "third@x.example")

        assert [reply.outcome for reply in replies] == [SENT] * 3

    def test_that_was_given_up_says_nothing_about_what_the_server_can(self):
        with ScriptedServer({"after": CUT}) as server:
            replies = exchange(server, "first@x.example", "用户@例子.example")

        assert [reply.outcome for reply in replies] == [SENT, SENT]

    def test_is_not_replaced_when_the_recipient_has_been_named(self):
        with ScriptedServer({"rcpt": ["", CUT]}) as server:
            replies = exchange(server, "first@x.example", "second@x.example")

        assert [reply.outcome for reply in replies] == [SENT, LATER]
        assert server.connections == 1

    def test_serves_a_hundred_messages(self):
        with ScriptedServer() as server:
            replies = exchange(server, *(f"{n}@x.example" for n in range(250)))

        assert {reply.outcome for reply in replies} == {SENT}
        assert [sum(t.connection == n for t in server.accepted) for n in (1, 2, 3)] == [100, 100, 50]
        assert server.connections == len(server.commands("QUIT")) == 3


class TestTheConnections:
    @pytest.mark.parametrize("connections", [1, 3])
    def test_are_as_many_as_allowed_and_kept(self, connections: int):
        async def run(server: ScriptedServer) -> list[Reply]:
            transport = transport_to(server, connections=connections)
            await transport.open()
            sends = (transport.send(SENDER, f"{n}@x.example", CONTENT) for n in range(40))
            replies = await asyncio.gather(*sends)
            await transport.close()
            return replies

        with ScriptedServer() as server:
            replies = asyncio.run(run(server))

        assert {reply.outcome for reply in replies} == {SENT}
        assert sorted(taken.recipient for taken in server.accepted) == sorted(f"{n}@x.example" for n in range(40))
        assert server.connections == server.most_open == connections
        assert len(server.commands("QUIT")) == connections

    def test_are_made_anew_in_another_event_loop(self):
        with ScriptedServer() as server:
            transport = transport_to(server, connections=2)

            async def run() -> list[Reply]:
                await transport.open()
                replies = await asyncio.gather(*(transport.send(SENDER, RECIPIENT, CONTENT) for _ in range(8)))
                await transport.close()
                return replies

            outcomes = {reply.outcome for _ in range(2) for reply in asyncio.run(run())}

        assert outcomes == {SENT}
        assert server.connections == 4

    def test_are_closed_only_when_what_is_being_sent_has_its_answer(self):
        answer = threading.Event()
        with ScriptedServer({"dot": lambda _: None if answer.wait(5) else CUT}) as server:

            async def run() -> list[Reply]:
                transport = transport_to(server, connections=3)
                sends = [asyncio.create_task(transport.send(SENDER, RECIPIENT, CONTENT)) for _ in range(3)]
                await until(lambda: server.commands("DATA"))
                closing = asyncio.create_task(transport.close())
                await asyncio.sleep(0.05)
                assert not closing.done()
                answer.set()
                await closing
                assert all(send.done() for send in sends)
                return [send.result() for send in sends]

            replies = asyncio.run(run())

        assert [reply.outcome for reply in replies] == [SENT] * 3
        assert len(server.accepted) == len(server.commands("QUIT")) == 3

    def test_do_not_wait_long_for_a_server_that_does_not_take_leave(self):
        with ScriptedServer({"after": STALL}) as server:
            [reply] = exchange(server)

        assert reply.outcome is SENT
        assert server.commands("QUIT") == []  # it hears nothing any more


def test_a_send_that_is_cancelled_in_its_text_is_never_accepted() -> None:
    go_on = threading.Event()
    with ScriptedServer({"body": lambda _: None if go_on.wait(5) else CUT}) as server:

        async def run() -> None:
            transport = transport_to(server)
            send = asyncio.create_task(transport.send(SENDER, RECIPIENT, LARGE))
            await until(lambda: server.commands("DATA"))
            await asyncio.sleep(0.1)
            send.cancel()
            with pytest.raises(asyncio.CancelledError):
                await send
            go_on.set()
            await transport.close()
            await until(lambda: not server.open_now)

        asyncio.run(run())

    assert server.taken == []


def test_a_send_that_is_cancelled_does_not_leave_its_connection_to_the_next() -> None:
    with ScriptedServer({"dot": [STALL]}) as server:

        async def run() -> Reply:
            transport = transport_to(server, connections=1)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(transport.send(SENDER, "first@x.example", CONTENT), 0.2)
            reply = await transport.send(SENDER, "second@x.example", CONTENT)
            await transport.close()
            return reply

        reply = asyncio.run(run())

    assert reply.outcome is SENT
    assert server.connections == 2


def test_a_server_without_ehlo_is_greeted_as_of_old() -> None:
    with ScriptedServer({"ehlo": ["502 what?", "250 mail.example"]}) as server:
        [reply] = exchange(server)

    assert reply.outcome is SENT
    assert len(server.commands("HELO")) == 1


def test_the_login_is_given_to_a_server_that_asks_for_it() -> None:
    with ScriptedServer(login=("aeo", "sécret")) as server:
        [reply] = exchange(server, username="aeo", password="sécret")

    assert reply.outcome is SENT
    [auth] = server.commands("AUTH PLAIN")
    assert base64.b64decode(auth.split(" ")[2]) == b"\0aeo\0" + "sécret".encode()


def test_a_server_that_cannot_log_anybody_in_gets_no_message() -> None:
    with ScriptedServer() as server:
        [reply] = exchange(server, username="aeo", password="secret")

    assert reply.outcome is LATER
    assert server.commands("MAIL") == []


def test_what_a_server_says_can_be_kept_by_any_database() -> None:
    with ScriptedServer({"rcpt": "550 5.1.1 \x00\udcff\x1b[31m" + "x" * 3000}) as server:
        [reply] = exchange(server)

    assert reply.outcome is NEVER
    assert reply.dead_address
    assert reply.text.isprintable()
    assert len(reply.text) <= 500


def test_endless_words_are_not_listened_to() -> None:
    with ScriptedServer({"rcpt": "250-" + "x" * 40_000}) as server:
        [reply] = exchange(server)

    assert reply.outcome is LATER


class TestAnAddressOutsideAscii:
    def test_goes_to_a_server_that_takes_it(self):
        with ScriptedServer() as server:
            [reply] = exchange(server, "用户@例子.example")

        assert reply.outcome is SENT
        [taken] = server.accepted
        assert (taken.recipient, taken.parameters) == ("用户@xn--fsqu00a.example", "SMTPUTF8 BODY=8BITMIME")

    def test_is_refused_in_words_where_the_server_does_not_take_it(self):
        with ScriptedServer(extensions=["8BITMIME"]) as server:
            replies = exchange(server, "用户@例子.example", RECIPIENT)

        assert [reply.outcome for reply in replies] == [NEVER, SENT]
        assert "SMTPUTF8" in replies[0].text
        assert [taken.recipient for taken in server.taken] == [RECIPIENT]

    def test_in_a_header_asks_for_the_same(self):
        content = "Reply-To: jö@x.example\r\n\r\nHi\r\n".encode()
        with ScriptedServer(extensions=[]) as server:
            [reply] = exchange(server, content=content)

        assert reply.outcome is NEVER
        assert server.taken == []

    def test_in_its_domain_alone_goes_to_any_server(self):
        with ScriptedServer(extensions=[]) as server:
            [reply] = exchange(server, "jo@münchen.example")

        assert reply.outcome is SENT
        [taken] = server.accepted
        assert (taken.recipient, taken.parameters) == ("jo@xn--mnchen-3ya.example", "")


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


class TestAPace:
    def test_spaces_messages_evenly(self):
        at = Time()
        pace = Pace(4, clock=lambda: at.now, sleep=at.sleep)

        async def run() -> list[float]:
            went = []
            for _ in range(5):
                await pace.turn()
                went.append(at.now)
            return went

        assert asyncio.run(run()) == [1000.0, 1000.25, 1000.5, 1000.75, 1001.0]

    def test_saves_nothing_up_while_nobody_sends(self):
        at = Time()
        pace = Pace(0.5, clock=lambda: at.now, sleep=at.sleep)

        async def run() -> list[float]:
            await pace.turn()
            at.now += 3600
            went = []
            for _ in range(3):
                await pace.turn()
                went.append(at.now)
            return went

        assert asyncio.run(run()) == [4600.0, 4602.0, 4604.0]

    def test_is_kept_by_all_connections_together(self):
        with ScriptedServer() as server:
            asked: list[float] = []

            async def sleep(seconds: float) -> None:
                asked.append(seconds)

            async def run() -> None:
                pace = Pace(10, clock=lambda: 0.0, sleep=sleep)
                transport = transport_to(server, connections=3, pace=pace)
                await asyncio.gather(*(transport.send(SENDER, RECIPIENT, CONTENT) for _ in range(4)))
                await transport.close()

            asyncio.run(run())

        assert sorted(asked) == pytest.approx([0.1, 0.2, 0.3])

    def test_comes_from_the_relay(self):
        with ScriptedServer() as server:

            async def run() -> float:
                transport = transport_to(server, per_second=20.0)
                loop = asyncio.get_running_loop()
                began = loop.time()
                for _ in range(5):
                    await transport.send(SENDER, RECIPIENT, CONTENT)
                took = loop.time() - began
                await transport.close()
                return took

            assert asyncio.run(run()) >= 0.19
