"""An administration moves in: what was certified and begun elsewhere is taken over and lives on, as people type it."""

from datetime import date
from pathlib import Path

import pytest
from console import APPROVER, AUDITOR, MANAGER, OFFICER, SUPERVISOR
from practice import Office

from workflow.operations.demonstration import valid_uen

HEADER = (
    "uen,company_name,programme,certificate_number,valid_from,valid_until,account_manager_email,contact_email,"
    "band,band_assessed_on,publication_consent\n"
)
OPEN = f"{valid_uen(2015, 1)},Quillhaven Logistics Pte. Ltd.,STP,OLD-1,2024-03-03,2027-03-03,{MANAGER},a@quillhaven.example,Premium,2024-02-01,yes"
YOUNG = (
    f"{valid_uen(2015, 2)},Mossgate Chandlery Pte. Ltd.,STP,OLD-2,2026-03-03,2029-03-02,{MANAGER},b@mossgate.example,,,"
)
GONE = f"{valid_uen(2015, 3)},Tern Freight Pte. Ltd.,STP,OLD-3,2022-03-03,2025-03-03,{MANAGER},c@tern.example,,,"


@pytest.fixture
def file(casework: Office) -> Path:
    """A file in the folder of a staffed office."""
    del casework
    path = Path("certificates.csv")
    path.write_text(f"{HEADER}{OPEN}\n{YOUNG}\n{GONE}\n")
    return path


def test_certificates_move_in_and_their_renewal_goes_on(casework: Office, file: Path) -> None:
    aeo = casework.aeo
    take = ("certificate", "import", str(file), "--as", SUPERVISOR)

    rehearsed = aeo(*take, "--dry-run")
    assert aeo.json("application", "list") == []
    done = aeo.json(*take)
    again = aeo.json(*take)

    assert "3 rows read: 2 would be taken over, 0 known already, 1 rejected." in rehearsed
    assert "row 3: OLD-2 ends on 2029-03-02; the rule gives 2029-03-03." in rehearsed
    assert "row 4: Rejected: Certificate OLD-3 ended on 2025-03-03." in rehearsed
    assert (done["added"], done["rejected"]) == (2, 1)
    assert (again["added"], again["unchanged"], again["rejected"]) == (0, 2, 1)
    assert "OLD-3 ended" in Path("certificates.csv.rejects.csv").read_text()
    waiting = aeo.json("approval", "list")
    assert [one["kind"] for one in waiting] == ["import"]
    aeo("approval", "confirm", str(done["approval"]), "--as", SUPERVISOR, expect=1)
    aeo("audit", "export", "--out", "trail.csv", "--as", AUDITOR)
    assert "people:deed:refused" in Path("trail.csv").read_text()

    casework.tick(date(2026, 11, 24))

    states = {case["certificate"]["number"]: case["state"] for case in aeo.json("application", "list")}
    assert states == {"OLD-1": "revalidation_due", "OLD-2": "certified"}
    # 100 days before the end: the newest reminder that was due goes out, and no other.
    sent = [m for m in aeo.json("outbox", "list") if m["recipient"].startswith("contact")]
    assert [m["message"] for m in sent] == ["renewal_reminder"]
    assert "as printed elsewhere" in aeo("certificate", "show", "OLD-2")
    assert aeo.json("certificate", "show", "OLD-1")["publication_consent"] is True


def test_a_file_with_bands_needs_a_person(casework: Office, file: Path) -> None:
    office = casework.aeo
    assert "--as" in office("certificate", "import", str(file), expect=2)
    assert office("certificate", "import", str(file), "--as", OFFICER, expect=1)
    assert "no file" in office("certificate", "import", "missing.csv", expect=2)


def test_a_certificate_is_corrected_reissued_and_consented_to(casework: Office, file: Path) -> None:
    office = casework.aeo
    office("certificate", "import", str(file), "--as", SUPERVISOR)
    slip = ("--reason", "Misread.")

    asked = office.json("certificate", "correct", "OLD-2", "--valid-until", "2029-03-03", *slip, "--as", OFFICER)
    office("approval", "confirm", str(asked["approval"]), "--as", APPROVER)
    new = office.json("certificate", "reissue", "OLD-2", *slip, "--as", APPROVER)["certificate"]
    office("certificate", "consent", new, "--publication", "yes", "--partners", "no", "--as", MANAGER)

    old = office("certificate", "show", "OLD-2")
    assert "Decided: 2026-03-03 to the end of 2029-03-02" in old
    assert "corrected to 2026-03-03 to 2029-03-03" in old
    assert f"Replaced by {new}" in old
    assert "standing ended" in old
    shown = office.json("certificate", "show", new)
    assert (shown["standing"], shown["valid_until"], shown["publication_consent"]) == ("in_force", "2029-03-03", True)
    reference = shown["application"]
    history = office("application", "history", reference)
    assert "Certificate OLD-2 taken over from elsewhere: 2026-03-03 to 2029-03-02, as printed" in history
    assert "Certificate OLD-2 corrected: last day 2029-03-02 to 2029-03-03" in history
    assert f"Certificate OLD-2 replaced by {new}" in history
    assert f"Consent recorded for certificate {new}: publication yes, partner exchange no" in history
    assert "(not recorded)" not in history
    assert "no certificate" in office("certificate", "show", "OLD-9", expect=2)
    assert "--publication" in office("certificate", "consent", new, "--as", MANAGER, expect=2)
    assert office("certificate", "reissue", new, *slip, "--as", OFFICER, expect=1)


def test_paper_cases_move_in(casework: Office) -> None:
    office = casework.aeo
    uens = [valid_uen(2015, n) for n in (11, 12)]
    Path("paper.csv").write_text(
        "programme,uen,company_name,state,received_on,complete_at,stops,officer_email,account_manager_email\n"
        f"STP,{uens[0]},Quillhaven Logistics Pte. Ltd.,validation,2026-01-05,2026-01-12,2026-02-01/2026-02-11,{OFFICER},{MANAGER}\n"
        f"STP,{uens[1]},Mossgate Chandlery Pte. Ltd.,checklist_review,2026-01-05,,,{OFFICER},{MANAGER}\n"
    )

    rehearsed = office.json("application", "import", "paper.csv", "--dry-run")
    done = office("application", "import", "paper.csv")

    assert (rehearsed["added"], rehearsed["rejected"], rehearsed["approval"]) == (1, 1, None)
    assert "1 taken over" in done
    assert "needs complete_at" in done
    (case,) = office.json("application", "list")
    assert (case["state"], case["deadline"]) == ("validation", "2026-05-22")
    history = office("application", "history", case["reference"])
    assert "taken over from paper: Submitted" in history
    assert "Validation, as taken over from elsewhere" in history
    office("approval", "confirm", "1", "--as", SUPERVISOR)
