"""The audit bundle: entries of the log with what proves them, written and verified line by line.

The verifier needs no database, no settings and no trust in whoever made the bundle; memory stays flat. It must not
know how entries are stored.
"""

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

from workflow.audit.merkle import EMPTY_ROOT, Frontier, leaf_hash, node_hash, verify_inclusion
from workflow.audit.note import BadNote, Checkpoint, Verifier, checkpoint_of, open_checkpoint, verifier_of

FORMAT = "aeo-audit-bundle/1"
_ROTATION = "audit:key:rotated"
_ROTATED = f'"kind":"{_ROTATION}"'.encode()
_BEFORE, _AFTER = b'{"entry":', b',"index":'
_TAIL = re.compile(rb'(0|[1-9][0-9]{0,15}),"leaf":"([A-Za-z0-9+/]{43}=)"(?:,"proof":\[([A-Za-z0-9+/=",]*)\])?\}')
# A number that is not whole or very long, or the like in a text. Each begins with fixed bytes: searched for quickly.
_PERHAPS_ODD = tuple(re.compile(start + rb"-?[0-9]+(?:[.eE]|(?<=[0-9]{16}))") for start in (rb'":', rb"\[", rb","))
_LEVEL = 12
_CHUNK = 1 << _LEVEL  # leaves that are hashed level by level at a time
_LONGEST = 64 << 20  # bytes of one line: the first holds whole programmes
_MOST_PROBLEMS = 20
_LARGEST = 2**53 - 1


class BadBundle(Exception):
    """A bundle that cannot be read as one; the sentence says why."""


@dataclass(frozen=True)
class Header:
    """The first line: which log, up to where, and what else a reader needs."""

    checkpoint: str  # a signed note
    verifier: str
    origin: str
    first: int  # index of the first entry
    complete: bool  # all entries from 0 up to the checkpoint, without proofs
    more: dict[str, Any] = field(default_factory=dict)

    def line(self) -> str:
        members: dict[str, Any] = {
            "type": "bundle",
            "format": FORMAT,
            "origin": self.origin,
            "checkpoint": self.checkpoint,
        }
        members |= {"vkey": self.verifier, "first": self.first, "complete": self.complete}
        return json.dumps(members | self.more, ensure_ascii=False, separators=(",", ":"))


def entry_line(canonical: str, index: int, leaf: bytes, proof: Sequence[bytes] | None = None) -> str:
    """Return the line of an entry; its canonical form stands there as it is, so that it can be hashed from the line."""
    line = f'{{"entry":{canonical},"index":{index},"leaf":"{_b64(leaf)}"'
    if proof is not None:
        line += ',"proof":[' + ",".join(f'"{_b64(one)}"' for one in proof) + "]"
    return line + "}"


def end_line(count: int) -> str:
    return json.dumps({"type": "end", "count": count}, separators=(",", ":"))


@dataclass
class Verdict:
    """What verifying came to. It holds when there is no problem."""

    origin: str = ""
    size: int = 0  # of the log at the checkpoint
    entries: int = 0
    complete: bool = False
    root: bytes = b""
    first_bad: int | None = None  # index of the first entry that does not hold
    problems: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        return not self.problems

    def add(self, problem: str, index: int | None = None) -> None:
        if index is not None and (self.first_bad is None or index < self.first_bad):
            self.first_bad = index
        if len(self.problems) < _MOST_PROBLEMS:
            self.problems.append(problem)


def _unheard(index: int, canonical: bytes) -> None:
    """Nobody listens."""


