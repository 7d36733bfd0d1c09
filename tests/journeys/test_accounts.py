"""Passwords, codes and tokens on the command line, and who may act as whom in production."""

import io
import stat
import sys
from pathlib import Path

import pytest
from console import ADMIN, APPROVER, OFFICER, Console

PASSWORD = "windmill Tuesday copper"


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch):
    """What the next command reads from its standard input."""
    return lambda text: monkeypatch.setattr(sys, "stdin", io.StringIO(text))


def production(monkeypatch: pytest.MonkeyPatch, token: str = "") -> None:
    monkeypatch.setenv("AEO_ENV", "production")
    monkeypatch.setenv("AEO_TOKEN", token)


class TestPasswords:
    def test_come_from_the_standard_input(self, aeo: Console, typed):
        aeo("db", "upgrade")
        typed(f"{PASSWORD}\n")

        said = aeo("officer", "add", ADMIN, "--name", "Rosnah Yusof", "--role", "admin", "--password-stdin")

        assert said == "Rosnah Yusof has an account as an administrator."
        assert PASSWORD not in said

    def test_that_are_weak_add_nobody(self, aeo: Console, typed):
        aeo("db", "upgrade")
        typed("short\n")

        said = aeo("officer", "add", ADMIN, "--name", "R", "--role", "admin", "--password-stdin", expect=2)

        assert "at least 12" in said
        assert aeo.json("officer", "list") == []

    def test_are_set_by_an_admin_alone(self, office: Console, typed):
        typed(f"{PASSWORD}\n")
        office("officer", "password", APPROVER, "--password-stdin", "--as", OFFICER, expect=1)
        typed(f"{PASSWORD}\n")

        said = office("officer", "password", APPROVER, "--password-stdin", "--as", ADMIN)

        assert said == "The password of Priya Nair is set. All sessions are ended."

    def test_are_never_an_argument(self, office: Console):
        assert "--password-stdin" in office("officer", "password", APPROVER, "--as", ADMIN, expect=2)

    def test_are_not_empty(self, office: Console, typed):
        typed("")
        said = office("officer", "password", APPROVER, "--password-stdin", "--as", ADMIN, expect=2)
        assert "standard input" in said

    def test_and_codes_of_somebody_without_them_are_not_reset(self, office: Console):
        assert "has no one-time codes" in office("officer", "code", APPROVER, "--reset", "--as", ADMIN, expect=2)


class TestTokens:
    def test_are_printed_once(self, office: Console):
        added = office.json("token", "add", OFFICER, "--name", "nightly", "--role", "officer")

        assert added["token"].startswith("aeo_")
        (listed,) = office.json("token", "list")
        assert (listed["id"], listed["email"], listed["state"]) == (added["id"], OFFICER, "good")
        assert added["token"] not in str(listed)

    def test_say_who_acts(self, office: Console, monkeypatch: pytest.MonkeyPatch):
        token = office.json("token", "add", OFFICER, "--name", "nightly")["token"]
        monkeypatch.setenv("AEO_TOKEN", token)

        reference = office.json(
            "application", "submit", "--programme", "STP", "--uen", "201890417D", "--company-name", "Quillhaven"
        )["reference"]

        monkeypatch.delenv("AEO_TOKEN")
        history = office.json("application", "history", reference, "--as", OFFICER)
        assert history[0]["actor"] == "Tan Wei Ming"

    def test_that_are_revoked_say_nothing(self, office: Console, monkeypatch: pytest.MonkeyPatch):
        added = office.json("token", "add", OFFICER, "--name", "nightly")
        office("token", "revoke", added["id"])
        monkeypatch.setenv("AEO_TOKEN", added["token"])

        assert "revoked" in office("application", "list", "--as", OFFICER, expect=1)


class TestProduction:
    def test_needs_the_token_of_whom_it_acts_as(self, office: Console, monkeypatch: pytest.MonkeyPatch):
        tokens = {email: office.json("token", "add", email, "--name", "shell")["token"] for email in (ADMIN, OFFICER)}

        production(monkeypatch)
        assert "AEO_TOKEN" in office("officer", "role", OFFICER, "--add", "supervisor", "--as", ADMIN, expect=2)
        production(monkeypatch, tokens[OFFICER])
        assert "is not admin@" in office("officer", "role", OFFICER, "--add", "supervisor", "--as", ADMIN, expect=2)
        office("officer", "role", OFFICER, "--add", "supervisor", expect=1)
        production(monkeypatch, tokens[ADMIN])
        assert "is an officer and a supervisor now" in office("officer", "role", OFFICER, "--add", "supervisor")
        assert "is an officer now." in office("officer", "role", OFFICER, "--remove", "supervisor", "--as", ADMIN)

    def test_begins_with_an_admin_and_the_first_token(self, aeo: Console, typed, monkeypatch: pytest.MonkeyPatch):
        aeo("db", "upgrade")
        production(monkeypatch)
        typed(f"{PASSWORD}\n")
        aeo("officer", "add", ADMIN, "--name", "Rosnah Yusof", "--role", "admin", "--password-stdin")
        token = aeo.json("token", "add", ADMIN, "--name", "shell")["token"]
        aeo("token", "add", ADMIN, "--name", "another", expect=1)

        production(monkeypatch, token)
        typed(f"{PASSWORD}\n")
        aeo("officer", "add", OFFICER, "--name", "Tan Wei Ming", "--role", "officer", "--password-stdin")

        assert [one["email"] for one in aeo.json("officer", "list")] == [ADMIN, OFFICER]

    def test_sets_no_password_for_the_operator(self, office: Console, typed, monkeypatch: pytest.MonkeyPatch):
        production(monkeypatch)
        typed(f"{PASSWORD}\n")

        office("officer", "password", APPROVER, "--password-stdin", expect=1)


class TestTheSecret:
    def test_is_made_by_the_upgrade_for_its_owner_alone(self, aeo: Console, tmp_path: Path):
        assert "secret.key" in aeo("db", "upgrade")
        assert "Nothing was missing" in aeo("db", "upgrade")

        assert stat.S_IMODE((tmp_path / "var" / "secret.key").stat().st_mode) == 0o600

    def test_and_the_others_are_masked(self, aeo: Console, monkeypatch: pytest.MonkeyPatch):
        for name in ("AEO_SECRET_KEY", "AEO_TOKEN", "AEO_OIDC_CLIENT_SECRET"):
            monkeypatch.setenv(name, "only for me to know, and long enough")

        assert "only for me" not in aeo("settings")

    def test_the_check_holds_afterwards(self, office: Console, typed):
        typed(f"{PASSWORD}\n")
        office("officer", "password", APPROVER, "--password-stdin", "--as", ADMIN)
        office("token", "revoke", office.json("token", "add", OFFICER, "--name", "nightly")["id"])

        office("db", "check")
