"""The second pair of eyes in the console: the approvals list, the decision page, confirming and refusing single acts."""

from datetime import timedelta

import browsing as w
import builders as b
import pytest
from sqlalchemy import event

from workflow import models
from workflow.operations.assess_criterion import assess_criterion
from workflow.operations.recommend_outcome import recommend_outcome
from workflow.reports.acting import moment


@pytest.fixture(params=["sqlite_office", "postgresql_office"])
def office(request):
    return request.getfixturevalue(request.param)


def press(browser, page, action, **typed):
    return browser.post(action, w.fields_of(page, action) | typed)


def asked_to_confirm(office, staff):
    """A withdrawal counted from a day far back, which a second person confirms."""
    reference = b.submit(office, b.act(staff.officer))
    later = b.act(staff.officer, b.NOW + timedelta(days=20))
    b.done(b.advance(office, later, reference, "withdraw", reason_code="request", effective_on=b.TODAY))
    return reference, b.rows_of(office, models.Approval, status="open")[0]["id"]


class TestTheDecisionPage:
    def test_shows_points_evidence_and_what_will_follow(self, office):
        staff = b.people(office)
        reference = b.in_validation(office, staff)
        officer = b.act(staff.officer)
        due = b.TODAY + timedelta(days=95)
        found = {"criterion": "S10", "assessment": "action", "note": "Plan due in February.", "due_on": due}
        b.done(assess_criterion(office, reference=reference, act=officer, **found))
        b.visited_and_assessed(office, officer, reference, b.TODAY)
        b.done(recommend_outcome(office, reference=reference, outcome="certify", reason="Sound.", act=officer))
        text = w.words_of(w.browser(office, staff.approver).get(f"/cases/{reference}/decide/certify"))
        assert "1 of 24 criteria" in text
        assert "Adeline Goh recommends to certify: Sound." in text
        assert "Officer: met with action , due Fri 26 Feb 2027 . “Plan due in February.”" in text
        assert "You opened 0 of the 6 documents here. Choose one to read it here." in text
        assert "Premium, assessed Mon 23 Nov 2026" in text
        assert "Fri 23 Nov 2029 , end of day" in text
        assert "11 reminders" in text
        assert "rules met, four-eyes included" in text

    def test_says_how_many_answers_are_assessed_before_it_says_that_all_are_met(self, office):
        staff = b.people(office)
        officer, praise = b.act(staff.officer), "Every criterion is met without action"
        early = b.submit(office, officer)
        b.done(recommend_outcome(office, reference=early, outcome="reject", reason="No account.", act=officer))
        approver = w.browser(office, staff.approver)
        text = w.words_of(approver.get(f"/cases/{early}/decide/reject"))
        assert "0 of 24 answers are assessed." in text
        assert praise not in text
        ready = w.words_of(approver.get(f"/cases/{b.ready_to_certify(office, staff)}/decide/certify"))
        assert praise in ready
        assert "answers are assessed" not in ready

    def test_shows_the_chosen_document_beside_the_form_and_that_opens_it(self, office):
        staff = b.people(office)
        reference = b.ready_to_certify(office, staff)
        browser, address = w.browser(office, staff.approver), f"/cases/{reference}/decide/certify"
        ids = sorted(row["id"] for row in b.rows_of(office, models.Document))
        assert not w.Shape(browser.get(address).text).all("iframe")  # nothing is opened that nobody chose
        page = browser.get(f"{address}?document={ids[1]}")
        (frame,) = w.Shape(page.text).all("iframe")
        file = str(frame["src"]).partition("#")[0]
        assert file == f"/cases/{reference}/documents/{ids[1]}/file"
        assert f"2 of {len(ids)}" in w.words_of(page)
        assert f"You opened 1 of the {len(ids)} documents here." in w.words_of(page)
        turns = {
            one.get("rel"): one["href"] for one in w.Shape(page.text).all("a") if one.get("rel") in ("prev", "next")
        }
        assert turns == {
            "prev": f"{address}?document={ids[0]}#papers",
            "next": f"{address}?document={ids[2]}#papers",
        }
        browser.get(file)
        browser.get(file.replace(f"/{ids[1]}/", f"/{ids[2]}/"))
        assert f"You opened 2 of the {len(ids)} documents here." in w.words_of(browser.get(address))
        there = f"{address}?document={ids[2]}"
        bad = press(browser, browser.get(there), there, given_valid_from="1 27", reason="Sound.")
        assert f"/documents/{ids[2]}/file" in str(w.Shape(bad.text).all("iframe")[0]["src"])
        browser.follow(press(browser, bad, there, given_valid_from="", reason="Sound."))
        assert b.entries_of(office, reference)[-1]["detail"]["documents_opened"] == ids[1:3]

    @pytest.mark.parametrize("named", ["999999", "-1", "x", "%00", "9" * 30])
    def test_shows_no_document_that_is_not_among_the_evidence(self, office, named):
        staff = b.people(office)
        reference = b.ready_to_certify(office, staff)
        b.ready_to_certify(office, staff)
        page = w.browser(office, staff.approver).get(f"/cases/{reference}/decide/certify?document={named}")
        assert page.status_code == 200
        assert not w.Shape(page.text).all("iframe")

    def test_tells_the_very_dates_and_reminders_that_the_decision_then_makes(self, office):
        staff = b.people(office)
        reference = b.ready_to_certify(office, staff)
        browser, address = w.browser(office, staff.approver), f"/cases/{reference}/decide/certify"
        page = browser.get(address)
        browser.follow(press(browser, page, address, reason="Sound."))
        case = b.case_of(office, reference)
        assert f"{case['valid_until']:%a} {case['valid_until'].day} {case['valid_until']:%b %Y}" in w.words_of(page)
        planned = b.rows_of(office, models.PlannedAction, application_id=case["id"], status="planned")
        assert f"{sum(one['message'] is not None for one in planned)} reminders" in w.words_of(page)

    def test_issues_from_a_later_day_that_is_named(self, office):
        staff = b.people(office)
        reference = b.ready_to_certify(office, staff)
        browser, address = w.browser(office, staff.approver), f"/cases/{reference}/decide/certify"
        told = browser.follow(press(browser, browser.get(address), address, given_valid_from="1 dec 2026"))
        assert "The certificate is issued. STP-2026-000001 is now Certified" in w.words_of(told)
        assert str(b.case_of(office, reference)["valid_from"]) == "2026-12-01"

    def test_names_the_field_of_a_bad_day(self, office):
        staff = b.people(office)
        reference = b.ready_to_certify(office, staff)
        browser, address = w.browser(office, staff.approver), f"/cases/{reference}/decide/certify"
        for typed, told in (
            ("1 27", ""),
            ("1 1 2030", "The first day, Tue 1 Jan 2030, must lie between the decision day Mon 23 Nov 2026 and"),
        ):
            answer = press(browser, browser.get(address), address, given_valid_from=typed, reason="Sound.")
            assert answer.status_code == 422
            assert f'<a href="#f-given_valid_from">{told}' in answer.text
        assert "Sound.</textarea>" in answer.text

    def test_refuses_the_one_who_recommended_on_the_page_and_by_a_raw_post(self, office):
        staff = b.people(office)
        both = b.another_person(office, "p-50", "Lee Jia Hui", "officer", "approver")
        reference = b.in_validation(office, staff)
        b.visited_and_assessed(office, b.act(staff.officer), reference, b.TODAY)
        b.done(recommend_outcome(office, reference=reference, outcome="certify", reason="Sound.", act=b.act(both)))
        browser, address = w.browser(office, both), f"/cases/{reference}/decide/certify"
        page = browser.get(address)
        assert "You recommended this case, so someone else must decide it. Chen Wei Ling can." in w.words_of(page)
        assert "Issue certificate</button>" not in page.text
        raw = browser.post(address)
        assert raw.status_code == 409
        assert 'data-code="FOUR_EYES"' in raw.text
        assert b.case_of(office, reference)["state"] == "validation"
        listed = w.words_of(browser.get("/approvals"))
        assert listed.index("Somebody else decides") < listed.index("Quillhaven") < listed.index("Chen Wei Ling can.")

    def test_sends_a_case_back_to_its_officer(self, office):
        staff = b.people(office)
        reference = b.ready_to_certify(office, staff)
        browser = w.browser(office, staff.approver)
        page = browser.get(f"/cases/{reference}/decide/certify")
        assert "Return to Adeline Goh" in w.words_of(page)
        browser.follow(press(browser, page, f"/cases/{reference}/do/return_to_checklist", reason="Seal log, Jurong."))
        assert b.case_of(office, reference)["state"] == "checklist_review"

    def test_rejects_with_a_ground_and_a_reason(self, office):
        staff = b.people(office)
        reference = b.in_validation(office, staff)
        officer = w.browser(office, staff.officer)
        address = f"/cases/{reference}/recommend/reject"
        officer.follow(press(officer, officer.get(address), address, reason="The premises are open to everybody."))
        browser, address = w.browser(office, staff.approver), f"/cases/{reference}/decide/reject"
        page = browser.get(address)
        assert 'class="button danger">Reject application' in page.text
        empty = press(browser, page, address)
        assert '<a href="#f-reason">' in empty.text
        assert '<a href="#f-reason_code">' in empty.text
        typed = {"reason_code": "criteria_not_met", "reason": "Premises are open to everybody."}
        browser.follow(press(browser, empty, address, **typed))
        assert b.case_of(office, reference)["state"] == "rejected"

    def test_suspends_at_once_in_an_emergency_and_a_second_approver_confirms(self, office):
        staff = b.people(office)
        other = b.another_person(office, "p-51", "Lim Boon Kiat", "approver")
        reference = b.certified(office, staff)
        browser, address = w.browser(office, staff.approver), f"/cases/{reference}/decide/suspend"
        page = browser.get(address)
        assert "Nobody has recommended to suspend this case." in w.words_of(page)
        browser.follow(press(browser, page, address, reason="A trailer with a false wall."))
        assert b.case_of(office, reference)["state"] == "suspended"
        number = b.rows_of(office, models.Approval, status="open")[0]["id"]
        assert "You asked for this yourself" in w.words_of(browser.get("/approvals"))
        second = w.browser(office, other)
        refused = press(second, second.get("/approvals"), f"/approvals/{number}/refuse", reason="A mix-up.")
        second.follow(refused)
        assert b.case_of(office, reference)["state"] == "certified"

    def test_leads_to_the_plain_page_for_what_nobody_recommends(self, office):
        staff = b.people(office)
        reference = b.submit(office, b.act(staff.officer))
        answer = w.browser(office, staff.officer).get(f"/cases/{reference}/decide/withdraw")
        assert answer.headers["location"] == f"/cases/{reference}/do/withdraw"


