"""Messages in the console: who got what and why, each as it reads, what did not arrive, tasks, the local mailbox."""

from datetime import timedelta
from html import unescape
from pathlib import Path

import browsing as w
import builders as b
import mailroom as m
import pytest
from sqlalchemy import event

from notifications.rendering import Renderer
from notifications.transport import MaildirTransport
from workflow import models
from workflow.operations.deliver_outbox import Post, deliver_outbox

HOSTILE = '<script>alert("1")</script> & Söhne'


@pytest.fixture
def case(office):
    """A case whose own mail went out."""
    return m.a_case(office, company_name="Copperwake Terminals Pte. Ltd.")


def officer(office, **more):
    return w.browser(office, b.people(office).officer, **more)


def asked(office, browser, address):
    """Return how many statements a page takes."""
    found = []
    listen = lambda *arguments: found.append(arguments[2])  # noqa: E731
    event.listen(office.database.reader, "before_cursor_execute", listen)
    assert browser.get(address).status_code == 200
    event.remove(office.database.reader, "before_cursor_execute", listen)
    return len(found)


def test_the_outbox_shows_each_state_in_its_word_with_counts(office, case):
    browser = officer(office)
    m.queue(office, case)
    m.deliver(office, m.REFUSED)
    m.queue(office, case, "account_manager")
    m.deliver(office, m.SILENT)
    m.queue(office, case, now=b.NOW + timedelta(days=1))
    text = w.words_of(browser.get("/messages"))
    assert "Queued 1 Sending 0 Sent 3 Failed 1 Uncertain 1 Held back 0" in text
    failed = w.words_of(browser.get("/messages?state=failed"))
    assert "Copperwake Terminals" in failed
    assert "550 5.7.1 not welcome" in failed
    doubt = w.words_of(browser.get("/messages?state=in_doubt"))
    assert "The server took the text and then went silent. It may have arrived." in doubt
    assert "Dewi Lestari, account manager" in doubt
    assert "No message matches." in w.words_of(browser.get("/messages?find=100%25"))
    assert "Copperwake" in browser.get("/messages?find=copperwake&state=sent").text


def test_a_list_goes_on_where_the_page_before_ended(office, case):
    browser = officer(office)
    numbers = [m.queue(office, case) for _ in range(55)]
    first = browser.get("/messages?state=queued")
    assert f"before={numbers[5]}" in unescape(first.text)
    second = browser.get(f"/messages?state=queued&before={numbers[5]}")
    assert f'href="/messages/{numbers[4]}"' in second.text
    assert f'href="/messages/{numbers[5]}"' not in second.text
    assert browser.get("/messages?before=nonsense&state=nowhere").status_code == 200


def test_lists_take_as_many_queries_for_many_messages_as_for_few(office, case):
    browser = officer(office)
    m.queue(office, case)
    m.queue(office, case, "account_manager")
    addresses = ("/messages", f"/cases/{case}/messages")
    for address in addresses:  # loads the editions
        asked(office, browser, address)
    few = [asked(office, browser, address) for address in addresses]
    for _ in range(20):
        m.queue(office, case)
    other = m.a_case(office)
    m.queue(office, other, "account_manager")
    assert [asked(office, browser, address) for address in addresses] == few


def test_a_message_opens_as_text_html_and_headers_with_its_tries_and_why(office, case):
    browser = officer(office)
    number = m.queue(office, case)
    m.deliver(office, m.LATER)
    page = browser.get(f"/messages/{number}")
    text = w.words_of(page)
    assert "Application received: Copperwake Terminals Pte. Ltd." in text
    assert "Not sent if its address takes no mail any more" in text
    assert "Refused for now 451 4.3.0 later" in text
    assert "A planned message" in text
    headers = w.words_of(browser.get(f"/messages/{number}?show=headers"))
    assert "Auto-Submitted auto-generated" in headers
    assert "Message-ID <planned-" in headers
    framed = browser.get(f"/cases/{case}/messages/{number}?show=html")
    (frame,) = w.Shape(framed.text).all("iframe")
    assert frame["src"] == f"/messages/{number}/html"
    assert frame["sandbox"] in (None, "")  # no scripts, no forms, no origin


