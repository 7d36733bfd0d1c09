"""A recommendation is taken back while nobody has decided: nothing can be decided on it then, and who made it took part all the same."""

from datetime import timedelta

import builders as b
import pytest

from workflow import models
from workflow.audit.wording import in_words
from workflow.decisions.outcome import Refused
from workflow.errors import BadInput, StaleVersion
from workflow.operations.take_back_recommendation import take_back_recommendation
from workflow.reports import approvals, exceptions
from workflow.reports.log_replay import replay
from workflow.store.office import Office

SOON, LATER = b.NOW + timedelta(minutes=1), b.NOW + timedelta(minutes=2)


@pytest.fixture
def staff(office: Office) -> b.People:
    return b.people(office)


@pytest.fixture
def case(office: Office, staff: b.People) -> str:
    """Recommended to be certified by the officer, decided by nobody."""
    return b.ready_to_certify(office, staff)


def take_back(office, reference, person, *, now=SOON, **more):
    given = {"reason": "The seal log of Jurong came in."} | more
    return take_back_recommendation(office, reference=reference, act=b.act(person, now), **given)


def codes(answer):
    assert isinstance(answer, Refused), answer
    return [one.code for one in answer.unmet]


@pytest.mark.parametrize("part", ["officer", "supervisor"])
def test_the_case_waits_for_an_officer_again_and_nobody_can_decide(office, staff, case, part):
    told = b.done(take_back(office, case, getattr(staff, part)))

    assert told.sentence == f"The recommendation to certify {case} is taken back."
    row = b.case_of(office, case)
    assert (row["state"], row["waits_for"]) == ("validation", "officer")
    assert row["next_step"] == "Visit, record the band, recommend, decide"
    with office.database.snapshot() as connection:
        assert approvals.waiting_cases(connection, office, viewer=staff.approver, now=SOON) == []
    refused = b.advance(office, b.act(staff.approver, LATER), case, "certify")
    assert codes(refused) == ["RECOMMENDATION_MISSING"]


def test_the_trail_says_so_in_words_and_tables_and_log_agree(office, staff, case):
    with office.database.snapshot() as connection:
        before = list(replay(connection, office.editions))

    b.done(take_back(office, case, staff.officer))

    entry = b.entries_of(office, case)[-1]
    assert entry["kind"] == "case:recommendation:taken_back"
    assert in_words(entry) == "Recommendation to certify taken back: The seal log of Jurong came in."
    with office.database.snapshot() as connection:
        assert list(replay(connection, office.editions)) == before
    assert [row["outcome"] for row in b.rows_of(office, models.Recommendation)] == ["certify", ""]


def test_who_recommended_does_not_decide_and_who_took_it_back_did_not_take_part(office, staff):
    both = b.another_person(office, "p-50", "Lee Jia Hui", "officer", "approver")
    reference = b.in_validation(office, staff)
    b.visited_and_assessed(office, b.act(staff.officer), reference, b.TODAY)
    recommend = {"reference": reference, "outcome": "certify", "reason": "Met."}
    b.done(b.recommend_outcome(office, act=b.act(both), **recommend))
    b.done(take_back(office, reference, both))
    b.done(b.recommend_outcome(office, act=b.act(staff.officer, LATER), **recommend))

    assert codes(b.advance(office, b.act(both, LATER), reference, "certify")) == ["FOUR_EYES"]
    deeds = b.rows_of(office, models.Participation, deed="recommended")
    assert {row["officer_id"] for row in deeds} == {both.id, staff.officer.id}
    b.done(b.advance(office, b.act(staff.approver, LATER), reference, "certify"))


def test_only_who_recommended_and_supervisors_may_and_the_refusal_names_them(office, staff, case):
    other = b.another_person(office, "p-51", "Ravi Menon", "officer")

    for person in (other, staff.approver):
        refused = take_back(office, case, person)
        assert codes(refused) == ["WRONG_ROLE"]
        assert refused.unmet[0].who == "Adeline Goh or Edmund Tan"
        assert b.entries_of(office, case)[-1]["kind"] == "case:deed:refused"

    assert b.case_of(office, case)["waits_for"] == "approver"


def test_what_was_decided_on_or_taken_back_is_not_open(office, staff, case):
    b.done(take_back(office, case, staff.officer))
    assert codes(take_back(office, case, staff.officer, now=LATER)) == ["RECOMMENDATION_MISSING"]
    decided = b.certified(office, staff)

    assert codes(take_back(office, decided, staff.supervisor)) == ["RECOMMENDATION_MISSING"]


def test_one_about_a_running_certificate_leaves_it_to_the_clock(office, staff):
    reference = b.certified(office, staff)
    recommend = {"reference": reference, "outcome": "suspend", "reason": "Records are missing."}
    b.done(b.recommend_outcome(office, act=b.act(staff.officer, SOON), **recommend))

    b.done(take_back(office, reference, staff.officer, now=LATER))

    row = b.case_of(office, reference)
    assert (row["waits_for"], row["next_step"]) == ("clock", "Nothing until revalidation opens")


def test_an_emergency_soon_after_is_no_hasty_decision_on_it(office, staff):
    reference = b.certified(office, staff)
    recommend = {"reference": reference, "outcome": "suspend", "reason": "Records are missing."}
    b.done(b.recommend_outcome(office, act=b.act(staff.officer, SOON), **recommend))
    b.done(take_back(office, reference, staff.officer, now=SOON + timedelta(seconds=5)))
    b.done(b.advance(office, b.act(staff.approver, LATER), reference, "suspend", reason="x", reason_code="emergency"))

    with office.database.snapshot() as connection:
        found = exceptions.exceptions(connection, office, kind="quick_decision")
    assert [row["what"] for row in found if row["what"].startswith("Suspend")] == []


def test_it_takes_a_reason_and_the_version_that_was_read_and_is_done_once(office, staff, case):
    for reason in ("", " "):
        with pytest.raises(BadInput):
            take_back(office, case, staff.officer, reason=reason)
    with pytest.raises(StaleVersion):
        take_back(office, case, staff.officer, version=1)

    first, second = (b.done(take_back(office, case, staff.officer, idempotency_key="k")) for _ in "12")

    assert (first, second.before is not None) == (second, True)
