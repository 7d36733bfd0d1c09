"""Everything the clock owes for a certificate, against the table of practice and an independent oracle."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from states.dates import OfficeCalendar
from states.definition import Programme
from states.planner import BEFORE_BEGIN, ENDED, fates, plan
from states.terms import Term, band_valid_until, certificate_term, service_target

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


overdue = st.sets(st.sampled_from(sorted(PRACTICE)), max_size=len(PRACTICE))


class TestFates:
    @given(overdue, st.booleans())
    def test_let_at_most_the_latest_sensible_one_go_out(self, stp: Programme, rules: set[str], ended: bool):
        plan_ = planned(stp)

        decided = fates([(rule, plan_[rule].due_at) for rule in sorted(rules)], ended=ended)

        going = [fate.rule for fate in decided if not fate.superseded]
        sensible = [rule for rule in rules if rule == "T+1"] if ended else list(rules)
        assert going == sorted(sensible, key=lambda rule: PRACTICE[rule][0])[-1:]
        assert [fate.rule for fate in decided] == sorted(rules, key=lambda rule: PRACTICE[rule][0])

    def test_say_why_the_others_stay(self, stp: Programme):
        plan_ = planned(stp)

        before = fates([(rule, plan_[rule].due_at) for rule in ("T-30", "T-7")], ended=False)
        after = fates([(rule, plan_[rule].due_at) for rule in ("T-7", "T+1")], ended=True)

        assert [fate.superseded for fate in before] == ["overtaken by T-7", ""]
        assert [fate.superseded for fate in after] == [ENDED, ""]

    def test_of_nothing_are_nothing(self):
        assert fates([], ended=True) == ()


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
