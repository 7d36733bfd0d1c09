"""Logs made for tests of the bundle: honest entries, bundles of all or some of them, checkpoints. No database."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from workflow.audit import merkle
from workflow.audit.bundle import Header, end_line, entry_line
from workflow.audit.entry import Entry
from workflow.audit.note import Checkpoint, Verifier, sign_checkpoint

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
ORIGIN = "casework.example/trail"
VKEY = Verifier(ORIGIN, KEY.public_key().public_bytes_raw()).text
Lines = list[bytes]


def entry(n: int, **changed: object) -> str:
    at = datetime(2026, 11, 23, tzinfo=UTC) + timedelta(minutes=n)
    detail = {"outcome": f'said "yes",\\"index\\":{n}', "note": "Ærlig, 東京, 🙂"}
    return Entry(
        "case:state:changed", at, "p-01", "officer", "console", detail=detail | changed, case_seq=n + 1
    ).canonical()


def leaf(canonical: str) -> bytes:
    return merkle.leaf_hash(canonical.encode())


def signed(size: int, root: bytes, key: Ed25519PrivateKey = KEY) -> str:
    return sign_checkpoint(Checkpoint(ORIGIN, size, root), key)


def checkpoint(entries: Sequence[str], key: Ed25519PrivateKey = KEY) -> str:
    return signed(len(entries), merkle.root_of([leaf(one) for one in entries]), key)


def written(header: Header, entries: list[str]) -> Lines:
    return [line_of(line) for line in (header.line(), *entries, end_line(len(entries)))]


def line_of(line: str) -> bytes:
    return (line + "\n").encode()


def header(note: str) -> Header:
    return Header(note, VKEY, ORIGIN, 0, True)


def numbered(entries: Iterable[str], first: int = 0) -> list[str]:
    return [entry_line(one, n, leaf(one)) for n, one in enumerate(entries, start=first)]


def bundle(entries: Sequence[str], *, note: str = "") -> Lines:
    """A complete bundle of a log with these entries."""
    return written(header(note or checkpoint(entries)), numbered(entries))


def part(entries: Sequence[str], numbers: Sequence[int]) -> Lines:
    """Some entries of a log, each with its proof."""
    hashes: dict[tuple[int, int], bytes] = {}
    frontier = merkle.Frontier(complete=lambda level, index, made: hashes.update({(level, index): made}))
    for one in entries:
        frontier.append(leaf(one))
    proofs = {n: merkle.inclusion_proof(n, len(entries), lambda *key: hashes[key]) for n in numbers}
    header = Header(checkpoint(entries), VKEY, ORIGIN, min(numbers, default=0), False)
    return written(header, [entry_line(entries[n], n, leaf(entries[n]), proofs[n]) for n in numbers])
