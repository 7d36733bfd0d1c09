"""What fills a case file: sites, answers per site, actions, visits, waivers, refiling, questions, keys."""

import json
import re
import threading
from datetime import date, timedelta

import builders
import pytest

from states.dates import add_months
from states.facts import OPERATOR
from states.loader import load_programme
from workflow import models
from workflow.decisions.outcome import Done, Outcome, Refused
from workflow.errors import BadInput, CaseworkError, StaleVersion
from workflow.operations.add_site import add_site
from workflow.operations.answer_criterion import answer_criterion
from workflow.operations.answer_information import answer_information
from workflow.operations.ask_information import ask_information, put_question
from workflow.operations.assess_criterion import assess_answers, assess_criterion
from workflow.operations.close_action import close_action
from workflow.operations.confirm_answers import confirm_answers
from workflow.operations.decide_approval import confirm_approval, refuse_approval
from workflow.operations.plan_visit import plan_visit
from workflow.operations.recommend_outcome import recommend_outcome
from workflow.operations.record_visit import record_visit
from workflow.operations.refile_document import refile_document
from workflow.operations.submit_application import submit_application
from workflow.operations.waive_document import waive_document
from workflow.reports import case_file, cases
from workflow.store import editions
from workflow.store.office import Office

TODAY, ONE_DAY = builders.TODAY, timedelta(days=1)
_LONGEST = 60  # seconds


def refused(outcome: Outcome) -> set[str]:
    assert isinstance(outcome, Refused), outcome
    return {unmet.code for unmet in outcome.unmet}


def bad(code: str):
    return pytest.raises(BadInput, check=lambda error: error.code == code)


class Desk:
    """An officer at work on one case."""

    def __init__(self, office: Office) -> None:
        self.office, self.staff = office, builders.people(office)
        self.officer = builders.act(self.staff.officer)

    def at(self, day: date) -> None:
        self.officer = builders.act(self.staff.officer, builders.morning_of(day))

    def submit(self, **more) -> str:
        return builders.submit(self.office, self.officer, **more)

    def in_review(self, **more) -> str:
        reference = self.submit(**more)
        builders.complete_pack(self.office, self.officer, reference)
        self.advance(reference, "start_review")
        return reference

    def advance(self, reference: str, trigger: str, **more) -> Done:
        return builders.done(builders.advance(self.office, self.officer, reference, trigger, **more))

    def answer(self, reference: str, criterion: str, answer: str, **more) -> Outcome:
        given = {"reference": reference, "criterion": criterion, "answer": answer}
        return answer_criterion(self.office, act=self.officer, **(given | more))

    def assess(self, reference: str, criterion: str, assessment: str, **more) -> Outcome:
        given = {"reference": reference, "criterion": criterion, "assessment": assessment}
        return assess_criterion(self.office, act=self.officer, **(given | more))

    def site(self, reference: str, name: str) -> Outcome:
        return add_site(self.office, reference=reference, name=name, act=self.officer)

    def findings(self, reference: str, criterion: str) -> dict[str, dict]:
        case = builders.case_of(self.office, reference)
        key = {"application_id": case["id"], "cycle": case["facts_cycle"], "criterion": criterion}
        return {row["site"]: row for row in builders.rows_of(self.office, models.Finding, **key)}

    def confirm(self, done: Outcome, by=None) -> Outcome:
        act = builders.act(by or self.staff.supervisor, self.officer.now)
        return confirm_approval(self.office, approval_id=builders.done(done).data["approval"], act=act)

    def unmet(self, reference: str, trigger: str) -> set[str]:
        with self.office.database.snapshot() as connection:
            found = cases.actions(
                connection, self.office, reference=reference, actor=self.officer.actor, now=self.officer.now
            )
        return {one["code"] for action in found if action["trigger"] == trigger for one in action["unmet"]}


@pytest.fixture
def desk(office: Office) -> Desk:
    return Desk(office)


