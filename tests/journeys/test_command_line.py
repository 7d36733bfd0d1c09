"""What people type and what they read: every answer is a sentence, every exit code as promised."""

import csv
import re
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest
from console import ADMIN, AUDITOR, MANAGER, OFFICER, UEN, Console, submit

from workflow.cli.main import COMMANDS
from workflow.operations.demonstration import valid_uen
from workflow.operations.demonstration.story import Tale, story


def test_without_a_database_a_command_names_the_remedy_and_makes_none(aeo: Console, tmp_path: Path) -> None:
    said = aeo("application", "list", expect=3)

    assert "aeo db upgrade" in said
    assert not (tmp_path / "var").exists()


def test_the_help_lists_every_command_without_importing_any() -> None:
    code = "import sys; from workflow.cli.main import run; run(['--help']); print([m for m in sys.modules if 'sqlalchemy' in m])"

    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert printed.rstrip().endswith("[]")
    assert all(re.search(rf"^  {name} ", printed, re.MULTILINE) for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(aeo: Console, name: str) -> None:
    assert "Usage: aeo" in aeo(name, "--help")


class TestBadInput:
    """One clear sentence, exit 2, nothing half done."""

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (["application", "show", "STP-2026-999999"], "no application"),
            (["application", "list", "--state", "flying"], "flying"),
            (["application", "submit", "--uen", "x"], "--programme"),
            (["programme", "show", "XYZ"], "no programme"),
            (["bogus"], "bogus"),
            (["application", "list", "--as", "nobody"], "Nobody with the address"),
            (["programme", "list", "--as", "nobody"], "--as"),
            (["sweep", "--as-of", "2031-01-01T00:00:00+08:00"], "--dry-run"),
            (["sweep", "--as-of", "yesterday"], "not an instant"),
            (["calendar", "--from", "2027-01-02", "--to", "2027-01-01"], "before"),
            (["outbox", "show", "99"], "no message"),
            (["company", "import", "missing.csv"], "no file"),
        ],
    )
    def test_is_named_in_a_sentence(self, office: Console, arguments: list[str], words: str) -> None:
        assert words in office(*arguments, expect=2)

    @pytest.mark.parametrize(
        ("changed", "words"),
        [
            ({"uen": "20189041"}, "not a UEN"),
            ({"uen": "201890417A"}, "should be D"),
            ({"programme": "CTPAT"}, "no programme"),
            ({"received_on": "2099-01-01"}, "in the future"),
            ({"received_on": "22/11/2026"}, "not a date"),
            ({"company_name": "x" * 70_000}, "70,000 characters"),
            ({"company_name": "Quill\x00haven"}, "control character"),
            ({"company_name": "Quill\ud800haven"}, "surrogate"),
            ({"contact_email": "a b@c"}, "not an e-mail address"),
            ({"account_manager": "nobody@casework.example"}, "Nobody with the address"),
            ({"account_manager": OFFICER}, "account manager"),
        ],
    )
    def test_of_a_submission_leaves_nothing_behind(self, office: Console, changed: dict[str, str], words: str) -> None:
        given = {"programme": "STP", "uen": UEN, "company_name": "Quillhaven Logistics Pte. Ltd."} | changed
        arguments = [part for name, value in given.items() for part in (f"--{name.replace('_', '-')}", value)]

        said = office("application", "submit", *arguments, "--as", OFFICER, expect=2)

        assert words in said
        assert office.json("application", "list") == []

    def test_an_empty_name_of_an_unknown_company(self, office: Console) -> None:
        said = office(
            "application",
            "submit",
            "--programme",
            "STP",
            "--uen",
            UEN,
            "--company-name",
            " ",
            "--as",
            OFFICER,
            expect=2,
        )

        assert "is empty" in said

    def test_an_unknown_trigger_and_an_unknown_given_fact(self, office: Console) -> None:
        reference = submit(office)

        assert "start_review" in office("application", "advance", reference, "fly", "--as", OFFICER, expect=2)
        wrong = ("--given", "colour=blue")
        assert "takes no given fact" in office(
            "application", "advance", reference, "start_review", *wrong, "--as", OFFICER, expect=2
        )
        assert "KEY=VALUE" in office(
            "application", "advance", reference, "certify", "--given", "x", "--as", OFFICER, expect=2
        )

    def test_a_wrong_check_letter_needs_a_reason_and_the_reason_is_in_the_trail(self, office: Console) -> None:
        reference = submit(office, uen="201890417A", accept_check_letter="As printed on the BizFile report")

        office("audit", "export", "--out", "trail.csv", "--application", reference, "--as", AUDITOR)

        assert "accepted: As printed on the BizFile report" in Path("trail.csv").read_text()

    def test_a_second_live_application_names_the_first(self, office: Console) -> None:
        reference = submit(office)

        said = office("application", "submit", "--programme", "STP", "--uen", UEN, "--as", OFFICER, expect=2)

        assert reference in said


