"""The hash tree of RFC 6962 and RFC 9162, section 2.1: roots, inclusion and consistency, to prove and to verify.

It knows hashes and numbers of leaves, and must not know what the leaves say nor where they are kept.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence

Subtree = Callable[[int, int], bytes]  # (level, index) -> the hash over leaves index << level up to the next
EMPTY_ROOT = hashlib.sha256(b"").digest()
_LEAF, _NODE = hashlib.sha256(b"\x00"), hashlib.sha256(b"\x01")  # begun once: a copy costs less than beginning anew


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf: SHA-256(0x00 || data)."""
    made = _LEAF.copy()
    made.update(data)
    return made.digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node: SHA-256(0x01 || left || right)."""
    made = _NODE.copy()
    made.update(left + right)
    return made.digest()


class Frontier:
    """The right edge of a growing tree: all that must be remembered to append and to know the root.

    `complete` is told of every subtree that becomes complete, as (level, index, hash), leaves included.
    """

    def __init__(
        self,
        size: int = 0,
        hashes: Iterable[bytes] = (),
        complete: Callable[[int, int, bytes], None] = lambda _level, _index, _hash: None,
    ) -> None:
        self.size = size
        self._hashes = list(hashes)  # of the complete subtrees that make up the tree, the largest first
        self._complete = complete
        if len(self._hashes) != size.bit_count():
            raise ValueError(f"A tree of {size} leaves has {size.bit_count()} hashes on its edge.")

    def append(self, leaf: bytes) -> None:
        """Add the hash of one leaf."""
        self.append_subtree(leaf, 0)

    def append_subtree(self, made: bytes, level: int) -> None:
        """Add the hash of a complete subtree of 2^level leaves. Raises ValueError where none may begin."""
        if self.size & (1 << level) - 1:
            raise ValueError(f"After {self.size} leaves no subtree of {1 << level} begins.")
        index, grown = self.size >> level, self.size + (1 << level)
        self._complete(level, index, made)
        while index & 1:
            made = node_hash(self._hashes.pop(), made)
            index >>= 1
            level += 1
            self._complete(level, index, made)
        self._hashes.append(made)
        self.size = grown

    def root(self) -> bytes:
        """Return the hash of the whole tree."""
        if not self._hashes:
            return EMPTY_ROOT
        made = self._hashes[-1]
        for left in reversed(self._hashes[:-1]):
            made = node_hash(left, made)
        return made


def root_of(leaves: Iterable[bytes]) -> bytes:
    """Return the root over hashes of leaves."""
    frontier = Frontier()
    for leaf in leaves:
        frontier.append(leaf)
    return frontier.root()


def edge(size: int) -> list[tuple[int, int]]:
    """Return which subtrees make up a tree, as (level, index), the largest first: what a frontier is built from."""
    found, begin = [], 0
    for level in range(size.bit_length() - 1, -1, -1):
        if size >> level & 1:
            found.append((level, begin >> level))
            begin += 1 << level
    return found


def inclusion_proof(index: int, size: int, subtree: Subtree) -> list[bytes]:
    """Return the proof that a leaf is in a tree (RFC 9162, section 2.1.3.1). Raises IndexError for no such leaf."""
    if not 0 <= index < size:
        raise IndexError(f"A tree of {size} leaves has no leaf {index}.")
    begin, end, proof = 0, size, []
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if index < middle:
            proof.append(_range(middle, end, subtree))
            end = middle
        else:
            proof.append(_range(begin, middle, subtree))
            begin = middle
    return proof[::-1]


def consistency_proof(earlier: int, size: int, subtree: Subtree) -> list[bytes]:
    """Return the proof that a tree extends an earlier one (RFC 9162, section 2.1.4.1). Raises IndexError."""
    if not 0 < earlier <= size:
        raise IndexError(f"A tree of {size} leaves extends none of {earlier}.")
    begin, end, proof, whole = 0, size, [], True
    while earlier < end:
        middle = begin + _split(end - begin)
        if earlier <= middle:
            proof.append(_range(middle, end, subtree))
            end = middle
        else:
            proof.append(_range(begin, middle, subtree))
            begin, whole = middle, False
    return ([] if whole else [_range(begin, end, subtree)]) + proof[::-1]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Say whether a proof shows a leaf's hash at an index under a root (RFC 9162, section 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    at, last, made = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            made = node_hash(sibling, made)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            made = node_hash(made, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and made == root


def verify_consistency(earlier: int, size: int, proof: Sequence[bytes], earlier_root: bytes, root: bytes) -> bool:
    """Say whether a proof shows that a tree extends an earlier one (RFC 9162, section 2.1.4.2)."""
    if not 0 < earlier <= size:
        return False
    if earlier == size:
        return not proof and earlier_root == root
    path = list(proof)
    if earlier & (earlier - 1) == 0:  # the earlier tree is one complete subtree, which the proof leaves out
        path.insert(0, earlier_root)
    if not path:
        return False
    at, last = earlier - 1, size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and (old, new) == (earlier_root, root)


def _split(count: int) -> int:
    """Return the largest power of two below a number of leaves."""
    return 1 << (count - 1).bit_length() - 1


def _range(begin: int, end: int, subtree: Subtree) -> bytes:
    """Return the hash over leaves from `begin` to `end`, where `begin` is a multiple of the size's next power of two."""
    count = end - begin
    if count & (count - 1) == 0:
        level = count.bit_length() - 1
        return subtree(level, begin >> level)
    middle = begin + _split(count)
    return node_hash(_range(begin, middle, subtree), _range(middle, end, subtree))
