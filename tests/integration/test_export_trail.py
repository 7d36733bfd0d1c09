"""Every format tells the same trail, says where it came from, and holds nothing that a program would run."""

import csv
import errno
import gc
import json
import resource
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO
from xml.etree import ElementTree as ET

import builders
import mailroom
import pytest
from sqlalchemy import select

from states.dates import end_of, start_of
from states.facts import Person
from workflow import models
from workflow.audit import bundle
from workflow.audit.entry import Entry, leaf_hash
from workflow.audit.note import checkpoint_of
from workflow.audit.wording import in_words
from workflow.decisions.outcome import Done
from workflow.decisions.record import enter
from workflow.errors import BadInput, NotFound, NotPermitted
from workflow.models.base import table_of
from workflow.operations.export_trail import export_trail
from workflow.operations.seal_log import seal_log
from workflow.reports.trail import as_pdf, as_xlsx, formats
from workflow.reports.trail.table import COLUMNS, safe
from workflow.reports.trail.trail import Trail, Wanted
from workflow.store.office import Office
from workflow.store.signing import Signer, make_key, signer_of

_ENTRY = table_of(models.AuditEntry)
_SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_XES = "{http://www.xes-standard.org/}"
HOSTILE = (
    '=HYPERLINK("http://evil.example","x")',
    "+1+cmd|' /C calc'!A0",
    "-2",
    "@SUM(A1)",
    "\tx",
    "\rx",
    "'already quoted",
    "<b>&amp;\"'</string> ]]>",
    '#panic("typst") $x$ *bold* @ref <label> \\ `raw`',
    "bell \x07, no character \uffff, line\nbreak, _x0041_",
    "Übergröße 税関",
)

Export = Callable[..., Done]
_FIRST, _LAST = date(2026, 12, 1), date(2026, 12, 31)


class FullDisk(BytesIO):
    """A file that takes so many bytes and then no more."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self._room = room

    def write(self, data: Any) -> int:
        if self.tell() + len(data) > self._room:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(data)


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    make_key(tmp_path / "log.key")
    return signer_of(str(tmp_path / "log.key"), tmp_path)


@pytest.fixture(autouse=True)
def named(request: pytest.FixtureRequest) -> None:
    """Give the test's office an installation row, which names its log."""
    for name in ("office", "sqlite_office"):
        if name in request.fixturenames:
            with request.getfixturevalue(name).database.transaction() as transaction:
                row = {"id": 1, "origin": "o", "log_origin": "log.example", "salt": "s", "created_at": builders.NOW}
                transaction.connection.execute(table_of(models.Installation).insert(), row)


def exporter(office: Office, signer: Signer, folder: Path) -> Export:
    """Return what exports as the auditor and gives back the bytes of the file."""

    def export(form: str, wanted: Wanted | None = None, by: Person | None = None, name: str = "trail") -> bytes:
        file = folder / f"{name}-{len(list(folder.iterdir()))}.{form}"
        auditor = by or builders.people(office).auditor
        arguments = {"file": file, "wanted": wanted or Wanted(), "act": builders.act(auditor), "form": form}
        export_trail(office, signer, zone="Asia/Singapore", **arguments)
        return file.read_bytes()

    return export


@pytest.fixture
def export(request: pytest.FixtureRequest, signer: Signer, tmp_path: Path) -> Export:
    which = "sqlite_office" if "sqlite_office" in request.fixturenames else "office"
    (tmp_path / "out").mkdir()
    return exporter(request.getfixturevalue(which), signer, tmp_path / "out")


def write(office: Office, many: int = 1, **given: Any) -> None:
    """Write entries that belong to no case."""
    members = {"kind": "test:entry:made", "recorded_at": builders.NOW, "actor": "p-01", "role": "officer"} | given
    with office.database.transaction() as transaction:
        for _ in range(many):
            enter(transaction.connection, Entry(proven="console", **members))


def one_case(office: Office) -> str:
    """Bring a case to validation, with a letter that was delivered."""
    reference = builders.in_validation(office, builders.people(office))
    about = {"application": reference, "programme": "STP"}
    write(office, kind="mail:delivery:sent", about=about, actor="clock", role="clock")
    return reference


