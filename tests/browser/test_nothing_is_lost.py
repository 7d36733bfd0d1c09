"""Two tabs, double presses, a session that ended, a server that is down: what was typed stays, nothing is done twice."""

import pytest
import served
from playwright.sync_api import Error, expect
from served import OFFICER, Doors, copy_of, serving

WHY = "The seal log of August has two pages that contradict each other; the company must explain them."


def test_a_stale_form_says_what_changed_and_keeps_the_text(doors):
    first, second = doors.desk(OFFICER), doors.desk(OFFICER)
    act = "/cases/STP-2026-000008/do/return_to_checklist"
    second.open(act)
    second.type("Reason", WHY)
    first.open("/cases/STP-2026-000008/assign")
    first.choose("Officer", "Siti Rahmah")
    first.press("Assign case")
    second.press("Return to checklist")
    assert "This case changed while you were working" in second.text
    expect(second.page.get_by_label("Reason", exact=True)).to_have_value(WHY)
    second.press("Send it again")
    assert "Checklist review, first application" in second.text


def test_reading_another_document_beside_a_decision_leaves_what_was_typed(doors):
    desk = doors.desk(served.APPROVER)
    desk.open("/cases/STP-2026-000004/decide/certify")
    desk.type("Reason, kept in the record", WHY)
    desk.page.get_by_role("link", name="application_form.pdf").click()
    expect(desk.page.locator(".preview iframe")).to_have_attribute("title", "application_form.pdf, version 1")
    desk.page.get_by_role("link", name="Next").click()
    expect(desk.page.get_by_text("You opened 2 of the 6 documents here.")).to_be_visible()
    expect(desk.page.get_by_role("link", name="Next")).to_be_focused()
    expect(desk.page.get_by_label("Reason, kept in the record")).to_have_value(WHY)


def test_a_double_press_sends_one_form(doors):
    desk = doors.desk(OFFICER)
    desk.open("/cases/STP-2026-000015")
    sent = []
    desk.page.on("request", lambda request: sent.append(request) if request.method == "POST" else None)
    desk.page.get_by_role("button", name="Claim and open").dblclick()
    expect(desk.page.get_by_role("status")).to_contain_text("The case is yours")
    assert len(sent) == 1
    assert desk.text.count("Assigned to Tan Wei Ming") == 1


def test_a_form_sent_after_the_session_ended_comes_back_filled_after_signing_in(doors):
    typing, elsewhere = doors.desk(served.SECOND_OFFICER), doors.desk(served.SECOND_OFFICER)
    typing.open("/cases/STP-PLUS-2026-000006/do/withdraw")
    typing.choose("Ground", "The company asked for it")
    typing.type("Reason, if you want to give one", WHY)
    elsewhere.open("/me")
    elsewhere.page.locator("details.me summary").click()
    elsewhere.press("Sign out", within="header")
    doors.forget(served.SECOND_OFFICER)

    typing.press("Record withdrawal")
    assert "You were signed out" in typing.text
    typing.press("Sign in and go on")
    typing.type("E-mail", served.SECOND_OFFICER)
    typing.type("Password", served.PASSWORD)
    typing.press("Sign in")
    assert "Send what you typed?" in typing.text
    expect(typing.page.get_by_label("Reason", exact=True)).to_have_value(WHY)
    typing.press("Send it")
    assert "Withdrawn" in typing.text


def test_a_form_sent_while_the_server_is_down_is_sent_again_by_the_browser(browser, loaded, tmp_path):
    with serving(copy_of(loaded, tmp_path / "office")) as server:
        doors = Doors(browser, server)
        desk = doors.desk(OFFICER)
        desk.open("/cases/STP-2026-000008/do/return_to_checklist")
        desk.type("Reason", WHY)
        server.stop()
        with pytest.raises(Error):
            desk.press("Return to checklist")
        server.start()
        desk.page.reload()
        assert WHY in desk.text
        doors.close()
