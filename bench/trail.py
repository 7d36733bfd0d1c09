"""A trail of any size, written as fast as the database takes it: the same rows that entering and sealing leave.

And work in a process of its own, whose memory is then that of the work alone.
"""

import multiprocessing
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from time import perf_counter

from sqlalchemy import func, select

from bench import fleet
from states.facts import Person
from workflow import models
from workflow.audit.entry import Entry, leaf_hash
from workflow.audit.merkle import Frontier
from workflow.audit.note import Checkpoint
from workflow.decisions.outcome import Act
from workflow.models.base import table_of
from workflow.operations.export_trail import export_trail
from workflow.reports.trail.trail import Wanted
from workflow.store import log
from workflow.store.office import Office
from workflow.store.signing import Signer

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
_ENTRY = table_of(models.AuditEntry)
_INSTALLATION = table_of(models.Installation)
_PAGE = 5_000
_SENTINEL = 987_654_321


def fill(office: Office, signer: Signer, entries: int) -> None:
    """Write entries with their positions, the hashes of their subtrees and the signed checkpoint."""
    with office.database.transaction() as transaction:
        connection = transaction.connection
        fleet.staff(connection, NOW)
        if not connection.execute(select(func.count()).select_from(_INSTALLATION)).scalar_one():
            row = {"id": 1, "origin": "bench", "log_origin": "bench.example", "salt": "s", "created_at": NOW}
            connection.execute(_INSTALLATION.insert(), row)
        nodes = log.Nodes()
        frontier = Frontier(complete=nodes.note)
        made = enumerate(islice(_texts(), entries))
        while page := list(islice(made, _PAGE)):
            rows = [
                {"position": n, "kind": _KIND, "recorded_at": NOW, "canonical": text, "leaf": leaf_hash(text)}
                for n, text in page
            ]
            connection.execute(_ENTRY.insert(), rows)
            for row in rows:
                frontier.append(bytes.fromhex(str(row["leaf"])))
            nodes.keep(connection)
        origin = log.origin(connection)
        note = signer.sign(Checkpoint(origin, entries, frontier.root()))
        log.add_checkpoint(connection, origin=origin, size=entries, root=frontier.root(), note=note, now=NOW)


_KIND = "case:state:changed"


def _entry(number: int, case: str) -> Entry:
    """An entry as large as that of a transition."""
    return Entry(
        kind=_KIND,
        recorded_at=NOW,
        actor="p-bench",
        role="approver",
        proven="bench",
        effective_at=NOW,
        about={
            "application": f"STP-2026-{case}",
            "company": f"2018{case}A",
            "company_name": "Quillhaven Logistics Pte. Ltd.",
            "programme": "STP",
        },
        from_state="validation",
        to_state="certified",
        rules=[["documents_present", "6 kinds"], ["answers_complete", "24 answers"], ["role_permits", "approver"]],
        edition=["STP", "2026-03", "8b" * 32],
        detail={"trigger": "certify", "title": "Certify", "decision_no": number},
    )


def _texts() -> Iterator[str]:
    """Yield canonical forms; only the first is encoded, the others differ from it in their numbers alone."""
    pattern = re.sub(f"CASE|{_SENTINEL}", "%06d", _entry(_SENTINEL, "CASE").canonical()).replace(
        '"decision_no":%06d', '"decision_no":%d'
    )
    number = 0
    while True:
        case = number % 100_000
        text = pattern % (case, case, number)
        if number % 100_000 == 12_345 and text != _entry(number, f"{case:06}").canonical():
            raise RuntimeError("The entries are not as the product would write them.")
        yield text
        number += 1


def export(office: Office, signer: Signer, file: Path, wanted: Wanted, form: str) -> None:
    act = Act(Person("p-bench", "Bench", frozenset({"auditor"})), "bench", NOW)
    export_trail(office, signer, file=file, wanted=wanted, act=act, zone="Asia/Singapore", form=form)


@dataclass(frozen=True)
class Measured:
    seconds: float
    processor: float  # seconds of it
    grown: float  # MB of memory at most, above what the process held before the work


def rss() -> tuple[float, float]:
    """Return the memory this process holds and the most it ever held, in MB."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    held, most = (re.search(rf"{name}:\s+(\d+) kB", status) for name in ("VmRSS", "VmHWM"))
    if held is None or most is None:
        raise RuntimeError("The memory of a process is read from /proc/self/status, as Linux has it.")
    return int(held[1]) / 1024, int(most[1]) / 1024


def timed(work: Callable[[], object], processor: Callable[[], float]) -> Measured:
    """Do some work in this process."""
    idle, used, began = rss()[0], processor(), perf_counter()
    work()
    return Measured(perf_counter() - began, processor() - used, max(0.0, rss()[1] - idle))


@contextmanager
def apart() -> Iterator[ProcessPoolExecutor]:
    """Yield what runs work in a fresh process, one piece after the other."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield pool
