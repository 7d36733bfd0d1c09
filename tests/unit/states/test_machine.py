"""What a case can do next: judged, explained and fired always agree, and four eyes are really four."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rule_cases import (
    APPROVER,
    AUDITOR,
    DEEDS,
    OFFICER,
    SECOND_OFFICER,
    STAFF,
    SUPERVISOR,
    TODAY,
    make_facts,
    persons,
    random_facts,
)

from states.definition import BANDS, Programme, Transition
from states.facts import CLOCK, Facts, Person
from states.guards import Attempt
from states.machine import Action, Fired, ProgrammeMachine, UnknownTrigger

STAFF_BY_ROLE = {
    "officer": OFFICER,
    "approver": APPROVER,
    "supervisor": SUPERVISOR,
    "clock": CLOCK,
    "applicant": Person("c-01", "Quillhaven Logistics Pte. Ltd.", frozenset({"applicant"})),
}
FULL = Attempt(reason="As agreed.", reason_code="")


@pytest.fixture(scope="module")
def machine(stp: Programme) -> ProgrammeMachine:
    return ProgrammeMachine(stp)


def complete_attempt(transition: Transition | None) -> Attempt:
    codes = transition.reason_codes if transition else ()
    return Attempt(reason="As agreed.", reason_code=codes[0] if codes else "")


def ought(programme: Programme, transition: Transition, facts: Facts, actor: Person) -> bool:
    """Say once more, in other words than the guards', whether the rules let this happen."""
    answered = {f.criterion: f for f in facts.findings if f.answer}
    rules = {
        "documents_present": {d.kind for d in programme.documents if d.mandatory} <= {d.kind for d in facts.documents},
        "account_manager_assigned": facts.account_manager is not None,
        "answers_complete": set(programme.criteria) <= set(answered),
        "evidence_present": all(f.documents for f in answered.values() if f.answer == "yes"),
        "answers_assessed": {f.assessment for f in answered.values()} <= {"met", "action", "unmet"},
        "mandatory_met": True,  # no criterion of STP is known to be mandatory
        "visit_reported": any(v.report for v in facts.visits),
        "band_sufficient": facts.band is not None and facts.band.band in BANDS[2:],
        "band_current": facts.band is None or facts.band.valid_until is None or facts.band.valid_until >= TODAY,
        "recommended": facts.recommendation is not None
        and (facts.recommendation.outcome, facts.recommendation.digest) == (transition.trigger, facts.digest),
    }
    barred = {person for person, deed in facts.took_part if deed in transition.distinct_from}
    permitted = actor.roles & set(transition.roles) and actor.id not in barred
    return bool(permitted) and all(rules[name] for name in transition.guards)


class TestFire:
    @settings(max_examples=400)
    @given(st.data())
    def test_succeeds_exactly_when_the_rules_allow_it(self, stp: Programme, machine: ProgrammeMachine, data):
        facts = data.draw(random_facts(stp))
        likely = [t.trigger for t in stp.from_state(facts.state)] * 4  # so that about a third is allowed
        trigger = data.draw(st.sampled_from([*likely, *stp.triggers]))
        permitted = [STAFF_BY_ROLE[role] for t in stp.transitions if t.trigger == trigger for role in t.roles]
        actor = data.draw(st.sampled_from(permitted) | persons())
        transition = stp.transition(trigger, facts.state)
        attempt = complete_attempt(transition)

        result = machine.fire(trigger, facts, actor, attempt)

        judged = machine.judge(trigger, facts, actor, attempt)
        assert isinstance(result, Fired) == judged.allowed
        assert judged.allowed == (transition is not None and ought(stp, transition, facts, actor))
        if isinstance(result, Fired):
            assert result.target == result.transition.target
            assert result.target in stp.state_by_name
            assert result.role in actor.roles & set(result.transition.roles)
        else:
            assert result == judged
            assert result.unmet
            assert all(unmet.sentence.endswith(".") and unmet.who for unmet in result.unmet)

    @settings(max_examples=200)
    @given(st.data())
    def test_certifies_exactly_when_the_rules_allow_it(self, stp: Programme, machine: ProgrammeMachine, data):
        facts = data.draw(random_facts(stp, state="validation", recommend="certify"))
        transition = stp.transition("certify", "validation")

        result = machine.fire("certify", facts, APPROVER, FULL)

        assert isinstance(result, Fired) == ought(stp, transition, facts, APPROVER)

    @given(st.data())
    def test_leaves_the_facts_alone(self, stp: Programme, machine: ProgrammeMachine, data):
        facts = data.draw(random_facts(stp))
        before = repr(facts)

        for trigger in stp.triggers:
            machine.fire(trigger, facts, APPROVER, complete_attempt(stp.transition(trigger, facts.state)))

        assert repr(facts) == before

    @given(st.lists(st.sampled_from(["start_review", "pass_checklist", "return_to_checklist", "certify", "reject",
                                     "withdraw", "open_revalidation", "lapse"]), max_size=12))  # fmt: skip
    def test_any_sequence_of_triggers_leaves_a_declared_state(
        self, stp: Programme, machine: ProgrammeMachine, triggers: list[str]
    ):
        anybody = Person("p-09", "Gita Nair", frozenset({"officer", "approver", "supervisor", "clock"}))
        state = stp.initial

        for trigger in triggers:
            recommend = trigger if trigger in ("certify", "reject") else None
            facts = make_facts(stp, state=state, recommend=recommend)
            result = machine.fire(trigger, facts, anybody, complete_attempt(stp.transition(trigger, state)))
            known = stp.transition(trigger, state)
            assert isinstance(result, Fired) == (known is not None)
            state = result.target if isinstance(result, Fired) else state

        assert state in stp.state_by_name

    def test_goes_the_whole_way_to_a_certificate(self, stp: Programme, machine: ProgrammeMachine):
        way = [("start_review", OFFICER), ("pass_checklist", OFFICER), ("certify", APPROVER)]
        state = "submitted"

        for trigger, actor in way:
            fired = machine.fire(trigger, make_facts(stp, state=state), actor, FULL)
            assert isinstance(fired, Fired)
            state = fired.target

        assert state == "certified"

    def test_raises_for_a_trigger_that_the_programme_does_not_have(self, stp: Programme, machine: ProgrammeMachine):
        with pytest.raises(UnknownTrigger):
            machine.fire("bless", make_facts(stp), APPROVER, FULL)

    def test_refuses_a_trigger_from_the_wrong_state(self, stp: Programme, machine: ProgrammeMachine):
        refused = machine.fire("certify", make_facts(stp, state="submitted"), APPROVER, FULL)

        assert isinstance(refused, Action)
        (unmet,) = refused.unmet
        assert (unmet.code, unmet.who) == ("WRONG_STATE", "Chen Wei Ling")
        assert unmet.sentence == '"Certify" is not possible in Submitted, only in Validation.'

    def test_names_every_state_in_which_it_would_be_possible(self, stp: Programme, machine: ProgrammeMachine):
        refused = machine.judge("lapse", make_facts(stp, state="rejected"), CLOCK)

        (unmet,) = refused.unmet
        assert unmet.who == "the clock"
        assert unmet.sentence == (
            '"Lapse at the end of the last valid day" is not possible in Rejected, '
            "only in Certified or Revalidation due."
        )