def verify(
    lines: Iterable[bytes],
    *,
    checkpoint: str | None = None,
    key: str | None = None,
    hear: Callable[[int, bytes], None] = _unheard,
) -> Verdict:
    """Verify a bundle from its lines.

    `checkpoint` is a signed note that was kept elsewhere and `key` the verifier key to trust; without them the
    bundle's own are used, which shows that it is whole but not whose it is. `hear` is told each entry of a complete
    bundle while nothing is wrong; only the verdict says whether they were signed. Raises BadBundle where it is no bundle.
    """
    verdict = Verdict()
    numbered = iter(lines)
    header = _header(numbered)
    verdict.origin, verdict.complete = header.origin, header.complete
    verifiers, own = _checkpoint(header, key, verdict)
    if own is None:
        return verdict
    kept, doubt = _kept(checkpoint, verifiers, own, verdict)
    verdict.size = own.size
    rotations = _Rotations()

    def heard(index: int, canonical: bytes) -> None:
        rotations.hear(canonical)
        hear(index, canonical)

    if header.complete:
        _verify_complete(numbered, own, kept, verdict, heard)
    else:
        _verify_parts(numbered, own, kept, header, verdict)
    if doubt and checkpoint and not (verdict.holds and rotations.opens(checkpoint, verifiers[0])):
        verdict.add(f"The checkpoint that was kept elsewhere: {doubt}")
    return verdict


@dataclass
class _Rotations:
    """The keys that signed the log before, as its entries tell; they count once the entries are known to be signed."""

    keys: list[tuple[str, str]] = field(default_factory=list)  # before and after, oldest first

    def hear(self, canonical: bytes) -> None:
        if _ROTATED not in canonical:
            return
        members = orjson.loads(canonical)
        detail = members.get("detail") if isinstance(members, dict) and members.get("kind") == _ROTATION else None
        if isinstance(detail, dict):
            self.keys.append((str(detail.get("before")), str(detail.get("after"))))

    def opens(self, checkpoint: str, trusted: Verifier) -> bool:
        """Say whether a checkpoint was signed by a key that the trusted one followed, directly or over others."""
        known = [trusted]
        try:
            for before, after in reversed(self.keys):
                if after in {one.text for one in known}:
                    known.append(verifier_of(before))
            open_checkpoint(checkpoint, known)
        except BadNote:
            return False
        return True


def _header(lines: Iterator[bytes]) -> Header:
    try:
        members = json.loads(next(lines, b"").decode(), object_pairs_hook=_once)
        if members.get("type") != "bundle" or members.get("format") != FORMAT:
            raise BadBundle(f"The first line does not say that this is a bundle of the format {FORMAT}.")
        known = ("type", "format", "origin", "checkpoint", "vkey", "first", "complete")
        more = {name: value for name, value in members.items() if name not in known}
        header = Header(
            str(members["checkpoint"]), str(members["vkey"]), str(members["origin"]), members["first"],
            members["complete"], more,
        )  # fmt: skip
    except (ValueError, KeyError, AttributeError, RecursionError) as error:
        raise BadBundle("The first line cannot be read as a bundle's.") from error
    if (
        type(header.first) is not int
        or type(header.complete) is not bool
        or not 0 <= header.first <= _LARGEST
        or (header.complete and header.first)
    ):
        raise BadBundle("The first line says nothing usable about `first` and `complete`.")
    return header


def header_of(line: bytes) -> Header:
    """Read the first line alone. Raises BadBundle."""
    return _header(iter([line]))


def _checkpoint(header: Header, key: str | None, verdict: Verdict) -> tuple[list[Verifier], Checkpoint | None]:
    try:
        verifiers = [verifier_of(key or header.verifier)]
        own = open_checkpoint(header.checkpoint, verifiers)
    except BadNote as error:
        verdict.add(f"The bundle's checkpoint: {error}")
        return [], None
    if header.verifier != verifiers[0].text:
        verdict.add("The bundle names another key than the one it was verified with.")
    if own.origin != header.origin:
        verdict.add(f"The bundle says it is of {header.origin}, its checkpoint is of {own.origin}.")
    return verifiers, own


