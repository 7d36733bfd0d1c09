"""Acting on a case in the console: what is offered, what is explained, what a press does, and that nothing typed is lost."""

from datetime import timedelta

import browsing as w
import builders as b
import pytest
from sqlalchemy import event

from workflow import models
from workflow.operations.record_visit import record_visit


@pytest.fixture(params=["sqlite_office", "postgresql_office"])
def office(request):
    return request.getfixturevalue(request.param)


def panel(answer):
    """Return what the Next step panel says."""
    text = w.words_of(answer)
    return text[text.index("Next step") : text.index("What the clock will do")]


def press(browser, page, action, **typed):
    """Send a form of a page as it was printed, with what is typed into it."""
    return browser.post(action, w.fields_of(page, action) | typed)


def with_pack(office, staff):
    """A case whose pack is complete and that nobody has claimed."""
    reference = b.submit(office, b.act(staff.officer))
    b.complete_pack(office, b.act(staff.officer), reference)
    return reference


class TestTheNextStep:
    def test_of_a_case_that_nobody_has_is_to_claim_it(self, office):
        staff = b.people(office)
        reference = with_pack(office, staff)
        browser = w.browser(office, staff.officer)
        page = browser.get(f"/cases/{reference}")
        assert "No officer has this case yet. Claim and open" in panel(page)
        mine = browser.follow(press(browser, page, f"/cases/{reference}/claim"))
        assert "The case is yours." in w.words_of(mine)
        again = browser.follow(press(browser, page, f"/cases/{reference}/claim"))
        assert "Already done: the case is yours. Nothing was done." in w.words_of(again)
        assert b.case_of(office, reference)["assignee_id"] == staff.officer.id
        assert "waits for you" in panel(mine)

    def test_is_claimed_by_the_first_of_two_alone(self, office):
        staff = b.people(office)
        reference = with_pack(office, staff)
        first, second = (w.browser(office, person) for person in (staff.officer, staff.second_officer))
        pages = [one.get(f"/cases/{reference}") for one in (first, second)]
        first.follow(press(first, pages[0], f"/cases/{reference}/claim"))
        late = second.follow(press(second, pages[1], f"/cases/{reference}/claim"))
        assert "Adeline Goh has this case already. Nothing was done." in w.words_of(late)
        assert b.case_of(office, reference)["assignee_id"] == staff.officer.id

    def test_that_is_allowed_and_asks_nothing_is_its_own_button(self, office):
        staff = b.people(office)
        reference = with_pack(office, staff)
        browser = w.browser(office, staff.officer)
        done = browser.follow(press(browser, browser.get(f"/cases/{reference}"), f"/cases/{reference}/do/start_review"))
        assert "The review has begun. " in w.words_of(done)
        assert b.case_of(office, reference)["state"] == "checklist_review"

    def test_that_is_blocked_lists_every_rule_with_who_and_where(self, office):
        staff = b.people(office)
        reference = b.submit(office, b.act(staff.officer))
        page = w.browser(office, staff.officer).get(f"/cases/{reference}")
        text = panel(page)
        assert "Start review Not yet: 1 of 2 rules unmet" in text
        assert "4 required documents are missing" in text
        assert "You can do this. Add the documents" in text
        links = [one["href"] for one in w.Shape(page.text).all("a")]
        assert f"/cases/{reference}/documents" in links
        assert f'action="/cases/{reference}/do/start_review"' not in page.text  # no dead control
        assert " disabled" not in page.text

    def test_gives_one_control_alone_the_look_of_the_main_one(self, office):
        staff = b.people(office)
        for reference in (with_pack(office, staff), b.in_validation(office, staff), b.certified(office, staff)):
            page = w.browser(office, staff.officer).get(f"/cases/{reference}")
            assert page.text.count("button primary") <= 1

    def test_says_who_can_where_a_role_cannot(self, office):
        staff = b.people(office)
        reference = with_pack(office, staff)
        manager = panel(w.browser(office, staff.account_manager).get(f"/cases/{reference}"))
        auditor = panel(w.browser(office, staff.auditor).get(f"/cases/{reference}"))
        assert "You can read and export. Officers decide." in auditor
        assert "You can read and export. Officers decide." in manager
        approver = panel(w.browser(office, staff.approver).get(f"/cases/{reference}"))
        assert "Start review : Adeline Goh or Bala Krishnan can." in approver

    def test_of_a_stopped_case_says_who_is_waited_for_and_until_when(self, office):
        staff = b.people(office)
        reference = b.in_validation(office, staff)
        given = {"reply_by": (b.TODAY + timedelta(days=17)).isoformat()}
        b.done(
            b.advance(
                office, b.act(staff.officer), reference, "request_information", reason="Where is the log?", given=given
            )
        )
        text = panel(w.browser(office, staff.officer).get(f"/cases/{reference}"))
        assert "Waits for the company: answers to 1 question are due by Thu 10 Dec 2026." in text
        assert "Record an answer that came by mail" in text

    def test_of_a_recommended_case_names_the_approvers(self, office):
        staff = b.people(office)
        reference = b.ready_to_certify(office, staff)
        text = panel(w.browser(office, staff.second_officer).get(f"/cases/{reference}"))
        assert "With an approver since Mon 23 Nov 2026: Adeline Goh recommended to certify." in text
        assert "Chen Wei Ling can." in text
        approver = w.browser(office, staff.approver).get(f"/cases/{reference}")
        assert f'href="/cases/{reference}/decide/certify">Issue certificate…' in approver.text

    def test_of_a_certified_case_shows_the_certificate(self, office):
        staff = b.people(office)
        reference = b.certified(office, staff)
        text = panel(w.browser(office, staff.officer).get(f"/cases/{reference}"))
        assert "STP-2026-C00001 In force to Fri 23 Nov 2029" in text
        assert "Recommend suspension…" in text  # under other decisions

    def test_takes_as_many_queries_for_a_large_case_as_for_a_small_one(self, office):
        staff = b.people(office)
        small, large = b.submit(office, b.act(staff.officer)), b.ready_to_certify(office, staff)

        def queries(reference):
            found = []
            listen = lambda *arguments: found.append(arguments[2])  # noqa: E731
            event.listen(office.database.reader, "before_cursor_execute", listen)
            assert w.browser(office, staff.officer).get(f"/cases/{reference}").status_code == 200
            event.remove(office.database.reader, "before_cursor_execute", listen)
            return len(found)

        queries(small)  # loads the editions
        assert queries(large) <= queries(small)


