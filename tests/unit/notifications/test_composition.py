"""No value can change the headers of a message: it is refused, or its bytes have our headers and no other."""

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from notifications.composition import Envelope, UnsafeMessage, compose
from notifications.rendering import Rendered, Renderer

ENCODED_BREAK = "=?utf-8?q?hi=0D=0ABcc=3A_evil=40x=2Ey?="
ENVELOPE = Envelope(
    sender="noreply@aeo.example",
    recipient="jo@copperwake.example",
    reply_to="manager@aeo.example",
    message_id="<0123456789abcdef@aeo.example>",
    date=datetime(2027, 1, 28, 8, 5, tzinfo=UTC),
)
OURS = [
    "From",
    "To",
    "Reply-To",
    "Subject",
    "Date",
    "Message-ID",
    "Auto-Submitted",
    "MIME-Version",
    "Content-Type",
]
RENDERER = Renderer()
PAYLOAD = {
    "reference": "STP-2026-000123",
    "uen": "201890417D",
    "programme": "Secure Trade Partnership",
    "programme_code": "STP",
    "authority": "Singapore Customs",
    "received_on": "2026-11-02",
    "certificate_number": None,
    "valid_from": None,
    "valid_until": None,
    "documents": ["STP application form"],
}
PIECES = st.sampled_from(
    [
        ENCODED_BREAK,
        "=?utf-8?b?aGkNCkJjYzogZXZpbEB4Lnk=?=",
        "=?utf-8?q?=0D=0A=0D=0Abody?=",
        "=?utf-8?q?=00?=",
        "\r\nBcc: evil@x.y",
        "\nBcc: evil@x.y",
        "\rBcc: evil@x.y",
        "\r\n\r\n<p>body",
        "\u2028",
        "\x85",
        "\x00",
        "\x0b",
        "\t",
        "\u202egro.live\u202c",
        "شركة",
        "😀👩🏽‍🚀",
        "x" * 1200,
        "é" * 1200,
        " ",
        ", evil@x.y",
        '"',
        "<>",
        "\ud800",
    ]
)
NAMES = st.lists(st.one_of(PIECES, st.text(max_size=40)), min_size=1, max_size=5).map("".join)


def parsed(content: bytes) -> EmailMessage:
    message = message_from_bytes(content, policy=SMTP)
    assert isinstance(message, EmailMessage)
    return message


def assert_ours(content: bytes) -> None:
    """Read the bytes again: our headers in our order, one recipient, nobody smuggled in."""
    message = parsed(content)
    block = content.split(b"\r\n\r\n", 1)[0]
    assert message.keys() == OURS
    assert [one.addr_spec for one in message["To"].addresses] == [ENVELOPE.recipient]
    assert [one.addr_spec for one in message["From"].addresses] == [ENVELOPE.sender]
    assert [one.addr_spec for one in message["Reply-To"].addresses] == [ENVELOPE.reply_to]
    assert message["Message-ID"] == ENVELOPE.message_id
    assert [part.get_content_type() for part in message.walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]
    assert block.isascii()
    assert all(len(line) <= 998 for line in content.split(b"\r\n"))  # RFC 5322, section 2.1.1


def test_an_ordinary_message_has_our_headers_in_order() -> None:
    content = compose(ENVELOPE, Rendered("Certificate issued", "Text é\n", "<p>Text é</p>\n"))

    assert_ours(content)
    message = parsed(content)
    assert message["Subject"] == "Certificate issued"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"].datetime == ENVELOPE.date
    text, html = message.iter_parts()
    assert text.get_content().splitlines() == ["Text é"]
    assert html.get_content().splitlines() == ["<p>Text é</p>"]


def test_the_same_outbox_row_keeps_its_message_id_on_every_try() -> None:
    rendered = Rendered("Hi", "x", "<p>x</p>")

    first, second = (parsed(compose(ENVELOPE, rendered))["Message-ID"] for _ in range(2))

    assert first == second == ENVELOPE.message_id


