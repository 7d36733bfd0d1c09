"""The command line as journeys use it: typed commands, what they print, and a staff to act as."""

import json
from typing import Any

import pytest

from workflow.cli.main import run

UEN = "201890417D"
ADMIN, OFFICER, SECOND_OFFICER, APPROVER, SECOND_APPROVER, MANAGER, SUPERVISOR, AUDITOR = (
    f"{who}@casework.example" for who in ("admin", "tan", "lee", "priya", "lim", "nurul", "goh", "arun")
)
STAFF = {
    OFFICER: ("Tan Wei Ming", "officer"),
    SECOND_OFFICER: ("Lee Jia Hui", "officer"),
    APPROVER: ("Priya Nair", "approver"),
    SECOND_APPROVER: ("Lim Boon Kiat", "approver"),
    MANAGER: ("Nurul Huda", "account_manager"),
    SUPERVISOR: ("Goh Siew Ling", "supervisor"),
    AUDITOR: ("Arun Pillai", "auditor"),
}


class Console:
    """The command line in a folder of its own."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: str, expect: int = 0) -> str:
        self._capsys.readouterr()
        code = run(list(arguments))
        out, err = self._capsys.readouterr()
        assert code == expect, f"{arguments}: {code}\n{out}{err}"
        assert "Traceback" not in out + err
        return (out + err).strip()

    def json(self, *arguments: str, expect: int = 0) -> Any:
        return json.loads(self(*arguments, "--json", expect=expect))


# The database, and an account for everybody.
SET_UP = (
    ("db", "upgrade"),
    ("officer", "add", ADMIN, "--name", "Rosnah Yusof", "--role", "admin"),
    *(
        ("officer", "add", email, "--name", name, "--role", role, "--as", ADMIN)
        for email, (name, role) in STAFF.items()
    ),
)


def submit(aeo: Console, **changed: str) -> str:
    given = {"--programme": "STP", "--uen": UEN, "--company-name": "Quillhaven Logistics Pte. Ltd.", "--as": OFFICER}
    given |= {f"--{name.replace('_', '-')}": value for name, value in changed.items()}
    return aeo("application", "submit", *(part for pair in given.items() for part in pair))
