"""Absences, handed-over companies and disabled accounts as people type them, on both databases."""

from datetime import date, timedelta

import pytest
from console import ADMIN, AUDITOR, MANAGER, OFFICER, SECOND_OFFICER, SUPERVISOR, UEN, Console, submit

from states.guards import in_words

SECOND_MANAGER = "siti@casework.example"
TODAY = date.today()  # noqa: DTZ011  # the command line has the real clock; the days around it are absent too
YESTERDAY, TOMORROW = TODAY - timedelta(days=1), TODAY + timedelta(days=1)


@pytest.fixture
def casework(office_on_both: Console) -> Console:
    """The office with a second account manager."""
    account = ("--name", "Siti Aminah", "--role", "account_manager")
    office_on_both("officer", "add", SECOND_MANAGER, *account, "--as", ADMIN)
    return office_on_both


def absent(aeo: Console, email: str, deputy: str, *, as_: str, expect: int = 0, **days: date) -> str:
    first, last = days.get("first", YESTERDAY), days.get("last", TOMORROW)
    days_given = ("--from", first.isoformat(), "--to", last.isoformat())
    return aeo("officer", "absent", email, *days_given, "--deputy", deputy, "--as", as_, expect=expect)


def listed(aeo: Console, email: str) -> dict[str, object]:
    return next(person for person in aeo.json("officer", "list") if person["email"] == email)


def recipients_of(aeo: Console, message: str) -> list[str]:
    return sorted(row["recipient"] for row in aeo.json("outbox", "list") if row["message"] == message)


def test_who_is_absent_is_listed_with_the_deputy_who_then_gets_the_mail_too(casework: Console) -> None:
    said = absent(casework, MANAGER, SECOND_MANAGER, as_=MANAGER)
    submit(casework, account_manager=MANAGER, contact_email="trade@quillhaven.example")
    casework("outbox", "deliver")

    deputy = listed(casework, SECOND_MANAGER)["id"]
    assert "Siti Aminah also gets the mail of these days" in said
    assert (listed(casework, MANAGER)["absent_until"], listed(casework, MANAGER)["deputy"]) == (
        TOMORROW.isoformat(),
        "Siti Aminah",
    )
    assert "Siti Aminah" in casework("officer", "list")
    told = [one for one in recipients_of(casework, "application_received") if not one.startswith("contact:")]
    assert told == ["account_manager", f"officer:{deputy}"]
    assert {row["status"] for row in casework.json("outbox", "list")} == {"sent"}


def test_an_absence_that_cannot_be_is_a_sentence(casework: Console) -> None:
    wrong_role = absent(casework, MANAGER, SECOND_MANAGER, as_=OFFICER, expect=1)
    wrong_deputy = absent(casework, MANAGER, OFFICER, as_=SUPERVISOR, expect=2)
    wrong_order = absent(casework, MANAGER, SECOND_MANAGER, as_=ADMIN, expect=2, last=YESTERDAY, first=TODAY)
    unknown = absent(casework, "nobody@casework.example", SECOND_MANAGER, as_=ADMIN, expect=2)
    no_day = casework(
        "officer", "absent", MANAGER, "--from", "soon", "--to", "2027-01-01", "--deputy", SECOND_MANAGER,
        "--as", ADMIN, expect=2,
    )  # fmt: skip

    assert "A supervisor, an admin or Nurul Huda records this absence" in wrong_role
    assert "Tan Wei Ming shares no role with Nurul Huda" in wrong_deputy
    assert "is before the first day" in wrong_order
    assert "Nobody with the address" in unknown
    assert '"soon" is not a date' in no_day


def test_a_portfolio_moves_and_the_company_is_told(casework: Console) -> None:
    reference = submit(casework, account_manager=MANAGER, contact_email="trade@quillhaven.example")
    move = ("portfolio", "transfer", "--from", MANAGER, "--to", SECOND_MANAGER, "--note", "Moves to another unit.")

    refused = casework(*move, "--as", OFFICER, expect=1)
    moved = casework.json(*move, "--as", SUPERVISOR)
    again = casework(*move, "--uen", UEN, "--as", SUPERVISOR, expect=2)

    history = casework("application", "history", reference)
    assert "A supervisor, an admin or Nurul Huda hands these companies over" in refused
    assert moved == {"from": MANAGER, "to": SECOND_MANAGER, "companies": [UEN]}
    assert f"{UEN} is not a company that Nurul Huda manages" in again
    assert "Siti Aminah" in casework("application", "show", reference)
    assert "Account manager changed" in history
    assert "Moves to another unit." in history
    assert len(recipients_of(casework, "account_manager_changed")) == 1


