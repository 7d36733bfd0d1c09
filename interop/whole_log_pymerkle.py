"""python whole_log_pymerkle.py TRAIL.jsonl CHECKPOINT...: the same question, put to pymerkle's own tree."""

import base64
import sys

import pymerkle

tree = pymerkle.InmemoryTree("sha256")
for line in open(sys.argv[1], "rb"):
    if line.startswith(b'{"entry":'):
        tree.append_entry(line[len(b'{"entry":') : line.rindex(b',"index":')])
for name in sys.argv[2:]:
    _, size, root, *_ = open(name, encoding="utf-8").read().split("\n")
    if int(size) > tree.get_size() or base64.b64encode(tree.get_root(int(size))).decode() != root:
        sys.exit(f"pymerkle finds another root than the checkpoint of {size} entries")
    print(f"pymerkle finds the root of the checkpoint of {size} entries")
