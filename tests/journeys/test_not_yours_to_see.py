"""Who sees which case at the command line, on both databases: whole outputs are compared."""

from datetime import date, timedelta

import pytest
from console import ADMIN, MANAGER, OFFICER, SUPERVISOR, Console, submit

SECOND_MANAGER, STAND_IN = "siti@casework.example", "hana@casework.example"
OTHER_UEN = "201512345C"
ABSENT = "STP-1999-000009"
TODAY = date.today()  # noqa: DTZ011  # the command line has the real clock; days are far enough around it
COMMANDS = (
    "application show ~", "application history ~", "application actions ~", "application list --after ~",
    "application advance ~ start_review", f"application assign ~ --to {OFFICER}", "application site add ~ Tuas",
    "application recommend ~ --outcome certify --reason R", "application contacted ~ --expects 2099-01-01 --note N",
    "application take-back ~ --reason R",
    "document list ~", "document waive ~ --kind bizfile_report --reason R",
    "document refile ~ 1 --kind evidence --reason R", "checklist show ~", "checklist answer ~ TF1.1 yes",
    "checklist assess ~ TF1.1 met", "checklist assess-all ~", "checklist confirm ~ --section 1", "visit list ~",
    "visit plan ~ --on 2099-01-01", "action list ~", "action close ~ 1 --evidence E", "information list ~",
    "information ask ~ --question Q", "information answer ~ 1",
    "calendar --from 2026-01-01 --to 2031-01-01 --application ~", "outbox preview certified --application ~",
)  # fmt: skip
LISTS = ("application list", "outbox list", "task list", "approval list", "calendar --from 2026-01-01 --to 2031-01-01")


@pytest.fixture
def casework(office_on_both: Console) -> Console:
    """The office with two more account managers."""
    for email, name in ((SECOND_MANAGER, "Siti Aminah"), (STAND_IN, "Hana Mori")):
        office_on_both("officer", "add", email, "--name", name, "--role", "account_manager", "--as", ADMIN)
    return office_on_both


@pytest.fixture
def own(casework: Console) -> str:
    """A case of Nurul, beside one of Siti."""
    return submit(casework, account_manager=MANAGER)


@pytest.fixture
def other(casework: Console, own: str) -> str:
    del own
    given = {"uen": OTHER_UEN, "account_manager": SECOND_MANAGER, "company_name": "Harbour Freight Pte. Ltd."}
    return submit(casework, **given)


def test_not_yours_and_absent_are_told_alike_to_the_letter(casework: Console, other: str) -> None:
    for command in (*COMMANDS, "application show ~ --json"):
        said = {
            casework(*command.replace("~", one).split(), "--as", MANAGER, expect=2).replace(one, "~")
            for one in (other, ABSENT)
        }
        assert len(said) == 1, command
        assert "that you can see" in said.pop(), command


def test_an_account_manager_reads_the_own_portfolio_alone_and_the_rest_read_all(
    casework: Console, own: str, other: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for command in ("application show", "application history", "document list", "checklist show", "visit list"):
        casework(*command.split(), own, "--as", MANAGER)
        casework(*command.split(), other, "--as", SUPERVISOR)
        casework(*command.split(), other)
    for command in LISTS:
        assert other not in casework(*command.split(), "--as", MANAGER), command
    assert [row["reference"] for row in casework.json("application", "list", "--as", MANAGER)] == [own]
    assert {row["application"] for row in casework.json("outbox", "list", "--as", MANAGER)} == {own}
    assert len(casework.json("application", "list")) == 2

    monkeypatch.setenv("AEO_OFFICER", MANAGER)
    assert [row["reference"] for row in casework.json("application", "list")] == [own]
    assert {row["application"] for row in casework.json("outbox", "list")} == {own}


def test_a_deputy_sees_the_portfolio_on_the_days_of_the_absence(office: Console) -> None:
    for email in (SECOND_MANAGER, STAND_IN):
        office("officer", "add", email, "--name", "Somebody Else", "--role", "account_manager", "--as", ADMIN)
    reference = submit(office, account_manager=SECOND_MANAGER)

    def shown_when_absent(first: int, last: int) -> bool:
        days = ("--from", f"{TODAY + timedelta(days=first)}", "--to", f"{TODAY + timedelta(days=last)}")
        office("officer", "absent", SECOND_MANAGER, *days, "--deputy", STAND_IN, "--as", ADMIN)
        listed = [row["reference"] for row in office.json("application", "list", "--as", STAND_IN)]
        said = office("application", "show", reference, "--as", STAND_IN, expect=0 if listed else 2)
        assert ("Quillhaven" in said) == (listed == [reference])
        return bool(listed)

    assert [shown_when_absent(*days) for days in ((-6, -3), (3, 6), (-2, 2))] == [False, False, True]


def test_in_production_nobody_reads_a_case_without_proof_but_operators_see_their_mail(
    office: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference = submit(office)
    monkeypatch.setenv("AEO_ENV", "production")

    nameless = {office(*command, expect=2) for command in (("application", "show", reference), ("task", "list"))}
    assert nameless == {office("application", "show", reference, "--as", OFFICER, expect=2)}
    assert "application_received" in office("outbox", "list")
