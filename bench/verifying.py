"""P7: verifying the bundle of a whole log without a database, against hashing the same lines; and one inclusion proof."""

import hashlib
import platform
import random
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter

from sqlalchemy import select

from bench import trail
from bench.databases import database_url
from bench.trail import Measured
from bench.transition import open_office
from workflow import models
from workflow.audit import bundle
from workflow.models.base import table_of
from workflow.reports.trail.as_bundle import bundle_lines
from workflow.reports.trail.trail import Wanted
from workflow.store.office import Office
from workflow.store.signing import make_key, signer_of

_ENTRY = table_of(models.AuditEntry)
_PROOFS = 200


def run(*, entries: int, rounds: int, seed: int) -> None:
    """Verify and print what was found."""
    with tempfile.TemporaryDirectory(prefix="aeo-bench-") as place, database_url("sqlite") as url:
        folder = Path(place)
        make_key(folder / "log.key")
        signer = signer_of(str(folder / "log.key"), folder)
        with open_office(url) as office:
            trail.fill(office, signer, entries)
            trail.export(office, signer, folder / "trail.jsonl", Wanted(), "jsonl")
            kept, vkey = signer.seen.read_text(encoding="utf-8"), signer.verifier("bench.example").text
            chance = random.Random(seed)  # noqa: S311  # which entries; nothing secret
            made = [_proof(office, kept, vkey, chance.randrange(entries)) for _ in range(_PROOFS)]
        seconds, processor_of_proofs, proofs = zip(*made, strict=True)
        checks = [_checked(lines, vkey) for lines in proofs]
        floors: list[Measured] = []
        ours: list[Measured] = []
        for _ in range(rounds):
            for work, found in ((_floor, floors), (partial(_ours, kept, vkey), ours)):
                with trail.apart() as process:
                    found.append(process.submit(work, folder / "trail.jsonl").result())
        size = (folder / "trail.jsonl").stat().st_size
    ratios = [our.seconds / floor.seconds for floor, our in zip(floors, ours, strict=True)]
    processor = [our.processor / floor.processor for floor, our in zip(floors, ours, strict=True)]
    print(f"P7 {entries:,} entries verified offline: {median(ratios):.1f} times hashing the same lines")
    print(f"   from {min(ratios):.1f} to {max(ratios):.1f}, n = {rounds}")
    print(f"   by processor time {median(processor):.1f}, from {min(processor):.1f} to {max(processor):.1f}")
    per_second = [entries / median(one.seconds for one in side) for side in (floors, ours)]
    print(f"   floor {per_second[0]:,.0f} lines/s, ours {per_second[1]:,.0f}/s")
    grown = max(one.grown for one in ours)
    print(f"   {size / 1e6:,.0f} MB read; at most {grown:,.0f} MB above idle; Python {platform.python_version()}")
    print(
        f"   an inclusion proof: made from the database in {_ms(seconds)}, of it processor {_ms(processor_of_proofs)},"
    )
    print(f"   verified in {_ms(checks)}, n = {_PROOFS}")


def _ms(times: Sequence[float]) -> str:
    return f"{median(times) * 1e3:.2f} ms (at most {max(times) * 1e3:.1f})"


def _floor(file: Path) -> Measured:
    def work() -> None:
        with file.open("rb") as lines:
            for line in lines:
                hashlib.sha256(line).digest()

    return trail.timed(work, time.process_time)


def _ours(kept: str, vkey: str, file: Path) -> Measured:
    def work() -> None:
        with file.open("rb") as lines:
            verdict = bundle.verify(lines, checkpoint=kept, key=vkey)
        if not verdict.holds:
            raise RuntimeError(f"The bundle does not hold: {verdict.problems}")

    return trail.timed(work, time.process_time)


def _proof(office: Office, note: str, vkey: str, index: int) -> tuple[float, float, list[str]]:
    """Make the proof of one entry as `aeo audit prove` does, from a log that is sealed."""
    began, used = perf_counter(), time.process_time()
    with office.database.snapshot() as connection:
        one = select(_ENTRY.c.id).where(_ENTRY.c.position == index)
        lines = list(bundle_lines(connection, note=note, verifier=vkey, narrowed=one))
    return perf_counter() - began, time.process_time() - used, lines


def _checked(lines: list[str], vkey: str) -> float:
    raw = [(line + "\n").encode() for line in lines]
    began = perf_counter()
    verdict = bundle.verify(raw, key=vkey)
    took = perf_counter() - began
    if not verdict.holds:
        raise RuntimeError(f"A proof does not hold: {verdict.problems}")
    return took
