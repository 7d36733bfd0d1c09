"""Where a case stands, what happened to it, what its company reads, and the whole file for paper."""

import json
from datetime import timedelta
from html import unescape
from types import SimpleNamespace

import browsing as w
import builders as b
import mailroom as m
from sqlalchemy import event, select

from workflow import models
from workflow.decisions.record import Change, record
from workflow.models.base import table_of
from workflow.operations.ask_information import ask_information
from workflow.reports import case_clock, history
from workflow.store import cases as stored
from workflow.web import words

SECTIONS = ("messages", "clock", "history", "company", "print")
HOSTILE = '<script>alert("1")</script> & Söhne'


def officer(office, **more):
    return w.browser(office, b.people(office).officer, **more)


def test_the_diagram_shows_the_way_so_far_and_the_table_what_is_possible(office):
    staff = b.people(office)
    reference = b.in_validation(office, staff)
    page = officer(office).get(f"/cases/{reference}/clock")
    text = w.words_of(page)
    assert "The way so far: Submitted, then Checklist review, then Validation. Possible from here:" in text
    assert "since 23 Nov 2026" in text
    assert "Certify to Certified No on-site visit with a report is recorded in this cycle." in text
    assert "Chen Wei Ling approver, who took no part" in text
    assert "Pass the checklist, Adeline Goh Runs Mon 23 Nov 2026 today" in text
    possible = text.partition("Possible from here:")[2].partition(".")[0]
    assert "Rejected" in possible
    assert "Suspended" not in possible  # there is no certificate
    assert "Revoked" not in possible
    assert " style=" not in page.text


def test_every_planned_action_stands_with_its_rule_its_day_and_its_fate(office):
    browser = officer(office)
    staff = b.people(office)
    reference = b.certified(office, staff)
    text = w.words_of(browser.get(f"/cases/{reference}/clock"))
    assert "13 planned of 13" in text
    assert "T-7 Fri 16 Nov 2029 Planned" in text
    b.done(b.advance(office, b.act(staff.officer), reference, "surrender", reason="They asked."))
    over = w.words_of(browser.get(f"/cases/{reference}/clock"))
    assert "0 planned of 13" in over
    assert "Superseded" in over


def test_from_a_suspension_the_way_back_is_where_the_case_was(sqlite_office):
    with sqlite_office.database.snapshot() as connection:
        programme = sqlite_office.editions.newest(connection, "STP").programme
    held = SimpleNamespace(runs=lambda _: True)
    seen = SimpleNamespace(state="suspended", back="certified", held=held, today=b.TODAY)
    assert "validation" not in case_clock.possible(programme, seen)
    assert case_clock.targets(programme, seen)["reinstate"] == "Certified or Revalidation due"
    seen.back = "validation"
    assert case_clock.targets(programme, seen)["reinstate"] == "Validation"


def test_a_stop_of_the_clock_names_its_cause_and_its_days(office):
    staff = b.people(office)
    reference = b.in_validation(office, staff)
    officer_ = b.act(staff.officer)
    b.done(b.advance(office, officer_, reference, "request_information", reason="Which sites?"))
    later = b.NOW + timedelta(days=14)
    text = w.words_of(officer(office, now=later).get(f"/cases/{reference}/clock"))
    assert "Awaiting information Request information, Adeline Goh Stopped Mon 23 Nov 2026 today 14" in text


def test_history_is_told_newest_first_or_oldest_first_filtered_and_with_what_changed(office):
    staff = b.people(office)
    reference = b.in_validation(office, staff)
    b.advance(office, b.act(staff.officer), reference, "certify")
    browser = officer(office)
    page = browser.get(f"/cases/{reference}/history")
    text = w.words_of(page)
    assert text.index("Refused: Certify") < text.index("received for STP")
    assert "Complete since" in text
    oldest = w.words_of(browser.get(f"/cases/{reference}/history?order=oldest"))
    assert oldest.index("Refused: Certify") > oldest.index("received for STP")
    decisions = w.words_of(browser.get(f"/cases/{reference}/history?kind=decisions"))
    assert "Pass the checklist" in decisions
    assert "Document added" not in decisions
    nobody = w.words_of(browser.get(f"/cases/{reference}/history?person=p-77&kind=nonsense"))
    assert "No entry matches." in nobody
    assert "Document added" in w.words_of(browser.get(f"/cases/{reference}/history?person={staff.officer.id}"))
    assert "/trail/" not in page.text  # officers do not open the trail


def test_an_entry_that_took_effect_on_another_day_says_both(sqlite_office):
    staff = b.people(sqlite_office)
    reference = b.in_validation(sqlite_office, staff)
    act = b.act(staff.officer)
    with sqlite_office.database.transaction() as transaction:
        case = stored.lock(transaction.connection, reference, staff.officer)
        programme = sqlite_office.editions.machine(transaction.connection, case.programme, case.edition).programme
        change = Change("case:site:added", "officer", detail={"site": "Tuas"}, effective_at=b.NOW - timedelta(days=2))
        record(transaction.connection, sqlite_office.origin, case, programme, act, change)
    text = w.words_of(officer(sqlite_office).get(f"/cases/{reference}/history"))
    assert "recorded Mon 23 Nov 2026, 9:00 , effective Sat 21 Nov 2026" in text