def test_a_letter_is_served_where_nothing_in_it_can_act(office, tmp_path):
    own = tmp_path / "email" / "application_received"
    own.mkdir(parents=True)
    (own / "subject.txt").write_text("Received: {{ company_name }}")
    (own / "body.txt").write_text("Text")
    (own / "body.html").write_text(
        "<p>{{ company_name }}</p><script>alert(1)</script><img src='https://elsewhere.example/x'>"
    )
    reference = m.a_case(office, company_name=HOSTILE)
    number = b.rows_of(office, models.Notification, application_id=b.case_of(office, reference)["id"])[0]["id"]
    post = Post(m.Transport(), Renderer(tmp_path), "casework@customs.example")
    browser = officer(office, post=post)
    answer = browser.get(f"/messages/{number}/html")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert policy.endswith("sandbox")
    assert not [one for one in policy.split("; ") if one.startswith(("script-src", "img-src", "connect-src"))]
    assert "&lt;script&gt;alert(&#34;1&#34;)" in answer.text
    for address in (
        f"/messages/{number}",
        f"/messages/{number}?show=headers",
        "/messages",
        f"/cases/{reference}/messages",
    ):
        page = browser.get(address)
        assert "<script>" not in page.text
        assert HOSTILE in unescape(page.text)


def test_another_portfolio_sees_no_message_of_a_case_and_its_number_looks_absent(office, case):
    number = m.queue(office, case)
    staff = b.people(office)
    other = w.browser(office, b.another_person(office, "p-99", "Ong Kah Seng", "account_manager"))
    mine = w.browser(office, staff.account_manager)
    assert mine.get(f"/messages/{number}").status_code == 200
    assert "Copperwake" not in other.get("/messages").text
    assert "All 0" in w.words_of(other.get("/messages"))
    absent = w.words_of(other.get("/messages/999999"))
    for address in (f"/messages/{number}", f"/messages/{number}/html", "/messages/none", f"/cases/{case}/messages"):
        answer = other.get(address)
        assert answer.status_code == 404
        assert w.words_of(answer) == absent
    assert other.post(f"/messages/{number}/again").status_code == 404
    elsewhere = m.a_case(office)
    assert officer(office).get(f"/cases/{elsewhere}/messages/{number}").status_code == 404


def test_a_case_shows_both_directions_and_each_recipients_outcome(office, case):
    m.queue(office, case)
    m.deliver(office, m.REFUSED)
    m.queue(office, case, now=b.NOW + timedelta(days=1))
    text = w.words_of(officer(office).get(f"/cases/{case}/messages"))
    assert "In the outbox 1 not sent yet" in text
    assert "Application received The application came in" in text
    assert "Dewi Lestari, account manager dewi.lestari@customs.example Sent" in text
    assert "Failed" in text
    assert "The company was asked nothing so far." in text


def test_a_failed_message_is_sent_again_and_one_that_arrived_is_not(office, case):
    number = m.queue(office, case)
    m.deliver(office, m.REFUSED)
    browser = officer(office)
    page = browser.get(f"/messages/{number}")
    told = browser.follow(browser.post(f"/messages/{number}/again", w.fields_of(page, f"/messages/{number}/again")))
    assert "sent again at the next delivery" in w.words_of(told)
    assert m.row(office, number)["status"] == "queued"
    m.deliver(office)
    sent = browser.post(f"/messages/{number}/again")
    assert sent.status_code == 422
    assert "Only one of failed" in w.words_of(sent)
    auditor = w.browser(office, b.people(office).auditor)
    assert auditor.post(f"/messages/{number}/again").status_code == 403
    back = browser.post(f"/messages/{number}/again", {"back": "https://elsewhere.example/"})
    assert "location" not in back.headers


def test_a_message_in_doubt_is_marked_as_arrived_with_whom_one_asked(office, case):
    number = m.queue(office, case, cause="decision:1")
    m.deliver(office, m.SILENT)
    browser, address = officer(office), f"/messages/{number}/arrived"
    page = browser.get(f"/cases/{case}/messages/{number}")
    empty = browser.post(address, w.fields_of(page, address))
    assert empty.status_code == 422
    assert 'href="#f-note"' in empty.text
    assert w.browser(office, b.people(office).auditor).post(address, {"note": "x"}).status_code == 403
    note = "Jo Lim, by phone: it is there."
    told = browser.follow(browser.post(address, w.fields_of(page, address) | {"note": note}))
    text = w.words_of(told)
    assert f"Message {number} counts as arrived." in text
    assert "Sent Marked as arrived by Adeline Goh: Jo Lim, by phone: it is there." in text
    assert text.index("Marked as arrived", text.index("Tries")) < text.index("Uncertain", text.index("Tries"))
    assert f"/messages/{number}/again" not in told.text
    assert browser.post(f"/messages/{number}/again").status_code == 422