class TestFourEyes:
    @given(
        st.sampled_from(sorted(STAFF)),
        st.sets(st.sampled_from(DEEDS), min_size=1),
        st.sets(st.sampled_from(["officer", "account_manager", "supervisor"])),
        st.sampled_from(["certify", "reject"]),
    )
    def test_bar_everybody_who_took_part_whatever_they_are_now(
        self, machine: ProgrammeMachine, person: str, deeds: set, other_roles: set, trigger: str
    ):
        stp = machine.programme
        actor = Person(person, STAFF[person].name, frozenset({"approver", *other_roles}))
        took_part = frozenset((person, deed) for deed in deeds)
        facts = make_facts(stp, recommend=trigger, took_part=took_part)

        refused = machine.fire(trigger, facts, actor, complete_attempt(stp.transition(trigger, facts.state)))

        assert isinstance(refused, Action)
        assert {unmet.code for unmet in refused.unmet} <= {"FOUR_EYES", "FOUR_EYES_NOBODY"}

    def test_let_an_approver_decide_who_took_no_part(self, stp: Programme, machine: ProgrammeMachine):
        assert isinstance(machine.fire("certify", make_facts(stp), APPROVER, FULL), Fired)

    def test_do_not_bar_an_officer_from_going_on(self, stp: Programme, machine: ProgrammeMachine):
        facts = make_facts(stp, state="checklist_review", took_part=frozenset({(OFFICER.id, "assessed")}))

        assert isinstance(machine.fire("pass_checklist", facts, OFFICER, FULL), Fired)


class TestExplain:
    @settings(max_examples=150)
    @given(st.data())
    def test_agrees_with_fire(self, stp: Programme, machine: ProgrammeMachine, data):
        facts, actor = data.draw(random_facts(stp)), data.draw(persons())

        for action in machine.explain(facts, actor):
            fired = machine.fire(action.trigger, facts, actor, complete_attempt(action.transition))
            assert isinstance(fired, Fired) == action.allowed

    def test_shows_each_action_but_the_clocks(self, stp: Programme, machine: ProgrammeMachine):
        shown = {
            state.name: [action.trigger for action in machine.explain(make_facts(stp, state=state.name), AUDITOR)]
            for state in stp.states
        }

        assert shown["submitted"] == ["start_review", "reject", "withdraw"]
        assert shown["certified"] == ["open_revalidation"]
        assert shown["revalidation_due"] == shown["lapsed"] == []

    def test_names_every_unmet_rule_at_once(self, stp: Programme, machine: ProgrammeMachine):
        facts = make_facts(stp, documents=(), findings=(), visits=(), band=None, recommend=None)

        (certify,) = [a for a in machine.explain(facts, SECOND_OFFICER) if a.trigger == "certify"]

        assert [unmet.code for unmet in certify.unmet] == [
            "DOCUMENTS_MISSING",
            "ANSWERS_MISSING",
            "VISIT_MISSING",
            "BAND_MISSING",
            "RECOMMENDATION_MISSING",
            "WRONG_ROLE",
        ]

    def test_asks_for_no_reason_while_only_looking(self, stp: Programme, machine: ProgrammeMachine):
        actions = {a.trigger: a for a in machine.explain(make_facts(stp), APPROVER)}

        assert actions["return_to_checklist"].allowed

    def test_lets_a_supervisor_open_revalidation_only_with_a_reason(self, stp: Programme, machine: ProgrammeMachine):
        facts = make_facts(stp, state="certified")

        silent = machine.judge("open_revalidation", facts, SUPERVISOR, Attempt())
        by_clock = machine.judge("open_revalidation", facts, CLOCK, Attempt())

        assert [unmet.code for unmet in silent.unmet] == ["REASON_MISSING"]
        assert by_clock.allowed
