"""P6: the whole trail as CSV, against what the database's own client writes of the same table.

The floor writes the columns as they are stored; ours reads each entry, names people and words it.
"""

import platform
import resource
import statistics
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

from sqlalchemy import URL, func, select

from bench import fleet
from bench.databases import database_url
from bench.transition import open_office
from states.facts import Person
from workflow import models
from workflow.audit.entry import Entry, leaf_hash
from workflow.decisions.outcome import Act
from workflow.models.base import table_of
from workflow.operations.export_trail import export_trail
from workflow.operations.seal_log import seal_log
from workflow.reports.trail.trail import Wanted
from workflow.store.office import Office
from workflow.store.signing import Signer, make_key, signer_of

_NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
_ENTRY = table_of(models.AuditEntry)
_INSTALLATION = table_of(models.Installation)
_PAGE = 5_000
_ALL = "SELECT id, position, kind, application_id, case_seq, recorded_at, canonical, leaf FROM audit_entry ORDER BY position"


def run(kind: str, *, entries: int, rounds: int) -> None:
    """Export and print what was found."""
    with (
        tempfile.TemporaryDirectory(prefix="aeo-bench-") as place,
        database_url(kind) as url,
        open_office(url) as office,
    ):
        folder = Path(place)
        make_key(folder / "log.key")
        signer = signer_of(str(folder / "log.key"), folder)
        _fill(office, signer, entries)
        floors, ours = [], []
        _export(office, signer, folder / "warm.csv", Wanted(kind="none"))
        idle = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for number in range(rounds):
            floors.append(_timed(partial(_floor, url, folder / "floor.csv")))
            file = folder / f"ours-{number}.csv"
            ours.append(_timed(partial(_export, office, signer, file, Wanted())))
            size = file.stat().st_size
            file.unlink()
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - idle) / 1024
    ratios = [floor / our for floor, our in zip(floors, ours, strict=True)]
    print(f"P6 {entries:,} entries to CSV, {kind}: ratio {statistics.median(ratios):.2f} of the database's own client")
    print(f"   ratio from {min(ratios):.2f} to {max(ratios):.2f}, n = {rounds}")
    print(
        f"   floor {entries / statistics.median(floors):,.0f} entries/s, ours {entries / statistics.median(ours):,.0f}/s"
    )
    print(
        f"   {size / 1e6:,.0f} MB written; memory at most {grown:,.0f} MB above idle; Python {platform.python_version()}"
    )


def _timed(work: Callable[[], None]) -> float:
    began = perf_counter()
    work()
    return perf_counter() - began


def _floor(url: URL, file: Path) -> None:
    with file.open("wb") as target:
        if url.get_backend_name() == "sqlite":
            command = ["sqlite3", "-readonly", "-csv", str(url.database), _ALL]
        else:
            libpq = url.set(drivername="postgresql").render_as_string(hide_password=False)
            command = ["psql", "-q", libpq, "-c", f"\\copy ({_ALL}) TO STDOUT WITH CSV"]
        subprocess.run(command, stdout=target, check=True)


def _export(office: Office, signer: Signer, file: Path, wanted: Wanted) -> None:
    act = Act(Person("p-bench", "Bench", frozenset({"auditor"})), "bench", _NOW)
    export_trail(office, signer, file=file, wanted=wanted, act=act, zone="Asia/Singapore")


def _fill(office: Office, signer: Signer, entries: int) -> None:
    with office.database.transaction() as transaction:
        connection = transaction.connection
        fleet.staff(connection, _NOW)
        if not connection.execute(select(func.count()).select_from(_INSTALLATION)).scalar_one():
            row = {"id": 1, "origin": "bench", "log_origin": "bench.example", "salt": "s", "created_at": _NOW}
            connection.execute(_INSTALLATION.insert(), row)
        made = _made(entries)
        while page := [row for _, row in zip(range(_PAGE), made, strict=False)]:
            connection.execute(_ENTRY.insert(), page)
    seal_log(office, signer, now=_NOW)


def _made(entries: int) -> Iterator[dict[str, Any]]:
    """Yield entries as large as those of a transition."""
    rules = [["documents_present", "6 kinds"], ["answers_complete", "24 answers"], ["role_permits", "approver"]]
    for number in range(entries):
        entry = Entry(
            kind="case:state:changed",
            recorded_at=_NOW,
            actor="p-bench",
            role="approver",
            proven="bench",
            effective_at=_NOW,
            about={
                "application": f"STP-2026-{number % 100_000:06}",
                "company": f"2018{number % 100_000:05}A",
                "company_name": "Quillhaven Logistics Pte. Ltd.",
                "programme": "STP",
            },
            from_state="validation",
            to_state="certified",
            rules=rules,
            edition=["STP", "2026-03", "8b" * 32],
            detail={"trigger": "certify", "title": "Certify", "decision_no": number},
        )
        text = entry.canonical()
        yield {"kind": entry.kind, "recorded_at": _NOW, "canonical": text, "leaf": leaf_hash(text)}