def _kept(
    note: str | None, verifiers: list[Verifier], own: Checkpoint, verdict: Verdict
) -> tuple[Checkpoint | None, str]:
    """Return the checkpoint that was kept elsewhere, and why it may not be one: an earlier key may have signed it."""
    if note is None:
        return None, ""
    doubt = ""
    try:
        try:
            kept = open_checkpoint(note, verifiers)
        except BadNote as error:
            doubt = str(error)
            kept = checkpoint_of(note.rpartition("\n\n")[0] + "\n")
    except BadNote:
        return None, doubt
    if kept.origin != own.origin:
        verdict.add(f"The checkpoint that was kept elsewhere is of {kept.origin}, the bundle of {own.origin}.")
        return None, doubt
    if kept.size > own.size:
        verdict.add(
            f"The checkpoint that was kept elsewhere has {kept.size} entries, the bundle's only {own.size}: "
            "the log was cut, or the bundle is older than the checkpoint.",
            own.size,
        )
    return kept, doubt


class _Line(NamedTuple):
    entry: bytes
    number: int  # its index
    leaf: bytes  # in base64
    proof: list[bytes] | None


def _verify_complete(
    lines: Iterator[bytes],
    own: Checkpoint,
    kept: Checkpoint | None,
    verdict: Verdict,
    hear: Callable[[int, bytes], None],
) -> None:
    """All entries from 0 are there, so they give the root themselves."""
    frontier, chunk = Frontier(), list[bytes]()
    wanted = kept.size if kept and kept.size <= own.size else None
    root_then: bytes | None = EMPTY_ROOT if wanted == 0 else None
    for line in _entries(lines, verdict):
        if line.number != verdict.entries:
            verdict.add(f"Entry {verdict.entries} is missing: the next one is {line.number}.", verdict.entries)
            return
        verdict.entries += 1
        chunk.append(_leaf(line, verdict))
        if verdict.holds:
            hear(line.number, line.entry)
        if len(chunk) == _CHUNK or verdict.entries == wanted:
            _append(frontier, chunk)
            if verdict.entries == wanted:
                root_then = frontier.root()
    _append(frontier, chunk)
    verdict.root = frontier.root()
    if verdict.entries != own.size:
        less = verdict.entries < own.size
        verdict.add(
            f"The checkpoint has {own.size} entries, the bundle {'only ' if less else ''}{verdict.entries}.",
            min(verdict.entries, own.size),
        )
    elif verdict.root != own.root and verdict.first_bad is None:
        verdict.add("The entries do not give the root that the checkpoint signs: an entry was altered.")
    if kept and wanted is not None and root_then is not None and root_then != kept.root:
        verdict.add(
            f"The first {kept.size} entries do not give the root of the checkpoint that was kept elsewhere: "
            "the log was rewritten."
        )


def _append(frontier: Frontier, chunk: list[bytes]) -> None:
    """Add leaves; a whole aligned chunk is hashed level by level, which costs half of adding them one by one."""
    if len(chunk) == _CHUNK and frontier.size % _CHUNK == 0:
        level = chunk[:]
        while len(level) > 1:
            level = [node_hash(*level[n : n + 2]) for n in range(0, len(level), 2)]
        frontier.append_subtree(level[0], _LEVEL)
    else:
        for leaf in chunk:
            frontier.append(leaf)
    chunk.clear()


def _verify_parts(
    lines: Iterator[bytes], own: Checkpoint, kept: Checkpoint | None, header: Header, verdict: Verdict
) -> None:
    """Some entries are there, each with its own proof."""
    before = -1
    for line in _entries(lines, verdict):
        verdict.entries += 1
        if verdict.entries == 1 and line.number != header.first:
            verdict.add(
                f"The bundle says it begins with entry {header.first}, it begins with {line.number}.", line.number
            )
        if line.number <= before:
            verdict.add(f"Entry {line.number} stands after entry {before}: the order is wrong.", line.number)
        before = line.number
        leaf = _leaf(line, verdict)
        if line.proof is None:
            verdict.add(f"Entry {line.number} has no proof.", line.number)
        elif not verify_inclusion(leaf, line.number, own.size, line.proof, own.root):
            verdict.add(f"The proof of entry {line.number} does not lead to the checkpoint's root.", line.number)
    if kept and kept.size == own.size and kept.root != own.root:
        verdict.add(
            "The bundle's checkpoint and the one that was kept elsewhere have the same size and not the same root."
        )


