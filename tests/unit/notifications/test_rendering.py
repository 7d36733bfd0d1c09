"""Every message renders from what it is sent with; no value changes its shape; a faulty override stops no mail."""

import re
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, date, datetime
from email import message_from_bytes
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import TemplateError, TemplateNotFound, UndefinedError

from notifications.composition import Envelope, UnsafeMessage, compose
from notifications.rendering import TEMPLATES, Renderer, day_in_words, messages, wrapped
from notifications.samples import sample

BASE = "https://casework.example"
RENDERER = Renderer(base_url=BASE)
ENVELOPE = Envelope(
    "noreply@aeo.example", "jo@copperwake.example", "manager@aeo.example", "<1@aeo.example>",
    datetime(2027, 1, 28, tzinfo=UTC),
)  # fmt: skip
HOSTILE = {
    "tags": "<script>alert(1)</script><img src=x onerror=alert(1)></p></td></table><p>",
    "quotes": '" onmouseover="x" \' & &amp; <!-- --> ]]>',
    "templates": "{{7*7}} {% if %} {# #} ${7*7} <%= 7*7 %>",
    "headers": "a\r\nBcc: evil@x.example\r\n\r\n<b>body",
    "directions": "\u202egpj.exe\u202c \u2066x 😀 \u2028 \u00ad é",
    "long": "x" * 2_500 + " " + "word " * 500,
    "bare": "<p> <h2> <li> <blockquote>",
}
ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
SENT_BEFORE = frozenset(
    {
        "application_complete",
        "application_received",
        "application_rejected",
        "application_withdrawn",
        "certificate_ended",
        "certified",
        "renewal_heads_up",
        "renewal_invitation",
        "renewal_last_day",
        "renewal_not_started",
        "renewal_pack_due",
        "renewal_reminder",
    }
)


def test_there_is_a_sample_for_every_message_and_no_other() -> None:
    shown = {path.parent.name for path in (TEMPLATES / "email").glob("*/*")}

    assert messages() == shown
    assert all(sample(message) for message in messages())


@pytest.mark.parametrize("message", sorted(messages()))
def test_every_message_renders_from_the_keys_it_is_sent_with(message: str) -> None:
    rendered = RENDERER.render(message, sample(message))

    for part in (rendered.subject, rendered.text, rendered.html):
        assert part.strip()
        assert "None" not in part
        assert "a date that is not set" not in part
    assert rendered.fault == ""
    assert re.search(r"\n\n\n", rendered.text) is None


@pytest.mark.parametrize("message", sorted(SENT_BEFORE))
def test_a_row_queued_before_the_second_cycles_still_renders(message: str) -> None:
    newer = {"reason_code", "cycle", "requests", "certificate_runs", "phase", "band", "band_valid_until"}
    values = {name: value for name, value in sample(message).items() if name not in newer}

    rendered = RENDERER.render(message, values)

    assert "renewal application of" not in rendered.text


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where the texts of a payload are."""
    if isinstance(value, dict | list):
        for key, one in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(one, (*path, key))
    elif isinstance(value, str) and not ISO_DAY.fullmatch(value):
        yield path


def with_value(payload: dict[str, Any], path: tuple[Any, ...], value: str) -> dict[str, Any]:
    made = deepcopy(payload)
    inner: Any = made
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return made


class Shape(HTMLParser):
    """The tags of a page with their attributes' names, in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, ...]] = []
        self.links: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, *(name for name, _ in attrs)))
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]

    def handle_endtag(self, tag: str) -> None:
        self.tags.append(("/" + tag,))


def plain(text: str) -> str:
    return " ".join(text.split()).casefold()


@pytest.mark.parametrize("message", sorted(messages()))
def test_no_value_changes_the_shape_of_a_mail(message: str) -> None:
    values = sample(message)
    for path in leaves(values):
        marked = RENDERER.render(message, with_value(values, path, "Zq7"))
        expected, shown = Shape(marked.html).tags, "zq7" in plain(marked.text)
        for kind, hostile in HOSTILE.items():
            rendered = RENDERER.render(message, with_value(values, path, hostile))
            shape = Shape(rendered.html)

            assert len(rendered.subject.splitlines()) <= 1, (path, kind)
            assert shape.tags == expected, (path, kind)
            assert all(link.startswith(f"{BASE}/") for link in shape.links), (path, kind)
            assert plain(hostile) in plain(rendered.text) or not shown, (path, kind)


@pytest.mark.parametrize("message", sorted(messages()))
@pytest.mark.parametrize("kind", HOSTILE)
def test_no_value_changes_the_headers_of_a_mail(message: str, kind: str) -> None:
    values = sample(message)
    for path in leaves(values):
        values = with_value(values, path, HOSTILE[kind])
    try:
        content = compose(ENVELOPE, RENDERER.render(message, values))
    except UnsafeMessage:
        return

    assert message_from_bytes(content)["Bcc"] is None


@pytest.mark.parametrize("message", sorted(messages()))
def test_a_missing_value_is_an_error_and_never_a_blank(message: str) -> None:
    values = sample(message)
    for name in ("company_name", "items", "due", "failed_message", "note", "by"):
        values.pop(name, None)

    with pytest.raises(UndefinedError):
        RENDERER.render(message, values)


def test_an_unknown_message_is_an_error() -> None:
    with pytest.raises(TemplateNotFound):
        RENDERER.render("no_such_message", sample("certified"))


def test_a_day_that_is_none_is_an_error_that_says_so() -> None:
    with pytest.raises(TemplateError, match="Invalid isoformat string"):
        RENDERER.render("certified", sample("certified") | {"valid_until": "tomorrow"})


