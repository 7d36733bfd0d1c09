"""Certificates after they were issued: corrected, re-issued, consented to, and listed as they were on any day."""

from datetime import date, timedelta

import builders
import lifecycle
import pytest
from builders import act, done
from sqlalchemy import event

from states.facts import OPERATOR
from workflow import models
from workflow.decisions.outcome import Refused
from workflow.errors import BadInput, NotFound
from workflow.operations.correct_certificate import correct_certificate
from workflow.operations.decide_approval import confirm_approval, refuse_approval
from workflow.operations.manage_officers import change_roles
from workflow.operations.record_consent import record_consent
from workflow.operations.reissue_certificate import reissue_certificate
from workflow.operations.sweep import sweep
from workflow.reports import certificates
from workflow.reports.register import listed
from workflow.store.office import Office

FROM = date(2026, 11, 23)
LAST = date(2029, 11, 23)
LATER = builders.morning_of(date(2027, 3, 1))
DAY = timedelta(days=1)


def number_of(office: Office, reference: str) -> str:
    return str(builders.case_of(office, reference)["certificate_number"])


def register(office: Office, day: date, **more) -> list[dict]:
    with office.database.snapshot() as connection:
        return listed(connection, office, day, **more)


def shown(office: Office, number: str, now=LATER) -> dict:
    with office.database.snapshot() as connection:
        return certificates.show(connection, office, number=number, viewer=OPERATOR, now=now)


def corrected(office: Office, staff: builders.People, number: str, now=LATER, **dates: date) -> None:
    asked = done(
        correct_certificate(office, number=number, reason="A slip.", act=act(staff.officer, now), **dates)
    ).data
    done(confirm_approval(office, approval_id=asked["approval"], act=act(staff.approver, now)))


