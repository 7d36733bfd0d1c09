"""Asks pymerkle about our inclusion proofs and our roots. Runs in .interop/venv.

Its consistency proofs have a form of their own that goes down to leaves where RFC 9162 stops at subtrees, so ours
cannot be put into it; instead it says from its own tree whether our earlier and later roots are right.
"""

import json
import sys

import pymerkle
from pymerkle.core import _inclusion_path_layout

vectors = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
wrong = proofs = roots = 0
for one in vectors:
    if one["kind"] != "inclusion":
        continue
    proofs += 1
    rule, _ = _inclusion_path_layout(one["index"] + 1, one["size"])
    metadata = {"algorithm": "sha256", "security": True, "size": one["size"], "index": one["index"] + 1}
    path = [one["first"], *one["proof"]]
    try:
        proof = pymerkle.MerkleProof.deserialize(
            {"type": "inclusion", "metadata": metadata, "rule": rule, "path": path}
        )
        pymerkle.verify_inclusion(bytes.fromhex(one["first"]), bytes.fromhex(one["root"]), proof, size=one["size"])
        accepted = True
    except pymerkle.InvalidProof:
        accepted = False
    if accepted != one["valid"]:
        wrong += 1
        print("pymerkle disagrees:", one)
tree = pymerkle.InmemoryTree("sha256")
for number in range(1 << 11 | 1):
    tree.append_entry(b"entry %d" % number)
for one in vectors:
    if one["kind"] == "consistency" and one["valid"] and one["size"] <= tree.get_size():
        roots += 1
        ours = (one["first"], one["root"])
        theirs = tuple(tree.get_root(size).hex() for size in (one["index"], one["size"]))
        if ours != theirs:
            wrong += 1
            print("pymerkle finds other roots:", one)
print(f"{proofs} inclusion proofs, half of them altered, and {roots} pairs of roots; {wrong} wrong")
sys.exit(bool(wrong) or not proofs or not roots)
