"""What a company said when somebody spoke with it: who may note it, what rests because of it, and for how long."""

from datetime import date, timedelta

import builders
import pytest

from states.definition import Programme
from states.loader import load_programme
from workflow import models
from workflow.decisions.outcome import Done, Outcome, Refused
from workflow.errors import BadInput
from workflow.operations.note_contact import note_contact
from workflow.operations.sweep import sweep
from workflow.store import editions
from workflow.store.office import Office

DAY = timedelta(days=1)
FROM = date(2026, 11, 23)
LAST = date(2029, 11, 23)
OPENED = LAST - 210 * DAY
NOT_STARTED = LAST - 180 * DAY  # T-180, a Sunday: it is due on the Friday before
CALLED = OPENED + 5 * DAY


def contacted(office: Office, reference: str, who: str = "account_manager", on: date = CALLED, **more) -> Outcome:
    by = builders.act(getattr(builders.people(office), who), builders.morning_of(on))
    given = {"expects_on": NOT_STARTED + 30 * DAY, "note": "The new compliance officer files in June."} | more
    return note_contact(office, reference=reference, act=by, **given)


def fate(office: Office, rule: str) -> tuple[str, str]:
    (row,) = builders.rows_of(office, models.PlannedAction, rule=rule)
    return row["status"], row["outcome"]


def invited(office: Office, **overrides) -> str:
    """A certified case whose renewal has been opened."""
    reference = builders.certified(office, builders.people(office), valid_from=FROM, **overrides)
    sweep(office, now=builders.morning_of(OPENED))
    return reference


def chatty(stp_text: str) -> Programme:
    """The same rules with reminders to the account manager alone at T-120 and T-30, whatever a company does."""
    text = stp_text.replace('edition = "2026-03"', 'edition = "2026-04"').replace('unless = ["draft", "contact"]\n', "")
    for days in (120, 30):
        old = f'offset_days = -{days}\nmessage = "renewal_reminder"\naudience = ["company", "account_manager", "supervisor"]'
        assert old in text
        text = text.replace(old, old.replace('"company", "account_manager", "supervisor"', '"account_manager"'), 1)
    return load_programme(text, file="chatty.toml")


@pytest.fixture
def chatty_office(office: Office, stp_text: str) -> Office:
    with office.database.transaction() as transaction:
        editions.install(transaction.connection, chatty(stp_text), now=builders.NOW)
    return office


class TestNoting:
    def test_keeps_the_contact_and_leaves_a_trace(self, office: Office):
        reference = invited(office)

        done = builders.done(contacted(office, reference))

        (note,) = builders.rows_of(office, models.ContactNote)
        assert (note["cycle"], note["contacted_on"], note["expects_on"]) == (2, CALLED, NOT_STARTED + 30 * DAY)
        entry = builders.entries_of(office, reference)[-1]
        assert (entry["kind"], entry["role"]) == ("case:contact:noted", "account_manager")
        assert done.sentence.startswith("Quillhaven Logistics Pte. Ltd. expects to file by Tue 26 Jun 2029")

    @pytest.mark.parametrize("who", ["account_manager", "officer", "supervisor"])
    def test_is_open_to_those_who_speak_with_companies(self, sqlite_office: Office, who: str):
        assert isinstance(contacted(sqlite_office, invited(sqlite_office), who), Done)

    @pytest.mark.parametrize("who", ["approver", "auditor"])
    def test_is_refused_to_others(self, sqlite_office: Office, who: str):
        refused = contacted(sqlite_office, invited(sqlite_office), who)

        assert isinstance(refused, Refused)
        assert [one.code for one in refused.unmet] == ["WRONG_ROLE"]
        assert builders.rows_of(sqlite_office, models.ContactNote) == []

    def test_is_refused_to_an_account_manager_of_other_companies(self, sqlite_office: Office):
        reference = invited(sqlite_office)
        other = builders.another_person(sqlite_office, "p-91", "Hana Mori", "account_manager", "approver")

        refused = note_contact(
            sqlite_office,
            reference=reference,
            expects_on=NOT_STARTED,
            note="They called.",
            act=builders.act(other, builders.morning_of(CALLED)),
        )

        assert isinstance(refused, Refused)
        assert [one.code for one in refused.unmet] == ["NOT_YOURS"]
        assert builders.entries_of(sqlite_office, reference)[-1]["kind"] == "case:deed:refused"

    def test_is_refused_where_no_renewal_is_ahead(self, sqlite_office: Office):
        staff = builders.people(sqlite_office)
        reference = builders.submit(sqlite_office, builders.act(staff.officer))

        refused = contacted(sqlite_office, reference, "officer", builders.TODAY)

        assert isinstance(refused, Refused)
        assert [one.code for one in refused.unmet] == ["NO_RENEWAL_AHEAD"]

    def test_is_refused_once_the_pack_is_here(self, sqlite_office: Office):
        reference = invited(sqlite_office)
        officer = builders.act(builders.people(sqlite_office).officer, builders.morning_of(CALLED))
        builders.complete_pack(sqlite_office, officer, reference)
        builders.done(builders.advance(sqlite_office, officer, reference, "renew"))

        refused = contacted(sqlite_office, reference)

        assert isinstance(refused, Refused)
        assert [one.code for one in refused.unmet] == ["NO_RENEWAL_AHEAD"]

    @pytest.mark.parametrize(
        ("given", "code"),
        [
            ({"expects_on": CALLED - DAY}, "DATE_ORDER"),
            ({"contacted_on": CALLED + DAY}, "DATE_ORDER"),
            ({"note": " "}, "TEXT_EMPTY"),
        ],
    )
    def test_takes_no_day_out_of_order_and_no_empty_note(self, sqlite_office: Office, given: dict, code: str):
        reference = invited(sqlite_office)

        with pytest.raises(BadInput) as refused:
            contacted(sqlite_office, reference, **given)

        assert refused.value.code == code