@pytest.fixture
def per_site(desk: Desk, stp_text: str) -> Desk:
    """A desk where criterion S3 alone is answered once for each site."""
    changed = re.sub(
        r'^edition = ".*"', 'edition = "2030-01"', stp_text.replace('scope = "site", ', ""), flags=re.MULTILINE
    )
    changed = changed.replace('code = "S3",', 'code = "S3", scope = "site",')
    with desk.office.database.transaction() as transaction:
        editions.install(transaction.connection, load_programme(changed, file="stp.toml"), now=builders.NOW)
    return desk


class TestSites:
    def test_are_named_with_the_application_and_added_later(self, desk: Desk):
        reference = desk.submit(sites=["Tuas", "Changi"])

        builders.done(desk.site(reference, "Jurong"))

        with desk.office.database.snapshot() as connection:
            shown = cases.show(connection, desk.office, reference=reference, viewer=OPERATOR, now=builders.NOW)
        assert shown["sites"] == ["Changi", "Jurong", "Tuas"]

    def test_cannot_have_the_same_name_twice(self, desk: Desk):
        with bad("SITE_TWICE"):
            desk.submit(sites=["Tuas", "tuas"])
        reference = desk.submit(sites=["Tuas"])

        with bad("SITE_TWICE"):
            desk.site(reference, "TUAS")

    def test_that_are_new_make_a_recommendation_stale(self, desk: Desk):
        reference = builders.ready_to_certify(desk.office, desk.staff)

        builders.done(desk.site(reference, "Tuas"))

        outcome = builders.advance(desk.office, builders.act(desk.staff.approver), reference, "certify")
        assert "RECOMMENDATION_STALE" in refused(outcome)
        assert "VISIT_MISSING" not in refused(outcome)  # a visit without a site covers every site

    def test_are_told_to_every_live_case_of_the_company(self, desk: Desk, stp_text: str):
        other = stp_text.replace('code = "STP"', 'code = "STP-TWO"', 1)
        with desk.office.database.transaction() as transaction:
            editions.install(transaction.connection, load_programme(other, file="two.toml"), now=builders.NOW)
        uen = builders.valid_uen(901)
        first, second = desk.submit(uen=uen), desk.submit(uen=uen, programme="STP-TWO", sites=["Tuas"])

        builders.done(desk.site(second, "Changi"))

        kinds = [entry["kind"] for entry in builders.entries_of(desk.office, first)]
        assert kinds == ["case:application:submitted", "case:site:added", "case:site:added"]

    def test_of_a_closed_case_are_refused(self, desk: Desk):
        reference = desk.submit()
        desk.advance(reference, "withdraw", reason_code="request")

        assert refused(desk.site(reference, "Tuas")) == {"WRONG_STATE"}


class TestAnswersPerSite:
    def test_without_a_site_count_for_all_of_them(self, per_site: Desk):
        reference = per_site.in_review(sites=["Tuas", "Changi"])

        builders.done(per_site.answer(reference, "S3", "na"))

        assert set(per_site.findings(reference, "S3")) == {"Tuas", "Changi"}

    def test_with_a_site_count_for_it_alone_and_the_rest_is_missing(self, per_site: Desk):
        reference = per_site.in_review(sites=["Tuas", "Changi"])

        builders.done(per_site.answer(reference, "S3", "na", site="tuas"))

        assert set(per_site.findings(reference, "S3")) == {"Tuas"}
        assert refused(per_site.assess(reference, "S3", "met")) == {"ANSWERS_MISSING"}
        builders.done(per_site.assess(reference, "S3", "met", site="Tuas"))

    def test_without_any_site_are_the_companys_and_give_way_to_those_of_sites(self, per_site: Desk):
        reference = per_site.in_review()
        builders.done(per_site.answer(reference, "S3", "na"))
        assert set(per_site.findings(reference, "S3")) == {""}
        builders.done(per_site.site(reference, "Tuas"))

        builders.done(per_site.answer(reference, "S3", "no", site="Tuas"))

        assert set(per_site.findings(reference, "S3")) == {"Tuas"}

    def test_of_a_criterion_for_the_company_take_no_site(self, per_site: Desk):
        reference = per_site.in_review(sites=["Tuas"])

        with bad("SITE"):
            per_site.answer(reference, "S1", "na", site="Tuas")
        with bad("SITE"):
            per_site.assess(reference, "S1", "met", site="Tuas")

    def test_of_an_unknown_site_name_the_known_ones(self, per_site: Desk):
        reference = per_site.in_review(sites=["Tuas", "Changi"])

        with pytest.raises(BadInput, match="Known: Changi, Tuas"):
            per_site.answer(reference, "S3", "na", site="Jurong")

    def test_are_assessed_section_by_section(self, per_site: Desk):
        reference = per_site.in_review(sites=["Tuas", "Changi"])
        evidence = builders.add(per_site.office, per_site.officer, reference, "evidence")
        for criterion in ("S3", "S4"):
            builders.done(per_site.answer(reference, criterion, "yes", documents=[evidence]))

        done = assess_answers(per_site.office, reference=reference, act=per_site.officer, section="iii")

        assert builders.done(done).data["assessed"] == ["S3 (Changi)", "S3 (Tuas)"]
        assert per_site.findings(reference, "S4")[""]["assessment"] is None
        with bad("SECTION"):
            assess_answers(per_site.office, reference=reference, act=per_site.officer, section="xx")