def test_an_address_is_released_with_a_reason_or_the_form_comes_back(office, case):
    m.queue(office, case)
    m.deliver(office, m.DEAD)
    browser = officer(office)
    address = b.rows_of(office, models.SuppressedAddress)[0]["address"]
    assert address in browser.get("/messages").text
    bad = browser.post("/messages/release", {"address": address, "reason": " "})
    assert bad.status_code == 422
    assert 'href="#f-reason"' in bad.text
    told = browser.follow(browser.post("/messages/release", {"address": address, "reason": "Mended, they say."}))
    assert f"Mail goes to {address} again" in w.words_of(told)
    assert "Mail goes to every address." in w.words_of(told)
    assert browser.post("/messages/release", {"address": address, "reason": "Twice."}).status_code == 404


def test_a_letters_task_is_closed_with_its_day_or_says_what_is_missing(office, case):
    m.queue(office, case)
    m.deliver(office, m.DEAD)
    browser = officer(office)
    (task,) = [one for one in m.tasks(office) if one["key"].startswith("letter:")]
    shown = w.words_of(browser.get("/tasks"))
    assert "Send a letter instead of message" in shown
    assert "aeo task" not in shown
    close = f"/tasks/{task['id']}/close"
    missing = browser.post(close, {"outcome": "Registered mail RR123.", "posted_on": ""})
    assert missing.status_code == 422
    assert "Registered mail RR123." in missing.text
    assert 'href="#f-posted_on"' in missing.text
    both = browser.post(close, {"outcome": "", "posted_on": "3 27"})
    assert both.status_code == 422
    assert 'href="#f-outcome"' in both.text
    assert 'href="#f-posted_on"' in both.text
    assert browser.post(close, {"outcome": "Posted.", "posted_on": "1 dec 2026"}).status_code == 422  # ahead
    told = browser.follow(browser.post(close, {"outcome": "Registered mail RR123.", "posted_on": "23 nov 2026"}))
    assert "is closed, posted on" in w.words_of(told)
    assert browser.post("/tasks/none/close", {"outcome": "x"}).status_code == 404
    other = w.browser(office, b.another_person(office, "p-99", "Ong Kah Seng", "account_manager"))
    assert other.post(close, {"outcome": "x"}).status_code == 404


@pytest.fixture
def boxed(sqlite_office, tmp_path):
    """A case whose mail lies in a local mailbox, and a site that reads it."""
    post = Post(MaildirTransport(tmp_path / "box"), Renderer(), "casework@customs.example")
    staff = b.people(sqlite_office)
    b.submit(sqlite_office, b.act(staff.officer), company_name=HOSTILE)
    deliver_outbox(sqlite_office, post, now=b.NOW)
    return w.browser(sqlite_office, staff.officer, post=post), tmp_path / "box"


def test_the_local_mailbox_shows_letters_newest_first_and_opens_them(boxed):
    browser, folder = boxed
    page = browser.get("/mailbox")
    text = w.words_of(page)
    assert "does not leave the machine" in text
    assert HOSTILE in unescape(page.text)
    assert "<script>" not in page.text
    names = [path.name for path in (folder / "new").iterdir()]
    assert len(names) == 2
    letter = browser.get(f"/mailbox/{names[0]}")
    assert "What happens next" in letter.text
    html = browser.get(f"/mailbox/{names[0]}/html")
    assert html.headers["content-security-policy"].endswith("sandbox")
    assert "<script>" not in html.text
    assert browser.get(f"/mailbox/{names[0]}?show=headers").status_code == 200


@pytest.mark.parametrize("key", ["none", "..%2F..%2Flog.key", "%00", "link", "folder"])
def test_only_a_plain_letter_of_the_mailbox_is_opened(boxed, key):
    browser, folder = boxed
    (folder / "new" / "link").symlink_to(Path(__file__))
    (folder / "new" / "folder").mkdir()
    assert browser.get(f"/mailbox/{key}").status_code == 404
    assert "link" not in [one["href"] for one in w.Shape(browser.get("/mailbox").text).all("a")]


def test_an_unreadable_letter_does_not_take_the_list_with_it(boxed):
    browser, folder = boxed
    (folder / "new" / "1900000000.M1P1Q1.host").write_bytes(b"Subject: =?utf-9?q?=FF?=\nTo: \xff\xfe\n\n\x00\xff")
    assert browser.get("/mailbox").status_code == 200
    for show in ("text", "html", "headers"):
        assert browser.get(f"/mailbox/1900000000.M1P1Q1.host?show={show}").status_code == 200


def test_where_mail_leaves_the_machine_the_mailbox_says_so(sqlite_office):
    staff = b.people(sqlite_office)
    post = Post(m.Transport(), Renderer(), "casework@customs.example")
    assert "leaves the machine" in w.words_of(w.browser(sqlite_office, staff.officer, post=post).get("/mailbox"))
    assert w.browser(sqlite_office, staff.account_manager, post=post).get("/mailbox").status_code == 403
