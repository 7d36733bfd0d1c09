"""Each rule says in one sentence what is missing and who can help."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from rule_cases import APPROVER, AUDITOR, MANAGER, OFFICER, SECOND_OFFICER, STAFF, TODAY, make_facts

from states.definition import Programme
from states.facts import BandFact, DocumentFact, FindingFact, Person, VisitFact
from states.guards import (
    GUARDS,
    Attempt,
    Met,
    Question,
    Unmet,
    four_eyes,
    in_words,
    reason_code_known,
    reason_given,
    role_permits,
    role_words,
    rules_of,
    some,
)

CERTIFY, REJECT = ("certify", "validation"), ("reject", "validation")


@pytest.fixture
def ask(stp: Programme):
    """Ask one rule about a case; programme and facts may be changed."""

    def ask_(rule, *, what=CERTIFY, actor=APPROVER, attempt=None, programme=stp, recommend="certify", **changes):
        facts = make_facts(programme, recommend=recommend, **changes)
        transition = programme.transition(*what)
        return (GUARDS[rule] if isinstance(rule, str) else rule)(Question(programme, transition, facts, actor, attempt))

    return ask_


def with_mandatory(programme: Programme, *codes: str) -> Programme:
    """Return the programme with some criteria known to be mandatory."""
    data = programme.model_dump(by_alias=True)
    for instrument in data["instruments"]:
        for section in instrument["sections"]:
            for criterion in section["criteria"]:
                criterion["mandatory"] = criterion["code"] in codes
    return Programme.model_validate(data)


def findings(programme: Programme, **changes: FindingFact) -> tuple[FindingFact, ...]:
    return tuple(
        changes.get(code.replace(".", "_"), FindingFact(code, "yes", (6,), "met")) for code in programme.criteria
    )


class TestEveryRule:
    @pytest.mark.parametrize("name", sorted(GUARDS))
    def test_is_met_by_a_complete_case(self, ask, name: str):
        verdict = ask(name)

        assert isinstance(verdict, Met)
        assert (verdict.rule, bool(verdict.value)) == (name, True)

    def test_is_asked_once_for_each_transition(self, stp: Programme):
        for transition in stp.transitions:
            rules = [rule.__name__ for rule in rules_of(transition)]
            assert len(rules) == len(set(rules))
            assert rules[-3:] == ["role_permits", "reason_given", "reason_code_known"]
            assert ("four_eyes" in rules) == bool(transition.distinct_from)


class TestDocumentsPresent:
    def test_names_the_missing_one(self, ask, stp: Programme):
        present = tuple(DocumentFact(n, d.kind) for n, d in enumerate(stp.documents) if d.kind != "bizfile_report")

        assert ask("documents_present", documents=present) == Unmet(
            "documents_present",
            "DOCUMENTS_MISSING",
            "1 required document is missing: ACRA BizFile report. Add it to the case.",
            "the company, its account manager or an officer",
        )

    def test_names_all_that_are_missing(self, ask):
        verdict = ask("documents_present", documents=())

        assert verdict.sentence == (
            "4 required documents are missing: STP application form, TradeFIRST Self-Assessment Checklist, "
            "ACRA BizFile report and Audited financial statements of the past 3 years. Add them to the case."
        )


class TestAccountManagerAssigned:
    def test_says_what_would_go_wrong(self, ask):
        assert ask("account_manager_assigned", account_manager=None) == Unmet(
            "account_manager_assigned",
            "NO_ACCOUNT_MANAGER",
            "The company has no account manager, so nobody would be reminded of its renewal. Assign one.",
            "an officer or a supervisor",
        )


class TestAnswersComplete:
    def test_counts_what_it_does_not_name(self, ask):
        verdict = ask("answers_complete", findings=())

        assert verdict.code == "ANSWERS_MISSING"
        assert verdict.sentence == "16 criteria have no answer: TF1.1, TF2.1, TF3.1, TF4.1 and 12 more."

    def test_takes_a_finding_without_answer_for_none(self, ask, stp: Programme):
        verdict = ask("answers_complete", findings=findings(stp, S2=FindingFact("S2", None)))

        assert verdict.sentence == "1 criterion has no answer: S2."


class TestEvidencePresent:
    def test_names_the_one_bare_yes(self, ask, stp: Programme):
        verdict = ask("evidence_present", findings=findings(stp, S3=FindingFact("S3", "yes")))

        assert verdict.code == "EVIDENCE_MISSING"
        assert verdict.sentence == "Answer S3 is Yes without a document. Attach one, or change the answer."

    def test_names_several(self, ask, stp: Programme):
        bare = findings(stp, S3=FindingFact("S3", "yes"), S1=FindingFact("S1", "yes"))

        assert ask("evidence_present", findings=bare).sentence == (
            "2 answers are Yes without a document: S1 and S3. Attach one to each, or change them."
        )

    @pytest.mark.parametrize("answer", ["no", "na"])
    def test_needs_none_for_another_answer(self, ask, stp: Programme, answer: str):
        assert isinstance(ask("evidence_present", findings=findings(stp, S3=FindingFact("S3", answer))), Met)


class TestAnswersAssessed:
    @pytest.mark.parametrize("assessment", [None, "ask"])
    def test_says_who_assesses(self, ask, stp: Programme, assessment: str | None):
        open_ = findings(stp, S3=FindingFact("S3", "yes", (6,), assessment))

        assert ask("answers_assessed", findings=open_, assignee=OFFICER.id) == Unmet(
            "answers_assessed",
            "ASSESSMENT_MISSING",
            "1 answer is not assessed yet: S3.",
            "Adeline Goh, the officer of this case",
        )

    def test_counts_several(self, ask, stp: Programme):
        open_ = findings(stp, S3=FindingFact("S3", "no"), S4=FindingFact("S4", "na"))

        verdict = ask("answers_assessed", findings=open_)

        assert (verdict.sentence, verdict.who) == ("2 answers are not assessed yet: S3 and S4.", "an officer")


class TestMandatoryMet:
    def test_names_the_one_that_fails(self, ask, stp: Programme):
        strict = with_mandatory(stp, "S3")
        failed = findings(stp, S3=FindingFact("S3", "no", (), "unmet"), S4=FindingFact("S4", "no", (), "unmet"))

        verdict = ask("mandatory_met", programme=strict, findings=failed)

        assert (verdict.code, verdict.who) == ("MANDATORY_UNMET", "the company")
        assert verdict.sentence == "Criterion S3 is mandatory and not met. The company must meet it first."

    def test_names_several(self, ask, stp: Programme):
        strict = with_mandatory(stp, "S3", "S4")
        failed = findings(stp, S3=FindingFact("S3", "no", (), "unmet"), S4=FindingFact("S4", "no", (), "unmet"))

        assert ask("mandatory_met", programme=strict, findings=failed).sentence == (
            "Criteria S3 and S4 are mandatory and not met. The company must meet them first."
        )

    def test_does_not_invent_what_is_unset(self, ask, stp: Programme):
        failed = findings(stp, S3=FindingFact("S3", "no", (), "unmet"))

        assert isinstance(ask("mandatory_met", findings=failed), Met)


class TestVisitReported:
    @pytest.mark.parametrize("visits", [(), (VisitFact(TODAY, None),)], ids=["no visit", "no report"])
    def test_needs_a_visit_with_a_report(self, ask, visits: tuple):
        verdict = ask("visit_reported", visits=visits)

        assert (verdict.code, verdict.who) == ("VISIT_MISSING", "an officer")
        assert verdict.sentence == "No on-site visit with a report is recorded in this cycle."


class TestBandSufficient:
    def test_says_that_none_is_recorded(self, ask):
        verdict = ask("band_sufficient", band=None)

        assert verdict.code == "BAND_MISSING"
        assert verdict.sentence == ("No TradeFIRST band is recorded for the company. STP needs Intermediate or better.")

    def test_says_which_is_recorded(self, ask):
        verdict = ask("band_sufficient", band=BandFact("Standard", date(2026, 10, 5), None, OFFICER.id))

        assert verdict.code == "BAND_TOO_LOW"
        assert verdict.sentence == (
            "STP needs band Intermediate. The band recorded on Mon 5 Oct 2026 is Standard. Record a newer assessment."
        )

    @pytest.mark.parametrize("band", ["Intermediate", "Enhanced", "Premium"])
    def test_is_met_by_the_minimum_and_better(self, ask, band: str):
        assert isinstance(ask("band_sufficient", band=BandFact(band, TODAY, None, OFFICER.id)), Met)


class TestBandCurrent:
    def test_says_when_it_ended(self, ask):
        verdict = ask("band_current", band=BandFact("Premium", date(2023, 11, 22), date(2026, 11, 22), OFFICER.id))

        assert verdict.code == "BAND_EXPIRED"
        assert verdict.sentence == (
            "The TradeFIRST assessment of Wed 22 Nov 2023 ended on Sun 22 Nov 2026. Record the new one first."
        )

    def test_is_met_on_the_last_day(self, ask):
        assert isinstance(ask("band_current", band=BandFact("Premium", TODAY - timedelta(9), TODAY, OFFICER.id)), Met)

    @pytest.mark.parametrize("band", [None, BandFact("Basic", TODAY, None, OFFICER.id)])
    def test_leaves_a_missing_band_to_the_other_rule(self, ask, band: BandFact | None):
        assert isinstance(ask("band_current", band=band), Met)


class TestRecommended:
    def test_says_that_nobody_did(self, ask):
        verdict = ask("recommended", recommend=None)

        assert (verdict.code, verdict.who) == ("RECOMMENDATION_MISSING", "an officer")
        assert verdict.sentence == "Nobody has recommended to certify this case."

    def test_says_what_was_recommended_instead(self, ask):
        assert ask("recommended", recommend="reject").sentence == (
            "Nobody has recommended to certify this case. The recommendation made is to reject."
        )

    def test_is_stale_once_any_fact_changed(self, stp: Programme):
        whole = make_facts(stp)
        changes = {
            "cycle": 2,
            "documents": whole.documents[1:],
            "findings": (replace(whole.findings[0], assessment="action"), *whole.findings[1:]),
            "visits": (VisitFact(TODAY, 8),),
            "band": replace(whole.band, band="Enhanced"),
        }

        for name, value in changes.items():
            changed = replace(whole, **{name: value})
            verdict = GUARDS["recommended"](Question(stp, stp.transition(*CERTIFY), changed, APPROVER))
            assert verdict == Unmet(
                "recommended",
                "RECOMMENDATION_STALE",
                "The facts changed after Adeline Goh recommended this case. "
                "It must be recommended again before it can be decided.",
                "Adeline Goh",
            ), name


class TestRolePermits:
    def test_names_who_can(self, ask):
        verdict = ask(role_permits, actor=OFFICER)

        assert (verdict.code, verdict.who) == ("WRONG_ROLE", "Chen Wei Ling")
        assert verdict.sentence == 'To "certify" takes an approver; you act as officer. Chen Wei Ling can.'

    def test_names_the_role_where_nobody_holds_it(self, ask):
        verdict = ask(role_permits, actor=Person("p-09", "Gita Nair", frozenset()), people={})

        assert (verdict.who, verdict.sentence) == (
            "an approver",
            'To "certify" takes an approver; you act as no role.',
        )

    def test_says_in_which_role(self, ask):
        assert ask(role_permits, what=("withdraw", "validation"), actor=OFFICER) == Met("role_permits", "officer")

    def test_keeps_the_clocks_transitions_for_the_clock(self, ask):
        verdict = ask(role_permits, what=("lapse", "certified"), actor=AUDITOR)

        assert verdict.who == "the clock"


class TestFourEyes:
    @pytest.mark.parametrize(
        ("deed", "words"),
        [
            ("recommended", "recommended this case"),
            ("passed_checklist", "passed the checklist of this case"),
            ("assessed", "assessed this case"),
            ("assessed_band", "assessed the band of this company"),
            ("visited", "visited this company"),
        ],
    )
    def test_say_what_somebody_did(self, ask, deed: str, words: str):
        actor = Person(OFFICER.id, OFFICER.name, frozenset({"officer", "approver"}))

        verdict = ask(four_eyes, actor=actor, took_part=frozenset({(OFFICER.id, deed)}))

        assert (verdict.code, verdict.who) == ("FOUR_EYES", "Chen Wei Ling")
        assert verdict.sentence == f"You {words}, so someone else must decide it. Chen Wei Ling can."

    def test_say_when_nobody_is_left(self, ask):
        verdict = ask(four_eyes, took_part=frozenset({(APPROVER.id, "visited")}))

        assert (verdict.code, verdict.who) == ("FOUR_EYES_NOBODY", "an administrator")
        assert verdict.sentence == (
            "Everyone who may decide has taken part in this case. An administrator must name another approver first."
        )

    def test_are_met_by_somebody_who_took_no_part(self, ask):
        assert ask(four_eyes, took_part=frozenset({(OFFICER.id, "visited")})) == Met("four_eyes", "1 others took part")


class TestReasonGiven:
    @pytest.mark.parametrize("reason", ["", "  \n"])
    def test_says_who_will_read_it(self, ask, reason: str):
        verdict = ask(reason_given, what=REJECT, attempt=Attempt(reason=reason))

        assert (verdict.code, verdict.who) == ("REASON_MISSING", "you")
        assert verdict.sentence == "Write the reason for: Reject the application. The company reads this text."

    @pytest.mark.parametrize(
        ("what", "attempt", "value"),
        [
            (REJECT, None, "not needed"),
            (REJECT, Attempt(reason="It is late."), "given"),
            (CERTIFY, Attempt(), "not needed"),
        ],
        ids=["only looking", "given", "not required"],
    )
    def test_is_met(self, ask, what: tuple, attempt: Attempt | None, value: str):
        assert ask(reason_given, what=what, attempt=attempt) == Met("reason_given", value)


class TestReasonCodeKnown:
    @pytest.mark.parametrize("code", ["", "weather"])
    def test_names_the_known_ones(self, ask, code: str):
        verdict = ask(reason_code_known, what=("withdraw", "validation"), attempt=Attempt(reason_code=code))

        assert (verdict.code, verdict.who) == ("REASON_CODE", "you")
        assert verdict.sentence == "Choose a reason code: request, entity_ceased or duplicate."

    def test_is_met_by_a_known_one(self, ask):
        verdict = ask(reason_code_known, what=("withdraw", "validation"), attempt=Attempt(reason_code="request"))

        assert verdict == Met("reason_code_known", "request")


class TestWords:
    @pytest.mark.parametrize(
        ("things", "expected"),
        [
            (["a"], "a"),
            (["a", "b"], "a and b"),
            (list("abcd"), "a, b, c and d"),
            (list("abcdef"), "a, b, c, d and 2 more"),
        ],
    )
    def test_some_counts_what_it_does_not_name(self, things: list[str], expected: str):
        assert some(things) == expected

    def test_roles_have_their_articles(self):
        assert role_words(("officer", "supervisor", "clock")) == "an officer, a supervisor or the clock"

    def test_dates_are_written_as_people_do(self):
        assert in_words(date(2027, 1, 28)) == "Thu 28 Jan 2027"


class TestFacts:
    def test_digest_does_not_depend_on_order(self, stp: Programme):
        whole = make_facts(stp)
        turned = replace(whole, documents=whole.documents[::-1], findings=whole.findings[::-1])

        assert turned.digest == whole.digest

    def test_with_role_leaves_some_out_and_sorts_by_name(self, stp: Programme):
        found = make_facts(stp).with_role("officer", "account_manager", but=frozenset({SECOND_OFFICER.id}))

        assert found == (OFFICER, MANAGER)
        assert set(STAFF.values()) > set(found)
