"""The main journeys again, without scripts and by keyboard alone."""

import journeys as j
import served
from playwright.sync_api import expect
from served import APPROVER, OFFICER, Keys

WITHOUT_SCRIPTS = {"java_script_enabled": False}


def test_without_scripts_a_case_is_carried_to_its_certificate(doors):
    officer, approver = doors.desk(OFFICER, **WITHOUT_SCRIPTS), doors.desk(APPROVER, **WITHOUT_SCRIPTS)
    case = j.submission_to_certificate(officer, approver, served.COMPLETE["no scripts"])
    officer.open(case)
    assert "Certified, first application" in officer.text


def test_without_scripts_a_refusal_and_wrong_input_are_told_with_what_was_typed(doors):
    desk = doors.desk(OFFICER, **WITHOUT_SCRIPTS)
    desk.open("/cases/STP-2026-000008")
    assert "Not yet: 1 of 13 rules unmet" in desk.text
    desk.press("Add the visit report")
    desk.type("Day of the visit", "next week or so")
    desk.press("Save visit")
    expect(desk.page.get_by_label("Day of the visit")).to_have_value("next week or so")
    assert desk.page.get_by_role("alert").get_by_role("link").count() == 2  # the day, and the report that is missing


def test_without_scripts_a_double_press_does_nothing_twice(doors):
    desk = doors.desk(OFFICER, **WITHOUT_SCRIPTS)
    desk.open("/cases/STP-2026-000016")
    desk.page.get_by_role("button", name="Claim and open").dblclick()
    expect(desk.page.get_by_role("status")).to_be_visible()
    assert desk.text.count("Assigned to Tan Wei Ming") == 1


def test_by_keyboard_alone_somebody_signs_in_and_carries_a_case_to_its_certificate(doors, server):
    page = doors.window().new_page()
    page.goto(f"{server.address}/sign-in")
    keys = Keys(page, server.address)
    keys.type("E-mail", OFFICER)
    keys.type("Password", served.PASSWORD)
    keys.press("Sign in")
    assert keys.path == "/work"

    approver = doors.desk(APPROVER, Keys)
    case = j.submission_to_certificate(keys, approver, served.COMPLETE["keys"])
    keys.open(case)
    assert "Certified, first application" in keys.text


def test_by_keyboard_the_first_stop_skips_to_the_content_and_slash_finds(doors):
    desk = doors.desk(OFFICER, Keys)
    desk.open("/work")
    desk.page.keyboard.press("Tab")
    expect(desk.page.locator("a.skip")).to_be_focused()
    expect(desk.page.locator("a.skip")).to_be_in_viewport()
    desk.page.keyboard.press("Enter")
    expect(desk.page.locator("main")).to_be_focused()
    desk.page.keyboard.press("/")
    expect(desk.page.locator("#find-anywhere")).to_be_focused()


def test_by_keyboard_arrows_and_figures_assess_answers(doors):
    desk = doors.desk(OFFICER, Keys)
    desk.open("/cases/STP-2026-000012/checklist")
    cells = desk.page.locator("a.cell")
    cells.first.focus()
    desk.page.keyboard.press("ArrowDown")
    expect(cells.nth(1)).to_be_focused()
    with desk.page.expect_navigation():
        desk.page.keyboard.press("n")
    expect(desk.page.locator("#drawer-title")).to_be_focused()
    desk.page.keyboard.press("1")
    expect(desk.page.locator("input[name=assessment]").first).to_be_checked()
