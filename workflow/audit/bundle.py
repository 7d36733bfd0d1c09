"""The audit bundle: entries of the log with what proves them, written and verified line by line.

The verifier needs no database, no settings and no trust in whoever made the bundle; memory stays flat. It must not
know how entries are stored.
"""

import base64
import hashlib
import json
import re
import secrets
from binascii import b2a_base64
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Literal, cast

import orjson

from workflow.audit.merkle import EMPTY_ROOT, Frontier, leaf_hash, node_hash, verify_inclusion
from workflow.audit.note import BadNote, Checkpoint, UnknownKey, Verifier, checkpoint_of, open_checkpoint, verifier_of

FORMAT = "aeo-audit-bundle/1"
_ROTATION = "audit:key:rotated"
_BEFORE, _AFTER = b'{"entry":', b',"index":'
_WHOLE = b'{"entry":%b,"index":%d,"leaf":"%b"}\n'  # a line without a proof
_SKIP, _FURTHER = len(_BEFORE), len(_AFTER)
_REST = len(_WHOLE % (b"", 0, b2a_base64(EMPTY_ROOT, newline=False))) - _SKIP - 1  # behind an entry, but for its number
_TAIL = re.compile(rb'(0|[1-9][0-9]{0,15}),"leaf":"([A-Za-z0-9+/]{43}=)"(?:,"proof":\[([A-Za-z0-9+/=",]*)\])?\}\n?')
_CANONICAL = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER
_LEVEL = 12
_CHUNK = 1 << _LEVEL  # leaves that are hashed level by level at a time
_STRETCH = 32  # entries that are looked at together; it divides a chunk
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


# What a problem is about: the entries, who signed them, or the checkpoint that was kept elsewhere.
About = Literal["entries", "signature", "kept"]


@dataclass
class Verdict:
    """What verifying came to. It holds when there is no problem and no question was left unanswered."""

    origin: str = ""
    size: int = 0  # of the log at the checkpoint
    entries: int = 0
    complete: bool = False
    root: bytes = b""
    first_bad: int | None = None  # index of the first entry that does not hold
    between: tuple[int, int] | None = None  # or else the first and the last of those of which it is one
    problems: list[str] = field(default_factory=list)
    about: set[About] = field(default_factory=set)  # what the problems are about
    unanswered: list[str] = field(default_factory=list)  # what was asked and such a bundle cannot show

    @property
    def holds(self) -> bool:
        return not self.problems and not self.unanswered

    def add(self, problem: str, index: int | None = None, *, about: About = "entries") -> None:
        self.about.add(about)
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
    earlier: Sequence[str] = (),
    key: str | None = None,
    hear: Callable[[int, bytes], None] = _unheard,
) -> Verdict:
    """Verify a bundle from its lines.

    `checkpoint` is a signed note that was kept elsewhere and `key` the verifier key to trust; without them the
    bundle's own are used, which shows that it is whole but not whose it is. One checkpoint shows that a log was
    rewritten; `earlier` ones, kept elsewhere too, show between which two. `hear` is told each entry of a complete
    bundle while nothing is wrong; only the verdict says whether they were signed. Raises BadBundle where it is no
    bundle, BadNote where what was kept elsewhere is no key or no checkpoint: that says nothing about the bundle.
    """
    verdict = Verdict()
    trusted = None if key is None else verifier_of(key)
    numbered = iter(lines)
    header = _header(numbered)
    verdict.origin, verdict.complete = header.origin, header.complete
    verifiers, own = _checkpoint(header, trusted, verdict)
    if own is None:
        return verdict
    notes = [*([] if checkpoint is None else [checkpoint]), *earlier]
    kept = [_kept(note, verifiers, own, verdict) for note in notes]
    verdict.size = own.size
    doubted = [one for one in kept if one.doubt]
    rotations = _Rotations()

    def heard(index: int, canonical: bytes) -> None:
        rotations.hear(canonical)
        hear(index, canonical)

    if header.complete:
        _verify_complete(numbered, own, kept, verdict, heard if doubted else hear)
    else:
        _verify_parts(numbered, own, header, verdict)
        _compare(own, kept, verdict)
        return verdict
    holds = verdict.holds
    for one in doubted:
        if not (holds and rotations.opens(one.note, verifiers[0])):
            verdict.add(f"The checkpoint that was kept elsewhere: {one.doubt}", about="kept")
    return verdict


@dataclass
class _Rotations:
    """The keys that signed the log before, as its entries tell; they count once the entries are known to be signed."""

    keys: list[tuple[str, str]] = field(default_factory=list)  # before and after, oldest first

    def hear(self, canonical: bytes) -> None:
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