def canonical(office: Office) -> list[dict[str, Any]]:
    """Return the entries of the sealed log as data."""
    with office.database.snapshot() as connection:
        query = select(_ENTRY.c.canonical).where(_ENTRY.c.position.is_not(None)).order_by(_ENTRY.c.position)
        return [json.loads(text) for text in connection.execute(query).scalars()]


def xml(content: bytes) -> ET.Element:
    return ET.fromstring(content)  # noqa: S314  # what we wrote ourselves


def rows_of_csv(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(content.decode().splitlines(keepends=True)))


def sheets_of(content: bytes) -> dict[str, list[list[str]]]:
    """Return a workbook's sheets as rows of cells, read as any program would."""
    with zipfile.ZipFile(BytesIO(content)) as book:
        names = [one.get("name", "") for one in xml(book.read("xl/workbook.xml")).iter(f"{_SHEET}sheet")]
        return {
            name: [_cells(row) for row in xml(book.read(f"xl/worksheets/sheet{number}.xml")).iter(f"{_SHEET}row")]
            for number, name in enumerate(names, 1)
        }


def _cells(row: ET.Element) -> list[str]:
    cells = [""] * len(COLUMNS)
    for cell in row.iter(f"{_SHEET}c"):
        assert cell.get("t") == "inlineStr", "every cell is text"
        assert cell.find(f"{_SHEET}f") is None, "no cell is a formula"
        cells[ord(cell.get("r", "")[0]) - ord("A")] = "".join(text.text or "" for text in cell.iter(f"{_SHEET}t"))
    return cells


def attributes(element: ET.Element) -> dict[str, str]:
    return {str(one.get("key")): str(one.get("value")) for one in element if one.get("key")}


def traces(content: bytes) -> dict[str, list[dict[str, str]]]:
    log = xml(content)
    found = [(attributes(one)["concept:name"], one) for one in log.iter(f"{_XES}trace")]
    assert len(dict(found)) == len(found), "one trace for each case"
    return {name: [attributes(event) for event in trace.iter(f"{_XES}event")] for name, trace in found}


