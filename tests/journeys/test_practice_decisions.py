"""Office life around decisions, as people type it: each test is a rule of the office, on both databases."""

from pathlib import Path

from console import ADMIN, APPROVER, AUDITOR, MANAGER, OFFICER, SECOND_APPROVER, SUPERVISOR
from practice import BEGIN, END, Office, days


class TestInformation:
    """The company's move: the processing clock stands still, the trail says since when."""

    def test_the_clock_runs_on_from_the_day_the_answer_arrived(self, casework: Office) -> None:
        reference = casework.submitted()
        casework.pack(reference)
        casework.advance(reference, "start_review")
        target = casework.show(reference)["deadline"]
        casework.on(BEGIN + days(10))
        asked = ("--reason", "Where is the seal log?", "--given", "reply_by=2026-12-20")
        casework.advance(reference, "request_information", *asked)
        waiting = casework.show(reference)
        casework.on(BEGIN + days(33))
        casework.advance(reference, "supply_information", "--effective-on", (BEGIN + days(30)).isoformat())
        back = casework.show(reference)

        assert target == "2027-03-23"
        assert (waiting["state"], waiting["deadline"], waiting["waits_for"]) == (
            "awaiting_information",
            "2026-12-21",  # the 20th is a Sunday
            "company",
        )
        assert (back["state"], back["deadline"]) == ("checklist_review", "2027-04-12")  # 20 days later
        assert casework.mails("information_requested") == ["contact:1"]

    def test_a_case_returns_to_where_it_waited(self, casework: Office) -> None:
        reference = casework.submitted()
        casework.advance(reference, "request_information", "--reason", "Which sites do you operate?")
        casework.advance(reference, "supply_information")

        assert casework.at(reference) == ("submitted", "none")

    def test_no_reply_closes_a_case_only_after_reminder_final_notice_and_a_second_person(
        self, casework: Office
    ) -> None:
        reference = casework.submitted()
        casework.advance(reference, "request_information", "--reason", "Where?", "--given", "reply_by=2026-12-01")
        close = ("withdraw", "--reason-code", "no_reply")
        too_early = casework.unmet(reference, *close)
        casework.tick(BEGIN + days(12))
        casework.tick(BEGIN + days(30))
        noticed = casework.unmet(reference, *close)
        casework.on(BEGIN + days(60))
        asked = casework.advance(reference, *close)
        before = casework.at(reference)
        own = casework.aeo("approval", "confirm", str(asked["approval"]), "--as", OFFICER, expect=1)
        casework.aeo("approval", "confirm", str(asked["approval"]), "--as", SUPERVISOR)

        assert (too_early, noticed) == ({"NO_REPLY_TOO_EARLY"}, {"NO_REPLY_TOO_EARLY"})
        assert casework.mails("information_reminder")
        assert casework.mails("information_final_notice")
        assert before == ("awaiting_information", "none")
        assert "an approver or a supervisor" in own.lower()
        assert casework.at(reference) == ("withdrawn", "none")

    def test_the_clock_never_closes_a_case_for_no_reply(self, casework: Office) -> None:
        reference = casework.submitted()
        casework.advance(reference, "request_information", "--reason", "Where?")
        casework.tick(BEGIN + days(700))

        assert casework.at(reference) == ("awaiting_information", "none")


