"""The whole work in a real browser: sign in, submit, review, be refused, recommend, certify, renew, export."""

import re
import subprocess

import journeys as j
import served
from journeys import PDF
from playwright.sync_api import expect
from served import AEO, APPROVER, AUDITOR, MANAGER, OFFICER, SECOND_OFFICER

BUDGET = 12  # presses from submission to certificate, beyond typing
KINDS = ("application form", "Self-Assessment Checklist", "BizFile report", "financial statements", "evidence")


def test_an_officer_signs_in_with_a_password_and_an_approver_with_a_code_too(doors, server):
    page = doors.window().new_page()
    served.sign_in(page, server.address, SECOND_OFFICER)
    assert page.url == f"{server.address}/work"
    expect(page.get_by_role("heading", level=1)).to_have_text("My work")

    page = doors.window().new_page()
    page.goto(f"{server.address}/approvals")
    assert "/sign-in?next=/approvals" in page.url
    code = served.code_on(page, served.THIRD_APPROVER)
    page.get_by_label("E-mail").fill(served.THIRD_APPROVER)
    page.get_by_label("Password").fill(served.PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Type your code")
    page.get_by_label("Code").fill("000000" if code != "000000" else "111111")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_focused()
    page.get_by_label("Code").fill(code)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Approvals")


def test_a_case_is_submitted_after_all_that_was_wrong_was_told_at_once(doors):
    desk = doors.desk(OFFICER)
    desk.open("/work")
    desk.press("Start a case for a company")
    desk.type("Company name", "Farlight Silo Pte. Ltd.")
    desk.type("UEN", "201890417X")
    desk.press("Start the case")
    expect(desk.page.get_by_role("alert")).to_be_focused()
    assert desk.page.title().startswith("Error: ")
    wrong = desk.page.get_by_role("alert").get_by_role("link")
    wrong.first.click()
    expect(desk.page.get_by_label("UEN", exact=True)).to_be_focused()
    expect(desk.page.get_by_label("Company name")).to_have_value("Farlight Silo Pte. Ltd.")
    desk.type("UEN", served.valid_uen(2018, 90417))
    desk.type("Contact e-mail", "trade@farlight.example")
    desk.press("Start the case")
    expect(desk.page.locator("h1")).to_have_text("Farlight Silo Pte. Ltd.")
    expect(desk.page.get_by_role("status")).to_be_focused()
    assert "Submitted" in desk.text


def test_a_blocked_action_says_why_who_can_help_and_leads_there(doors):
    desk = doors.desk(OFFICER)
    desk.open("/cases/STP-2026-000008")
    blocked = desk.page.locator("details.step").filter(has_text="Recommend certification")
    assert "Not yet: 1 of 13 rules unmet" in blocked.inner_text()
    assert "No on-site visit with a report is recorded" in blocked.inner_text()
    assert "You can do this." in blocked.inner_text()
    desk.press("Add the visit report")
    assert desk.path == "/cases/STP-2026-000008/visits/new"
    expect(desk.page.get_by_label("Report", exact=True)).to_be_visible()
    # Nothing is greyed out anywhere: a control that cannot be used yet explains itself.
    assert desk.page.locator("[disabled]").count() == 0


def test_who_recommended_a_case_is_told_that_somebody_else_decides_it(doors):
    desk = doors.desk(served.BOTH)
    case = "/cases/STP-PLUS-2026-000005"
    desk.open(case)
    desk.type("Reason", "Every criterion is met.")
    desk.press("Recommend certification", within="form")
    assert "With an approver" in desk.text
    desk.open(f"{case}/decide/certify")
    refusal = desk.page.locator("ul.unmet")
    assert "recommended" in refusal.inner_text()
    assert "Priya Nair" in desk.text
    assert desk.page.get_by_role("button", name="Issue certificate").count() == 0


def test_submission_to_certificate_takes_at_most_twelve_presses(doors):
    officer, approver = doors.desk(OFFICER), doors.desk(APPROVER)
    case = j.submission_to_certificate(officer, approver, served.COMPLETE["clicks"])
    officer.open(case)
    assert "Certified, first application" in officer.text
    assert officer.presses + approver.presses <= BUDGET


def test_answers_are_accepted_at_once_except_those_that_were_unticked(doors):
    desk = doors.desk(OFFICER)
    case = j.from_the_worklist(desk, served.COMPLETE["exceptions"])
    desk.press(re.compile("^Accept answers with evidence"))
    desk.page.get_by_role("checkbox", name=re.compile("^S3 ")).uncheck()
    desk.press("Accept the ticked answers")
    assert "23 answers are accepted" in desk.text
    desk.open(f"{case}/checklist?only=left")
    desk.press(re.compile("To assess"))
    desk.page.get_by_role("radio", name=re.compile("^With action")).check()
    desk.type("Note", "Visitor log on paper only.")
    desk.type("The action is due on", "soon")
    desk.press("Save")  # the last open answer, so there is no next one to go to
    assert "There is a problem" in desk.text
    expect(desk.page.get_by_label("Note")).to_have_value("Visitor log on paper only.")
    desk.type("The action is due on", "+60d")
    desk.press("Save")
    desk.press("Pass checklist")
    assert "Validation, first application" in desk.text


def test_a_certificate_is_renewed(doors):
    case, company = "/cases/STP-2024-000004", "Driftmark Distribution Pte. Ltd."
    manager, officer, approver = doors.desk(MANAGER), doors.desk(SECOND_OFFICER), doors.desk(APPROVER)
    manager.open(case)
    manager.press("Add the documents")
    kinds = manager.page.get_by_label("What they are").locator("option").all_inner_texts()
    for kind in KINDS:
        manager.choose("What they are", next(one for one in kinds if kind in one))
        manager.attach("Files", f"{kind.split()[0].lower()}.pdf", PDF + kind.encode())
        manager.press("Add documents")
    manager.open(case)
    manager.press("Accept renewal application")
    assert "Checklist review, renewal" in manager.text

    officer.open(f"{case}/checklist")
    taken_over = re.compile(r"^Take over \d+ answers? of the last cycle")
    while officer.page.get_by_role("button", name=taken_over).count():
        officer.press(taken_over)
    j.through_the_checklist(officer)
    j.through_validation(officer)
    j.decide(approver, company)
    officer.open(case)
    assert "Certified, renewal 1" in officer.text


def test_an_exported_trail_proves_itself_without_us(doors, tmp_path):
    desk = doors.desk(AUDITOR)
    desk.open("/trail")
    desk.choose("Export what is chosen as", "a bundle that proves itself (JSON Lines)")
    with desk.page.expect_download() as begun:
        desk.page.get_by_role("button", name="Export trail").click()
    bundle = tmp_path / "trail.jsonl"
    begun.value.save_as(bundle)
    checked = _verify(tmp_path, bundle)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    bundle.write_bytes(bundle.read_bytes().replace(b"Tan Wei Ming", b"Tan Wei Meng").replace(b'"yes"', b'"no"', 1))
    assert _verify(tmp_path, bundle).returncode != 0


def _verify(folder, bundle):
    command = [AEO, "audit", "verify", "--bundle", bundle]
    return subprocess.run(command, cwd=folder, env=served.environment(), check=False, capture_output=True, text=True)