class TestCorrectiveActions:
    def test_may_have_a_day_that_is_not_past_and_nothing_else_may(self, desk: Desk):
        reference = desk.in_review()
        builders.done(desk.answer(reference, "S1", "no"))

        with bad("DUE"):
            desk.assess(reference, "S1", "met", due_on=TODAY)
        with bad("DATE_ORDER"):
            desk.assess(reference, "S1", "action", due_on=TODAY - ONE_DAY)
        builders.done(desk.assess(reference, "S1", "action", due_on=TODAY))

        assert desk.findings(reference, "S1")[""]["due_on"] == TODAY

    def test_that_are_overdue_stop_the_certificate_until_closed(self, desk: Desk):
        reference = builders.in_validation(desk.office, desk.staff)
        builders.done(desk.assess(reference, "S1", "action", due_on=TODAY))
        desk.at(TODAY + ONE_DAY)
        assert "ACTION_OVERDUE" in desk.unmet(reference, "certify")
        finding = desk.findings(reference, "S1")[""]["id"]
        close = {"reference": reference, "finding_id": finding, "evidence": "Photo of the new gate."}

        builders.done(close_action(desk.office, act=desk.officer, **close))

        assert "ACTION_OVERDUE" not in desk.unmet(reference, "certify")
        assert refused(close_action(desk.office, act=desk.officer, **close)) == {"ACTION_NOT_OPEN"}
        with desk.office.database.snapshot() as connection:
            (listed,) = case_file.actions(connection, reference=reference, viewer=OPERATOR)
        assert (listed["status"], listed["evidence"]) == ("closed", "Photo of the new gate.")

    def test_that_can_never_be_overdue_are_pointed_out(self, desk: Desk):
        reference = builders.in_validation(desk.office, desk.staff, uen=builders.valid_uen(902))

        without, with_a_day, met = (
            builders.done(desk.assess(reference, "S1", assessment, **day)).sentence
            for assessment, day in (("action", {}), ("action", {"due_on": TODAY}), ("met", {}))
        )

        assert "has no day by which it is due, so it never counts as overdue" in without
        assert "overdue" not in with_a_day + met

    def test_are_closed_after_the_decision_too(self, desk: Desk):
        reference = builders.in_validation(desk.office, desk.staff, uen=builders.valid_uen(902))
        builders.done(desk.assess(reference, "S1", "action"))
        finding = desk.findings(reference, "S1")[""]["id"]
        certify(desk, reference, builders.valid_uen(902))

        builders.done(
            close_action(desk.office, reference=reference, finding_id=finding, evidence="Seen.", act=desk.officer)
        )

    def test_that_are_assessed_anew_are_open_again(self, desk: Desk):
        reference = desk.in_review()
        builders.done(desk.answer(reference, "S1", "no"))
        builders.done(desk.assess(reference, "S1", "action", due_on=TODAY))
        finding = desk.findings(reference, "S1")[""]["id"]
        builders.done(
            close_action(desk.office, reference=reference, finding_id=finding, evidence="Seen.", act=desk.officer)
        )

        builders.done(desk.assess(reference, "S1", "action"))

        row = desk.findings(reference, "S1")[""]
        assert (row["closed_at"], row["due_on"], row["closing_evidence"]) == (None, None, "")


