"""What a case can do next: judged, explained and fired always agree, and four eyes are really four."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from rule_cases import (
    APPROVER,
    AUDITOR,
    DAY,
    DEEDS,
    FRESH,
    HELD,
    OFFICER,
    RUNNING,
    SECOND_OFFICER,
    STAFF,
    SUPERVISOR,
    SUSPENDED,
    TODAY,
    attempt_at,
    changed,
    make_facts,
    persons,
    random_attempts,
    random_facts,
    shipped,
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
    "account_manager": STAFF["p-04"],
}
FULL = Attempt(reason="As agreed.", reason_code="")
ANYBODY = Person("p-09", "Gita Nair", frozenset({"officer", "approver", "supervisor", "applicant", "clock"}))


@pytest.fixture(scope="module")
def machine(stp: Programme) -> ProgrammeMachine:
    return ProgrammeMachine(stp)


@pytest.fixture(scope="module", params=["stp", "stp_plus"])
def any_machine(request: pytest.FixtureRequest) -> ProgrammeMachine:
    return ProgrammeMachine(shipped(request.param))


def ought(programme: Programme, transition: Transition, facts: Facts, actor: Person, attempt: Attempt) -> bool:
    """Say once more, in other words than the guards', whether the rules let this happen."""
    answered = {(f.criterion, f.site): f for f in facts.findings if f.answer}
    asked = {
        (c.code, s)
        for c in programme.criteria.values()
        for s in ((facts.sites or ("",)) if c.scope == "site" else ("",))
    }
    plus = programme.code == "STP-PLUS"
    standing, held, given = HELD[facts.held], facts.held, attempt.given or {}
    until, reported = given.get("valid_until"), [v.site for v in facts.visits if v.report]
    emergency = transition.trigger == "suspend" and attempt.reason_code == "emergency"
    noticed = {r.number for r in facts.requests if r.final_notice_on and (TODAY - r.final_notice_on).days > 14}
    runs = standing in ("pending", "in_force", "suspended")
    # A renewed STP certificate begins after the one in hand, and the band must reach that day.
    needed = max(TODAY, held.last_day + timedelta(days=1)) if runs and not plus and held.last_day else TODAY
    rules = {
        "documents_present": {d.kind for d in programme.documents if d.mandatory}
        <= {d.kind for d in facts.documents} | facts.waived,
        "account_manager_assigned": facts.account_manager is not None,
        "answers_complete": asked <= set(answered),
        "evidence_present": all(f.documents for f in answered.values() if f.answer == "yes"),
        "answers_assessed": {f.assessment for f in answered.values()} <= {"met", "action", "unmet"},
        # Every STP criterion is mandatory for STP-Plus; of STP no criterion is known to be.
        "mandatory_met": not any(plus and f.assessment == "unmet" and f.criterion[0] == "S" for f in facts.findings),
        "actions_in_time": not any(f.due_on and f.due_on < TODAY and not f.closed for f in facts.findings),
        "visit_reported": "" in reported or bool(reported and set(facts.sites) <= set(reported)),
        "band_sufficient": facts.band is not None and facts.band.band in BANDS[4 if plus else 2 :],
        "band_current": facts.band is None or facts.band.valid_until is None or facts.band.valid_until >= needed,
        "recommended": emergency
        or (
            facts.recommendation is not None
            and (facts.recommendation.outcome, facts.recommendation.digest) == (transition.trigger, facts.digest)
        ),
        "in_force": standing == "in_force",
        "certificate_runs": standing in ("pending", "in_force", "suspended"),
        "suspension_open": standing == "suspended",
        "no_suspension_open": standing != "suspended",
        "cycle_decided": not facts.undecided and held.following is None,
        "requests_answered": len(facts.requests) < 2 or given.get("answers") in ("all", "1, 2"),
        "no_reply_noticed": attempt.reason_code != "no_reply" or bool(noticed),
        "valid_until_later": held.last_day is None or (until is not None and until > held.last_day),
        "order_attached": given.get("order") in [d.id for d in facts.documents if d.kind == "order"],
        "last_day_ahead": facts.back not in ("certified", "revalidation_due")
        or max(day for day in (held.last_day or TODAY, until) if day) >= TODAY,
        "no_other_live": not facts.other_live,
        "second_person_confirmed": not (facts.unconfirmed or facts.refused),
        "criteria_accepted": facts.criteria_accepted,
    }
    barred = {person for person, deed in facts.took_part if deed in transition.distinct_from}
    permitted = actor.roles & set(transition.roles) and (emergency or actor.id not in barred)
    must_say_why = transition.reason == "required" or actor.roles & set(transition.reason_required_of)
    said = attempt.reason.strip() or not must_say_why
    code, codes = attempt.reason_code, transition.reason_codes
    coded = code in codes if code else not codes or transition.reason_code_optional
    return bool(permitted and said and coded) and all(rules[name] for name in transition.guards)