class TestSecondPerson:
    """What one person alone may not do waits for another one."""

    def test_an_earlier_last_day_than_the_rules_give(self, casework: Office) -> None:
        reference = casework.submitted()
        casework.pack(reference)
        casework.advance(reference, "start_review")
        casework.validated(reference)
        casework.aeo("application", "recommend", reference, "--outcome", "certify", "--reason", "Met.", "--as", OFFICER)
        later = casework.advance(reference, "certify", "--given", "valid_until=2031-01-01", by=APPROVER, expect=2)
        until = ("--given", "valid_until=2028-06-30")
        bare = casework.advance(reference, "certify", *until, by=APPROVER, expect=1)
        asked = casework.advance(reference, "certify", *until, "--reason", "One site is new.", by=APPROVER)
        waiting = casework.at(reference)
        own = casework.aeo.json("approval", "confirm", str(asked["approval"]), "--as", APPROVER, expect=1)
        casework.aeo("approval", "confirm", str(asked["approval"]), "--as", SECOND_APPROVER)

        assert "never later" in later["error"]["sentence"]
        assert [one["code"] for one in bare["error"]["details"]["unmet"]] == ["REASON_MISSING"]
        assert waiting == ("validation", "none")
        assert own["error"]["details"]["unmet"][0]["code"] == "FOUR_EYES"
        assert casework.show(reference)["certificate"]["valid_until"] == "2028-06-30"

    def test_a_day_more_than_five_office_days_back(self, casework: Office) -> None:
        reference = casework.submitted(received_on=(BEGIN - days(3)).isoformat())
        casework.pack(reference)
        casework.on(BEGIN + days(20))
        near = casework.advance(reference, "start_review", "--effective-on", (BEGIN + days(3)).isoformat())
        before = casework.at(reference)
        casework.aeo("approval", "confirm", str(near["approval"]), "--as", SUPERVISOR)

        assert before == ("submitted", "none")
        assert casework.show(reference)["complete_at"][:10] == (BEGIN + days(2)).isoformat()  # 00:00 in Singapore

    def test_a_day_before_the_previous_decision_is_never_taken(self, casework: Office) -> None:
        reference = casework.submitted()
        early = ("--effective-on", (BEGIN - days(1)).isoformat(), "--reason-code", "request")

        said = casework.advance(reference, "withdraw", *early, expect=2)

        assert "Decisions keep their order" in said["error"]["sentence"]

    def test_a_wrong_check_letter_and_a_late_receipt_are_confirmed_before_certifying(self, casework: Office) -> None:
        reference = casework.submitted(
            uen="201890417A", accept_check_letter="As on the BizFile report", received_on="2026-10-01"
        )
        unmet = casework.unmet(reference, "reject", by=APPROVER)
        waiting = casework.aeo.json("approval", "list")
        casework.pack(reference)
        casework.advance(reference, "start_review")
        casework.validated(reference, uen="201890417A")
        refused = casework.aeo.json(
            "application", "recommend", reference, "--outcome", "certify", "--reason", "Met.", "--as", OFFICER, expect=1
        )
        for one in waiting:
            casework.aeo("approval", "confirm", str(one["id"]), "--as", SUPERVISOR)
        casework.recommended(reference, "certify")

        assert unmet
        assert {one["kind"] for one in waiting} == {"check_letter", "received_on"}
        assert [u["code"] for u in refused["error"]["details"]["unmet"]] == ["APPROVAL_OPEN"]
        assert casework.at(reference) == ("certified", "in_force")
        assert casework.aeo("approval", "list") == "Nothing waits for a second person."

    def test_a_check_letter_that_is_refused_is_never_certified_and_the_application_is_submitted_again(
        self, casework: Office
    ) -> None:
        asked = {"uen": "201890417A", "accept_check_letter": "As on the BizFile report"}
        reference = casework.submitted(**asked)
        casework.pack(reference)
        casework.advance(reference, "start_review")
        casework.validated(reference, uen="201890417A")
        number = str(casework.aeo.json("approval", "list")[0]["id"])
        casework.aeo("approval", "refuse", number, "--reason", "There is no such UEN.", "--as", SUPERVISOR)
        recommend = ("application", "recommend", reference, "--outcome", "certify", "--reason", "Met.", "--as", OFFICER)
        refused = casework.aeo.json(*recommend, expect=1)
        casework.advance(reference, "withdraw", "--reason-code", "duplicate")
        again = casework.submitted(**asked)

        (unmet,) = refused["error"]["details"]["unmet"]
        assert unmet["code"] == "APPROVAL_REFUSED"
        assert "UEN 201890417A although its check letter is wrong" in unmet["sentence"]
        assert [one["application"] for one in casework.aeo.json("approval", "list")] == [again]

    def test_a_refused_request_changes_nothing(self, casework: Office) -> None:
        reference = casework.submitted()
        casework.pack(reference)
        casework.on(BEGIN + days(20))
        asked = casework.advance(reference, "start_review", "--effective-on", BEGIN.isoformat())
        number = str(asked["approval"])
        casework.aeo("approval", "refuse", number, "--reason", "It came today.", "--as", SUPERVISOR)

        assert casework.at(reference) == ("submitted", "none")
        assert "was refused already" in casework.aeo("approval", "confirm", number, "--as", SUPERVISOR, expect=2)
        assert "It came today." in casework.aeo("application", "history", reference)