def certify(desk: Desk, reference: str, uen: str) -> None:
    report = builders.add(desk.office, desk.officer, reference, "visit_report")
    today = builders.local_today(desk.officer.now)
    builders.done(record_visit(desk.office, reference=reference, held_on=today, report=report, act=desk.officer))
    builders.done(builders.set_band(desk.office, uen=uen, band="Premium", assessed_on=today, act=desk.officer))
    builders.done(
        recommend_outcome(desk.office, reference=reference, outcome="certify", reason="Met.", act=desk.officer)
    )
    approver = builders.act(desk.staff.approver, desk.officer.now)
    builders.done(builders.advance(desk.office, approver, reference, "certify"))


class TestVisits:
    def test_that_are_held_fulfil_the_earliest_plan_of_their_site(self, desk: Desk):
        reference = desk.in_review(sites=["Tuas", "Changi"])
        plan = {"reference": reference, "act": desk.officer}
        late = builders.done(
            plan_visit(desk.office, planned_on=TODAY + 9 * ONE_DAY, site="Tuas", mode="virtual", **plan)
        )
        soon = builders.done(plan_visit(desk.office, planned_on=TODAY, site="Tuas", mode="desk", **plan))
        report = builders.add(desk.office, desk.officer, reference, "visit_report")

        held = record_visit(desk.office, held_on=TODAY, report=report, site="Tuas", **plan)
        unplanned = record_visit(desk.office, held_on=TODAY, report=report, site="Changi", **plan)

        assert builders.done(held).data["visit"] == soon.data["visit"]
        rows = {row["id"]: row for row in builders.rows_of(desk.office, models.Visit)}
        assert (rows[soon.data["visit"]]["held_on"], rows[soon.data["visit"]]["mode"]) == (TODAY, "desk")
        assert rows[late.data["visit"]]["held_on"] is None
        assert rows[builders.done(unplanned).data["visit"]]["mode"] == "on_site"
        assert "VISIT_MISSING" not in desk.unmet(reference, "certify")

    def test_are_planned_from_today_on_at_known_sites_under_review(self, desk: Desk):
        reference = desk.in_review()
        with bad("DATE_ORDER"):
            plan_visit(desk.office, reference=reference, planned_on=TODAY - ONE_DAY, act=desk.officer)
        with bad("SITE"):
            plan_visit(desk.office, reference=reference, planned_on=TODAY, site="Tuas", act=desk.officer)
        desk.advance(reference, "withdraw", reason_code="request")

        assert refused(plan_visit(desk.office, reference=reference, planned_on=TODAY, act=desk.officer)) == {
            "WRONG_STATE"
        }


class TestWaivers:
    def waive(self, desk: Desk, reference: str, kind: str = "financial_statements") -> Outcome:
        return waive_document(desk.office, reference=reference, kind=kind, reason="Founded in May.", act=desk.officer)

    def test_count_once_a_second_person_agrees(self, desk: Desk):
        reference = desk.submit()
        builders.complete_pack(desk.office, desk.officer, reference, builders.PACK[:-1])
        asked = self.waive(desk, reference)
        assert desk.unmet(reference, "start_review") == {"DOCUMENTS_MISSING"}

        builders.done(desk.confirm(asked))

        assert desk.unmet(reference, "start_review") == set()
        (row,) = builders.rows_of(desk.office, models.DocumentWaiver)
        assert (row["kind"], row["reason"], row["cycle"]) == ("financial_statements", "Founded in May.", 1)

    def test_are_for_required_documents_that_are_missing(self, desk: Desk):
        reference = desk.submit()
        builders.add(desk.office, desk.officer, reference, "bizfile_report")
        for kind in ("bizfile_report", "evidence"):
            with bad("WAIVER"):
                self.waive(desk, reference, kind)
        with bad("DOCUMENT_KIND"):
            self.waive(desk, reference, "poem")
        builders.done(self.waive(desk, reference))

        with bad("WAIVER"):
            self.waive(desk, reference)

    def test_are_not_confirmed_by_who_asked_nor_once_the_document_came(self, desk: Desk):
        reference = desk.submit()
        asked = self.waive(desk, reference)

        assert refused(desk.confirm(asked, by=desk.staff.officer)) == {"WRONG_ROLE"}
        builders.add(desk.office, desk.officer, reference, "financial_statements")
        assert refused(desk.confirm(asked)) == {"WAIVER_NOT_NEEDED"}
        assert builders.rows_of(desk.office, models.DocumentWaiver) == []


