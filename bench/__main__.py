"""`make bench` runs every measurement; `python -m bench --help` tells how to run a part of one."""

import argparse
from argparse import Namespace
from collections.abc import Callable, Sequence

from bench import exporting, mail, outbox, pages, sweeping, transition, verifying, years
from bench.databases import KINDS


def _p1(given: Namespace, kinds: Sequence[str]) -> None:
    for kind in kinds:
        transition.run(kind, rounds=given.rounds, each=given.each, seed=given.seed)
    print(transition.NOT_MEASURED)


def _p3(given: Namespace, kinds: Sequence[str]) -> None:
    for kind in kinds:
        pages.run(kind, sizes=tuple(given.cases), rounds=given.rounds)


def _p4(given: Namespace, kinds: Sequence[str]) -> None:
    for kind in kinds:
        sweeping.run(kind, live=given.live, due=given.due, rounds=3, seed=given.seed)


def _p5(given: Namespace, kinds: Sequence[str]) -> None:
    many = {"rounds": given.rounds, "each": given.each, "connections": given.connections, "seed": given.seed}
    mail.run(**many)
    for kind in kinds:
        with outbox.whole_way(kind) as ours:
            mail.run(**many, ours=ours, named=f"the whole way, {kind}")


def _p6(given: Namespace, kinds: Sequence[str]) -> None:
    for kind in kinds:
        exporting.run(kind, entries=given.entries, rounds=given.rounds)


def _p7(given: Namespace, _kinds: Sequence[str]) -> None:
    verifying.run(entries=given.entries, rounds=min(given.rounds, 3), seed=given.seed)


def _p9(given: Namespace, _kinds: Sequence[str]) -> None:
    years.run(certificates=given.certificates)


MEASUREMENTS: dict[str, Callable[[Namespace, Sequence[str]], None]] = {
    "P1": _p1,
    "P3": _p3,
    "P4": _p4,
    "P5": _p5,
    "P6": _p6,
    "P7": _p7,
    "P9": _p9,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--measure", choices=tuple(MEASUREMENTS), help="measure one goal; all without it")
    parser.add_argument("--only", choices=KINDS, help="measure P1, P4 and P6 on one database; on both without it")
    parser.add_argument("--rounds", type=int, default=7, help="rounds of floor and ours, in turns (7)")
    parser.add_argument("--each", type=int, default=300, help="transitions or messages of each in a round (300)")
    parser.add_argument(
        "--cases", type=int, nargs="+", default=[1_000, 100_000], help="sizes of registers for the pages (1000 100000)"
    )
    parser.add_argument("--live", type=int, default=100_000, help="live certificates for the sweep (100000)")
    parser.add_argument("--due", type=int, default=10_000, help="reminders due in one sweep (10000)")
    parser.add_argument("--certificates", type=int, default=1_000, help="certificates simulated for three years (1000)")
    parser.add_argument(
        "--entries", type=int, default=200_000, help="entries of the trail to export and to verify (200000)"
    )
    parser.add_argument("--connections", type=int, default=4, help="connections to the mail sink (4)")
    parser.add_argument("--seed", type=int, default=1, help="which cases fall to whom, and who starts (1)")
    given = parser.parse_args()
    if given.rounds < 1 or given.each < 1 or given.connections < 1:
        parser.error("--rounds, --each and --connections are 1 or more")
    kinds = [given.only] if given.only else KINDS
    for name, measure in MEASUREMENTS.items():
        if given.measure in (None, name):
            measure(given, kinds)


if __name__ == "__main__":
    main()