class TestEveryFormat:
    @pytest.mark.parametrize("form", formats.FORMATS)
    def test_names_its_checkpoint_its_time_zone_and_its_filters(
        self, sqlite_office: Office, export: Export, tmp_path: Path, form: str
    ):
        reference = one_case(sqlite_office)
        content = export(form, Wanted(application=reference))
        newest = checkpoint_of(builders.rows_of(sqlite_office, models.Checkpoint)[-1]["note"])
        said = "".join(file.read_text() for file in (tmp_path / "out").glob("*-metadata.json"))
        if form == "xlsx":
            said = "\n".join(" ".join(row) for row in sheets_of(content)["About"])
        elif form in ("xes", "ocel", "jsonl"):
            said = content.decode()
        elif form == "pdf":
            return  # its words are glyphs; what it is given is looked at below
        assert f"{newest.size}" in said
        assert newest.text.splitlines()[2] in said
        assert form == "jsonl" or ("Asia/Singapore" in said and f"application = {reference}" in said)

    @pytest.mark.parametrize("form", formats.FORMATS)
    def test_is_an_entry_of_its_own(self, sqlite_office: Office, export: Export, form: str):
        reference = one_case(sqlite_office)
        content = export(form, Wanted(application=reference, first=builders.NOW - timedelta(days=1)))
        made = json.loads(builders.rows_of(sqlite_office, models.AuditEntry)[-1]["canonical"])

        assert (made["kind"], made["actor"], made["role"]) == ("audit:export:made", "p-06", "auditor")
        told = {"application": reference, "recorded_from": "2026-11-22T01:00:00.000000Z", "format": form}
        told["choice"] = f"case {reference}, from 2026-11-22 01:00:00+00:00"
        counted = {"entries": len(canonical(sqlite_office)), "log_size": len(canonical(sqlite_office))}
        assert made["detail"] == told | counted
        assert content

    @pytest.mark.parametrize("form", formats.FORMATS)
    def test_holds_no_internal_reason(self, sqlite_office: Office, export: Export, form: str):
        staff = builders.people(sqlite_office)
        reference = one_case(sqlite_office)
        case = {"reason": "Asked by letter.", "internal_reason": "tip-off by a rival", "reason_code": "request"}
        builders.done(builders.advance(sqlite_office, builders.act(staff.officer), reference, "withdraw", **case))
        content = export(form, Wanted(application=reference))
        if form == "xlsx":
            content = json.dumps(sheets_of(content)).encode()

        assert b"tip-off" not in content
        assert form == "pdf" or b"Asked by letter." in content

    @pytest.mark.parametrize("form", formats.FORMATS)
    def test_leaves_nothing_when_it_cannot_be_finished(
        self, sqlite_office: Office, export: Export, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
    ):
        write(sqlite_office)

        def half(_: Trail, target: BinaryIO) -> int:
            target.write(b"half")
            raise OSError(28, "No space left on device")

        broken = formats.Format(half, beside=formats.FORMATS[form].beside)
        monkeypatch.setitem(formats.FORMATS, form, broken)
        with pytest.raises(BadInput, match="No space left"):
            export(form)

        assert list((tmp_path / "out").iterdir()) == []
        assert "audit:export:made" not in {row["kind"] for row in builders.rows_of(sqlite_office, models.AuditEntry)}

    def test_is_for_auditors_and_supervisors(self, sqlite_office: Office, export: Export, tmp_path: Path):
        staff = builders.people(sqlite_office)
        write(sqlite_office)
        for refused in (staff.officer, staff.approver, staff.account_manager):
            with pytest.raises(NotPermitted, match="auditor or a supervisor"):
                export("csv", by=refused)
        assert list((tmp_path / "out").iterdir()) == []

        assert export("csv", by=staff.supervisor)

    def test_never_writes_over_a_file(self, sqlite_office: Office, signer: Signer, tmp_path: Path):
        write(sqlite_office)
        act = builders.act(builders.people(sqlite_office).auditor)
        for taken in ("trail.csv", "trail.csv-metadata.json"):
            (tmp_path / taken).write_text("kept")
            with pytest.raises(BadInput, match=f"{taken} exists already"):
                export_trail(
                    sqlite_office, signer, file=tmp_path / "trail.csv", wanted=Wanted(), act=act, zone="Asia/Singapore"
                )
            assert (tmp_path / taken).read_text() == "kept"
            (tmp_path / taken).unlink()

    def test_of_an_empty_log_is_refused(self, sqlite_office: Office, export: Export):
        builders.people(sqlite_office)
        with pytest.raises(BadInput, match="no entry yet"):
            export("csv")


