"""Lists of cases: whose move it is, by when, and what is done from a list."""

import csv
import io
from datetime import timedelta

import browsing as w
import builders as b
import pytest
from sqlalchemy import event

from workflow.operations.assign_application import assign_application
from workflow.reports import worklist
from workflow.reports.worklist import Wanted


@pytest.fixture
def cases(office):
    """One case in each group, of two officers."""
    staff = b.people(office)
    officer = b.act(staff.officer)
    names = {
        "new": b.submit(office, officer, company_name="Lanternreef Forwarding Pte. Ltd."),
        "overdue": b.in_validation(office, staff, now=b.NOW - timedelta(days=140), company_name="Saltfern Trading"),
        "later": b.in_validation(office, staff, company_name="Fathomleaf Air Cargo Pte. Ltd."),
        "held": b.certified(office, staff, company_name="Copperwake Terminals Pte. Ltd."),
        "ended": b.submit(office, officer, company_name="Tideglass Freight Pte. Ltd."),
    }
    b.done(b.advance(office, officer, names["ended"], "withdraw", reason_code="request"))
    return names


def assigned(office, staff, reference, to):
    return assign_application(office, reference=reference, to=b.email_of(to), act=b.act(staff.officer))


@pytest.mark.usefixtures("cases")
def test_the_list_stands_in_the_order_of_what_must_happen_next(office):
    browser = w.browser(office, b.people(office).officer)
    text = w.words_of(browser.get("/cases"))
    order = ["Overdue 1", "Saltfern", "Later 1", "Fathomleaf", "New 1", "Lanternreef", "Certificates 1", "Copperwake"]
    order += ["Ended 1", "Tideglass"]
    places = [text.index(one, text.index("What happens next")) for one in order]
    assert places == sorted(places)
    assert "5 cases: 1 overdue , 1 due later , 1 new , 1 with a certificate , 1 ended" in text


def test_each_view_shows_its_cases_and_their_number(office, cases):
    staff = b.people(office)
    browser = w.browser(office, staff.officer)
    b.done(assigned(office, staff, cases["new"], staff.officer))
    mine, free = browser.get("/work").text, browser.get("/work?view=unassigned").text
    assert cases["new"] in mine
    assert cases["later"] not in mine
    assert cases["later"] in free
    assert cases["new"] not in free
    assert "Unassigned 2" in w.words_of(browser.get("/work"))


def test_the_filter_for_overdue_cases_shows_what_the_list_calls_overdue(office, cases):
    staff = b.people(office)
    later = b.act(staff.officer, b.NOW + timedelta(days=30))
    browser = w.browser(office, staff.officer, now=later.now)
    b.submit(office, later)
    shown = browser.get("/work?view=team&due=overdue")
    assert "1 case: 1 overdue" in w.words_of(shown)
    assert cases["overdue"] in shown.text
    assert cases["new"] in browser.get("/work?view=team").text
    for soon in ("week", "month"):  # the day of receipt is no target
        assert cases["new"] not in browser.get(f"/work?view=team&due={soon}").text


@pytest.mark.parametrize("sought", ["fathom", "FATHOMLEAF cargo", "fáthom", "air-cargo", "air  fath"])
def test_a_search_finds_the_beginnings_of_words(office, cases, sought):
    browser = w.browser(office, b.people(office).officer)
    found = browser.get(f"/cases?find={sought}").text
    assert cases["later"] in found
    assert cases["new"] not in found


def test_a_search_finds_references_and_identifiers(office, cases):
    browser = w.browser(office, b.people(office).officer)
    with office.database.snapshot() as connection:
        shown = worklist.cases.show(
            connection, office, reference=cases["held"], viewer=b.people(office).officer, now=b.NOW
        )
    for sought in (cases["held"], cases["held"].rpartition("-")[2], shown["uen"], shown["uen"].lower()[:6]):
        assert cases["held"] in browser.get(f"/cases?find={sought}").text


@pytest.mark.usefixtures("cases")
def test_a_search_that_finds_nothing_says_what_to_do(office):
    browser = w.browser(office, b.people(office).officer)
    assert "No case in this list matches “quilhaven”" in w.words_of(browser.get("/work?find=quilhaven"))
    assert "search every case" in w.words_of(browser.get("/work?find=quilhaven"))