@settings(derandomize=True, max_examples=1000, deadline=None)
@example(ENCODED_BREAK)
@example("x" * 1200)
@example("A\r\nBcc: evil@x.y")
@given(name=NAMES)
def test_no_company_name_changes_the_headers_of_a_rendered_message(name: str) -> None:
    rendered = RENDERER.render("application_received", PAYLOAD | {"company_name": name})

    with suppress(UnsafeMessage):
        assert_ours(compose(ENVELOPE, rendered))


@settings(derandomize=True, max_examples=1000, deadline=None)
@example(ENCODED_BREAK)
@example("x" * 1200)
@given(subject=NAMES)
def test_no_bare_subject_changes_the_headers(subject: str) -> None:
    with suppress(UnsafeMessage):
        assert_ours(compose(ENVELOPE, Rendered(subject, subject, subject)))


@pytest.mark.parametrize(
    "name", ["Quillhaven Logistics", "شركة النور", "😀 Trading", "\u202eevil\u202c Ltd", "é" * 1200]
)
def test_an_unusual_but_harmless_name_is_sent_and_read_back_whole(name: str) -> None:
    content = compose(ENVELOPE, Rendered(name, name, name))

    assert_ours(content)
    text, _ = parsed(content).iter_parts()
    assert str(parsed(content)["Subject"]) == name
    assert text.get_content().rstrip("\r\n") == name


def test_cve_2024_6923_an_encoded_word_cannot_break_out_of_the_subject() -> None:
    rendered = RENDERER.render("application_received", PAYLOAD | {"company_name": ENCODED_BREAK})

    try:
        content = compose(ENVELOPE, rendered)
    except UnsafeMessage:
        return
    assert b"\nbcc:" not in content.lower()
    assert_ours(content)


def test_cve_2024_6923_an_encoded_word_alone_is_refused() -> None:
    with pytest.raises(UnsafeMessage):
        compose(ENVELOPE, Rendered(ENCODED_BREAK, "x", "<p>x</p>"))


@pytest.mark.parametrize("subject", ["a\r\nBcc: evil@x.y", "a\nb", "a\rb", "a\x00b", "a\x0bb", "a\u2028b", "a\x85b"])
def test_a_subject_with_a_break_or_a_control_character_is_refused(subject: str) -> None:
    with pytest.raises(UnsafeMessage):
        compose(ENVELOPE, Rendered(subject, "x", "<p>x</p>"))


@pytest.mark.parametrize("field", ["sender", "recipient", "reply_to"])
@pytest.mark.parametrize(
    "address",
    [
        "",
        "@",
        "jo",
        "jo@",
        "jo@x.example, evil@x.y",
        "jo@x.example\r\nBcc: evil@x.y",
        "jo@x.example>",
        "Jo <jo@x.example>",
        "jö@x.example",
        "jo@münchen.example",
        ENCODED_BREAK,
        "=?utf-8?q?a=0D=0ABcc=3A_evil=40x=2Ey?=@x.example",
    ],
)
def test_an_address_that_is_not_one_plain_address_is_refused(field: str, address: str) -> None:
    with pytest.raises(UnsafeMessage):
        compose(replace(ENVELOPE, **{field: address}), Rendered("Hi", "x", "<p>x</p>"))


@pytest.mark.parametrize("message_id", ["<a@x.example>\r\nBcc: evil@x.y", "<a\x00@x.example>", "<é@x.example>"])
def test_a_message_id_with_more_in_it_is_refused(message_id: str) -> None:
    with pytest.raises(UnsafeMessage):
        compose(replace(ENVELOPE, message_id=message_id), Rendered("Hi", "x", "<p>x</p>"))


def test_a_body_may_look_like_headers_without_becoming_any() -> None:
    body = "Bcc: evil@x.y\r\n\r\n.\r\nQUIT\r\n"

    content = compose(ENVELOPE, Rendered("Hi", body, body))

    assert_ours(content)
