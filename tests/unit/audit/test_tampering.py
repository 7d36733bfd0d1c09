"""A log that was tampered with is found, whatever was done to it and wherever, given one checkpoint kept outside.

300 entries in the normal run, 10,000 in the exhaustive one, by the same code; there each line is taken apart, checked and
hashed once. What is done where:

- Every edit, delete, insert and swap of one row, and every cut of the tail, as somebody leaves them who has the
  database without the key: at every single place, by the product's verifier over the whole bundle. The first bad
  index must be named.
- The same with all numbers and hashes made anew, without the key and with it: at places drawn by a seed (1,000 with
  the key). Nothing in such a bundle contradicts itself, so one root says that it was rewritten and not where; the range
  between kept checkpoints must hold the first bad index, and checkpoints one entry apart must name it.
- For the places that were not drawn: a log made anew has another leaf at its first bad index, and at every place it
  is shown that no other leaf leads to the kept root.
"""

import random
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import pytest
from logs import VKEY, Lines, bundle, entry, header, leaf, line_of, numbered, signed, written

from workflow.audit import bundle as bundles
from workflow.audit import merkle
from workflow.audit.bundle import Verdict, end_line, entry_line, verify

SEED, SAMPLE = 5, 300
INTRUDER = entry(0, note="inserted")


@dataclass(frozen=True)
class Log:
    """An honest log and the checkpoint of it that is kept outside."""

    entries: list[str]
    lines: Lines
    roots: list[bytes]  # of the first n entries
    hashes: dict[tuple[int, int], bytes]
    draws: int

    @property
    def size(self) -> int:
        return len(self.entries)

    def kept(self, size: int | None = None) -> str:
        size = self.size if size is None else size
        return signed(size, self.roots[size])

    def found(self, lines: Iterable[bytes]) -> Verdict:
        return verify(lines, checkpoint=self.kept(), key=VKEY)


@pytest.fixture(
    scope="module",
    params=[
        pytest.param((SAMPLE, 100), id="300"),
        pytest.param((10_000, 1_000), id="10000", marks=pytest.mark.exhaustive),
    ],
)
def log(request: pytest.FixtureRequest) -> Log:
    size, draws = request.param
    entries = [entry(n) for n in range(size)]
    hashes: dict[tuple[int, int], bytes] = {}
    frontier = merkle.Frontier(complete=lambda level, index, made: hashes.update({(level, index): made}))
    roots = [frontier.root()]
    for one in entries:
        frontier.append(leaf(one))
        roots.append(frontier.root())
    return Log(entries, bundle(entries), roots, hashes, draws)