def _checkpoint(header: Header, trusted: Verifier | None, verdict: Verdict) -> tuple[list[Verifier], Checkpoint | None]:
    try:
        verifiers = [trusted or verifier_of(header.verifier)]
        own = open_checkpoint(header.checkpoint, verifiers)
    except BadNote as error:
        verdict.add(f"The checkpoint beside the entries: {error}", about="signature")
        return [], None
    if header.verifier != verifiers[0].text:
        verdict.add(
            "Another key is named beside the entries than the one that they were verified with.", about="signature"
        )
    if own.origin != header.origin:
        verdict.add(f"The bundle says it is of {header.origin}, its checkpoint is of {own.origin}.", about="signature")
    return verifiers, own


@dataclass(frozen=True)
class _Kept:
    """A checkpoint that was kept elsewhere, and why it may not be one: an earlier key may have signed it."""

    note: str
    says: Checkpoint | None  # none where it says nothing of the bundle
    doubt: str = ""


def _kept(note: str, verifiers: list[Verifier], own: Checkpoint, verdict: Verdict) -> _Kept:
    doubt = ""
    try:
        try:
            kept = open_checkpoint(note, verifiers)
        except UnknownKey as error:
            doubt = str(error)
            kept = checkpoint_of(note.rpartition("\n\n")[0] + "\n")
    except BadNote as error:
        raise BadNote(f"The checkpoint that was kept elsewhere: {error}") from error
    if kept.origin != own.origin:
        verdict.add(
            f"The checkpoint that was kept elsewhere is of {kept.origin}, these entries are of {own.origin}.",
            about="kept",
        )
        return _Kept(note, None, doubt)
    return _Kept(note, kept, doubt)


# An entry, its index, its leaf hash, whether that is the one beside it, and its proof.
_Line = tuple[bytes, int, bytes, bool, list[bytes] | None]


@dataclass(frozen=True)
class _Stretch:
    """Entries in which nothing is wrong, of the numbers that were next, and their leaf hashes."""

    entries: list[bytes]
    leaves: list[bytes]


def _verify_complete(
    lines: Iterator[bytes], own: Checkpoint, kept: list[_Kept], verdict: Verdict, hear: Callable[[int, bytes], None]
) -> None:
    """All entries from 0 are there, so they give the root themselves."""
    for one in kept:
        if one.says and one.says.size > own.size:
            verdict.add(
                f"The checkpoint that was kept elsewhere has {one.says.size} entries, here are only {own.size}: "
                "the log was cut, or this copy of it is older than the checkpoint.",
                own.size,
                about="kept",
            )
    whole = _Whole({one.says.size for one in kept if one.says})
    for read in _entries(lines, verdict, together=True):
        if isinstance(read, _Stretch):
            if not verdict.problems and hear is not _unheard:
                for number, entry in enumerate(read.entries, start=whole.size):
                    hear(number, entry)
            whole.add(read.leaves)
        elif read[1] == whole.size:
            entry, number, leaf, same, _ = read
            _check(entry, number, same, verdict)
            if not verdict.problems:
                hear(number, entry)
            whole.add([leaf])
        else:
            _note_gap(read[1], whole.size, verdict)
            return
        verdict.entries = whole.size
    verdict.root = whole.root()
    if verdict.entries != own.size:
        less = verdict.entries < own.size
        verdict.add(
            f"The checkpoint has {own.size} entries, here are {'only ' if less else ''}{verdict.entries}.",
            min(verdict.entries, own.size),
        )
    _hold_to_roots(whole.roots, own, kept, verdict)


def _note_gap(number: int, expected: int, verdict: Verdict) -> None:
    if number < expected:
        verdict.add(f"Two entries claim to be entry {number}.", number)
    else:
        verdict.add(f"Entry {expected} is missing: the next one is {number}.", expected)


class _Whole:
    """The tree over all entries so far, and its roots at the sizes that are wanted."""

    def __init__(self, wanted: set[int]) -> None:
        self.size, self.roots = 0, {0: EMPTY_ROOT}
        self._wanted, self._frontier, self._chunk = wanted, Frontier(), list[bytes]()

    def add(self, leaves: list[bytes]) -> None:
        before = self.size
        if self._wanted.isdisjoint(range(before + 1, before + len(leaves) + 1)):
            self._chunk += leaves
        else:
            for size, leaf in enumerate(leaves, start=before + 1):
                self._chunk.append(leaf)
                if size in self._wanted:
                    self.roots[size] = self.root()
        self.size = before + len(leaves)
        if self.size % _CHUNK == 0:
            self.root()

    def root(self) -> bytes:
        """Take in what is not yet; a whole aligned chunk is hashed level by level: half the cost of one by one."""
        if len(self._chunk) == _CHUNK and self._frontier.size % _CHUNK == 0:
            level = self._chunk
            while len(level) > 1:
                each = iter(level)
                level = [node_hash(left, right) for left, right in zip(each, each, strict=True)]
            self._frontier.append_subtree(level[0], _LEVEL)
        else:
            for leaf in self._chunk:
                self._frontier.append(leaf)
        self._chunk = []
        root = self.roots[self._frontier.size] = self._frontier.root()
        return root


