"""P6: the whole trail as CSV, against what the database's own client writes of the same table.

The floor writes the columns as they are stored; ours reads each entry, names people and words it.
"""

import os
import platform
import subprocess
import tempfile
import time
from functools import partial
from pathlib import Path
from statistics import median

from sqlalchemy import URL

from bench import trail
from bench.databases import database_url
from bench.trail import Measured
from bench.transition import open_office
from workflow.reports.trail.trail import Wanted
from workflow.store.signing import make_key, signer_of

_ALL = "SELECT id, position, kind, application_id, case_seq, recorded_at, canonical, leaf FROM audit_entry ORDER BY position"


def run(kind: str, *, entries: int, rounds: int) -> None:
    """Export and print what was found."""
    with tempfile.TemporaryDirectory(prefix="aeo-bench-") as place, database_url(kind) as url:
        folder = Path(place)
        make_key(folder / "log.key")
        with open_office(url) as office:
            trail.fill(office, signer_of(str(folder / "log.key"), folder), entries)
        floors, ours = [], []
        for _ in range(rounds):
            floors.append(trail.timed(partial(_floor, url, folder / "floor.csv"), _of_children))
            with trail.apart() as process:
                ours.append(process.submit(_ours, url, folder).result())
        size = (folder / "ours.csv").stat().st_size
    ratios = [floor.seconds / our.seconds for floor, our in zip(floors, ours, strict=True)]
    processor = [floor.processor / our.processor for floor, our in zip(floors, ours, strict=True)]
    print(f"P6 {entries:,} entries to CSV, {kind}: ratio {median(ratios):.2f} of the database's own client")
    print(f"   ratio from {min(ratios):.2f} to {max(ratios):.2f}, n = {rounds}")
    if kind == "sqlite":
        print(f"   by processor time {median(processor):.2f}, from {min(processor):.2f} to {max(processor):.2f}")
    per_second = [entries / median(one.seconds for one in side) for side in (floors, ours)]
    print(f"   floor {per_second[0]:,.0f} entries/s, ours {per_second[1]:,.0f}/s")
    grown = max(one.grown for one in ours)
    print(f"   {size / 1e6:,.0f} MB written; at most {grown:,.0f} MB above idle; Python {platform.python_version()}")


def _of_children() -> float:
    times = os.times()
    return times.children_user + times.children_system


def _floor(url: URL, file: Path) -> None:
    with file.open("wb") as target:
        if url.get_backend_name() == "sqlite":
            command = ["sqlite3", "-readonly", "-csv", str(url.database), _ALL]
        else:
            libpq = url.set(drivername="postgresql").render_as_string(hide_password=False)
            command = ["psql", "-q", libpq, "-c", f"\\copy ({_ALL}) TO STDOUT WITH CSV"]
        subprocess.run(command, stdout=target, check=True)


def _ours(url: URL, folder: Path) -> Measured:
    """Runs in a process of its own: what is loaded and opened before counts as idle."""
    signer, file = signer_of(str(folder / "log.key"), folder), folder / "ours.csv"
    for old in folder.glob("*.csv*"):
        old.unlink()
    with open_office(url) as office:
        trail.export(office, signer, folder / "warm.csv", Wanted(kind="none"), "csv")
        return trail.timed(partial(trail.export, office, signer, file, Wanted(), "csv"), time.process_time)