def leads_to(transition: Transition, facts: Facts, attempt: Attempt) -> str:
    """Say once more where a transition of the shipped programmes leads."""
    if transition.target not in ("same", "back", "dated"):
        return transition.target
    if transition.target == "back":
        return facts.back
    state = facts.back if facts.state == "suspended" else facts.state
    until = (attempt.given or {}).get("valid_until")
    opens = (until or facts.held.last_day) - 210 * DAY
    if transition.trigger == "extend":
        return "certified" if state == "revalidation_due" and opens > TODAY else state
    return "revalidation_due" if state == "certified" and opens <= TODAY else state


class TestFire:
    @settings(max_examples=500)
    @given(st.data())
    def test_succeeds_exactly_when_the_rules_allow_it(self, any_machine: ProgrammeMachine, data):
        programme = any_machine.programme
        facts = data.draw(random_facts(programme))
        likely = [t.trigger for t in programme.from_state(facts.state, facts.back)] * 4  # about a third is allowed
        trigger = data.draw(st.sampled_from([*likely, *programme.triggers]))
        permitted = [STAFF_BY_ROLE[role] for t in programme.transitions if t.trigger == trigger for role in t.roles]
        actor = data.draw(st.sampled_from(permitted) | persons())
        transition = programme.transition(trigger, facts.state, facts.back)
        attempt = data.draw(random_attempts(transition))

        result = any_machine.fire(trigger, facts, actor, attempt)

        judged = any_machine.judge(trigger, facts, actor, attempt)
        assert isinstance(result, Fired) == judged.allowed
        assert judged.allowed == (transition is not None and ought(programme, transition, facts, actor, attempt))
        if isinstance(result, Fired):
            assert result.transition is transition
            assert (result.source, result.target) == (facts.state, leads_to(transition, facts, attempt))
            assert result.target in programme.targets(transition, facts.state)
            assert result.role in actor.roles & set(result.transition.roles)
        else:
            assert result == judged
            assert result.unmet
            assert all(unmet.sentence.endswith((".", ")")) and unmet.who for unmet in result.unmet)

    @settings(max_examples=200)
    @given(st.data())
    def test_certifies_exactly_when_the_rules_allow_it(self, any_machine: ProgrammeMachine, data):
        programme = any_machine.programme
        facts = data.draw(random_facts(programme, state="validation", recommend="certify"))
        transition = programme.transition("certify", "validation")

        result = any_machine.fire("certify", facts, APPROVER, FULL)

        assert isinstance(result, Fired) == ought(programme, transition, facts, APPROVER, FULL)

    @given(st.data())
    def test_leaves_the_facts_alone(self, stp: Programme, machine: ProgrammeMachine, data):
        facts = data.draw(random_facts(stp))
        before = repr(facts)

        for trigger in stp.triggers:
            machine.fire(trigger, facts, APPROVER, attempt_at(stp.transition(trigger, facts.state, facts.back)))

        assert repr(facts) == before

    @settings(max_examples=150)
    @given(st.data())
    def test_any_sequence_of_triggers_leaves_a_declared_state(self, stp: Programme, machine: ProgrammeMachine, data):
        state, below = stp.initial, []  # what lies beneath a side state, the nearest last

        for _ in range(25):
            trigger = data.draw(st.sampled_from([t.trigger for t in stp.from_state(state)] or ["lapse"]))
            back = below[-1] if below else ""
            held = SUSPENDED if trigger == "reinstate" else RUNNING
            facts = make_facts(stp, state=state, back=back, recommend=trigger, held=held, undecided=trigger != "renew")
            transition = stp.transition(trigger, state, back)
            result = machine.fire(trigger, facts, ANYBODY, attempt_at(transition))
            assert isinstance(result, Fired) == (transition is not None)
            if not isinstance(result, Fired):
                continue
            side = stp.state_by_name[result.target].kind in ("waiting", "suspended", "closed")
            if transition.target == "back" or (transition.target == "dated" and state == "suspended"):
                below.pop()
            elif result.target != state:
                below = [*below, state] if side else []
            state = result.target
            assert state in stp.state_by_name

    @pytest.mark.parametrize("back", ["certified", "revalidation_due"])
    def test_lapses_a_suspension_of_a_certified_case(self, stp: Programme, machine: ProgrammeMachine, back: str):
        facts = make_facts(stp, state="suspended", back=back, held=SUSPENDED)

        assert machine.fire("lapse", facts, CLOCK, FULL).target == "lapsed"

    @pytest.mark.parametrize(
        "back", ["checklist_review", "awaiting_information", "validation", "rejected", "withdrawn"]
    )
    def test_returns_to_a_review_when_the_certificate_ends_while_suspended(
        self, stp: Programme, machine: ProgrammeMachine, back: str
    ):
        facts = make_facts(stp, state="suspended", back=back, held=SUSPENDED)

        fired = machine.fire("lapse", facts, CLOCK, FULL)

        assert (fired.target, fired.transition.title) == (back, "End of validity while suspended")

    @pytest.mark.parametrize(
        ("trigger", "state", "held", "until", "target"),
        [
            ("reinstate", "certified", SUSPENDED, None, "revalidation_due"),
            ("reinstate", "certified", replace(FRESH, suspended_on=TODAY), None, "certified"),
            ("reinstate", "validation", SUSPENDED, None, "validation"),
            ("extend", "revalidation_due", RUNNING, date(2027, 3, 1), "revalidation_due"),
            ("extend", "revalidation_due", RUNNING, TODAY + 210 * DAY, "revalidation_due"),
            ("extend", "revalidation_due", RUNNING, TODAY + 211 * DAY, "certified"),
            ("extend", "certified", FRESH, date(2030, 1, 1), "certified"),
            ("extend", "rejected", RUNNING, date(2030, 1, 1), "rejected"),
        ],
    )
    def test_goes_where_the_dates_say(
        self, stp: Programme, machine: ProgrammeMachine, trigger: str, state: str, held, until: date | None, target: str
    ):
        facts = make_facts(stp, state=state, held=held, recommend=trigger)

        fired = machine.fire(trigger, facts, APPROVER, Attempt("As agreed.", given={"valid_until": until}))

        assert fired.target == target

    @pytest.mark.parametrize(("back", "target"), [("certified", "revalidation_due"), ("checklist_review",) * 2])
    def test_reinstates_to_where_the_case_would_be_today(
        self, stp: Programme, machine: ProgrammeMachine, back: str, target: str
    ):
        facts = make_facts(stp, state="suspended", back=back, held=SUSPENDED, recommend="reinstate")

        assert machine.fire("reinstate", facts, APPROVER, FULL).target == target

    def test_keeps_the_state_where_the_target_is_the_same(self, stp: Programme):
        data = stp.model_dump(by_alias=True)
        for transition in data["transitions"]:
            if transition["trigger"] == "extend":
                transition["to"] = "same"
        programme = changed(stp, transitions=data["transitions"])
        facts = make_facts(programme, state="revalidation_due", held=RUNNING, recommend="extend")

        fired = ProgrammeMachine(programme).fire(
            "extend", facts, APPROVER, attempt_at(programme.transition("extend", "certified"))
        )

        assert fired.target == "revalidation_due"

    def test_reinstates_into_a_state_from_which_nothing_is_suspended(self, stp: Programme):
        data = stp.model_dump(by_alias=True)
        for transition in data["transitions"]:
            if transition["trigger"] == "suspend":
                transition["from"] = ["certified"]
        programme = changed(stp, transitions=[t for t in data["transitions"] if t["trigger"] != "lapse"])
        facts = make_facts(programme, state="suspended", back="certified", held=SUSPENDED, recommend="reinstate")

        assert ProgrammeMachine(programme).fire("reinstate", facts, APPROVER, FULL).target == "revalidation_due"

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
            "only in Certified, Revalidation due or Suspended."
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

        refused = machine.fire(trigger, facts, actor, attempt_at(stp.transition(trigger, facts.state)))

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
        assume(any(d.id == 1 for d in facts.documents))  # the order that the attempt names

        for action in machine.explain(facts, actor):
            fired = machine.fire(action.trigger, facts, actor, attempt_at(action.transition))
            assert isinstance(fired, Fired) == action.allowed

    def test_shows_each_action_but_the_clocks(self, stp: Programme, machine: ProgrammeMachine):
        shown = {
            state.name: [action.trigger for action in machine.explain(make_facts(stp, state=state.name), AUDITOR)]
            for state in stp.states
        }

        held = ["suspend", "reinstate", "revoke", "surrender", "extend"]
        assert shown["submitted"] == ["start_review", "request_information", "reject", "withdraw"]
        assert shown["awaiting_information"] == ["supply_information", "reject", "withdraw", *held]
        assert shown["certified"] == ["open_revalidation", "renew", *held]
        assert shown["revalidation_due"] == ["renew", *held]
        assert shown["suspended"] == ["renew", "reinstate", "revoke", "surrender", "set_aside"]
        assert shown["rejected"] == shown["withdrawn"] == ["renew", *held, "set_aside"]
        assert shown["lapsed"] == shown["revoked"] == ["set_aside"]

    def test_is_possible_from_every_state_with_the_state_beneath_it(self, any_machine: ProgrammeMachine):
        programme = any_machine.programme
        for state in programme.states:
            for back in programme.before(state.name) if state.kind in ("waiting", "suspended", "closed") else ("",):
                facts = make_facts(programme, state=state.name, back=back, held=RUNNING)
                triggers = [action.trigger for action in any_machine.explain(facts, ANYBODY)]
                assert len(triggers) == len(set(triggers))

    def test_names_every_unmet_rule_at_once(self, stp: Programme, machine: ProgrammeMachine):
        facts = make_facts(stp, documents=(), findings=(), visits=(), band=None, recommend=None)
        facts = replace(facts, held=SUSPENDED, unconfirmed=("a waiver",), criteria_accepted=False)

        (certify,) = [a for a in machine.explain(facts, SECOND_OFFICER) if a.trigger == "certify"]

        assert [unmet.code for unmet in certify.unmet] == [
            "DOCUMENTS_MISSING",
            "ANSWERS_MISSING",
            "VISIT_MISSING",
            "BAND_MISSING",
            "SUSPENSION_OPEN",
            "APPROVAL_OPEN",
            "CRITERIA_NOT_ACCEPTED",
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