def test_a_visit_on_a_bad_day_keeps_no_report(office: Console) -> None:
    reference = submit(office)
    before = office.json("application", "history", reference)
    Path("report.pdf").write_bytes(b"%PDF-1.4\n%%EOF\n")
    visit = ("visit", "record", reference, "--report", "report.pdf", "--as")

    early = office(*visit, OFFICER, "--on", "2001-01-01", expect=2)
    late = office(*visit, OFFICER, "--on", "2099-01-01", expect=2)

    assert "before the application was received" in early
    assert "in the future" in late
    assert office.json("application", "history", reference) == before


class TestRefusals:
    """The answer is no: exit 1, every unmet rule, and a trace in the trail."""

    def test_list_every_unmet_rule_with_who_can_meet_it(self, office: Console) -> None:
        reference = submit(office)

        refused = office.json("application", "advance", reference, "reject", "--as", OFFICER, expect=1)

        codes = {unmet["code"] for unmet in refused["error"]["details"]["unmet"]}
        assert codes == {"RECOMMENDATION_MISSING", "WRONG_ROLE", "REASON_MISSING", "REASON_CODE"}
        assert "Refused: Reject the application, 4 unmet" in office("application", "history", reference)

    def test_of_what_a_role_does_not_allow_are_in_the_trail_without_what_was_typed(self, office: Console) -> None:
        note = ("--from", MANAGER, "--to", OFFICER, "--note", "Mine now.")
        office("portfolio", "transfer", *note, "--as", AUDITOR, expect=1)
        office("officer", "disable", OFFICER, "--as", AUDITOR, expect=1)

        office("audit", "export", "--format", "csv", "--out", "trail.csv", "--as", AUDITOR)
        rows = list(csv.DictReader(Path("trail.csv").read_text(encoding="utf-8-sig").splitlines()))
        denied = [row for row in rows if row["kind"] == "access:route:denied"]
        assert [row["summary"] for row in denied] == ["Denied: aeo portfolio transfer", "Denied: aeo officer disable"]
        assert {row["role"] for row in denied} == {"auditor"}

    def test_a_stale_version_writes_nothing(self, office: Console) -> None:
        reference = submit(office)
        before = office.json("application", "history", reference)

        said = office("application", "advance", reference, "withdraw", "--version", "7", "--as", OFFICER, expect=1)

        assert "changed after you read it" in said
        assert office.json("application", "history", reference) == before

    def test_a_wrong_role_is_refused_and_told_who_can(self, office: Console) -> None:
        reference = submit(office, account_manager=MANAGER)

        said = office("checklist", "assess", reference, "S1", "met", "--as", MANAGER, expect=1)

        assert "Tan Wei Ming can" in said
        assert office(
            "officer", "add", "x@casework.example", "--name", "X", "--role", "officer", "--as", OFFICER, expect=1
        )
        assert office("audit", "export", "--out", "trail.csv", "--as", OFFICER, expect=1)

    def test_admin_and_auditor_combine_with_no_other_role(self, office: Console) -> None:
        said = office("officer", "role", AUDITOR, "--add", "officer", "--as", ADMIN, expect=2)

        assert "combines with no other role" in said


def register(
    path: Path, rows: list[bytes], *, bom: bool = False, end: bytes = b"\n", header: bytes | None = None
) -> Path:
    columns = header or (
        b"uen,issuance_agency_desc,uen_status_desc,entity_name,entity_type_desc,uen_issue_date,reg_street_name,reg_postal_code"
    )
    path.write_bytes((b"\xef\xbb\xbf" if bom else b"") + end.join([columns, *rows, b""]))
    return path


def entity(number: int, name: str = "Mossgate Chandlery Pte. Ltd.") -> bytes:
    return f"{valid_uen(2015, number)},ACRA,Registered,{name},,2015-03-01,Quay Street,049999".encode()