def test_a_sealed_entry_leads_those_who_may_to_its_proof(sqlite_office):
    staff = b.people(sqlite_office)
    reference = b.submit(sqlite_office, b.act(staff.officer))
    entries = table_of(models.AuditEntry)
    with sqlite_office.database.transaction() as transaction:
        id_ = transaction.connection.execute(select(entries.c.id).where(entries.c.case_seq == 1)).scalar_one()
        transaction.connection.execute(entries.update().where(entries.c.id == id_).values(position=41_207))
    assert '<a href="/trail/41207">' in w.browser(sqlite_office, staff.auditor).get(f"/cases/{reference}/history").text
    text = w.words_of(officer(sqlite_office).get(f"/cases/{reference}/history"))
    assert "entry 41,207" in text


def test_a_long_history_comes_in_pages_that_miss_and_repeat_nothing(office):
    staff = b.people(office)
    reference = b.in_validation(office, staff)
    whole = [json.loads(row["canonical"])["case_seq"] for row in _entries(office, reference)]
    for oldest_first in (True, False):
        seen, after = [], 0
        with office.database.snapshot() as connection:
            while True:
                found = history.page(
                    connection,
                    office,
                    reference=reference,
                    viewer=staff.auditor,
                    oldest_first=oldest_first,
                    after=after,
                    limit=7,
                )
                seen += [one["seq"] for one in found["entries"]]
                after = found["more"]
                if not after:
                    break
        assert seen == sorted(whole, reverse=not oldest_first)


def _entries(office, reference):
    return b.rows_of(office, models.AuditEntry, application_id=b.case_of(office, reference)["id"])


def test_the_company_reads_its_own_words_and_what_is_withheld_is_said(office):
    browser = officer(office)
    staff = b.people(office)
    reference = b.in_validation(office, staff, company_name="Copperwake Terminals Pte. Ltd.")
    m.deliver(office)
    text = w.words_of(browser.get(f"/cases/{reference}/company"))
    assert "What Copperwake Terminals Pte. Ltd. sees" in text
    assert "On-site assessment We visit your sites." in text
    assert "Whose move Ours Until when Tue 23 Mar 2027 , the day we aim for" in text
    assert "Messages it got" in text
    assert "Application received" in text
    assert "“Validation” reads “On-site assessment” there" in text
    b.done(b.advance(office, b.act(staff.officer), reference, "request_information", reason="Which sites?"))
    b.done(ask_information(office, reference=reference, question="And which carrier?", act=b.act(staff.officer)))
    waiting = w.words_of(browser.get(f"/cases/{reference}/company"))
    assert "Waiting for you" in waiting
    assert "Whose move The company's" in waiting
    assert "And which carrier?" in waiting


def test_a_case_closed_for_no_reply_reads_so_to_the_company():
    assert words.for_company("withdrawn", "closed") == ("Withdrawn by you", "You can apply again at any time.")
    assert words.for_company("withdrawn", "closed", no_reply=True)[0] == "Closed, no answer"
    assert words.for_company("of_another_programme", "review")[0] == "We are working on your application"


def test_the_printed_file_holds_everything_open_and_says_when_by_whom_and_under_which_checkpoint(office):
    staff = b.people(office)
    reference = b.certified(office, staff)
    m.deliver(office)
    root = "9f2c40aa" + "0" * 56
    row = {"origin": office.origin, "size": 48_212, "root": root, "note": "a note", "signed_at": b.NOW}
    with office.database.transaction() as transaction:
        transaction.connection.execute(table_of(models.Checkpoint).insert(), row)
    page = officer(office).get(f"/cases/{reference}/print")
    text = w.words_of(page)
    assert f"{reference} · printed Mon 23 Nov 2026, 9:00, by Adeline Goh" in text
    assert "newest checkpoint 48,212 entries, root 9f2c40aa…" in text
    for part in ("Points for the decision", "Checklist", "Documents", "Visits", "Messages", "History, oldest first"):
        assert part in text
    assert "Held Mon 23 Nov 2026" in text
    assert "Certify: Validation to Certified" in text
    assert "<details" not in page.text
    assert " style=" not in page.text
    assert "<script" not in page.text


def test_names_cannot_become_markup_in_any_section(sqlite_office):
    reference = b.submit(sqlite_office, b.act(b.people(sqlite_office).officer), company_name=HOSTILE)
    browser = officer(sqlite_office)
    for section in SECTIONS:
        page = browser.get(f"/cases/{reference}/{section}")
        assert "<script>" not in page.text
        assert HOSTILE in unescape(page.text)


def test_another_portfolio_gets_what_an_absent_case_gives(office):
    reference = b.submit(office, b.act(b.people(office).officer))
    other = w.browser(office, b.another_person(office, "p-99", "Ong Kah Seng", "account_manager"))
    for section in SECTIONS:
        theirs, absent = other.get(f"/cases/{reference}/{section}"), other.get(f"/cases/STP-2026-999999/{section}")
        assert theirs.status_code == absent.status_code == 404
        assert w.words_of(theirs) == w.words_of(absent)


def test_sections_take_as_many_queries_for_a_long_case_as_for_a_short_one(office):
    staff = b.people(office)
    browser = officer(office)
    short, long = b.submit(office, b.act(staff.officer)), b.submit(office, b.act(staff.officer))
    for reference in (short, *[long] * 15):
        b.add(office, b.act(staff.officer), reference, "evidence")
        b.advance(office, b.act(staff.officer), reference, "start_review")
        m.queue(office, reference)

    def asked(reference, section):
        found = []
        listen = lambda *arguments: found.append(arguments[2])  # noqa: E731
        event.listen(office.database.reader, "before_cursor_execute", listen)
        assert browser.get(f"/cases/{reference}/{section}").status_code == 200
        event.remove(office.database.reader, "before_cursor_execute", listen)
        return len(found)

    asked(short, "clock")  # loads the editions
    for section in SECTIONS:
        assert asked(long, section) == asked(short, section)
