"""python3 whole_log.py TRAIL.jsonl CHECKPOINT...: do the entries give the roots that were signed? Standard library only."""

import base64
import hashlib
import sys


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


wanted: dict[int, set[str]] = {}  # by tree size, the roots of the checkpoints
for name in sys.argv[2:]:
    _, size, root, *_ = open(name, encoding="utf-8").read().split("\n")
    wanted.setdefault(int(size), set()).add(root)
peaks: list[tuple[int, bytes]] = []  # complete subtrees, the largest first: how many leaves, hash
count = 0
for line in open(sys.argv[1], "rb"):
    if not line.startswith(b'{"entry":'):
        continue  # the first and the last line
    entry = line[len(b'{"entry":') : line.rindex(b',"index":')]
    peaks.append((1, sha256(b"\0" + entry)))
    if base64.b64encode(peaks[-1][1]) not in line[line.rindex(b',"index":') :]:
        sys.exit(f"entry {count} was altered: it does not give the leaf hash beside it")
    while len(peaks) > 1 and peaks[-2][0] == peaks[-1][0]:
        (size, left), (_, right) = peaks[-2:]
        peaks[-2:] = [(2 * size, sha256(b"\1" + left + right))]
    count += 1
    if count in wanted:
        found = peaks[-1][1]
        for _, left in reversed(peaks[:-1]):
            found = sha256(b"\1" + left + found)
        if wanted.pop(count) != {base64.b64encode(found).decode()}:
            sys.exit(f"the first {count} entries do not give the root of the checkpoint of that size")
        print(f"the first {count} entries give the root of the checkpoint of that size")
sys.exit(f"only {count} entries, but a checkpoint has {max(wanted)}" if wanted else 0)