class TestFilters:
    def test_are_told_in_days_as_they_were_given(self, sqlite_office: Office, export: Export, tmp_path: Path):
        write(sqlite_office)
        zone = "Asia/Singapore"
        wanted = Wanted(kind="test:entry:made", first=start_of(_FIRST, zone), before=end_of(_LAST, zone))
        export("csv", wanted)
        export("csv")

        (about, whole) = (
            json.loads(file.read_text())["notes"][0] for file in sorted((tmp_path / "out").glob("*.json"))
        )
        made = [entry for entry in canonical(sqlite_office) if entry["kind"] == "audit:export:made"]
        filters = "recorded_before = 2026-12-31 16:00:00+00:00; first_day = 2026-12-01; last_day = 2026-12-31"
        assert filters in about["Filters"]
        assert whole["Filters"] == "none: the whole log"
        assert (made[0]["detail"]["first_day"], made[0]["detail"]["zone"]) == ("2026-12-01", zone)
        assert in_words(made[0]) == (
            "Trail exported as csv, kind test:entry:made, from 2026-12-01, to 2026-12-31: 0 entries"
        )

    def test_stand_in_the_entry_of_the_export(self, sqlite_office: Office, signer: Signer, tmp_path: Path):
        staff = builders.people(sqlite_office)
        write(sqlite_office)
        for number, internal in enumerate((False, True)):
            export_trail(
                sqlite_office, signer, file=tmp_path / f"{number}.csv", wanted=Wanted(), zone="UTC",
                act=builders.act(staff.auditor), internal_reasons=internal,
            )  # fmt: skip
        plain, internal_too = builders.rows_of(sqlite_office, models.AuditEntry)[-2:]
        assert in_words(json.loads(plain["canonical"])) == "Trail exported as csv, the whole log: 1 entries"
        assert "csv, the whole log, with internal reasons: 2" in in_words(json.loads(internal_too["canonical"]))

    def test_find_what_is_about_a_case_deliveries_too(self, office: Office, export: Export):
        first, second = one_case(office), one_case(office)
        write(office, 3)
        company = builders.entries_of(office, first)[0]["about"]["company"]

        of_case = rows_of_csv(export("csv", Wanted(application=first)))
        of_company = rows_of_csv(export("csv", Wanted(uen=company)))
        of_programme = rows_of_csv(export("csv", Wanted(programme="STP")))

        assert {row["application"] for row in of_case} == {first}
        assert "mail:delivery:sent" in {row["kind"] for row in of_case}
        assert of_company == of_case
        assert {row["application"] for row in of_programme} == {first, second}
        assert len(of_programme) == 2 * len(of_case)

    def test_mail_names_the_company_it_was_about(self, sqlite_office: Office, export: Export):
        reference = mailroom.a_case(sqlite_office)
        rows = rows_of_csv(export("csv", Wanted(kind="mail:delivery:sent")))
        company = builders.entries_of(sqlite_office, reference)[0]["about"]["company"]

        assert {(row["application"], row["company"]) for row in rows} == {(reference, company)}

    def test_by_person_kind_and_day(self, office: Office, export: Export):
        later = datetime(2026, 11, 25, tzinfo=UTC)
        write(office, 2, detail={"actor": "p-02"})
        write(office, 3, actor="p-02", recorded_at=later)
        write(office, 4, kind="test:other:made", recorded_at=later - timedelta(microseconds=1))

        def count(**wanted: Any) -> int:
            return len(rows_of_csv(export("csv", Wanted(kind=wanted.pop("kind", ""), **wanted))))

        assert count(actor="p-02") == 3
        assert count(kind="test:other:made") == 4
        assert count(first=later, before=later + timedelta(days=1), kind="test:entry:made") == 3
        assert count(before=later, kind="test:other:made") == 4
        assert count(actor="nobody") == 0

    @pytest.mark.parametrize("form", ["jsonl", "xes", "ocel", "xlsx"])
    def test_hold_in_every_format(self, office: Office, export: Export, form: str):
        first, second = one_case(office), one_case(office)
        content = export(form, Wanted(application=first))
        text = json.dumps(sheets_of(content)) if form == "xlsx" else content.decode()

        assert first in text
        assert second not in text
        if form == "jsonl":
            assert bundle.verify(BytesIO(content)).holds

    def test_refuse_a_case_that_there_is_not(self, sqlite_office: Office, export: Export):
        write(sqlite_office)
        with pytest.raises(NotFound):
            export("csv", Wanted(application="STP-1999-000001"))


class TestInternalReasons:
    """They are in no entry; an auditor who asks for them gets them beside the entries, and that is told."""

    def export_with(self, office: Office, signer: Signer, folder: Path, by: Person, form: str = "csv") -> bytes:
        file = folder / f"internal.{form}"
        act = builders.act(by)
        export_trail(
            office, signer, file=file, wanted=Wanted(), act=act, zone="Asia/Singapore", form=form, internal_reasons=True
        )
        return file.read_bytes()

    def test_are_told_to_an_auditor_who_asks(self, office: Office, signer: Signer, export: Export, tmp_path: Path):
        staff = builders.people(office)
        reference = builders.submit(office, builders.act(staff.officer))
        builders.complete_pack(office, builders.act(staff.officer), reference)
        builders.done(
            builders.advance(
                office, builders.act(staff.officer), reference, "start_review", internal_reason="=A tip-off"
            )
        )
        rows = rows_of_csv(self.export_with(office, signer, tmp_path, staff.auditor))
        assert [row["internal_reason"] for row in rows if row["internal_reason"]] == ["'=A tip-off"]
        with zipfile.ZipFile(BytesIO(self.export_with(office, signer, tmp_path, staff.auditor, "xlsx"))) as book:
            assert b"A tip-off" in book.read("xl/worksheets/sheet1.xml")
        assert b"tip-off" not in export("csv")
        told = [row for row in rows_of_csv(export("csv")) if row["kind"] == "audit:export:made"]
        assert len(told) == 3

    def test_are_told_to_nobody_else_and_in_no_bundle(self, office: Office, signer: Signer, tmp_path: Path):
        staff = builders.people(office)
        write(office)
        with pytest.raises(NotPermitted, match="auditors alone"):
            self.export_with(office, signer, tmp_path, staff.supervisor)
        with pytest.raises(BadInput, match="no room for internal reasons"):
            self.export_with(office, signer, tmp_path, staff.auditor, "jsonl")