def _hold_to_roots(roots: dict[int, bytes], own: Checkpoint, kept: list[_Kept], verdict: Verdict) -> None:
    """Hold the entries to each checkpoint, earliest first: all before one that agrees are as they were.

    One that no known key signed tells that something is wrong, and never where.
    """
    good = 0
    told = [(one.says, one.doubt) for one in kept if one.says and one.says.size in roots]
    for says, doubt in sorted(told, key=lambda one: one[0].size):
        agrees = roots[says.size] == says.root
        if not agrees:
            verdict.add(
                f"The first {says.size} entries do not give the root of the checkpoint that was kept elsewhere: "
                "the log was rewritten.",
                about="kept",
            )
        if not doubt and not agrees:
            verdict.between = (good, says.size - 1)
            break
        if not doubt:
            good = says.size
    if verdict.entries == own.size and verdict.root != own.root and verdict.first_bad is None:
        verdict.add("The entries do not give the root that the checkpoint signs: an entry was altered.")
        verdict.between = verdict.between or (good, own.size - 1)
    if verdict.first_bad is None and verdict.between == (good, good):
        verdict.first_bad = good


def _verify_parts(lines: Iterator[bytes], own: Checkpoint, header: Header, verdict: Verdict) -> None:
    """Some entries are there, each with its own proof."""
    before = -1
    for entry, number, leaf, same, proof in cast("Iterator[_Line]", _entries(lines, verdict, together=False)):
        verdict.entries += 1
        if verdict.entries == 1 and number != header.first:
            verdict.add(f"The bundle says it begins with entry {header.first}, it begins with {number}.")
        if number <= before:
            verdict.add(f"Entry {number} stands after entry {before}: the order is wrong.", number)
        before = number
        _check(entry, number, same, verdict)
        if proof is None:
            verdict.add(f"Entry {number} has no proof.", number)
        elif not verify_inclusion(leaf, number, own.size, proof, own.root):
            verdict.add(f"The proof of entry {number} does not lead to the checkpoint's root.", number)


def _compare(own: Checkpoint, kept: list[_Kept], verdict: Verdict) -> None:
    """Hold the checkpoint of some entries to those kept elsewhere. Proofs of entries do not show how a log grew."""
    whole = "Verify an export of the whole trail, without filters"
    for one in kept:
        if one.says is None or one.says == own:
            continue
        if one.doubt:
            verdict.unanswered.append(
                f"The checkpoint that was kept elsewhere, of {one.says.size} entries, is not signed by the key that these "
                f"entries were verified with. An earlier key of this log may have signed it; some entries cannot show "
                f"that. {whole}: it names the keys that followed each other. Or verify an export of that key's time "
                "with that key."
            )
        elif one.says.size == own.size:
            verdict.add(
                "The bundle's checkpoint and the one that was kept elsewhere have the same size and not the same root.",
                about="kept",
            )
        else:
            verdict.unanswered.append(
                f"Some entries cannot show whether their checkpoint, of {own.size} entries, belongs to the same log as "
                f"the one that was kept elsewhere, of {one.says.size}: their proofs do not say how the log grew. {whole} "
                f"and at least as new, with both checkpoints."
            )


def _entries(lines: Iterator[bytes], verdict: Verdict, *, together: bool) -> Iterator[_Line | _Stretch]:
    """Yield the entries up to the end line, which must be the last one. `together`: those of a sound stretch at once.

    Which entry is the first bad one is not known here: only all entries show it, by what the checkpoint counts.
    """
    expected = 0
    while stretch := list(islice(lines, _STRETCH)):
        if together and (sound := _sound(stretch, expected)):
            expected += len(stretch)
            yield sound
            continue
        for place, line in enumerate(stretch, start=1):
            if not line.startswith(_BEFORE):
                _end(line, verdict)
                if any(stretch[place:]) or any(lines):
                    verdict.add("Something stands after the end line.")
                return
            read = _read(line)
            if read is None:
                verdict.add(f"{_after(expected)} cannot be read.")
                return
            expected = read[1] + 1
            yield read
    verdict.add("The end line is missing: the bundle was cut.")


