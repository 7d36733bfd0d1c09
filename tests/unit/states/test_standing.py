"""Standing on a day: what a case keeps and what its events say are two ways to one answer."""

from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from states.dates import Standing
from states.standing import FOR_EVER, Certificate, Event, Held, history

DAY = timedelta(days=1)
FIRST, LAST = date(2027, 1, 4), date(2027, 2, 2)
OLD = Certificate("STP-0001", FIRST, LAST)
NEXT = Certificate("STP-0002", LAST + DAY, date(2027, 3, 4))


@dataclass
class Case:
    """What a store would keep: the certificates as issued, each with its events, and beside them what is held."""

    held: Held = field(default_factory=Held)
    issued: list[tuple[Certificate, list[Event]]] = field(default_factory=list)
    events: int = 0

    def record(self, kind: str, day: date, **values) -> None:
        """Add an event to every certificate that has not ended."""
        for _, events in self.issued[-2 if self.held.following else -1 :]:
            self.events += 1
            events.append(Event(self.events, kind, day, **values))

    def can(self, act: str, day: date) -> bool:
        """Say whether the rules of a programme would let an act through, from standing alone."""
        standing = self.held.standing(day)
        return {
            "issue": not self.issued,
            "renew": standing == "in_force" and self.held.following is None,
            "suspend": standing == "in_force",
            "reinstate": standing == "suspended",
            "extend": standing == "in_force",
            "revoke": self.held.runs(day),
        }[act]

    def do(self, act: str, day: date, days: int) -> None:
        held, newest = self.held, self.held.newest
        match act:
            case "issue":
                made = Certificate("C-1", day + days * DAY, day + (days + 40) * DAY)
                self.issued.append((made, []))
                self.held = Held(made)
            case "renew":
                made = Certificate(f"C-{len(self.issued) + 1}", held.last_day + DAY, held.last_day + (30 + days) * DAY)
                self.issued.append((made, []))
                self.held = replace(held, following=made)
            case "suspend":
                self.record("suspended", day)
                self.held = replace(held, suspended_on=day)
            case "reinstate":
                self.record("reinstated", day)
                self.held = replace(held, suspended_on=None)
            case "extend":
                until = newest.valid_until + (days + 1) * DAY
                self.events += 1
                self.issued[-1][1].append(Event(self.events, "extended", day, valid_until=until))
                longer = replace(newest, valid_until=until)
                self.held = replace(held, following=longer) if held.following else replace(held, current=longer)
            case "revoke":
                self.record("revoked", day)
                self.held = replace(held, ended_on=day)

    def by_history(self, day: date) -> Standing:
        """Read the standing from every certificate and event: of those that have begun, the latest counts."""
        begun = [one for one in self.issued if one[0].valid_from <= day] or self.issued[:1]
        return history(*begun[-1], day)[1] if begun else Standing.NONE


ACTS = ("issue", "renew", "suspend", "reinstate", "extend", "revoke")


class TestTwoWays:
    @settings(max_examples=300)
    @given(st.lists(st.tuples(st.sampled_from((*ACTS, "renew", "suspend", "extend")), st.integers(0, 20)), max_size=14))
    def test_agree_after_any_sequence_of_acts(self, acts: list[tuple[str, int]]):
        case, day = Case(), FIRST
        case.do("issue", day, 0)

        for act, days in acts:
            day += days * DAY
            case.held = case.held.promoted(day)
            if case.can(act, day):
                case.do(act, day, days)
            for later in range(0, 150, 3):
                on = day + later * DAY
                assert case.held.standing(on) == case.by_history(on), (act, day, on)

    def test_agree_before_a_certificate_begins(self):
        case = Case()
        case.do("issue", FIRST, 5)

        standings = [(case.held.standing(FIRST + n * DAY), case.by_history(FIRST + n * DAY)) for n in range(50)]

        assert all(one == other for one, other in standings)
        assert [one for one, _ in standings] == ["pending"] * 5 + ["in_force"] * 41 + ["ended"] * 4


