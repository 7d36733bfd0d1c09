"""What the clock will do as a table, for a spreadsheet, for programs and for a subscribed calendar."""

import csv
import io
from datetime import date, timedelta

import builders as b
import pytest
from console import Console
from icalendar import Calendar
from sqlalchemy import update

from states.facts import OPERATOR
from workflow import models
from workflow.models.base import table_of
from workflow.operations.sweep import sweep
from workflow.reports.calendar import as_ics, calendar
from workflow.store.office import Office

LAST = date(2029, 11, 23)
ASKED = ("calendar", "--from", "2026-01-01", "--to", "2031-01-01")


@pytest.fixture
def case(aeo: Console, sqlite_office: Office, monkeypatch: pytest.MonkeyPatch) -> str:  # noqa: ARG001  # its environment
    """A certified case in the database that the command line finds; its company has a name that a spreadsheet runs."""
    url = sqlite_office.database.writer.url.render_as_string(hide_password=False)
    monkeypatch.setenv("AEO_DATABASE_URL", url)
    reference = b.certified_cheaply(sqlite_office, b.people(sqlite_office), 1)[0]
    companies = table_of(models.Company)
    with sqlite_office.database.transaction() as transaction:
        transaction.connection.execute(update(companies).values(name='=HYPERLINK("x"); Quillhaven, Ltd.'))
    return reference


def events(content: str | bytes) -> dict[str, dict[str, str]]:
    """Read a calendar back, by the rule in the summary."""
    found = Calendar.from_ical(content).walk("VEVENT")
    return {
        str(event["summary"]).split()[0]: {
            name: str(event.decoded(name)) for name in ("sequence", "dtstart", "dtstamp")
        }
        | {name: str(event[name]) for name in ("uid", "summary", "description", "status")}
        for event in found
    }


class TestCommand:
    def test_prints_a_table_unless_told_otherwise(self, aeo: Console, case: str):
        first = aeo(*ASKED).splitlines()[0].split()

        assert first == ["due", "on", "application", "company", "name", "rule", "audience", "message", "status"]
        assert case in aeo(*ASKED)

    def test_prints_json_with_the_promised_members(self, aeo: Console, case: str):
        (last_day,) = [row for row in aeo.json(*ASKED) if row["rule"] == "T-0"]

        promised = "application certificate valid_from valid_until rule due_on due_at audience message status"
        assert set(promised.split()) <= set(last_day)
        assert (last_day["application"], last_day["due_on"]) == (case, "2029-11-23")
        assert (last_day["due_at"], last_day["time_zone"]) == ("2029-11-23T00:00:00+00:00", "Asia/Singapore")

    @pytest.mark.usefixtures("case")
    def test_prints_csv_that_no_spreadsheet_runs(self, aeo: Console):
        rows = list(csv.DictReader(io.StringIO(aeo(*ASKED, "--format", "csv"))))

        (last_day,) = [row for row in rows if row["rule"] == "T-0"]
        assert last_day["company_name"] == '\'=HYPERLINK("x"); Quillhaven, Ltd.'
        assert (last_day["due_at"], last_day["time_zone"]) == ("2029-11-23T08:00:00+08:00", "Asia/Singapore")
        assert len(rows) == 13

    @pytest.mark.usefixtures("case")
    def test_prints_the_heading_of_csv_also_for_nothing(self, aeo: Console):
        nothing = aeo("calendar", "--from", "2026-01-01", "--to", "2026-01-02", "--format", "csv")

        assert nothing.split(",")[:3] == ["due_on", "due_at", "time_zone"]

    def test_prints_a_calendar_file(self, aeo: Console, case: str):
        found = events(aeo(*ASKED, "--format", "ics"))

        assert len(found) == 13
        last_day = found["T-0"]
        assert (last_day["dtstart"], last_day["status"], last_day["sequence"]) == ("2029-11-23", "CONFIRMED", "0")
        assert last_day["summary"] == 'T-0 renewal last day: =HYPERLINK("x"); Quillhaven, Ltd.'
        assert last_day["description"].splitlines() == [
            f"Case {case}",
            "Certificate STP-2026-C00001, 2026-11-23 to 2029-11-23",
            "For: company, account manager",
            "At 2029-11-23 08:00, Asia/Singapore",
            "Planned",
        ]

    def test_prints_one_managers_calendar(self, aeo: Console, case: str):
        of = (*ASKED, "--format", "ics", "--account-manager")

        assert case in aeo(*of, "dewi.lestari@customs.example")
        assert case not in aeo(*of, "adeline.goh@customs.example")

    def test_refuses_another_format(self, aeo: Console, case: str):  # noqa: ARG002  # a database is there
        assert "table, csv, json, ics" in aeo(*ASKED, "--format", "pdf", expect=2)