class TestCorrection:
    def test_changes_dates_reminders_and_mail_once_a_second_person_confirms(self, office: Office):
        staff = builders.people(office)
        reference = builders.certified(office, staff, valid_from=FROM)
        number = number_of(office, reference)
        ask = {"number": number, "valid_until": LAST - 10 * DAY, "reason": "A slip."}

        asked = done(correct_certificate(office, act=act(staff.officer, LATER), **ask)).data
        before = builders.case_of(office, reference)
        done(confirm_approval(office, approval_id=asked["approval"], act=act(staff.approver, LATER)))

        assert before["valid_until"] == LAST
        after = builders.case_of(office, reference)
        assert (after["state"], after["valid_until"]) == ("certified", LAST - 10 * DAY)
        decision = builders.rows_of(office, models.Decision)[-1]
        assert (decision["trigger"], decision["to_state"]) == ("correct", "certified")
        planned = builders.rows_of(office, models.PlannedAction, status="planned")
        assert {row["basis"] for row in planned} == {decision["id"]}
        assert {row["due_on"] for row in planned if row["rule"] == "lapse"} == {LAST - 10 * DAY}
        told = builders.rows_of(office, models.Notification, message="certificate_corrected")
        assert sorted(row["recipient"].split(":")[0] for row in told) == ["account_manager", "contact"]
        assert f'"previous_valid_until": "{LAST}"' in told[0]["payload"]
        assert shown(office, number)["decided"]["valid_until"] == LAST
        assert shown(office, number)["valid_until"] == LAST - 10 * DAY

    def test_is_not_confirmed_by_who_asked_nor_by_a_supervisor(self, office: Office):
        staff = builders.people(office)
        number = number_of(office, builders.certified(office, staff, valid_from=FROM))
        ask = {"number": number, "valid_until": LAST - DAY, "reason": "A slip."}
        asked = done(correct_certificate(office, act=act(staff.approver, LATER), **ask)).data["approval"]

        own = confirm_approval(office, approval_id=asked, act=act(staff.approver, LATER))
        other = confirm_approval(office, approval_id=asked, act=act(staff.supervisor, LATER))
        another = builders.another_person(office, "p-09", "Gita Rao", "approver")
        done(refuse_approval(office, approval_id=asked, reason="It was right.", act=act(another, LATER)))

        assert isinstance(own, Refused)
        assert isinstance(other, Refused)
        assert shown(office, number)["valid_until"] == LAST

    @pytest.mark.parametrize(
        ("dates", "words"),
        [
            ({}, "has these dates already"),
            ({"valid_until": LAST}, "has these dates already"),
            ({"valid_until": date(2027, 2, 28)}, "revoke it instead"),
            ({"valid_from": LAST + DAY}, "is after the last day"),
        ],
    )
    def test_to_dates_that_cannot_be_writes_nothing(self, sqlite_office: Office, dates: dict, words: str):
        office, staff = sqlite_office, builders.people(sqlite_office)
        number = number_of(office, builders.certified(office, staff, valid_from=FROM))
        before = builders.everything(office)

        with pytest.raises(BadInput, match=words):
            correct_certificate(office, number=number, reason="A slip.", act=act(staff.officer, LATER), **dates)

        assert builders.everything(office) == before

    def test_needs_a_certificate_that_has_not_ended_and_the_right_role(self, sqlite_office: Office):
        office, staff = sqlite_office, builders.people(sqlite_office)
        number = number_of(office, builders.certified(office, staff, valid_from=FROM))
        ask = {"valid_until": LAST + 9 * DAY, "reason": "A slip."}

        assert isinstance(correct_certificate(office, number=number, act=act(staff.auditor, LATER), **ask), Refused)
        with pytest.raises(NotFound):
            correct_certificate(office, number="STP-1999-C00001", act=act(staff.officer, LATER), **ask)
        sweep(office, now=builders.morning_of(LAST + DAY))
        with pytest.raises(BadInput, match="has ended"):
            correct_certificate(office, number=number, act=act(staff.officer, builders.morning_of(LAST + DAY)), **ask)

    def test_is_not_done_for_who_lost_the_role_in_which_it_was_asked(self, sqlite_office: Office):
        staff, office = builders.people(sqlite_office), sqlite_office
        admin = builders.another_person(office, "p-20", "Hana Aoki", "admin")
        asker = builders.another_person(office, "p-21", "Ivan Koh", "account_manager", "officer")
        number = number_of(office, builders.certified(office, staff, valid_from=FROM))
        ask = {"number": number, "valid_until": LAST - DAY, "reason": "A slip."}
        asked = done(correct_certificate(office, act=act(asker, LATER), **ask)).data["approval"]
        change_roles(office, email=builders.email_of(asker), add=[], remove=["officer"], act=act(admin, LATER))

        outcome = confirm_approval(office, approval_id=asked, act=act(staff.approver, LATER))

        assert isinstance(outcome, Refused)
        assert [one.code for one in outcome.unmet] == ["REQUESTER_GONE"]
        assert shown(office, number)["valid_until"] == LAST

    def test_in_a_suspended_case_leaves_the_suspension_to_be_set_aside(self, sqlite_office: Office):
        office, staff = sqlite_office, builders.people(sqlite_office)
        reference = builders.certified(office, staff, valid_from=FROM)
        suspend(office, staff, reference)
        corrected(office, staff, number_of(office, reference), valid_until=LAST - DAY)
        order = builders.add(office, act(staff.officer, LATER), reference, "order")
        other = builders.another_person(office, "p-09", "Gita Rao", "approver")

        more = {"reason_code": "own_error", "given": {"order": str(order)}}
        done(builders.advance(office, act(other, LATER), reference, "set_aside", **more))

        case = builders.case_of(office, reference)
        assert (case["state"], case["suspended_on"], case["valid_until"]) == ("certified", None, LAST - DAY)


