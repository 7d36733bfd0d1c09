"""The HTML of every mail: whole, readable in light and dark, on its own, and with a reader's structure."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

import pytest

from notifications.rendering import Renderer, messages
from notifications.samples import sample

BASE = "https://casework.example"
RENDERER = Renderer(base_url=BASE)
VOID = frozenset({"meta", "br", "hr"})
PAGE = (None, None)


@dataclass
class Piece:
    """A piece of text and the colours it is read in."""

    text: str
    ink: str
    ground: str


@dataclass
class Seen(HTMLParser):
    """Reads a mail as a client does, with the dark rules of its style sheet when asked."""

    dark: bool = False
    pieces: list[Piece] = field(default_factory=list)
    open: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    styles: list[str] = field(default_factory=list)
    rules: dict[str, dict[str, str]] = field(default_factory=dict)
    lang: str = ""

    def __post_init__(self) -> None:
        super().__init__()

    def read(self, html: str) -> "Seen":
        self.rules = dark_rules(html) if self.dark else {}
        self.feed(html)
        self.close()
        self.faults += [f"<{tag}> is not closed" for tag, _ in self.open]
        return self

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        self.links += [given[name] for name in ("href", "src") if name in given]
        self.styles += [given["style"]] if "style" in given else []
        self.lang = given.get("lang", self.lang)
        if len(given) != len(attrs):
            self.faults.append(f"<{tag}> has an attribute twice")
        if tag not in VOID:
            looks = dict(self.open[-1][1]) if self.open else {"color": "#000000", "background": "#ffffff"}
            looks |= declarations(given.get("style", ""))
            for name in given.get("class", "").split():
                looks |= self.rules.get(name, {})
            self.open.append((tag, looks))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open[-1][0] != tag:
            self.faults.append(f"</{tag}> closes {self.open[-1][0] if self.open else 'nothing'}")
        else:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        tag, looks = self.open[-1] if self.open else ("", {})
        if data.strip() and tag not in ("style", "title") and looks.get("display") != "none":
            self.pieces.append(Piece(data.strip(), looks["color"], looks["background"]))


def declarations(style: str) -> dict[str, str]:
    found = dict(re.findall(r"([a-z-]+):\s*([^;]+?)\s*(?:!important)?(?:;|$)", style))
    return {name: found[name] for name in ("color", "background", "display") if name in found}


def dark_rules(html: str) -> dict[str, dict[str, str]]:
    block = re.search(r"@media \(prefers-color-scheme: dark\) \{\n(.*?)\n\}\n", html, re.DOTALL)
    assert block
    return {name: declarations(body) for name, body in re.findall(r"\.([a-z]+) \{ (.*?) \}", block[1])}


def contrast(one: str, other: str) -> float:
    """The ratio of WCAG 2."""

    def light(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    brighter, darker = sorted((light(one), light(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def html_of(message: str) -> str:
    return RENDERER.render(message, sample(message)).html


def test_contrast_is_computed_as_wcag_does() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("message", sorted(messages()))
class TestEveryMail:
    def test_is_whole_and_has_one_heading_and_a_language(self, message: str) -> None:
        seen = Seen().read(html_of(message))

        assert seen.faults == []
        assert seen.tags.count("h1") == 1
        assert seen.lang == "en"

    def test_loads_nothing_and_follows_nobody(self, message: str) -> None:
        html = html_of(message)
        seen = Seen().read(html)

        assert {"img", "link", "script", "iframe", "form", "svg"}.isdisjoint(seen.tags)
        assert re.search(r"url\(|@import|@font-face", html) is None
        assert all(link.startswith(f"{BASE}/") and "?" not in link for link in seen.links)

    @pytest.mark.parametrize("dark", [False, True])
    def test_can_be_read_in_light_and_dark(self, message: str, dark: bool) -> None:
        pieces = Seen(dark=dark).read(html_of(message)).pieces

        low = [piece for piece in pieces if contrast(piece.ink, piece.ground) < 4.5]
        assert low == []
        assert len({piece.ground for piece in pieces} & ({"#16201f"} if dark else {"#ffffff"})) == 1

    def test_no_width_is_wider_than_a_phone_save_the_frame(self, message: str) -> None:
        html = html_of(message)
        seen = Seen().read(html)

        widths = [int(px) for style in seen.styles for px in re.findall(r"(?:^|;)\s*(?:min-)?width:(\d+)px", style)]
        asked = [int(px) for px in re.findall(r'(?<!mso\]><table role="presentation") width="(\d+)"', html)]
        assert max([*widths, *asked], default=0) <= 160
        assert "white-space:nowrap" not in html
        assert "max-width:600px" in html

    def test_says_in_the_list_of_mails_what_the_subject_does_not(self, message: str) -> None:
        rendered = RENDERER.render(message, sample(message))
        shown = re.search(r'<div style="display:none[^"]*">(.*?)</div>', rendered.html)

        assert shown
        assert 10 <= len(shown[1]) <= 140
        assert shown[1] not in rendered.subject
