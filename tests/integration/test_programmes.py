"""Programmes as an installation holds them: acceptance, editions side by side."""

from dataclasses import replace

import builders as b
import pytest

from states.facts import Person
from workflow.decisions.outcome import Refused
from workflow.errors import NotPermitted
from workflow.operations.accept_programme import accept_programme
from workflow.store.office import Office

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
