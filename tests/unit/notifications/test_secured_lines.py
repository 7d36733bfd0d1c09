"""A line that must be secured is, by an authority that is trusted, or nothing goes over it."""

import asyncio
import ssl
from pathlib import Path

import pytest
import trustme
from scripted_smtp import CUT, STALL, ScriptedServer

from notifications.retry import Outcome
from notifications.transport import Relay, Reply, SMTPTransport, transport_of

SENDER, RECIPIENT, CONTENT = "noreply@aeo.example", "jo@copperwake.example", b"Subject: Hi\r\n\r\nLine\r\n"
AUTHORITY = trustme.CA()


@pytest.fixture
def ca_file(tmp_path: Path) -> str:
    AUTHORITY.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    return str(tmp_path / "ca.pem")


def certificate(name: str = "127.0.0.1", authority: trustme.CA = AUTHORITY) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(name).configure_cert(context)
    return context


def exchange(transport: SMTPTransport, how_many: int = 1) -> list[Reply]:
    async def run() -> list[Reply]:
        try:
            return [await transport.send(SENDER, RECIPIENT, CONTENT) for _ in range(how_many)]
        finally:
            await transport.close()

    return asyncio.run(run())


def at(server: ScriptedServer, scheme: str = "smtp", login: str = "", query: str = "") -> str:
    return f"{scheme}://{login}{server.host}:{server.port}{query}"


@pytest.mark.parametrize(("scheme", "implicit"), [("smtp", False), ("smtps", True)])
def test_messages_and_the_password_go_over_a_secured_line(scheme: str, implicit: bool, ca_file: str) -> None:
    with ScriptedServer(tls=certificate(), implicit=implicit, login=("aeo", "secret")) as server:
        replies = exchange(transport_of(at(server, scheme, "aeo:secret@"), ca_file), 3)

    assert [reply.outcome for reply in replies] == [Outcome.SENT] * 3
    assert [taken.secure for taken in server.accepted] == [True] * 3
    assert server.connections == 1
    commands = [line.split(" ")[0] for _, line in server.lines]
    assert commands.index("AUTH") > (-1 if implicit else commands.index("STARTTLS"))


@pytest.mark.parametrize(("scheme", "implicit"), [("smtp", False), ("smtps", True)])
@pytest.mark.parametrize("name", ["127.0.0.1", "mail.elsewhere.example"])
def test_an_authority_not_trusted_or_another_name_gets_nothing(
    scheme: str, implicit: bool, name: str, ca_file: str
) -> None:
    stranger = certificate(name, trustme.CA() if name == "127.0.0.1" else AUTHORITY)
    with ScriptedServer(tls=stranger, implicit=implicit, login=("aeo", "secret")) as server:
        [reply] = exchange(transport_of(at(server, scheme, "aeo:secret@"), ca_file))

    assert reply.outcome is Outcome.TEMPORARY
    assert "certificate" in reply.text.lower()
    assert not {"AUTH", "MAIL"} & {line.split(" ")[0] for _, line in server.lines}


def test_a_private_authority_has_to_be_named() -> None:
    with ScriptedServer(tls=certificate()) as server:
        [reply] = exchange(transport_of(at(server)))

    assert reply.outcome is Outcome.TEMPORARY
    assert server.taken == []


@pytest.mark.parametrize("step", ["", "454 4.7.0 later", "502 5.5.1 what?", "what is this", STALL, CUT])
def test_a_server_that_does_not_secure_the_line_gets_nothing(step: str) -> None:
    script = {"starttls": step} if step else {}
    with ScriptedServer(script, extensions=["STARTTLS"] if step else [], login=("aeo", "secret")) as server:
        relay = Relay(server.host, server.port, "aeo", "secret")
        [reply] = exchange(SMTPTransport(relay, timeout=0.5 if step == STALL else 10))

    assert reply.outcome is Outcome.TEMPORARY
    assert not {"AUTH", "MAIL"} & {line.split(" ")[0] for _, line in server.lines}


def test_answers_put_in_before_the_line_was_secured_are_not_believed(ca_file: str) -> None:
    with ScriptedServer({"starttls": "220 go ahead\r\n250 injected"}, tls=certificate()) as server:
        [reply] = exchange(transport_of(at(server), ca_file))

    assert "injected" not in reply.text
    assert [taken.secure for taken in server.taken] in ([], [True])


@pytest.mark.parametrize("offered", [True, False])
def test_where_it_is_wished_for_only_the_line_is_secured_when_it_can_be(offered: bool, ca_file: str) -> None:
    with ScriptedServer(tls=certificate() if offered else None) as server:
        [reply] = exchange(transport_of(at(server, query="?starttls=opportunistic"), ca_file))

    assert reply.outcome is Outcome.SENT
    assert [taken.secure for taken in server.accepted] == [offered]


def test_a_line_cut_after_the_text_is_in_doubt_when_secured_too(ca_file: str) -> None:
    with ScriptedServer({"dot": CUT}, tls=certificate()) as server:
        [reply] = exchange(transport_of(at(server), ca_file))

    assert reply.outcome is Outcome.IN_DOUBT