class TestSuspension:
    def test_an_emergency_is_suspended_by_one_and_confirmed_by_another(self, casework: Office) -> None:
        reference = casework.certified()
        casework.on(BEGIN + days(30))
        at_once = ("--reason-code", "emergency", "--reason", "A seal was found broken.")
        casework.advance(reference, "suspend", *at_once, by=APPROVER)
        suspended = casework.at(reference)
        waiting = casework.aeo.json("approval", "list")[0]
        casework.aeo("approval", "confirm", str(waiting["id"]), "--as", APPROVER, expect=1)
        casework.aeo("approval", "confirm", str(waiting["id"]), "--as", SECOND_APPROVER)

        assert suspended == ("suspended", "suspended")
        assert waiting["confirm_by"] == "2026-12-31"  # five office days, with Christmas between
        assert casework.at(reference) == ("suspended", "suspended")

    def test_an_emergency_that_the_second_person_does_not_share_is_lifted(self, casework: Office) -> None:
        reference = casework.certified()
        casework.advance(
            reference, "suspend", "--reason-code", "emergency", "--reason", "A seal was broken.", by=APPROVER
        )
        number = str(casework.aeo.json("approval", "list")[0]["id"])
        casework.aeo("approval", "refuse", number, "--reason", "It was another company.", "--as", SECOND_APPROVER)

        assert casework.at(reference) == ("certified", "in_force")

    def test_nobody_confirming_in_time_is_told_to_the_supervisors_and_lifts_nothing(self, casework: Office) -> None:
        reference = casework.certified()
        casework.advance(
            reference, "suspend", "--reason-code", "emergency", "--reason", "A seal was broken.", by=APPROVER
        )
        casework.tick(BEGIN + days(10))

        assert len(casework.mails("reminder_of_task")) == 1
        assert casework.at(reference) == ("suspended", "suspended")

    def test_without_an_emergency_it_takes_a_recommendation(self, casework: Office) -> None:
        reference = casework.certified()

        assert casework.unmet(reference, "suspend", "--reason", "Records are missing.", by=APPROVER) == {
            "RECOMMENDATION_MISSING"
        }


class TestEndings:
    def test_a_revoked_certificate_ends_that_day_and_owes_nothing_more(self, casework: Office) -> None:
        reference = casework.certified()
        casework.on(BEGIN + days(40))
        casework.recommended(reference, "revoke")

        assert casework.at(reference) == ("revoked", "ended")
        assert casework.due(reference, BEGIN, END + days(100)) == []
        assert casework.mails("certificate_revoked")

    def test_a_company_may_give_its_certificate_up(self, casework: Office) -> None:
        reference = casework.certified()
        casework.advance(reference, "surrender")

        assert casework.at(reference) == ("withdrawn", "ended")

    def test_the_three_reasons_go_to_three_readers(self, casework: Office) -> None:
        reference = casework.submitted()
        reasons = (
            "--reason-code",
            "duplicate",
            "--reason",
            "We hold another one.",
            "--internal-reason",
            "See the tip.",
        )
        casework.advance(reference, "withdraw", *reasons)
        casework.aeo("outbox", "deliver")

        casework.aeo("audit", "export", "--out", "trail.csv", "--as", AUDITOR)
        trail = Path("trail.csv").read_text()
        mail = "\n".join(
            casework.aeo("outbox", "show", str(row["id"]))
            for row in casework.aeo.json("outbox", "list")
            if row["message"] == "application_withdrawn"
        )
        assert "duplicate" in trail
        assert "We hold another one." in trail
        assert "See the tip." not in trail + mail
        assert "Withdrawn by you" not in mail


