"""The years ahead, tried through the command line."""

import csv
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from console import Console

from workflow.bootstrap import connect
from workflow.operations.back_up import back_up
from workflow.settings import read_settings

CARRIED = "SELECT count(*) FROM notification WHERE bundled_into IS NOT NULL AND created_at > '2027-01-05'"
SPAN = ("--from", "2027-01-05T09:00:00+08:00", "--until", "2029-12-31T09:00:00+08:00", "--step", "30")


@pytest.fixture
def shown(copied: Callable[..., Console], monkeypatch: pytest.MonkeyPatch) -> Console:
    """The demonstration on each database, as loaded on a day in January 2027."""
    aeo = copied((("db", "upgrade"), ("demo", "load")), clock="2027-01-04T09:00:00+08:00")
    monkeypatch.setenv("AEO_CLOCK", "2028-01-04T09:00:00+08:00")  # a simulation must not even move the clock
    return aeo


def test_three_years_of_the_demonstration(shown: Console, tmp_path: Path) -> None:
    kept = tmp_path / "kept"

    told = shown.json("simulate", *SPAN, "--down", "2028-03-01/2028-04-09", "--out", str(kept))

    summary, events = told["summary"], told["events"]
    assert (summary["ticks"], summary["ticks_down"], summary["overdue"]) == (36, 1, [])
    assert summary["rules"]["lapse"] == {"done": sum(event["rule"] == "lapse" for event in events)}
    assert "certified" not in summary["states"]
    assert (summary["reminders"]["unaccounted"], summary["reminders"]["expected"] > 200) == ([], True)
    with (kept / "events.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["application"], row["rule"], row["outcome"]) for row in rows] == [
        (event["application"], event["rule"], event["outcome"]) for event in events
    ]
    # What is for account managers alone goes out with others in one mail.
    (carried,) = sqlite3.connect(kept / "casework.db").execute(CARRIED).fetchone()
    assert len(list((kept / "mailbox" / "new").iterdir())) + carried == summary["mails"]["sent"]
    assert carried > 0
    assert "is not empty" in shown("simulate", *SPAN, "--out", str(kept), expect=2)


def test_says_line_by_line_what_happens_and_sums_up(shown: Console, tmp_path: Path) -> None:
    before = sorted(path for path in tmp_path.rglob("*") if "var" not in path.parts)

    said = shown("simulate", *SPAN)

    lines = said.splitlines()
    assert lines[0].startswith("2027-")
    assert any("  lapse " in line and "done: fired lapse, due " in line for line in lines)
    assert any("-> " in line and "@casework.example" in line for line in lines)
    assert "2027-01-05T09:00:00+08:00 to 2029-12-20T09:00:00+08:00: 37 ticks; " in said
    assert lines[-1] == "Nothing that was planned is overdue."
    assert lines[-2].startswith("Reminders: ")
    assert lines[-2].endswith(" 0 unaccounted.")
    assert sorted(path for path in tmp_path.rglob("*") if "var" not in path.parts) == before


def test_the_copy_can_be_looked_at(shown: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown("simulate", *SPAN, "--out", "kept")
    monkeypatch.delenv("AEO_DATABASE_URL", raising=False)
    monkeypatch.delenv("AEO_CLOCK")
    monkeypatch.setenv("AEO_DATA_DIR", str(tmp_path / "kept"))

    states = {case["state"] for case in shown.json("application", "list")}

    assert "lapsed" in states
    assert "Everything holds" in shown("db", "check")


def test_may_not_begin_in_the_past(shown: Console) -> None:
    said = shown("simulate", "--from", "2020-01-01T09:00:00+08:00", "--until", "2030-01-01T09:00:00+08:00", expect=2)

    assert "newest decision of this database. Start at 202" in said


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (["--until", "2027-01-04T09:00:00+08:00"], "--until lies before --from"),
        (["--until", "2127-01-04T09:00:00+08:00"], "50 years"),
        (["--until", "2027-02-04"], "not an instant"),
        (["--from", "9999-12-01T09:00:00+08:00", "--until", "9999-12-31T09:00:00+08:00"], "in the year 9999"),
        (["--step", "0"], "--step is 0"),
        (["--step", "-3"], "--step is -3"),
        (["--step", "half"], "valid integer"),
        (["--down", "2027-02-01"], "is not an outage"),
        (["--down", "2027-02-02/2027-02-01"], "the earlier first"),
        (["--down", "2027-02-01/2027-02-31"], "is not an outage"),
        (["--down", "2027-02-01/9999-12-31"], "is not an outage"),
        (["--down", "2027-02-01T00:00:00/2027-02-02"], "is not an outage"),
        (["--out", "a-file"], "a-file cannot be used"),
    ],
)
def test_bad_input_is_named_in_a_sentence(aeo: Console, tmp_path: Path, changed: list[str], words: str) -> None:
    aeo("db", "upgrade")
    (tmp_path / "a-file").write_text("")

    assert words in aeo("simulate", *SPAN, *changed, expect=2)


def test_without_a_database_it_makes_none(aeo: Console, tmp_path: Path) -> None:
    assert "aeo db upgrade" in aeo("simulate", *SPAN, "--out", "kept", expect=3)
    assert list(tmp_path.iterdir()) == []


def test_leaves_no_trace_in_the_live_database(aeo: Console, tmp_path: Path) -> None:
    aeo("db", "upgrade")
    database = connect(read_settings())
    back_up(database, tmp_path / "before")

    aeo("simulate", *SPAN)

    back_up(database, tmp_path / "after")
    database.close()
    assert (tmp_path / "before").read_bytes() == (tmp_path / "after").read_bytes()
