"""What an auditor asks, as people type it, and a case whose records are disposed of by two people; on both databases."""

import csv
import json
from datetime import date

import pytest
from console import (
    ADMIN,
    AUDITOR,
    OFFICER,
    SECOND_OFFICER,
    SUPERVISOR,
    Console,
    submit,
)
from practice import BEGIN, Office, days

from workflow.operations.demonstration import valid_uen

LATER = date(2034, 1, 9)
QUESTIONS = ("exceptions",), ("access", "--on", "2026-11-23"), ("stops",), ("sample", "--seed", "7")


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines()))


@pytest.fixture
def desk(office: Console, monkeypatch: pytest.MonkeyPatch) -> Office:
    """A staffed office on SQLite alone, whose clock the journey sets."""
    return Office(office, monkeypatch)


def test_questions_are_answered_to_auditors_and_supervisors_alone(office: Console) -> None:
    submit(office)

    for question in QUESTIONS:
        said = [office("audit", *question, "--as", who, expect=1) for who in (OFFICER, ADMIN)]
        assert {one.partition("takes ")[2] for one in said} == {"an auditor or a supervisor. Act as one with --as."}
        for who in (AUDITOR, SUPERVISOR):
            office("audit", *question, "--as", who)
        assert "Say who acts" in office("audit", *question, expect=2)


def test_exceptions_come_as_a_table_csv_and_json(casework: Office) -> None:
    reference = casework.submitted(received_on="2026-11-20")
    ask = ("audit", "exceptions", "--as", AUDITOR)

    (shown,) = casework.aeo.json(*ask)
    table, sheet = casework.aeo(*ask), casework.aeo(*ask, "--format", "csv")

    assert (shown["kind"], shown["application"], shown["who"]) == ("backdating", reference, "Tan Wei Ming")
    assert "received on 2026-11-20" in table
    assert rows(sheet)[0]["reason"] == "received on 2026-11-20"
    assert "Nothing out of the ordinary" in casework.aeo(*ask, "--kind", "waiver")
    assert "does not exist. Known: waiver" in casework.aeo(*ask, "--kind", "oddity", expect=2)
    assert "Exchange them" in casework.aeo(*ask, "--from", "2026-11-24", "--to", "2026-11-23", expect=2)


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01", "1899-12-31", "2200-01-01"])
def test_a_day_beyond_those_that_can_be_counted_is_refused_by_every_question(office: Console, day: str) -> None:
    submit(office)

    for asked in (
        ("export", "--out", "trail.csv", "--to"),
        ("export", "--out", "trail.csv", "--from"),
        ("exceptions", "--to"),
        ("access", "--on"),
        ("access", "--to", "2026-12-31", "--from"),
        ("stops", "--from"),
        ("sample", "--seed", "7", "--to"),
    ):
        assert "between 1900-01-01 and 2199-12-31" in office("audit", *asked, day, "--as", AUDITOR, expect=2)


def test_an_export_refuses_a_filter_that_names_nothing_known(office: Console) -> None:
    submit(office)
    export = ("audit", "export", "--out", "trail.csv", "--as", AUDITOR)

    for asked, said in (
        (("--kind", "case:state:changd"), "Did you mean case:state:changed"),
        (("--kind", "xyz"), "Known: access:calendar:revoked, "),
        (("--programme", "FOO"), 'There is no programme "FOO". Known: STP'),
        (("--programme", "stp"), 'There is no programme "stp". Known: STP'),
        (("--uen", "123"), '"123" is not a UEN'),
        (("--actor", "nobody@casework.example"), "Beside people act: clock, operator. See `aeo officer list`."),
        (("--from", "2026-12-01", "--to", "2026-01-01"), "--to 2026-01-01 is before --from 2026-12-01. Exchange them."),
        *(((f"--{name}", ""), f"--{name} is empty") for name in ("application", "kind", "actor", "uen", "from", "to")),
    ):
        assert said in office(*export, *asked, expect=2)
    assert office(*export, "--kind", "case:visit:planned").startswith("0 entries")


def test_an_export_needs_a_file_that_can_be_written(office: Console) -> None:
    for out, said in (
        (".", ". is a folder. Name the file to write"),
        ("", ". is a folder. Name the file to write"),
        ("..", ".. is a folder. Name the file to write"),
        ("x" * 300, "cannot be written: File name too long"),
    ):
        assert said in office("audit", "export", "--out", out, "--as", AUDITOR, expect=2)


