"""The exceptions report names what was done out of the ordinary, with both people, from the trail alone."""

import csv
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import builders
import pytest
from builders import act, done, morning_of

from workflow.audit.entry import Entry
from workflow.decisions.record import enter
from workflow.operations.correct_certificate import correct_certificate
from workflow.operations.decide_approval import confirm_approval, refuse_approval
from workflow.operations.import_certificates import COLUMNS, import_certificates
from workflow.operations.recommend_outcome import recommend_outcome
from workflow.operations.refile_document import refile_document
from workflow.operations.sweep import sweep
from workflow.operations.waive_document import waive_document
from workflow.reports.exceptions import KINDS, exceptions
from workflow.store.office import Office

BEGIN = builders.TODAY
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
HOUR = 60 * MINUTE


def found(office: Office, kind: str = "", **more: Any) -> list[dict[str, Any]]:
    with office.database.snapshot() as connection:
        return exceptions(connection, office, kind=kind, **more)


def told(office: Office, kind: str) -> list[tuple[str, str, str]]:
    """Return who, the second person and the reason of each exception of a kind."""
    return [(row["who"], row["second_person"], row["reason"]) for row in found(office, kind)]


def ordinary(office: Office, staff: builders.People) -> str:
    """Carry a case to its certificate without anything out of the ordinary but answers assessed together."""
    reference = builders.ready_to_certify(office, staff)
    done(builders.advance(office, act(staff.approver, builders.NOW + HOUR), reference, "certify"))
    return reference


class TestAnOrdinaryCase:
    def test_shows_only_that_its_answers_were_assessed_together(self, office: Office):
        reference = ordinary(office, builders.people(office))

        (row,) = found(office)
        assert (row["kind"], row["application"], row["who"]) == ("bulk_assessment", reference, "Adeline Goh")
        assert row["reason"].endswith("answers assessed met together")
        assert row["date"] == BEGIN

    def test_leaves_out_what_is_not_asked_for(self, sqlite_office: Office):
        ordinary(sqlite_office, builders.people(sqlite_office))

        assert found(sqlite_office, kind="waiver") == []
        assert found(sqlite_office, last=BEGIN - DAY) == []
        assert found(sqlite_office, first=BEGIN + DAY) == []
        assert len(found(sqlite_office, first=BEGIN, last=BEGIN)) == 1


