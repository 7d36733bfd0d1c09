"""Everything the clock owes for a certificate, against the table of practice and an independent oracle."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rule_cases import changed, shipped

from states.dates import OfficeCalendar
from states.definition import Programme
from states.planner import (
    BEFORE_BEGIN,
    BEFORE_DECISION,
    ENDED,
    Heard,
    Outlook,
    Overdue,
    fates,
    phase_of,
    plan,
    plan_request,
    pointless,
)
from states.standing import FOR_EVER, Certificate, Held
from states.terms import Term, band_valid_until, certificate_term, decided_term, renewed_term, service_target

DAY = timedelta(days=1)
TERM = Term(date(2026, 11, 23), date(2029, 11, 23))
NONE_CLOSED = OfficeCalendar()

MANAGER, BOTH, ALL = ("account_manager",), ("company", "account_manager"), ("company", "account_manager", "supervisor")

# practice.md, "Reminders": days from T -> who, what. Supervisors read the T-120 and T-60 ones in a digest.
PRACTICE = {
    "T-270": (-270, MANAGER, "renewal_heads_up"),
    "T-210": (-210, BOTH, "renewal_invitation"),
    "T-180": (-180, MANAGER, "renewal_not_started"),
    "T-150": (-150, BOTH, "renewal_pack_due"),
    "T-120": (-120, ALL, "renewal_reminder"),
    "T-90": (-90, ALL, "renewal_reminder"),
    "T-60": (-60, ALL, "renewal_reminder"),
    "T-30": (-30, ALL, "renewal_reminder"),
    "T-7": (-7, ALL, "renewal_reminder"),
    "T-0": (0, BOTH, "renewal_last_day"),
    "T+1": (1, ALL, "certificate_ended"),
}
FIXED = {"T-0", "T+1"}  # said on the day itself, office or not

# practice.md, "After the pack is received": days from T -> message -> who. While the case waits for the company's
# answers every day on which the company would have been written to still is one.
STAFF = ("officer", "account_manager", "supervisor")
UNDECIDED = {days: {"renewal_undecided": STAFF} for days in (-60, -30, -7, 0)}
WAITING = {days: {"renewal_waits_for_information": BOTH} for days in (-210, -150, -120, -90)}
AFTER = {1: {"certificate_ended_under_review": ("company", "account_manager", "officer")}}
PHASES = {
    "under_review": {
        days: told | ({"renewal_under_review": ("company",)} if days in (-30, -7) else {})
        for days, told in (UNDECIDED | AFTER).items()
    },
    "awaiting": WAITING
    | {days: told | {"renewal_waits_for_information": ("company",)} for days, told in UNDECIDED.items()}
    | AFTER,
    "closing": {days: {"certificate_ends": BOTH} for days in (-30, -7, 0)} | {1: {"certificate_ended": ALL}},
}


def planned(stp: Programme, term: Term = TERM, office: OfficeCalendar = NONE_CLOSED):
    return {one.rule: one for one in plan(stp, term, office)}


def oracle_day(rule: str, until: date, closed: set[date]) -> date:
    day = date.fromordinal(until.toordinal() + PRACTICE[rule][0])
    if rule in FIXED:
        return day
    return next(d for n in range(400) if (d := day - n * DAY).isoweekday() < 6 and d not in closed)


terms = st.builds(
    lambda start, days: Term(start, start + timedelta(days=days)),
    st.dates(date(2024, 1, 1), date(2036, 1, 1)),
    st.integers(0, 1200),
)


class TestPlan:
    @pytest.mark.parametrize("rule", PRACTICE)
    def test_holds_each_reminder_of_practice(self, stp: Programme, rule: str):
        _, audience, message = PRACTICE[rule]

        one = planned(stp)[rule]

        assert (one.message, set(one.audience), one.trigger) == (message, set(audience), None)
        assert one.due_on == oracle_day(rule, TERM.valid_until, set())

    def test_holds_nothing_else(self, stp: Programme):
        assert set(planned(stp)) == {*PRACTICE, "open_revalidation", "lapse"}
        assert len(plan(stp, TERM, NONE_CLOSED)) == 13

    @given(terms, st.data())
    def test_puts_reminders_on_office_days_on_or_before(self, stp: Programme, term: Term, data: st.DataObject):
        near = st.dates(term.valid_until - 300 * DAY, term.valid_until + 5 * DAY)
        closed = data.draw(st.sets(near, max_size=40))

        plan_ = planned(stp, term, OfficeCalendar.of(closed))

        for rule in PRACTICE:
            day = oracle_day(rule, term.valid_until, closed)
            assert plan_[rule].due_on == day
            assert plan_[rule].due_at == datetime(day.year, day.month, day.day, tzinfo=UTC)  # 08:00 in Singapore
            assert bool(plan_[rule].superseded) == ((day - term.valid_from).days < 30)

    @given(terms, st.sets(st.dates(date(2026, 1, 1), date(2030, 1, 1)), max_size=40))
    def test_keeps_the_day_of_a_timer_on_any_calendar(self, stp: Programme, term: Term, closed: set[date]):
        plan_ = planned(stp, term, OfficeCalendar.of(closed))

        midnight = datetime(term.valid_until.year, term.valid_until.month, term.valid_until.day, tzinfo=UTC)
        assert plan_["open_revalidation"].due_at == midnight - timedelta(days=210, hours=8)
        assert plan_["lapse"].due_at == midnight + timedelta(hours=16)
        assert (plan_["lapse"].trigger, plan_["lapse"].superseded) == ("lapse", "")

    @given(terms)
    def test_is_in_order_and_the_same_every_time(self, stp: Programme, term: Term):
        first = plan(stp, term, NONE_CLOSED)

        assert [one.due_at for one in first] == sorted(one.due_at for one in first)
        assert plan(stp, term, NONE_CLOSED) == first

    @pytest.mark.parametrize(("length", "superseded"), [(119, True), (120, False)], ids=["29 days", "30 days"])
    def test_supersedes_what_is_due_within_30_days_of_the_beginning(
        self, stp: Programme, length: int, superseded: bool
    ):
        start = date(2027, 3, 1)  # 30 days later is Wednesday 31 March, so no weekend moves T-90
        term = Term(start, start + timedelta(days=length))

        assert planned(stp, term)["T-90"].superseded == (BEFORE_BEGIN if superseded else "")


def in_phase(programme: Programme, phase: str, **outlook):
    return plan(programme, TERM, NONE_CLOSED, Outlook(phase=phase, **outlook))


class TestPhases:
    @pytest.mark.parametrize("phase", PHASES)
    def test_hold_what_practice_says_and_nothing_else(self, phase: str):
        for programme in (shipped("stp"), shipped("stp_plus")):
            found: dict[int, dict[str, set[str]]] = {}
            for one in in_phase(programme, phase):
                if one.message:
                    days = int(one.rule[1:].rstrip("c"))
                    found.setdefault(days, {})[one.message] = set(one.audience)
                    assert (TERM.valid_until + days * DAY - one.due_on).days in (0, 1, 2)  # a weekend at most

            assert found == {d: {m: set(who) for m, who in told.items()} for d, told in PHASES[phase].items()}

    @pytest.mark.parametrize("phase", PHASES)
    def test_ask_the_company_for_no_renewal_once_the_pack_is_here(self, stp: Programme, phase: str):
        asked = {"renewal_invitation", "renewal_pack_due", "renewal_reminder", "renewal_last_day"}

        assert not asked & {one.message for one in in_phase(stp, phase)}

    @pytest.mark.parametrize("phase", ["running", *PHASES])
    def test_all_end_validity(self, stp: Programme, phase: str):
        (lapse,) = [one for one in in_phase(stp, phase) if one.trigger == "lapse"]

        assert (lapse.due_on, lapse.due_at) == (TERM.valid_until, datetime(2029, 11, 23, 16, tzinfo=UTC))

    @pytest.mark.parametrize(
        ("phase", "state", "opens"),
        [
            ("running", "", True),
            ("running", "certified", True),
            ("running", "revalidation_due", False),
            ("under_review", "validation", False),
            ("closing", "rejected", False),
        ],
    )
    def test_open_revalidation_only_where_it_may_still_come(self, stp: Programme, phase: str, state: str, opens: bool):
        triggers = [one.trigger for one in in_phase(stp, phase, state=state)]

        assert ("open_revalidation" in triggers) == opens

    @pytest.mark.parametrize(
        ("state", "back", "phase"),
        [
            ("submitted", "", "under_review"),
            ("checklist_review", "", "under_review"),
            ("validation", "", "under_review"),
            ("awaiting_information", "validation", "awaiting"),
            ("certified", "", "running"),
            ("revalidation_due", "", "running"),
            ("rejected", "validation", "closing"),
            ("withdrawn", "validation", "closing"),
            ("suspended", "certified", "running"),
            ("suspended", "validation", "under_review"),
            ("suspended", "awaiting_information", "awaiting"),
            ("suspended", "rejected", "closing"),
        ],
    )
    def test_follow_the_state_or_the_one_beneath_a_suspension(self, stp: Programme, state: str, back: str, phase: str):
        assert phase_of(stp, state, back) == phase


class TestContinuation:
    def test_moves_the_end_and_what_is_said_after_it(self, stp: Programme):
        until = TERM.valid_until + 60 * DAY

        plan_ = {one.rule: one for one in in_phase(stp, "under_review", continues_until=until)}

        assert plan_["lapse"].due_on == until
        assert plan_["T+1"].due_on == until + DAY
        assert plan_["T-0"].due_on == TERM.valid_until

    def test_until_decided_plans_no_end(self, stp: Programme):
        rules = {one.rule for one in in_phase(stp, "under_review", continues_until=FOR_EVER)}

        assert not rules & {"lapse", "T+1"}
        assert {"T-30c", "T-0"} <= rules


class TestDecidedLater:
    def test_supersedes_what_was_due_before(self, stp: Programme):
        after = datetime(2029, 8, 31, tzinfo=UTC)

        plan_ = in_phase(stp, "running", after=after)

        past = {one.rule for one in plan_ if one.superseded == BEFORE_DECISION}
        assert past == {"T-270", "T-210", "T-180", "T-150", "T-120", "T-90"}
        assert not [one for one in plan_ if one.trigger and one.superseded]

    def test_supersedes_up_to_the_instant(self, stp: Programme):
        due_at = planned(stp)["T-30"].due_at

        superseded = [
            {one.rule: one.superseded for one in in_phase(stp, "running", after=at)}["T-30"]
            for at in (due_at - timedelta(microseconds=1), due_at)
        ]

        assert superseded == ["", BEFORE_DECISION]

    def test_sends_the_company_the_newest_one_after_a_cut_over(self, stp: Programme):
        after = datetime(2029, 6, 6, tzinfo=UTC)  # T-180, to the manager alone, is newer than T-210

        plan_ = {one.rule: one for one in in_phase(stp, "running", after=after, catch_up=True)}

        assert plan_["T-180"].due_at <= after
        assert [plan_[rule].superseded for rule in ("T-270", "T-210", "T-180", "T-150")] == [
            BEFORE_DECISION, "", BEFORE_DECISION, "",
        ]  # fmt: skip

    def test_leaves_what_the_clock_was_down_for(self, stp: Programme):
        after, since = datetime(2029, 9, 1, tzinfo=UTC), planned(stp)["T-120"].due_at

        plan_ = {one.rule: one for one in in_phase(stp, "running", after=after, owed_since=since)}

        assert [plan_[rule].superseded for rule in ("T-150", "T-120", "T-90")] == [BEFORE_DECISION, "", ""]

    def test_sends_nothing_where_renewal_is_not_open_yet(self, stp: Programme):
        after = planned(stp)["T-270"].due_at

        plan_ = {one.rule: one for one in in_phase(stp, "running", after=after, catch_up=True)}

        assert plan_["T-270"].superseded == BEFORE_DECISION


class TestBandReminders:
    BAND = date(2028, 10, 1)  # a Sunday

    def test_remind_of_a_band_that_ends_sooner(self):
        plan_ = {one.rule: one for one in in_phase(shipped("stp_plus"), "running", band_until=self.BAND)}

        assert [(plan_[rule].due_on, plan_[rule].message, plan_[rule].audience) for rule in ("B-90", "B-30")] == [
            (date(2028, 7, 3), "band_ends", ("account_manager", "officer")),
            (date(2028, 9, 1), "band_ends", ("account_manager", "officer")),
        ]
        assert plan_["lapse"].due_on == TERM.valid_until  # never shortened

    @pytest.mark.parametrize("until", [None, TERM.valid_until, TERM.valid_until + DAY])
    def test_say_nothing_of_a_band_that_lasts(self, until: date | None):
        rules = {one.rule for one in in_phase(shipped("stp_plus"), "running", band_until=until)}

        assert not rules & {"B-90", "B-30"}

    @pytest.mark.parametrize(("name", "phase"), [("stp", "running"), ("stp_plus", "under_review")])
    def test_say_nothing_where_the_band_limits_or_is_assessed_anew(self, name: str, phase: str):
        rules = {one.rule for one in in_phase(shipped(name), phase, band_until=self.BAND)}

        assert not rules & {"B-90", "B-30"}


class TestRequests:
    def test_remind_and_then_give_notice_on_office_days_on_or_after(self, stp: Programme):
        reply_by = date(2027, 1, 29)  # a Friday: the day after is a Saturday
        closed = OfficeCalendar.of([date(2027, 2, 1), date(2027, 2, 12)])

        reminder, notice = plan_request(stp, 2, reply_by, closed)

        assert (reminder.rule, reminder.due_on, reminder.message) == (
            "request_reminder", date(2027, 2, 2), "information_reminder",
        )  # fmt: skip
        assert (notice.rule, notice.due_on, notice.message) == (
            "request_final_notice", date(2027, 2, 15), "information_final_notice",
        )  # fmt: skip
        for one in (reminder, notice):
            assert (one.subject, one.occurrence, one.audience) == ("request", 2, BOTH)
            assert (one.due_at.hour, one.trigger) == (0, None)  # 08:00 in Singapore

    @given(st.dates(date(2026, 1, 1), date(2030, 1, 1)), st.sets(st.dates(date(2026, 1, 1), date(2030, 2, 1))))
    def test_never_fall_before_their_day(self, stp: Programme, reply_by: date, closed: set[date]):
        reminder, notice = plan_request(stp, 1, reply_by, OfficeCalendar.of(closed))

        assert reminder.due_on > reply_by
        assert notice.due_on >= reply_by + 14 * DAY
        assert reminder.due_on <= notice.due_on


class TestShippedFiles:
    def test_say_the_same_but_for_the_band(self):
        stp, plus = shipped("stp"), shipped("stp_plus")

        assert (stp.family, plus.family) == ("STP", "STP")
        for part in ("states", "transitions", "timers", "reminders", "renewal", "information", "service_target"):
            assert getattr(stp, part) == getattr(plus, part)
        assert [c.text for c in stp.criteria.values()] == [c.text for c in plus.criteria.values()]

    def test_know_what_is_mandatory_only_from_a_source(self):
        for programme in (shipped("stp"), shipped("stp_plus")):
            for criterion in programme.criteria.values():
                assert criterion.placeholder
                assert (criterion.mandatory == "unset") == (criterion.source == "unset")
        assert {c.code[0] for c in shipped("stp_plus").criteria.values() if c.mandatory is True} == {"S"}


overdue = st.sets(st.sampled_from(sorted(PRACTICE)), max_size=len(PRACTICE))


def overdue_of(programme: Programme, *rules: str) -> list[Overdue]:
    plan_ = planned(programme)
    return [Overdue(rule, plan_[rule].due_at, plan_[rule].audience) for rule in rules]


class TestFates:
    @given(overdue, st.booleans())
    def test_let_at_most_the_latest_sensible_one_go_out(self, stp: Programme, rules: set[str], ended: bool):
        decided = fates(overdue_of(stp, *sorted(rules)), ended=ended)

        going = [fate.rule for fate in decided if not fate.superseded]
        sensible = [rule for rule in rules if rule == "T+1"] if ended else list(rules)
        # Every rule that the company gets reaches the account manager too, so a manager's own gives way to it.
        best = [rule for rule in sensible if "company" in PRACTICE[rule][1]] or sensible
        assert going == sorted(best, key=lambda rule: PRACTICE[rule][0])[-1:]
        assert [fate.rule for fate in decided] == sorted(rules, key=lambda rule: PRACTICE[rule][0])

    def test_say_why_the_others_stay(self, stp: Programme):
        before = fates(overdue_of(stp, "T-30", "T-7"), ended=False)
        after = fates(overdue_of(stp, "T-7", "T+1"), ended=True)

        assert [fate.superseded for fate in before] == ["overtaken by T-7", ""]
        assert [fate.superseded for fate in after] == [ENDED, ""]

    def test_never_let_a_colleague_s_reminder_silence_the_company_s(self, stp: Programme):
        decided = {fate.rule: fate.superseded for fate in fates(overdue_of(stp, "T-210", "T-180"), ended=False)}

        assert decided == {"T-210": "", "T-180": "T-210 says it to the company too"}

    def test_let_a_later_one_go_out_too_for_whom_the_company_s_does_not_reach(self):
        at = datetime(2029, 10, 24, tzinfo=UTC)
        rules = [Overdue("T-60", at, ("company",)), Overdue("T-30", at + DAY, ("supervisor",))]

        assert {fate.superseded for fate in fates(rules, ended=False)} == {""}

    def test_keep_band_and_certificate_apart(self):
        at = [TERM.valid_until - n * DAY for n in (9, 6, 3)]
        rules = [
            Overdue(rule, datetime(d.year, d.month, d.day, tzinfo=UTC))
            for rule, d in zip(("B-90", "T-7", "B-30"), at, strict=True)
        ]

        assert {f.rule: f.superseded for f in fates(rules, ended=False)} == {
            "B-90": "overtaken by B-30", "T-7": "", "B-30": "",
        }  # fmt: skip
        assert {f.superseded for f in fates(rules, ended=True)} == {ENDED}

    def test_let_several_of_one_instant_go_out_together(self):
        at = datetime(2029, 10, 24, tzinfo=UTC)

        decided = fates([Overdue("T-30", at), Overdue("T-30c", at), Overdue("T-60", at - 30 * DAY)], ended=False)

        assert [(fate.rule, bool(fate.superseded)) for fate in decided] == [
            ("T-60", True), ("T-30", False), ("T-30c", False),
        ]  # fmt: skip

    def test_of_nothing_are_nothing(self):
        assert fates([], ended=True) == ()


def with_rules(programme: Programme, **changes: dict) -> Programme:
    """The same programme with other keys on some reminders of the phase running: T_90 for T-90."""
    wanted = {rule.replace("_", "-"): keys for rule, keys in changes.items()}
    reminders = [
        rule.model_copy(update=wanted.get(rule.rule, {}) if rule.phases == ("running",) else {})
        for rule in programme.reminders
    ]
    return changed(programme, reminders=[rule.model_dump() for rule in reminders])


def rests(programme: Programme, heard: Heard, *rules: str, ended: bool = False) -> dict[str, str]:
    return dict(pointless(programme, "running", overdue_of(programme, *rules), heard, ended=ended))


class TestPointless:
    TODAY = date(2029, 5, 25)  # T-180 is due, on the Friday before a Sunday

    def test_is_nothing_where_nothing_is_known(self, stp: Programme):
        assert rests(stp, Heard(self.TODAY), *PRACTICE) == {}

    @pytest.mark.parametrize(
        ("heard", "reason"),
        [
            ({"draft": True}, "the company has begun its renewal"),
            ({"contacted_on": date(2029, 5, 2)}, "the company was contacted on 2029-05-02"),
        ],
    )
    def test_is_t_180_once_a_sign_is_there_and_nothing_else(self, stp: Programme, heard: dict, reason: str):
        assert rests(stp, Heard(self.TODAY, **heard), *PRACTICE) == {"T-180": reason}

    @given(st.integers(-400, 400))
    def test_is_what_is_for_managers_alone_up_to_the_day_expected(self, stp: Programme, days: int):
        plain = with_rules(stp, T_180={"unless": ()})
        expects = self.TODAY + days * DAY

        muted = rests(plain, Heard(self.TODAY, expects_on=expects), *PRACTICE)

        reason = f"contacted, files by {expects.isoformat()} expected"
        assert muted == ({"T-270": reason, "T-180": reason} if days >= 0 else {})

    @pytest.mark.parametrize(("ends", "muted"), [(29, True), (30, False), (31, False)])
    def test_is_never_close_to_the_end(self, stp: Programme, ends: int, muted: bool):
        renewal = stp.renewal.model_dump() | {"muting_ends_days": ends}
        programme = changed(with_rules(stp, T_30={"audience": MANAGER}), renewal=renewal)

        assert ("T-30" in rests(programme, Heard(self.TODAY, expects_on=TERM.valid_until), "T-30")) == muted

    @pytest.mark.parametrize(("late", "reason"), [(5, ""), (6, "more than 5 days late")])
    def test_is_later_than_its_grace(self, stp: Programme, late: int, reason: str):
        programme = with_rules(stp, T_270={"grace_days": 5})
        today = planned(programme)["T-270"].due_on + late * DAY

        assert rests(programme, Heard(today), "T-270").get("T-270", "") == reason

    def test_is_never_the_newest_one_to_the_company_while_its_certificate_runs(self, stp: Programme):
        grace = {"grace_days": 1}
        programme = with_rules(stp, T_150=grace, T_120=grace, T_180=grace)
        today = Heard(TERM.valid_until - 100 * DAY)

        too_late = "more than 1 day late"
        assert rests(programme, today, "T-180", "T-150", "T-120") == {"T-180": too_late, "T-150": too_late}
        assert rests(programme, today, "T-150") == {}
        assert rests(programme, today, "T-150", ended=True) == {"T-150": too_late}

    def test_is_nothing_of_a_rule_that_the_phase_does_not_have(self, stp: Programme):
        band = Overdue("B-90", datetime(2029, 1, 1, tzinfo=UTC), ("account_manager",))

        assert (
            pointless(stp, "running", [band], Heard(self.TODAY, draft=True, expects_on=self.TODAY), ended=False) == {}
        )


class TestCertificateTerm:
    def test_takes_three_years(self, stp: Programme):
        assert certificate_term(stp, date(2026, 11, 23), None) == TERM

    def test_ends_with_the_band_that_ends_sooner(self, stp: Programme):
        term = certificate_term(stp, date(2026, 11, 23), date(2028, 10, 1))

        assert term.valid_until == date(2028, 10, 1)

    def test_is_not_lengthened_by_a_band(self, stp: Programme):
        assert certificate_term(stp, date(2026, 11, 23), date(2035, 1, 1)) == TERM

    def test_ignores_the_band_where_the_programme_says_so(self, stp: Programme):
        unlimited = stp.model_copy(update={"validity": stp.validity.model_copy(update={"limited_by_band": False})})

        assert certificate_term(unlimited, date(2026, 11, 23), date(2027, 1, 1)) == TERM


def day_before(programme: Programme) -> Programme:
    return changed(programme, validity=programme.validity.model_dump() | {"counting": "day_before"})


class TestDecidedTerm:
    OLD = Held(Certificate("C1", date(2026, 11, 23), date(2029, 11, 23)))
    EARLY = date(2029, 6, 1)

    def test_of_a_renewal_is_the_same_when_its_very_first_day_is_named(self, stp: Programme):
        first = date(2029, 11, 24)

        term = decided_term(stp, self.OLD, self.EARLY, None, first=first)

        assert term == decided_term(stp, self.OLD, self.EARLY, None) == Term(first, date(2032, 11, 23))

    def test_counts_from_another_day_that_is_named(self, stp: Programme):
        term = decided_term(stp, Held(), self.EARLY, None, first=date(2029, 6, 8))

        assert term == Term(date(2029, 6, 8), date(2032, 6, 8))


class TestRenewedTerm:
    OLD = Term(date(2026, 11, 23), date(2029, 11, 23))

    @pytest.mark.parametrize("decided_on", [date(2029, 3, 1), date(2029, 11, 23)])
    def test_starts_the_day_after_and_ends_one_term_after_the_old_end(self, stp: Programme, decided_on: date):
        assert renewed_term(stp, self.OLD, decided_on, None) == Term(date(2029, 11, 24), date(2032, 11, 23))

    @pytest.mark.parametrize("late", [1, 40])
    def test_starts_on_the_decision_day_when_late(self, stp: Programme, late: int):
        decided_on = self.OLD.valid_until + late * DAY

        assert renewed_term(stp, self.OLD, decided_on, None) == certificate_term(stp, decided_on, None)

    def test_starts_on_the_decision_day_where_the_programme_says_so(self, stp: Programme):
        programme = changed(stp, renewal=stp.renewal.model_dump() | {"renewal_starts": "decision_day"})

        assert renewed_term(programme, self.OLD, date(2029, 6, 1), None) == Term(date(2029, 6, 1), date(2032, 6, 1))

    def test_ends_with_a_band_that_ends_sooner_only_where_it_limits(self, stp: Programme):
        band = date(2031, 6, 1)

        assert renewed_term(stp, self.OLD, date(2029, 6, 1), band).valid_until == band
        assert renewed_term(shipped("stp_plus"), self.OLD, date(2029, 6, 1), band).valid_until == date(2032, 11, 23)

    @pytest.mark.parametrize("count", [lambda p: p, day_before], ids=["same_day", "day_before"])
    @given(st.dates(date(2020, 1, 1), date(2040, 12, 31)), st.lists(st.integers(0, 200), min_size=10, max_size=10))
    def test_does_not_drift_over_ten_cycles(self, stp: Programme, count, start: date, early: list[int]):
        programme = count(stp)
        first = term = certificate_term(programme, start, None)

        for cycle, days in enumerate(early, 1):
            new = renewed_term(programme, term, term.valid_until - days * DAY, None)
            assert new.valid_from == term.valid_until + DAY
            until = first.valid_until
            day = 28 if (until.month, until.day) == (2, 29) else until.day
            assert new.valid_until == date(until.year + 3 * cycle, until.month, day)
            term = new

    def test_of_a_leap_day_ends_on_the_last_of_february(self, stp: Programme):
        term, ends = certificate_term(stp, date(2028, 2, 29), None), []

        for _ in range(10):
            ends.append(term.valid_until)
            term = renewed_term(stp, term, term.valid_until, None)

        assert ends == [date(year, 2, 28) for year in range(2031, 2061, 3)]


class TestBandValidUntil:
    @pytest.mark.parametrize(
        ("band", "expected"),
        [
            ("Premium", date(2029, 11, 23)),
            ("Enhanced", date(2029, 11, 23)),
            ("Intermediate", date(2028, 11, 23)),
            ("Standard", date(2028, 11, 23)),
            ("Basic", None),
        ],
    )
    def test_follows_the_tradefirst_page(self, stp: Programme, band: str, expected: date | None):
        assert band_valid_until(stp, band, date(2026, 11, 23)) == expected


class TestServiceTarget:
    def test_is_four_months_after_completeness(self, stp: Programme):
        assert service_target(stp, date(2026, 10, 31)) == date(2027, 2, 28)

    def test_is_none_where_no_target_is_set(self, stp: Programme):
        assert service_target(stp.model_copy(update={"service_target": None}), date(2026, 10, 31)) is None