class TestWhereARuleIsMet:
    def test_an_account_manager_is_named_on_the_form_that_names_one(self, office):
        staff = b.people(office)
        reference = b.submit(office, b.act(staff.officer), account_manager="")
        b.complete_pack(office, b.act(staff.officer), reference)
        b.done(b.advance(office, b.act(staff.officer), reference, "start_review"))
        browser = w.browser(office, staff.officer)
        page = browser.get(f"/cases/{reference}")
        links = [str(one["href"]) for one in w.Shape(page.text).all("a") if str(one.get("href")).endswith("#manager")]
        place, _, anchor = links[0].partition("#")
        there = browser.get(place)
        assert f'id="{anchor}"' in there.text
        assert w.fields_of(there, f"{place}/account-manager")


class TestThePageOfAnAction:
    def test_says_what_changes_and_who_is_told(self, office):
        staff = b.people(office)
        reference = b.submit(office, b.act(staff.officer), contact_email="jo@quillhaven.example")
        text = w.words_of(w.browser(office, staff.officer).get(f"/cases/{reference}/do/withdraw"))
        assert "Submitted to Withdrawn" in text
        assert "The company: jo@quillhaven.example application withdrawn" in text

    def test_of_a_grave_act_has_a_button_that_looks_it(self, office):
        staff = b.people(office)
        reference = b.submit(office, b.act(staff.officer))
        page = w.browser(office, staff.officer).get(f"/cases/{reference}/do/withdraw")
        assert 'class="button danger">Record withdrawal' in page.text

    def test_is_there_for_every_trigger_of_the_programme(self, office):
        staff = b.people(office)
        browser = w.browser(office, b.another_person(office, "p-77", "Everybody", "officer", "approver", "supervisor"))
        with office.database.snapshot() as connection:
            triggers = office.editions.newest(connection, "STP").programme.triggers
        for reference in (b.submit(office, b.act(staff.officer)), b.certified(office, staff)):
            for trigger in triggers:
                page = browser.get(f"/cases/{reference}/do/{trigger}")
                page = browser.follow(page) if page.status_code == 303 else page
                assert page.status_code == 200, trigger
        assert browser.get(f"/cases/{reference}/do/nonsense").status_code == 404

    def test_asks_the_company_with_a_day_as_people_write_it(self, office):
        staff = b.people(office)
        reference = b.in_validation(office, staff)
        browser, address = w.browser(office, staff.officer), f"/cases/{reference}/do/request_information"
        page = browser.get(address)
        told = browser.follow(press(browser, page, address, reason="Where is the log?", given_reply_by="10 dec 2026"))
        assert f"The question is put to the company. {reference} is now Awaiting" in w.words_of(told)
        assert str(b.case_of(office, reference)["deadline"]) == "2026-12-10"

    def test_names_the_field_of_a_bad_date_and_keeps_the_rest(self, office):
        staff = b.people(office)
        reference = b.in_validation(office, staff)
        browser, address = w.browser(office, staff.officer), f"/cases/{reference}/do/request_information"
        before = b.everything(office)
        typed = {"reason": "Where is the log?", "given_reply_by": "3 27", "effective_on": "soon"}
        answer = press(browser, browser.get(address), address, **typed)
        assert answer.status_code == 422
        assert '<a href="#f-given_reply_by">' in answer.text
        assert '<a href="#f-effective_on">' in answer.text  # everything that is wrong at once
        assert "Where is the log?</textarea>" in answer.text
        assert 'value="3 27"' in answer.text
        assert b.everything(office) == before

    def test_points_to_what_was_left_empty_before_a_rule_refuses_on_record(self, office):
        staff = b.people(office)
        reference = b.in_validation(office, staff)
        browser, before = w.browser(office, staff.officer), b.everything(office)
        for trigger, wrong in (
            ("request_information", '<a href="#f-reason">The question is empty. Write it.'),
            ("return_to_checklist", '<a href="#f-reason">The reason is empty. Write it.'),
            ("withdraw", '<a href="#f-reason_code">Choose the ground.'),
        ):
            address = f"/cases/{reference}/do/{trigger}"
            answer = press(browser, browser.get(address), address, reason=" ")
            assert (answer.status_code, wrong in answer.text) == (422, True), trigger
        assert b.everything(office) == before

    def test_refuses_a_day_for_the_answer_that_is_past_or_far_off(self, office):
        staff = b.people(office)
        reference = b.in_validation(office, staff)
        browser, address = w.browser(office, staff.officer), f"/cases/{reference}/do/request_information"
        before = b.everything(office)
        for typed, said in (
            ("1 1 2020", "The answer would be due on Wed 1 Jan 2020, which is past; today is Mon 23 Nov 2026."),
            ("1 1 2099", "The day by which to answer, Thu 1 Jan 2099, is more than ten years ahead."),
        ):
            answer = press(browser, browser.get(address), address, reason="Where?", given_reply_by=typed)
            assert answer.status_code == 422
            assert f'<a href="#f-given_reply_by">{said}' in answer.text
        assert b.everything(office) == before

    def test_keeps_the_text_when_the_case_changed_meanwhile(self, office):
        staff = b.people(office)
        reference = b.in_validation(office, staff)
        browser, address = w.browser(office, staff.officer), f"/cases/{reference}/do/return_to_checklist"
        page = browser.get(address)
        b.add(office, b.act(staff.second_officer), reference, "evidence")
        stale = press(browser, page, address, reason="The seal log of Jurong is missing.")
        assert stale.status_code == 409
        assert "This case changed while you were working" in w.words_of(stale)
        assert "The seal log of Jurong is missing.</textarea>" in stale.text
        told = w.words_of(stale)
        assert f"Not saved: Return to checklist, {reference}" in told
        assert f"{staff.second_officer.name} , Mon 23 Nov 2026, 9:00 : Document added: " in told
        assert b.case_of(office, reference)["state"] == "validation"
        again = browser.follow(press(browser, stale, address, reason="The seal log of Jurong is missing."))
        assert "The case is back at the checklist. " in w.words_of(again)

    def test_of_two_who_decide_the_second_reads_who_decided_and_keeps_the_reason(self, office):
        staff = b.people(office)
        reference = b.ready_to_certify(office, staff)
        browser, address = w.browser(office, staff.approver), f"/cases/{reference}/decide/certify"
        page = browser.get(address)
        first = b.another_person(office, "p-50", "Devika Rao", "approver")
        b.done(b.advance(office, b.act(first), reference, "certify", reason="Sound."))
        late, unversioned = {"reason": "All of it is sound."}, w.fields_of(page, address)
        unversioned.pop("version")
        for answer in (press(browser, page, address, **late), browser.post(address, unversioned | late)):
            told = w.words_of(answer)
            assert answer.status_code == 409
            assert "Devika Rao did this on Mon 23 Nov 2026, 9:00" in told
            assert "the case is now Certified. Nothing is left to do." in told
            assert "All of it is sound." in told
            assert "Who can meet it" not in told
            assert "Send it again" not in told
            assert f'href="/cases/{reference}">Open the case' in answer.text

    def test_without_a_text_claims_no_text_below(self, office):
        staff = b.people(office)
        reference = with_pack(office, staff)
        browser, address = w.browser(office, staff.officer), f"/cases/{reference}/do/start_review"
        page = browser.get(f"/cases/{reference}")
        b.add(office, b.act(staff.second_officer), reference, "evidence")
        told = w.words_of(press(browser, page, address))
        assert f"Not saved: Start review, {reference}" in told
        assert "kept below" not in told

    def test_pressed_twice_does_nothing_twice_and_says_so(self, office):
        staff = b.people(office)
        reference = with_pack(office, staff)
        browser, address = w.browser(office, staff.officer), f"/cases/{reference}/do/start_review"
        page = browser.get(f"/cases/{reference}")
        browser.follow(press(browser, page, address))
        after = b.everything(office)
        again = browser.follow(press(browser, page, address))
        assert "Already done on Mon 23 Nov 2026, 9:00. Nothing was done twice." in w.words_of(again)
        assert b.everything(office) == after

    def test_says_when_a_second_person_must_confirm(self, office):
        staff = b.people(office)
        reference = with_pack(office, staff)
        later = b.NOW + timedelta(days=20)
        browser, address = w.browser(office, staff.officer, now=later), f"/cases/{reference}/do/start_review"
        told = browser.follow(press(browser, browser.get(address), address, effective_on="23 nov 2026"))
        assert "a second person must confirm it first, because" in w.words_of(told)
        assert "aeo approval" not in w.words_of(told)  # which is for the command line
        assert b.case_of(office, reference)["state"] == "submitted"
        assert len(b.rows_of(office, models.Approval, status="open")) == 1

    def test_refuses_a_raw_post_with_every_rule(self, office):
        staff = b.people(office)
        reference = b.submit(office, b.act(staff.officer))
        answer = w.browser(office, staff.approver).post(f"/cases/{reference}/do/start_review")
        assert answer.status_code == 409
        assert 'data-code="DOCUMENTS_MISSING"' in answer.text
        assert 'data-code="WRONG_ROLE"' in answer.text
        assert b.entries_of(office, reference)[-1]["kind"] == "case:transition:refused"