def test_without_an_address_of_the_pages_there_is_no_button_and_the_words_stay() -> None:
    bare, linked = (one.render("renewal_invitation", sample("renewal_invitation")) for one in (Renderer(), RENDERER))

    assert "casework.example" not in bare.text + bare.html
    assert "<a " not in bare.html
    assert f"Start the renewal application: {BASE}/apply\n" in linked.text
    assert f'href="{BASE}/apply"' in linked.html
    assert linked.text.replace(f"Start the renewal application: {BASE}/apply\n\n", "") == bare.text


def test_a_case_is_linked_by_its_reference() -> None:
    slash = Renderer(base_url=f"{BASE}/stp/")

    rendered = slash.render("reminder_of_task", sample("reminder_of_task"))

    assert f'href="{BASE}/stp/cases/STP-2026-000123"' in rendered.html


class TestOverride:
    """An administration's own folder of templates."""

    @staticmethod
    def own(folder: Path, part: str, content: str | bytes, message: str = "certified") -> Renderer:
        file = folder / "email" / message / part
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return Renderer(folder)

    def test_comes_first_and_the_rest_is_ours(self, tmp_path: Path) -> None:
        rendered = self.own(tmp_path, "subject.txt", "Our own subject\n").render("certified", sample("certified"))

        assert rendered.subject == "Our own subject"
        assert "has certified Quillhaven Logistics" in rendered.text
        assert rendered.fault == ""

    def test_may_use_the_frame_and_bare_tags(self, tmp_path: Path) -> None:
        body = '{% extends "email/_frame.html" %}{% block title %}Well done{% endblock %}{% block says %}<p>Own</p>{% endblock %}'

        rendered = self.own(tmp_path, "body.html", body).render("certified", sample("certified"))

        assert '<p style="margin:0 0 16px 0;">Own</p>' in rendered.html
        assert rendered.fault == ""

    def test_may_change_the_frame_of_all(self, tmp_path: Path) -> None:
        (tmp_path / "email").mkdir()
        frame = '{% import "email/_parts.txt" as part %}{% block says %}{% endblock %}Customs House\n'
        (tmp_path / "email" / "_frame.txt").write_text(frame)

        rendered = Renderer(tmp_path).render("certified", sample("certified"))

        assert rendered.text.endswith("Customs House\n")

    @pytest.mark.parametrize(
        ("part", "content", "why"),
        [
            ("body.txt", "{{ company_name", "line 1 of email/certified/body.txt"),
            ("body.html", "{% block says %}", "Unexpected end of template"),
            ("subject.txt", "{{ company }}", "'company' is undefined"),
            ("body.txt", "{{ company_name.nothing() }}", "has no attribute 'nothing'"),
            ("body.txt", "{{ 1 / 0 }}", "division by zero"),
            ("body.txt", "{{ company_name | nofilter }}", "No filter named 'nofilter'"),
            ("body.txt", '{% include "email/none.txt" %}', "email/none.txt"),
            ("body.txt", b"caf\xe9", "UnicodeDecodeError"),
            ("body.txt", '{% include "email/certified/body.txt" %}', "RecursionError"),
        ],
    )
    def test_a_faulty_one_is_said_and_ours_stands_in(
        self, tmp_path: Path, part: str, content: str | bytes, why: str
    ) -> None:
        rendered = self.own(tmp_path, part, content).render("certified", sample("certified"))

        assert why in rendered.fault
        assert rendered.fault.startswith(f"The overriding template of certified in {tmp_path} cannot be used")
        assert rendered.fault.endswith("Mend the file, then try `aeo outbox preview certified`.")
        assert ".." not in rendered.fault.replace(str(tmp_path), "")
        ours = Renderer().render("certified", sample("certified"))
        assert (rendered.subject, rendered.text, rendered.html) == (ours.subject, ours.text, ours.html)

    def test_a_value_that_is_missing_is_an_error_still(self, tmp_path: Path) -> None:
        made = self.own(tmp_path, "subject.txt", "Our own subject\n")

        with pytest.raises(UndefinedError):
            made.render("certified", {})


class TestWrapped:
    @given(st.text(alphabet="ab c-\u202e😀.", max_size=400))
    def test_only_moves_between_words(self, text: str) -> None:
        assert wrapped(text).split() == text.split()

    @given(st.lists(st.text(alphabet="abcde", min_size=1, max_size=30), max_size=60).map(" ".join))
    def test_no_line_is_longer_than_a_reader_shows(self, text: str) -> None:
        assert all(len(line) <= 76 for line in wrapped(text).splitlines())

    def test_keeps_what_is_set_in_set_in(self) -> None:
        lines = wrapped("- " + "word " * 30 + "\n  " + "more " * 30).splitlines()

        assert [line[:3] for line in lines] == ["- w", "  w", "  m", "  m"]

    def test_a_day_and_an_address_stay_whole(self) -> None:
        link = f"{BASE}/" + "x" * 90
        text = wrapped(f"{'word ' * 14}Thu 28 Jan 2027 {link}")

        assert "Thu 28 Jan 2027" in text
        assert link in text


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("2027-01-28", "Thu 28 Jan 2027"),
        ("2027-02-01T16:05:00+08:00", "Mon 1 Feb 2027"),
        (date(2028, 2, 29), "Tue 29 Feb 2028"),
        (None, "a date that is not set"),
    ],
)
def test_a_day_is_written_in_words(value: str | date | None, words: str) -> None:
    assert day_in_words(value) == words
