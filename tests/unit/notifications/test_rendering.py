"""Every message can be rendered, stays one line where it must, and speaks in dates."""

import re
from datetime import date
from html import unescape
from typing import Any

import pytest
from jinja2 import TemplateNotFound, UndefinedError

from notifications.rendering import TEMPLATES, Renderer, day_in_words, messages

OLD_DECISIONS = frozenset({"application_complete", "certified", "application_rejected", "application_withdrawn"})
OLD_REMINDERS = frozenset(
    {
        "renewal_heads_up",
        "renewal_invitation",
        "renewal_not_started",
        "renewal_pack_due",
        "renewal_reminder",
        "renewal_last_day",
        "certificate_ended",
    }
)
OLD = OLD_DECISIONS | OLD_REMINDERS | {"application_received"}
ASKING = frozenset(
    {"information_requested", "information_reminder", "information_final_notice", "renewal_waits_for_information"}
)
UNDER_REVIEW = frozenset(
    {"renewal_received", "renewal_under_review", "renewal_undecided", "certificate_ended_under_review"}
)
FROM_A_DAY = frozenset(
    {"certificate_suspended", "certificate_reinstated", "certificate_revoked", "certificate_surrendered"}
)
CHANGED = frozenset({"certificate_extended", "certificate_corrected", "certificate_reissued", "decision_set_aside"})
OTHERS = frozenset({"certificate_ends", "band_ends", "account_manager_changed", "reminder_of_task"})
EXPECTED = OLD | ASKING | UNDER_REVIEW | FROM_A_DAY | CHANGED | OTHERS
TELLS_A_REASON = OLD_DECISIONS | FROM_A_DAY | CHANGED
TELLS_THE_LAST_DAY = OLD_REMINDERS | UNDER_REVIEW | {"renewal_waits_for_information", "certificate_ends", "band_ends"}
REMINDERS = (
    OLD_REMINDERS
    | UNDER_REVIEW - {"renewal_received"}
    | {
        "renewal_waits_for_information",
        "certificate_ends",
        "band_ends",
        "reminder_of_task",
    }
)
REQUESTS = [
    {"number": 1, "question": "Which sites are in use?", "reply_by": "2026-12-14"},
    {"number": 2, "question": "Where is the report of the last visit?", "reply_by": "2026-12-21"},
]
EXTRA: dict[str, dict[str, Any]] = {
    "application_complete": {"deadline": None},
    "certified": {"aeo_code": "SGAEO0000001"},
    "certificate_suspended": {"effective_on": "2026-12-02"},
    "certificate_reinstated": {"effective_on": "2026-12-02"},
    "certificate_revoked": {"effective_on": "2026-12-02"},
    "certificate_surrendered": {"effective_on": "2026-12-02"},
    "certificate_extended": {"previous_valid_until": "2026-11-30"},
    "certificate_corrected": {"previous_valid_from": "2024-01-28", "previous_valid_until": "2027-01-27"},
    "certificate_reissued": {"previous_number": "STP-C-000044", "aeo_code": "SGAEO0000001"},
    "decision_set_aside": {"undone": "Reject the application", "state_title": "Validation"},
    "band_ends": {"band": "Premium", "band_valid_until": "2026-12-20"},
    "account_manager_changed": {
        "account_manager_name": "Nurul Huda",
        "account_manager_email": "nurul@casework.example",
    },
    "reminder_of_task": {"sentence": "An answer from the company waits for an officer."},
}
FREE_TEXT = frozenset({"undone", "state_title", "band", "sentence", "account_manager_name", "account_manager_email"})
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
        "certificate_number": "STP-C-000045",
        "valid_from": "2024-01-29",
        "valid_until": "2027-01-28",
        "pack_due_on": "2026-09-30",
        "documents": ["STP application form", "ACRA BizFile report"],
        "reason": "",
        "reason_code": "",
        "cycle": 1,
        "requests": REQUESTS,
    }
    if message in REMINDERS:
        values |= {"rule": "T-210", "due_on": "2026-07-02"}
    return values | EXTRA.get(message, {}) | changes


def queued_before(message: str) -> dict[str, Any]:
    """The payload of a row that was queued before a case could have a second cycle."""
    values = payload(message)
    for key in ("reason_code", "cycle", "requests"):
        del values[key]
    if message not in OLD_DECISIONS:
        del values["reason"]
    if message not in OLD_REMINDERS | {"certified"}:
        values |= {"certificate_number": None, "valid_from": None, "valid_until": None, "pack_due_on": None}
    return values