def test_a_new_application_does_not_move_a_company_to_another_manager(casework: Console) -> None:
    reference = submit(casework, account_manager=MANAGER)
    why = ("--reason", "Too early.", "--reason-code", "request")
    casework("application", "advance", reference, "withdraw", *why, "--as", OFFICER)

    again = ("--programme", "STP", "--uen", UEN, "--account-manager", SECOND_MANAGER, "--as", OFFICER)
    refused = casework("application", "submit", *again, expect=2)
    submit(casework, account_manager=MANAGER)

    assert "account manager is Nurul Huda. Leave the account manager out here" in refused
    assert {row["account_manager"] for row in casework.json("application", "list")} == {"Nurul Huda"}


def test_an_account_is_disabled_once_its_work_has_somewhere_to_go(casework: Console) -> None:
    reference = submit(casework, account_manager=MANAGER)
    casework("application", "assign", reference, "--to", OFFICER, "--as", SUPERVISOR)

    held = casework("officer", "disable", OFFICER, "--as", ADMIN, expect=2)
    wrong = casework("officer", "disable", OFFICER, "--hand-over-to", SECOND_MANAGER, "--as", ADMIN, expect=2)
    refused = casework("officer", "disable", OFFICER, "--hand-over-to", SECOND_OFFICER, "--as", SUPERVISOR, expect=1)
    done = casework("officer", "disable", OFFICER, "--hand-over-to", SECOND_OFFICER, "--as", ADMIN)

    assert f"Tan Wei Ming still looks after 1 case ({reference}). Name who takes over. (--hand-over-to EMAIL)" in held
    assert "Siti Aminah is not an officer" in wrong
    assert "An admin disables accounts" in refused
    assert f"Lee Jia Hui takes over 1 case ({reference})" in done
    assert casework.json("application", "show", reference)["assignee"] == "Lee Jia Hui"
    assert listed(casework, OFFICER)["active"] is False
    assert "has an active account" in casework("application", "list", "--assignee", OFFICER, expect=2)
    assert "is the last admin" in casework("officer", "disable", ADMIN, "--as", ADMIN, expect=2)


def test_the_trail_words_what_happened_to_people(casework: Console) -> None:
    absent(casework, MANAGER, SECOND_MANAGER, as_=ADMIN)
    casework("officer", "disable", SECOND_OFFICER, "--as", ADMIN)

    casework("audit", "export", "--out", "trail.csv", "--as", AUDITOR)

    with open("trail.csv", encoding="utf-8") as file:  # noqa: PTH123  # the folder of the test
        trail = file.read()
    assert f"from {in_words(YESTERDAY)} to {in_words(TOMORROW)} recorded, deputy" in trail
    assert "disabled; 0 cases and 0 companies handed over" in trail


def test_a_company_without_an_account_manager_is_given_one(casework: Console) -> None:
    submit(casework)
    assign = ("portfolio", "assign", "--uen", UEN, "--note", "First contact by phone.", "--as", SUPERVISOR)

    wrong = casework(*assign, "--to", OFFICER, expect=2)
    casework(*assign, "--to", MANAGER)
    again = casework(*assign, "--to", SECOND_MANAGER, expect=2)

    assert "is not an account manager" in wrong
    assert "transferring the portfolio" in again
    assert casework.json("application", "list")[0]["account_manager"] == "Nurul Huda"


def test_a_role_stays_while_it_is_needed_for_what_is_held(casework: Console) -> None:
    reference = submit(casework, account_manager=MANAGER)
    casework("application", "assign", reference, "--to", OFFICER, "--as", OFFICER)

    case = casework("officer", "role", OFFICER, "--add", "approver", "--remove", "officer", "--as", ADMIN, expect=2)
    company = casework(
        "officer", "role", MANAGER, "--add", "officer", "--remove", "account_manager", "--as", ADMIN, expect=2
    )

    assert reference in case
    assert UEN in company
