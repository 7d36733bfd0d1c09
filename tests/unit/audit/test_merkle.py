"""The hash tree against the definitions of RFC 9162, section 2.1, written down a second time as they stand there."""

import hashlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.audit import merkle
from workflow.audit.merkle import Frontier, verify_consistency, verify_inclusion

SIZES = [*range(1, 35), 63, 64, 65, 127, 128, 129, 255, 256, 257]


def sha(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def split(n: int) -> int:
    k = 1
    while 2 * k < n:
        k *= 2
    return k


def mth(entries: Sequence[bytes]) -> bytes:
    """MTH of section 2.1.1."""
    if not entries:
        return sha(b"")
    if len(entries) == 1:
        return sha(b"\x00" + entries[0])
    k = split(len(entries))
    return sha(b"\x01" + mth(entries[:k]) + mth(entries[k:]))


def path(m: int, entries: Sequence[bytes]) -> list[bytes]:
    """PATH of section 2.1.3.1."""
    if len(entries) == 1:
        return []
    k = split(len(entries))
    if m < k:
        return [*path(m, entries[:k]), mth(entries[k:])]
    return [*path(m - k, entries[k:]), mth(entries[:k])]


def subproof(m: int, entries: Sequence[bytes], whole: bool) -> list[bytes]:
    """SUBPROOF of section 2.1.4.1."""
    if m == len(entries):
        return [] if whole else [mth(entries)]
    k = split(len(entries))
    if m <= k:
        return [*subproof(m, entries[:k], whole), mth(entries[k:])]
    return [*subproof(m - k, entries[k:], False), mth(entries[:k])]


ENTRIES = [f"entry {n}".encode() for n in range(max(SIZES))]
LEAVES = [merkle.leaf_hash(entry) for entry in ENTRIES]


@pytest.fixture(scope="module")
def subtrees() -> dict[tuple[int, int], bytes]:
    """What a growing tree tells of its complete subtrees."""
    found: dict[tuple[int, int], bytes] = {}
    frontier = Frontier(complete=lambda level, index, made: found.update({(level, index): made}))
    for leaf in LEAVES:
        frontier.append(leaf)
    return found


@pytest.fixture
def subtree(subtrees):
    return lambda level, index: subtrees[level, index]


class TestRoot:
    def test_of_nothing_is_the_hash_of_nothing(self):
        assert merkle.root_of([]) == mth([])

    @pytest.mark.parametrize("size", SIZES)
    def test_is_the_rfcs(self, size: int):
        assert merkle.root_of(LEAVES[:size]) == mth(ENTRIES[:size])

    @pytest.mark.parametrize("size", SIZES)
    def test_goes_on_from_the_edge_alone(self, size: int, subtree):
        frontier = Frontier(size, [subtree(*one) for one in merkle.edge(size)])
        for leaf in LEAVES[size:]:
            frontier.append(leaf)

        assert frontier.root() == mth(ENTRIES)

    def test_refuses_an_edge_that_is_not_the_sizes(self):
        with pytest.raises(ValueError, match="has 2 hashes"):
            Frontier(3, [b"x"])


class TestInclusion:
    @pytest.mark.parametrize("size", SIZES)
    def test_is_proven_as_the_rfc_does(self, size: int, subtree):
        for index in range(size):
            proof = merkle.inclusion_proof(index, size, subtree)
            assert proof == path(index, ENTRIES[:size])
            assert verify_inclusion(LEAVES[index], index, size, proof, mth(ENTRIES[:size]))

    @pytest.mark.parametrize("index", [-1, 5, 6])
    def test_is_not_proven_of_a_leaf_that_is_not_there(self, index: int, subtree):
        with pytest.raises(IndexError):
            merkle.inclusion_proof(index, 5, subtree)

    @given(st.data())
    def test_is_refused_when_anything_is_altered(self, subtrees, data: st.DataObject):
        size = data.draw(st.integers(2, 257))
        index = data.draw(st.integers(0, size - 1))
        proof = merkle.inclusion_proof(index, size, lambda *one: subtrees[one])
        root = merkle.root_of(LEAVES[:size])
        at = data.draw(st.integers(0, len(proof) - 1))
        flipped = bytes([proof[at][0] ^ 1]) + proof[at][1:]
        other = data.draw(st.integers(0, 300).filter(lambda n: n != index))

        assert not verify_inclusion(LEAVES[index], index, size, [*proof[:at], flipped, *proof[at + 1 :]], root)
        assert not verify_inclusion(LEAVES[index], index, size, [*proof[:at], *proof[at + 1 :]], root)
        assert not verify_inclusion(LEAVES[index], index, size, [*proof, root], root)
        assert not verify_inclusion(LEAVES[index], other, size, proof, root)
        assert not verify_inclusion(LEAVES[(index + 1) % size], index, size, proof, root)
        assert not verify_inclusion(LEAVES[index], index, size, proof, sha(root))


class TestConsistency:
    @pytest.mark.parametrize("size", SIZES)
    def test_is_proven_as_the_rfc_does(self, size: int, subtree):
        for earlier in range(1, size + 1):
            proof = merkle.consistency_proof(earlier, size, subtree)
            assert proof == subproof(earlier, ENTRIES[:size], True)
            assert verify_consistency(earlier, size, proof, mth(ENTRIES[:earlier]), mth(ENTRIES[:size]))

    @pytest.mark.parametrize("earlier", [0, 6])
    def test_is_not_proven_of_a_size_that_never_was(self, earlier: int, subtree):
        with pytest.raises(IndexError):
            merkle.consistency_proof(earlier, 5, subtree)
        assert not verify_consistency(earlier, 5, [], mth([]), mth(ENTRIES[:5]))

    @given(st.data())
    def test_is_refused_when_anything_is_altered(self, subtrees, data: st.DataObject):
        size = data.draw(st.integers(2, 257))
        earlier = data.draw(st.integers(1, size - 1))
        proof = merkle.consistency_proof(earlier, size, lambda *one: subtrees[one])
        old, new = merkle.root_of(LEAVES[:earlier]), merkle.root_of(LEAVES[:size])
        at = data.draw(st.integers(0, len(proof) - 1))
        flipped = bytes([proof[at][0] ^ 1]) + proof[at][1:]

        assert not verify_consistency(earlier, size, [*proof[:at], flipped, *proof[at + 1 :]], old, new)
        assert not verify_consistency(earlier, size, [*proof[:at], *proof[at + 1 :]], old, new)
        assert not verify_consistency(earlier, size, proof, sha(old), new)
        assert not verify_consistency(earlier, size, proof, old, sha(new))

    def test_of_a_log_that_was_rewritten_is_refused(self):
        rewritten = [*LEAVES[:3], sha(b"other"), *LEAVES[4:9]]
        old, new = merkle.root_of(LEAVES[:5]), merkle.root_of(rewritten)
        found: dict[tuple[int, int], bytes] = {}
        frontier = Frontier(complete=lambda level, index, made: found.update({(level, index): made}))
        for leaf in rewritten:
            frontier.append(leaf)

        proof = merkle.consistency_proof(5, 9, lambda *one: found[one])

        assert not verify_consistency(5, 9, proof, old, new)