def said(message: str, **changes: Any) -> str:
    """The subject and the text of a message, after a check that the HTML says every line of the text."""
    rendered = Renderer().render(message, payload(message, **changes))
    shown = spoken(rendered.html)
    for line in rendered.text.split("\nReference: ")[0].splitlines():
        assert " ".join(line.removeprefix("- ").split()) in shown
    return f"{rendered.subject}\n{rendered.text}"


def spoken(html: str) -> str:
    """What a reader of the HTML sees, on one line."""
    return " ".join(unescape(re.sub("<[^>]*>", "", re.sub("<br>|</(p|h1|h2|td|li)>", " ", html))).split())


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


@pytest.mark.parametrize("message", sorted(OLD))
def test_a_row_queued_before_the_new_keys_still_renders(message: str) -> None:
    rendered = Renderer().render(message, queued_before(message))

    for part in (rendered.subject, rendered.text, rendered.html):
        assert "None" not in part
        assert "a date that is not set" not in part
        assert "renewal application of" not in part


@pytest.mark.parametrize("message", sorted(messages()))
@pytest.mark.parametrize("cycle", [1, 2])
def test_the_text_and_the_html_say_the_same_in_words_and_never_in_iso(message: str, cycle: int) -> None:
    words = said(message, cycle=cycle, reason="Site Jurong moved.", certificate_runs=True)

    assert re.search(r"\b\d{4}-\d{2}-\d{2}\b", words) is None
    assert re.search(r"\n\n\n", words) is None
    assert "\n\nWhat happens next\n\n" in words
    assert "\n\nReference: STP-2026-000123\n" in words


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


@pytest.mark.parametrize(("message", "key"), sorted((m, k) for m, e in EXTRA.items() for k in FREE_TEXT & set(e)))
def test_a_hostile_value_is_escaped(message: str, key: str) -> None:
    rendered = Renderer().render(message, payload(message, **{key: HOSTILE}))

    assert len(rendered.subject.splitlines()) == 1
    assert "<script>" not in rendered.html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in rendered.html


@pytest.mark.parametrize("message", sorted(ASKING))
def test_a_hostile_question_is_escaped(message: str) -> None:
    requests = [{"number": 1, "question": HOSTILE, "reply_by": "2026-12-14"}]
    rendered = Renderer().render(message, payload(message, requests=requests))

    assert "<script>" not in rendered.html
    assert "<bdi>&lt;script&gt;alert(1)&lt;/script&gt;" in rendered.html


@pytest.mark.parametrize("message", sorted(TELLS_A_REASON))
def test_a_reason_is_told_and_escaped(message: str) -> None:
    rendered = Renderer().render(message, payload(message, reason="Site <b>Jurong</b> & Tuas"))

    assert "Reason: Site <b>Jurong</b> & Tuas" in rendered.text
    assert "Site &lt;b&gt;Jurong&lt;/b&gt; &amp; Tuas" in rendered.html


@pytest.mark.parametrize("message", sorted(TELLS_A_REASON))
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


@pytest.mark.parametrize("message", sorted(TELLS_THE_LAST_DAY))
def test_a_reminder_names_the_certificate_and_its_last_day(message: str) -> None:
    rendered = Renderer().render(message, payload(message))

    for part in (rendered.text, rendered.html):
        assert "STP-C-000045" in part
        assert "Thu 28 Jan 2027" in part


def test_the_invitation_lists_the_documents() -> None:
    rendered = Renderer().render("renewal_invitation", payload("renewal_invitation"))

    assert "- STP application form\n- ACRA BizFile report\n\n" in rendered.text
    assert rendered.html.count("<li") == 2


@pytest.mark.parametrize("message", sorted(ASKING))
def test_every_open_question_is_told_with_its_own_day(message: str) -> None:
    words = said(message)

    assert "Question 1, answer due on Mon 14 Dec 2026:\nWhich sites are in use?\n\n" in words
    assert "Question 2, answer due on Mon 21 Dec 2026:\nWhere is the report of the last visit?\n\n" in words
    assert "The review and its processing time wait until every question is answered" in words


@pytest.mark.parametrize("message", sorted(ASKING))
def test_without_a_question_the_account_manager_is_named(message: str) -> None:
    words = said(message, requests=[])

    assert "The account manager tells the company which questions are open." in words
    assert "Question " not in words


