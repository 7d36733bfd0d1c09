"""From submission to certificate in at most twelve presses, counted link by link and button by button, without scripts."""

import browsing as w
import builders as b
import pytest

from workflow.operations.answer_criterion import answer_criterion

BUDGET = 12


@pytest.fixture(params=["sqlite_office", "postgresql_office"])
def office(request):
    return request.getfixturevalue(request.param)


class Walk:
    """Somebody who presses what a page shows and nothing else; typing is no press, choosing a file is."""

    def __init__(self, browser, address):
        self.browser, self.page, self.presses = browser, browser.get(address), 0

    def link(self, href):
        assert href in [one.get("href") for one in w.Shape(self.page.text).all("a")], href
        self.page, self.presses = self.browser.get(href), self.presses + 1

    def button(self, action, fields=None, files=None, **typed):
        form = fields or w.fields_of(self.page, action)
        answer = self.browser.post(action, form | typed, files=files)
        self.page, self.presses = self.browser.follow(answer), self.presses + 1 + len(files or ())


def test_submission_to_certificate_takes_at_most_twelve_presses(office):
    staff = b.people(office)
    company = b.act(staff.account_manager)
    reference = b.submit(office, company)
    case = f"/cases/{reference}"
    # The company sent its documents and answers.
    b.complete_pack(office, company, reference)
    evidence = b.add(office, company, reference, "evidence")
    for criterion in b.criteria(office):
        answer = {"reference": reference, "criterion": criterion, "answer": "yes", "documents": [evidence]}
        b.done(answer_criterion(office, act=company, **answer))

    officer = Walk(w.browser(office, staff.officer), "/work?view=unassigned")
    assert f'formaction="{case}/claim">Claim and open' in officer.page.text
    officer.button(f"{case}/claim", fields=w.fields_of(officer.page, "/work"))
    officer.button(f"{case}/do/start_review")
    officer.link(f"{case}/checklist")
    officer.link(f"{case}/checklist/accept")
    listed = [one["value"] for one in w.Shape(officer.page.text).all("input") if one.get("name") == "accept"]
    assert len(listed) == len(b.criteria(office))
    officer.button(f"{case}/checklist/accept", accept=listed)
    officer.button(f"{case}/do/pass_checklist")
    officer.link(f"{case}/visits/new")
    report = [("report", ("report.pdf", b.PDF, "application/pdf"))]
    officer.button(f"{case}/visits/new", files=report, held_on="today", mode="on_site")
    typed = {"band": "Premium", "assessed_on": "today", "reason": "All criteria are met."}
    officer.button(f"{case}/recommend/certify", **typed)

    approver = Walk(w.browser(office, staff.approver), "/approvals")
    approver.link(f"{case}/decide/certify")
    approver.button(f"{case}/decide/certify", given_valid_from="1 dec 2026", reason="Sound.")

    assert b.case_of(office, reference)["state"] == "certified"
    assert officer.presses + approver.presses <= BUDGET
