"""Cut-over: what was certified or begun elsewhere goes on here as if it had always been here."""

import csv
from datetime import date, timedelta
from pathlib import Path

import builders
import pytest
from builders import act, done
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from states.dates import last_valid_day
from states.facts import OPERATOR
from workflow import models
from workflow.decisions.outcome import Act, Refused
from workflow.errors import BadInput, NotPermitted
from workflow.operations import csv_import, cut_over
from workflow.operations.csv_import import Rejects
from workflow.operations.cut_over import TakenOver
from workflow.operations.decide_approval import confirm_approval
from workflow.operations.import_applications import COLUMNS as CASE_COLUMNS
from workflow.operations.import_applications import import_applications
from workflow.operations.import_certificates import COLUMNS, OPTIONAL, import_certificates
from workflow.operations.sweep import sweep
from workflow.reports.calendar import calendar
from workflow.reports.register import listed
from workflow.store.office import Office

DAY = timedelta(days=1)
TODAY = builders.TODAY
NOW = builders.NOW
LAST = date(2028, 3, 1)
CERTIFICATE = {
    "uen": builders.valid_uen(90_001),
    "company_name": "Quillhaven Logistics Pte. Ltd.",
    "programme": "STP",
    "certificate_number": "OLD/2025/17",
    "valid_from": "2025-03-01",
    "valid_until": LAST.isoformat(),
    "account_manager_email": "dewi.lestari@customs.example",
    "contact_email": "trade@quillhaven.example",
}
PAPER = {
    "programme": "STP",
    "uen": builders.valid_uen(90_002),
    "company_name": "Mossgate Chandlery Pte. Ltd.",
    "state": "checklist_review",
    "received_on": "2026-09-01",
    "complete_at": "2026-09-10",
    "stops": "",
    "officer_email": "adeline.goh@customs.example",
    "account_manager_email": "dewi.lestari@customs.example",
}