class TestSetAside:
    """A decision is reversed by a new one, with its ground and its order, by somebody who took no part."""

    def test_restores_the_state_and_the_original_dates(self, casework: Office) -> None:
        reference = casework.certified()
        before = casework.due(reference, BEGIN + days(41), END + days(2))
        casework.on(BEGIN + days(40))
        casework.recommended(reference, "revoke")
        order = casework.add(reference, "order")
        ground = ("--reason-code", "court", "--given", f"order={order}")
        own = casework.unmet(reference, "set_aside", *ground, by=APPROVER)
        bare = casework.unmet(reference, "set_aside", "--reason-code", "court", by=SECOND_APPROVER)
        casework.advance(reference, "set_aside", *ground, by=SECOND_APPROVER)

        assert own == {"FOUR_EYES"}
        assert bare == {"ORDER_MISSING"}
        assert casework.at(reference) == ("certified", "in_force")
        assert casework.show(reference)["certificate"]["valid_until"] == END.isoformat()
        assert casework.due(reference, BEGIN + days(41), END + days(2)) == before

    def test_of_a_rejection_leads_back_to_where_it_was_rejected(self, casework: Office) -> None:
        reference = casework.submitted()
        casework.pack(reference)
        casework.advance(reference, "start_review")
        casework.recommended(reference, "reject", "--reason-code", "documents_missing")
        order = casework.add(reference, "order")
        casework.on(BEGIN + days(30))
        given = ("--given", f"order={order}", "--reason-code", "appeal")
        casework.advance(reference, "set_aside", *given, by=SECOND_APPROVER)
        shown = casework.show(reference)

        assert (shown["state"], shown["standing"], shown["cycle"]) == ("checklist_review", "none", 1)
        assert shown["deadline"] == "2027-04-22"  # the 30 days of the rejection do not count

    def test_of_a_lapse_needs_the_last_day_that_the_order_sets(self, casework: Office) -> None:
        reference = casework.certified()
        casework.tick(END + days(1))
        order = casework.add(reference, "order")
        ground = ("--reason-code", "own_error", "--given", f"order={order}")
        bare = casework.unmet(reference, "set_aside", *ground, by=SECOND_APPROVER)
        until = (END + days(90)).isoformat()
        casework.advance(reference, "set_aside", *ground, "--given", f"valid_until={until}", by=SECOND_APPROVER)

        assert bare == {"LAST_DAY_PAST"}
        assert casework.at(reference) == ("revalidation_due", "in_force")

    def test_is_refused_while_the_company_has_another_live_case(self, casework: Office) -> None:
        reference = casework.submitted()
        casework.recommended(reference, "reject", "--reason-code", "documents_missing")
        order = casework.add(reference, "order")
        casework.submitted()
        ground = ("--reason-code", "appeal", "--given", f"order={order}")

        assert casework.unmet(reference, "set_aside", *ground, by=SECOND_APPROVER) == {"OTHER_LIVE"}


class TestExtension:
    def test_moves_the_end_and_everything_counted_from_it(self, casework: Office) -> None:
        reference = casework.certified()
        casework.tick(END - days(209))
        opened = casework.at(reference)
        casework.recommended(reference, "extend", "--given", f"valid_until={(END + days(200)).isoformat()}")
        shown = casework.show(reference)

        assert opened == ("revalidation_due", "in_force")
        assert (shown["state"], shown["certificate"]["valid_until"]) == ("certified", "2030-06-11")
        assert [rule for rule, _ in casework.due(reference, END - days(208), END + days(300))].count("T-210") == 1
        casework.tick(END + days(1))
        assert casework.at(reference) == ("revalidation_due", "in_force")

    def test_that_moves_no_opening_keeps_the_state(self, casework: Office) -> None:
        reference = casework.certified()
        casework.tick(END - days(100))
        casework.recommended(reference, "extend", "--given", f"valid_until={(END + days(30)).isoformat()}")

        assert casework.at(reference) == ("revalidation_due", "in_force")

    def test_never_makes_it_shorter(self, casework: Office) -> None:
        reference = casework.certified()
        casework.aeo("application", "recommend", reference, "--outcome", "extend", "--reason", "x", "--as", OFFICER)
        shorter = ("--given", f"valid_until={(END - days(1)).isoformat()}", "--reason", "x")

        assert casework.unmet(reference, "extend", *shorter, by=APPROVER) == {"VALID_UNTIL_NOT_LATER"}
        assert casework.unmet(reference, "extend", "--reason", "x", by=APPROVER) == {"VALID_UNTIL_NOT_LATER"}

    def test_takes_a_recommendation_of_its_own_each_time(self, casework: Office) -> None:
        reference = casework.certified()
        casework.recommended(reference, "extend", "--given", f"valid_until={(END + days(30)).isoformat()}")
        again = ("--given", f"valid_until={(END + days(60)).isoformat()}", "--reason", "x")

        assert casework.unmet(reference, "extend", *again, by=APPROVER) == {"RECOMMENDATION_STALE"}


