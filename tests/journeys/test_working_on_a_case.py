"""A case file as officers fill it: sites, answers per site, actions, visits, waivers, questions, drafts, keys."""

from datetime import timedelta

from console import OFFICER, SUPERVISOR, UEN
from practice import BEGIN, PACK, Office, days

PDF = ("--report", "paper.pdf")


def by_officer(casework: Office, *arguments: str, expect: int = 0):
    return casework.aeo.json(*arguments, "--as", OFFICER, expect=expect)


def in_review(casework: Office, **given: str) -> str:
    reference = casework.submitted(**given)
    casework.pack(reference)
    casework.advance(reference, "start_review")
    return reference


def point(casework: Office, reference: str, criterion: str, site: str = "") -> dict:
    shown = casework.aeo.json("checklist", "show", reference)
    return next(one for one in shown if (one["criterion"], one["site"]) == (criterion, site))


def confirmed(casework: Office, asked: dict) -> dict:
    return casework.aeo.json("approval", "confirm", str(asked["approval"]), "--as", SUPERVISOR)


def test_a_company_with_two_sites_is_assessed_at_each(casework: Office) -> None:
    reference = in_review(casework, site="Tuas warehouse")
    by_officer(casework, "application", "site", "add", reference, "Changi office")
    assert casework.show(reference)["sites"] == ["Changi office", "Tuas warehouse"]
    assert "Sites: Changi office, Tuas warehouse" in casework.aeo("application", "show", reference)
    twice = by_officer(casework, "application", "site", "add", reference, "Changi office", expect=2)
    assert twice["error"]["code"] == "SITE_TWICE"

    by_officer(casework, "checklist", "answer", reference, "S3", "no", "--site", "Tuas warehouse")
    assert "ANSWERS_MISSING" in casework.unmet(reference, "pass_checklist")
    by_officer(casework, "checklist", "answer", reference, "S3", "na")

    assert point(casework, reference, "S3", "Tuas warehouse")["answer"] == "na"
    assert point(casework, reference, "S3", "Changi office")["answer"] == "na"
    wrong = by_officer(casework, "checklist", "answer", reference, "S3", "na", "--site", "Jurong", expect=2)
    assert "Known: Changi office, Tuas warehouse" in wrong["error"]["sentence"]
    entity = by_officer(casework, "checklist", "answer", reference, "S1", "na", "--site", "Tuas warehouse", expect=2)
    assert "whole company" in entity["error"]["sentence"]


def test_a_corrective_action_is_listed_until_it_is_closed(casework: Office) -> None:
    reference = in_review(casework)
    by_officer(casework, "checklist", "answer", reference, "S1", "no")
    due = (BEGIN + days(30)).isoformat()
    late = by_officer(casework, "checklist", "assess", reference, "S1", "met", "--due", due, expect=2)
    assert late["error"]["code"] == "DUE"
    by_officer(casework, "checklist", "assess", reference, "S1", "action", "--due", due, "--note", "New gate.")

    (action,) = casework.aeo.json("action", "list", reference)
    assert (action["criterion"], action["due_on"], action["status"]) == ("S1", due, "open")
    close = ("action", "close", reference, str(action["id"]), "--evidence", "Photo of the gate")
    by_officer(casework, *close)

    assert casework.aeo.json("action", "list", reference)[0]["status"] == "closed"
    assert "ACTION_NOT_OPEN" in str(by_officer(casework, *close, expect=1))
    assert "closed" in casework.aeo("application", "history", reference)


def test_a_planned_visit_is_held(casework: Office) -> None:
    reference = in_review(casework, site="Tuas")
    plan = ("visit", "plan", reference, "--site", "Tuas", "--mode", "virtual", "--on")
    assert by_officer(casework, *plan, (BEGIN - days(1)).isoformat(), expect=2)["error"]["code"] == "DATE_ORDER"
    by_officer(casework, *plan, (BEGIN + days(2)).isoformat())
    casework.on(BEGIN + days(3))

    held = (BEGIN + days(3)).isoformat()
    by_officer(casework, "visit", "record", reference, "--site", "Tuas", "--on", held, *PDF)

    (visit,) = casework.aeo.json("visit", "list", reference)
    assert (visit["site"], visit["mode"], visit["held_on"]) == ("Tuas", "virtual", held)