def test_only_the_final_notice_speaks_of_closing_and_never_by_itself() -> None:
    closing = {message for message in ASKING if "close the application" in said(message)}

    assert closing == {"information_final_notice"}
    assert "Nothing closes by itself." in said("information_final_notice")


@pytest.mark.parametrize("message", sorted(UNDER_REVIEW | {"certificate_ends", "renewal_waits_for_information"}))
def test_no_renewal_is_asked_for_once_the_pack_is_there_or_the_answer_was_no(message: str) -> None:
    words = said(message)

    assert "STP application form" not in words
    assert "sends its renewal application" not in words
    assert "new application" not in words


def test_an_undecided_renewal_names_the_three_ways() -> None:
    words = said("renewal_undecided")

    assert "By Thu 28 Jan 2027, one of three things is needed: decide on the renewal, extend" in words
    assert "or accept the gap." in words


def test_a_renewal_received_does_not_repeat_the_day_of_the_first_application() -> None:
    assert "2 Nov 2026" not in said("renewal_received")


def test_a_certificate_that_ended_under_review_is_not_said_to_end() -> None:
    words = said("certificate_ended_under_review")

    assert "ends on" not in words
    assert "Certificate: STP-C-000045, ended on Thu 28 Jan 2027" in words
    assert "the later certificate starts on the day of the decision" in words


@pytest.mark.parametrize(
    ("message", "last_line"),
    [
        ("certificate_suspended", "Certificate: STP-C-000045, suspended from Wed 2 Dec 2026"),
        ("certificate_revoked", "Certificate: STP-C-000045, revoked from Wed 2 Dec 2026"),
        ("certificate_surrendered", "Certificate: STP-C-000045, given up from Wed 2 Dec 2026"),
    ],
)
def test_a_certificate_out_of_force_is_not_summed_up_as_valid(message: str, last_line: str) -> None:
    rendered = Renderer().render(message, payload(message))

    assert f"\n{last_line}\n\n" in rendered.text
    assert last_line.removeprefix("Certificate: ") in spoken(rendered.html)
    assert "valid from Mon 29 Jan 2024" not in rendered.text + rendered.html


@pytest.mark.parametrize("message", sorted(FROM_A_DAY))
def test_a_change_of_standing_names_its_first_day(message: str) -> None:
    rendered = Renderer().render(message, payload(message))

    assert "Wed 2 Dec 2026" in rendered.subject
    assert "Wed 2 Dec 2026" in rendered.text


@pytest.mark.parametrize("message", ["certificate_suspended", "certificate_reinstated"])
def test_a_suspension_leaves_the_last_day(message: str) -> None:
    assert "Thu 28 Jan 2027" in said(message)
    assert "a date that is not set" not in said(message, certificate_number=None, valid_until=None)


def test_an_extension_names_both_last_days() -> None:
    words = said("certificate_extended")

    assert "Its last day was Mon 30 Nov 2026. Its last day is now Thu 28 Jan 2027." in words


def test_a_correction_names_what_was_given_and_what_is() -> None:
    words = said("certificate_corrected")

    assert "The first day was given as Sun 28 Jan 2024. It is Mon 29 Jan 2024." in words
    assert "The last day was given as Wed 27 Jan 2027. It is Thu 28 Jan 2027." in words


def test_a_correction_says_which_day_stays() -> None:
    words = said("certificate_corrected", previous_valid_from="2024-01-29", previous_valid_until="2027-01-28")

    assert "The first day is Mon 29 Jan 2024, as before." in words
    assert "The last day is Thu 28 Jan 2027, as before." in words
    assert "was given as" not in words


def test_a_new_number_keeps_the_code_and_the_dates() -> None:
    words = said("certificate_reissued")

    assert "has replaced certificate STP-C-000044 of Quillhaven Logistics (UEN 201890417D) by certificate" in words
    assert "valid from Mon 29 Jan 2024 and ends on Thu 28 Jan 2027" in words
    assert "The AEO code is SGAEO0000001." in words


@pytest.mark.parametrize(
    ("ground", "sentence"),
    [
        ("appeal", "Ground: the outcome of an appeal."),
        ("court", "Ground: the order of a court."),
        ("stay", "Ground: a stay. The decision has no effect while the stay lasts."),
        ("own_error", "Ground: an error made by Singapore Customs."),
    ],
)
def test_a_ground_is_put_into_words(ground: str, sentence: str) -> None:
    words = said("decision_set_aside", reason_code=ground)

    assert "is set aside: Reject the application." in words
    assert sentence in words
    assert "own_error" not in words
    assert "The case is again in this state: Validation." in words