class TestASecondPerson:
    def test_of_a_waiver_is_who_confirmed_it(self, office: Office):
        staff = builders.people(office)
        reference = builders.submit(office, act(staff.officer))
        asked = waive_document(
            office, reference=reference, kind="bizfile_report", reason="On file.", act=act(staff.officer)
        )
        done(confirm_approval(office, approval_id=done(asked).data["approval"], act=act(staff.approver)))

        assert told(office, "waiver") == [("Adeline Goh", "Chen Wei Ling", "On file.")]

    def test_of_a_document_filed_again_too(self, sqlite_office: Office):
        office, staff = sqlite_office, builders.people(sqlite_office)
        reference = builders.submit(office, act(staff.officer))
        document = builders.add(office, act(staff.officer), reference, "evidence")
        more = {"document_id": document, "kind": "order", "reason": "Misfiled."}
        asked = done(refile_document(office, reference=reference, act=act(staff.officer), **more))
        done(confirm_approval(office, approval_id=asked.data["approval"], act=act(staff.supervisor)))

        assert told(office, "refiled_document") == [("Adeline Goh", "Edmund Tan", "Misfiled.")]

    def test_of_a_wrong_check_letter_waits_until_somebody_answers(self, sqlite_office: Office):
        office, staff = sqlite_office, builders.people(sqlite_office)
        builders.submit(office, act(staff.officer), uen="201890417A", accept_check_letter="As printed.")
        waiting = told(office, "uen_override")
        done(refuse_approval(office, approval_id=1, reason="It is misread.", act=act(staff.supervisor)))

        assert waiting == [("Adeline Goh", "waits (no. 1)", "As printed.")]
        assert told(office, "uen_override") == [("Adeline Goh", "refused by Edmund Tan", "As printed.")]

    def test_of_a_correction_confirmed_it(self, sqlite_office: Office):
        office, staff = sqlite_office, builders.people(sqlite_office)
        number = builders.case_of(office, ordinary(office, staff))["certificate_number"]
        more = {"valid_until": date(2029, 11, 1), "reason": "Misread."}
        asked = done(correct_certificate(office, number=number, act=act(staff.officer), **more))
        done(confirm_approval(office, approval_id=asked.data["approval"], act=act(staff.approver)))

        assert told(office, "correction") == [("Adeline Goh", "Chen Wei Ling", "Misread.")]

    def test_of_an_earlier_end_confirmed_it(self, sqlite_office: Office):
        office, staff = sqlite_office, builders.people(sqlite_office)
        reference, later = builders.ready_to_certify(office, staff), builders.NOW + HOUR
        given = {"valid_until": "2028-11-23"}
        asked = done(
            builders.advance(office, act(staff.approver, later), reference, "certify", given=given, reason="One site.")
        )
        done(confirm_approval(office, approval_id=asked.data["approval"], act=act(staff.supervisor, later)))

        assert told(office, "validity_override") == [("Chen Wei Ling", "Edmund Tan", "until 2028-11-23: One site.")]

    def test_of_an_emergency_confirms_it_later(self, sqlite_office: Office):
        office, staff = sqlite_office, builders.people(sqlite_office)
        reference, later = ordinary(office, staff), builders.NOW + 2 * HOUR
        other = builders.another_person(office, "p-09", "Gita Rao", "approver")
        more = {"reason": "Seals were broken.", "reason_code": "emergency"}
        done(builders.advance(office, act(staff.approver, later), reference, "suspend", **more))
        waiting = told(office, "emergency")
        done(confirm_approval(office, approval_id=1, act=act(other, later + DAY)))

        assert waiting == [("Chen Wei Ling", "waits (no. 1)", "Seals were broken.")]
        assert told(office, "emergency") == [("Chen Wei Ling", "Gita Rao", "Seals were broken.")]

    def test_of_closing_for_no_reply_confirmed_it(self, sqlite_office: Office):
        office, staff = sqlite_office, builders.people(sqlite_office)
        reference = builders.submit(office, act(staff.officer))
        ask = {"reason": "Where?", "given": {"reply_by": (BEGIN + 8 * DAY).isoformat()}}
        done(builders.advance(office, act(staff.officer), reference, "request_information", **ask))
        for days in (12, 30):
            sweep(office, now=morning_of(BEGIN + days * DAY))
        later = morning_of(BEGIN + 60 * DAY)
        close = {"reason_code": "no_reply", "reason": "No word."}
        asked = done(builders.advance(office, act(staff.officer, later), reference, "withdraw", **close))
        done(confirm_approval(office, approval_id=asked.data["approval"], act=act(staff.supervisor, later)))

        assert told(office, "no_reply") == [("Adeline Goh", "Edmund Tan", "No word.")]

    def test_of_an_import_as_printed_signs_the_run_off(self, sqlite_office: Office, tmp_path: Path):
        office, staff = sqlite_office, builders.people(sqlite_office)
        row = {
            "uen": builders.valid_uen(90_001),
            "company_name": "Quillhaven Logistics Pte. Ltd.",
            "programme": "STP",
            "certificate_number": "OLD/2025/17",
            "valid_from": "2025-03-01",
            "valid_until": "2028-03-09",
            "account_manager_email": builders.email_of(staff.account_manager),
            "contact_email": "trade@quillhaven.example",
        }
        with (tmp_path / "certificates.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, restval="")
            writer.writeheader()
            writer.writerow(row)
        admin = builders.another_person(office, "p-10", "Rosnah Yusof", "admin")
        import_certificates(office, file=tmp_path / "certificates.csv", act=act(admin))
        done(confirm_approval(office, approval_id=1, act=act(staff.supervisor)))

        assert told(office, "as_printed") == [("Rosnah Yusof", "Edmund Tan", "2025-03-01 to 2028-03-09, as printed")]


class TestBackdating:
    def test_is_a_day_of_receipt_before_it_was_recorded(self, office: Office):
        staff = builders.people(office)
        builders.submit(office, act(staff.officer), received_on=BEGIN - DAY)
        builders.submit(office, act(staff.officer), received_on=BEGIN - 40 * DAY)
        done(confirm_approval(office, approval_id=1, act=act(staff.supervisor)))

        assert told(office, "backdating") == [
            ("Adeline Goh", "", f"received on {BEGIN - DAY}"),
            ("Adeline Goh", "Edmund Tan", f"received on {BEGIN - 40 * DAY}"),
        ]

    def test_is_a_decision_that_counts_from_an_earlier_day(self, sqlite_office: Office):
        office, staff = sqlite_office, builders.people(sqlite_office)
        reference = builders.submit(office, act(staff.officer))
        more = {"reason_code": "request", "reason": "By letter.", "effective_on": BEGIN + DAY}
        done(builders.advance(office, act(staff.officer, morning_of(BEGIN + 3 * DAY)), reference, "withdraw", **more))

        assert told(office, "backdating") == [("Adeline Goh", "", f"counts from {BEGIN + DAY}: By letter.")]

    def test_is_never_the_clocks_that_was_down(self, sqlite_office: Office):
        office, staff = sqlite_office, builders.people(sqlite_office)
        reference = ordinary(office, staff)
        sweep(office, now=morning_of(date(2030, 6, 3)))

        assert builders.case_of(office, reference)["state"] == "lapsed"
        assert found(office, "backdating") == []


class TestHaste:
    @pytest.mark.parametrize(("after", "words"), [(0, "0 min 0 s"), (299, "4 min 59 s"), (300, "5 min 0 s")])
    def test_is_a_decision_within_five_minutes_of_its_recommendation(
        self, sqlite_office: Office, after: int, words: str
    ):
        office, staff = sqlite_office, builders.people(sqlite_office)
        reference = builders.ready_to_certify(office, staff)
        now = builders.NOW + timedelta(seconds=after)
        done(builders.advance(office, act(staff.approver, now), reference, "certify"))

        assert told(office, "quick_decision") == [("Chen Wei Ling", "Adeline Goh", f"{words} after the recommendation")]

    def test_ends_with_five_minutes(self, sqlite_office: Office):
        office, staff = sqlite_office, builders.people(sqlite_office)
        reference = builders.ready_to_certify(office, staff)
        done(builders.advance(office, act(staff.approver, builders.NOW + timedelta(seconds=301)), reference, "certify"))

        assert found(office, "quick_decision") == []

    def test_is_seen_across_midnight(self, sqlite_office: Office):
        office, staff = sqlite_office, builders.people(sqlite_office)
        midnight = builders.NOW.replace(hour=16)  # in Singapore
        reference = builders.ready_to_certify(office, staff, now=midnight - MINUTE)
        done(builders.advance(office, act(staff.approver, midnight + MINUTE), reference, "certify"))

        (row,) = found(office, "quick_decision", first=BEGIN + DAY, last=BEGIN + DAY)
        assert row["reason"] == "2 min 0 s after the recommendation"

    def test_counts_from_the_newest_recommendation(self, sqlite_office: Office):
        office, staff = sqlite_office, builders.people(sqlite_office)
        reference = builders.ready_to_certify(office, staff)
        again = {"reference": reference, "outcome": "certify", "reason": "Still met."}
        done(recommend_outcome(office, act=act(staff.officer, builders.NOW + HOUR), **again))
        done(builders.advance(office, act(staff.approver, builders.NOW + HOUR + MINUTE), reference, "certify"))

        assert [row["reason"][:5] for row in found(office, "quick_decision")] == ["1 min"]


def test_a_decision_set_aside_shows_its_ground(sqlite_office: Office):
    office, staff = sqlite_office, builders.people(sqlite_office)
    reference = builders.submit(office, act(staff.officer))
    done(builders.advance(office, act(staff.officer), reference, "withdraw", reason_code="request"))
    order = builders.add(office, act(staff.officer), reference, "order")
    more = {"reason_code": "own_error", "reason": "Wrong case.", "given": {"order": str(order)}}
    done(builders.advance(office, act(staff.approver), reference, "set_aside", **more))

    assert told(office, "set_aside") == [("Chen Wei Ling", "", "own_error: Wrong case.")]


def test_a_confirmed_sweep_shows_how_many_lapse(sqlite_office: Office):
    staff = builders.people(sqlite_office)
    detail = {"lapses": 21, "certificates": 400}
    entry = Entry("clock:sweep:confirmed", builders.NOW, staff.supervisor.id, "supervisor", "console", detail=detail)
    with sqlite_office.database.transaction() as transaction:
        enter(transaction.connection, entry)

    (row,) = found(sqlite_office, "confirmed_sweep")
    assert (row["who"], row["application"]) == ("Edmund Tan", None)
    assert row["reason"] == "Held sweep confirmed: 21 certificates of 400"


def test_every_kind_has_a_test_here():
    said = Path(__file__).read_text(encoding="utf-8")

    assert [kind for kind in KINDS if f'"{kind}"' not in said] == []