class TestRegisterImport:
    def test_loads_good_rows_keeps_bad_ones_with_the_reason_and_twice_changes_nothing(self, office: Console) -> None:
        rows = [entity(n) for n in range(1, 31)]
        rows[15] = entity(99).replace(b"Mossgate", b"Mossg\xe9te")  # Latin-1 in a UTF-8 file, row 17
        rows[20] = rows[20][:9] + b"?" + rows[20][10:]
        file = register(Path("register.csv"), rows, bom=True, end=b"\r\n")

        first = office.json("company", "import", str(file))
        again = office.json("company", "import", str(file))

        assert (first["added"], first["rejected"]) == (28, 2)
        assert (again["added"], again["changed"], again["unchanged"], again["rejected"]) == (0, 0, 28, 2)
        rejects = Path("register.csv.rejects.csv").read_text()
        assert rejects.splitlines()[1].startswith("17,")
        assert "is not a UEN" in rejects.splitlines()[2]

    def test_takes_a_changed_name_as_a_change(self, office: Console) -> None:
        office("company", "import", str(register(Path("a.csv"), [entity(1)])))

        result = office.json(
            "company", "import", str(register(Path("b.csv"), [entity(1, "Mossgate Marine Pte. Ltd.")]))
        )

        assert (result["added"], result["changed"]) == (0, 1)

    def test_refuses_a_file_without_a_column_whole(self, office: Console) -> None:
        file = register(Path("bad.csv"), [b"x"], header=b"uen,entity_name")

        said = office("company", "import", str(file), expect=2)

        assert "uen_status_desc" in said
        assert "Nothing is loaded" in said

    def test_gives_a_submission_its_name(self, office: Console) -> None:
        office("company", "import", str(register(Path("a.csv"), [entity(7)])))

        reference = office("application", "submit", "--programme", "STP", "--uen", valid_uen(2015, 7), "--as", OFFICER)

        assert office.json("application", "show", reference)["company_name"] == "Mossgate Chandlery Pte. Ltd."


def test_the_demonstration_loads_once_with_cases_in_every_state_and_standing(aeo: Console) -> None:
    aeo("db", "upgrade")

    loaded = aeo.json("demo", "load")
    again = aeo.json("demo", "load")

    shown = aeo.json("application", "list", "--limit", "500")
    by_company = {case["company_name"].split()[0]: case for case in shown}
    assert {case["state"] for case in shown} == {
        "submitted", "checklist_review", "awaiting_information", "validation", "certified", "revalidation_due",
        "suspended", "lapsed", "rejected", "withdrawn", "revoked",
    }  # fmt: skip
    assert {case["standing"] for case in shown} == {"none", "pending", "in_force", "suspended", "ended"}
    assert {case["programme"] for case in shown} == {"STP", "STP-PLUS"}
    assert len({case["company_name"] for case in shown}) >= 40
    assert (loaded["loaded"], again["loaded"]) == (len(shown), 0)
    assert {
        name: (by_company[name]["state"], by_company[name]["standing"], by_company[name]["cycle"]) for name in TOLD
    } == TOLD
    assert by_company["Sablewind"]["next_certificate"]
    assert {one["kind"] for one in aeo.json("approval", "list")} == {"emergency_suspension", "transition"}
    assert aeo.json("db", "check") == {"problems": []}
    assert {row["status"] for row in aeo.json("outbox", "list", "--limit", "10000")} == {"sent"}
    assert aeo.json("sweep")["done"] == []


TOLD = {
    "Starkeel": ("certified", "in_force", 1),  # due soon
    "Wyvernholm": ("revalidation_due", "in_force", 1),  # ends within days
    "Duskharbour": ("awaiting_information", "none", 1),  # past its reply day
    "Coralspire": ("certified", "pending", 1),
    "Harrowmist": ("lapsed", "ended", 1),
    "Pearlwind": ("suspended", "suspended", 1),
    "Ironlily": ("suspended", "suspended", 1),  # an emergency that waits for its second person
    "Gryphon": ("checklist_review", "in_force", 2),
    "Hollowtide": ("awaiting_information", "in_force", 2),
    "Amberlock": ("validation", "ended", 2),  # the renewal outlived its certificate
    "Sablewind": ("certified", "in_force", 2),  # renewed early
    "Otterstone": ("certified", "in_force", 2),
    "Larkspur": ("rejected", "in_force", 2),
    "Merrowgate": ("withdrawn", "in_force", 2),
    "Cinderisle": ("revalidation_due", "in_force", 1),  # extended
    "Quartzbay": ("checklist_review", "none", 1),  # its rejection was set aside
    "Blackoyster": ("revoked", "ended", 1),
    "Kelpmoor": ("withdrawn", "none", 1),
    "Seahollow": ("withdrawn", "ended", 1),
}