class TestTables:
    def test_hold_every_entry_in_the_order_of_the_log(self, office: Office, export: Export):
        one_case(office)
        rows = rows_of_csv(export("csv"))
        entries = canonical(office)

        assert tuple(rows[0]) == tuple(COLUMNS)
        assert [row["index"] for row in rows] == [str(number) for number in range(len(entries))]
        assert [row["kind"] for row in rows] == [entry["kind"] for entry in entries]
        texts = [builders.rows_of(office, models.AuditEntry, position=n)[0]["canonical"] for n in range(len(entries))]
        assert [row["leaf"] for row in rows] == [leaf_hash(text) for text in texts]
        assert "Adeline Goh (p-01)" in {row["actor"] for row in rows}

    def test_hold_the_same_cells_in_csv_and_in_a_workbook(self, sqlite_office: Office, export: Export):
        wanted = Wanted(application=one_case(sqlite_office))
        sheets = sheets_of(export("xlsx", wanted))

        assert list(sheets) == ["Trail", "About"]
        assert sheets["Trail"] == [list(COLUMNS), *(list(row.values()) for row in rows_of_csv(export("csv", wanted)))]

    def test_are_neutral_and_reversible(self, sqlite_office: Office, export: Export):
        for text in HOSTILE:
            write(sqlite_office, reason=text)
        cells = [row["reason"] for row in rows_of_csv(export("csv"))]

        assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
        assert [cell.removeprefix("'") for cell in cells] == list(HOSTILE)

    def test_of_a_workbook_hold_hostile_text_as_text(self, sqlite_office: Office, export: Export):
        for text in HOSTILE:
            write(sqlite_office, reason=text)
        cells = [row[12] for row in sheets_of(export("xlsx"))["Trail"][1:]]

        assert cells[:4] == [safe(text) for text in HOSTILE[:4]]
        assert cells[7:9] == list(HOSTILE[7:9])
        assert "bell \ufffd, no character \ufffd" in cells[9]

    def test_go_on_in_further_sheets(self, sqlite_office: Office, export: Export, monkeypatch: pytest.MonkeyPatch):
        write(sqlite_office, 7)
        monkeypatch.setitem(formats.FORMATS, "xlsx", formats.Format(partial(as_xlsx.write, rows=4)))
        sheets = sheets_of(export("xlsx"))

        assert list(sheets) == ["Trail", "About", "Trail 2", "Trail 3"]
        assert [row[0] for name in sheets if name != "About" for row in sheets[name][1:]] == list("0123456")
        assert all(sheets[name][0] == list(COLUMNS) for name in sheets if name != "About")

    def test_of_a_workbook_say_where_a_cell_was_cut(self, sqlite_office: Office, export: Export):
        write(sqlite_office, reason="x" * 40_000)
        cell = sheets_of(export("xlsx"))["Trail"][1][12]

        assert len(cell) == as_xlsx.CELL
        assert cell.endswith("the JSON Lines export holds all]")

    def test_of_a_workbook_leave_quietly_where_the_disk_is_full(self, sqlite_office: Office, signer: Signer):
        write(sqlite_office, 50)
        sealed = seal_log(sqlite_office, signer, now=builders.NOW)
        auditor = builders.people(sqlite_office).auditor
        for room in (0, 100, 3_000, 6_000):
            with sqlite_office.database.snapshot() as connection:
                trail = Trail(connection, sealed.note, "vkey", Wanted(), builders.NOW, auditor, "Asia/Singapore")
                with pytest.raises(OSError, match="No space left"):
                    as_xlsx.write(trail, FullDisk(room))
            gc.collect()  # what an archive says as it is thrown away would be an error here

    def test_of_a_workbook_keep_their_heading_in_sight(self, sqlite_office: Office, export: Export):
        write(sqlite_office)
        with zipfile.ZipFile(BytesIO(export("xlsx"))) as book:
            pane = xml(book.read("xl/worksheets/sheet1.xml")).find(f".//{_SHEET}pane")

        assert pane is not None
        assert (pane.get("ySplit"), pane.get("state")) == ("1", "frozen")