@pytest.mark.usefixtures("cases")
@pytest.mark.parametrize("sort", ["when", "company", "-company", "state", "-state", "received", "-received"])
def test_pages_go_through_the_whole_list_without_gaps(office, sort):
    staff = b.people(office)
    for days in (0, 30, 30):
        b.in_validation(office, staff, now=b.NOW - timedelta(days=days))
    seen: list[str] = []
    with office.database.snapshot() as connection:
        more = True
        while more:
            wanted = Wanted(view="all", sort=sort, after=seen[-1] if seen else "")
            rows, more = worklist.read(
                connection, office, viewer=staff.officer, wanted=wanted, now=b.NOW, today=b.TODAY, limit=2
            )
            seen += [row["reference"] for row in rows]
        every, _ = worklist.read(
            connection,
            office,
            viewer=staff.officer,
            wanted=Wanted(view="all", sort=sort),
            now=b.NOW,
            today=b.TODAY,
            limit=99,
        )
    assert seen == [row["reference"] for row in every]
    assert len(set(seen)) == 8


def test_a_list_takes_as_many_queries_for_many_cases_as_for_few(office):
    staff = b.people(office)
    b.certified(office, staff)
    browser = w.browser(office, staff.officer)

    def queries() -> int:
        found: list[str] = []
        listen = lambda *arguments: found.append(arguments[2])  # noqa: E731
        event.listen(office.database.reader, "before_cursor_execute", listen)
        assert browser.get("/work?view=team").status_code == 200
        event.remove(office.database.reader, "before_cursor_execute", listen)
        return len(found)

    queries()  # loads the editions
    few = queries()
    for _ in range(8):
        b.submit(office, b.act(staff.officer))
    assert queries() == few


def test_the_csv_holds_exactly_what_the_list_shows_and_runs_no_formula(office, cases):
    staff = b.people(office)
    name = '=HYPERLINK("x")'
    b.submit(office, b.act(staff.officer), company_name=name)
    answer = w.browser(office, staff.officer).get("/cases.csv?view=unassigned")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert {row["reference"] for row in rows} >= {cases["new"], cases["later"]}
    assert cases["held"] not in {row["reference"] for row in rows}
    assert "'" + name in {row["company_name"] for row in rows}


def test_cases_are_assigned_together_and_those_of_colleagues_are_left_out(office, cases):
    staff = b.people(office)
    browser = w.browser(office, staff.officer)
    b.done(assigned(office, staff, cases["later"], staff.second_officer))
    chosen = f"case={cases['new']}:1&case={cases['overdue']}:9&case={cases['later']}:9"
    listed = w.words_of(browser.get(f"/work/assign?{chosen}&to={b.email_of(staff.officer)}"))
    assert "Assign 2 cases to Adeline Goh" in listed
    assert "Left out: another officer has it" in listed
    form = {"case": [f"{cases['new']}:1", f"{cases['overdue']}:1"], "to": b.email_of(staff.officer)}
    told = w.words_of(browser.follow(browser.post("/work/assign", form)))
    assert "1 case assigned." in told
    assert f"Left out: {cases['overdue']}: Case {cases['overdue']} changed after you read it." in told


def test_own_cases_are_handed_on_and_the_way_leads_back_to_the_list(office, cases):
    staff = b.people(office)
    browser = w.browser(office, staff.officer)
    b.done(assigned(office, staff, cases["new"], staff.officer))
    assert 'name="list" value="/work?view=mine"' in browser.get("/work").text
    chosen = f"case={cases['new']}:2&list=%2Fwork%3Fview%3Dmine"
    undecided = browser.get(f"/work/assign?{chosen}")
    assert "No officer was chosen yet" in w.words_of(undecided)
    page = browser.get(f"/work/assign?{chosen}&to={b.email_of(staff.second_officer)}")
    text = w.words_of(page)
    assert "Assign 1 case to" in text
    assert "yours until now" in text
    assert "Left out" not in text
    assert '<a href="/work?view=mine">Back to the list</a>' in page.text
    form = w.fields_of(page, "/work/assign") | {"to": b.email_of(staff.second_officer)}
    answer = browser.post("/work/assign", form)
    assert answer.headers["location"] == "/work?view=mine"
    assert "1 case assigned." in w.words_of(browser.follow(answer))
    assert b.case_of(office, cases["new"])["assignee_id"] == staff.second_officer.id