def _entries(lines: Iterator[bytes], verdict: Verdict) -> Iterator[_Line]:
    """Yield the lines of entries up to the end line, which must be the last one."""
    expected = 0
    for raw in lines:
        line = raw.rstrip(b"\n")
        if not line.startswith(_BEFORE):
            _end(line, verdict)
            if any(lines):
                verdict.add("Something stands after the end line.")
            return
        read = _read(line)
        if read is None:
            verdict.add(f"The line of entry {expected} cannot be read.", expected)
            return
        expected = read.number + 1
        yield read
    verdict.add("The end line is missing: the bundle was cut.", expected)


def _read(line: bytes) -> _Line | None:
    """Take a line apart without parsing its entry. An entry's own text cannot look like the tail: quotes are escaped."""
    cut = line.rfind(_AFTER)
    if cut < 0 or len(line) > _LONGEST:
        return None
    tail = _TAIL.fullmatch(line, cut + len(_AFTER))
    if tail is None:
        return None
    index, leaf, proof = tail.groups()
    try:
        hashes = None if proof is None else [_hash(one) for one in json.loads(b"[" + proof + b"]")]
        return _Line(line[len(_BEFORE) : cut], int(index), leaf, hashes)
    except (ValueError, TypeError):
        return None


def _leaf(line: _Line, verdict: Verdict) -> bytes:
    """Return the hash of an entry as it stands, and note where it is not the one beside it, or not in canonical form.

    The form rules out that two readers see two things: a member named twice does not come back as it stood there.
    """
    found = leaf_hash(line.entry)
    if base64.b64encode(found) != line.leaf:
        verdict.add(f"Entry {line.number} was altered: it does not give the leaf hash beside it.", line.number)
    try:
        members = orjson.loads(line.entry)
        proper = orjson.dumps(members, option=orjson.OPT_SORT_KEYS) == line.entry
    except orjson.JSONDecodeError:
        proper = False
    if proper and any(odd.search(line.entry) for odd in _PERHAPS_ODD):
        proper = _plain(members)
    if not proper:
        verdict.add(
            f"Entry {line.number} is not in canonical form (RFC 8785): readers could differ on it.", line.number
        )
    return found


def _plain(value: Any) -> bool:
    """Say whether all numbers are whole and small enough that every reader writes them alike."""
    if isinstance(value, dict):
        return all(_plain(member) for member in value.values())
    if isinstance(value, list):
        return all(_plain(member) for member in value)
    return not isinstance(value, float) and not (isinstance(value, int) and abs(value) > _LARGEST)


def _end(line: bytes, verdict: Verdict) -> None:
    try:
        members = json.loads(line.decode(), object_pairs_hook=_once)
        count = members["count"] if members.get("type") == "end" else None
    except (ValueError, KeyError, AttributeError, RecursionError):
        count = None
    if type(count) is not int:
        verdict.add("A line is neither an entry nor the end.", verdict.entries)
    elif count != verdict.entries:
        verdict.add(f"The end line counts {count} entries, {verdict.entries} are there.", min(count, verdict.entries))


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Build an object and refuse one that names a member twice: two readers would see two things."""
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("A member is named twice.")
    return made


def _hash(encoded: str) -> bytes:
    raw = base64.b64decode(encoded, validate=True)
    if len(raw) != hashlib.sha256().digest_size or _b64(raw) != encoded:
        raise ValueError("This is no SHA-256 hash in base64.")
    return raw


def _b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
