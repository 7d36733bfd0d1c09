"""Programmes as pages: every rule with its source, the picture, what changed between editions."""

import browsing as w
import builders as b

from states.loader import load_programme
from workflow.store import editions


def another_edition(office, stp_text):
    text = stp_text.replace('edition = "2026-03"', 'edition = "2026-04"').replace(
        "ACRA BizFile report", "BizFile report"
    )
    with office.database.transaction() as transaction:
        editions.install(transaction.connection, load_programme(text, file="stp.toml"), now=b.NOW)


def test_a_rule_without_a_source_is_shown_as_unset(sqlite_office):
    text = w.words_of(w.browser(sqlite_office, b.people(sqlite_office).officer).get("/programmes/STP"))
    assert "unset no source fixes this" in text
    assert "Pass the checklist" in text
    assert "24 are in our words, not the authority's" in text


def test_editions_are_listed_with_their_cases_and_compared(office, stp_text):
    staff = b.people(office)
    b.submit(office, b.act(staff.officer))
    another_edition(office, stp_text)
    browser = w.browser(office, staff.officer)
    assert "2026-04 newest 0" in w.words_of(browser.get("/programmes"))
    changed = w.words_of(browser.get("/programmes/STP/differences"))
    assert "From STP 2026-03 to STP 2026-04" in changed
    assert "documents bizfile_report.title Before: ACRA BizFile report After: BizFile report" in changed
    assert browser.get("/programmes/STP?edition=1999-01").status_code == 404
    assert browser.get("/programmes/NOWHERE").status_code == 404


def test_an_admin_accepts_the_criteria_and_nobody_else(office):
    staff = b.people(office)
    admin = b.another_person(office, "p-90", "Rosnah Yusof", "admin")
    browser = w.browser(office, admin)
    assert "Accept these criteria as our own" in browser.get("/programmes/STP").text
    assert "Accept these criteria" not in w.browser(office, staff.officer).get("/programmes/STP").text
    assert w.browser(office, staff.officer).post("/programmes/STP/accept").status_code == 403
    told = w.words_of(browser.follow(browser.post("/programmes/STP/accept")))
    assert "Accepted as the administration's own by Rosnah Yusof" in told