def write(path: Path, columns: tuple[str, ...], rows: list[dict[str, str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return path


def certificates(office: Office, folder: Path, *rows: dict[str, str], by: Act | None = None, **more) -> TakenOver:
    file = write(folder / "certificates.csv", (*COLUMNS, *OPTIONAL), [CERTIFICATE | row for row in rows])
    return import_certificates(office, file=file, act=by or act(OPERATOR), **more)


def papers(office: Office, folder: Path, *rows: dict[str, str], **more) -> TakenOver:
    file = write(folder / "papers.csv", CASE_COLUMNS, [PAPER | row for row in rows])
    return import_applications(office, file=file, act=act(OPERATOR), **more)


def only_case(office: Office) -> dict:
    (case,) = builders.rows_of(office, models.Application)
    return case


def codes(result: TakenOver) -> set[str]:
    return {finding["code"] for finding in result.findings}


class TestCertificates:
    def test_come_with_everything_and_count_at_once(self, office: Office, tmp_path: Path):
        staff = builders.people(office)
        row = {
            "aeo_code": "AEOSG0000000000AB",
            "band": "Premium",
            "band_assessed_on": "2025-02-20",
            "publication_consent": "yes",
            "partner_consent": "no",
            "sites": "Jurong | Changi",
            "extended_until": "2028-06-01",
        }

        result = certificates(office, tmp_path, row, by=act(staff.supervisor))

        assert (result.read, result.added, result.rejected) == (1, 1, 0)
        case = only_case(office)
        assert (case["state"], case["cycle"], case["facts_cycle"]) == ("certified", 1, 2)
        assert (case["valid_until"], case["received_on"]) == (date(2028, 6, 1), date(2025, 3, 1))
        assert case["channel"] == "import"
        assert case["publication_consent"]
        assert {s["name"] for s in builders.rows_of(office, models.Site)} == {"Jurong", "Changi"}
        assert builders.rows_of(office, models.AeoCode)[0]["code"] == "AEOSG0000000000AB"
        assert builders.rows_of(office, models.BandAssessment)[0]["assessor_id"] == staff.supervisor.id
        assert [e["kind"] for e in builders.rows_of(office, models.CertificateEvent)] == ["extended", "consent"]
        assert case["next_due"] is not None
        with office.database.snapshot() as connection:
            found = listed(connection, office, TODAY, consenting_only=True)
        assert [(one["number"], one["valid_until"]) for one in found] == [("OLD/2025/17", date(2028, 6, 1))]

    def test_are_signed_off_by_a_supervisor_who_did_not_run_it(self, office: Office, tmp_path: Path):
        staff = builders.people(office)
        other = builders.another_person(office, "p-08", "Hock Seng", "supervisor")
        approval = certificates(office, tmp_path, {}, by=act(staff.supervisor)).approval

        assert isinstance(confirm_approval(office, approval_id=approval, act=act(staff.supervisor)), Refused)
        assert isinstance(confirm_approval(office, approval_id=approval, act=act(staff.approver)), Refused)
        done(confirm_approval(office, approval_id=approval, act=act(other)))

        assert builders.rows_of(office, models.Approval)[0]["sentence"].startswith("Cut-over of certificates")

    def test_again_change_nothing_and_other_content_is_rejected(self, office: Office, tmp_path: Path):
        builders.people(office)
        certificates(office, tmp_path, {})
        before = builders.everything(office)

        again = certificates(office, tmp_path, {})
        changed = certificates(office, tmp_path, {"valid_until": "2028-03-02"})

        after = builders.everything(office)
        assert (again.added, again.unchanged, again.approval) == (0, 1, None)
        assert (changed.rejected, codes(changed)) == (1, {"KNOWN"})
        assert all(before[name] == after[name] for name in before if name not in ("ImportRun", "AuditEntry"))

    def test_a_dry_run_names_every_finding_and_changes_nothing(self, office: Office, tmp_path: Path):
        staff = builders.people(office)
        builders.submit(office, act(staff.officer), uen=builders.valid_uen(90_003))
        before = builders.everything(office)
        rows = [
            {"valid_until": "2028-02-29"},
            {"valid_until": "2028-02-29"},
            {"uen": builders.valid_uen(90_003), "certificate_number": "A"},
            {"uen": builders.valid_uen(90_004), "certificate_number": "B", "account_manager_email": "no@customs.example"},
            {"uen": builders.valid_uen(90_005), "certificate_number": "C", "valid_from": "2023-01-01", "valid_until": "2026-01-01"},
            {"uen": builders.valid_uen(90_006), "certificate_number": "D", "valid_from": "2024-01-05", "valid_until": "2027-01-05"},
            {"uen": builders.valid_uen(90_007)[:-1] + "Z", "certificate_number": "E"},
        ]  # fmt: skip

        result = certificates(office, tmp_path, *rows, dry_run=True)

        assert builders.everything(office) == before
        found = {(finding["row"], finding["code"]) for finding in result.findings}
        assert found == {
            (2, "OFF_RULE"), (3, "DUPLICATE"), (4, "LIVE_APPLICATION"), (5, "NO_OFFICER"), (6, "ENDED"), (7, "DUE_SOON"),
            (8, "UEN_CHECK"),
        }  # fmt: skip
        assert (result.added, result.unchanged, result.rejected) == (2, 1, 4)
        assert not list(tmp_path.glob("*.rejects.csv"))

    @pytest.mark.parametrize(
        ("row", "code"),
        [
            ({"aeo_code": "AEOSG123"}, "AEO_CODE"),
            ({"aeo_code": "AEOSG0000000000AB"}, "AEO_CODE"),
            ({"valid_from": "2028-03-02"}, "DATE_ORDER"),
            ({"valid_from": "1.3.2025"}, "DATE"),
            ({"extended_until": "2027-01-01"}, "DATE_ORDER"),
            ({"suspended_on": "2027-01-01"}, "DATE_ORDER"),
            ({"band": "Premium"}, "BAND"),
            ({"programme": "XYZ"}, "NO_PROGRAMME"),
            ({"account_manager_email": "adeline.goh@customs.example"}, "WRONG_ROLE"),
            ({"publication_consent": "perhaps"}, "UNKNOWN"),
        ],
    )
    def test_a_bad_row_leaves_only_its_reason(self, sqlite_office: Office, tmp_path: Path, row: dict, code: str):
        office, staff = sqlite_office, builders.people(sqlite_office)
        by = act(staff.supervisor)
        first = {"uen": builders.valid_uen(90_010), "certificate_number": "F", "aeo_code": "AEOSG0000000000AB"}
        certificates(office, tmp_path, first, by=by)
        companies = builders.rows_of(office, models.Company)

        result = certificates(office, tmp_path, row, by=by)

        assert (result.added, result.rejected, codes(result)) == (0, 1, {code})
        assert builders.rows_of(office, models.Company) == companies
        with Path(result.rejects).open(encoding="utf-8", newline="") as file:
            (rejected,) = csv.DictReader(file)
        assert result.findings[0]["sentence"] == f"Rejected: {rejected['reason']}"

    def test_a_run_that_breaks_off_keeps_each_rejected_row_once(
        self, sqlite_office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        office = sqlite_office
        builders.people(office)
        monkeypatch.setattr(cut_over, "RUN", 2)
        rows = [{"uen": builders.valid_uen(90_020 + n), "certificate_number": f"N{n}"} for n in range(6)]
        for bad in (0, 3, 4):
            rows[bad]["valid_from"] = "2028-03-02"
        kept, rejects_file = Rejects.keep, tmp_path / "certificates.csv.rejects.csv"

        def break_off_after_the_second(rejects: Rejects) -> None:
            kept(rejects)
            if len(rejects_file.read_text().splitlines()) == 3:
                raise KeyboardInterrupt

        monkeypatch.setattr(Rejects, "keep", break_off_after_the_second)
        with pytest.raises(KeyboardInterrupt):
            certificates(office, tmp_path, *rows)
        monkeypatch.setattr(Rejects, "keep", kept)

        result = certificates(office, tmp_path, *rows)

        assert (result.added, result.rejected) == (3, 3)
        with Path(result.rejects).open(encoding="utf-8", newline="") as file:
            assert [row["row"] for row in csv.DictReader(file)] == ["2", "5", "6"]

    def test_what_was_rejected_is_on_the_disk_once_the_rows_beside_it_count(
        self, sqlite_office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        office = sqlite_office
        builders.people(office)
        monkeypatch.setattr(cut_over, "RUN", 1)
        rejects, seen = tmp_path / "certificates.csv.rejects.csv", []
        rows = ({"valid_from": "2028-03-02"}, {"uen": builders.valid_uen(90_031), "certificate_number": "M"})

        certificates(office, tmp_path, *rows, progress=lambda _: seen.append(rejects.read_text().count("\n")))

        assert seen == [2, 2]  # the heading and the one row

    def test_take_somebody_for_bands_a_right_role_and_known_columns(self, sqlite_office: Office, tmp_path: Path):
        office, staff = sqlite_office, builders.people(sqlite_office)

        with pytest.raises(BadInput, match="--as"):
            certificates(office, tmp_path, {"band": "Premium", "band_assessed_on": "2025-02-20"})
        with pytest.raises(NotPermitted):
            certificates(office, tmp_path, {}, by=act(staff.officer))
        wrong = write(tmp_path / "wrong.csv", (*COLUMNS, "aeo-code"), [CERTIFICATE])
        with pytest.raises(BadInput, match="aeo-code"):
            import_certificates(office, file=wrong, act=act(OPERATOR))

        assert builders.rows_of(office, models.Application) == []

    def test_suspended_ones_stay_so_and_renewals_go_on(self, office: Office, tmp_path: Path):
        builders.people(office)
        both = {"uen": builders.valid_uen(90_011), "certificate_number": "G"}
        rows = ({"suspended_on": "2026-05-01"}, both | {"renewal_received_on": "2026-10-01"})

        assert certificates(office, tmp_path, *rows).rejected == 0

        suspended, renewed = builders.rows_of(office, models.Application)
        assert (suspended["state"], suspended["back"]) == ("suspended", "certified")
        assert suspended["suspended_on"] == date(2026, 5, 1)
        assert (renewed["state"], renewed["cycle"], renewed["facts_cycle"]) == ("checklist_review", 2, 2)
        assert renewed["deadline"] == date(2027, 2, 1)
        rules = {r["message"] for r in builders.rows_of(office, models.PlannedAction, application_id=renewed["id"])}
        assert "renewal_undecided" in rules
        assert "renewal_invitation" not in rules
        with office.database.snapshot() as connection:
            standing = {one["number"]: one["standing"] for one in listed(connection, office, TODAY)}
        assert standing == {"OLD/2025/17": "suspended", "G": "in_force"}

    def test_a_suspension_from_elsewhere_can_be_set_aside(self, sqlite_office: Office, tmp_path: Path):
        office, staff = sqlite_office, builders.people(sqlite_office)
        certificates(office, tmp_path, {"suspended_on": "2026-05-01"})
        reference = only_case(office)["reference"]
        order = builders.add(office, act(staff.officer), reference, "order")

        more = {"reason_code": "court", "given": {"order": str(order)}}
        done(builders.advance(office, act(staff.approver), reference, "set_aside", **more))

        assert (only_case(office)["state"], only_case(office)["suspended_on"]) == ("certified", None)

    def test_an_interrupted_run_goes_on(self, sqlite_office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        office, _ = sqlite_office, builders.people(sqlite_office)
        monkeypatch.setattr(cut_over, "RUN", 2)
        rows = [{"uen": builders.valid_uen(90_020 + n), "certificate_number": f"H{n}"} for n in range(5)]

        def stop(count: int) -> None:
            if count == 4:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            certificates(office, tmp_path, *rows, progress=stop)
        result = certificates(office, tmp_path, *rows)

        assert (result.read, result.added, result.unchanged) == (5, 5, 0)
        assert len(builders.rows_of(office, models.Application)) == 5
        assert csv_import.RUN == 5_000


class TestRemindersAfterCutOver:
    def test_inside_the_opening_one_catch_up_goes_out_and_then_all_as_planned(self, office: Office, tmp_path: Path):
        builders.people(office)
        last = TODAY + timedelta(days=100)
        first = last.replace(year=last.year - 3)
        row = {"valid_from": first.isoformat(), "valid_until": last.isoformat()}
        assert codes(certificates(office, tmp_path, row)) == {"DUE_SOON"}

        sweep(office, now=NOW + timedelta(minutes=1))

        to_company = [n for n in builders.rows_of(office, models.Notification) if n["recipient"].startswith("contact")]
        assert [n["message"] for n in to_company] == ["renewal_reminder"]
        assert only_case(office)["state"] == "revalidation_due"
        for days in (90, 60, 30, 7, 0):
            sweep(office, now=builders.morning_of(last - timedelta(days=days)))
        sweep(office, now=builders.morning_of(last + DAY))
        to_company = [n for n in builders.rows_of(office, models.Notification) if n["recipient"].startswith("contact")]
        assert len(to_company) == 1 + 6
        assert only_case(office)["state"] == "lapsed"

    def test_revalidation_of_a_younger_one_opens_on_its_day(self, office: Office, tmp_path: Path):
        builders.people(office)
        certificates(office, tmp_path, {})
        assert only_case(office)["state"] == "certified"

        sweep(office, now=builders.morning_of(LAST - timedelta(days=210)))

        assert only_case(office)["state"] == "revalidation_due"

    @settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(days=st.integers(0, 3 * 365))
    def test_the_calendar_ahead_is_the_one_of_a_certificate_issued_here(
        self, sqlite_office: Office, tmp_path: Path, days: int
    ):
        office, staff = sqlite_office, builders.people(sqlite_office)
        begin = TODAY - timedelta(days=days)
        last = last_valid_day(begin, 3, "same_day")
        (here,) = builders.certified_cheaply(office, staff, 1, valid_from=begin)
        number = f"{here}-elsewhere"
        row = {"certificate_number": number, "valid_from": begin.isoformat(), "valid_until": last.isoformat()}
        uen = builders.valid_uen(91_000 + len(builders.rows_of(office, models.Company)))
        assert certificates(office, tmp_path, row | {"uen": uen}).added == 1
        (there,) = [c for c in builders.rows_of(office, models.Application) if c["certificate_number"] == number]

        def ahead(reference: str) -> list[tuple]:
            with office.database.snapshot() as connection:
                found = calendar(
                    connection, office, viewer=OPERATOR, first=TODAY, last=last + 2 * DAY, reference=reference
                )
            return [
                (one["rule"], one["due_at"], one["audience"], one["message"], one["status"])
                for one in found
                if one["due_at"] > NOW
            ]

        assert ahead(there["reference"]) == ahead(here)


class TestPaperCases:
    @pytest.mark.parametrize(
        ("row", "deadline"),
        [
            ({}, date(2027, 1, 10)),
            ({"stops": "2026-09-20/2026-10-04"}, date(2027, 1, 24)),
            ({"stops": "2026-09-02/2026-09-08|2026-09-20/2026-10-04|2026-11-01/2026-11-04"}, date(2027, 1, 27)),
            ({"state": "validation", "stops": "2026-09-20/2026-10-04"}, date(2027, 1, 24)),
            ({"state": "validation"}, date(2027, 1, 10)),
            ({"state": "submitted", "complete_at": ""}, None),
            ({"state": "awaiting_information", "stops": "2026-09-20/2026-10-04|2026-11-20/"}, date(2026, 12, 4)),
            ({"state": "awaiting_information", "stops": "2026-09-20/"}, date(2026, 12, 7)),
            ({"state": "awaiting_information", "stops": "2026-09-20/", "complete_at": ""}, date(2026, 12, 7)),
        ],
    )
    def test_come_to_their_state_with_the_deadline_that_the_stops_leave(
        self, office: Office, tmp_path: Path, row: dict, deadline: date | None
    ):
        staff = builders.people(office)

        result = papers(office, tmp_path, row)

        assert (result.added, result.rejected) == (1, 0), result
        case = only_case(office)
        assert (case["state"], case["deadline"]) == ((PAPER | row)["state"], deadline)
        assert (case["channel"], case["assignee_id"]) == ("paper", staff.officer.id)
        decisions = builders.rows_of(office, models.Decision)
        assert {d["trigger"] for d in decisions} == {"import"}
        assert decisions[-1]["to_state"] == case["state"]

    def test_the_clock_goes_on_here_after_an_open_stop(self, office: Office, tmp_path: Path):
        staff = builders.people(office)
        papers(office, tmp_path, {"state": "awaiting_information", "stops": "2026-09-20/2026-10-04|2026-11-20/"})
        case = only_case(office)
        later = builders.morning_of(date(2026, 11, 30))

        done(builders.advance(office, act(staff.officer, later), case["reference"], "supply_information"))

        after = only_case(office)
        assert (after["state"], after["deadline"]) == ("checklist_review", date(2027, 1, 10) + 24 * DAY)

    def test_again_change_nothing_and_a_dry_run_neither(self, office: Office, tmp_path: Path):
        builders.people(office)
        empty = builders.everything(office)
        assert papers(office, tmp_path, {}, dry_run=True).added == 1
        assert builders.everything(office) == empty
        papers(office, tmp_path, {})
        before = builders.everything(office)

        again = papers(office, tmp_path, {}, {"state": "validation"})

        assert (again.added, again.unchanged, again.rejected, codes(again)) == (0, 1, 1, {"DUPLICATE", "KNOWN"})
        assert builders.everything(office)["Application"] == before["Application"]

    @pytest.mark.parametrize(
        ("row", "code"),
        [
            ({"state": "certified"}, "UNKNOWN"),
            ({"state": "submitted"}, "COMPLETE_AT"),
            ({"complete_at": ""}, "COMPLETE_AT"),
            ({"complete_at": "2026-08-01"}, "DATE_ORDER"),
            ({"received_on": "2027-01-01"}, "DATE_ORDER"),
            ({"stops": "2026-09-20/"}, "STOPS"),
            ({"stops": "2026-09-20"}, "STOPS"),
            ({"stops": "2026-09-20/2026-09-30|2026-09-25/2026-10-01"}, "STOPS"),
            ({"stops": "2026-09-05/2026-09-20"}, "STOPS"),
            ({"state": "awaiting_information"}, "STOPS"),
            ({"officer_email": "dewi.lestari@customs.example"}, "WRONG_ROLE"),
            ({"uen": "x"}, "UEN_SHAPE"),
        ],
    )
    def test_a_bad_row_leaves_only_its_reason(self, sqlite_office: Office, tmp_path: Path, row: dict, code: str):
        builders.people(sqlite_office)

        result = papers(sqlite_office, tmp_path, row)

        assert (result.added, codes(result)) == (0, {code})
        assert builders.rows_of(sqlite_office, models.Application) == []