class TestT180:
    """It asks whether a renewal has begun at all."""

    def test_goes_to_the_manager_alone_where_nothing_is_known(self, office: Office):
        invited(office)

        sweep(office, now=builders.morning_of(NOT_STARTED))

        (row,) = builders.rows_of(office, models.Notification, message="renewal_not_started")
        assert fate(office, "T-180") == ("done", "1 recipient")
        assert (row["recipient"], row["bundled"]) == ("account_manager", True)

    def test_does_not_go_out_after_a_contact(self, office: Office):
        reference = invited(office)
        builders.done(contacted(office, reference, expects_on=CALLED))

        sweep(office, now=builders.morning_of(NOT_STARTED))

        assert fate(office, "T-180") == ("superseded", f"the company was contacted on {CALLED.isoformat()}")
        assert builders.rows_of(office, models.Notification, message="renewal_not_started") == []

    def test_does_not_go_out_once_a_draft_is_there(self, office: Office):
        reference = invited(office)
        officer = builders.act(builders.people(office).officer, builders.morning_of(CALLED))
        builders.add(office, officer, reference, "application_form")

        sweep(office, now=builders.morning_of(NOT_STARTED))

        assert fate(office, "T-180") == ("superseded", "the company has begun its renewal")

    def test_goes_out_where_only_a_courts_order_is_there(self, office: Office):
        reference = invited(office)
        officer = builders.act(builders.people(office).officer, builders.morning_of(CALLED))
        builders.add(office, officer, reference, "order")

        sweep(office, now=builders.morning_of(NOT_STARTED))

        assert fate(office, "T-180")[0] == "done"

    def test_counts_no_contact_of_a_cycle_before(self, office: Office):
        reference = invited(office)
        row = {"application_id": builders.case_of(office, reference)["id"], "cycle": 1, "note": "Of the first one."}
        more = {"contacted_on": FROM, "expects_on": LAST, "recorded_by": "p-01", "recorded_at": builders.NOW}
        with office.database.transaction() as transaction:
            transaction.connection.execute(models.ContactNote.__table__.insert(), row | more)

        sweep(office, now=builders.morning_of(NOT_STARTED))

        assert fate(office, "T-180")[0] == "done"

    def test_is_shown_resting_by_a_dry_run(self, office: Office):
        reference = invited(office)
        contacted(office, reference)

        rehearsed = sweep(office, now=builders.morning_of(NOT_STARTED), dry_run=True)

        assert [(one["rule"], one["status"]) for one in rehearsed.done] == [("T-180", "superseded")]
        assert fate(office, "T-180") == ("planned", "")


class TestMuting:
    def test_lasts_to_the_day_itself(self, chatty_office: Office):
        reference = invited(chatty_office)
        contacted(chatty_office, reference, expects_on=NOT_STARTED)

        sweep(chatty_office, now=builders.morning_of(NOT_STARTED))

        assert fate(chatty_office, "T-180") == ("superseded", f"contacted, files by {NOT_STARTED} expected")

    def test_is_over_on_the_day_after(self, chatty_office: Office):
        reference = invited(chatty_office)
        contacted(chatty_office, reference, expects_on=NOT_STARTED - 3 * DAY)

        sweep(chatty_office, now=builders.morning_of(NOT_STARTED))

        assert fate(chatty_office, "T-180")[0] == "done"

    def test_follows_the_newest_note(self, chatty_office: Office):
        reference = invited(chatty_office)
        contacted(chatty_office, reference, expects_on=LAST)
        contacted(chatty_office, reference, expects_on=CALLED + DAY, on=CALLED + DAY)

        sweep(chatty_office, now=builders.morning_of(NOT_STARTED))

        assert fate(chatty_office, "T-180")[0] == "done"

    def test_spares_the_manager_nothing_close_to_the_end_and_the_company_nothing_ever(self, chatty_office: Office):
        reference = invited(chatty_office)
        contacted(chatty_office, reference, expects_on=LAST)

        for days in (180, 150, 120, 90, 60, 30):
            sweep(chatty_office, now=builders.morning_of(LAST - days * DAY))

        muted = ("superseded", f"contacted, files by {LAST} expected")
        assert [fate(chatty_office, rule) for rule in ("T-180", "T-120")] == [muted, muted]
        assert {fate(chatty_office, rule)[0] for rule in ("T-150", "T-90", "T-60", "T-30")} == {"done"}

    def test_leaves_an_older_one_to_the_company_its_turn(self, chatty_office: Office):
        """Down since before T-150, up at T-120: the muted one for the manager must not stand in for it."""
        reference = invited(chatty_office)
        contacted(chatty_office, reference, expects_on=LAST)

        sweep(chatty_office, now=builders.morning_of(LAST - 120 * DAY))

        assert fate(chatty_office, "T-150")[0] == "done"
        assert fate(chatty_office, "T-120")[0] == "superseded"


class TestBundling:
    def test_is_for_reminders_to_account_managers_alone(self, office: Office):
        invited(office)

        sweep(office, now=builders.morning_of(NOT_STARTED))
        sweep(office, now=builders.morning_of(LAST - 150 * DAY))

        rows = builders.rows_of(office, models.Notification)
        bundled = {row["message"] for row in rows if row["bundled"]}
        assert bundled == {"renewal_not_started"}
        assert {"renewal_invitation", "renewal_pack_due"} <= {row["message"] for row in rows if not row["bundled"]}