def test_an_export_knows_those_who_left_and_who_is_no_person(office: Console) -> None:
    reference = submit(office)
    office("officer", "disable", OFFICER, "--hand-over-to", SECOND_OFFICER, "--as", ADMIN)
    export = ("audit", "export", "--application", reference, "--as", AUDITOR)

    assert not office(*export, "--out", "left.csv", "--actor", OFFICER).startswith("0 entries")
    assert office(*export, "--out", "clock.csv", "--actor", "clock").startswith("0 entries")
    assert not office("audit", "export", "--out", "o.csv", "--actor", "operator", "--as", AUDITOR).startswith("0 ")
    assert office("application", "list", "--assignee", OFFICER, expect=2).count("officer list") == 1


def test_a_cell_that_a_spreadsheet_would_run_is_neutralised(desk: Office) -> None:
    reference = desk.submitted()
    waive = ("document", "waive", reference, "--kind", "bizfile_report", "--reason", "=1+1")
    asked = desk.aeo.json(*waive, "--as", OFFICER)
    desk.aeo("approval", "confirm", str(asked["approval"]), "--as", SUPERVISOR)

    (row,) = rows(desk.aeo("audit", "exceptions", "--format", "csv", "--as", AUDITOR))

    assert row["reason"] == "'=1+1"


def test_who_could_do_what_is_told_of_a_day_and_of_a_period(desk: Office) -> None:
    reference = desk.submitted()
    desk.aeo("application", "assign", reference, "--to", SECOND_OFFICER, "--as", SUPERVISOR)
    account = ("--name", "Siti Rahmah", "--role", "approver", "--as", ADMIN)
    desk.aeo("officer", "add", "siti@casework.example", *account)
    desk.on(BEGIN + days(3))
    desk.aeo("officer", "role", "siti@casework.example", "--add", "supervisor", "--as", ADMIN)
    access = ("audit", "access", "--as", AUDITOR)

    then = desk.aeo.json(*access, "--on", BEGIN.isoformat())
    now = desk.aeo(*access, "--on", desk.today.isoformat())
    changes = desk.aeo(*access, "--from", BEGIN.isoformat(), "--to", desk.today.isoformat())

    assert {one["name"]: one["roles"] for one in then["people"]}["Siti Rahmah"] == ["approver"]
    assert "approver: " in now
    assert "certify" in now
    assert "roles approver became approver, supervisor" in now
    assert "Assigned to Lee Jia Hui" in changes
    assert "Roles of Siti Rahmah changed" in changes
    assert "yes" in now
    assert "True" not in now + desk.aeo(*access, "--on", BEGIN.isoformat(), "--format", "csv")
    tomorrow = (desk.today + days(1)).isoformat()
    assert "is in the future; today is" in desk.aeo(*access, "--on", tomorrow, expect=2)
    assert "Name one day" in desk.aeo(*access, expect=2)
    assert "Name one day" in desk.aeo(*access, "--on", "2026-11-23", "--to", "2026-11-24", expect=2)


def test_roles_are_attested_once_they_were_looked_at(office: Console) -> None:
    shown = office("officer", "attest", "--as", SUPERVISOR)
    digest = office.json("officer", "attest", "--as", SUPERVISOR)["digest"]

    said = office("officer", "attest", "--digest", digest, "--as", SUPERVISOR)

    assert f"aeo officer attest --digest {digest}" in shown
    assert said == "The roles of 8 accounts are attested."
    assert office.json("officer", "attest", "--as", SUPERVISOR)["attested"]["by"] == "Goh Siew Ling"
    assert "takes a supervisor or an administrator" in office(
        "officer", "attest", "--digest", digest, "--as", AUDITOR, expect=1
    )


def test_the_time_the_clock_stood_still_is_told_by_cause(desk: Office) -> None:
    reference = desk.submitted()
    desk.advance(reference, "request_information", "--reason", "Where?")
    desk.on(BEGIN + days(9))
    desk.advance(reference, "supply_information")
    stops = ("audit", "stops", "--as", AUDITOR)

    (row,) = desk.aeo.json(*stops)
    (one,) = desk.aeo.json(*stops, "--details")

    assert (row["cause"], row["stops"], row["days"], row["longest_of"]) == ("Request information", 1, 9, reference)
    assert (one["since"], one["until"]) == (BEGIN.isoformat(), (BEGIN + days(9)).isoformat())
    assert "stood still for no case" in desk.aeo(*stops, "--from", "2027-01-01")


