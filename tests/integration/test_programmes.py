"""Programmes as an installation holds them: acceptance, editions side by side."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import builders as b
import pytest

from states.facts import Person
from states.loader import load_programme
from workflow import models
from workflow.decisions.outcome import Refused
from workflow.errors import NotPermitted
from workflow.operations.accept_programme import accept_programme
from workflow.operations.recommend_outcome import recommend_outcome
from workflow.operations.set_band import set_band
from workflow.reports.reminder_proof import prove
from workflow.store import editions
from workflow.store.office import Office

PLUS_FILE = Path(__file__).parents[2] / "states" / "programmes" / "stp_plus.toml"
ADMIN = ("p-07", "Rosnah Yusof", "admin")


def codes(outcome) -> set[str]:
    return {unmet.code for unmet in outcome.unmet} if isinstance(outcome, Refused) else set()


class TestAccept:
    def test_production_certifies_nobody_on_placeholder_criteria_until_an_admin_accepts_them(self, office: Office):
        production, staff = replace(office, production=True), b.people(office)
        reference = b.ready_to_certify(office, staff)

        before = b.advance(production, b.act(staff.approver), reference, "certify")
        accept_programme(production, code="STP", act=b.act(b.another_person(office, *ADMIN)))
        after = b.advance(production, b.act(staff.approver), reference, "certify")

        assert codes(before) == {"CRITERIA_NOT_ACCEPTED"}
        assert codes(after) == set()

    def test_is_the_admins_and_done_once(self, office: Office):
        staff, admin = b.people(office), b.another_person(office, *ADMIN)

        with pytest.raises(NotPermitted):
            accept_programme(office, code="STP", act=b.act(staff.supervisor))
        accept_programme(office, code="STP", act=b.act(admin))
        again = accept_programme(office, code="STP", act=b.act(Person(*ADMIN[:2], frozenset({"admin"}))))

        assert "accepted before" in again.sentence


class TestBandOfARunningCertificate:
    """STP-PLUS runs three years whatever the band: one that ends sooner reminds, and never shortens."""

    @pytest.fixture
    def plus(self, office: Office) -> Office:
        with office.database.transaction() as transaction:
            programme = load_programme(PLUS_FILE.read_text(encoding="utf-8"), file=PLUS_FILE.name)
            editions.install(transaction.connection, programme, now=b.NOW)
        return office

    def test_that_ends_sooner_reminds_and_never_shortens(self, plus: Office):
        staff = b.people(plus)
        officer, uen = b.act(staff.officer), b.valid_uen(90_001)
        reference = b.submit(plus, officer, programme="STP-PLUS", uen=uen)
        b.complete_pack(plus, officer, reference)
        b.done(b.advance(plus, officer, reference, "start_review"))
        b.answered_and_assessed(plus, officer, reference)
        b.done(b.advance(plus, officer, reference, "pass_checklist"))
        b.visited_and_assessed(plus, officer, reference, b.TODAY)
        b.done(recommend_outcome(plus, reference=reference, outcome="certify", reason="Met.", act=officer))
        later = b.act(staff.approver, b.NOW + timedelta(days=30))
        b.done(b.advance(plus, later, reference, "certify"))
        first = band_rows(plus)

        older = {"band": "Standard", "assessed_on": b.TODAY - timedelta(days=900)}
        b.done(set_band(plus, uen=uen, act=b.act(staff.officer, b.NOW + timedelta(days=300)), **older))
        assert (band_rows(plus), b.rows_of(plus, models.Task)) == (first, [])

        newer = b.act(staff.officer, b.NOW + timedelta(days=400))
        b.done(set_band(plus, uen=uen, band="Enhanced", assessed_on=b.local_today(newer.now), act=newer))

        case = b.case_of(plus, reference)
        assert str(case["valid_until"]) == "2029-12-23"  # three years from the decision, the band ends a month before
        assert [(row["rule"], str(row["due_on"])) for row in first] == [("B-90", "2029-08-24"), ("B-30", "2029-10-24")]
        assert {row["status"] for row in band_rows(plus)} == {"superseded"}  # the newer one reaches beyond the end
        assert [task["role"] for task in b.rows_of(plus, models.Task)] == [
            "supervisor"
        ]  # below Premium: a person chooses
        with plus.database.snapshot() as connection:
            ever = (b.TODAY, b.TODAY + timedelta(days=3000))
            assert prove(connection, plus, first=ever[0], last=ever[1], now=newer.now).unaccounted == []


def band_rows(office: Office) -> list[dict]:
    return [row for row in b.rows_of(office, models.PlannedAction) if row["subject"] == "band"]