@pytest.fixture(autouse=True)
def computed_once(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """The full sweep hands each line to the verifier 10,000 times: what depends on its arguments alone is kept there."""
    if log.size == SAMPLE:
        return
    for of, name in ((bundles, "_read"), (bundles, "_canonical"), (merkle, "node_hash")):
        kept = lru_cache(maxsize=1 << 18)(getattr(of, name))
        monkeypatch.setattr(of, name, kept)
        monkeypatch.setattr(bundles, name, kept)
    sound = bundles._sound
    stretch = lru_cache(maxsize=1 << 14)(lambda lines, first: sound([*lines], first))
    monkeypatch.setattr(bundles, "_sound", lambda lines, first: stretch(tuple(lines), first))


class TestWithoutTheKey:
    """Every place of the log, one after the other."""

    def test_every_edit_is_named(self, log: Log):
        for n, line in enumerate(log.lines[1:-1]):
            edited = line.replace(b"said", b"sold")
            assert log.found([*log.lines[: n + 1], edited, *log.lines[n + 2 :]]).first_bad == n

    def test_every_deleted_row_is_named(self, log: Log):
        for n in range(log.size):
            assert log.found([*log.lines[: n + 1], *log.lines[n + 2 :]]).first_bad == n

    def test_every_inserted_row_is_named(self, log: Log):
        """It can only claim a number that another row has."""
        for n in range(log.size):
            inserted = line_of(entry_line(INTRUDER, n, leaf(INTRUDER)))
            assert log.found([*log.lines[: n + 1], inserted, *log.lines[n + 1 :]]).first_bad == n

    def test_every_swap_is_named(self, log: Log):
        for n in range(log.size - 1):
            swapped = [*log.lines[: n + 1], log.lines[n + 2], log.lines[n + 1], *log.lines[n + 3 :]]
            assert log.found(swapped).first_bad == n

    def test_every_cut_of_the_tail_is_named(self, log: Log):
        for n in range(log.size):
            assert log.found([*log.lines[: n + 1], line_of(end_line(n))]).first_bad == n


def one_change(log: Log, chance: random.Random) -> tuple[int, list[str]]:
    """Return a log with one thing changed, and the first index at which it is another."""
    n = chance.randrange(log.size - 1)
    before, after = log.entries[:n], log.entries[n:]
    match chance.choice(("edit", "delete", "insert", "swap", "backup")):
        case "edit":
            return n, [*before, entry(n, note=str(chance.random())), *after[1:]]
        case "delete":
            return n, [*before, *after[1:]]
        case "insert":
            return n, [*before, INTRUDER, *after]
        case "swap":
            return n, [*before, after[1], after[0], *after[2:]]
        case _:  # an older backup was restored, and the log grew again beyond what was lost
            return n, [*before, *(entry(m, note="again") for m in range(n, log.size + 5))]


class TestMadeAnew:
    """Numbers and hashes made anew as well, so that the bundle contradicts itself nowhere: places drawn by a seed."""

    def test_without_the_key_nothing_fits_the_checkpoint(self, log: Log):
        chance = random.Random(SEED)  # noqa: S311  # which place; nothing secret
        for _ in range(log.draws // 5):
            n, entries = one_change(log, chance)
            verdict = log.found(bundle(entries, note=log.kept()))
            assert not verdict.holds
            assert verdict.between is None or verdict.between[0] <= n <= verdict.between[1]

    def test_with_the_key_the_kept_checkpoint_shows_it(self, log: Log):
        chance = random.Random(SEED)  # noqa: S311  # which place; nothing secret
        kept = [log.kept(size) for size in range(0, log.size + 1, log.size // 10)]
        for _ in range(log.draws):
            n, entries = one_change(log, chance)
            entries += [entry(log.size + m) for m in range(chance.randrange(1, 20))]
            lines = bundle(entries)
            assert verify(lines, key=VKEY).holds, "nothing in the bundle contradicts itself"
            verdict = verify(lines, checkpoint=kept[-1], earlier=kept[:-1], key=VKEY)
            tenth = n // (log.size // 10)
            assert any("the log was rewritten" in problem for problem in verdict.problems)
            assert verdict.between == (tenth * (log.size // 10), (tenth + 1) * (log.size // 10) - 1)

    def test_checkpoints_one_entry_apart_name_the_place(self, log: Log):
        chance = random.Random(SEED)  # noqa: S311  # which place; nothing secret
        for _ in range(log.draws // 5):
            n, entries = one_change(log, chance)
            entries += [entry(log.size + 1)]
            verdict = verify(bundle(entries), checkpoint=log.kept(n + 1), earlier=[log.kept(n)], key=VKEY)
            assert verdict.first_bad == n

    def test_an_older_backup_is_named_by_its_end(self, log: Log):
        chance = random.Random(SEED)  # noqa: S311  # which place; nothing secret
        for _ in range(log.draws // 5):
            n = chance.randrange(log.size)
            lines = written(header(log.kept(n)), numbered(log.entries[:n]))
            assert verify(lines, key=VKEY).holds, "it is what was signed then"
            assert log.found(lines).first_bad == n

    def test_at_every_place_no_other_leaf_leads_to_the_kept_root(self, log: Log):
        other = leaf(entry(0, note="other"))
        for n, one in enumerate(log.entries):
            proof = merkle.inclusion_proof(n, log.size, lambda *key: log.hashes[key])
            following = leaf(log.entries[(n + 1) % log.size])  # what a deletion or a swap puts there
            assert merkle.verify_inclusion(leaf(one), n, log.size, proof, log.roots[-1])
            for wrong in (other, following):
                assert not merkle.verify_inclusion(wrong, n, log.size, proof, log.roots[-1])
