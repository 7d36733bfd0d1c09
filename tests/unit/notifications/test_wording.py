"""What messages say: dates and never a count of days, who does what next, no blame, the same in text and HTML."""

import re
from html import unescape
from typing import Any

import pytest

from notifications.rendering import TEMPLATES, Renderer, messages
from notifications.samples import sample

OLD_DECISIONS = frozenset({"application_complete", "certified", "application_rejected", "application_withdrawn"})
REMINDERS = frozenset(
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
TELLS_A_REASON = OLD_DECISIONS | FROM_A_DAY | CHANGED
TELLS_THE_LAST_DAY = REMINDERS | UNDER_REVIEW | {"renewal_waits_for_information", "certificate_ends", "band_ends"}
SEVERAL_CASES = frozenset({"checkpoint", "colleague_bundle", "portfolio_digest", "sign_in_changed"})  # or none
COLLEAGUES = SEVERAL_CASES | {
    "delivery_failed",
    "reminder_of_task",
    "renewal_heads_up",
    "renewal_not_started",
    "renewal_undecided",
}
RENDERER = Renderer()
CERTIFICATE = {"certificate_number": "STP-C-000045", "valid_from": "2024-01-29", "valid_until": "2027-01-28"}
DAY_COUNT = re.compile(
    r"days?\s+(left|remaining|to go|from now|before|after)|\b(in|within)\s+\S+\s+(days?|weeks?|months?)\b"
    r"|\d\s*(days?|weeks?|months?)\b|expir|T-\d",
    re.IGNORECASE,
)
BANNED = re.compile(r"\b(please|sorry|invalid|forbidden|oops|soon)\b", re.IGNORECASE)
RULE = re.compile(r"\brule [^,.]*", re.IGNORECASE)  # its name may hold a number


def said(message: str, **changes: Any) -> str:
    """The subject and the text of a message without its line breaks, after a check that the HTML says the same."""
    rendered = RENDERER.render(message, sample(message) | changes)
    shown = spoken(rendered.html)
    for line in rendered.text.splitlines() if message != "portfolio_digest" else ():
        assert plain(line) in shown
    return plain(f"{rendered.subject} / {rendered.text}")


def spoken(html: str) -> str:
    """What a reader of the HTML sees, on one line, as the text writes it."""
    seen = re.sub(r"<style>.*?</style>|<title>.*?</title>", "", html, flags=re.DOTALL)
    seen = re.sub(r'<a [^>]*href="([^"]*)"[^>]*>([^<]*)</a>', r"\2: \1", seen)
    seen = re.sub("<th[^>]*>(.*?)</th>", r" \1: ", seen, flags=re.DOTALL)
    return plain(unescape(re.sub("<[^>]*>", "", re.sub("<br>|</(p|h1|h2|td|li|tr)>|<blockquote[^>]*>", " ", seen))))


def plain(text: str) -> str:
    return " ".join(text.removeprefix("- ").split())


@pytest.mark.parametrize("message", sorted(TELLS_A_REASON))
def test_a_reason_is_told_and_escaped(message: str) -> None:
    rendered = RENDERER.render(message, sample(message) | {"reason": "Site <b>Jurong</b> & Tuas"})

    assert "Reason: Site <b>Jurong</b> & Tuas" in rendered.text
    assert "Site &lt;b&gt;Jurong&lt;/b&gt; &amp; Tuas" in rendered.html


@pytest.mark.parametrize("message", sorted(TELLS_A_REASON))
def test_an_empty_reason_leaves_no_label_behind(message: str) -> None:
    rendered = RENDERER.render(message, sample(message) | {"reason": ""})

    assert "Reason" not in rendered.text
    assert "Reason" not in rendered.html


def test_a_deadline_is_told_in_words() -> None:
    rendered = RENDERER.render("application_complete", sample("application_complete") | {"deadline": "2027-03-02"})

    assert "The target for the decision is Tue 2 Mar 2027." in rendered.text
    assert "The target for the decision is Tue 2 Mar 2027." in rendered.html


def test_without_a_deadline_no_target_is_named() -> None:
    rendered = RENDERER.render("application_complete", sample("application_complete") | {"deadline": None})

    assert "target" not in rendered.text + rendered.html


@pytest.mark.parametrize("message", sorted(TELLS_THE_LAST_DAY))
def test_a_reminder_names_the_certificate_and_its_last_day(message: str) -> None:
    rendered = RENDERER.render(message, sample(message))

    for part in (rendered.text, rendered.html):
        assert "STP-C-000045" in part
        assert "Thu 28 Jan 2027" in part


def test_the_invitation_lists_the_documents() -> None:
    rendered = RENDERER.render("renewal_invitation", sample("renewal_invitation"))

    assert "- STP application form\n- TradeFIRST Self-Assessment Checklist\n- ACRA BizFile report\n" in rendered.text
    assert rendered.html.count("<li ") == 4


@pytest.mark.parametrize("message", sorted(ASKING))
def test_every_open_question_is_told_with_its_own_day(message: str) -> None:
    words = said(message)

    assert "Question 1, answer due on Mon 14 Dec 2026: Which sites are in use?" in words
    assert "Question 2, answer due on Mon 21 Dec 2026: Where is the report of the last visit?" in words
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
    rendered = RENDERER.render(message, sample(message))

    assert f"\n{last_line}\n\n" in rendered.text
    assert last_line.removeprefix("Certificate: ") in spoken(rendered.html)
    assert "valid from Mon 29 Jan 2024" not in rendered.text + rendered.html


@pytest.mark.parametrize("message", sorted(FROM_A_DAY))
def test_a_change_of_standing_names_its_first_day(message: str) -> None:
    rendered = RENDERER.render(message, sample(message))

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

    assert "has replaced certificate STP-C-000044 of Quillhaven Logistics (UEN 201890417D) with certificate" in words
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
    assert "A second person must confirm no. 4: Waive the BizFile report." in said("reminder_of_task")


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
    words = said(message, cycle=2, certificate_runs=True, **CERTIFICATE)

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

    assert words.startswith("Certificate renewed, STP-C-000045: Quillhaven Logistics / ")
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
    rendered = RENDERER.render(message, sample(message))
    words = RULE.sub("", f"{rendered.subject}\n{rendered.text}\n{spoken(rendered.html)}")

    assert DAY_COUNT.search(words) is None
    assert BANNED.search(words) is None


@pytest.mark.parametrize("message", sorted(messages() - SEVERAL_CASES))
@pytest.mark.parametrize(
    "changes", [{"cycle": 1}, {"cycle": 2, "certificate_runs": True, "reason": "Site Jurong moved."}]
)
def test_the_text_and_the_html_say_the_same_in_words_and_never_in_iso(message: str, changes: dict[str, Any]) -> None:
    words = said(message, **changes)

    assert re.search(r"\b\d{4}-\d{2}-\d{2}\b", words) is None
    assert "None" not in words
    assert "a date that is not set" not in words
    assert " What happens next " in words
    assert " Reference: STP-2026-000123 " in words
    assert " This mail was sent automatically. Why: " in words


@pytest.mark.parametrize("message", sorted(messages()))
def test_every_mail_says_whom_to_ask_or_that_only_colleagues_have_it(message: str) -> None:
    words = said(message)

    assert ("This mail is for colleagues; it has not gone to a company." in words) == (message in COLLEAGUES)
    assert ("an answer to this mail reaches that person" in words) == (message not in COLLEAGUES)


def test_a_reminder_names_its_rule_and_its_day() -> None:
    assert words_at_the_end("renewal_reminder") == "Why: rule T-60 of STP, due on Fri 27 Nov 2026."
    assert words_at_the_end("information_reminder") == "Why: rule request reminder of STP, due on Fri 27 Nov 2026."
    assert words_at_the_end("certified") == "Why: a step recorded on STP-2026-000123."


def words_at_the_end(message: str) -> str:
    return said(message).rpartition("automatically. ")[2]


def test_a_planned_visit_names_day_site_and_what_if_it_does_not_suit() -> None:
    words = said("visit_planned")

    assert words.startswith("Visit planned for Tue 1 Dec 2026: Quillhaven Logistics, STP-2026-000123 / ")
    assert "Site: Jurong" in words
    assert "If the day does not suit, the company says so in an answer to this mail" in words


@pytest.mark.parametrize(
    ("mode", "said_of_it"), [("virtual", "by video call on"), ("desk", "takes place at the office")]
)
def test_a_visit_says_how_it_is_held(mode: str, said_of_it: str) -> None:
    assert said_of_it in said("visit_planned", mode=mode, site="")
    assert "Site:" not in said("visit_planned", mode=mode, site="")


def test_failed_mail_names_the_address_the_answer_and_the_letter() -> None:
    words = said("delivery_failed")

    assert "The message “renewal reminder” to jo@copperwake.example could not be delivered." in words
    assert "The mail server answered: 550 5.1.1 no such user" in words
    assert "post it, then close the task with the day of posting" in words
    assert "letter" not in said("delivery_failed", letter=False)


def test_failed_mail_without_a_case_is_told_too() -> None:
    own = ("failed_message", "recipient_address", "reply", "letter")
    rendered = RENDERER.render("delivery_failed", {name: sample("delivery_failed")[name] for name in own})

    assert rendered.subject == "Mail not delivered to jo@copperwake.example"
    assert "Reference" not in rendered.text + rendered.html


def test_a_bundle_tells_each_reminder_with_its_company_and_rule() -> None:
    words = said("colleague_bundle")

    assert words.startswith("2 reminders for Mon 23 Nov 2026 / ")
    assert "Quillhaven Logistics, STP-2026-000123" in words
    assert "Copperwake Terminals, STP-2026-000131" in words
    assert words.count("Rule T-270.") == 2


def test_a_reminder_about_no_case_is_told_by_its_line() -> None:
    bare = dict.fromkeys(("reference", "company_name", "certificate_number", "valid_until"))
    words = said("colleague_bundle", items=[bare | {"rule": "", "line": "A sweep is held."}])

    assert "They come in one mail a day. A sweep is held. This mail is for colleagues" in words


def test_one_reminder_is_not_called_reminders() -> None:
    assert said("colleague_bundle", items=sample("colleague_bundle")["items"][:1]).startswith("1 reminder for ")


def test_a_later_day_for_an_answer_names_both_days_and_the_holiday() -> None:
    words = said("deadline_moved")

    assert "was due on Mon 14 Dec 2026. It is now due on Tue 15 Dec 2026." in words
    assert "a public holiday that was announced later: Polling Day." in words


def test_a_digest_speaks_of_the_companies_or_of_the_team() -> None:
    words, team = said("portfolio_digest"), said("portfolio_digest", team=True)

    assert words.startswith("Your companies, week of Mon 23 Nov 2026 / Nurul Huda, ")
    assert "- Fri 27 Nov 2026, Quillhaven Logistics, STP-2026-000123: Mail “renewal reminder” to" in words
    assert "STP-C-000045, in force. Revalidation due. Waits" in words
    assert "Checklist review: Assess the answers and pass the checklist. No officer yet." in words
    assert "And 2 more." in words
    assert "target day has passed" not in words
    assert team.startswith("The team's certificates and cases, week of Mon 23 Nov 2026 / ")
    assert "STP-C-000045, in force. Revalidation due. Account manager: Nurul Huda. Waits" in team


def test_a_digest_names_the_officer_and_to_the_team_who_has_no_account_manager() -> None:
    made = sample("portfolio_digest")
    us = {"rows": [made["us"]["rows"][0] | {"assignee": "Tan Wei Ming"}], "more": 0}
    ends = {"rows": [made["ends"]["rows"][0] | {"account_manager": None}], "more": 0}
    words = said("portfolio_digest", team=True, us=us, ends=ends)

    assert "pass the checklist. Officer: Tan Wei Ming. Waits" in words
    assert "Revalidation due. No account manager. Waits" in words


def test_a_digest_says_that_a_target_day_has_passed() -> None:
    late = {"rows": [sample("portfolio_digest")["us"]["rows"][0] | {"day": "2026-11-20"}], "more": 0}

    assert "No officer yet. The target day has passed." in said("portfolio_digest", us=late)


def test_an_empty_section_of_a_digest_leaves_no_heading_behind() -> None:
    nothing = {"rows": [], "more": 0}
    sections = dict.fromkeys(("due", "ends", "us", "company", "failed"), nothing)
    words = said("portfolio_digest", **sections)

    assert "Open tasks" in words
    assert not any(heading in words for heading in ("Due by", "Certificates that end", "Waits for", "Mail that did"))


def test_no_template_counts_days() -> None:
    found = {
        str(path): hit.group()
        for path in sorted((TEMPLATES / "email").rglob("*"))
        if path.is_file() and (hit := DAY_COUNT.search(path.read_text(encoding="utf-8")))
    }

    assert found == {}
