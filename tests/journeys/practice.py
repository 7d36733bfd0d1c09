"""A case carried through the command line, step by step, on days that a journey names."""

from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from console import APPROVER, MANAGER, OFFICER, UEN, Console, submit

from workflow.bootstrap import open_installation
from workflow.decisions.outcome import Act
from workflow.operations.answer_criterion import answer_criterion
from workflow.settings import read_settings
from workflow.store import people

PACK = ("application_form", "tradefirst_checklist", "bizfile_report", "financial_statements")
BEGIN = date(2026, 11, 23)
END = date(2029, 11, 23)


class Office:
    """The command line of a staffed office whose clock a journey sets."""

    def __init__(self, aeo: Console, monkeypatch: pytest.MonkeyPatch) -> None:
        self.aeo = aeo
        self._monkeypatch = monkeypatch
        Path("paper.pdf").write_bytes(b"%PDF-1.4\n%%EOF\n")
        self.on(BEGIN)

    def on(self, day: date, hour: int = 9) -> "Office":
        """Set the clock to an hour of a day in Singapore; it runs on from there."""
        self._monkeypatch.setenv("AEO_CLOCK", f"{day.isoformat()}T{hour:02}:00:00+08:00")
        self.today = day
        return self

    def tick(self, day: date, hour: int = 9) -> list[dict[str, Any]]:
        """Let the clock do what is due on a day and deliver the mail; return what was done."""
        self.on(day, hour)
        done: list[dict[str, Any]] = self.aeo.json("sweep")["done"]
        self.aeo("outbox", "deliver")
        return done

    def advance(self, reference: str, trigger: str, *more: str, by: str = OFFICER, expect: int = 0) -> Any:
        return self.aeo.json("application", "advance", reference, trigger, *more, "--as", by, expect=expect)

    def unmet(self, reference: str, trigger: str, *more: str, by: str = OFFICER) -> set[str]:
        """Return the codes of the rules that refuse a transition."""
        answer = self.advance(reference, trigger, *more, by=by, expect=1)
        return {unmet["code"] for unmet in answer["error"]["details"]["unmet"]}

    def recommended(self, reference: str, outcome: str, *more: str, by: str = APPROVER) -> Any:
        """Let an officer recommend and an approver decide."""
        self.aeo("application", "recommend", reference, "--outcome", outcome, "--reason", "As found.", "--as", OFFICER)
        reason = ("--reason", "As found.")
        return self.advance(reference, outcome, *reason, *more, by=by)

    def show(self, reference: str) -> dict[str, Any]:
        shown: dict[str, Any] = self.aeo.json("application", "show", reference)
        return shown

    def at(self, reference: str) -> tuple[str, str]:
        """Return state and standing."""
        shown = self.show(reference)
        return shown["state"], shown["standing"]

    def add(self, reference: str, kind: str) -> int:
        added = self.aeo.json("document", "add", reference, "paper.pdf", "--kind", kind, "--as", OFFICER)
        return int(added["document"])

    def pack(self, reference: str, kinds: Iterable[str] = PACK) -> None:
        for kind in kinds:
            self.add(reference, kind)

    def submitted(self, **given: str) -> str:
        given.setdefault("contact_email", "trade@quillhaven.example")
        given.setdefault("account_manager", MANAGER)
        return submit(self.aeo, **given)

    def answers(self, reference: str) -> None:
        """Answer every criterion Yes with evidence and assess all of them; one opening for all, to be quick."""
        evidence = self.add(reference, "evidence")
        with open_installation(read_settings()) as opened:
            with opened.office.database.snapshot() as connection:
                act = Act(people.by_email(connection, OFFICER), "command line", opened.clock())
                programme = opened.office.editions.newest(connection, reference.rpartition("-20")[0]).programme
            for code in programme.criteria:
                answer_criterion(
                    opened.office, reference=reference, criterion=code, answer="yes", documents=[evidence], act=act
                )
        self.aeo("checklist", "assess-all", reference, "--as", OFFICER)

    def validated(self, reference: str, band: str = "Premium", uen: str = UEN) -> None:
        """Carry a case with its pack from the checklist to a recommendation to certify."""
        self.answers(reference)
        self.advance(reference, "pass_checklist")
        day = self.today.isoformat()
        self.aeo("visit", "record", reference, "--on", day, "--report", "paper.pdf", "--as", OFFICER)
        self.aeo("band", "set", uen, band, "--assessed-on", day, "--as", OFFICER)

    def certified(self, **given: str) -> str:
        """Return a case certified on the office's day."""
        reference = self.submitted(**given)
        self.pack(reference)
        self.advance(reference, "start_review")
        self.validated(reference, uen=given.get("uen", UEN))
        self.recommended(reference, "certify")
        return reference

    def renewed(self, reference: str) -> None:
        """Let the renewal pack arrive."""
        self.pack(reference)
        self.advance(reference, "renew", by=MANAGER)

    def due(self, reference: str, first: date, last: date) -> list[tuple[str, str]]:
        """Return rule and message of what is still planned between two days."""
        rows = self.aeo.json(
            "calendar", "--from", first.isoformat(), "--to", last.isoformat(), "--application", reference
        )
        return [(row["rule"], row["message"]) for row in rows if row["status"] == "planned"]

    def mails(self, message: str) -> list[str]:
        return [row["recipient"] for row in self.aeo.json("outbox", "list") if row["message"] == message]


def days(count: int) -> timedelta:
    return timedelta(days=count)