class TestRefiling:
    def refile(self, desk: Desk, reference: str, document: int, kind: str, **more) -> Outcome:
        given = {"reference": reference, "document_id": document, "kind": kind, "reason": "Filed wrongly."}
        return refile_document(desk.office, act=desk.officer, **(given | more))

    def test_changes_the_kind_and_answers_keep_their_evidence(self, desk: Desk):
        reference = desk.in_review()
        old = builders.add(desk.office, desk.officer, reference, "security_certifications")
        builders.done(desk.answer(reference, "S1", "yes", documents=[old]))
        builders.done(desk.assess(reference, "S1", "met"))

        new = builders.done(desk.confirm(self.refile(desk, reference, old, "evidence"))).data["document"]

        with desk.office.database.snapshot() as connection:
            listed = {row["id"]: row for row in case_file.documents(connection, reference=reference, viewer=OPERATOR)}
        assert (listed[old]["status"], listed[new]["status"]) == ("withdrawn", "counts")
        assert (listed[new]["kind"], listed[new]["sha256"]) == ("evidence", listed[old]["sha256"])
        finding = desk.findings(reference, "S1")[""]
        assert (json.loads(finding["documents"]), finding["assessment"]) == ([new], "met")
        with bad("DOCUMENT"):
            desk.answer(reference, "S1", "yes", documents=[old])
        with bad("DOCUMENT"):
            self.refile(desk, reference, old, "bizfile_report")

    def test_moves_a_document_to_another_case_of_the_company(self, desk: Desk, stp_text: str):
        other = stp_text.replace('code = "STP"', 'code = "STP-TWO"', 1)
        with desk.office.database.transaction() as transaction:
            editions.install(transaction.connection, load_programme(other, file="two.toml"), now=builders.NOW)
        uen = builders.valid_uen(903)
        second, first = desk.submit(uen=uen, programme="STP-TWO"), desk.in_review(uen=uen)
        old = builders.add(desk.office, desk.officer, first, "evidence")
        builders.done(desk.answer(first, "S1", "yes", documents=[old]))
        builders.done(desk.assess(first, "S1", "met"))

        moved = builders.done(desk.confirm(self.refile(desk, first, old, "evidence", to=second)))

        assert moved.data["filed_in"] == second
        row = builders.rows_of(desk.office, models.Document, id=moved.data["document"])[0]
        assert row["application_id"] == builders.case_of(desk.office, second)["id"]
        finding = desk.findings(first, "S1")[""]
        assert (finding["documents"], finding["assessment"]) == ("[]", None)

    def test_takes_the_report_away_from_a_visit(self, desk: Desk):
        reference = builders.ready_to_certify(desk.office, desk.staff)
        (visit,) = builders.rows_of(desk.office, models.Visit)

        builders.done(desk.confirm(self.refile(desk, reference, visit["report_id"], "evidence")))

        assert {"VISIT_MISSING", "RECOMMENDATION_STALE"} <= desk.unmet(reference, "certify")

    def test_refuses_another_company_and_no_change(self, desk: Desk):
        reference, stranger = desk.submit(), desk.submit()
        document = builders.add(desk.office, desk.officer, reference, "evidence")

        with bad("OTHER_COMPANY"):
            self.refile(desk, reference, document, "evidence", to=stranger)
        with bad("REFILING"):
            self.refile(desk, reference, document, "evidence")

    def test_is_undone_by_nothing_when_the_second_person_refuses(self, desk: Desk):
        reference = desk.submit()
        document = builders.add(desk.office, desk.officer, reference, "evidence")
        asked = builders.done(self.refile(desk, reference, document, "bizfile_report")).data["approval"]

        supervisor = builders.act(desk.staff.supervisor)
        builders.done(refuse_approval(desk.office, approval_id=asked, reason="It is evidence.", act=supervisor))

        assert builders.rows_of(desk.office, models.DocumentWithdrawal) == []