class TestBesideACertificateThatFollows:
    def test_either_is_corrected_without_an_overlap_and_only_the_newest_is_planned_anew(self, sqlite_office: Office):
        office, staff = sqlite_office, builders.people(sqlite_office)
        reference, current, following = renewed_early(office, staff)
        now = builders.morning_of(LAST - 100 * DAY)
        basis = {row["basis"] for row in builders.rows_of(office, models.PlannedAction, status="planned")}

        corrected(office, staff, current, now, valid_until=LAST - DAY)
        unplanned = {row["basis"] for row in builders.rows_of(office, models.PlannedAction, status="planned")}
        with pytest.raises(BadInput, match="Correct the other one first"):
            correct_certificate(
                office, number=current, valid_until=LAST + DAY, reason="A slip.", act=act(staff.officer, now)
            )
        corrected(office, staff, following, now, valid_from=LAST)

        case = builders.case_of(office, reference)
        assert (case["valid_until"], case["next_valid_from"]) == (LAST - DAY, LAST)
        assert unplanned == basis
        planned = builders.rows_of(office, models.PlannedAction, status="planned")
        assert {row["basis"] for row in planned} == {builders.rows_of(office, models.Decision)[-1]["id"]}
        days = (LAST - DAY, LAST)
        assert [[one["number"] for one in register(office, day)] for day in days] == [[current], [following]]

    def test_a_reissue_of_the_one_that_runs_keeps_cycle_and_the_other(self, sqlite_office: Office):
        office, staff = sqlite_office, builders.people(sqlite_office)
        reference, current, following = renewed_early(office, staff)
        now = builders.morning_of(LAST - 100 * DAY)

        outcome = reissue_certificate(office, number=current, reason="Stained.", act=act(staff.approver, now))

        new = done(outcome).data["certificate"]
        case = builders.case_of(office, reference)
        assert (case["certificate_number"], case["next_certificate"]) == (new, following)
        assert (shown(office, new, now)["cycle"], shown(office, following, now)["cycle"]) == (1, 2)


def renewed_early(office: Office, staff: builders.People) -> tuple[str, str, str]:
    """Return a case with a certificate that runs and one that follows it."""
    uen = builders.valid_uen(95_001)
    reference = builders.certified(office, staff, valid_from=FROM, uen=uen)
    now = builders.morning_of(LAST - 150 * DAY)
    officer, today = act(staff.officer, now), builders.local_today(now)
    builders.complete_pack(office, officer, reference)
    done(builders.advance(office, officer, reference, "renew"))
    builders.answered_and_assessed(office, officer, reference)
    done(builders.advance(office, officer, reference, "pass_checklist"))
    report = builders.add(office, officer, reference, "visit_report")
    done(builders.record_visit(office, reference=reference, held_on=today, report=report, act=officer))
    done(builders.set_band(office, uen=uen, band="Premium", assessed_on=today, act=officer))
    done(builders.recommend_outcome(office, reference=reference, outcome="certify", reason="All met.", act=officer))
    done(builders.advance(office, act(staff.approver, now), reference, "certify"))
    case = builders.case_of(office, reference)
    return reference, case["certificate_number"], case["next_certificate"]


def suspend(office: Office, staff: builders.People, reference: str) -> None:
    more = {"reason": "Found open.", "reason_code": "emergency"}
    outcome = builders.recommend_outcome(
        office, reference=reference, outcome="suspend", reason="Found.", act=act(staff.officer, LATER)
    )
    done(outcome)
    done(builders.advance(office, act(staff.approver, LATER), reference, "suspend", **more))