class TestRecommending:
    def visited(self, office, staff):
        reference = b.in_validation(office, staff)
        report = b.add(office, b.act(staff.officer), reference, "visit_report")
        b.done(record_visit(office, reference=reference, held_on=b.TODAY, report=report, act=b.act(staff.officer)))
        return reference

    def test_takes_the_band_in_the_same_form(self, office):
        staff = b.people(office)
        reference = self.visited(office, staff)
        browser, address = w.browser(office, staff.officer), f"/cases/{reference}/recommend/certify"
        page = browser.get(f"/cases/{reference}")
        typed = {"band": "Premium", "assessed_on": "today", "reason": "All criteria are met."}
        told = browser.follow(press(browser, page, address, **typed))
        assert "Recommended to certify" in w.words_of(told)
        assert "With an approver since" in panel(told)
        again = browser.follow(press(browser, page, address, **typed))
        assert "Already done" in w.words_of(again)
        assert len(b.rows_of(office, models.BandAssessment)) == 1
        assert len(b.rows_of(office, models.Recommendation)) == 1

    def test_is_taken_back_from_the_rail_with_a_reason(self, office):
        staff = b.people(office)
        reference = b.ready_to_certify(office, staff)
        browser, address = w.browser(office, staff.officer), f"/cases/{reference}/take-back"
        shown = browser.get(f"/cases/{reference}").text
        assert f'href="{address}"' in shown
        assert "button primary" not in shown, "the approver decides, so nothing of the officer's stands out"
        page = browser.get(address)
        assert "The case waits for an officer again" in w.words_of(page)
        empty = press(browser, page, address)
        assert empty.status_code == 422
        assert '<a href="#f-reason">' in empty.text
        told = browser.follow(press(browser, empty, address, reason="A visit is missing."))
        assert f"The recommendation to certify {reference} is taken back." in w.words_of(told)
        assert "Recommend certification" in panel(told)
        assert "Take the recommendation back" not in told.text
        assert "Already done" in w.words_of(
            browser.follow(press(browser, empty, address, reason="A visit is missing."))
        )
        assert "No recommendation is open in this case" in w.words_of(browser.get(address))

    def test_is_taken_back_by_nobody_else_and_the_page_says_who_can(self, office):
        staff = b.people(office)
        reference = b.ready_to_certify(office, staff)
        browser, address = w.browser(office, staff.second_officer), f"/cases/{reference}/take-back"
        assert "Take the recommendation back" not in browser.get(f"/cases/{reference}").text
        page = browser.get(address)
        assert "Adeline Goh or Edmund Tan can" in w.words_of(page)
        assert "<textarea" not in page.text
        assert browser.post(address, {"reason": "Mine now."}).status_code == 409

    def test_says_everything_that_is_wrong_and_keeps_what_was_typed(self, office):
        staff = b.people(office)
        reference = self.visited(office, staff)
        browser, address = w.browser(office, staff.officer), f"/cases/{reference}/recommend/certify"
        answer = press(browser, browser.get(address), address, band="Enhanced", assessed_on="13 13 13")
        assert answer.status_code == 422
        assert '<a href="#f-assessed_on">' in answer.text
        assert '<a href="#f-reason">' in answer.text
        assert '<option value="Enhanced" selected>' in answer.text
        assert not b.rows_of(office, models.BandAssessment)

    def test_keeps_the_reason_when_the_band_is_recorded_and_the_rest_fails(self, office):
        staff = b.people(office)
        reference = self.visited(office, staff)
        browser, address = w.browser(office, staff.officer), f"/cases/{reference}/recommend/certify"
        typed = {"band": "Basic", "assessed_on": "today", "reason": "All criteria are met."}
        answer = press(browser, browser.get(address), address, **typed)
        assert answer.status_code == 409
        assert "The band recorded on Mon 23 Nov 2026 is Basic" in w.words_of(answer)
        assert "All criteria are met.</textarea>" in answer.text
        mended = browser.follow(press(browser, answer, address, **typed | {"band": "Premium"}))
        assert "Recommended to certify" in w.words_of(mended)

    def test_asks_of_a_changed_case_to_look_again(self, office):
        staff = b.people(office)
        reference = self.visited(office, staff)
        browser, address = w.browser(office, staff.officer), f"/cases/{reference}/recommend/certify"
        page = browser.get(address)
        b.add(office, b.act(staff.second_officer), reference, "evidence")
        typed = {"band": "Premium", "assessed_on": "today", "reason": "All criteria are met."}
        stale = press(browser, page, address, **typed)
        assert stale.status_code == 409
        assert "All criteria are met.</textarea>" in stale.text
        assert not b.rows_of(office, models.BandAssessment)


