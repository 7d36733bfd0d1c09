"""What a second person confirms: done in the first one's name, while it is still theirs to do."""

from datetime import datetime, timedelta

import builders
import pytest
from builders import act, done

from states.facts import Person
from workflow import models
from workflow.decisions.outcome import Act, Outcome, Refused
from workflow.operations.decide_approval import confirm_approval
from workflow.operations.disable_officer import disable_officer
from workflow.operations.manage_officers import change_roles
from workflow.store.office import Office

BEGIN, DAY = builders.TODAY, timedelta(days=1)
LATER = builders.morning_of(BEGIN + 30 * DAY)


class Asked:
    """A review that began a month ago, recorded by one officer and waiting for a second person."""

    def __init__(self, office: Office) -> None:
        self.office, self.staff = office, builders.people(office)
        self.admin = builders.another_person(office, "p-20", "Hana Aoki", "admin")
        self.asker = builders.another_person(office, "p-21", "Ivan Koh", "account_manager", "officer")
        self.reference = builders.submit(office, act(self.staff.officer))
        builders.complete_pack(office, act(self.staff.officer), self.reference)
        self.approval = self.ask(self.asker)

    def ask(self, by: Person) -> int:
        asked = builders.advance(self.office, act(by, LATER), self.reference, "start_review", effective_on=BEGIN)
        return int(done(asked).data["approval"])

    def confirm(self, now: datetime = LATER) -> Outcome:
        return confirm_approval(self.office, approval_id=self.approval, act=act(self.staff.supervisor, now))

    def decisions(self) -> list[tuple[str, str, str]]:
        rows = builders.rows_of(self.office, models.Decision)
        return [(row["trigger"], row["actor_id"], row["role"]) for row in rows]


@pytest.fixture
def asked(office: Office) -> Asked:
    return Asked(office)


def said(outcome: Outcome) -> str:
    assert isinstance(outcome, Refused), outcome
    return " ".join(unmet.sentence for unmet in outcome.unmet)


class TestWhoAsked:
    def test_acts_in_the_role_in_which_it_was_asked(self, asked: Asked):
        email = builders.email_of(asked.asker)
        change_roles(asked.office, email=email, add=["approver"], remove=["account_manager"], act=act(asked.admin))

        done(asked.confirm())

        assert asked.decisions() == [("start_review", "p-21", "officer")]

    def test_does_nothing_through_others_once_the_account_is_disabled(self, asked: Asked):
        disable_officer(asked.office, email=builders.email_of(asked.asker), act=act(asked.admin))

        assert "Ivan Koh, who asked for this, has no active account any more" in said(asked.confirm())
        assert asked.decisions() == []

    def test_does_nothing_through_others_once_the_role_is_gone(self, asked: Asked):
        change_roles(
            asked.office, email=builders.email_of(asked.asker), add=[], remove=["officer"], act=act(asked.admin)
        )

        assert "Ivan Koh, who asked for this, is not an officer any more" in said(asked.confirm())
        assert asked.decisions() == []


class TestTheTrail:
    def test_says_of_each_how_that_person_was_proven(self, asked: Asked):
        by = Act(asked.asker, "password and code", LATER)
        again = builders.advance(asked.office, by, asked.reference, "start_review", effective_on=BEGIN)
        supervisor = Act(asked.staff.supervisor, "token Nightly", LATER)

        done(confirm_approval(asked.office, approval_id=done(again).data["approval"], act=supervisor))

        told = {e["kind"]: (e["actor"], e["proven"]) for e in builders.entries_of(asked.office, asked.reference)}
        assert told["case:state:changed"] == ("p-21", "password and code")
        assert told["case:approval:confirmed"] == ("p-05", "token Nightly")


class TestWhatWasSeen:
    def test_is_what_is_confirmed(self, asked: Asked):
        builders.add(asked.office, act(asked.staff.officer, LATER), asked.reference, "evidence")

        refused = said(asked.confirm())
        asked.approval = asked.ask(asked.asker)
        done(asked.confirm())

        assert "changed since Ivan Koh asked for this" in refused
        assert asked.decisions() == [("start_review", "p-21", "officer")]

    def test_is_the_same_on_another_day(self, asked: Asked):
        outcome = asked.confirm(LATER + 40 * DAY)

        assert done(outcome).data["status"] == "confirmed"
