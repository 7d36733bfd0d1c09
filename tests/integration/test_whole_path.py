"""From submission to certificate through the real operations, and what each step leaves behind."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import builders
import pytest

from states.facts import Person
from workflow import models
from workflow.decisions.outcome import Outcome, Refused
from workflow.errors import BadInput, StaleVersion
from workflow.operations.answer_criterion import answer_criterion
from workflow.operations.assess_criterion import assess_criterion
from workflow.operations.assign_application import assign_application
from workflow.operations.decide_approval import confirm_approval
from workflow.store.office import Office


def codes(outcome: object) -> set[str]:
    assert isinstance(outcome, Refused), outcome
    return {unmet.code for unmet in outcome.unmet}


class TestCertify:
    def test_issues_a_certificate_with_its_whole_plan(self, office: Office):
        staff = builders.people(office)

        reference = builders.certified(office, staff, valid_from=date(2026, 11, 23))

        case = builders.case_of(office, reference)
        (certificate,) = builders.rows_of(office, models.Certificate, application_id=case["id"])
        planned = builders.rows_of(office, models.PlannedAction, application_id=case["id"])
        assert (case["state"], case["decision_no"]) == ("certified", 3)
        assert (certificate["valid_from"], certificate["valid_until"]) == (date(2026, 11, 23), date(2029, 11, 23))
        assert certificate["aeo_code"].startswith("AEOSG")
        assert len(certificate["aeo_code"]) == 17
        assert len(planned) == 13
        assert case["next_due"] == min(p["due_at"] for p in planned) == datetime(2029, 2, 26, 0, 0, tzinfo=UTC)

    def test_ends_with_a_band_that_ends_sooner(self, office: Office):
        staff = builders.people(office)

        reference = builders.certified(office, staff, valid_from=date(2026, 11, 23), band="Intermediate")

        assert builders.case_of(office, reference)["valid_until"] == date(2028, 11, 23)

    def test_never_ends_later_than_the_rules_give_whoever_confirms(self, office: Office):
        staff, ask = builders.people(office), {"reason": "One site is new."}
        reference = builders.ready_to_certify(office, staff, band="Intermediate")

        def certify(until: str) -> Outcome:
            by = builders.act(staff.approver)
            return builders.advance(office, by, reference, "certify", given={"valid_until": until}, **ask)

        with pytest.raises(BadInput) as refused:
            certify("2028-11-24")
        asked = builders.done(certify("2028-11-22")).data["approval"]

        assert (refused.value.code, "Thu 23 Nov 2028 (--given valid_until): an approver" in refused.value.sentence) == (
            "DATE_ORDER",
            True,
        )
        builders.done(confirm_approval(office, approval_id=asked, act=builders.act(staff.supervisor)))
        assert builders.case_of(office, reference)["valid_until"] == date(2028, 11, 22)

    def test_bars_the_officer_also_under_another_role(self, office: Office):
        staff = builders.people(office)
        reference = builders.ready_to_certify(office, staff)
        promoted = Person(staff.officer.id, staff.officer.name, frozenset({"officer", "approver"}))

        outcome = builders.advance(office, builders.act(promoted), reference, "certify")

        assert codes(outcome) == {"FOUR_EYES"}
        assert isinstance(outcome, Refused)
        assert "Chen Wei Ling" in outcome.unmet[0].sentence

    def test_is_refused_once_a_fact_changed_after_the_recommendation(self, office: Office):
        staff = builders.people(office)
        reference = builders.ready_to_certify(office, staff)
        builders.add(office, builders.act(staff.officer), reference, "evidence")

        outcome = builders.advance(office, builders.act(staff.approver), reference, "certify")

        assert codes(outcome) == {"RECOMMENDATION_STALE"}

    def test_refuses_a_certificate_that_begins_in_the_past(self, office: Office):
        staff = builders.people(office)
        reference = builders.ready_to_certify(office, staff)
        given = {"valid_from": (builders.TODAY - timedelta(days=1)).isoformat()}

        with pytest.raises(BadInput) as refused:
            builders.advance(office, builders.act(staff.approver), reference, "certify", given=given)

        assert refused.value.code == "DATE_ORDER"

    def test_keeps_the_mail_in_the_same_transaction(self, office: Office):
        staff = builders.people(office)

        builders.certified(office, staff)

        sent = [(n["message"], n["recipient"].split(":")[0]) for n in builders.rows_of(office, models.Notification)]
        assert sorted(sent) == [
            ("application_complete", "contact"),
            ("application_received", "account_manager"),
            ("application_received", "contact"),
            ("certified", "account_manager"),
            ("certified", "contact"),
        ]


class TestTrail:
    def test_numbers_the_entries_of_a_case_without_a_gap(self, office: Office):
        staff = builders.people(office)

        reference = builders.certified(office, staff)

        numbers = [entry["case_seq"] for entry in builders.entries_of(office, reference)]
        assert numbers == list(range(1, len(numbers) + 1))
        assert builders.case_of(office, reference)["case_seq"] == len(numbers)

    def test_holds_a_refusal_and_leaves_the_version_alone(self, office: Office):
        staff = builders.people(office)
        reference = builders.submit(office, builders.act(staff.officer))
        before = builders.case_of(office, reference)

        outcome = builders.advance(office, builders.act(staff.approver), reference, "start_review")

        after = builders.case_of(office, reference)
        entry = builders.entries_of(office, reference)[-1]
        assert codes(outcome) == {"DOCUMENTS_MISSING", "WRONG_ROLE"}
        assert (entry["kind"], entry["actor"]) == ("case:transition:refused", staff.approver.id)
        assert {code for code, _ in entry["unmet"]} == {"DOCUMENTS_MISSING", "WRONG_ROLE"}
        assert after == before | {"case_seq": before["case_seq"] + 1}

    def test_holds_a_refused_deed(self, office: Office):
        staff = builders.people(office)
        reference = builders.submit(office, builders.act(staff.officer))

        outcome = assess_criterion(
            office, reference=reference, criterion="S1", assessment="met", act=builders.act(staff.approver)
        )

        assert codes(outcome) == {"WRONG_ROLE"}
        assert builders.entries_of(office, reference)[-1]["kind"] == "case:deed:refused"

    def test_names_people_by_id_only(self, office: Office):
        staff = builders.people(office)

        builders.certified(office, staff)

        trail = "".join(row["canonical"] for row in builders.rows_of(office, models.AuditEntry))
        assert staff.officer.id in trail
        assert staff.officer.name not in trail
        assert "@" not in trail


class TestVersion:
    def test_that_is_stale_writes_nothing(self, office: Office):
        staff = builders.people(office)
        reference = builders.ready_to_certify(office, staff)
        version = builders.case_of(office, reference)["version"]
        before = builders.everything(office)

        with pytest.raises(StaleVersion):
            builders.advance(office, builders.act(staff.approver), reference, "certify", version=version - 1)

        assert builders.everything(office) == before

    def test_rises_with_each_change_that_people_see(self, office: Office):
        staff = builders.people(office)
        reference = builders.submit(office, builders.act(staff.officer))

        builders.add(office, builders.act(staff.officer), reference, "evidence")

        assert builders.case_of(office, reference)["version"] == 2


class TestSubmit:
    def test_refuses_a_second_live_application(self, office: Office):
        staff = builders.people(office)
        builders.submit(office, builders.act(staff.officer), uen=builders.valid_uen(777))

        with pytest.raises(BadInput) as refused:
            builders.submit(office, builders.act(staff.officer), uen=builders.valid_uen(777))

        assert refused.value.code == "LIVE_APPLICATION"

    def test_allows_a_new_application_after_a_withdrawal(self, office: Office):
        staff = builders.people(office)
        officer = builders.act(staff.officer)
        first = builders.submit(office, officer, uen=builders.valid_uen(778))
        builders.done(builders.advance(office, officer, first, "withdraw", reason_code="request"))

        second = builders.submit(office, officer, uen=builders.valid_uen(778))

        assert builders.case_of(office, second)["state"] == "submitted"

    def test_dates_an_entry_by_the_act(self, office: Office):
        staff = builders.people(office)

        reference = builders.submit(office, builders.act(staff.officer))

        (entry,) = builders.entries_of(office, reference)
        assert entry["recorded_at"] == "2026-11-23T01:00:00.000000Z"


class TestAnswers:
    def test_that_change_must_be_assessed_again(self, office: Office):
        staff = builders.people(office)
        officer = builders.act(staff.officer)
        reference = builders.in_validation(office, staff)

        builders.done(answer_criterion(office, reference=reference, criterion="S1", answer="no", act=officer))

        (finding,) = [f for f in builders.rows_of(office, models.Finding) if f["criterion"] == "S1"]
        assert (finding["answer"], finding["assessment"]) == ("no", None)

    def test_cannot_rest_on_another_cases_document(self, office: Office):
        staff = builders.people(office)
        officer = builders.act(staff.officer)
        foreign = builders.add(office, officer, builders.submit(office, officer), "evidence")
        reference = builders.submit(office, officer)

        with pytest.raises(BadInput) as refused:
            answer_criterion(
                office, reference=reference, criterion="S1", answer="yes", documents=[foreign], act=officer
            )

        assert refused.value.code == "DOCUMENT"


class TestReject:
    def test_frees_the_company_for_a_new_application(self, office: Office):
        staff = builders.people(office)
        officer = builders.act(staff.officer)
        reference = builders.submit(office, officer)
        recommend = builders.recommend_outcome
        builders.done(
            recommend(office, reference=reference, outcome="reject", reason="No documents came.", act=officer)
        )
        how = {"reason": "No documents came.", "reason_code": "documents_missing"}

        builders.done(builders.advance(office, builders.act(staff.approver), reference, "reject", **how))

        case = builders.case_of(office, reference)
        assert (case["state"], case["live_key"]) == ("rejected", None)

    def test_needs_both_reasons(self, office: Office):
        staff = builders.people(office)
        officer = builders.act(staff.officer)
        reference = builders.submit(office, officer)
        builders.done(
            builders.recommend_outcome(office, reference=reference, outcome="reject", reason="None came.", act=officer)
        )

        outcome = builders.advance(office, builders.act(staff.approver), reference, "reject")

        assert codes(outcome) == {"REASON_MISSING", "REASON_CODE"}


class TestAssign:
    def test_refuses_somebody_who_is_no_officer(self, office: Office):
        staff = builders.people(office)
        reference = builders.submit(office, builders.act(staff.officer))

        with pytest.raises(BadInput) as refused:
            assign_application(
                office,
                reference=reference,
                to=builders.email_of(staff.auditor),
                act=builders.act(staff.supervisor),
            )

        assert refused.value.code == "NOT_AN_OFFICER"

    def test_names_the_officer_in_later_refusals(self, office: Office):
        staff = builders.people(office)
        officer = builders.act(staff.officer)
        reference = builders.in_validation(office, staff)
        builders.done(
            assign_application(
                office,
                reference=reference,
                to=builders.email_of(staff.second_officer),
                act=builders.act(staff.supervisor),
            )
        )

        outcome = builders.advance(office, replace(officer, actor=staff.approver), reference, "certify")

        assert isinstance(outcome, Refused)
        (visit,) = [unmet for unmet in outcome.unmet if unmet.code == "VISIT_MISSING"]
        assert visit.who == "Bala Krishnan, the officer of this case"
