"""No value can change a message: it is refused, or its bytes have our headers and no other, and read back equal.

What reads them back is the standard library's parser and a plain scan of the lines; neither shares code with what
writes them.
"""

import base64
import re
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from notifications.composition import Envelope, UnsafeMessage, compose
from notifications.rendering import Attachment, Rendered, Renderer, messages
from notifications.samples import sample

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
TURNING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
REFUSED = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
BREAKING = [
    "\r\nBcc: evil@x.y",
    "\nBcc: evil@x.y",
    "\rBcc: evil@x.y",
    "\r\n\r\n<p>body",
    "\n.\n",
    "\r\n.\r\nMAIL FROM:<evil@x.y>\r\n",
    "\n..",
    "\nFrom here on",
    "\u2028",
    "\u2029",
    "\x85",
    "\x00",
    "\x0b",
    "\x7f",
    "\t",
]
UNUSUAL = [
    ENCODED_BREAK,
    "=?utf-8?b?aGkNCkJjYzogZXZpbEB4Lnk=?=",
    "=?utf-8?q?=0D=0A=0D=0Abody?=",
    "=?utf-8?q?=00?=",
    "=?",
    "?=",
    "--=_",
    *TURNING,
    "\u202egro.live\u202c",
    "شركة النور",
    "😀👩🏽‍🚀",
    "日本貿易",
    "x" * 1200,
    "x" * 10_000,
    "é" * 1200,
    "word " * 300,
    " ",
    "  ",
    "=",
    "_",
    ", evil@x.y",
    '"',
    "\\",
    "<>",
    "\ufeff",
    "\ufffe",
]


def several(pieces: list[str], *leaving_out: str) -> st.SearchStrategy[str]:
    letters = st.text(st.characters(exclude_categories=leaving_out), max_size=40)
    return st.lists(st.sampled_from(pieces) | letters, min_size=1, max_size=5).map("".join)


ANYTHING = several([*UNUSUAL, *BREAKING, "\ud800"])
NAMES = several(UNUSUAL, "Cc", "Cs", "Zl", "Zp") | ANYTHING  # one half may be sent, the other nearly never
TEXTS = several([*UNUSUAL, *BREAKING], "Cs")
ADDRESSES = st.sampled_from(
    [
        ENVELOPE.recipient,
        "jo@münchen.example",
        "jö@x.example",
        "用户@例子.example",
        "jo@x.example\r\nBcc: evil@x.y",
    ]
)


def parsed(content: bytes) -> EmailMessage:
    message = message_from_bytes(content, policy=default)
    assert isinstance(message, EmailMessage)
    return message


