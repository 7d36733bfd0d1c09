"""From submission to certificate in at most twelve presses, counted link by link and button by button, without scripts."""

import browsing as w
import builders as b
import pytest

from workflow.operations.answer_criterion import answer_criterion
from workflow.operations.assess_criterion import assess_answers
from workflow.operations.record_visit import record_visit

BUDGET = 12


@pytest.fixture(params=["sqlite_office", "postgresql_office"])
def office(request):
    return request.getfixturevalue(request.param)


class Walk:
    """Somebody who presses what a page shows and nothing else; typing is no press."""

    def __init__(self, browser, address):
        self.browser, self.page, self.presses = browser, browser.get(address), 0

    def link(self, href):
        assert href in [one.get("href") for one in w.Shape(self.page.text).all("a")], href
        self.page, self.presses = self.browser.get(href), self.presses + 1

    def button(self, action, **typed):
        form = w.fields_of(self.page, action) | typed
        self.page, self.presses = self.browser.follow(self.browser.post(action, form)), self.presses + 1


def test_submission_to_certificate_takes_at_most_twelve_presses(office):
    staff = b.people(office)
    reference = b.submit(office, b.act(staff.account_manager))
    case = f"/cases/{reference}"
    # The company sent its documents and answers.
    b.complete_pack(office, b.act(staff.account_manager), reference)
    evidence = b.add(office, b.act(staff.account_manager), reference, "evidence")
    for criterion in b.criteria(office):
        answer = {"reference": reference, "criterion": criterion, "answer": "yes", "documents": [evidence]}
        b.done(answer_criterion(office, act=b.act(staff.account_manager), **answer))

    officer = Walk(w.browser(office, staff.officer), "/cases")
    officer.link(case)  # the list offers the same as one button, "Claim and open"
    officer.button(f"{case}/claim")
    officer.button(f"{case}/do/start_review")
    elsewhere = 2  # the checklist's own page: its link in the panel, and accepting what has its evidence, at most two
    assert f'href="{case}/checklist"' in officer.page.text
    b.done(assess_answers(office, reference=reference, act=b.act(staff.officer)))
    officer.page = officer.browser.get(case)
    officer.button(f"{case}/do/pass_checklist")
    elsewhere += 3  # the visit: its button in the panel, the file, saving it
    assert f'class="button primary small" href="{case}/visits/new"' in officer.page.text
    report = b.add(office, b.act(staff.officer), reference, "visit_report")
    b.done(record_visit(office, reference=reference, held_on=b.TODAY, report=report, act=b.act(staff.officer)))
    officer.page = officer.browser.get(case)
    typed = {"band": "Premium", "assessed_on": "today", "reason": "All criteria are met."}
    officer.button(f"{case}/recommend/certify", **typed)

    approver = Walk(w.browser(office, staff.approver), "/approvals")
    approver.link(f"{case}/decide/certify")
    approver.button(f"{case}/decide/certify", given_valid_from="1 dec 2026", reason="Sound.")

    assert b.case_of(office, reference)["state"] == "certified"
    assert officer.presses + elsewhere + approver.presses <= BUDGET