class TestRequests:
    def waiting(self, desk: Desk) -> str:
        reference = desk.in_review()
        desk.advance(reference, "request_information", reason="Which gate?")
        return reference

    def ask(self, desk: Desk, reference: str, question: str = "Which guard?", **more) -> Done:
        return builders.done(
            ask_information(desk.office, reference=reference, question=question, act=desk.officer, **more)
        )

    def answer(self, desk: Desk, reference: str, number: int, **more) -> Done:
        return builders.done(
            answer_information(desk.office, reference=reference, number=number, act=desk.officer, **more)
        )

    def planned(self, desk: Desk, number: int) -> set[str]:
        rows = builders.rows_of(desk.office, models.PlannedAction, subject="request", occurrence=number)
        return {row["status"] for row in rows}

    def test_may_follow_one_another_each_with_its_own_deadline(self, desk: Desk):
        reference = self.waiting(desk)

        asked = self.ask(desk, reference, reply_by=TODAY + 3 * ONE_DAY)

        assert asked.data["number"] == 2
        assert builders.case_of(desk.office, reference)["deadline"] == TODAY + 3 * ONE_DAY
        assert self.planned(desk, 2) == {"planned"}
        letters = builders.rows_of(desk.office, models.Notification, message="information_requested")
        told = [json.loads(one["payload"])["requests"] for one in letters]
        assert [[one["number"] for one in requests] for requests in told] == [[1], [2]]
        assert told[1][0]["question"] == "Which guard?"

    def test_are_refused_a_day_for_the_answer_that_is_past(self, desk: Desk):
        past = TODAY - ONE_DAY
        with bad("DATE_ORDER"):
            desk.advance(desk.in_review(), "request_information", reason="Which?", given={"reply_by": past.isoformat()})
        with bad("DATE_ORDER"):
            self.ask(desk, self.waiting(desk), reply_by=past)

    def test_are_answered_one_by_one(self, desk: Desk):
        reference = self.waiting(desk)
        self.ask(desk, reference, reply_by=TODAY + 3 * ONE_DAY)

        self.answer(desk, reference, 2, text="Mr Lim.")

        assert (self.planned(desk, 1), self.planned(desk, 2)) == ({"planned"}, {"superseded"})
        assert builders.case_of(desk.office, reference)["deadline"] == TODAY + 14 * ONE_DAY
        with bad("REQUEST"):
            answer_information(desk.office, reference=reference, number=2, act=desk.officer)
        with bad("DATE_ORDER"):
            self.answer(desk, reference, 1, received_on=TODAY - ONE_DAY)
        with bad("DATE_ORDER"):
            self.answer(desk, reference, 1, received_on=TODAY + ONE_DAY)

    def test_write_nothing_where_the_case_changed_since_it_was_looked_at(self, desk: Desk):
        reference = self.waiting(desk)
        looked_at = builders.case_of(desk.office, reference)["version"]
        self.ask(desk, reference)
        more = {"reference": reference, "question": "Since when?", "act": desk.officer}

        with pytest.raises(StaleVersion):
            put_question(desk.office, version=looked_at, **more)
        now = builders.case_of(desk.office, reference)["version"]
        done = builders.done(put_question(desk.office, version=now, **more))

        assert done.data["number"] == 3

    def test_are_put_only_while_the_case_waits(self, desk: Desk):
        reference = desk.in_review()

        outcome = ask_information(desk.office, reference=reference, question="Which?", act=desk.officer)

        assert refused(outcome) == {"WRONG_STATE"}

    def test_stop_the_clock_until_the_day_the_last_answer_arrived(self, desk: Desk):
        reference = self.waiting(desk)
        before = add_months(TODAY, 4)
        self.ask(desk, reference)
        desk.at(TODAY + 2 * ONE_DAY)
        self.answer(desk, reference, 1)
        desk.at(TODAY + 10 * ONE_DAY)
        self.answer(desk, reference, 2, received_on=TODAY + 9 * ONE_DAY)
        desk.at(TODAY + 30 * ONE_DAY)

        done = desk.advance(reference, "supply_information")

        case = builders.case_of(desk.office, reference)
        assert done.data["state"] == "checklist_review"
        assert builders.local_today(case["decided_at"]) == TODAY + 9 * ONE_DAY
        assert case["deadline"] == before + 9 * ONE_DAY

    def test_answered_together_count_from_now(self, desk: Desk):
        reference = self.waiting(desk)
        desk.at(TODAY + 5 * ONE_DAY)

        desk.advance(reference, "supply_information")

        assert builders.case_of(desk.office, reference)["deadline"] == add_months(TODAY, 4) + 5 * ONE_DAY

    @pytest.mark.parametrize(
        ("second_person", "counts_from"), [("confirms", 1), ("refuses", 30), ("says nothing yet", 30)]
    )
    def test_recorded_late_count_from_their_day_once_it_is_confirmed(
        self, desk: Desk, second_person: str, counts_from: int
    ):
        reference = self.waiting(desk)
        desk.at(TODAY + 30 * ONE_DAY)
        done = self.answer(desk, reference, 1, received_on=TODAY + ONE_DAY)
        if second_person == "confirms":
            builders.done(desk.confirm(done))
        if second_person == "refuses":
            supervisor = builders.act(desk.staff.supervisor, desk.officer.now)
            answer = {"approval_id": done.data["approval"], "reason": "It came today.", "act": supervisor}
            builders.done(refuse_approval(desk.office, **answer))

        desk.advance(reference, "supply_information")

        day = TODAY + counts_from * ONE_DAY
        (request,) = builders.rows_of(desk.office, models.InformationRequest)
        assert request["received_on"] == day
        assert builders.local_today(builders.case_of(desk.office, reference)["decided_at"]) == day

    def test_of_an_earlier_cycle_bind_no_later_one(self, desk: Desk):
        reference = builders.certified(desk.office, desk.staff)
        desk.at(TODAY + 40 * ONE_DAY)
        builders.complete_pack(desk.office, desk.officer, reference)
        desk.advance(reference, "renew")
        desk.advance(reference, "request_information", reason="Which gate?")
        desk.advance(reference, "withdraw", reason_code="request")
        builders.complete_pack(desk.office, desk.officer, reference)
        desk.advance(reference, "renew")
        desk.advance(reference, "request_information", reason="Which guard?")
        self.answer(desk, reference, 2)

        assert desk.advance(reference, "supply_information").data["state"] == "checklist_review"


