"""Every message can be rendered, stays one line where it must, and speaks in dates."""

import re
from datetime import date
from typing import Any

import pytest
from jinja2 import TemplateNotFound, UndefinedError

from notifications.rendering import TEMPLATES, Renderer, day_in_words, messages

EXPECTED = frozenset(
    {
        "application_received",
        "application_complete",
        "certified",
        "application_rejected",
        "application_withdrawn",
        "renewal_heads_up",
        "renewal_invitation",
        "renewal_not_started",
        "renewal_pack_due",
        "renewal_reminder",
        "renewal_last_day",
        "certificate_ended",
    }
)
DECISIONS = frozenset({"application_complete", "certified", "application_rejected", "application_withdrawn"})
REMINDERS = frozenset(name for name in EXPECTED if name.startswith("renewal_")) | {"certificate_ended"}
DAY_COUNT = re.compile(
    r"days?\s+(left|remaining|to go|from now|before|after)|\b(in|within)\s+\S+\s+(days?|weeks?|months?)\b"
    r"|\d\s*(days?|weeks?|months?)\b|expir|T-\d",
    re.IGNORECASE,
)
BANNED = re.compile(r"\b(please|sorry|invalid|forbidden|oops|soon)\b", re.IGNORECASE)
HOSTILE = "<script>alert(1)</script>\"'&\u202eevil\u202c 😀\r\nBcc: evil@x.example\u2028end"


def payload(message: str, **changes: Any) -> dict[str, Any]:
    """Exactly the keys the message is sent with: more would hide a template that asks for too much."""
    values: dict[str, Any] = {
        "reference": "STP-2026-000123",
        "company_name": "Quillhaven Logistics",
        "uen": "201890417D",
        "programme": "Secure Trade Partnership",
        "programme_code": "STP",
        "authority": "Singapore Customs",
        "received_on": "2026-11-02",
        "certificate_number": None,
        "valid_from": None,
        "valid_until": None,
        "documents": ["STP application form", "ACRA BizFile report"],
    }
    if message in DECISIONS:
        values["reason"] = ""
    if message == "application_complete":
        values["deadline"] = None
    if message == "certified":
        values["aeo_code"] = "SGAEO0000001"
    if message in REMINDERS | {"certified"}:
        values |= {"certificate_number": "STP-C-000045", "valid_from": "2024-01-29", "valid_until": "2027-01-28"}
    if message in REMINDERS:
        values |= {"rule": "T-210", "due_on": "2026-07-02", "pack_due_on": "2026-09-30"}
    return values | changes


def test_the_messages_are_the_ones_the_programme_sends() -> None:
    assert messages() == EXPECTED


@pytest.mark.parametrize("message", sorted(messages()))
def test_every_message_renders_from_the_keys_it_is_sent_with(message: str) -> None:
    rendered = Renderer().render(message, payload(message))

    for part in (rendered.subject, rendered.text, rendered.html):
        assert "Quillhaven Logistics" in part
        assert "None" not in part
        assert "a date that is not set" not in part
    for part in (rendered.text, rendered.html):
        assert "STP-2026-000123" in part
        assert "What happens next" in part
        assert "This message was sent automatically. An answer to it goes to the account manager." in part


@pytest.mark.parametrize("message", sorted(messages()))
def test_a_missing_value_is_an_error_and_never_a_blank(message: str) -> None:
    values = payload(message)
    del values["company_name"]

    with pytest.raises(UndefinedError):
        Renderer().render(message, values)


@pytest.mark.parametrize("message", sorted(messages()))
def test_a_hostile_company_name_is_escaped_and_the_subject_stays_one_line(message: str) -> None:
    rendered = Renderer().render(message, payload(message, company_name=HOSTILE))

    assert len(rendered.subject.splitlines()) == 1
    assert "<script>" not in rendered.html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&#34;&#39;&amp;" in rendered.html
    assert "<bdi>&lt;script&gt;" in rendered.html
    assert "😀" in rendered.html


@pytest.mark.parametrize("message", sorted(DECISIONS))
def test_a_reason_is_told_and_escaped(message: str) -> None:
    rendered = Renderer().render(message, payload(message, reason="Site <b>Jurong</b> & Tuas"))

    assert "Reason: Site <b>Jurong</b> & Tuas" in rendered.text
    assert "Site &lt;b&gt;Jurong&lt;/b&gt; &amp; Tuas" in rendered.html


@pytest.mark.parametrize("message", sorted(DECISIONS))
def test_an_empty_reason_leaves_no_label_behind(message: str) -> None:
    rendered = Renderer().render(message, payload(message, reason=""))

    assert "Reason" not in rendered.text
    assert "Reason" not in rendered.html


def test_a_deadline_is_told_in_words() -> None:
    rendered = Renderer().render("application_complete", payload("application_complete", deadline="2027-03-02"))

    assert "The target for the decision is Tue 2 Mar 2027." in rendered.text
    assert "The target for the decision is Tue 2 Mar 2027." in rendered.html


def test_without_a_deadline_no_target_is_named() -> None:
    rendered = Renderer().render("application_complete", payload("application_complete"))

    assert "target" not in rendered.text + rendered.html


@pytest.mark.parametrize("message", sorted(REMINDERS))
def test_a_reminder_names_the_certificate_and_its_last_day(message: str) -> None:
    rendered = Renderer().render(message, payload(message))

    for part in (rendered.text, rendered.html):
        assert "STP-C-000045" in part
        assert "Thu 28 Jan 2027" in part


def test_the_invitation_lists_the_documents() -> None:
    rendered = Renderer().render("renewal_invitation", payload("renewal_invitation"))

    assert "- STP application form\n- ACRA BizFile report\n\n" in rendered.text
    assert rendered.html.count("<li") == 2


@pytest.mark.parametrize("message", sorted(messages()))
def test_no_message_counts_days_or_uses_a_word_we_avoid(message: str) -> None:
    rendered = Renderer().render(message, payload(message))
    spoken = f"{rendered.subject}\n{rendered.text}\n{re.sub('<[^>]*>', ' ', rendered.html)}"

    assert DAY_COUNT.search(spoken) is None
    assert BANNED.search(spoken) is None


def test_no_template_counts_days() -> None:
    found = {
        str(path): hit.group()
        for path in sorted((TEMPLATES / "email").rglob("*"))
        if path.is_file() and (hit := DAY_COUNT.search(path.read_text(encoding="utf-8")))
    }

    assert found == {}


@pytest.mark.parametrize("message", sorted(messages()))
def test_the_html_loads_nothing_from_outside(message: str) -> None:
    html = Renderer().render(message, payload(message)).html

    assert '<html lang="en">' in html
    assert re.search(r"https?:|src=|url\(|<link|<script|<style", html) is None


def test_an_unknown_message_is_an_error() -> None:
    with pytest.raises(TemplateNotFound):
        Renderer().render("no_such_message", payload("certified"))


def test_an_overriding_folder_comes_first(tmp_path: Any) -> None:
    folder = tmp_path / "email" / "certified"
    folder.mkdir(parents=True)
    (folder / "subject.txt").write_text("Our own subject\n", encoding="utf-8")

    rendered = Renderer(tmp_path).render("certified", payload("certified"))

    assert rendered.subject == "Our own subject"
    assert "has certified Quillhaven Logistics" in rendered.text


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
