"""People and companies as pages."""

import re
from datetime import date

import browsing as w
import builders as b
import pytest

from workflow.operations.assign_application import assign_application


@pytest.fixture
def admin(office):
    b.people(office)
    return b.another_person(office, "p-90", "Rosnah Yusof", "admin")


def ticked(answer):
    boxes = [one for one in w.Shape(answer.text).all("input") if one.get("name") == "role"]
    return [one["value"] for one in boxes if "checked" in one]


def test_a_person_is_added_and_given_other_roles(office, admin):
    browser = w.browser(office, admin)
    bad = browser.post("/people", {"name": "Lee Jia Hui", "email": "nobody", "role": ["officer", "approver"]})
    assert bad.status_code == 422
    assert 'value="Lee Jia Hui"' in bad.text
    assert ticked(bad) == ["officer", "approver"]
    made = browser.post("/people", {"name": "Lee Jia Hui", "email": "lee@customs.example", "role": "officer"})
    page = browser.follow(made)
    assert "Lee Jia Hui has an account as an officer." in w.words_of(page)
    address = made.headers["location"]
    told = w.words_of(browser.follow(browser.post(f"{address}/roles", {"role": ["officer", "approver"]})))
    assert "Lee Jia Hui is an approver and an officer now." in told
    clash = browser.post(f"{address}/roles", {"role": ["officer", "admin"]})
    assert clash.status_code == 422
    assert "admin" in w.words_of(clash)
    assert ticked(clash) == ["officer", "admin"]


def test_an_account_that_holds_cases_ends_with_a_hand_over(office, admin):
    staff = b.people(office)
    b.submit(office, b.act(staff.officer))
    browser = w.browser(office, admin)
    manager = staff.account_manager.id
    refused = browser.post(f"/people/{manager}/disable")
    assert refused.status_code == 422
    assert "still looks after" in w.words_of(refused)
    other = b.another_person(office, "p-99", "Ong Kah Seng", "account_manager")
    told = w.words_of(browser.follow(browser.post(f"/people/{manager}/disable", {"successor": b.email_of(other)})))
    assert "The account of Dewi Lestari is disabled. Ong Kah Seng takes over" in told
    assert "account disabled" in told


def test_passwords_and_absences_are_recorded(office, admin):
    staff = b.people(office)
    browser = w.browser(office, admin)
    officer = staff.officer.id
    short = browser.post(f"/people/{officer}/password", {"password": "short"})
    assert short.status_code == 422
    assert "short" not in short.text.replace("short ", "")
    assert "<details open><summary>Set a password" in short.text
    assert "<details><summary>Record an absence" in short.text
    assert 'id="f-password-wrong"' in short.text
    browser.post(f"/people/{officer}/password", {"password": "a harbour full of ledgers"})
    form = {"first": "1 dec 2026", "last": "4 dec 2026", "deputy": b.email_of(staff.second_officer)}
    told = w.words_of(browser.follow(browser.post(f"/people/{officer}/absence", form)))
    assert "Tue 1 Dec 2026 to Fri 4 Dec 2026 deputy Bala Krishnan" in told
    assert "Password Set" in told


def test_auditors_read_people_and_change_nothing(office, admin):
    staff = b.people(office)
    browser = w.browser(office, staff.auditor)
    page = browser.get(f"/people/{staff.officer.id}")
    assert page.status_code == 200
    assert "Disable the account" not in page.text
    for path, form in (("roles", {"role": "admin"}), ("disable", {}), ("password", {"password": "x" * 20})):
        assert browser.post(f"/people/{staff.officer.id}/{path}", form).status_code == 403
    assert browser.get("/people/p-nobody").status_code == 404
    assert w.browser(office, staff.officer).get("/people").status_code == 403
    assert "Rosnah Yusof" in browser.get("/people").text
    assert admin.name == "Rosnah Yusof"


def options(page, name):
    """Return the words of a choice, without the one that chooses nobody."""
    (found,) = re.findall(rf'<select[^>]* name="{name}".*?</select>', page.text, re.DOTALL)
    return re.findall(r"<option[^>]*>([^<]+)", found)[1:]


def test_only_those_who_can_are_offered_as_deputies_and_successors(office, admin):
    staff = b.people(office)
    reference = b.submit(office, b.act(staff.officer))
    b.done(assign_application(office, reference=reference, to=b.email_of(staff.officer), act=b.act(staff.officer)))
    page = w.browser(office, admin).get(f"/people/{staff.officer.id}")
    assert options(page, "deputy") == options(page, "successor") == ["Bala Krishnan"]
    own = w.browser(office, staff.supervisor).get("/portfolio")
    assert options(own, "deputy") == []
    of_manager = w.browser(office, staff.supervisor).get(f"/portfolio?manager={b.email_of(staff.account_manager)}")
    assert "Adeline Goh" not in options(of_manager, "deputy")


def test_a_company_is_found_and_shown_to_those_who_may_see_it(office):
    staff = b.people(office)
    reference = b.certified(office, staff, company_name="Copperwake Terminals Pte. Ltd.")
    browser = w.browser(office, staff.officer)
    listed = browser.get("/companies?find=copperw")
    assert "Copperwake Terminals" in listed.text
    assert "No company you can see matches" in w.words_of(browser.get("/companies?find=%25"))
    uen = listed.text.split("/companies/")[1].split('"')[0]
    page = browser.get(f"/companies/{uen}")
    assert reference in page.text
    assert "account manager Dewi Lestari" in w.words_of(page)
    assert "Premium, assessed Mon 23 Nov 2026 , holds to Fri 23 Nov 2029" in w.words_of(page)
    later = w.browser(office, staff.officer, now=b.morning_of(date(2030, 2, 1)))
    assert ", ended on Fri 23 Nov 2029" in w.words_of(later.get(f"/companies/{uen}"))
    other = w.browser(office, b.another_person(office, "p-99", "Ong Kah Seng", "account_manager"))
    assert other.get(f"/companies/{uen}").status_code == other.get("/companies/NONE").status_code == 404
    assert "Copperwake" not in other.get("/companies").text