class TestSubscription:
    """What a calendar program that asks again is told."""

    @staticmethod
    def published(office: Office) -> bytes:
        with office.database.snapshot() as connection:
            return as_ics("All", calendar(connection, office, viewer=OPERATOR, first=b.TODAY, last=date(2031, 1, 1)))

    def test_changes_nothing_while_nothing_happens(self, sqlite_office: Office):
        b.certified_cheaply(sqlite_office, b.people(sqlite_office), 2)

        assert self.published(sqlite_office) == self.published(sqlite_office)

    def test_keeps_what_was_done_and_drops_what_was_overtaken(self, sqlite_office: Office):
        b.certified_cheaply(sqlite_office, b.people(sqlite_office), 1)
        before = events(self.published(sqlite_office))

        sweep(sqlite_office, now=b.morning_of(LAST - timedelta(days=100)))

        after = events(self.published(sqlite_office))
        assert {rule: one["uid"] for rule, one in after.items()} == {rule: one["uid"] for rule, one in before.items()}
        assert (after["T-120"]["status"], after["T-120"]["sequence"]) == ("CONFIRMED", "0")
        assert (after["T-150"]["status"], after["T-150"]["sequence"]) == ("CANCELLED", "1")
        assert after["T-150"]["description"].endswith("Superseded: overtaken by T-120")
        assert after["T-150"]["dtstamp"] > before["T-150"]["dtstamp"]

    def test_shows_what_was_moved_in_its_newest_place_only(self, sqlite_office: Office):
        b.certified_cheaply(sqlite_office, b.people(sqlite_office), 1)
        before = events(self.published(sqlite_office))["T-30"]

        move(sqlite_office, "T-30", timedelta(days=-1))

        after = events(self.published(sqlite_office))["T-30"]
        assert (before["uid"], before["sequence"]) == (after["uid"], "0")
        assert (after["sequence"], after["status"]) == ("2", "CONFIRMED")
        assert date.fromisoformat(after["dtstart"]) == date.fromisoformat(before["dtstart"]) - timedelta(days=1)
        assert len(events(self.published(sqlite_office))) == 13

    def test_names_the_installation_in_every_event(self, sqlite_office: Office):
        b.certified_cheaply(sqlite_office, b.people(sqlite_office), 2)

        uids = [str(event["uid"]) for event in Calendar.from_ical(self.published(sqlite_office)).walk("VEVENT")]

        assert len(set(uids)) == 26
        assert all(uid.endswith("@test.example") for uid in uids)


def move(office: Office, rule: str, by: timedelta) -> None:
    """Plan a reminder anew on another day, as for a holiday gazetted later."""
    planned = table_of(models.PlannedAction)
    (row,) = b.rows_of(office, models.PlannedAction, rule=rule)
    moved = {"id": None, "revision": 2, "due_on": row["due_on"] + by, "due_at": row["due_at"] + by}
    settled = {"status": "superseded", "outcome": "a holiday was gazetted", "settled_at": b.NOW}
    with office.database.transaction() as transaction:
        connection = transaction.connection
        connection.execute(update(planned).where(planned.c.id == row["id"]).values(settled))
        connection.execute(planned.insert(), {name: value for name, value in (row | moved).items() if name != "id"})
