"""Which texts are one plain address, and how it goes to a server."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.addresses import NotAnAddress, as_sent


@pytest.mark.parametrize(
    ("address", "sent"),
    [
        ("jo@copperwake.example", "jo@copperwake.example"),
        ("casework@localhost.localdomain", "casework@localhost.localdomain"),
        ("Jo.O'Hara+aeo@x.example", "Jo.O'Hara+aeo@x.example"),
        ("jo@münchen.example", "jo@xn--mnchen-3ya.example"),
        ("jo@straße.example", "jo@xn--strae-oqa.example"),  # IDNA 2003 would write to strasse.example
        ("jo@شركة.example", "jo@xn--ogbpi5d.example"),
        ("jo@例え。テスト", "jo@xn--r8jz45g.xn--zckzah"),
        ("jö@x.example", "jö@x.example"),
        ("用户@例子.example", "用户@xn--fsqu00a.example"),
        ("a" * 64 + "@x.example", "a" * 64 + "@x.example"),
    ],
)
def test_an_address_goes_out_with_its_domain_as_the_name_system_knows_it(address: str, sent: str) -> None:
    assert as_sent(address) == sent


@pytest.mark.parametrize(
    "address",
    [
        "",
        "@",
        "jo",
        "jo@",
        "@x.example",
        "jo@x..example",
        "jo@.example",
        "jo@x.example.",
        "jo@-x.example",
        "jo@x_y.example",
        "jo@[192.0.2.1]",
        "jo@ x.example",
        "jo @x.example",
        " jo@x.example",
        "jo@x.example\n",
        "jo@x.example, evil@x.y",
        "jo@x.example>",
        "Jo <jo@x.example>",
        '"jo hara"@x.example',
        "jo@evil@x.example",
        ".jo@x.example",
        "jo.@x.example",
        "j..o@x.example",
        "jo(evil)@x.example",
        "jö\u2028@x.example",
        "jö\u202e@x.example",
        "jö\u200b@x.example",
        "jö @x.example",
        "jö\x85@x.example",
        "jö\ud800@x.example",
        "jo\ud800@x.example",
        "jo@\ud800.example",
        "jö<evil>@x.example",
        "=?utf-8?q?a?=@x.example",
        "jo@ü\u202e.example",
        "jo@" + "é" * 64 + ".example",
        "jo@" + "a" * 64 + ".example",
        "a" * 65 + "@x.example",
        "é" * 33 + "@x.example",
        "a" * 64 + "@" + ("b" * 60 + ".") * 4 + "example",
    ],
)
def test_what_is_not_one_plain_address_is_refused(address: str) -> None:
    with pytest.raises(NotAnAddress):
        as_sent(address)


@given(st.text(max_size=30).map(lambda text: text + "@x.example") | st.text(max_size=30) | st.emails())
def test_an_accepted_address_holds_nothing_that_ends_it(text: str) -> None:
    try:
        sent = as_sent(text)
    except NotAnAddress as refusal:
        assert str(refusal).isprintable()  # noqa: PT017  # a refusal is only looked at where there is one
        return
    assert sent.count("@") == 1
    assert not set(sent) & set('<>\r\n\0 ,;"\\()[]:\u2028\u202e')
    assert sent.partition("@")[2].isascii()
    assert as_sent(sent) == sent