class TestDrafts:
    def test_of_the_last_cycle_are_confirmed_section_by_section(self, per_site: Desk):
        desk, uen = per_site, builders.valid_uen(904)
        reference = builders.in_validation(desk.office, desk.staff, uen=uen, sites=["Tuas", "Changi"])
        certify(desk, reference, uen)
        desk.at(TODAY + 40 * ONE_DAY)
        desk.site(reference, "Jurong")
        contents = len(builders.rows_of(desk.office, models.DocumentChunk))
        with desk.office.database.snapshot() as connection:
            offered = case_file.checklist(
                connection, desk.office, reference=reference, viewer=OPERATOR, only_drafts=True
            )
        assert len(offered) == len(builders.criteria(desk.office)) + 1  # S3 of the two sites that had answers

        confirm = {"reference": reference, "act": desk.officer}
        first = confirm_answers(desk.office, section="iii", **confirm)
        confirm_answers(desk.office, section="iv", instrument="stp_criteria", **confirm)
        again = confirm_answers(desk.office, section="iii", **confirm)

        assert builders.done(first).data["confirmed"][:2] == ["S3 (Changi)", "S3 (Tuas)"]
        assert builders.done(again).data["confirmed"] == []
        found = desk.findings(reference, "S3")
        assert {(row["cycle"], row["answer"], row["assessment"]) for row in found.values()} == {(2, "yes", None)}
        copies = builders.rows_of(desk.office, models.Document, cycle=2)
        assert [row["id"] for row in copies] == json.loads(found["Tuas"]["documents"])
        assert len(builders.rows_of(desk.office, models.DocumentChunk)) == contents

    def test_are_none_in_the_first_cycle(self, desk: Desk):
        reference = desk.in_review()

        with bad("FIRST_CYCLE"):
            confirm_answers(desk.office, reference=reference, section="i", act=desk.officer)