class TestReissue:
    def test_keeps_dates_code_and_standing_under_a_new_number(self, office: Office):
        staff = builders.people(office)
        reference = builders.certified(office, staff, valid_from=FROM)
        old = number_of(office, reference)
        done(record_consent(office, number=old, publication=True, act=act(staff.officer, LATER)))
        ledger = builders.rows_of(office, models.PlannedAction)

        outcome = reissue_certificate(office, number=old, reason="Stained.", act=act(staff.approver, LATER))

        new = done(outcome).data["certificate"]
        before, after = shown(office, old), shown(office, new)
        assert (before["standing"], after["standing"]) == ("ended", "in_force")
        assert before["replaced_by"] == new
        assert all(before[name] == after[name] for name in ("valid_from", "valid_until", "aeo_code", "cycle"))
        assert builders.rows_of(office, models.PlannedAction) == ledger
        assert len(builders.rows_of(office, models.Notification, message="certificate_reissued")) == 2
        days = (date(2027, 2, 28), date(2027, 3, 1), LAST)
        assert [[one["number"] for one in register(office, day)] for day in days] == [[old], [new], [new]]
        assert register(office, LAST)[0]["publication_consent"]
        sweep(office, now=builders.morning_of(LAST + DAY))
        assert builders.case_of(office, reference)["state"] == "lapsed"

    def test_of_a_suspended_one_is_suspended_too(self, sqlite_office: Office):
        office, staff = sqlite_office, builders.people(sqlite_office)
        reference = builders.certified(office, staff, valid_from=FROM)
        suspend(office, staff, reference)

        outcome = reissue_certificate(
            office, number=number_of(office, reference), reason="Stained.", act=act(staff.approver, LATER)
        )

        new = done(outcome).data["certificate"]
        assert shown(office, new)["standing"] == "suspended"
        assert register(office, LATER.date())[0]["note"] == "not in force today"

    @pytest.mark.parametrize("lifted", ["set aside", "not confirmed"])
    def test_of_a_suspended_one_is_in_force_again_when_the_suspension_is_undone(self, office: Office, lifted: str):
        staff, other = builders.people(office), builders.another_person(office, "p-09", "Gita Rao", "approver")
        reference = builders.certified(office, staff, valid_from=FROM)
        emergency = {"reason": "Seals were broken.", "reason_code": "emergency"}
        done(builders.advance(office, act(staff.approver, LATER), reference, "suspend", **emergency))
        for _ in range(2):
            number, by = number_of(office, reference), act(staff.approver, LATER)
            done(reissue_certificate(office, number=number, reason="Stained.", act=by))

        if lifted == "set aside":
            order = builders.add(office, act(staff.officer, LATER), reference, "order")
            more = {"reason_code": "own_error", "given": {"order": str(order)}}
            done(builders.advance(office, act(other, LATER), reference, "set_aside", **more))
        else:
            done(refuse_approval(office, approval_id=1, reason="Seals were whole.", act=act(other, LATER)))

        new = number_of(office, reference)
        assert (builders.case_of(office, reference)["state"], shown(office, new)["standing"]) == (
            "certified",
            "in_force",
        )
        assert lifecycle.listed(office, reference, LAST) == [new]

    def test_takes_an_approver_and_a_running_certificate(self, sqlite_office: Office):
        office, staff = sqlite_office, builders.people(sqlite_office)
        old = number_of(office, builders.certified(office, staff, valid_from=FROM))

        assert isinstance(
            reissue_certificate(office, number=old, reason="Stained.", act=act(staff.officer, LATER)), Refused
        )
        done(reissue_certificate(office, number=old, reason="Stained.", act=act(staff.approver, LATER)))
        with pytest.raises(BadInput, match="was replaced"):
            reissue_certificate(office, number=old, reason="Stained.", act=act(staff.approver, LATER))


class TestConsentAndRegister:
    def test_lists_in_public_who_consents_as_at_the_day(self, office: Office):
        staff = builders.people(office)
        number = number_of(office, builders.certified(office, staff, valid_from=FROM))
        withdrawn = builders.morning_of(date(2027, 6, 1))

        done(record_consent(office, number=number, publication=True, partners=True, act=act(staff.officer, LATER)))
        done(record_consent(office, number=number, publication=False, act=act(staff.account_manager, withdrawn)))

        days = (date(2027, 2, 28), date(2027, 3, 1), date(2027, 6, 1))
        assert [len(register(office, day, consenting_only=True)) for day in days] == [0, 1, 0]
        assert [len(register(office, day)) for day in (FROM - DAY, FROM, LAST, LAST + DAY)] == [0, 1, 1, 0]
        assert shown(office, number, withdrawn)["partner_consent"]
        assert register(office, FROM, programme="OTHER") == []

    def test_a_consent_to_nothing_is_refused_and_an_auditor_records_none(self, sqlite_office: Office):
        office, staff = sqlite_office, builders.people(sqlite_office)
        number = number_of(office, builders.certified(office, staff, valid_from=FROM))

        with pytest.raises(BadInput, match="Say whether the company consents"):
            record_consent(office, number=number, act=act(staff.officer, LATER))
        assert isinstance(record_consent(office, number=number, partners=True, act=act(staff.auditor, LATER)), Refused)

    def test_takes_as_many_queries_for_many_certificates_as_for_one(self, sqlite_office: Office):
        office, staff = sqlite_office, builders.people(sqlite_office)
        builders.certified_cheaply(office, staff, 1, valid_from=FROM)
        register(office, FROM)
        counted: list[str] = []
        event.listen(office.database.reader, "before_cursor_execute", lambda *given: counted.append(given[2]))

        assert len(register(office, FROM)) == 1
        once = len(counted)
        builders.certified_cheaply(office, staff, 6, valid_from=FROM)
        counted.clear()
        assert len(register(office, FROM)) == 7

        assert len(counted) == once
