"""The table "State beside standing" of the practice, row by row, and every trigger of the contract from every state."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import builders
import lifecycle
import pytest
from lifecycle import at

from states.facts import Person
from states.guards import in_words
from states.loader import load_programme
from workflow import models
from workflow.decisions.outcome import Done, Refused
from workflow.errors import BadInput
from workflow.operations.assign_application import assign_application
from workflow.operations.decide_approval import confirm_approval, refuse_approval
from workflow.operations.record_visit import record_visit
from workflow.operations.sweep import sweep
from workflow.store import editions
from workflow.store.office import Office

BEGIN = date(2026, 11, 23)
END = date(2029, 11, 23)  # a Friday
NEXT_END = date(2032, 11, 23)
DAY = timedelta(days=1)
OPENING = END - 210 * DAY

Mail = dict[str, dict[str, set[str]]]  # by rule: message and whom it goes to


class Desk:
    """An office with its people and one case, walked through the days."""

    def __init__(self, office: Office) -> None:
        self.office, self.staff = office, builders.people(office)
        self.judge = builders.another_person(office, "p-08", "Hui Min Lee", "approver")
        self.reference = ""

    def certified(self) -> "Desk":
        self.reference = lifecycle.certified(self.office, self.staff, BEGIN)
        supervisor = builders.act(self.staff.supervisor, at(BEGIN))
        to = builders.email_of(self.staff.officer)
        builders.done(assign_application(self.office, reference=self.reference, to=to, act=supervisor))
        return self

    def until(self, day: date) -> "Desk":
        """Let the clock run once, as after a long night."""
        sweep(self.office, now=at(day))
        return self

    def days(self, first: date, last: date) -> "Desk":
        """Let the clock run every morning."""
        for n in range((last - first).days + 1):
            sweep(self.office, now=at(first + n * DAY))
        return self

    def fire(self, trigger: str, day: date, by: str | Person = "officer", **more: Any) -> Any:
        person = by if isinstance(by, Person) else self.judge if by == "judge" else getattr(self.staff, by)
        return builders.advance(self.office, builders.act(person, at(day)), self.reference, trigger, **more)

    def does(self, trigger: str, day: date, by: str | Person = "officer", **more: Any) -> "Desk":
        builders.done(self.fire(trigger, day, by, **more))
        return self

    def decides(self, trigger: str, day: date, **more: Any) -> "Desk":
        lifecycle.decide(self.office, self.staff, self.reference, trigger, at(day), **more)
        return self

    def renewed(self, day: date) -> "Desk":
        lifecycle.renewed(self.office, self.staff, self.reference, day)
        return self

    def validated(self, day: date) -> "Desk":
        lifecycle.to_validation(self.office, self.staff, self.reference, day)
        return self

    def certified_anew(self, day: date) -> "Desk":
        lifecycle.certify(self.office, self.staff, self.reference, day)
        return self

    def rejected(self, day: date) -> "Desk":
        return self.decides("reject", day, reason_code="criteria_not_met")

    def codes(self, trigger: str, day: date, by: str | Person = "officer", **more: Any) -> set[str]:
        answer = self.fire(trigger, day, by, **more)
        assert isinstance(answer, Refused), answer
        return {unmet.code for unmet in answer.unmet}

    def shown(self, day: date) -> dict[str, Any]:
        return lifecycle.show(self.office, self.reference, at(day))

    def seen(self, day: date) -> tuple[str, str]:
        """Return state and standing, which certificates and events alone must say too."""
        shown = self.shown(day)
        standings = set(lifecycle.by_events(self.office, self.reference, day).values())
        assert shown["standing"] in standings | {"none"}
        return shown["state"], shown["standing"]

    def listed(self, day: date) -> list[str]:
        return lifecycle.listed(self.office, self.reference, day)

    def order(self, day: date) -> dict[str, Any]:
        """Return what setting aside takes, the order filed."""
        order = builders.add(self.office, builders.act(self.staff.officer, at(day)), self.reference, "order")
        return {"by": "judge", "reason_code": "court", "given": {"order": str(order)}}

    @property
    def mail(self) -> Mail:
        names = {"contact": "company", "account_manager": "account_manager", "assignee": "officer"}
        sent: Mail = {}
        for row in lifecycle.outbox(self.office, self.reference):
            who = names.get(row.recipient.split(":")[0], "supervisor")
            sent.setdefault(row.rule, {}).setdefault(row.message, set()).add(who)
        return sent

    @property
    def certificates(self) -> list[dict[str, Any]]:
        case = builders.case_of(self.office, self.reference)
        return builders.rows_of(self.office, models.Certificate, application_id=case["id"])

    @property
    def events(self) -> list[tuple[str, date]]:
        return [(e["kind"], e["effective_on"]) for e in builders.rows_of(self.office, models.CertificateEvent)]


@pytest.fixture
def desk(office: Office) -> Desk:
    return Desk(office)


@pytest.fixture
def sqlite_desk(sqlite_office: Office) -> Desk:
    return Desk(sqlite_office)


BOTH, ALL = {"company", "account_manager"}, {"company", "account_manager", "supervisor"}
INSIDE = {"officer", "account_manager", "supervisor"}
RENEWAL: Mail = {
    "T-270": {"renewal_heads_up": {"account_manager"}},
    "T-210": {"renewal_invitation": BOTH},
    "T-180": {"renewal_not_started": {"account_manager"}},
    "T-150": {"renewal_pack_due": BOTH},
    "T-120": {"renewal_reminder": ALL},
    "T-90": {"renewal_reminder": ALL},
    "T-60": {"renewal_reminder": ALL},
    "T-30": {"renewal_reminder": ALL},
    "T-7": {"renewal_reminder": ALL},
    "T-0": {"renewal_last_day": BOTH},
    "T+1": {"certificate_ended": ALL},
}
UNDECIDED: Mail = {f"T-{n}": {"renewal_undecided": INSIDE} for n in (60, 30, 7, 0)}
STILL: Mail = {"T+1": {"certificate_ended_under_review": {"company", "account_manager", "officer"}}}
UNDER_REVIEW: Mail = (
    UNDECIDED | {"T-30c": {"renewal_under_review": {"company"}}, "T-7c": {"renewal_under_review": {"company"}}} | STILL
)
WAITS: Mail = (
    {f"T-{n}": {"renewal_waits_for_information": BOTH} for n in (210, 150, 120, 90)}
    | UNDECIDED
    | {f"T-{n}c": {"renewal_waits_for_information": {"company"}} for n in (60, 30, 7, 0)}
    | STILL
)
ENDING: Mail = {f"T-{n}": {"certificate_ends": BOTH} for n in (30, 7, 0)} | {"T+1": {"certificate_ended": ALL}}


def since(days: int, mail: Mail) -> Mail:
    """Return what goes out so many days before the end or later."""
    return {rule: sent for rule, sent in mail.items() if int(rule.rstrip("c")[1:]) >= -days}


@dataclass(frozen=True)
class Row:
    """One row of the table: how a case comes there, and every cell."""

    come: Callable[[Desk], Desk]
    state: str
    day: date  # from which the row holds
    listed: bool
    mail: Mail
    at_end: tuple[str, str]
    expired: bool = True


def _under_review(desk: Desk) -> Desk:
    return desk.until(END - 275 * DAY).until(END - 100 * DAY).renewed(END - 100 * DAY)


ROWS = {
    "certified": Row(lambda d: d, "certified", END - 275 * DAY, True, RENEWAL, ("lapsed", "ended")),
    "revalidation_due": Row(
        lambda d: d.does("open_revalidation", END - 275 * DAY, "supervisor", reason="A merger is near."),
        "revalidation_due",
        END - 275 * DAY,
        True,
        RENEWAL,
        ("lapsed", "ended"),
    ),
    "checklist_review": Row(
        _under_review, "checklist_review", END - 100 * DAY, True, UNDER_REVIEW, ("checklist_review", "ended")
    ),
    "validation": Row(
        lambda d: _under_review(d).validated(END - 100 * DAY),
        "validation",
        END - 100 * DAY,
        True,
        UNDER_REVIEW,
        ("validation", "ended"),
    ),
    "awaiting_information": Row(
        lambda d: d.renewed(END - 250 * DAY).does(
            "request_information",
            END - 250 * DAY,
            reason="Send the site plan.",
            given={"reply_by": (END + 90 * DAY).isoformat()},
        ),
        "awaiting_information",
        END - 250 * DAY,
        True,
        WAITS,
        ("awaiting_information", "ended"),
    ),
    "rejected": Row(
        lambda d: _under_review(d).rejected(END - 100 * DAY),
        "rejected",
        END - 100 * DAY,
        True,
        ENDING,
        ("rejected", "ended"),
    ),
    "withdrawn": Row(
        lambda d: _under_review(d).does("withdraw", END - 100 * DAY, reason_code="request"),
        "withdrawn",
        END - 100 * DAY,
        True,
        ENDING,
        ("withdrawn", "ended"),
    ),
    "suspended from certified": Row(
        lambda d: d.decides("suspend", END - 275 * DAY),
        "suspended",
        END - 275 * DAY,
        False,
        RENEWAL,
        ("lapsed", "ended"),
    ),
    "suspended from revalidation_due": Row(
        lambda d: d.until(OPENING).decides("suspend", END - 200 * DAY),
        "suspended",
        END - 200 * DAY,
        False,
        since(200, RENEWAL),
        ("lapsed", "ended"),
    ),
    "suspended from a review": Row(
        lambda d: _under_review(d).decides("suspend", END - 100 * DAY),
        "suspended",
        END - 100 * DAY,
        False,
        UNDER_REVIEW,
        ("checklist_review", "ended"),
    ),
    "suspended from awaiting_information": Row(
        lambda d: (
            _under_review(d)
            .does(
                "request_information",
                END - 100 * DAY,
                reason="Send the site plan.",
                given={"reply_by": (END + 90 * DAY).isoformat()},
            )
            .decides("suspend", END - 100 * DAY)
        ),
        "suspended",
        END - 100 * DAY,
        False,
        since(100, WAITS),
        ("awaiting_information", "ended"),
    ),
    "suspended from rejected": Row(
        lambda d: _under_review(d).rejected(END - 100 * DAY).decides("suspend", END - 99 * DAY),
        "suspended",
        END - 99 * DAY,
        False,
        ENDING,
        ("rejected", "ended"),
    ),
    "certified early": Row(
        lambda d: d.renewed(END - 275 * DAY).validated(END - 275 * DAY).certified_anew(END - 274 * DAY),
        "certified",
        END - 274 * DAY,
        True,
        {},
        ("certified", "in_force"),
        expired=False,
    ),
}


@pytest.mark.parametrize("name", ROWS)
def test_the_table_holds_in_every_cell(desk: Desk, name: str):
    row = ROWS[name]
    row.come(desk.certified())
    before = desk.mail
    number = desk.certificates[0]["number"]
    standing = "in_force" if row.listed else "suspended"

    assert desk.seen(row.day) == (row.state, standing)
    assert desk.listed(row.day) == ([number] if row.listed else [])
    desk.days(row.day, END)
    assert desk.seen(END)[1] == standing
    assert desk.listed(END) == ([number] if row.listed else [])
    desk.days(END + DAY, END + 2 * DAY)

    assert {rule: sent for rule, sent in desk.mail.items() if rule not in before or sent != before[rule]} == row.mail
    assert desk.seen(END + DAY) == row.at_end
    assert (("expired", END + DAY) in desk.events) == row.expired
    assert desk.listed(END + DAY) == ([] if row.expired else [desk.certificates[-1]["number"]])
    assert (builders.case_of(desk.office, desk.reference)["ended_on"] == END + DAY) == row.expired


class TestSuspension:
    def test_says_why_the_case_lapsed(self, desk: Desk):
        desk.certified().decides("suspend", END - 30 * DAY).until(END + DAY)

        (lapse,) = builders.rows_of(desk.office, models.Decision, trigger="lapse")
        entry = next(e for e in builders.entries_of(desk.office, desk.reference) if e.get("to") == "lapsed")

        assert (lapse["from_state"], lapse["to_state"]) == ("suspended", "lapsed")
        assert lapse["reason_to_company"] == entry["reason"] == "Ended while suspended."

    def test_that_is_open_blocks_the_renewed_certificate(self, desk: Desk):
        desk.certified().decides("suspend", END - 300 * DAY).renewed(END - 250 * DAY).validated(END - 250 * DAY)
        assert desk.seen(END - 250 * DAY) == ("validation", "suspended")
        here, day = (desk.office, desk.staff, desk.reference), END - 240 * DAY
        lifecycle.insert_visit(*here, day)
        lifecycle.insert_band(*here, day)
        asked = lifecycle.recommend(*here, "certify", at(day))
        assert isinstance(asked, Refused)
        assert {unmet.code for unmet in asked.unmet} == {"SUSPENSION_OPEN"}

        assert "SUSPENSION_OPEN" in desk.codes("certify", day, "approver")
        desk.decides("reinstate", day)
        assert desk.seen(day) == ("validation", "in_force")
        desk.decides("certify", day)
        assert desk.seen(day) == ("certified", "in_force")

    def test_blocks_no_longer_once_the_certificate_has_ended(self, desk: Desk):
        desk.certified().decides("suspend", END - 100 * DAY).renewed(END - 90 * DAY).validated(END - 90 * DAY)
        desk.until(END + DAY)
        assert desk.seen(END + DAY) == ("validation", "ended")

        desk.certified_anew(END + 20 * DAY)

        assert desk.seen(END + 20 * DAY) == ("certified", "in_force")

    @pytest.mark.parametrize(
        ("day", "state"), [(OPENING - DAY, "certified"), (OPENING, "revalidation_due"), (END, "revalidation_due")]
    )
    @pytest.mark.parametrize("clock", ["works", "was down"])
    def test_ends_where_the_case_would_be_today(self, desk: Desk, day: date, state: str, clock: str):
        desk.certified().decides("suspend", END - 300 * DAY)
        if clock == "works":
            desk.until(day)

        desk.decides("reinstate", day)

        assert desk.seen(day) == (state, "in_force")
        assert desk.until(day).seen(day) == (state, "in_force")

    def test_that_was_lifted_before_the_opening_leaves_the_opening_owed(self, desk: Desk):
        desk.certified().decides("suspend", END - 300 * DAY).decides("reinstate", END - 290 * DAY)

        assert desk.until(OPENING).seen(OPENING) == ("revalidation_due", "in_force")

    def test_set_aside_after_the_opening_opens_revalidation_at_once(self, desk: Desk):
        desk.certified().decides("suspend", END - 300 * DAY).days(OPENING - DAY, OPENING + DAY)
        day = OPENING + 5 * DAY

        desk.does("set_aside", day, **desk.order(day)).until(day)

        assert desk.seen(day) == ("revalidation_due", "in_force")

    def test_at_once_is_lifted_by_the_second_person_but_never_a_later_one(self, desk: Desk):
        how = {"reason": "Seals were broken.", "reason_code": "emergency"}
        desk.certified().does("suspend", BEGIN + 10 * DAY, "approver", **how).decides("reinstate", BEGIN + 11 * DAY)
        desk.decides("suspend", BEGIN + 12 * DAY, reason_code="compliance_record")
        (approval,) = builders.rows_of(desk.office, models.Approval)
        judge = builders.act(desk.judge, at(BEGIN + 13 * DAY))

        builders.done(refuse_approval(desk.office, approval_id=approval["id"], reason="Seals were whole.", act=judge))

        assert desk.seen(BEGIN + 13 * DAY) == ("suspended", "suspended")
        assert builders.rows_of(desk.office, models.Approval)[0]["status"] == "refused"


class TestRenewal:
    def test_early_begins_the_day_after_and_ends_with_its_band(self, desk: Desk):
        desk.certified().renewed(END - 300 * DAY).validated(END - 300 * DAY).certified_anew(END - 290 * DAY)
        old, new = desk.certificates

        assert (new["valid_from"], new["valid_until"]) == (END + DAY, date(2032, 2, 6))
        assert [desk.listed(day) for day in (END, END + DAY)] == [[old["number"]], [new["number"]]]
        assert desk.shown(END)["certificate"]["number"] == old["number"]
        assert desk.shown(END)["next_certificate"]["number"] == new["number"]

    def test_early_is_hit_by_a_suspension_with_the_old_one(self, desk: Desk):
        desk.certified().renewed(END - 300 * DAY).validated(END - 300 * DAY).certified_anew(END - 290 * DAY)
        old, new = (c["number"] for c in desk.certificates)

        desk.decides("suspend", END - 100 * DAY)

        assert desk.seen(END) == desk.seen(END + DAY) == ("suspended", "suspended")
        assert lifecycle.by_events(desk.office, desk.reference, END) == {old: "suspended", new: "pending"}
        assert lifecycle.by_events(desk.office, desk.reference, END + DAY) == {old: "ended", new: "suspended"}
        desk.until(END + DAY).decides("reinstate", END + 2 * DAY)
        assert desk.seen(END + 2 * DAY) == ("certified", "in_force")
        assert desk.listed(END + 2 * DAY) == [new]

    @pytest.mark.parametrize("way", ["revoke", "surrender"])
    def test_early_ends_with_the_old_one(self, desk: Desk, way: str):
        desk.certified().renewed(END - 300 * DAY).validated(END - 300 * DAY).certified_anew(END - 290 * DAY)
        day = END - 100 * DAY

        desk.decides(way, day) if way == "revoke" else desk.does(way, day)

        assert desk.seen(day)[1] == desk.seen(END + DAY)[1] == "ended"
        assert desk.listed(day) == desk.listed(END + DAY) == []
        assert lifecycle.ledger(desk.office, desk.reference) == []

    def test_is_the_same_when_its_very_first_day_is_named(self, sqlite_desk: Desk, stp_text: str):
        desk = sqlite_desk
        install(desk, stp_text, "limited_by_band = true", "limited_by_band = false")
        day = END - 100 * DAY
        desk.certified().renewed(day).validated(day)
        lifecycle.insert_visit(desk.office, desk.staff, desk.reference, day)
        lifecycle.insert_band(desk.office, desk.staff, desk.reference, day)

        desk.decides("certify", day, given={"valid_from": (END + DAY).isoformat()})

        assert desk.certificates[-1]["valid_until"] == NEXT_END

    def test_cannot_be_renewed_before_it_begins(self, desk: Desk):
        desk.certified().renewed(END - 300 * DAY).validated(END - 300 * DAY).certified_anew(END - 290 * DAY)

        assert desk.codes("renew", END - 200 * DAY) == {"CERTIFICATE_PENDING", "DOCUMENTS_MISSING"}

    def test_late_begins_on_the_decision_day_and_shows_the_gap(self, desk: Desk):
        desk.certified().renewed(END - 30 * DAY).validated(END - 30 * DAY).days(END, END + DAY)
        late = END + 20 * DAY

        desk.certified_anew(late)

        old, new = desk.certificates
        assert (new["valid_from"], new["valid_until"]) == (late, date(2032, 12, 13))
        assert [desk.listed(day) for day in (END, END + DAY, late - DAY, late)] == [
            [old["number"]],
            [],
            [],
            [new["number"]],
        ]

    def test_starts_on_the_decision_day_where_the_programme_says_so(self, desk: Desk, stp_text: str):
        install(desk, stp_text, 'renewal_starts = "day_after"', 'renewal_starts = "decision_day"')
        day = END - 100 * DAY
        desk.certified().renewed(END - 200 * DAY).validated(END - 200 * DAY).certified_anew(day)

        old, new = desk.certificates

        assert (new["valid_from"], new["valid_until"]) == (day, date(2032, 8, 15))
        assert lifecycle.by_events(desk.office, desk.reference, day) == {
            old["number"]: "ended",
            new["number"]: "in_force",
        }
        assert ("replaced", day) in desk.events

    def test_with_only_the_last_cycles_facts_is_refused_on_every_rule(self, desk: Desk):
        desk.certified()
        assert desk.codes("renew", OPENING) == {"DOCUMENTS_MISSING"}

        desk.renewed(OPENING)

        assert desk.codes("pass_checklist", OPENING) == {"ANSWERS_MISSING"}
        desk.validated(OPENING)
        assert desk.codes("certify", OPENING, "approver") == {
            "VISIT_MISSING",
            "BAND_MISSING",
            "RECOMMENDATION_MISSING",
        }
        asked = lifecycle.recommend(desk.office, desk.staff, desk.reference, "certify", at(OPENING))
        assert isinstance(asked, Refused)
        assert {unmet.code for unmet in asked.unmet} == {"VISIT_MISSING", "BAND_MISSING"}

    def test_after_a_refused_one_counts_nothing_of_it(self, desk: Desk):
        desk.certified().renewed(OPENING).validated(OPENING)
        here = (desk.office, desk.staff, desk.reference)
        lifecycle.insert_visit(*here, OPENING)
        lifecycle.insert_band(*here, OPENING)
        desk.rejected(OPENING + DAY)

        assert desk.codes("renew", OPENING + 2 * DAY) == {"DOCUMENTS_MISSING"}
        desk.renewed(OPENING + 2 * DAY)
        assert desk.codes("pass_checklist", OPENING + 2 * DAY) == {"ANSWERS_MISSING"}
        desk.validated(OPENING + 2 * DAY)
        assert desk.codes("certify", OPENING + 2 * DAY, "approver") == {
            "VISIT_MISSING",
            "BAND_MISSING",
            "RECOMMENDATION_MISSING",
        }

    def test_takes_a_visit_after_the_cycle_before_was_decided(self, sqlite_desk: Desk):
        desk = sqlite_desk.certified().renewed(OPENING)
        report = builders.add(
            desk.office, builders.act(desk.staff.officer, at(OPENING)), desk.reference, "visit_report"
        )
        visit: dict[str, Any] = {"reference": desk.reference, "report": report}
        visit["act"] = builders.act(desk.staff.officer, at(OPENING))

        with pytest.raises(BadInput) as refused:
            record_visit(desk.office, held_on=BEGIN, **visit)

        assert (refused.value.code, "cycle that was decided" in refused.value.sentence) == ("DATE_ORDER", True)
        builders.done(record_visit(desk.office, held_on=BEGIN + DAY, **visit))

    def test_counts_its_own_facts_again_once_its_rejection_is_set_aside(self, desk: Desk):
        day = OPENING + DAY
        desk.certified().renewed(OPENING).validated(OPENING)
        began = builders.case_of(desk.office, desk.reference)["cycle_since"]
        here = (desk.office, desk.staff, desk.reference)
        lifecycle.insert_visit(*here, OPENING)
        lifecycle.insert_band(*here, OPENING)

        desk.rejected(day).does("set_aside", day, **desk.order(day))

        assert builders.case_of(desk.office, desk.reference)["cycle_since"] == began
        assert desk.codes("certify", day, "approver") == {"RECOMMENDATION_MISSING"}

    def test_comes_round_a_third_time(self, desk: Desk):
        desk.certified()
        for cycle, last in ((2, END), (3, NEXT_END)):
            day = last - 10 * DAY
            desk.until(day).renewed(day).validated(day).certified_anew(last)
            assert desk.shown(day)["cycle"] == cycle
            desk.until(last + DAY)

        assert [(c["cycle"], c["valid_from"], c["valid_until"]) for c in desk.certificates] == [
            (1, BEGIN, END),
            (2, END + DAY, NEXT_END),
            (3, NEXT_END + DAY, date(2035, 11, 23)),
        ]
        assert len({c["aeo_code"] for c in desk.certificates}) == 1
        assert desk.seen(NEXT_END + DAY) == ("certified", "in_force")

    def test_may_be_filed_while_suspended_and_returns_to_it_never(self, desk: Desk):
        desk.certified().decides("suspend", END - 200 * DAY).renewed(END - 150 * DAY)

        assert desk.seen(END - 150 * DAY) == ("checklist_review", "suspended")
        assert desk.shown(END - 150 * DAY)["back_to"] == ""

    @pytest.mark.parametrize("way", ["rejected", "withdrawn"])
    def test_may_be_filed_again_while_the_old_one_runs_and_not_after(self, desk: Desk, way: str):
        ROWS[way].come(desk.certified())
        assert desk.fire("renew", END + DAY).unmet[0].code == "NOT_IN_FORCE"

        desk.renewed(END)

        assert desk.seen(END) == ("checklist_review", "in_force")
        assert desk.shown(END)["cycle"] == 3


class TestADayOverTheEnd:
    """What is judged by a certificate that has ended does not count from a day on which it still ran."""

    @pytest.mark.parametrize("clock", ["ran", "was down"])
    def test_is_refused_for_every_decision(self, desk: Desk, clock: str):
        here = (desk.office, desk.staff, desk.certified().renewed(END - 60 * DAY).validated(END - 60 * DAY).reference)
        lifecycle.insert_visit(*here, END - 5 * DAY)
        lifecycle.insert_band(*here, END - 5 * DAY)
        if clock == "ran":
            desk.until(END + DAY)
        before, sentences = builders.everything(desk.office), set()

        for trigger, by, more in (
            ("withdraw", "officer", {"reason_code": "request"}),
            ("reject", "approver", {"reason_code": "criteria_not_met", "reason": "Not met."}),
            ("certify", "approver", {}),
        ):
            with pytest.raises(BadInput) as refused:
                desk.fire(trigger, END + 3 * DAY, by, effective_on=END, **more)
            sentences.add((refused.value.code, in_words(END + DAY) in refused.value.sentence))

        assert (sentences, builders.everything(desk.office)) == ({("DATE_ORDER", True)}, before)

    def test_is_refused_also_when_the_second_person_confirms_after_the_end(self, sqlite_desk: Desk):
        desk = sqlite_desk.certified().renewed(END - 60 * DAY)
        more = {"reason_code": "request", "effective_on": END - 20 * DAY}
        asked = builders.done(desk.fire("withdraw", END, **more)).data["approval"]

        with pytest.raises(BadInput) as refused:
            confirm_approval(desk.office, approval_id=asked, act=builders.act(desk.staff.supervisor, at(END + DAY)))

        assert refused.value.code == "DATE_ORDER"

    def test_frees_the_company_where_a_withdrawal_counts_from_the_first_day_after(self, sqlite_desk: Desk):
        desk = sqlite_desk.certified().renewed(END - 60 * DAY).until(END + DAY)

        desk.does("withdraw", END + 3 * DAY, reason_code="request", effective_on=END + DAY)

        assert desk.seen(END + 3 * DAY) == ("withdrawn", "ended")
        assert builders.case_of(desk.office, desk.reference)["live_key"] is None

    def test_is_still_when_an_answer_arrived(self, sqlite_desk: Desk):
        desk = sqlite_desk.certified().renewed(END - 60 * DAY)
        desk.does("request_information", END - 10 * DAY, reason="Where?").until(END + DAY)

        desk.does("supply_information", END + 3 * DAY, effective_on=END)

        assert desk.seen(END + 3 * DAY) == ("checklist_review", "ended")


class TestExtension:
    @pytest.mark.parametrize(
        ("ahead", "state"), [(211, "certified"), (210, "revalidation_due"), (30, "revalidation_due")]
    )
    def test_leads_back_only_when_the_opening_moves_ahead(self, desk: Desk, ahead: int, state: str):
        desk.certified().until(END - 10 * DAY)
        day = END - 10 * DAY
        until = day + ahead * DAY

        desk.decides("extend", day, given={"valid_until": until.isoformat()})

        assert desk.until(day).seen(day) == (state, "in_force")
        assert desk.shown(day)["certificate"]["valid_until"] == until
        assert desk.seen(until) == (state, "in_force")
        desk.days(until - 212 * DAY, until) if state == "certified" else desk.until(until)
        assert desk.seen(until) == ("revalidation_due", "in_force")
        assert desk.until(until + DAY).seen(until + DAY) == ("lapsed", "ended")

    def test_must_be_later(self, desk: Desk):
        desk.certified()

        codes = desk.codes("extend", END, "approver", given={"valid_until": END.isoformat()}, reason="As asked.")

        assert codes == {"VALID_UNTIL_NOT_LATER", "RECOMMENDATION_MISSING"}


def install(desk: Desk, stp_text: str, old: str, new: str) -> None:
    """Install a newer edition whose file differs in one line."""
    assert old in stp_text
    text = stp_text.replace(old, new, 1).replace('edition = "2026-03"', 'edition = "2026-04"', 1)
    with desk.office.database.transaction() as transaction:
        editions.install(transaction.connection, load_programme(text, file="stp.toml"), now=at(BEGIN))


class TestPendingAtExpiry:
    @pytest.fixture
    def running_on(self, desk: Desk, stp_text: str) -> Callable[[str], Desk]:
        def make(how: str) -> Desk:
            install(desk, stp_text, 'pending_at_expiry = "ends"', how)
            return desk.certified().renewed(END - 60 * DAY).validated(END - 60 * DAY)

        return make

    def test_continues_until_decided(self, running_on: Callable[[str], Desk]):
        desk = running_on('pending_at_expiry = "continues_until_decided"')
        late = END + 200 * DAY
        assert desk.days(END, END + 3 * DAY).until(late).seen(late) == ("validation", "in_force")
        assert "T+1" not in desk.mail

        desk.certified_anew(late)

        old, new = desk.certificates
        assert (new["valid_from"], desk.listed(late - DAY), desk.listed(late)) == (
            late,
            [old["number"]],
            [new["number"]],
        )

    @pytest.mark.parametrize("day", [END - 10 * DAY, END, END + 50 * DAY])
    def test_continues_until_it_is_rejected(self, running_on: Callable[[str], Desk], day: date):
        desk = running_on('pending_at_expiry = "continues_until_decided"')
        desk.until(day).rejected(day)
        last = max(day, END)

        assert desk.seen(last) == ("rejected", "in_force")
        assert desk.until(last + DAY).seen(last + DAY) == ("rejected", "ended")

    @pytest.mark.parametrize("day", [END - 10 * DAY, END + 50 * DAY])
    def test_continues_again_when_the_rejection_is_set_aside(self, running_on: Callable[[str], Desk], day: date):
        desk = running_on('pending_at_expiry = "continues_until_decided"')
        desk.until(day).rejected(day)

        desk.does("set_aside", day, **desk.order(day)).until(day)

        for later in (day, END + 50 * DAY, END + 200 * DAY):
            assert desk.until(later).seen(later) == ("validation", "in_force")

    def test_continues_some_days(self, running_on: Callable[[str], Desk]):
        desk = running_on('pending_at_expiry = "continues_days"\ncontinues_days = 40')
        last = END + 40 * DAY

        assert desk.days(END, last).seen(last) == ("validation", "in_force")
        assert desk.days(last + DAY, last + DAY).seen(last + DAY) == ("validation", "ended")
        assert set(desk.mail["T+1"]) == {"certificate_ended_under_review"}
        assert ("expired", last + DAY) in desk.events


class TestSetAside:
    def test_never_shortens(self, desk: Desk):
        desk.certified().decides("revoke", BEGIN + 30 * DAY)
        order = desk.order(BEGIN + 40 * DAY)
        order["given"]["valid_until"] = (END - 30 * DAY).isoformat()

        with pytest.raises(BadInput) as refused:
            desk.fire("set_aside", BEGIN + 40 * DAY, **order)

        assert refused.value.code == "DATE_ORDER"

    def test_undoes_the_ending_and_nothing_after_it(self, desk: Desk):
        ROWS["rejected"].come(desk.certified())
        day = END - 50 * DAY
        desk.decides("suspend", day).decides("reinstate", day + DAY)
        later = (END + 90 * DAY).isoformat()
        desk.decides("extend", day + 2 * DAY, given={"valid_until": later})

        desk.does("set_aside", day + 3 * DAY, **desk.order(day + 3 * DAY))

        assert desk.seen(day + 3 * DAY) == ("checklist_review", "in_force")
        assert desk.seen(END + 90 * DAY) == ("checklist_review", "in_force")

    def test_of_a_rejection_after_the_end_brings_the_certificate_back_with_a_later_last_day(self, desk: Desk):
        desk.certified().renewed(END - 60 * DAY).rejected(END - 50 * DAY).until(END + DAY)
        day, later = END + 10 * DAY, END + 200 * DAY
        assert desk.seen(day) == ("rejected", "ended")
        order = desk.order(day)
        order["given"]["valid_until"] = later.isoformat()

        desk.does("set_aside", day, **order)

        assert desk.seen(day) == ("checklist_review", "in_force")
        assert [desk.listed(one) for one in (END, END + DAY, day, later)].count([]) == 1
        assert "T-60" in desk.until(later - 60 * DAY).mail
        assert desk.until(later + DAY).seen(later + DAY) == ("checklist_review", "ended")
        assert builders.case_of(desk.office, desk.reference)["ended_on"] == later + DAY

    def test_of_a_surrender_and_then_of_the_withdrawal_undoes_each_once(self, desk: Desk):
        ROWS["withdrawn"].come(desk.certified())
        day = END - 90 * DAY
        desk.does("surrender", day)
        assert desk.seen(day) == ("withdrawn", "ended")

        desk.does("set_aside", day + DAY, **desk.order(day + DAY))
        assert desk.seen(day + DAY) == ("withdrawn", "in_force")
        other = builders.another_person(desk.office, "p-09", "Ivan Lau", "approver")
        order = desk.order(day + 2 * DAY) | {"by": other}
        desk.does("set_aside", day + 2 * DAY, **order)

        assert desk.seen(day + 2 * DAY) == ("checklist_review", "in_force")
        undone = [e["undoes"] for e in builders.rows_of(desk.office, models.CertificateEvent) if e["undoes"]]
        assert len(undone) == 1

    def test_is_not_for_who_set_another_one_aside_before(self, desk: Desk):
        day = BEGIN + 30 * DAY
        builders.another_person(desk.office, "p-09", "Ivan Lau", "approver")
        desk.certified().decides("suspend", day).does("set_aside", day, **desk.order(day))
        desk.decides("suspend", day + DAY)

        assert desk.codes("set_aside", day + DAY, **desk.order(day + DAY)) == {"FOUR_EYES"}

    @pytest.mark.parametrize("trigger", ["surrender", "withdraw"])
    def test_is_not_for_who_recorded_that_the_company_gave_it_up(self, desk: Desk, trigger: str):
        both = builders.another_person(desk.office, "p-09", "Ivan Lau", "approver", "officer")
        day = END - 180 * DAY
        desk.certified().renewed(day).does(trigger, day, both, reason_code="request" if trigger == "withdraw" else "")

        assert desk.codes("set_aside", day, **desk.order(day) | {"by": both}) == {"FOUR_EYES"}
        desk.does("set_aside", day, **desk.order(day))

    def test_is_not_for_who_confirmed_the_emergency(self, desk: Desk):
        day = BEGIN + 10 * DAY
        other = builders.another_person(desk.office, "p-09", "Ivan Lau", "approver")
        how = {"reason": "Seals were broken.", "reason_code": "emergency"}
        desk.certified().does("suspend", day, "approver", **how)
        (approval,) = builders.rows_of(desk.office, models.Approval)
        builders.done(confirm_approval(desk.office, approval_id=approval["id"], act=builders.act(other, at(day))))

        assert desk.codes("set_aside", day, **desk.order(day) | {"by": other}) == {"FOUR_EYES"}
        desk.does("set_aside", day, **desk.order(day))

    def test_is_not_for_who_confirmed_the_rejection(self, desk: Desk):
        day, asked_on = END - 180 * DAY, END - 160 * DAY
        other = builders.another_person(desk.office, "p-09", "Ivan Lau", "approver")
        desk.certified().renewed(day)
        lifecycle.recommend(desk.office, desk.staff, desk.reference, "reject", at(asked_on))
        how = {"reason": "As found.", "reason_code": "criteria_not_met", "effective_on": day}
        asked = builders.done(desk.fire("reject", asked_on, "approver", **how)).data["approval"]
        builders.done(confirm_approval(desk.office, approval_id=asked, act=builders.act(other, at(asked_on))))

        assert desk.codes("set_aside", asked_on, **desk.order(asked_on) | {"by": other}) == {"FOUR_EYES"}
        desk.does("set_aside", asked_on, **desk.order(asked_on))


# The contract's table, written down from there: trigger, states, target ("same", "back" or a state), who.
REVIEWS = ("submitted", "checklist_review", "awaiting_information", "validation")
LATER_REVIEWS = REVIEWS[1:]
HELD = (*LATER_REVIEWS, "certified", "revalidation_due", "rejected", "withdrawn")
CONTRACT: list[tuple[str, tuple[str, ...], str]] = [
    ("start_review", ("submitted",), "checklist_review"),
    ("request_information", ("submitted", "checklist_review", "validation"), "awaiting_information"),
    ("supply_information", ("awaiting_information",), "back"),
    ("pass_checklist", ("checklist_review",), "validation"),
    ("return_to_checklist", ("validation",), "checklist_review"),
    ("certify", ("validation",), "certified"),
    ("reject", REVIEWS, "rejected"),
    ("withdraw", REVIEWS, "withdrawn"),
    ("open_revalidation", ("certified",), "revalidation_due"),
    ("renew", ("certified", "revalidation_due", "suspended", "rejected", "withdrawn"), "checklist_review"),
    ("lapse", ("certified", "revalidation_due", "suspended"), "lapsed"),
    ("suspend", HELD, "suspended"),
    ("reinstate", (*LATER_REVIEWS, "suspended", "rejected", "withdrawn"), "same"),
    ("revoke", (*HELD, "suspended"), "revoked"),
    ("surrender", (*HELD, "suspended"), "withdrawn"),
    ("extend", HELD, "same"),
    ("set_aside", ("rejected", "revoked", "suspended", "withdrawn", "lapsed"), "back"),
]
STATES = (*REVIEWS, "certified", "revalidation_due", "suspended", "rejected", "withdrawn", "revoked", "lapsed")
WITH_CERTIFICATE = ("renew", "suspend", "reinstate", "revoke", "surrender", "extend")
NOW = END - 200 * DAY  # after the opening
BEFORE = OPENING - 10 * DAY


def come_to(desk: Desk, state: str, trigger: str) -> tuple[date, str]:
    """Bring a case to a state, with a certificate where the trigger needs one; return the day and where `back` leads."""
    with_certificate = trigger in WITH_CERTIFICATE or state in ("certified", "revalidation_due", "suspended", "revoked")
    if state == "lapsed":
        return END + 5 * DAY, desk.certified().until(OPENING).until(END + DAY) and "revalidation_due"
    if not with_certificate:
        return _come_in_cycle_1(desk, state)
    desk.certified()
    if state in ("certified", "suspended", "revoked"):
        if state != "certified":
            desk.decides({"suspended": "suspend", "revoked": "revoke"}[state], BEFORE)
        return BEFORE, "certified"
    desk.until(OPENING)
    if state == "revalidation_due":
        return NOW, ""
    if trigger == "reinstate":
        desk.decides("suspend", NOW)
    desk.renewed(NOW)
    come = {
        "validation": lambda: desk.validated(NOW),
        "awaiting_information": lambda: desk.does("request_information", NOW, reason="Send the site plan."),
        "rejected": lambda: desk.rejected(NOW),
        "withdrawn": lambda: desk.does("withdraw", NOW, reason_code="request"),
    }
    come.get(state, lambda: desk)()
    return NOW, "checklist_review"


def _come_in_cycle_1(desk: Desk, state: str) -> tuple[date, str]:
    desk.reference = builders.submit(desk.office, builders.act(desk.staff.officer, at(BEGIN)))
    if state in ("checklist_review", "validation"):
        lifecycle.insert_documents(desk.office, desk.staff, desk.reference, builders.PACK, BEGIN)
        desk.does("start_review", BEGIN)
    if state == "validation":
        desk.validated(BEGIN)
    if state == "awaiting_information":
        desk.does("request_information", BEGIN, reason="Send the site plan.")
    if state == "rejected":
        desk.rejected(BEGIN)
    if state == "withdrawn":
        desk.does("withdraw", BEGIN, reason_code="request")
    return BEGIN, "submitted"


def fire_well(desk: Desk, trigger: str, day: date) -> Any:
    """Fire a trigger with everything that it takes."""
    here = (desk.office, desk.staff, desk.reference)
    if trigger in ("start_review", "renew"):
        lifecycle.insert_documents(*here, builders.PACK, day)
    if trigger == "pass_checklist":
        lifecycle.insert_findings(*here, day)
    if trigger == "certify":
        lifecycle.insert_visit(*here, day)
        lifecycle.insert_band(*here, day)
    more: dict[str, Any] = {"reason": "The facts ask for it."}
    if trigger in ("certify", "reject", "suspend", "reinstate", "revoke", "extend"):
        builders.done(lifecycle.recommend(*here, trigger, at(day)))
        more["by"] = "approver"
    more |= {
        "reject": {"reason_code": "criteria_not_met"},
        "withdraw": {"reason_code": "request"},
        "open_revalidation": {"by": "supervisor"},
        "extend": {"given": {"valid_until": (END + 5 * DAY).isoformat()}},  # too little to move the opening ahead
    }.get(trigger, {})
    if trigger == "set_aside":
        more |= desk.order(day)
        if day > END:
            more["given"]["valid_until"] = (day + 30 * DAY).isoformat()
    return desk.fire(trigger, day, **more)


@pytest.mark.parametrize(
    ("trigger", "state", "target"),
    [(trigger, state, target) for trigger, states, target in CONTRACT for state in states if trigger != "lapse"],
)
def test_a_trigger_fires_from_each_state_of_the_contract(sqlite_desk: Desk, trigger: str, state: str, target: str):
    day, back = come_to(sqlite_desk, state, trigger)
    assert sqlite_desk.shown(day)["state"] == state

    answer = fire_well(sqlite_desk, trigger, day)

    same = "certified" if state == "suspended" else state
    assert isinstance(answer, Done), answer
    assert sqlite_desk.seen(day)[0] == {"same": same, "back": back}.get(target, target)


@pytest.mark.parametrize("state", ["certified", "revalidation_due", "suspended"])
def test_the_clock_lapses_from_each_state_of_the_contract(sqlite_desk: Desk, state: str):
    come_to(sqlite_desk, state, "lapse")

    assert sqlite_desk.until(END + DAY).seen(END + DAY) == ("lapsed", "ended")


@pytest.mark.parametrize("state", STATES)
def test_every_other_trigger_is_refused(sqlite_desk: Desk, state: str):
    day, _ = come_to(sqlite_desk, state, "")
    elsewhere = [trigger for trigger, states, _ in CONTRACT if state not in states]
    by = {"officer": "officer", "open_revalidation": "supervisor"}

    refused = {trigger: sqlite_desk.codes(trigger, day, by.get(trigger, "approver")) for trigger in elsewhere}

    nothing_open = {"reinstate"} if state in ("certified", "revalidation_due") else set()
    assert {t: codes for t, codes in refused.items() if codes != {"WRONG_STATE"} and t not in nothing_open} == {}
    assert all("NOT_SUSPENDED" in refused[t] for t in nothing_open)