def test_the_demonstration_is_told_of_past_days_in_their_order_whatever_day_it_is() -> None:
    for number in range(0, 1500, 11):
        today = date(2026, 1, 1) + timedelta(number)
        for tale in story(today):
            told = [step.day for step in tale.steps]
            assert told == sorted(told)
            assert told[-1] < today


def test_a_demonstration_that_fails_leaves_nothing_behind(aeo: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    aeo("db", "upgrade")
    stuck = [
        Tale("Stuckmere Pte. Ltd.", date(2026, 3, 2)).to("submitted").then(date(2026, 3, 5), "certify", "approver")
    ]
    monkeypatch.setattr("workflow.operations.demonstration.loader.story", lambda _: stuck)

    said = aeo("demo", "load", expect=3)

    assert "Stuckmere" in said
    assert aeo.json("application", "list") == []
    assert aeo.json("officer", "list") == []


def test_the_demonstration_is_not_loaded_beside_real_work(office: Console) -> None:
    assert "has people already" in office("demo", "load", expect=2)


def test_a_backup_is_restored_into_an_empty_place_and_never_over_a_database(
    office: Console, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    reference = submit(office)
    office("db", "backup", "copy.backup")
    office("db", "backup", "copy.backup", expect=2)
    office("db", "restore", "copy.backup", expect=2)

    monkeypatch.setenv("AEO_DATA_DIR", str(tmp_path / "elsewhere"))
    office("db", "restore", "copy.backup")

    assert office.json("application", "show", reference)["state"] == "submitted"


def test_the_check_says_that_a_restored_backup_is_older_than_what_was_signed(office: Console, tmp_path: Path) -> None:
    office("audit", "seal")
    office("db", "backup", "copy.backup")
    submit(office)
    office("audit", "seal")
    for file in (tmp_path / "var").glob("*.db*"):
        file.unlink()
    office("db", "restore", "copy.backup")

    said = office("db", "check", expect=1)

    assert "does not extend what was signed before" in said
    assert "aeo audit new-origin" in said
    assert "does not extend" in office("audit", "verify", expect=1)


def test_the_clock_of_an_installation_is_shared_and_refused_in_production(
    office: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AEO_CLOCK", "2031-05-01T09:00:00+08:00")
    first = submit(office)
    monkeypatch.delenv("AEO_CLOCK")

    second = submit(office, uen=valid_uen(2019, 404))

    assert (first, second) == ("STP-2031-000001", "STP-2031-000002")
    monkeypatch.setenv("AEO_CLOCK", "2031-05-01T09:00:00+08:00")
    monkeypatch.setenv("AEO_ENV", "production")
    assert "production" in office("application", "list", expect=3)


def test_settings_hide_passwords(aeo: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AEO_SMTP_URL", "smtp://user:secret@mail.example:587")

    said = aeo("settings")

    assert "user:secret" not in said
    assert "user:***@mail.example" in said


def test_a_programme_file_is_checked_before_it_is_used(aeo: Console) -> None:
    shipped = (Path(__file__).parents[2] / "states/programmes/stp.toml").read_text()
    Path("good.toml").write_text(shipped)
    Path("bad.toml").write_text(shipped.replace('"documents_present"', '"documents_here"', 1))

    assert "is sound" in aeo("programme", "check", "good.toml")
    assert "documents_present" in aeo("programme", "check", "bad.toml", expect=1)


def test_a_stored_edition_whose_file_changed_refuses_to_start(
    office: Console, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "programmes"
    folder.mkdir()
    shipped = (Path(__file__).parents[2] / "states/programmes/stp.toml").read_text()
    (folder / "stp.toml").write_text(shipped.replace("quiet_days = 30", "quiet_days = 31"))
    monkeypatch.setenv("AEO_PROGRAMMES_DIR", str(folder))

    said = office("application", "list", expect=3)

    assert "an edition of its own" in said
