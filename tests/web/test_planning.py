"""Calendar, portfolio and team: what lies ahead, for whom, and under whose address."""

import csv
import io
import re
from datetime import timedelta

import browsing as w
import builders as b
import pytest
from icalendar import Calendar

from workflow.operations.assign_application import assign_application
from workflow.operations.sweep import sweep
from workflow.web.charts import bars, columns


@pytest.fixture
def held(office):
    """A certified case; its dates are known: it ends on 23 November 2029."""
    return b.certified(office, b.people(office), company_name="Copperwake Terminals Pte. Ltd.")


def test_a_month_shows_what_the_clock_will_do_and_public_holidays(office, held):
    browser = w.browser(office, b.people(office).officer)
    page = browser.get("/calendar?month=2029-11")
    text = w.words_of(page)
    assert "The certificate's last day is over: the case lapses by the clock itself Planned" in text
    assert "Ends Copperwake Terminals" in text
    assert f"/cases/{held}/clock" in page.text
    assert all(told in w.words_of(page) for told in ("7 days left", "Last day", "1 day after"))
    assert "Christmas Day" in w.words_of(browser.get("/calendar?month=2026-12"))
    assert "The clock owes nothing in this month" in w.words_of(browser.get("/calendar?month=2035-01"))
    assert browser.get("/calendar?month=13").status_code == 400


@pytest.mark.usefixtures("held")
def test_a_calendar_program_reads_an_address_until_it_is_revoked(office):
    staff = b.people(office)
    browser, program = w.browser(office, staff.account_manager), w.browser(office)
    page = browser.follow(browser.post("/calendar/address"))
    address = w.words_of(page).split("shown only now: ")[1].split()[0]
    assert address.startswith("https://localhost/calendar.ics?token=")
    read = program.get(address)
    assert read.headers["content-type"].startswith("text/calendar")
    summaries = [str(event["summary"]) for event in Calendar.from_ical(read.content).walk("VEVENT")]
    assert "lapse lapse: Copperwake Terminals Pte. Ltd." in summaries
    browser.post("/calendar/address")  # a new one
    assert program.get(address).status_code == 404
    newest = w.words_of(browser.follow(browser.post("/calendar/address"))).split("shown only now: ")[1].split()[0]
    browser.post("/calendar/address/revoke")
    assert program.get(newest).status_code == program.get("/calendar.ics?token=made-up").status_code == 404


@pytest.mark.usefixtures("held")
def test_an_address_opens_what_its_person_may_see_and_no_more(office):
    b.people(office)
    other = b.another_person(office, "p-99", "Ong Kah Seng", "account_manager")
    browser = w.browser(office, other)
    address = w.words_of(browser.follow(browser.post("/calendar/address"))).split("shown only now: ")[1].split()[0]
    assert b"VEVENT" not in w.browser(office).get(address).content


def test_a_portfolio_shows_what_waits_and_what_ends(office, held):
    staff = b.people(office)
    soon = w.browser(office, staff.account_manager, now=b.NOW + timedelta(days=3 * 365 - 60))
    text = w.words_of(soon.get("/portfolio"))
    assert "Portfolio of Dewi Lestari" in text
    assert "1 certificate" not in text.split("in the next 90 days")[0].split("Portfolio of")[0]
    assert "Copperwake Terminals" in text
    assert "in force" in text
    last = w.browser(office, staff.account_manager, now=b.NOW + timedelta(days=3 * 365 - 10))
    text = w.words_of(last.get("/portfolio"))
    assert "Lapse at the end of the last valid day" in text
    assert "while suspended" not in text
    other = b.another_person(office, "p-99", "Ong Kah Seng", "account_manager")
    assert "Copperwake" not in w.browser(office, other).get("/portfolio").text
    assert w.browser(office, staff.officer).get("/portfolio").status_code == 403
    assert held in w.browser(office, staff.supervisor, now=b.NOW + timedelta(days=3 * 365 - 60)).get("/portfolio").text


