"""Makes proofs by our own code for other people's verifiers, each with an altered one that must be rejected."""

import base64
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from workflow.audit import merkle
from workflow.audit.note import checkpoint_of

LARGEST = 1 << 16
SIZES = sorted({*range(1, 1026), *((1 << level) + more for level in range(11, 17) for more in (-1, 0, 1))})

Vector = dict[str, Any]


class Tree:
    """A tree of numbered leaves, with every hash of it."""

    def __init__(self, size: int) -> None:
        self.leaves = [merkle.leaf_hash(b"entry %d" % number) for number in range(size)]
        self._levels = [self.leaves]
        while len(self._levels[-1]) > 1:
            below = self._levels[-1]
            self._levels.append([merkle.node_hash(below[n], below[n + 1]) for n in range(0, len(below) - 1, 2)])
        frontier = merkle.Frontier()
        self.roots = []
        for leaf in self.leaves:
            frontier.append(leaf)
            self.roots.append(frontier.root())

    def subtree(self, level: int, number: int) -> bytes:
        return self._levels[level][number]

    def root(self, size: int) -> bytes:
        return self.roots[size - 1]


def proofs(many: int, seed: int = 1) -> Iterator[Vector]:
    """Yield as many inclusion proofs and as many consistency proofs, every size once before any twice."""
    tree, chance = Tree(LARGEST + 1), random.Random(seed)  # noqa: S311  # a sample, no secret
    sizes = chance.sample(SIZES, min(many, len(SIZES))) + chance.choices(SIZES, k=max(0, many - len(SIZES)))
    for size in sizes:
        index = chance.randrange(size)
        proof = merkle.inclusion_proof(index, size, tree.subtree)
        yield inclusion(index, size, tree.leaves[index], tree.root(size), proof)
        later = max(size, 2)  # one leaf extends nothing
        earlier = chance.randrange(1, later)
        proof = merkle.consistency_proof(earlier, later, tree.subtree)
        yield consistency(earlier, later, tree.root(earlier), tree.root(later), proof)


def of_bundle(file: Path) -> Iterator[Vector]:
    """Yield the inclusion proofs of an exported bundle under its checkpoint."""
    with file.open(encoding="utf-8") as lines:
        checkpoint = checkpoint_of(json.loads(next(lines))["checkpoint"])
        for line in map(json.loads, lines):
            if "entry" in line:
                proof = [base64.b64decode(one) for one in line["proof"]]
                leaf = base64.b64decode(line["leaf"])
                yield inclusion(line["index"], checkpoint.size, leaf, checkpoint.root, proof)


def inclusion(index: int, size: int, leaf: bytes, root: bytes, proof: list[bytes]) -> Vector:
    return {"kind": "inclusion", "valid": True, "index": index, "size": size, "first": leaf.hex(), "root": root.hex(),
            "proof": [one.hex() for one in proof]}  # fmt: skip


def consistency(earlier: int, size: int, earlier_root: bytes, root: bytes, proof: list[bytes]) -> Vector:
    return {"kind": "consistency", "valid": True, "index": earlier, "size": size, "first": earlier_root.hex(),
            "root": root.hex(), "proof": [one.hex() for one in proof]}  # fmt: skip


def altered(vector: Vector, chance: random.Random) -> Vector:
    """Return a proof with one thing changed: a bit of a hash, or a hash more or less."""
    ways = ["first", "root", "more"] + (["bit", "less"] if vector["proof"] else [])
    proof, wrong = list(vector["proof"]), dict(vector) | {"valid": False}
    match chance.choice(ways):
        case "first" | "root" as name:
            wrong[name] = _flipped(vector[name], chance)
        case "more":
            proof.append(vector["root"])
        case "bit":
            number = chance.randrange(len(proof))
            proof[number] = _flipped(proof[number], chance)
        case "less":
            proof.pop(chance.randrange(len(proof)))
    return wrong | {"proof": proof}


def _flipped(text: str, chance: random.Random) -> str:
    raw = bytearray.fromhex(text)
    raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
    return raw.hex()