class TestTheCertificate:
    def test_is_corrected_once_a_second_person_confirms(self, office):
        staff = b.people(office)
        reference = b.certified(office, staff)
        browser, address = w.browser(office, staff.officer), f"/cases/{reference}/certificate/correct"
        told = browser.follow(
            press(browser, browser.get(address), address, valid_until="22 nov 2029", reason="Wrong day printed.")
        )
        assert "An approver must confirm it first" in w.words_of(told)
        approver = w.browser(office, staff.approver)
        asked = approver.get("/approvals")
        assert "Correct the certificate STP-2026-C00001" in w.words_of(asked)
        number = b.rows_of(office, models.Approval, status="open")[0]["id"]
        approver.follow(press(approver, asked, f"/approvals/{number}/confirm"))
        assert str(b.case_of(office, reference)["valid_until"]) == "2029-11-22"

    def test_keeps_consents_as_they_are_said(self, office):
        staff = b.people(office)
        reference = b.certified(office, staff)
        browser, address = w.browser(office, staff.officer), f"/cases/{reference}/certificate/consent"
        page = browser.get(address)
        for _ in range(2):
            browser.follow(press(browser, page, address, publication="yes", partners=""))
        assert b.case_of(office, reference)["publication_consent"]
        assert [one["kind"] for one in b.rows_of(office, models.CertificateEvent)] == ["consent"]

    def test_is_reissued_by_an_approver(self, office):
        staff = b.people(office)
        reference = b.certified(office, staff)
        address = f"/cases/{reference}/certificate/reissue"
        assert "your role does not" in w.words_of(w.browser(office, staff.officer).get(address))
        browser = w.browser(office, staff.approver)
        told = browser.follow(press(browser, browser.get(address), address, reason="The original is lost."))
        assert "is replaced by STP-2026-C00002" in w.words_of(told)

    def test_takes_a_note_of_a_contact(self, office):
        staff = b.people(office)
        reference = b.certified(office, staff)
        browser, address = w.browser(office, staff.account_manager), f"/cases/{reference}/contact"
        told = browser.follow(
            press(browser, browser.get(address), address, expects_on="1 6 2029", note="They collect papers.")
        )
        assert "expects to file by Fri 1 Jun 2029" in w.words_of(told)