def test_the_way_back_from_assigning_leads_to_no_other_site(office, cases):
    browser = w.browser(office, b.people(office).officer)
    for elsewhere in ("//evil.example", "https://evil.example"):
        assert "evil" not in browser.get(f"/work/assign?case={cases['new']}:1&list={elsewhere}").text


def test_without_an_officer_nothing_is_assigned_and_the_choice_is_kept(office, cases):
    browser = w.browser(office, b.people(office).officer)
    answer = browser.post("/work/assign", {"case": f"{cases['new']}:1", "to": ""})
    assert answer.status_code == 422
    assert "Choose the officer to whom the cases go." in w.words_of(answer)
    assert f"{cases['new']}:1" in answer.text


@pytest.mark.usefixtures("cases")
def test_a_view_is_kept_shown_shared_and_forgotten(office):
    staff = b.people(office)
    mine, other = w.browser(office, staff.officer), w.browser(office, staff.second_officer)
    mine.post("/work/views", {"name": "Late ones", "query": "view=team&due=overdue&evil=1", "shared": "yes"})
    mine.post("/work/views", {"name": "Only for me", "query": "view=team"})
    assert "Late ones" in mine.get("/work").text
    assert "/work?view=team&amp;due=overdue" in other.get("/work").text
    assert "Only for me" not in other.get("/work").text
    assert other.post("/work/views/1/forget").status_code == 404
    mine.post("/work/views/1/forget")
    assert "Late ones" not in other.get("/work").text


@pytest.mark.usefixtures("cases")
@pytest.mark.parametrize("name", ["", "x" * 300, "Ours"])
def test_a_view_that_cannot_be_kept_shows_the_list_with_the_field(office, name):
    browser = w.browser(office, b.people(office).officer)
    browser.post("/work/views", {"name": "Ours", "query": "view=unassigned"})
    answer = browser.post("/work/views", {"name": name, "query": "view=team&due=overdue", "shared": "yes"})
    assert answer.status_code == 422
    assert '<a href="#f-name">' in answer.text
    assert 'id="f-name-wrong"' in answer.text
    assert '<details class="keep" open>' in answer.text
    assert "Whole team" in w.words_of(answer)
    assert w.fields_of(answer, "/work/views") | {"csrf": "", "once": ""} == {
        "csrf": "",
        "once": "",
        "query": "view=team&due=overdue",
        "name": name,
        "shared": "yes",
    }


def test_a_view_that_is_sent_twice_is_kept_once(office):
    browser = w.browser(office, b.people(office).officer)
    for _ in range(2):
        browser.follow(browser.post("/work/views", {"name": "Ours", "query": "view=team"}))
    assert browser.get("/work").text.count("Forget the view Ours") == 1


def test_a_case_is_started_for_a_company_or_everything_wrong_is_said_at_once(office):
    staff = b.people(office)
    browser = w.browser(office, staff.officer)
    bad = {
        "programme": "STP",
        "uen": "20189041",
        "company_name": "Quillhaven",
        "contact_email": "nobody",
        "received_on": "3 27",
    }
    answer = browser.post("/cases/new", bad)
    text = w.words_of(answer)
    assert answer.status_code == 422
    assert "There is a problem" in text
    for sentence in ("is not a UEN", "is not an e-mail address", "Write day, month and year"):
        assert sentence in text
    assert 'value="Quillhaven"' in answer.text
    good = bad | {"uen": "201890417D", "contact_email": "jo@quillhaven.example", "received_on": "today", "once": "one"}
    first, again = browser.post("/cases/new", good), browser.post("/cases/new", good)
    assert first.headers["location"] == again.headers["location"] == "/cases/STP-2026-000001"
    assert "Quillhaven" in w.words_of(browser.follow(first))


@pytest.mark.parametrize("query", ["view=nowhere", "sort=colour", "due=soon", "after=STP-2026-999999"])
def test_an_address_that_no_list_knows_is_told_plainly(sqlite_office, query):
    answer = w.browser(sqlite_office, b.people(sqlite_office).officer).get(f"/work?{query}")
    assert answer.status_code in (400, 404)
    assert "Traceback" not in answer.text