def test_an_absence_and_a_hand_over_are_recorded_or_the_form_comes_back(office, held):
    staff = b.people(office)
    other = b.another_person(office, "p-99", "Ong Kah Seng", "account_manager")
    browser = w.browser(office, staff.account_manager)
    bad = browser.post("/portfolio/absence", {"first": "1 dec 2026", "last": "3 27", "deputy": b.email_of(other)})
    assert bad.status_code == 422
    assert 'href="#f-last"' in bad.text
    assert 'value="1 dec 2026"' in bad.text
    form = {"first": "23 nov 2026", "last": "24 nov 2026", "deputy": b.email_of(other)}
    assert "Ong Kah Seng" in w.words_of(browser.follow(browser.post("/portfolio/absence", form)))
    assert w.browser(office, other).get(f"/cases/{held}").status_code == 200  # stands in today
    assert browser.post("/portfolio/hand-over", {"to": "", "note": "x"}).status_code == 422
    move = {"to": b.email_of(other), "note": "I move to another team."}
    assert "choose all of them" in w.words_of(browser.post("/portfolio/hand-over", move))
    assert browser.get(f"/cases/{held}").status_code == 200
    assert "All of them: 1 company" in w.words_of(browser.get("/portfolio"))
    browser.post("/portfolio/hand-over", move | {"which": "all"})
    assert browser.get(f"/cases/{held}").status_code == 404


@pytest.mark.parametrize("role", ["supervisor", "auditor"])
def test_every_figure_of_the_team_leads_to_a_list_that_its_reader_may_open(sqlite_office, role):
    browser = w.browser(sqlite_office, getattr(b.people(sqlite_office), role))
    led_to = set(re.findall(r'href="(/(?:work|cases)\?[^"]+)"', browser.get("/team").text))
    assert len(led_to) == 3
    for address in led_to:
        assert browser.get(address.replace("&amp;", "&")).status_code == 200


def test_the_team_sees_counts_as_charts_tables_and_csv(office):
    staff = b.people(office)
    b.in_validation(office, staff, now=b.NOW - timedelta(days=140))
    b.submit(office, b.act(staff.officer))
    browser = w.browser(office, staff.supervisor)
    text = w.words_of(browser.get("/team"))
    assert "2 open cases" in text
    assert "1 of 2 cases is over target; most in Validation" in text
    rows = list(csv.DictReader(io.StringIO(browser.get("/team/by_officer.csv").text)))
    assert rows == [{"name": "No officer yet", "count": "2", "late": "1"}]
    assert browser.get("/team/other.csv").status_code == 404
    assert w.browser(office, staff.officer).get("/team").status_code == 403


def test_the_figures_of_the_team_are_those_of_the_lists_that_they_open(office):
    staff = b.people(office)
    b.certified(office, staff, company_name="Copperwake Terminals Pte. Ltd.")
    late = b.in_validation(office, staff, now=b.NOW - timedelta(days=140))
    b.done(assign_application(office, reference=late, to=b.email_of(staff.officer), act=b.act(staff.officer)))
    b.submit(office, b.act(staff.officer))
    for day in (0, 3 * 365 - 60):  # then the renewal of the certificate is open, and the application is old
        browser = w.browser(office, staff.supervisor, now=b.NOW + timedelta(days=day))
        sweep(office, now=b.NOW + timedelta(days=day))
        text = w.words_of(browser.get("/team"))
        for noun, address in (("open case", "view=team"), ("over target", "view=team&due=overdue")):
            number = text.partition(f" {noun}")[0].rpartition(" ")[2]
            assert f"{number} case" in w.words_of(browser.get(f"/work?{address}")), (day, noun)


def test_a_name_under_a_column_stands_at_its_column():
    drawn = columns("Ends", [{"name": "Nov 2026", "count": 0}, {"name": "Dec 2026", "count": 3}])
    middle = re.search(r'<text x="(\d+)" y="\d+" text-anchor="middle">Nov 2026', drawn)[1]
    (bar,) = re.findall(r'<rect x="(\d+)"', drawn)
    assert int(middle) < int(bar)


def test_a_chart_names_what_it_shows_and_holds_no_markup_of_data():
    drawn = bars("Open cases", [{"name": "<b>Tan</b>", "count": 3, "late": 1}])
    assert 'role="img" aria-label="Open cases"' in drawn
    assert "&lt;b&gt;Tan" in drawn
    assert "3 (1 late)" in drawn
