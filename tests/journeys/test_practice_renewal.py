"""Office life around renewals, as people type it: each test is a rule of the office, on both databases."""

from datetime import date

import pytest
from console import APPROVER, MANAGER, OFFICER, SUPERVISOR, UEN
from practice import BEGIN, END, PACK, Office, days


def test_an_invitation_silences_nothing_and_only_the_complete_pack_is_a_renewal(casework: Office) -> None:
    reference = casework.certified()
    casework.tick(END - days(209))
    before = casework.due(reference, END - days(200), END)
    casework.pack(reference, PACK[:2])  # drafts beside the case

    refused = casework.unmet(reference, "renew", by=MANAGER)

    assert casework.at(reference) == ("revalidation_due", "in_force")
    assert refused == {"DOCUMENTS_MISSING"}
    assert casework.due(reference, END - days(200), END) == before
    casework.pack(reference, PACK[2:])
    casework.advance(reference, "renew", by=MANAGER)
    shown = casework.show(reference)
    assert (shown["state"], shown["cycle"], shown["standing"]) == ("checklist_review", 2, "in_force")
    assert shown["received_on"] == BEGIN.isoformat()
    assert shown["complete_at"][:10] == (END - days(209)).isoformat()


def test_after_the_pack_the_company_is_not_asked_to_renew_again(casework: Office) -> None:
    reference = casework.certified()
    casework.tick(END - days(209))
    casework.renewed(reference)

    planned = casework.due(reference, END - days(200), END + days(1))

    assert {rule for rule, message in planned if message == "renewal_undecided"} == {"T-60", "T-30", "T-7", "T-0"}
    assert {rule for rule, message in planned if message == "renewal_under_review"} == {"T-30c", "T-7c"}
    assert ("T+1", "certificate_ended_under_review") in planned
    assert not {message for _, message in planned} & {"renewal_reminder", "renewal_invitation", "renewal_pack_due"}


def test_a_second_cycle_with_only_the_facts_of_the_first_is_refused_on_every_rule(casework: Office) -> None:
    reference = casework.certified()
    casework.tick(END - days(209))
    first = casework.unmet(reference, "renew", by=MANAGER)
    casework.renewed(reference)

    checklist = casework.unmet(reference, "pass_checklist")
    casework.answers(reference)
    casework.advance(reference, "pass_checklist")
    decision = casework.unmet(reference, "certify", by=APPROVER)

    assert first == {"DOCUMENTS_MISSING"}
    assert checklist == {"ANSWERS_MISSING"}
    assert decision == {"VISIT_MISSING", "BAND_MISSING", "RECOMMENDATION_MISSING"}
    assert casework.unmet(reference, "renew", by=MANAGER) == {"WRONG_STATE"}


def test_an_early_renewal_begins_when_the_old_certificate_has_ended_and_nothing_drifts(casework: Office) -> None:
    reference = casework.certified()
    casework.on(END - days(209))
    casework.renewed(reference)  # from certified or revalidation_due, whichever the clock has made of it
    casework.validated(reference)
    casework.recommended(reference, "certify")

    old, new = casework.show(reference)["certificate"], casework.show(reference)["next_certificate"]
    code = old["aeo_code"]
    last = casework.on(END).show(reference)
    after = casework.on(END + days(1)).show(reference)

    band_until = "2032-04-28"  # assessed on 28 April 2029, three years; STP ends no later
    assert (new["valid_from"], new["valid_until"]) == ("2029-11-24", band_until)
    assert (last["certificate"]["number"], last["standing"], last["state"]) == (old["number"], "in_force", "certified")
    assert (after["certificate"]["number"], after["standing"]) == (new["number"], "in_force")
    assert after["certificate"]["aeo_code"] == code
    assert casework.due(reference, END - days(208), END + days(100)) == []  # none for the old one
    assert casework.tick(END + days(2)) == []
    assert casework.at(reference) == ("certified", "in_force")


def test_a_suspension_hits_the_running_certificate_and_the_one_that_waits(casework: Office) -> None:
    reference = casework.certified()
    casework.on(END - days(209))
    casework.renewed(reference)
    casework.validated(reference)
    casework.recommended(reference, "certify")
    casework.on(END - days(100))
    casework.recommended(reference, "suspend")

    assert casework.at(reference) == ("suspended", "suspended")
    assert casework.on(END + days(10)).show(reference)["standing"] == "suspended"
    casework.recommended(reference, "reinstate")
    assert casework.at(reference) == ("certified", "in_force")


def test_a_renewal_decided_after_the_end_begins_on_the_decision_day_and_shows_the_gap(casework: Office) -> None:
    reference = casework.certified()
    casework.tick(END - days(209))
    casework.renewed(reference)
    casework.validated(reference)
    ended = casework.tick(END + days(2))
    between = casework.at(reference)
    late = END + days(20)
    casework.on(late)
    casework.recommended(reference, "certify")
    shown = casework.show(reference)

    assert between == ("validation", "ended")
    assert any("the case stays in Validation" in one["outcome"] for one in ended)
    assert "account_manager" in casework.mails("certificate_ended_under_review")
    assert shown["certificate"]["valid_from"] == late.isoformat()
    assert (shown["state"], shown["standing"]) == ("certified", "in_force")