class TestIdempotencyKeys:
    def submit(self, desk: Desk, key: str, **more) -> Done:
        given = {"programme": "STP", "uen": builders.valid_uen(905), "company_name": "Quillhaven", "act": desk.officer}
        return submit_application(desk.office, idempotency_key=key, **(given | more))

    def test_fifty_requests_have_one_effect(self, desk: Desk):
        answers = [self.submit(desk, "k-1") for _ in range(50)]
        reference = answers[0].data["reference"]
        moves = [
            builders.advance(
                desk.office,
                desk.officer,
                reference,
                "withdraw",
                reason_code="request",
                version=1,
                idempotency_key="k-2",
            )
            for _ in range(50)
        ]

        assert [one == answers[0] for one in answers] == [True] * 50
        assert [one == moves[0] for one in moves] == [True] * 50
        assert len(builders.rows_of(desk.office, models.Application)) == 1
        assert len(builders.rows_of(desk.office, models.Decision)) == 1

    def test_keep_a_refusal_and_a_recommendation(self, desk: Desk):
        reference = desk.submit()
        recommend = {"reference": reference, "outcome": "reject", "reason": "No documents.", "act": desk.officer}

        refusals = [
            builders.advance(desk.office, desk.officer, reference, "start_review", idempotency_key="a") for _ in "12"
        ]
        made = [recommend_outcome(desk.office, idempotency_key="b", **recommend) for _ in "12"]

        assert refusals[0] == refusals[1]
        assert refused(refusals[1]) == {"DOCUMENTS_MISSING"}
        assert made[0] == made[1]
        kinds = [entry["kind"] for entry in builders.entries_of(desk.office, reference)]
        assert kinds.count("case:transition:refused") == kinds.count("case:recommendation:made") == 1

    def test_refuse_another_request_and_are_each_persons_own(self, desk: Desk):
        first = self.submit(desk, "k")

        with bad("IDEMPOTENCY_KEY_REUSED"):
            self.submit(desk, "k", uen=builders.valid_uen(906))
        other = builders.act(desk.staff.second_officer)
        second = self.submit(desk, "k", uen=builders.valid_uen(906), act=other)

        assert first.data["reference"] != second.data["reference"]

    def test_are_forgotten_after_a_day_and_after_an_error(self, desk: Desk):
        with bad("UEN_CHECK"):
            self.submit(desk, "k", uen="201890417A")
        with pytest.raises(CaseworkError):
            self.submit(desk, "k", programme="NONE")
        self.submit(desk, "k")
        tomorrow = builders.act(desk.staff.officer, builders.NOW + timedelta(hours=24))

        other = self.submit(desk, "k", uen=builders.valid_uen(906), act=tomorrow)

        assert other == self.submit(desk, "k", uen=builders.valid_uen(906), act=tomorrow)

    def test_of_eight_threads_at_once_have_one_effect(self, postgresql_office: Office):
        desk, answers, start = Desk(postgresql_office), [], threading.Barrier(8)

        def run() -> None:
            start.wait(_LONGEST)
            try:
                answers.append(self.submit(desk, "k"))
            except Exception as error:  # noqa: BLE001  # whatever it is, the test looks at it
                answers.append(error)

        threads = [threading.Thread(target=run) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(_LONGEST)

        assert [one == answers[0] for one in answers] == [True] * 8
        assert isinstance(answers[0], Done)
        assert len(builders.rows_of(postgresql_office, models.Application)) == 1
        assert len(builders.rows_of(postgresql_office, models.IdempotencyKey)) == 1