def test_a_second_person_lets_a_case_do_without_a_document(casework: Office) -> None:
    reference = casework.submitted()
    casework.pack(reference, PACK[:-1])
    waive = ("document", "waive", reference, "--reason", "Founded in May.", "--kind")
    assert by_officer(casework, *waive, PACK[0], expect=2)["error"]["code"] == "WAIVER"

    asked = by_officer(casework, *waive, PACK[-1])
    assert casework.unmet(reference, "start_review") == {"DOCUMENTS_MISSING"}
    confirmed(casework, asked)

    assert casework.advance(reference, "start_review")["state"] == "checklist_review"
    assert casework.aeo.json("document", "list", reference)[-1]["status"] == "waived"


def test_a_second_person_lets_a_document_be_filed_again(casework: Office) -> None:
    reference = casework.submitted()
    old = casework.add(reference, "evidence")
    refile = ("document", "refile", reference, str(old), "--kind", "bizfile_report", "--reason", "Chosen wrongly.")

    done = confirmed(casework, by_officer(casework, *refile))

    status = {one["id"]: (one["kind"], one["status"]) for one in casework.aeo.json("document", "list", reference)}
    assert status == {old: ("evidence", "withdrawn"), done["document"]: ("bizfile_report", "counts")}


def test_questions_stop_the_clock_until_the_last_answer_arrived(casework: Office) -> None:
    reference = in_review(casework)
    before = casework.show(reference)["deadline"]
    casework.advance(reference, "request_information", "--reason", "Which gate is open at night?")
    asked = by_officer(casework, "information", "ask", reference, "--question", "Who guards it?")
    assert asked["number"] == 2
    casework.aeo("outbox", "deliver")
    contacts = [one for one in casework.mails("information_requested") if one.startswith("contact")]
    assert len(contacts) == 2

    casework.on(BEGIN + days(4))
    by_officer(casework, "information", "answer", reference, "1", "--text", "The north gate.")
    assert casework.unmet(reference, "withdraw", "--reason-code", "no_reply") == {"NO_REPLY_TOO_EARLY"}
    casework.on(BEGIN + days(8))
    received = (BEGIN + days(7)).isoformat()
    by_officer(casework, "information", "answer", reference, "2", "--received-on", received)
    casework.on(BEGIN + days(20))
    casework.advance(reference, "supply_information")

    shown = casework.show(reference)
    assert shown["state"] == "checklist_review"
    assert shown["deadline"] == (BEGIN.fromisoformat(before) + timedelta(days=7)).isoformat()
    rows = casework.aeo.json("information", "list", reference)
    assert [(one["number"], one["status"]) for one in rows] == [(1, "answered"), (2, "answered")]
    casework.tick(BEGIN + days(60))
    assert casework.mails("information_reminder") == []


def test_the_answers_of_the_last_cycle_are_drafts_of_the_next(casework: Office) -> None:
    reference = casework.certified(site="Tuas")
    casework.on(BEGIN + days(60))
    drafts = ("checklist", "show", reference, "--drafts")
    before = casework.aeo.json(*drafts)
    assert {one["answer"] for one in before} == {"yes"}
    assert point(casework, reference, "S1")["answer"] is None

    done = by_officer(casework, "checklist", "confirm", reference, "--section", "iii", "--instrument", "stp_criteria")

    assert "S3 (Tuas)" in done["confirmed"]
    taken = point(casework, reference, "S3", "Tuas")
    assert (taken["cycle"], taken["answer"], taken["assessment"]) == (2, "yes", None)
    (copy,) = [one for one in casework.aeo.json("document", "list", reference) if one["id"] in taken["documents"]]
    assert (copy["cycle"], copy["kind"]) == (2, "evidence")
    assert len(casework.aeo.json(*drafts)) == len(before) - len(done["confirmed"])
    casework.renewed(reference)
    assessed = by_officer(casework, "checklist", "assess-all", reference, "--section", "iii")
    assert assessed["assessed"] == done["confirmed"]


def test_a_request_with_a_key_is_done_once(casework: Office) -> None:
    submit = ("application", "submit", "--programme", "STP", "--uen", UEN, "--company-name", "Quillhaven")
    first = by_officer(casework, *submit, "--idempotency-key", "mail-17")
    again = by_officer(casework, *submit, "--idempotency-key", "mail-17")
    withdraw = ("application", "advance", first["reference"], "withdraw", "--reason-code", "request", "--version", "1")
    done = [by_officer(casework, *withdraw, "--idempotency-key", "mail-18") for _ in range(2)]

    assert first == again
    assert done[0] == done[1]
    other = by_officer(casework, *submit[:-1], "Other", "--idempotency-key", "mail-17", expect=2)
    assert other["error"]["code"] == "IDEMPOTENCY_KEY_REUSED"