def test_a_case_without_an_account_manager_cannot_pass_the_checklist(casework: Office) -> None:
    reference = casework.submitted(account_manager="")
    casework.pack(reference)
    casework.advance(reference, "start_review")
    casework.answers(reference)

    assert casework.unmet(reference, "pass_checklist") == {"NO_ACCOUNT_MANAGER"}


def test_who_took_part_may_not_decide_whatever_role_is_held_later(casework: Office) -> None:
    reference = casework.submitted()
    casework.pack(reference)
    casework.advance(reference, "start_review")
    casework.validated(reference)
    casework.aeo("application", "recommend", reference, "--outcome", "certify", "--reason", "Met.", "--as", OFFICER)
    casework.aeo("officer", "role", OFFICER, "--add", "approver", "--as", ADMIN)

    assert casework.unmet(reference, "certify") == {"FOUR_EYES"}
    assert MANAGER in {row["email"] for row in casework.aeo.json("officer", "list")}


def test_setting_aside_reverses_the_ending_and_not_an_extension_made_since(casework: Office) -> None:
    reference = casework.certified()
    casework.tick(END - days(209))
    casework.renewed(reference)
    casework.recommended(reference, "reject", "--reason-code", "criteria_not_met")
    casework.recommended(reference, "extend", "--given", f"valid_until={(END + days(60)).isoformat()}")
    order = casework.add(reference, "order")
    ground = ("--reason-code", "appeal", "--given", f"order={order}")
    casework.advance(reference, "set_aside", *ground, by=SECOND_APPROVER)
    shown = casework.show(reference)

    assert (shown["state"], shown["standing"], shown["cycle"]) == ("checklist_review", "in_force", 2)
    assert shown["certificate"]["valid_until"] == (END + days(60)).isoformat()


def test_a_rejection_set_aside_while_the_company_was_asked_reminds_it_again(casework: Office) -> None:
    reference = casework.submitted()
    casework.advance(reference, "request_information", "--reason", "Where?", "--given", "reply_by=2027-02-01")
    casework.recommended(reference, "reject", "--reason-code", "documents_missing")
    order = casework.add(reference, "order")
    casework.advance(
        reference, "set_aside", "--reason-code", "own_error", "--given", f"order={order}", by=SECOND_APPROVER
    )
    casework.tick(BEGIN + days(80))

    assert casework.at(reference) == ("awaiting_information", "none")
    assert casework.mails("information_reminder")


def test_what_a_company_does_in_trade_decides_which_criteria_are_asked(casework: Office) -> None:
    unknown = casework.aeo("application", "submit", "--programme", "STP", "--uen", "201890417D", "--company-name", "X",
                           "--trader-role", "smuggler", "--as", OFFICER, expect=2)  # fmt: skip
    importer = casework.submitted(trader_role="importer")
    casework.pack(importer)
    casework.advance(importer, "start_review")
    asked = casework.aeo.json("checklist", "show", importer)

    assert "freight_forwarder" in unknown
    assert casework.show(importer)["trader_roles"] == ["importer"]
    assert "S7" not in {point["criterion"] for point in asked}