def test_a_rejected_renewal_leaves_the_certificate_running_to_its_end(casework: Office) -> None:
    reference = casework.certified()
    casework.tick(END - days(209))
    casework.renewed(reference)
    casework.recommended(reference, "reject", "--reason-code", "criteria_not_met")
    refused = casework.at(reference)
    planned = casework.due(reference, END - days(200), END + days(2))
    casework.tick(END)
    on_the_last_day = casework.at(reference)
    casework.tick(END + days(1))

    assert refused == ("rejected", "in_force")
    assert {message for _, message in planned} == {"certificate_ends", "lapse", "certificate_ended"}
    assert on_the_last_day == ("rejected", "in_force")
    assert casework.at(reference) == ("rejected", "ended")


def test_a_withdrawn_renewal_may_be_filed_again_while_the_certificate_runs(casework: Office) -> None:
    reference = casework.certified()
    casework.tick(END - days(209))
    casework.renewed(reference)
    casework.advance(reference, "withdraw", "--reason-code", "request")
    withdrawn = casework.at(reference)
    casework.renewed(reference)

    assert withdrawn == ("withdrawn", "in_force")
    assert (casework.at(reference), casework.show(reference)["cycle"]) == (("checklist_review", "in_force"), 3)


def test_a_third_cycle_is_a_cycle_like_the_second(casework: Office) -> None:
    reference = casework.certified()
    for cycle in (2, 3):
        until = date.fromisoformat(casework.show(reference)["certificate"]["valid_until"])
        casework.tick(until - days(200))
        casework.renewed(reference)
        casework.validated(reference)
        casework.recommended(reference, "certify")
        casework.on(until + days(1))
        shown = casework.show(reference)
        assert (shown["cycle"], shown["state"], shown["standing"]) == (cycle, "certified", "in_force")
        assert shown["certificate"]["valid_from"] == (until + days(1)).isoformat()


def test_after_the_end_a_new_application_is_linked_to_the_old_one(casework: Office) -> None:
    reference = casework.certified()
    casework.tick(END + days(1))
    lapsed = casework.at(reference)

    again = casework.submitted()

    assert lapsed == ("lapsed", "ended")
    assert casework.unmet(reference, "renew", by=MANAGER) == {"WRONG_STATE"}
    assert casework.show(again)["linked_to"] == reference


def test_a_case_suspended_across_its_last_day_lapses(casework: Office) -> None:
    reference = casework.certified()
    casework.on(END - days(100))
    casework.recommended(reference, "suspend")
    suspended = casework.at(reference)
    casework.tick(END + days(1))

    assert suspended == ("suspended", "suspended")
    assert casework.at(reference) == ("lapsed", "ended")


def test_a_renewal_suspended_across_the_last_day_comes_back_to_its_review(casework: Office) -> None:
    reference = casework.certified()
    casework.tick(END - days(209))
    casework.renewed(reference)
    casework.on(END - days(50))
    casework.recommended(reference, "suspend")
    suspended = casework.at(reference)
    casework.tick(END + days(1))

    assert suspended == ("suspended", "suspended")
    assert casework.at(reference) == ("checklist_review", "ended")


def test_a_renewal_filed_while_suspended_cannot_be_certified_before_the_suspension_is_decided(casework: Office) -> None:
    reference = casework.certified()
    casework.tick(END - days(209))
    casework.recommended(reference, "suspend")
    casework.renewed(reference)
    filed = casework.at(reference)
    casework.validated(reference)
    refused = casework.unmet(reference, "certify", by=APPROVER)
    casework.recommended(reference, "reinstate")

    assert filed == ("checklist_review", "suspended")
    assert "SUSPENSION_OPEN" in refused
    assert casework.at(reference) == ("validation", "in_force")


def test_reinstated_after_revalidation_opened_a_case_is_where_it_would_be_today(casework: Office) -> None:
    reference = casework.certified()
    casework.on(END - days(300))
    casework.recommended(reference, "suspend")
    casework.tick(END - days(100))
    casework.recommended(reference, "reinstate")

    assert casework.at(reference) == ("revalidation_due", "in_force")


def test_a_company_that_renews_never_late_is_reminded_of_the_new_end_alone(casework: Office) -> None:
    reference = casework.certified()
    casework.tick(END - days(209))
    casework.renewed(reference)
    casework.validated(reference)
    casework.recommended(reference, "certify")

    planned = [rule for rule, _ in casework.due(reference, END - days(208), date(2032, 12, 31))]

    assert [planned.count(rule) for rule in ("T-90", "T-30", "T-7", "T-0")] == [1, 1, 1, 1]


@pytest.mark.parametrize("by", [MANAGER, OFFICER])
def test_renewals_are_received_by_officers_and_account_managers(casework: Office, by: str) -> None:
    reference = casework.certified()
    casework.tick(END - days(209))
    casework.pack(reference)

    assert casework.unmet(reference, "renew", by=SUPERVISOR) == {"WRONG_ROLE"}
    assert casework.advance(reference, "renew", by=by)["cycle"] == 2


def test_a_band_of_the_renewal_must_reach_the_new_certificate(casework: Office) -> None:
    reference = casework.certified()
    casework.on(BEGIN + days(30))
    casework.renewed(reference)
    casework.answers(reference)
    casework.advance(reference, "pass_checklist")
    day = casework.today.isoformat()
    casework.aeo("visit", "record", reference, "--on", day, "--report", "paper.pdf", "--as", OFFICER)
    casework.aeo("band", "set", UEN, "Intermediate", "--assessed-on", day, "--as", OFFICER)  # holds two years

    assert "BAND_EXPIRED" in casework.unmet(reference, "certify", by=APPROVER)
