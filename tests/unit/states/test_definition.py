"""What a definition says about its own states: where a target leads and which certified state a day asks for."""

from datetime import date, timedelta

import pytest
from rule_cases import changed

from states.definition import Programme

DAY = timedelta(days=1)
LAST_DAY = date(2029, 11, 23)
OPENS = LAST_DAY - 210 * DAY


class TestAsDated:
    @pytest.mark.parametrize(
        ("state", "today", "extended", "expected"),
        [
            ("certified", OPENS - DAY, False, "certified"),
            ("certified", OPENS, False, "revalidation_due"),
            ("certified", LAST_DAY, False, "revalidation_due"),
            ("certified", OPENS, True, "certified"),  # the timer opens it
            ("revalidation_due", OPENS - DAY, False, "revalidation_due"),  # opened early by a supervisor
            ("revalidation_due", OPENS - DAY, True, "certified"),
            ("revalidation_due", OPENS, True, "revalidation_due"),
            ("validation", OPENS, False, "validation"),
            ("rejected", OPENS - DAY, True, "rejected"),
        ],
    )
    def test_is_the_state_that_the_day_asks_for(
        self, stp: Programme, state: str, today: date, extended: bool, expected: str
    ):
        assert stp.as_dated(state, LAST_DAY, today, extended=extended) == expected

    def test_stays_without_a_last_day(self, stp: Programme):
        assert stp.as_dated("certified", None, LAST_DAY) == "certified"

    def test_stays_where_no_timer_opens_anything(self, stp: Programme):
        lapse_only = [timer.model_dump() for timer in stp.timers if timer.trigger == "lapse"]

        assert changed(stp, timers=lapse_only).as_dated("certified", LAST_DAY, LAST_DAY) == "certified"


class TestTargets:
    @pytest.mark.parametrize(
        ("trigger", "state", "expected"),
        [
            ("certify", "validation", {"certified"}),
            ("supply_information", "awaiting_information", {"submitted", "checklist_review", "validation"}),
            ("extend", "validation", {"validation"}),
            ("extend", "certified", {"certified", "revalidation_due"}),
            (
                "set_aside",
                "rejected",
                {"submitted", "checklist_review", "awaiting_information", "validation"},
            ),
            ("set_aside", "lapsed", {"certified", "revalidation_due", "suspended"}),
        ],
    )
    def test_are_every_state_that_it_may_lead_to(self, stp: Programme, trigger: str, state: str, expected: set[str]):
        assert set(stp.targets(stp.transition(trigger, state), state)) == expected

    def test_of_one_that_returns_to_some_are_those(self, stp: Programme):
        lapse = stp.transition("lapse", "suspended", "validation")

        assert stp.targets(lapse, "suspended") == lapse.returning_to


class TestTransition:
    def test_depends_on_the_state_beneath(self, stp: Programme):
        assert stp.transition("lapse", "suspended", "certified").target == "lapsed"
        assert stp.transition("lapse", "suspended", "validation").target == "back"
        assert stp.transition("lapse", "suspended", "nowhere") is None

    def test_is_none_from_another_state(self, stp: Programme):
        assert stp.transition("certify", "submitted") is None