def on_lines(text: str) -> str:
    """A text as mail carries it: every line ended the same way, the last one too."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text if text.endswith("\n") else text + "\n"


def read_back(part: EmailMessage) -> str:
    return part.get_payload(decode=True).decode("utf-8").replace("\r\n", "\n")


def assert_ours(content: bytes, rendered: Rendered, envelope: Envelope = ENVELOPE) -> None:
    """Read the bytes again: our headers in our order, one recipient, nobody smuggled in, nothing lost."""
    assert not content.replace(b"\r\n", b"").count(b"\r")
    assert not content.replace(b"\r\n", b"").count(b"\n")
    assert b"\x00" not in content
    lines = content.split(b"\r\n")
    assert all(len(line) <= 78 for line in lines)  # RFC 5322 wants 78 and allows 998
    block = lines[: lines.index(b"")]
    assert [line.split(b":")[0].decode() for line in block if not line.startswith(b" ")] == OURS
    assert not [line for line in block if not line.strip()]

    message = parsed(content)
    assert message.keys() == OURS
    assert message["Subject"] == rendered.subject.translate(dict.fromkeys(map(ord, TURNING)))
    assert message["Message-ID"] == envelope.message_id
    assert message["Date"].datetime == envelope.date
    assert len(message["To"].addresses) == len(message["From"].addresses) == len(message["Reply-To"].addresses) == 1
    assert message["From"].addresses[0].addr_spec == envelope.sender
    assert message["From"].addresses[0].display_name == "AEO Casework"
    if envelope.recipient.isascii():
        assert message["To"].addresses[0].addr_spec == envelope.recipient
        assert all(line.isascii() for line in lines)
    parts = [part for part in message.walk() if not part.is_multipart()]
    assert [part.get_content_type() for part in parts[:2]] == ["text/plain", "text/html"]
    assert [read_back(part) for part in parts[:2]] == [on_lines(rendered.text), on_lines(rendered.html)]
    assert [part.get_payload(decode=True) for part in parts[2:]] == [one.content for one in rendered.attachments]
    assert not message.defects
    assert not [defect for part in message.walk() for defect in part.defects]


def assert_refused_or_ours(subject: str, text: str, html: str, recipient: str, content: bytes) -> None:
    rendered = Rendered(subject, text, html, (Attachment("dates.ics", content),) if content else ())
    envelope = replace(ENVELOPE, recipient=recipient)
    try:
        composed = compose(envelope, rendered)
    except UnsafeMessage:
        assert REFUSED.search(subject) or "evil" in recipient
        return
    assert_ours(composed, rendered, envelope)
    assert composed == compose(envelope, rendered)


hostile = given(subject=NAMES, text=TEXTS, html=TEXTS, recipient=ADDRESSES, content=st.binary(max_size=200))


@settings(derandomize=True, max_examples=1000, deadline=None)
@example(ENCODED_BREAK, ENCODED_BREAK, ENCODED_BREAK, ENVELOPE.recipient, b"")
@example("x" * 1200, "\n.\n", "x" * 10_000, ENVELOPE.recipient, b"")
@example("A\r\nBcc: evil@x.y", "a", "b", ENVELOPE.recipient, b"")
@hostile
def test_no_value_changes_a_message(subject: str, text: str, html: str, recipient: str, content: bytes) -> None:
    assert_refused_or_ours(subject, text, html, recipient, content)


@pytest.mark.exhaustive
@settings(max_examples=100_000, deadline=None)
@hostile
def test_no_value_of_very_many_changes_a_message(
    subject: str, text: str, html: str, recipient: str, content: bytes
) -> None:
    assert_refused_or_ours(subject, text, html, recipient, content)


def assert_name_is_harmless(name: str) -> None:
    rendered = RENDERER.render("application_received", PAYLOAD | {"company_name": name})
    try:
        composed = compose(ENVELOPE, rendered)
    except UnsafeMessage:
        assert REFUSED.search(rendered.subject) or re.search("[\ud800-\udfff]", name)
        return
    assert_ours(composed, rendered)


@settings(derandomize=True, max_examples=1000, deadline=None)
@example(ENCODED_BREAK)
@example("x" * 1200)
@example("A\r\nBcc: evil@x.y")
@given(name=NAMES)
def test_no_company_name_changes_a_rendered_message(name: str) -> None:
    assert_name_is_harmless(name)


@pytest.mark.exhaustive
@settings(max_examples=100_000, deadline=None)
@given(name=NAMES)
def test_no_company_name_of_very_many_changes_a_rendered_message(name: str) -> None:
    assert_name_is_harmless(name)


def test_an_ordinary_message_is_legible_as_it_stands() -> None:
    content = compose(ENVELOPE, Rendered("Certificate issued", "Text é\n", "<p>Text é</p>\n"))

    assert content.decode("ascii").splitlines() == [
        "From: AEO Casework <noreply@aeo.example>",
        "To: jo@copperwake.example",
        "Reply-To: manager@aeo.example",
        "Subject: Certificate issued",
        "Date: Thu, 28 Jan 2027 08:05:00 +0000",
        "Message-ID: <0123456789abcdef@aeo.example>",
        "Auto-Submitted: auto-generated",
        "MIME-Version: 1.0",
        "Content-Type: multipart/alternative;",
        ' boundary="=_809999f7d854a685628cd1215510b075"',
        "",
        "--=_809999f7d854a685628cd1215510b075",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: quoted-printable",
        "",
        "Text =C3=A9",
        "",
        "--=_809999f7d854a685628cd1215510b075",
        "Content-Type: text/html; charset=utf-8",
        "Content-Transfer-Encoding: quoted-printable",
        "",
        "<p>Text =C3=A9</p>",
        "",
        "--=_809999f7d854a685628cd1215510b075--",
    ]


@pytest.mark.parametrize("message", sorted(messages()))
def test_every_message_of_ours_arrives_as_it_was_rendered(message: str) -> None:
    rendered = RENDERER.render(message, sample(message))

    assert_ours(compose(ENVELOPE, rendered), rendered)


def test_the_same_inputs_give_the_same_bytes_and_another_message_another_boundary() -> None:
    rendered = Rendered("Hi", "x", "<p>x</p>", (Attachment("a.ics", b"x"),))

    first, second, other = (compose(replace(ENVELOPE, message_id=one), rendered) for one in ("<a@x>", "<a@x>", "<b@x>"))

    assert first == second
    assert first.replace(b"<a@x>", b"<b@x>") != other


@pytest.mark.parametrize(
    "name",
    ["Quillhaven Logistics", "شركة النور", "😀 Trading", "é" * 1200, "=?utf-8?q?quoted?=", " edges ", "a  b", ""],
)
def test_an_unusual_but_harmless_name_is_sent_and_read_back_whole(name: str) -> None:
    rendered = Rendered(name, name, name)

    assert_ours(compose(ENVELOPE, rendered), rendered)


def test_characters_that_turn_the_direction_are_left_out_of_a_subject_and_kept_in_a_text() -> None:
    rendered = Rendered("\u202eevil\u202c \u2067Ltd\u2069", "\u202eevil\u202c", "\u202eevil\u202c")

    content = compose(ENVELOPE, rendered)

    assert_ours(content, rendered)
    assert parsed(content)["Subject"] == "evil Ltd"


@pytest.mark.parametrize("length", range(40, 90))
@pytest.mark.parametrize("letter", ["é", "日", "😀"])
def test_no_character_is_torn_between_two_words(letter: str, length: int) -> None:
    subject = "x" * (length % 4) + letter * length

    block = compose(ENVELOPE, Rendered(subject, "", "")).split(b"\r\nSubject: ")[1].split(b"\r\nDate")[0]

    words = block.split(b"\r\n ")
    assert all(len(word) <= 75 for word in words)
    assert "".join(base64.b64decode(word[10:-2]).decode() for word in words) == subject


def test_cve_2024_6923_an_encoded_word_stays_the_text_it_is() -> None:
    rendered = Rendered(ENCODED_BREAK, "x", "<p>x</p>")

    content = compose(ENVELOPE, rendered)

    assert b"\nbcc:" not in content.lower()
    assert ENCODED_BREAK.encode() not in content
    assert_ours(content, rendered)


@pytest.mark.parametrize(
    "subject",
    [
        "a\r\nBcc: evil@x.y",
        "a\nb",
        "a\rb",
        "a\x00b",
        "a\tb",
        "a\x0bb",
        "a\u2028b",
        "a\u2029b",
        "a\x85b",
        "a\x9fb",
        "\ud800",
    ],
)
def test_a_subject_with_a_break_or_a_control_character_is_refused(subject: str) -> None:
    with pytest.raises(UnsafeMessage):
        compose(ENVELOPE, Rendered(subject, "x", "<p>x</p>"))


@pytest.mark.parametrize("rendered", [Rendered("Hi", "\ud800", "x"), Rendered("Hi", "x", "\udfff")])
def test_half_a_character_in_a_text_is_refused(rendered: Rendered) -> None:
    with pytest.raises(UnsafeMessage, match="half a character"):
        compose(ENVELOPE, rendered)


@pytest.mark.parametrize("field", ["sender", "recipient", "reply_to"])
@pytest.mark.parametrize(
    "address",
    [
        "",
        "jo@",
        "jo@x.example, evil@x.y",
        "jo@x.example\r\nBcc: evil@x.y",
        "Jo <jo@x.example>",
        ENCODED_BREAK,
        "=?utf-8?q?a=0D=0ABcc=3A_evil=40x=2Ey?=@x.example",
    ],
)
def test_an_address_that_is_not_one_plain_address_is_refused(field: str, address: str) -> None:
    with pytest.raises(UnsafeMessage):
        compose(replace(ENVELOPE, **{field: address}), Rendered("Hi", "x", "<p>x</p>"))


def test_a_domain_in_another_script_goes_out_as_the_name_system_knows_it() -> None:
    content = compose(replace(ENVELOPE, recipient="jo@münchen.example"), Rendered("Hi", "x", "x"))

    assert b"\r\nTo: jo@xn--mnchen-3ya.example\r\n" in content


def test_a_name_in_another_script_before_the_at_stands_in_the_header_as_utf_8() -> None:
    content = compose(replace(ENVELOPE, recipient="jö@münchen.example"), Rendered("Hi", "x", "x"))

    assert "\r\nTo: jö@xn--mnchen-3ya.example\r\n".encode() in content


@pytest.mark.parametrize(
    "message_id",
    [
        "",
        "a@x.example",
        "<a@x.example>\r\nBcc: evil@x.y",
        "<a\x00@x.example>",
        "<é@x.example>",
        "<a b@x>",
        "<a@x>\n",
        "<a@x> more",
    ],
)
def test_a_message_id_with_more_in_it_is_refused(message_id: str) -> None:
    with pytest.raises(UnsafeMessage):
        compose(replace(ENVELOPE, message_id=message_id), Rendered("Hi", "x", "<p>x</p>"))


def test_a_body_may_look_like_headers_without_becoming_any() -> None:
    body = "Bcc: evil@x.y\r\n\r\n.\r\nQUIT\r\n--=_809999f7d854a685628cd1215510b075--\r\n"
    rendered = Rendered("Hi", body, body)

    assert_ours(compose(ENVELOPE, rendered), rendered)


@pytest.mark.parametrize(
    ("text", "encoding"),
    [("A naïve text of the café at the port", "quoted-printable"), ("شركة النور", "base64"), ("", "quoted-printable")],
)
def test_a_text_is_as_legible_as_its_script_allows(text: str, encoding: str) -> None:
    part = next(parsed(compose(ENVELOPE, Rendered("Hi", text, "x"))).iter_parts())

    assert part["Content-Transfer-Encoding"] == encoding


def test_a_calendar_comes_beside_the_text_as_something_to_add() -> None:
    calendar = Calendar.from_ical("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:aeo\r\nEND:VCALENDAR\r\n").to_ical()
    rendered = Rendered("Hi", "x", "<p>x</p>", (Attachment("last-day.ics", calendar),))

    content = compose(ENVELOPE, rendered)

    assert_ours(content, rendered)
    message = parsed(content)
    assert message.get_content_type() == "multipart/mixed"
    alternative, attached = message.iter_parts()
    assert alternative.get_content_type() == "multipart/alternative"
    assert attached.get_content_type() == "text/calendar"
    assert dict(attached["Content-Type"].params) == {"charset": "utf-8", "method": "PUBLISH"}
    assert attached.get_filename() == "last-day.ics"
    assert attached.get_content_disposition() == "attachment"


@pytest.mark.parametrize(
    "attachment",
    [
        Attachment('a".ics', b""),
        Attachment("a.ics\r\nX: y", b""),
        Attachment("../a.ics", b""),
        Attachment("", b""),
        Attachment("é.ics", b""),
        Attachment("a" * 65, b""),
        Attachment("a.ics", b"", "text/calendar\r\nBcc: evil@x.y"),
        Attachment("a.ics", b"", "text"),
    ],
)
def test_an_attachment_whose_name_or_type_could_change_the_message_is_refused(attachment: Attachment) -> None:
    with pytest.raises(UnsafeMessage):
        compose(ENVELOPE, Rendered("Hi", "x", "x", (attachment,)))