def _after(expected: int) -> str:
    """Name a line by the entry before it; what it holds itself is not known."""
    return f"The line after that of entry {expected - 1}" if expected else "The line after the first one"


def _sound(lines: list[bytes], first: int) -> _Stretch | None:
    """Take lines apart that are just what the next entries give, without a proof; none where one is not quite that.

    Nearly all of a whole log are; reading each as if nothing were known of it would cost a third more.
    """
    numbers = range(first, first + len(lines))
    behind = _REST + len(f"{first}")
    entries = [line[_SKIP:-behind] for line in lines]
    leaves = [leaf_hash(entry) for entry in entries]
    beside = [b2a_base64(leaf, newline=False) for leaf in leaves]
    if lines != [_WHOLE % told for told in zip(entries, numbers, beside, strict=True)]:
        return None
    if max(map(len, lines)) > _LONGEST or not (_canonical_together(entries) or all(map(_canonical, entries))):
        return None
    return _Stretch(entries, leaves)


def _canonical_together(entries: list[bytes]) -> bool:
    """Say whether entries are surely in canonical form, by reading them as one list with a secret between each two.

    Nobody who wrote them could know it, so each of them is one member of that list: none is two, and none a half.
    """
    secret = secrets.randbits(64)
    listed = _marked(b"[" + (b',"%d",' % secret).join(entries) + b"]")
    try:
        members = orjson.loads(listed)
        apart = members[1::2] == [str(secret)] * (len(entries) - 1) and len(members) == 2 * len(entries) - 1
        return apart and orjson.dumps(members, option=_CANONICAL) == listed
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return False


def _read(line: bytes) -> _Line | None:
    """Take a line apart without parsing its entry. An entry's own text cannot look like the tail: quotes are escaped."""
    cut = line.rfind(_AFTER)
    if cut < 0 or len(line) > _LONGEST:
        return None
    tail = _TAIL.fullmatch(line, cut + _FURTHER)
    if tail is None:
        return None
    index, leaf, proof = tail.groups()
    try:
        hashes = None if proof is None else [_hash(one) for one in json.loads(b"[" + proof + b"]")]
    except (ValueError, TypeError):
        return None
    entry = line[_SKIP:cut]
    found = leaf_hash(entry)
    return entry, int(index), found, b2a_base64(found, newline=False) == leaf, hashes


def _check(entry: bytes, number: int, same: bool, verdict: Verdict) -> None:
    """Note where an entry does not give the hash beside it, or is not in canonical form."""
    if not same:
        verdict.add(f"Entry {number} was altered: it does not give the leaf hash beside it.", number)
    if not _canonical(entry):
        verdict.add(f"Entry {number} is not in canonical form (RFC 8785): readers could differ on it.", number)


def _canonical(entry: bytes) -> bool:
    """Say whether an entry has the form that rules out that two readers see two things.

    A member named twice does not come back as it stood there. A number that is not whole or very large is refused too:
    readers write those differently.
    """
    return _comes_back(_marked(entry)) or (_comes_back(entry) and _whole(orjson.loads(entry)))


def _marked(json: bytes) -> bytes:
    """Put an x behind what all but whole numbers have, a point or an e: they are no JSON any more.

    Texts stay texts and keep their order; only `true` and `false` suffer too, so one reading does for most entries.
    """
    return json.replace(b".", b".x").replace(b"e", b"ex")


def _comes_back(entry: bytes) -> bool:
    try:
        return orjson.dumps(orjson.loads(entry), option=_CANONICAL) == entry
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return False


def _whole(value: Any) -> bool:
    """Say whether all numbers are whole: every reader writes those alike."""
    if isinstance(value, dict):
        return all(_whole(member) for member in value.values())
    if isinstance(value, list):
        return all(_whole(member) for member in value)
    return not isinstance(value, float)


def _end(line: bytes, verdict: Verdict) -> None:
    try:
        members = json.loads(line.decode(), object_pairs_hook=_once)
        count = members["count"] if members.get("type") == "end" else None
    except (ValueError, KeyError, AttributeError, RecursionError):
        count = None
    if type(count) is not int:
        verdict.add("A line is neither an entry nor the end.")
    elif count != verdict.entries:
        less = count > verdict.entries
        verdict.add(
            f"The end line counts {count} entries, {verdict.entries} are there: "
            f"{_lines(abs(count - verdict.entries), 'missing' if less else 'too many')}, or the end line was altered."
        )


def _lines(count: int, how: str) -> str:
    return f"1 line is {how}" if count == 1 else f"{count} lines are {how}"


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
