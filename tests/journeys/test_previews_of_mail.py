"""An operator changes what mails say and looks at them before any goes out."""

import json
from pathlib import Path

import pytest
from console import OFFICER, UEN, Console


def test_a_message_is_shown_without_any_database(aeo: Console) -> None:
    said = aeo("outbox", "preview", "renewal_invitation")

    assert said.startswith("Subject: Invitation to renew: Quillhaven Logistics, certificate ends on Thu 28 Jan 2027\n")
    assert "What happens next" in said
    assert "https:" not in said


def test_an_unknown_message_lists_the_messages(aeo: Console) -> None:
    said = aeo("outbox", "preview", "welcome", expect=2)

    assert "Known: account_manager_changed, " in said
    assert "visit_planned." in said


def test_the_html_goes_to_a_file_with_the_address_of_the_pages(
    aeo: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AEO_BASE_URL", "https://casework.example/")
    file = tmp_path / "mail.html"

    said = aeo("outbox", "preview", "renewal_undecided", "--html", "--out", str(file))

    assert said == f"renewal_undecided is written to {file}."
    assert 'href="https://casework.example/cases/STP-2026-000123"' in file.read_text(encoding="utf-8")


def test_a_file_that_cannot_be_written_is_said(aeo: Console, tmp_path: Path) -> None:
    said = aeo("outbox", "preview", "certified", "--out", str(tmp_path), expect=2)

    assert said == f"{tmp_path} cannot be written: Is a directory."


def test_an_address_of_the_pages_that_is_none_is_refused(aeo: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AEO_BASE_URL", "javascript:alert(1)")

    assert "AEO_BASE_URL cannot be used" in aeo("outbox", "preview", "certified", expect=2)


def test_an_own_template_is_shown_and_a_faulty_one_is_said(
    aeo: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AEO_TEMPLATES_DIR", str(tmp_path))
    own = tmp_path / "email" / "certified" / "subject.txt"
    own.parent.mkdir(parents=True)

    own.write_text("Congratulations, {{ company_name }}\n")
    good = aeo.json("outbox", "preview", "certified")
    own.write_text("Congratulations, {{ company }}\n")
    bad = aeo("outbox", "preview", "certified", expect=1)
    data = aeo("outbox", "preview", "certified", "--json", expect=1)

    assert (good["subject"], good["fault"]) == ("Congratulations, Quillhaven Logistics", "")
    assert "Subject: Certificate STP-C-000045 issued: Quillhaven Logistics" in bad
    assert bad.endswith(
        f"The overriding template of certified in {tmp_path} cannot be used: 'company' is undefined. "
        "The shipped one is sent instead. Mend the file, then try `aeo outbox preview certified`."
    )
    assert "'company' is undefined" in json.loads(data)["fault"]


def test_a_case_of_ones_own_is_shown(office: Console) -> None:
    case = ("--programme", "STP", "--uen", UEN, "--company-name", "Saltfern Foods", "--as", OFFICER)
    reference = office.json("application", "submit", *case)["reference"]

    said = office("outbox", "preview", "application_received", "--application", reference)

    assert said.startswith(f"Subject: Application received: Saltfern Foods, {reference}\n")
