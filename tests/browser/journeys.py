"""Journeys that are walked in several ways: with a mouse, without scripts, by keyboard alone. Holds no test."""

import re

from served import Desk

PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n"


def from_the_worklist(officer: Desk, company: str) -> str:
    """Claim a complete application and start its review. Return the case's path."""
    officer.open("/work")
    officer.press(re.compile("^Unassigned"))
    officer.press("Claim and open", within=officer.page.get_by_role("row").filter(has_text=company))
    case = officer.path
    officer.press("Start review")
    return case


def through_the_checklist(officer: Desk) -> None:
    """Accept every answer that has its evidence, and pass the checklist."""
    officer.press(re.compile("^Accept answers with evidence"))
    officer.press("Accept the ticked answers")
    officer.press("Pass checklist")


def through_validation(officer: Desk) -> None:
    """Record the visit, and recommend."""
    officer.press("Add the visit report")
    officer.type("Day of the visit", "today")
    officer.attach("Report", "visit.pdf", PDF)
    officer.press("Save visit")
    recommend(officer)


def recommend(officer: Desk) -> None:
    """Recommend certification in the panel, where the band is recorded too."""
    officer.choose("TradeFIRST band", "Premium")
    officer.type("Assessed on", "today")
    officer.type("Reason", "Every criterion is met.")
    officer.press("Recommend certification", within="form")


def decide(approver: Desk, company: str, valid_from: str = "") -> None:
    """Issue the certificate that was recommended."""
    approver.open("/approvals")
    approver.press(company)
    if valid_from:
        approver.type("Valid from", valid_from)
    approver.type("Reason, kept in the record", "Sound.")
    approver.press("Issue certificate")


def submission_to_certificate(officer: Desk, approver: Desk, company: str) -> str:
    """Carry a complete application to its certificate, from both first pages. Return the case's path."""
    case = from_the_worklist(officer, company)
    through_the_checklist(officer)
    through_validation(officer)
    decide(approver, company, valid_from="1 dec 2026")
    return case