class TestXes:
    def test_has_a_trace_for_each_case_in_the_order_of_its_sequence(self, office: Office, export: Export):
        staff = builders.people(office)
        references = [one_case(office) for _ in range(3)]
        for reference in references:  # the cases' entries lie among each other in the log
            builders.add(office, builders.act(staff.officer), reference, "evidence")
        write(office, 2)
        found = traces(export("xes"))

        assert sorted(found) == sorted(references)
        for reference, events in found.items():
            kept = [event["kind"] for event in events if event["kind"] != "mail:delivery:sent"]
            assert kept == [entry["kind"] for entry in builders.entries_of(office, reference)]
            assert len(kept) == len(events) - 1
            indexes = [int(event["index"]) for event in events]
            assert indexes == sorted(indexes)

    def test_tells_who_in_which_role_when_and_to_which_state(self, sqlite_office: Office, export: Export):
        reference = one_case(sqlite_office)
        events = traces(export("xes"))[reference]
        moved = next(event for event in events if event["concept:name"] == "start_review")

        assert (moved["org:resource"], moved["org:role"], moved["lifecycle:transition"]) == (
            "p-01",
            "officer",
            "complete",
        )
        assert datetime.fromisoformat(moved["time:timestamp"]) == builders.NOW
        assert datetime.fromisoformat(moved["effective_at"]) == builders.NOW
        assert (moved["from_state"], moved["to_state"]) == ("submitted", "checklist_review")
        assert not any("Adeline" in value for event in events for value in event.values()), "people stay opaque"

    def test_declares_the_extensions_it_uses(self, sqlite_office: Office, export: Export):
        one_case(sqlite_office)
        log = xml(export("xes"))
        prefixes = {one.get("prefix") for one in log.iter(f"{_XES}extension")}
        used = {key.partition(":")[0] for one in log.iter() if ":" in (key := one.get("key") or "")}

        assert used <= prefixes
        assert log.get("xes.version") == "1849.2016"

    def test_holds_hostile_text(self, sqlite_office: Office, export: Export):
        for number, text in enumerate(HOSTILE):
            write(sqlite_office, reason=text, about={"application": f"A-{number:02}"})
        found = [events[0]["reason"] for events in traces(export("xes")).values()]

        assert found == [text.replace("\x07", "\ufffd").replace("\uffff", "\ufffd") for text in HOSTILE]


class TestOcel:
    def test_relates_every_event_to_objects_that_are_there(self, office: Office, export: Export):
        reference = one_case(office)
        write(office)
        log = json.loads(export("ocel"))
        objects = {one["id"]: one for one in log["objects"]}
        related = {(r["objectId"], r["qualifier"]) for event in log["events"] for r in event["relationships"]}
        within = {r["objectId"] for one in log["objects"] for r in one["relationships"]}

        assert len(log["events"]) == len(canonical(office))
        assert all(event["relationships"] for event in log["events"])
        assert {id_ for id_, _ in related} | within <= set(objects)
        assert len(objects) == len(log["objects"])
        assert {(f"application:{reference}", "case"), ("officer:p-01", "actor")} <= related
        states = [a["value"] for a in objects[f"application:{reference}"]["attributes"] if a["name"] == "state"]
        assert states == ["checklist_review", "validation"]

    def test_declares_every_type_and_attribute(self, sqlite_office: Office, export: Export):
        builders.certified_cheaply(sqlite_office, builders.people(sqlite_office), 1)
        log = json.loads(export("ocel"))

        for things, types in ((log["objects"], log["objectTypes"]), (log["events"], log["eventTypes"])):
            declared = {one["name"]: {a["name"] for a in one["attributes"]} for one in types}
            for one in things:
                assert {a["name"] for a in one["attributes"]} <= declared[one["type"]]
        assert {one["type"] for one in log["objects"]} == {"application", "company", "certificate", "officer", "export"}

    def test_holds_hostile_text_as_it_is(self, sqlite_office: Office, export: Export):
        for text in HOSTILE:
            write(sqlite_office, reason=text)
        events = json.loads(export("ocel"))["events"]

        assert [a["value"] for event in events for a in event["attributes"] if a["name"] == "reason"] == list(HOSTILE)


