"""What was owed follows from what was decided: who planned it, until when it held, and why no longer."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from states.dates import local_instant
from states.definition import Programme
from states.expectation import (
    Act,
    Decision,
    Expectation,
    Happened,
    History,
    Holidays,
    Issued,
    Request,
    SpecialDay,
    expect,
)
from states.planner import BEFORE_DECISION, plan
from states.terms import Term

ZONE = "Asia/Singapore"
FIRST, LAST = date(2026, 11, 23), date(2029, 11, 23)
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
WEEKENDS = Holidays([])
BEFORE_20 = ("T-270", "T-210", "T-180", "T-150", "T-120", "T-90", "T-60", "T-30")  # due 20 days before the end


def morning(day: date) -> datetime:
    return local_instant(day, 9, ZONE)


def decided(no: int, trigger: str, from_: str, to: str, day: date, cycle: int = 1) -> Decision:
    return Decision(no * 10, no, cycle, trigger, from_, to, morning(day), morning(day))


CERTIFIED = decided(1, "certify", "validation", "certified", FIRST)
ISSUED = Issued(1, "C1", FIRST, LAST)


def lived(stp: Programme, *decisions: Decision, holidays: Holidays = WEEKENDS, **more: Any) -> Expectation:
    return expect(History(stp, (CERTIFIED, *decisions), (ISSUED,), **more), holidays)


def owed(found: Expectation, basis: int) -> set[tuple[str, date]]:
    return {(one.planned.rule, one.planned.due_on) for one in found.expected if one.basis == basis and not one.until}


class TestACertificate:
    def test_is_owed_what_the_planner_gives(self, stp: Programme):
        found = lived(stp)

        assert [one.planned for one in found.expected] == list(
            plan(stp, Term(FIRST, LAST), WEEKENDS.as_at(morning(FIRST)))
        )
        assert {(one.basis, one.since, one.until) for one in found.expected} == {(1, morning(FIRST), None)}

    def test_that_is_extended_is_owed_everything_anew(self, stp: Programme):
        later, day = LAST + timedelta(days=365), LAST - timedelta(days=300)
        extended = decided(2, "extend", "certified", "certified", day)
        event = Happened(1, 2, "C1", "extended", day, valid_until=later)

        found = lived(stp, extended, happened=(event,))

        before = [one for one in found.expected if one.basis == 1]
        assert {(one.until, one.reason) for one in before} == {(morning(day), "Extend the certificate")}
        assert ("T-0", later) in owed(found, 2)
        assert found.moments[-1].held.last_day == later

    def test_that_is_suspended_is_owed_the_same(self, stp: Programme):
        day = LAST - timedelta(days=300)
        event = Happened(1, 2, "C1", "suspended", day)

        found = lived(stp, decided(2, "suspend", "certified", "suspended", day), happened=(event,))

        assert owed(found, 1) == owed(lived(stp), 1)
        assert (found.moments[-1].state, found.moments[-1].back_to) == ("suspended", "certified")

    def test_that_is_given_up_is_owed_nothing_more(self, stp: Programme):
        day = LAST - timedelta(days=300)
        event = Happened(1, 2, "C1", "surrendered", day)

        found = lived(stp, decided(2, "surrender", "certified", "withdrawn", day), happened=(event,))

        assert all(one.until == morning(day) for one in found.expected)

    def test_whose_renewal_came_is_counted_in_another_way(self, stp: Programme):
        day = LAST - timedelta(days=100)

        found = lived(stp, decided(2, "renew", "certified", "checklist_review", day, cycle=2))

        again = {one.planned.rule: one.planned for one in found.expected if one.basis == 2}
        assert again["T-30"].message == "renewal_undecided"
        assert "T-120" not in again
        assert "open_revalidation" not in again

    def test_of_which_something_lay_behind_a_decision_is_not_owed_that(self, stp: Programme):
        told = self.settled(stp, *BEFORE_20)

        reasons = self.reasons_after(stp, told)
        assert (reasons["T-30"], reasons["T-30c"], reasons["T-7"]) == (BEFORE_DECISION, BEFORE_DECISION, "")

    @pytest.mark.parametrize("missing", ["T-30", "T-60"])
    def test_is_owed_what_the_clock_was_down_for_when_it_was_decided_on(self, stp: Programme, missing: str):
        done = BEFORE_20[: BEFORE_20.index(missing)]
        told = self.settled(stp, *done)

        reasons = self.reasons_after(stp, told)
        assert [reasons[rule] for rule in ("T-60", "T-30", "T-30c", "T-7")] == [
            BEFORE_DECISION if missing == "T-30" else "", "", "", "",
        ]  # fmt: skip

    def settled(self, stp: Programme, *rules: str) -> list[Act]:
        """The clock sent every other one of these and gave the rest up, each when it was due."""
        due = {one.planned.rule: one.planned.due_at for one in lived(stp).expected}
        return [
            Act(11 + n % 9, due[rule], "given_up" if n % 2 else "told", rule=rule, due_at=due[rule])
            for n, rule in enumerate(rules)
        ]

    def reasons_after(self, stp: Programme, acts: list[Act]) -> dict[str, str]:
        renewed = decided(2, "renew", "certified", "checklist_review", LAST - timedelta(days=20), cycle=2)
        return {
            one.planned.rule: one.planned.superseded
            for one in lived(stp, renewed, acts=acts).expected
            if one.basis == 2
        }


class TestARequest:
    ASKED = decided(2, "request_information", "checklist_review", "awaiting_information", FIRST)
    REQUEST = Request(1, 1, FIRST + timedelta(days=14), morning(FIRST))

    def found(self, stp: Programme, *acts: Act, **more: Any) -> list[Any]:
        history = History(stp, (replace(self.ASKED, no=1, place=10),), requests=(self.REQUEST,), acts=acts, **more)
        return expect(history, WEEKENDS).expected

    def test_is_followed_up_by_the_decision_that_put_it(self, stp: Programme):
        assert [(one.planned.rule, one.basis, one.until) for one in self.found(stp)] == [
            ("request_reminder", 1, None),
            ("request_final_notice", 1, None),
        ]

    def test_that_is_answered_is_followed_up_no_more(self, stp: Programme):
        at = morning(FIRST + timedelta(days=3))

        found = self.found(stp, Act(20, at, "answered", 1))

        assert {(one.until, one.reason) for one in found} == {(at, "answered")}


class TestAHoliday:
    """One that became known later moves what is ahead, as a revision; one that moved nothing is noticed."""

    DUE = date(2029, 8, 24)  # T-90, a Friday
    KNOWN = morning(date(2029, 8, 1))
    HOLIDAYS = Holidays([SpecialDay(DUE, KNOWN)])

    def test_moves_what_is_ahead(self, stp: Programme):
        moved = Act(20, self.KNOWN, "moved", reason="holiday gazetted: Polling Day")

        found = [
            one for one in lived(stp, acts=(moved,), holidays=self.HOLIDAYS).expected if one.planned.rule == "T-90"
        ]

        assert [(one.revision, one.planned.due_on, one.until, one.unmoved) for one in found] == [
            (1, self.DUE, self.KNOWN, None),
            (2, self.DUE - timedelta(days=1), None, None),
        ]

    def test_that_moved_nothing_is_noticed(self, stp: Programme):
        found = lived(stp, holidays=self.HOLIDAYS).expected

        assert {one.planned.rule: one.unmoved for one in found if one.unmoved} == {"T-90": self.DUE - timedelta(days=1)}

    def test_of_long_ago_is_in_the_first_plan(self, stp: Programme):
        found = lived(stp, holidays=Holidays([SpecialDay(self.DUE, LONG_AGO)])).expected

        assert [one.planned.due_on for one in found if one.planned.rule == "T-90"] == [self.DUE - timedelta(days=1)]


def test_decisions_that_the_programme_does_not_know_are_refused(stp: Programme):
    with pytest.raises(ValueError, match="has no lapse from validation"):
        expect(History(stp, (replace(CERTIFIED, trigger="lapse"),)), WEEKENDS)
