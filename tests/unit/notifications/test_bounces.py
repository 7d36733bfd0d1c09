"""What a message that came back says, whatever server wrote it; and that nothing which comes in breaks the reader."""

import random
import time

import pytest
from bounce_samples import (
    DELAYED,
    EXCHANGE_LIKE,
    OURS,
    OUT_OF_OFFICE,
    POSTFIX_LIKE,
    WITHOUT_THE_MESSAGE,
    sample,
)
from hypothesis import given
from hypothesis import strategies as st

from notifications.bounces import LARGEST, Bounce, Unreadable, read_bounce

JO = "jo@quillhaven.example"


@pytest.mark.parametrize(
    ("report", "reason"),
    [
        (POSTFIX_LIKE, "smtp; 550 5.1.1 <jo@quillhaven.example>: no mailbox here"),
        (EXCHANGE_LIKE, "smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; not found"),
    ],
)
def test_a_failure_for_good_names_the_address_and_the_message_that_came_back(report: str, reason: str) -> None:
    bounce = read_bounce(sample(report, JO))

    assert bounce == Bounce(frozenset({JO}), frozenset(), (OURS,), reason)


def test_the_report_has_a_message_id_of_its_own_that_is_not_ours() -> None:
    assert read_bounce(sample(WITHOUT_THE_MESSAGE, JO)).message_ids == ()


def test_a_delay_is_no_failure() -> None:
    bounce = read_bounce(sample(DELAYED, JO))

    assert (bounce.permanent, bounce.temporary) == (frozenset(), frozenset({JO}))


def test_an_absent_person_is_no_failure() -> None:
    bounce = read_bounce(sample(OUT_OF_OFFICE, JO))

    assert (bounce.permanent, bounce.temporary) == (frozenset(), frozenset())


def test_addresses_come_in_lower_case() -> None:
    assert read_bounce(sample(POSTFIX_LIKE, "Jo@QuillHaven.example")).permanent == {JO}


def test_what_is_too_large_is_not_looked_at() -> None:
    with pytest.raises(Unreadable, match="limit"):
        read_bounce(b"x" * (LARGEST + 1))


NESTED = b"".join(
    b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n' % (depth, depth) for depth in range(3000)
)
HOSTILE = {
    "nothing": b"",
    "no message": b"\x00\xff\xfe" * 1000,
    "parts in parts": NESTED,
    "messages in messages": b"Content-Type: message/rfc822\r\n\r\n" * 3000,
    "one endless header": b"References: " + b"<" * (LARGEST - 100),
    "one endless line": POSTFIX_LIKE.encode() + b"a@" * 200_000,
    "a charset that is none": b"Content-Type: text/plain; charset=\xff\xfe\r\n\r\nx",
    "a status without recipients": b"Content-Type: message/delivery-status\r\n\r\nAction: failed\r\n\r\n",
    "half a character": sample(POSTFIX_LIKE, "jo\udce9@x.example".encode("utf-8", "surrogateescape").decode("latin-1")),
    "many opening brackets": b"Subject: failure notice\r\n\r\n" + b"<a@b.example>:\r\n" * 30_000,
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE.keys())
def test_whatever_comes_in_is_read_or_refused_soon(content: bytes) -> None:
    start = time.process_time()

    try:
        bounce = read_bounce(content)
    except Unreadable:
        bounce = Bounce()

    assert all("@" in address and address.isascii() for address in bounce.permanent)
    assert time.process_time() - start < 5


@given(st.integers(0, 2**32))
def test_a_report_that_was_damaged_on_its_way_is_read_or_refused(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311  # no secret depends on it
    content = bytearray(sample(chance.choice([POSTFIX_LIKE, EXCHANGE_LIKE, DELAYED]), JO))
    for _ in range(chance.randint(1, 40)):
        place = chance.randrange(len(content))
        content[place : place + chance.randint(0, 30)] = chance.randbytes(chance.randint(0, 8))

    try:
        read_bounce(bytes(content))
    except Unreadable as refusal:
        assert str(refusal)  # noqa: PT017  # either way is right; a refusal says why