class TestPdf:
    def test_is_of_one_case(self, sqlite_office: Office, export: Export):
        write(sqlite_office)
        with pytest.raises(BadInput, match="Name the case"):
            export("pdf")

    def test_is_pdf_a_with_its_own_fonts(self, sqlite_office: Office, export: Export):
        wanted = Wanted(application=one_case(sqlite_office), before=builders.NOW + timedelta(days=1), actor="p-01")
        content = export("pdf", wanted)

        assert content.startswith(b"%PDF-")
        assert b"<pdfaid:part>2</pdfaid:part>" in content
        assert b"/FontFile" in content

    def test_says_when_it_is_a_part(self, sqlite_office: Office, signer: Signer):
        reference = one_case(sqlite_office)
        note, staff = seal_log(sqlite_office, signer, now=builders.NOW).note, builders.people(sqlite_office)

        def document(**more: Any) -> dict[str, Any]:
            wanted = Wanted(reference, **more)
            with sqlite_office.database.snapshot() as connection:
                trail = Trail(connection, note, "vkey", wanted, builders.NOW, staff.auditor, "Asia/Singapore")
                return as_pdf.document(trail, list(trail.lines()), trail.officers())

        whole, part = document(), document(actor="p-01", before=end_of(_LAST, "Asia/Singapore"))
        assert whole["title"] == f"History of case {reference}"
        assert part["title"] == f"A part of the history of case {reference}"
        assert ["Filters", f"case {reference}, person Adeline Goh, to 2026-12-31"] in map(list, part["facts"])

    def test_takes_text_as_data(self, sqlite_office: Office, export: Export):
        reference = one_case(sqlite_office)
        for text in HOSTILE[:-1]:
            write(sqlite_office, reason=text, about={"application": reference, "company_name": text})

        assert export("pdf", Wanted(application=reference)).startswith(b"%PDF-")

    def test_says_what_to_do_where_no_font_has_a_character(self, sqlite_office: Office, export: Export):
        reference = one_case(sqlite_office)
        write(sqlite_office, reason="\U0010fffd", about={"application": reference})
        with pytest.raises(BadInput, match="fonts-noto-cjk"):
            export("pdf", Wanted(application=reference))


@pytest.mark.exhaustive
@pytest.mark.parametrize("form", ["csv", "jsonl", "xlsx", "xes", "ocel"])
def test_memory_stays_flat_over_200_000_entries(sqlite_office: Office, export: Export, form: str):
    made = _many(200_000)
    with sqlite_office.database.transaction() as transaction:
        while page := [row for _, row in zip(range(5_000), made, strict=False)]:
            transaction.connection.execute(_ENTRY.insert(), page)
    export("csv", Wanted(kind="none:at:all"))  # seals, and loads what every export needs
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    builders.people(sqlite_office)
    content_size = len(export(form))

    grown = (
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before - content_size // 1024
    )  # the test reads it whole
    assert grown < 100 * 1024, f"{grown // 1024} MB more"


def _many(many: int) -> Iterator[dict[str, Any]]:
    for number in range(many):
        about = {"application": f"STP-2026-{number % 20_000:06}", "company": f"C{number % 20_000}", "programme": "STP"}
        text = Entry(
            "case:finding:answered", builders.NOW, "p-01", "officer", "console", about=about, detail={"n": number}
        ).canonical()
        yield {
            "kind": "case:finding:answered",
            "recorded_at": builders.NOW,
            "canonical": text,
            "leaf": leaf_hash(text),
        }