def test_a_sample_is_drawn_again_from_its_seed(office: Console) -> None:
    reference = submit(office)
    sample = ("audit", "sample", "--seed", "20261125", "--as", AUDITOR)

    first, again = office.json(*sample), office.json(*sample)

    assert first == again
    assert first["drawn"] == [reference]
    assert office(*sample).splitlines()[0] == "1 of 1 cases, drawn with the seed 20261125."
    assert office.json("audit", "sample", "--seed", "1", "--programme", "none", "--as", AUDITOR, expect=2)


def test_a_list_that_goes_on_says_so_and_how(office: Console) -> None:
    first, second = submit(office), submit(office, uen=valid_uen(2019, 404))
    listed = ("application", "list", "--as", AUDITOR, "--limit", "1")

    said = office(*listed)
    rest = office(*listed, "--after", first)

    assert said.endswith(f"More cases follow. Go on with --after {first}, or raise --limit.")
    assert second in rest
    assert "More cases follow" not in rest + office("application", "list", "--as", AUDITOR)


class TestRetention:
    def withdrawn(self, casework: Office) -> str:
        """Return a case that was withdrawn, with a document and a reason that nobody else should read for ever."""
        reference = casework.submitted()
        casework.pack(reference)
        casework.advance(reference, "withdraw", "--reason-code", "request", "--internal-reason", "Mdm Tan is ill.")
        casework.aeo("outbox", "deliver")
        return reference

    def test_nothing_is_due_until_an_admin_says_how_long_records_are_kept(self, desk: Office) -> None:
        self.withdrawn(desk)
        desk.on(LATER)

        shown = desk.aeo("audit", "retention", "--as", AUDITOR)
        refused = desk.aeo("retention", "dispose", "--as", SUPERVISOR, expect=2)
        short = ("retention", "period", "mail", "--years", "4", "--source", "x", "--as", ADMIN)

        assert "Nothing is due for disposal." in shown
        assert "unset" in shown
        assert "Nothing is due" in refused
        assert "kept for 5 to 100 years, not 4" in desk.aeo(*short, expect=2)

    def test_two_people_dispose_of_what_is_due_and_everything_still_holds(self, casework: Office) -> None:
        reference = self.withdrawn(casework)
        for kind in ("case_file", "documents", "mail"):
            casework.aeo("retention", "period", kind, "--years", "7", "--source", "Records Act", "--as", ADMIN)
        casework.on(LATER)
        hold = casework.aeo.json("retention", "hold", reference, "--reason", "Court order 12.", "--as", SUPERVISOR)
        held = casework.aeo("retention", "dispose", reference, "--as", SUPERVISOR, expect=2)
        listed = casework.aeo("audit", "retention", "--as", AUDITOR)
        casework.aeo("retention", "lift", str(hold["hold"]), "--reason", "The court has decided.", "--as", SUPERVISOR)

        asked = casework.aeo.json("retention", "dispose", "--as", SUPERVISOR)
        own = casework.aeo("approval", "confirm", str(asked["approval"]), "--as", SUPERVISOR, expect=1)
        casework.aeo("approval", "confirm", str(asked["approval"]), "--as", ADMIN)

        assert "legal hold no. 1" in held
        assert "Court order 12." in listed
        assert "a second person must confirm it" in own
        rows_left = casework.aeo.json("audit", "retention", "--all", "--as", AUDITOR)["records"]
        assert {row["status"] for row in rows_left} == {"disposed"}
        self.still_works(casework.aeo, reference)

    @staticmethod
    def still_works(aeo: Console, reference: str) -> None:
        assert "Disposed of after the retention period" in aeo("application", "history", reference)
        assert aeo.json("application", "show", reference)["state"] == "withdrawn"
        assert {row["status"] for row in aeo.json("document", "list", reference)} == {"disposed"}
        assert "was disposed of on 2034-01-09" in aeo("outbox", "show", "1")
        assert aeo.json("audit", "exceptions", "--as", AUDITOR) == []
        span = ("--from", "2026-01-01", "--to", "2034-12-31")
        assert aeo.json("reminders", "prove", *span)["unaccounted"] == []
        for form in ("csv", "pdf", "jsonl"):
            one = () if form == "jsonl" else ("--application", reference)
            aeo("audit", "export", "--format", form, "--out", f"trail.{form}", *one, "--as", AUDITOR)
        assert json.loads(aeo("audit", "verify", "--bundle", "trail.jsonl", "--json"))["holds"]
        assert aeo("db", "check").startswith("Everything holds")