class TestHeld:
    def test_is_none_without_a_certificate(self):
        assert (Held().standing(FIRST), Held().last_day, Held().runs(FIRST)) == ("none", None, False)

    @pytest.mark.parametrize(
        ("day", "standing"),
        [(FIRST - DAY, "pending"), (FIRST, "in_force"), (LAST, "in_force"), (LAST + DAY, "ended")],
    )
    def test_is_in_force_on_the_whole_of_both_ends(self, day: date, standing: str):
        assert Held(OLD).standing(day) == standing

    def test_goes_on_without_a_gap_after_an_early_renewal(self):
        held = Held(OLD, NEXT)

        standings = {held.standing(FIRST + n * DAY) for n in range((NEXT.valid_until - FIRST).days + 1)}

        assert standings == {"in_force"}
        assert held.standing(NEXT.valid_until + DAY) == "ended"
        assert held.last_day == NEXT.valid_until

    def test_waits_for_a_certificate_after_a_gap(self):
        held = Held(OLD, replace(NEXT, valid_from=LAST + 6 * DAY))

        assert [held.standing(LAST + n * DAY) for n in (0, 1, 5, 6)] == ["in_force", "pending", "pending", "in_force"]

    def test_runs_on_while_a_renewal_is_undecided(self):
        held = Held(OLD, continues_until=LAST + 10 * DAY)

        assert [held.standing(LAST + n * DAY) for n in (1, 10, 11)] == ["in_force", "in_force", "ended"]
        assert held.last_day == LAST
        assert replace(held, continues_until=FOR_EVER).standing(date(2099, 1, 1)) == "in_force"

    def test_is_suspended_also_while_it_runs_on(self):
        held = Held(OLD, suspended_on=LAST, continues_until=LAST + 10 * DAY)

        assert [held.standing(LAST + n * DAY) for n in (-1, 0, 10, 11)] == [
            "in_force", "suspended", "suspended", "ended",
        ]  # fmt: skip

    def test_suspension_hits_both_certificates(self):
        held = Held(OLD, NEXT, suspended_on=LAST)

        assert held.standing(NEXT.valid_from) == "suspended"

    def test_ends_on_the_day_of_the_event(self):
        held = Held(OLD, NEXT, suspended_on=FIRST, ended_on=LAST)

        assert [held.standing(day) for day in (LAST - DAY, LAST, NEXT.valid_from)] == ["suspended", "ended", "ended"]
        assert not held.runs(LAST)

    def test_leaves_behind_what_is_over(self):
        held = Held(OLD, NEXT)

        assert held.promoted(LAST) == held
        assert held.promoted(NEXT.valid_from) == Held(NEXT)


class TestHistory:
    def test_leaves_out_what_comes_later(self):
        events = [Event(1, "revoked", LAST), Event(2, "extended", LAST, valid_until=LAST + 9 * DAY)]

        assert history(OLD, events, LAST - DAY) == (OLD, Standing.IN_FORCE)

    def test_leaves_out_what_was_set_aside(self):
        events = [Event(1, "revoked", FIRST + DAY), Event(2, "set_aside", FIRST + 3 * DAY, undoes=1)]

        assert [history(OLD, events, FIRST + n * DAY)[1] for n in range(5)] == [
            "in_force", "ended", "ended", "in_force", "in_force",
        ]  # fmt: skip

    def test_takes_the_dates_of_a_correction(self):
        events = [Event(1, "corrected", FIRST, valid_from=FIRST + DAY, valid_until=LAST - DAY)]

        certificate, standing = history(OLD, events, FIRST)

        assert (certificate.valid_from, certificate.valid_until) == (FIRST + DAY, LAST - DAY)
        assert standing == "pending"

    @pytest.mark.parametrize("kind", ["expired", "revoked", "surrendered", "replaced"])
    def test_ends_with_every_kind_of_ending(self, kind: str):
        assert history(OLD, [Event(1, kind, LAST)], LAST)[1] == "ended"

    @pytest.mark.parametrize("kind", ["consent", "extended", "reinstated", "continued"])
    def test_goes_on_after_any_other(self, kind: str):
        assert history(OLD, [Event(1, kind, LAST)], LAST)[1] == "in_force"
