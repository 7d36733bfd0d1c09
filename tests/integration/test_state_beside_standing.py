"""The office's table "state beside standing", row by row: register, renewal mail, what the end of validity does."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import builders as b
import pytest

from states.loader import load_programme
from workflow import models
from workflow.operations.recommend_outcome import recommend_outcome
from workflow.operations.sweep import sweep
from workflow.reports import cases, register
from workflow.store import editions
from workflow.store.office import Office

BEGIN, END = date(2026, 11, 23), date(2029, 11, 23)
DAY = timedelta(days=1)
COMPANY, MANAGER = "company", "account_manager"

Prepare = Callable[[Office, b.People, str], None]


@dataclass(frozen=True)
class Expected:
    """What the table says of a row."""

    state: str
    listed_as: str  # what the register shows while the certificate runs
    company_reads: frozenset[str]  # messages to the company between the preparation and the end
    after: tuple[str, str]  # state and standing the day after the last day
    told: str  # the message of the day after, empty for none


def at(office: Office, reference: str, day: date) -> tuple[str, str]:
    with office.database.snapshot() as connection:
        shown = cases.show(connection, office, reference=reference, now=b.morning_of(day))
    return shown["state"], shown["standing"]


def on_register(office: Office, day: date) -> list[tuple[str, str]]:
    with office.database.snapshot() as connection:
        return [(row["number"], row["standing"]) for row in register.listed(connection, office, day)]


def by(person, day: date):
    return b.act(person, b.morning_of(day))


def decided(office: Office, staff: b.People, reference: str, outcome: str, day: date, **more) -> None:
    """Let the officer recommend and the approver decide."""
    b.done(
        recommend_outcome(office, reference=reference, outcome=outcome, reason="As found.", act=by(staff.officer, day))
    )
    b.done(b.advance(office, by(staff.approver, day), reference, outcome, reason="As found.", **more))


def opened(office: Office, staff: b.People, reference: str) -> None:  # noqa: ARG001  # every row is prepared alike
    sweep(office, now=b.morning_of(END - 209 * DAY))


def renewed(office: Office, staff: b.People, reference: str) -> None:
    opened(office, staff, reference)
    officer = by(staff.officer, END - 208 * DAY)
    b.complete_pack(office, officer, reference)
    b.done(b.advance(office, officer, reference, "renew"))


def asked(office: Office, staff: b.People, reference: str) -> None:
    renewed(office, staff, reference)
    by_day = {"reply_by": "2031-01-01"}  # so that no reminder of the question itself comes between
    officer = by(staff.officer, END - 207 * DAY)
    b.done(b.advance(office, officer, reference, "request_information", reason="Where?", given=by_day))


def rejected(office: Office, staff: b.People, reference: str) -> None:
    renewed(office, staff, reference)
    decided(office, staff, reference, "reject", END - 200 * DAY, reason_code="criteria_not_met")


def withdrawn(office: Office, staff: b.People, reference: str) -> None:
    renewed(office, staff, reference)
    b.done(b.advance(office, by(staff.officer, END - 200 * DAY), reference, "withdraw", reason_code="request"))


def suspended(office: Office, staff: b.People, reference: str) -> None:
    decided(office, staff, reference, "suspend", END - 300 * DAY)


def suspended_when_due(office: Office, staff: b.People, reference: str) -> None:
    opened(office, staff, reference)
    decided(office, staff, reference, "suspend", END - 205 * DAY)


def suspended_under_review(office: Office, staff: b.People, reference: str) -> None:
    renewed(office, staff, reference)
    decided(office, staff, reference, "suspend", END - 205 * DAY)


RENEWAL_MAIL = frozenset({"renewal_invitation", "renewal_pack_due", "renewal_reminder", "renewal_last_day"})
ROWS: dict[str, tuple[Prepare, Expected]] = {
    "certified, revalidation_due": (
        opened,
        Expected(
            "revalidation_due",
            "in_force",
            RENEWAL_MAIL - {"renewal_invitation"},
            ("lapsed", "ended"),
            "certificate_ended",
        ),
    ),
    "review in a later cycle": (
        renewed,
        Expected(
            "checklist_review",
            "in_force",
            frozenset({"renewal_under_review"}),
            ("checklist_review", "ended"),
            "certificate_ended_under_review",
        ),
    ),
    "awaiting information in a later cycle": (
        asked,
        Expected(
            "awaiting_information",
            "in_force",
            frozenset({"renewal_waits_for_information"}),
            ("awaiting_information", "ended"),
            "certificate_ended_under_review",
        ),
    ),
    "rejected renewal, certificate running": (
        rejected,
        Expected("rejected", "in_force", frozenset({"certificate_ends"}), ("rejected", "ended"), "certificate_ended"),
    ),
    "withdrawn renewal, certificate running": (
        withdrawn,
        Expected("withdrawn", "in_force", frozenset({"certificate_ends"}), ("withdrawn", "ended"), "certificate_ended"),
    ),
    "suspended from certified": (
        suspended,
        Expected("suspended", "suspended", RENEWAL_MAIL, ("lapsed", "ended"), "certificate_ended"),
    ),
    "suspended from revalidation_due": (
        suspended_when_due,
        Expected(
            "suspended", "suspended", RENEWAL_MAIL - {"renewal_invitation"}, ("lapsed", "ended"), "certificate_ended"
        ),
    ),
    "suspended from a review": (
        suspended_under_review,
        Expected(
            "suspended",
            "suspended",
            frozenset({"renewal_under_review"}),
            ("checklist_review", "ended"),
            "certificate_ended_under_review",
        ),
    ),
}


def messages_to_the_company(office: Office) -> list[str]:
    rows = b.rows_of(office, models.Notification)
    return [row["message"] for row in rows if row["recipient"].startswith("contact:")]


@pytest.mark.parametrize(("prepare", "expected"), ROWS.values(), ids=ROWS)
def test_row(office: Office, prepare: Prepare, expected: Expected):
    staff = b.people(office)
    reference = b.certified_cheaply(office, staff, 1, valid_from=BEGIN)[0]
    prepare(office, staff, reference)
    before = len(messages_to_the_company(office))
    number = b.case_of(office, reference)["certificate_number"]
    day = END - 199 * DAY

    assert at(office, reference, day) == (expected.state, expected.listed_as)
    assert on_register(office, day) == [(number, expected.listed_as)]
    while day <= END:  # every day, as a clock that never stops
        sweep(office, now=b.morning_of(day))
        day += DAY
    assert set(messages_to_the_company(office)[before:]) == expected.company_reads
    assert on_register(office, END) == [(number, expected.listed_as)]
    assert on_register(office, END + DAY) == []
    assert at(office, reference, END + DAY)[1] == "ended"  # whether the clock has run or not
    sent = len(messages_to_the_company(office))
    sweep(office, now=b.morning_of(END + DAY))
    assert at(office, reference, END + DAY) == expected.after
    assert messages_to_the_company(office)[sent:] == [expected.told]
    assert sweep(office, now=b.morning_of(END + 400 * DAY)).done == []


def test_row_certified_early_with_the_new_certificate_pending(office: Office):
    staff = b.people(office)
    reference = b.certified_cheaply(office, staff, 1, valid_from=BEGIN)[0]
    decision_day = END - 120 * DAY
    certified_again(office, staff, reference, decision_day)
    numbers = [row["number"] for row in b.rows_of(office, models.Certificate)]
    before = len(messages_to_the_company(office))

    for offset in range(119, -3, -1):
        sweep(office, now=b.morning_of(END - offset * DAY))

    assert messages_to_the_company(office)[before:] == []  # none for the old one
    assert on_register(office, END) == [(numbers[0], "in_force")]
    assert on_register(office, END + DAY) == [(numbers[1], "in_force")]
    assert at(office, reference, END + DAY) == ("certified", "in_force")
    day = END - 60 * DAY
    decided(office, staff, reference, "suspend", END + 3 * DAY)
    assert on_register(office, END + 4 * DAY) == [(numbers[1], "suspended")]
    assert on_register(office, day) == [(numbers[0], "in_force")]  # what was published then


def certified_again(office: Office, staff: b.People, reference: str, day: date) -> None:
    """Carry a renewal from the pack to the decision on one day."""
    officer = by(staff.officer, day)
    b.complete_pack(office, officer, reference)
    b.done(b.advance(office, officer, reference, "renew"))
    b.answered_and_assessed(office, officer, reference)
    b.done(b.advance(office, officer, reference, "pass_checklist"))
    b.visited_and_assessed(office, officer, reference, day)
    decided(office, staff, reference, "certify", day)


@pytest.fixture
def with_rules(office: Office, stp_text: str):
    """Install an edition of STP with other rules of renewal; new cases start under it."""

    def install(*changes: tuple[str, str]) -> Office:
        text = stp_text.replace('edition = "2026-02"', 'edition = "2026-03"')
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        with office.database.transaction() as transaction:
            editions.install(transaction.connection, load_programme(text, file="changed.toml"), now=b.NOW)
        return office

    return install


ENDS = 'pending_at_expiry = "ends"'


class TestPendingAtExpiry:
    """What happens to a certificate whose renewal is undecided on its last day is programme data."""

    def test_continues_until_decided(self, with_rules):
        office = with_rules((ENDS, 'pending_at_expiry = "continues_until_decided"'))
        staff = b.people(office)
        reference = b.certified_cheaply(office, staff, 1, valid_from=BEGIN)[0]
        renewed(office, staff, reference)
        sweep(office, now=b.morning_of(END + 300 * DAY))
        running = at(office, reference, END + 300 * DAY)
        number = b.case_of(office, reference)["certificate_number"]
        decided(office, staff, reference, "reject", END + 301 * DAY, reason_code="criteria_not_met")

        assert running == ("checklist_review", "in_force")
        assert on_register(office, END + 301 * DAY) == [(number, "in_force")]  # on the whole of the decision day
        assert on_register(office, END + 302 * DAY) == []
        assert at(office, reference, END + 302 * DAY) == ("rejected", "ended")

    def test_a_certificate_that_continued_gives_way_on_the_decision_day(self, with_rules):
        office = with_rules((ENDS, 'pending_at_expiry = "continues_until_decided"'))
        staff = b.people(office)
        reference = b.certified_cheaply(office, staff, 1, valid_from=BEGIN)[0]
        opened(office, staff, reference)
        late = END + 50 * DAY
        officer = by(staff.officer, END - 100 * DAY)
        b.complete_pack(office, officer, reference)
        b.done(b.advance(office, officer, reference, "renew"))
        sweep(office, now=b.morning_of(late))
        officer = by(staff.officer, late)
        b.answered_and_assessed(office, officer, reference)
        b.done(b.advance(office, officer, reference, "pass_checklist"))
        b.visited_and_assessed(office, officer, reference, late)
        decided(office, staff, reference, "certify", late)
        old, new = (row["number"] for row in b.rows_of(office, models.Certificate))

        assert on_register(office, late - DAY) == [(old, "in_force")]
        assert on_register(office, late) == [(new, "in_force")]
        assert at(office, reference, late) == ("certified", "in_force")

    def test_continues_for_so_many_days(self, with_rules):
        office = with_rules((ENDS, 'pending_at_expiry = "continues_days"\ncontinues_days = 30'))
        staff = b.people(office)
        reference = b.certified_cheaply(office, staff, 1, valid_from=BEGIN)[0]
        renewed(office, staff, reference)
        sweep(office, now=b.morning_of(END + 30 * DAY))
        running = at(office, reference, END + 30 * DAY)
        sweep(office, now=b.morning_of(END + 31 * DAY))

        assert running == ("checklist_review", "in_force")
        assert at(office, reference, END + 31 * DAY) == ("checklist_review", "ended")
        assert on_register(office, END + 31 * DAY) == []
        assert messages_to_the_company(office)[-1] == "certificate_ended_under_review"


def test_a_programme_may_let_a_renewed_certificate_begin_on_the_decision_day(with_rules):
    office = with_rules(('renewal_starts = "day_after"', 'renewal_starts = "decision_day"'))
    staff = b.people(office)
    reference = b.certified_cheaply(office, staff, 1, valid_from=BEGIN)[0]
    day = END - 100 * DAY
    certified_again(office, staff, reference, day)
    old, new = (row["number"] for row in b.rows_of(office, models.Certificate))

    assert on_register(office, day - DAY) == [(old, "in_force")]
    assert on_register(office, day) == [(new, "in_force")]
    assert on_register(office, END + DAY) == [(new, "in_force")]
    assert at(office, reference, END + DAY) == ("certified", "in_force")