def test_without_a_known_ground_none_is_named() -> None:
    assert "Ground" not in said("decision_set_aside", reason_code="another")


def test_a_band_that_ends_shortens_nothing() -> None:
    words = said("band_ends")

    assert "Premium, ends on Sun 20 Dec 2026." in words
    assert "The certificate is not shortened." in words


def test_a_new_account_manager_is_named_with_an_address() -> None:
    words = said("account_manager_changed", certificate_number=None, valid_from=None, valid_until=None)

    assert "Nurul Huda is the new account manager of Quillhaven Logistics" in words
    assert "E-mail: nurul@casework.example" in words


def test_a_task_is_told_in_its_own_sentence() -> None:
    assert "An answer from the company waits for an officer." in said("reminder_of_task")


def test_withdrawn_by_you_is_said_for_a_request_only() -> None:
    codes = ("", "request", "no_reply", "entity_ceased", "duplicate", "another")
    told = {code for code in codes if "by you" in said("application_withdrawn", reason_code=code)}

    assert told == {"request"}


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("no_reply", "The answers that Singapore Customs asked for have not been received."),
        ("entity_ceased", "The company no longer exists under this UEN."),
        ("duplicate", "The company has another application for Secure Trade Partnership."),
    ],
)
def test_an_application_closed_otherwise_is_not_called_withdrawn(code: str, sentence: str) -> None:
    words = said("application_withdrawn", reason_code=code)

    assert sentence in words
    assert "for Secure Trade Partnership is closed." in words
    assert "withdraw" not in words.lower()


def test_a_company_that_is_gone_is_not_invited_to_apply() -> None:
    assert "new application" not in said("application_withdrawn", reason_code="entity_ceased")
    assert "new application" in said("application_withdrawn", reason_code="no_reply")


@pytest.mark.parametrize("message", ["application_rejected", "application_withdrawn"])
def test_a_certificate_that_runs_is_told_with_its_last_day(message: str) -> None:
    words = said(message, cycle=2, certificate_runs=True)

    assert "Certificate STP-C-000045 runs to Thu 28 Jan 2027, at the end of the day." in words
    assert "The renewal application is closed" in words
    assert "new application" not in words


@pytest.mark.parametrize("message", ["application_rejected", "application_withdrawn"])
@pytest.mark.parametrize("changes", [{}, {"certificate_runs": False}, {"certificate_runs": True, "valid_until": None}])
def test_without_a_certificate_that_runs_none_is_promised(message: str, changes: dict[str, Any]) -> None:
    words = said(message, **changes)

    assert "runs to" not in words
    assert "Application STP-2026-000123 is closed" in words
    assert "The company can send a new application; it gets a new reference." in words


def test_a_first_certificate_is_not_called_renewed() -> None:
    words = said("certified", cycle=1, follows=None)

    assert "has certified Quillhaven Logistics" in words
    assert "renewed" not in words
    assert "runs now" not in words


def test_a_later_certificate_is_called_renewed() -> None:
    words = said("certified", cycle=2)

    assert words.startswith("Certificate renewed, STP-C-000045: Quillhaven Logistics\n")
    assert "has renewed the certificate of Quillhaven Logistics" in words
    assert "runs now" not in words


def test_a_certificate_that_follows_says_what_it_follows() -> None:
    words = said("certified", cycle=2, valid_from="2027-01-29", valid_until="2030-01-28", follows="2027-01-28")

    assert "The certificate that runs now ends on Thu 28 Jan 2027, at the end of the day." in words
    assert "The new one begins after it." in words
    assert "is valid from Fri 29 Jan 2027 and ends on Mon 28 Jan 2030" in words


def test_a_certificate_that_ended_while_suspended_says_so() -> None:
    assert "The certificate was suspended when it ended." in said("certificate_ended", ended_while_suspended=True)
    assert "suspended" not in said("certificate_ended", ended_while_suspended=False)
    assert "suspended" not in said("certificate_ended")


@pytest.mark.parametrize("message", sorted(messages()))
def test_no_message_counts_days_or_uses_a_word_we_avoid(message: str) -> None:
    rendered = Renderer().render(message, payload(message))
    words = f"{rendered.subject}\n{rendered.text}\n{spoken(rendered.html)}"

    assert DAY_COUNT.search(words) is None
    assert BANNED.search(words) is None


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
