"""Settings, holidays, the mail relay, and how pages look in one browser."""

import mailbox
from datetime import date

import browsing as w
import builders as b
import pytest

from notifications.rendering import Renderer
from notifications.transport import MaildirTransport, transport_of
from workflow.operations.deliver_outbox import Post
from workflow.reports.holidays import holidays
from workflow.settings import Settings
from workflow.web.site import Site


@pytest.fixture
def admin(office):
    b.people(office)
    return b.another_person(office, "p-90", "Rosnah Yusof", "admin")


def with_post(office, person, post):
    plain = w.site(office, person)
    return w.Browser(Site(plain.office, plain.clock, plain.ready, plain.identify, "k", Settings(), lambda: post))


def test_secrets_are_masked_and_others_may_not_look(office, admin, monkeypatch):
    monkeypatch.setenv("AEO_SMTP_URL", "smtp://user:sesame@mail.example:587")
    text = w.words_of(w.browser(office, admin, settings=Settings()).get("/settings"))
    assert "smtp://user:***@mail.example:587" in text
    assert "sesame" not in text
    assert w.browser(office, b.people(office).officer).get("/settings").status_code == 403


def test_a_test_letter_goes_to_the_admin_alone(office, admin, tmp_path):
    browser = with_post(office, admin, Post(MaildirTransport(tmp_path / "box"), Renderer(), "casework@customs.example"))
    told = w.words_of(browser.follow(browser.post("/settings/relay")))
    assert f"The test letter to {b.email_of(admin)} left. The server answered: kept in the local mailbox" in told
    (letter,) = mailbox.Maildir(tmp_path / "box")
    assert letter["To"] == b.email_of(admin)
    assert letter["Subject"] == "Test of the mail relay"


def test_a_relay_that_does_not_answer_is_told_with_its_words(office, admin):
    nobody = transport_of("smtp://127.0.0.1:9?starttls=off")
    answer = with_post(office, admin, Post(nobody, Renderer(), "casework@customs.example")).post("/settings/relay")
    assert answer.status_code == 503
    assert "The test letter did not leave" in w.words_of(answer)


def test_a_holiday_is_added_and_withdrawn_or_the_form_comes_back(office, admin):
    browser = w.browser(office, admin)
    bad = browser.post("/holidays", {"day": "3 27", "name": "Polling Day"})
    assert bad.status_code == 422
    assert 'value="Polling Day"' in bad.text
    assert 'href="#f-day"' in bad.text
    told = w.words_of(browser.follow(browser.post("/holidays", {"day": "9 dec 2026", "name": "Polling Day"})))
    assert "Wed 9 Dec 2026 Polling Day gazetted" in told
    again = w.words_of(browser.follow(browser.post("/holidays", {"day": "9 dec 2026", "name": "Again"})))
    assert 'was known as a public holiday already: Polling Day. The name "Again" was not taken.' in again
    browser.post("/holidays/2026-12-09/withdraw", {"reason": "The election was moved."})
    with office.database.snapshot() as connection:
        known = holidays(connection, first=date(2026, 12, 9), last=date(2026, 12, 9))
    assert [row["status"] for row in known] == ["withdrawn"]


def test_nobody_else_keeps_the_calendar(office):
    browser = w.browser(office, b.people(office).officer)
    assert "A holiday was gazetted" not in browser.get("/holidays").text
    assert browser.post("/holidays", {"day": "9 dec 2026", "name": "Polling Day"}).status_code == 403


def test_the_look_is_kept_in_the_browser(sqlite_office):
    browser = w.browser(sqlite_office, b.people(sqlite_office).officer)
    browser.post("/me/look", {"theme": "dark", "roomy": "yes"})
    assert '<html lang="en-SG" class="dark roomy">' in browser.get("/cases").text


def test_components_are_shown_but_not_in_production(sqlite_office, monkeypatch):
    officer = b.people(sqlite_office).officer
    assert "Service clock" in w.words_of(w.browser(sqlite_office, officer).get("/dev/components"))
    monkeypatch.setenv("AEO_ENV", "production")
    assert w.browser(sqlite_office, officer, settings=Settings()).get("/dev/components").status_code == 404
