"""Each rule says in one sentence what is missing and who can help."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from rule_cases import (
    APPROVER,
    AUDITOR,
    DAY,
    FOLLOWED,
    HELD,
    MANAGER,
    OFFICER,
    OVER,
    PENDING,
    REQUESTS,
    REVOKED,
    RUNNING,
    SECOND_OFFICER,
    STAFF,
    SUSPENDED,
    TODAY,
    answers,
    make_facts,
    shipped,
)

from states.definition import Programme
from states.facts import BandFact, DocumentFact, FindingFact, Person, RequestFact, VisitFact
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
SUPPLY, WITHDRAW = ("supply_information", "awaiting_information"), ("withdraw", "awaiting_information")
SUSPEND, EXTEND, SET_ASIDE = ("suspend", "certified"), ("extend", "certified"), ("set_aside", "revoked")

# What a case must hold beside what `certify` asks, for the rules that `certify` does not have.
SUITABLE = {
    "in_force": {"held": RUNNING},
    "certificate_runs": {"held": SUSPENDED},
    "suspension_open": {"held": SUSPENDED},
    "cycle_decided": {"undecided": False},
}


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


class TestEveryRule:
    @pytest.mark.parametrize("name", sorted(GUARDS))
    def test_is_met_by_a_complete_case(self, ask, name: str):
        verdict = ask(name, **SUITABLE.get(name, {}))

        assert isinstance(verdict, Met)
        assert (verdict.rule, bool(verdict.value)) == (name, True)

    @pytest.mark.parametrize("name", sorted(GUARDS))
    @pytest.mark.parametrize("held", HELD, ids=range(len(HELD)))
    def test_answers_whatever_a_case_holds(self, ask, name: str, held):
        for what, attempt in ((CERTIFY, None), (EXTEND, Attempt()), (SET_ASIDE, Attempt(given={"order": 99}))):
            verdict = ask(name, what=what, attempt=attempt, held=held, back="certified", requests=REQUESTS)

            assert verdict.rule == name
            if isinstance(verdict, Unmet):
                assert verdict.code.isupper()
                assert verdict.sentence[0].isupper() or verdict.sentence[0].isdigit()
                assert verdict.sentence.endswith((".", ")"))
                assert verdict.who

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

    def test_does_without_what_was_waived(self, ask, stp: Programme):
        present = tuple(DocumentFact(n, d.kind) for n, d in enumerate(stp.documents) if d.kind != "bizfile_report")

        assert isinstance(ask("documents_present", documents=present, waived=frozenset({"bizfile_report"})), Met)

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
            "The company has no account manager, so nobody would be reminded of its renewal. "
            "Name one (aeo portfolio assign).",
            "an officer or a supervisor",
        )


class TestAnswersComplete:
    def test_asks_a_criterion_for_some_traders_of_those_alone(self, ask, stp: Programme):
        for_carriers = [code for code, criterion in stp.criteria.items() if criterion.roles]
        others = tuple(f for f in make_facts(stp).findings if f.criterion not in for_carriers)

        assert for_carriers == ["S7"]
        assert isinstance(ask("answers_complete", findings=others, traders=frozenset({"importer"})), Met)
        for traders in ({"transporter"}, {"importer", "transporter"}, set()):
            assert ask("answers_complete", findings=others, traders=frozenset(traders)).code == "ANSWERS_MISSING"

    def test_counts_what_it_does_not_name(self, ask):
        verdict = ask("answers_complete", findings=())

        assert verdict.code == "ANSWERS_MISSING"
        assert verdict.sentence == "24 criteria have no answer: TF1.1, TF1.2, TF2.1, TF2.2 and 20 more."

    def test_asks_each_site_what_a_place_can_only_answer_for_itself(self, ask, stp: Programme):
        verdict = ask("answers_complete", sites=("Changi", "Tuas"), findings=answers(stp, ("Tuas",)))

        assert verdict.sentence == (
            "6 criteria have no answer: TF3.1 (Changi), S3 (Changi), S3.2 (Changi), S6 (Changi) and 2 more."
        )

    def test_asks_the_company_once_while_no_site_is_known(self, ask):
        assert ask("answers_complete") == Met("answers_complete", "24 answers")

    def test_takes_a_finding_without_answer_for_none(self, ask, stp: Programme):
        verdict = ask("answers_complete", findings=answers(stp, S2=FindingFact("S2", None)))

        assert verdict.sentence == "1 criterion has no answer: S2."


class TestEvidencePresent:
    def test_names_the_one_bare_yes(self, ask, stp: Programme):
        verdict = ask("evidence_present", findings=answers(stp, S3=FindingFact("S3", "yes")))

        assert verdict.code == "EVIDENCE_MISSING"
        assert verdict.sentence == "Answer S3 is Yes without a document. Attach one, or change the answer."

    def test_names_several(self, ask, stp: Programme):
        bare = answers(stp, S3=FindingFact("S3", "yes"), S1=FindingFact("S1", "yes"))

        assert ask("evidence_present", findings=bare).sentence == (
            "2 answers are Yes without a document: S1 and S3. Attach one to each, or change them."
        )

    @pytest.mark.parametrize("answer", ["no", "na"])
    def test_needs_none_for_another_answer(self, ask, stp: Programme, answer: str):
        assert isinstance(ask("evidence_present", findings=answers(stp, S3=FindingFact("S3", answer))), Met)


class TestAnswersAssessed:
    @pytest.mark.parametrize("assessment", [None, "ask"])
    def test_says_who_assesses(self, ask, stp: Programme, assessment: str | None):
        open_ = answers(stp, S3=FindingFact("S3", "yes", (6,), assessment))

        assert ask("answers_assessed", findings=open_, assignee=OFFICER.id) == Unmet(
            "answers_assessed",
            "ASSESSMENT_MISSING",
            "1 answer is not assessed yet: S3.",
            "Adeline Goh, the officer of this case",
        )

    def test_counts_several(self, ask, stp: Programme):
        open_ = answers(stp, S3=FindingFact("S3", "no"), S4=FindingFact("S4", "na"))

        verdict = ask("answers_assessed", findings=open_)

        assert (verdict.sentence, verdict.who) == ("2 answers are not assessed yet: S3 and S4.", "an officer")


class TestMandatoryMet:
    def test_names_the_one_that_fails(self, ask, stp: Programme):
        strict = with_mandatory(stp, "S3")
        failed = answers(stp, S3=FindingFact("S3", "no", (), "unmet"), S4=FindingFact("S4", "no", (), "unmet"))

        verdict = ask("mandatory_met", programme=strict, findings=failed)

        assert (verdict.code, verdict.who) == ("MANDATORY_UNMET", "the company")
        assert verdict.sentence == "Criterion S3 is mandatory and not met. The company must meet it first."

    def test_names_several(self, ask, stp: Programme):
        strict = with_mandatory(stp, "S3", "S4")
        failed = answers(stp, S3=FindingFact("S3", "no", (), "unmet"), S4=FindingFact("S4", "no", (), "unmet"))

        assert ask("mandatory_met", programme=strict, findings=failed).sentence == (
            "Criteria S3 and S4 are mandatory and not met. The company must meet them first."
        )

    def test_says_at_which_site(self, ask):
        plus = shipped("stp_plus")
        tuas = [replace(f, assessment="unmet") if (f.criterion, f.site) == ("S6.2", "Tuas") else f
                for f in answers(plus, ("Changi", "Tuas"))]  # fmt: skip

        verdict = ask("mandatory_met", programme=plus, findings=tuple(tuas))

        assert verdict.sentence == "Criterion S6.2 (Tuas) is mandatory and not met. The company must meet it first."

    def test_does_not_invent_what_is_unset(self, ask, stp: Programme):
        failed = answers(stp, S3=FindingFact("S3", "no", (), "unmet"))

        assert isinstance(ask("mandatory_met", findings=failed), Met)


class TestVisitReported:
    def test_asks_for_every_site(self, ask):
        sites = ("Changi", "Jurong", "Tuas")

        verdict = ask("visit_reported", sites=sites, visits=(VisitFact(TODAY, 7, "Tuas"),))

        assert verdict.sentence == "No visit with a report is recorded in this cycle for Changi and Jurong."
        assert isinstance(ask("visit_reported", sites=sites, visits=(VisitFact(TODAY, 7),)), Met)
        assert isinstance(ask("visit_reported", sites=sites, visits=[VisitFact(TODAY, 7, s) for s in sites]), Met)

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
            "sites": ("Tuas",),
            "waived": frozenset({"bizfile_report"}),
            "decision_no": 4,
            "held": SUSPENDED,
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

    def test_bar_who_decided_from_setting_it_aside(self, ask):
        verdict = ask(four_eyes, what=SET_ASIDE, took_part=frozenset({(APPROVER.id, "decided")}), people={
            "p-03": APPROVER, "p-09": Person("p-09", "Gita Nair", frozenset({"approver"}))})  # fmt: skip

        assert verdict.sentence == "You decided this case before, so someone else must decide it. Gita Nair can."

    @pytest.mark.parametrize("rule", [four_eyes, "recommended"])
    def test_wait_in_an_emergency(self, ask, rule):
        took_part = frozenset({(APPROVER.id, "assessed")})

        def verdict(code: str):
            attempt = Attempt(reason="Seals were cut.", reason_code=code)
            return ask(rule, what=SUSPEND, attempt=attempt, took_part=took_part, recommend=None)

        assert verdict("emergency").value == "emergency, to be confirmed by a second person"
        assert isinstance(verdict("security_incident"), Unmet)

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

    def test_is_asked_for_an_earlier_last_day_than_the_rules_give(self, ask):
        verdict = ask(reason_given, attempt=Attempt(given={"valid_until": TODAY}))

        assert (verdict.code, "an earlier last day" in verdict.sentence) == ("REASON_MISSING", True)

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
        assert verdict.sentence == (
            "Choose the ground: request, no reply, entity ceased or duplicate "
            "(--reason-code request, no_reply, entity_ceased, duplicate)."
        )

    def test_says_that_there_is_none(self, ask):
        verdict = ask(reason_code_known, attempt=Attempt(reason_code="weather"))

        assert (verdict.code, verdict.who) == ("REASON_CODE", "you")
        assert verdict.sentence == (
            '"Certify" takes no ground. Leave it out (--reason-code), or write the reason as text.'
        )

    def test_may_be_left_out_where_the_programme_says_so(self, ask):
        assert ask(reason_code_known, what=SUSPEND, attempt=Attempt(reason="R.")) == Met(
            "reason_code_known", "not needed"
        )
        assert isinstance(ask(reason_code_known, what=SUSPEND, attempt=Attempt(reason_code="weather")), Unmet)

    def test_is_met_by_a_known_one(self, ask):
        verdict = ask(reason_code_known, what=("withdraw", "validation"), attempt=Attempt(reason_code="request"))

        assert verdict == Met("reason_code_known", "request")


STANDING = {
    "none": "no certificate was issued",
    "pending": "the certificate begins later",
    "in_force": "the certificate is in force",
    "suspended": "the certificate is suspended",
    "ended": "the certificate has ended",
}


class TestInForce:
    @pytest.mark.parametrize("held", HELD, ids=range(len(HELD)))
    def test_looks_at_standing_alone(self, ask, held):
        verdict = ask("in_force", held=held)

        if HELD[held] == "in_force":
            assert verdict == Met("in_force", f"until {held.last_day}")
        else:
            sentence = f"No certificate is in force today: {STANDING[HELD[held]]}."
            assert verdict == Unmet("in_force", "NOT_IN_FORCE", sentence, "nobody")

    @pytest.mark.parametrize("state", ["validation", "rejected", "withdrawn"])
    def test_does_not_look_at_the_state(self, ask, state: str):
        assert isinstance(ask("in_force", held=RUNNING, state=state), Met)


class TestCertificateRuns:
    @pytest.mark.parametrize("held", HELD, ids=range(len(HELD)))
    def test_asks_for_one_that_has_not_ended(self, ask, held):
        verdict = ask("certificate_runs", held=held)

        if HELD[held] in ("none", "ended"):
            sentence = f"There is no certificate that still runs: {STANDING[HELD[held]]}."
            assert verdict == Unmet("certificate_runs", "NO_CERTIFICATE", sentence, "nobody")
        else:
            assert verdict == Met("certificate_runs", f"until {held.last_day}")


class TestSuspension:
    @pytest.mark.parametrize("held", HELD, ids=range(len(HELD)))
    def test_is_open_or_not(self, ask, held):
        open_, closed = ask("suspension_open", held=held), ask("no_suspension_open", held=held)

        assert isinstance(open_, Met) == isinstance(closed, Unmet) == (HELD[held] == "suspended")
        if isinstance(open_, Unmet):
            assert (open_.code, open_.who) == ("NOT_SUSPENDED", "nobody")
            assert open_.sentence == f"No suspension is open: {STANDING[HELD[held]]}."

    def test_blocks_with_the_way_out(self, ask):
        assert ask("no_suspension_open", held=SUSPENDED) == Unmet(
            "no_suspension_open",
            "SUSPENSION_OPEN",
            "The certificate has been suspended since Mon 5 Oct 2026. Decide on the suspension first: "
            "reinstate or revoke.",
            "Chen Wei Ling",
        )
        assert ask("no_suspension_open", held=SUSPENDED, people={}).who == "an approver"

    def test_is_over_when_the_certificate_ended_in_it(self, ask):
        assert isinstance(ask("no_suspension_open", held=replace(OVER, suspended_on=date(2026, 10, 5))), Met)


class TestCycleDecided:
    def test_refuses_a_second_cycle_beside_an_open_one(self, ask):
        assert ask("cycle_decided", cycle=2) == Unmet(
            "cycle_decided",
            "CYCLE_UNDECIDED",
            "Cycle 2 is not decided yet. Certify, reject or withdraw it before the next one opens.",
            "an approver",
        )

    def test_waits_for_a_certificate_that_is_to_come(self, ask):
        assert ask("cycle_decided", undecided=False, held=FOLLOWED) == Unmet(
            "cycle_decided",
            "CERTIFICATE_PENDING",
            "Certificate STP-0003 begins on Sat 9 Jan 2027. Renew after that day.",
            "nobody",
        )

    def test_is_met_once_it_has_begun(self, ask):
        assert isinstance(ask("cycle_decided", undecided=False, held=FOLLOWED, today=date(2027, 1, 9)), Met)


class TestRequestsAnswered:
    def test_names_each_open_request_and_its_day(self, ask):
        verdict = ask("requests_answered", what=SUPPLY, requests=REQUESTS)

        assert (verdict.code, verdict.who) == ("REQUESTS_OPEN", "the company or an officer")
        assert verdict.sentence == (
            "2 requests are not answered yet: no. 1, due Wed 14 Oct 2026 and no. 2, due Sat 28 Nov 2026. "
            "Record each answer (aeo information answer), or say which ones arrived "
            "(--given answers=1,2 or answers=all)."
        )

    @pytest.mark.parametrize(
        ("said", "met"),
        [("all", True), ("1,2", True), ("2, 1", True), ("1", False), ("12", False), ("", False), ("ALL", False)],
    )
    def test_takes_the_caller_at_their_word(self, ask, said: str, met: bool):
        attempt = Attempt(given={"answers": said})

        assert isinstance(ask("requests_answered", what=SUPPLY, requests=REQUESTS, attempt=attempt), Met) == met

    @pytest.mark.parametrize("requests", [(), REQUESTS[:1]])
    def test_takes_a_single_one_for_answered(self, ask, requests: tuple[RequestFact, ...]):
        assert isinstance(ask("requests_answered", what=SUPPLY, requests=requests), Met)


class TestNoReplyNoticed:
    NO_REPLY = Attempt(reason_code="no_reply")

    def test_refuses_without_a_final_notice(self, ask):
        verdict = ask("no_reply_noticed", what=WITHDRAW, requests=REQUESTS[1:], attempt=self.NO_REPLY)

        assert (verdict.code, verdict.who) == ("NO_REPLY_TOO_EARLY", "nobody")
        assert verdict.sentence == (
            "No request for information has gone without an answer past its final notice, so the case cannot be closed "
            "for no reply. Ask, let the clock remind, and wait for the final notice."
        )

    @pytest.mark.parametrize(("days", "met"), [(13, False), (14, False), (15, True)])
    def test_gives_the_company_the_whole_of_the_last_day(self, ask, days: int, met: bool):
        noticed = (replace(REQUESTS[0], final_notice_on=TODAY - days * DAY),)

        verdict = ask("no_reply_noticed", what=WITHDRAW, requests=noticed, attempt=self.NO_REPLY)

        assert isinstance(verdict, Met) == met
        if days == 14:
            assert verdict.sentence == (
                "The final notice gives the company time until Mon 23 Nov 2026. Close the case after that day."
            )

    @pytest.mark.parametrize("attempt", [None, Attempt(reason_code="request")])
    def test_leaves_other_grounds_alone(self, ask, attempt: Attempt | None):
        assert isinstance(ask("no_reply_noticed", what=WITHDRAW, requests=REQUESTS[1:], attempt=attempt), Met)


class TestValidUntilLater:
    @pytest.mark.parametrize("given", [{}, {"valid_until": date(2027, 1, 8)}, {"valid_until": date(2026, 12, 1)}])
    def test_asks_for_a_later_day(self, ask, given: dict):
        assert ask("valid_until_later", what=EXTEND, held=RUNNING, attempt=Attempt(given=given)) == Unmet(
            "valid_until_later",
            "VALID_UNTIL_NOT_LATER",
            "Give the new last day (--given valid_until=YYYY-MM-DD); it must be after Fri 8 Jan 2027.",
            "you",
        )

    def test_counts_from_the_certificate_that_follows(self, ask):
        attempt = Attempt(given={"valid_until": date(2028, 1, 1)})

        assert isinstance(ask("valid_until_later", what=EXTEND, held=FOLLOWED, attempt=attempt), Unmet)

    def test_is_met_by_the_next_day(self, ask):
        attempt = Attempt(given={"valid_until": date(2027, 1, 9)})

        assert ask("valid_until_later", what=EXTEND, held=RUNNING, attempt=attempt).value == "2027-01-09"


class TestOrderAttached:
    @pytest.mark.parametrize("given", [None, {}, {"order": 99}])
    def test_asks_for_a_document_of_the_case(self, ask, given: dict | None):
        assert ask("order_attached", what=SET_ASIDE, attempt=Attempt(given=given)) == Unmet(
            "order_attached",
            "ORDER_MISSING",
            "Add the order or ruling to the case as a document and name its number (--given order=NUMBER).",
            "an officer",
        )

    def test_is_met_by_one(self, ask, stp: Programme):
        order = 1 + [d.kind for d in stp.documents].index("order")

        verdict = ask("order_attached", what=SET_ASIDE, attempt=Attempt(given={"order": order}))

        assert verdict == Met("order_attached", str(order))

    def test_is_not_met_by_another_document(self, ask):
        assert ask("order_attached", what=SET_ASIDE, attempt=Attempt(given={"order": 1})).code == "ORDER_MISSING"


class TestLastDayAhead:
    def test_refuses_to_bring_back_what_would_lapse_at_once(self, ask):
        verdict = ask("last_day_ahead", what=("set_aside", "lapsed"), held=OVER, back="certified", attempt=Attempt())

        assert (verdict.code, verdict.who) == ("LAST_DAY_PAST", "you")
        assert verdict.sentence == (
            "The certificate ended on its last day, Sun 22 Nov 2026, so the case would lapse again at once. "
            "Give the last day that the order sets (--given valid_until=YYYY-MM-DD)."
        )

    @pytest.mark.parametrize(("days", "met"), [(-1, False), (0, True), (1, True)])
    def test_takes_the_day_of_the_order(self, ask, days: int, met: bool):
        attempt = Attempt(given={"valid_until": TODAY + days * DAY})

        verdict = ask("last_day_ahead", what=("set_aside", "lapsed"), held=OVER, back="certified", attempt=attempt)

        assert isinstance(verdict, Met) == met

    @pytest.mark.parametrize(("held", "back"), [(REVOKED, "certified"), (OVER, "validation"), (PENDING, "certified")])
    def test_asks_for_none_where_nothing_would_lapse(self, ask, held, back: str):
        assert isinstance(ask("last_day_ahead", what=SET_ASIDE, held=held, back=back, attempt=Attempt()), Met)


class TestNoOtherLive:
    def test_names_the_other_case(self, ask):
        assert ask("no_other_live", what=SET_ASIDE, other_live="STP-2027-000002") == Unmet(
            "no_other_live",
            "OTHER_LIVE",
            "STP-2027-000002 is the company's live case of STP now, and there may be only one. Withdraw it first.",
            "an officer",
        )


class TestSecondPersonConfirmed:
    def test_names_what_waits_and_who_can(self, ask):
        waiting = ("waiver of bizfile_report", "backdating of the receipt")

        assert ask("second_person_confirmed", unconfirmed=waiting) == Unmet(
            "second_person_confirmed",
            "APPROVAL_OPEN",
            "A second person must confirm first: waiver of bizfile_report and backdating of the receipt "
            "(aeo approval list).",
            "Chen Wei Ling or Edmund Tan",
        )
        assert ask("second_person_confirmed", unconfirmed=waiting, people={}).who == "a supervisor"

    def test_names_what_was_refused_and_the_way_out(self, ask):
        assert ask("second_person_confirmed", refused=("UEN 201890417A",), assignee=None) == Unmet(
            "second_person_confirmed",
            "APPROVAL_REFUSED",
            "A second person refused: UEN 201890417A. So this case cannot be certified: withdraw it, and submit the "
            "application again with what holds.",
            "an officer",
        )


class TestActionsInTime:
    def test_names_each_that_is_overdue(self, ask, stp: Programme):
        late = FindingFact("S3", "no", (), "action", due_on=TODAY - DAY)
        later = FindingFact("S4", "no", (), "action", "Tuas", due_on=TODAY - 2 * DAY)

        assert ask("actions_in_time", findings=answers(stp, S3=late)) == Unmet(
            "actions_in_time",
            "ACTION_OVERDUE",
            "1 corrective action is overdue: S3, due Sun 22 Nov 2026. Close or assess anew.",
            "the company or an officer",
        )
        assert ask("actions_in_time", findings=answers(stp, S3=late, S4=later)).sentence.startswith(
            "2 corrective actions are overdue: S3, due Sun 22 Nov 2026 and S4 (Tuas), due Sat 21 Nov 2026."
        )

    @pytest.mark.parametrize(("days", "closed"), [(0, False), (1, False), (-9, True)])
    def test_is_met_until_the_day_is_over_or_the_action_done(self, ask, stp: Programme, days: int, closed: bool):
        action = FindingFact("S3", "no", (), "action", due_on=TODAY + days * DAY, closed=closed)

        assert isinstance(ask("actions_in_time", findings=answers(stp, S3=action)), Met)


class TestCriteriaAccepted:
    def test_says_what_an_administrator_does(self, ask):
        assert ask("criteria_accepted", criteria_accepted=False) == Unmet(
            "criteria_accepted",
            "CRITERIA_NOT_ACCEPTED",
            "The criteria of STP edition 2026-03 are placeholders, not the authority's text. "
            "Replace them, or confirm them as your own (aeo programme accept STP).",
            "an administrator",
        )


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