def test_a_recommendation_is_done_with_once_it_was_followed_from_an_earlier_day(office):
    staff, now = b.people(office), b.NOW + timedelta(days=20)
    reference = b.certified(office, staff)
    extension = {"reference": reference, "outcome": "extend", "reason": "The visit was put off."}
    b.done(recommend_outcome(office, act=b.act(staff.officer, now), **extension))

    def open_one():
        with office.database.snapshot() as connection:
            return moment(connection, office, reference=reference, viewer=staff.approver, now=now).recommendation

    assert open_one()["outcome"] == "extend"
    given = {"valid_until": b.TODAY.replace(year=b.TODAY.year + 4).isoformat()}
    earlier = b.local_today(now - timedelta(days=2))
    decided = {"given": given, "effective_on": earlier, "reason": "Put off."}
    b.done(b.advance(office, b.act(staff.approver, now + timedelta(hours=1)), reference, "extend", **decided))
    assert open_one() is None


class TestTheApprovals:
    def test_are_empty_in_words(self, office):
        staff = b.people(office)
        assert "No case waits for a second person." in w.words_of(w.browser(office, staff.approver).get("/approvals"))

    def test_open_for_approvers_and_supervisors_alone(self, office):
        staff = b.people(office)
        assert w.browser(office, staff.officer).get("/approvals").status_code == 403
        assert w.browser(office, staff.supervisor).get("/approvals").status_code == 200

    def test_are_grouped_by_whether_one_can_decide(self, office):
        staff = b.people(office)
        ready = b.ready_to_certify(office, staff, company_name="Fathomleaf Air Cargo Pte. Ltd.")
        stale = b.ready_to_certify(office, staff, company_name="Saltfern Trading Pte. Ltd.")
        b.add(office, b.act(staff.officer), stale, "evidence")
        page = w.browser(office, staff.approver).get("/approvals")
        text = w.words_of(page)
        order = ["You can decide 1", "Fathomleaf", "Not yet 1", "Saltfern", "The facts changed after Adeline Goh"]
        assert [text.index(one) for one in order] == sorted(text.index(one) for one in order)
        assert f'href="/cases/{ready}/decide/certify"' in page.text

    def test_take_as_many_queries_for_many_cases_as_for_few(self, office):
        staff = b.people(office)
        for _ in range(2):
            b.ready_to_certify(office, staff)
        browser = w.browser(office, staff.approver)

        def queries():
            found = []
            listen = lambda *arguments: found.append(arguments[2])  # noqa: E731
            event.listen(office.database.reader, "before_cursor_execute", listen)
            assert browser.get("/approvals").status_code == 200
            event.remove(office.database.reader, "before_cursor_execute", listen)
            return len(found)

        queries()
        few = queries()
        for _ in range(3):
            b.ready_to_certify(office, staff)
        assert queries() == few

    def test_confirm_what_another_asked_for(self, office):
        staff = b.people(office)
        reference, number = asked_to_confirm(office, staff)
        browser = w.browser(office, staff.supervisor, now=b.NOW + timedelta(days=20))
        page = browser.get("/approvals")
        assert "Record the withdrawal, counted from Mon 23 Nov 2026" in w.words_of(page)
        assert "Asked by Adeline Goh" in w.words_of(page)
        browser.follow(press(browser, page, f"/approvals/{number}/confirm"))
        assert b.case_of(office, reference)["state"] == "withdrawn"
        again = press(browser, page, f"/approvals/{number}/confirm")
        assert again.status_code == 422
        assert "was confirmed already" in w.words_of(again)

    def test_refuse_with_a_reason_only(self, office):
        staff = b.people(office)
        reference, number = asked_to_confirm(office, staff)
        browser, address = w.browser(office, staff.approver), f"/approvals/{number}/refuse"
        empty = press(browser, browser.get("/approvals"), address)
        assert empty.status_code == 422
        assert '<a href="#f-reason">' in empty.text
        browser.follow(press(browser, empty, address, reason="The letter is dated in December."))
        assert b.case_of(office, reference)["state"] == "submitted"
        assert b.rows_of(office, models.Approval)[0]["status"] == "refused"

    def test_refuse_the_one_who_asked(self, office):
        b.people(office)
        both = b.another_person(office, "p-52", "Ravi Menon", "officer", "supervisor")
        reference = b.submit(office, b.act(both))
        later = b.NOW + timedelta(days=20)
        b.done(
            b.advance(office, b.act(both, later), reference, "withdraw", reason_code="request", effective_on=b.TODAY)
        )
        number = b.rows_of(office, models.Approval, status="open")[0]["id"]
        answer = w.browser(office, both, now=later).post(f"/approvals/{number}/confirm")
        assert answer.status_code == 409
        assert 'data-code="FOUR_EYES"' in answer.text
        assert b.case_of(office, reference)["state"] == "submitted"
