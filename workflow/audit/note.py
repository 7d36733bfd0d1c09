"""Signed notes and the checkpoints in them (C2SP signed-note and tlog-checkpoint), with Ed25519 signatures.

A checkpoint commits to the whole log in a few lines. It knows keys and text, and must not know where they are kept.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_ALGORITHM = b"\x01"  # Ed25519
_DASH = "\N{EM DASH} "
_KEY_BYTES, _ID_BYTES, _SIGNATURE_BYTES, _ROOT_BYTES = 32, 4, 64, 32
_MOST_SIGNATURES = 100
# A checkpoint's lines, whatever stands around them: origin, size, root, extensions, the empty line, signatures.
_CHECKPOINT = re.compile(
    rf"^\S[^\n]*\n[0-9]{{1,16}}\n[A-Za-z0-9+/]{{43}}=\n(?:[^\n]+\n)*\n(?:{_DASH}\S+ [A-Za-z0-9+/]+=*(?:\n|\Z))+",
    re.MULTILINE,
)


class BadNote(Exception):
    """A key, note or checkpoint that is not what it should be; the sentence says why."""


class UnknownKey(BadNote):
    """A note that none of the keys signed; another key may have."""


@dataclass(frozen=True)
class Verifier:
    """A public key and the name it signs under."""

    name: str
    key: bytes  # 32 bytes

    @property
    def id(self) -> bytes:
        """The first four bytes of SHA-256(name || 0x0A || 0x01 || key)."""
        return hashlib.sha256(self.name.encode() + b"\n" + _ALGORITHM + self.key).digest()[:_ID_BYTES]

    @property
    def text(self) -> str:
        """The verifier key as it is handed on: name+key id+base64(0x01 || key)."""
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(_ALGORITHM + self.key).decode()}"

    def verifies(self, text: str, signature: bytes) -> bool:
        """Say whether a signature is this key's over a text."""
        try:
            Ed25519PublicKey.from_public_bytes(self.key).verify(signature, text.encode())
        except (InvalidSignature, ValueError):
            return False
        return True


def verifier_of(text: str) -> Verifier:
    """Read a verifier key. Raises BadNote."""
    name, plus, rest = text.strip().partition("+")
    key_id, _, encoded = rest.partition("+")
    if not plus or not is_name(name):
        raise BadNote("A verifier key looks like name+key id+base64; this is none.")
    key = _decoded(encoded, "The verifier key")
    if len(key) != 1 + _KEY_BYTES or key[:1] != _ALGORITHM:
        raise BadNote("The verifier key is not one for Ed25519.")
    found = Verifier(name, key[1:])
    if found.id.hex() != key_id:
        raise BadNote("The verifier key's id does not belong to its name and key: it was mistyped or altered.")
    return found


def is_name(name: str) -> bool:
    """Say whether something may name a key: not empty, without spaces and plus signs."""
    return bool(name) and "+" not in name and not any(one.isspace() for one in name)


def sign(text: str, name: str, key: Ed25519PrivateKey) -> str:
    """Return the note over a text that ends with a line break. Raises BadNote."""
    if not is_name(name):
        raise BadNote(f'"{name}" cannot name a key: it may not be empty nor hold spaces or plus signs.')
    _check_text(text)
    verifier = Verifier(name, key.public_key().public_bytes_raw())
    signature = base64.b64encode(verifier.id + key.sign(text.encode())).decode()
    return f"{text}\n{_DASH}{name} {signature}\n"


def opened(note: str, verifiers: Sequence[Verifier]) -> tuple[str, Verifier]:
    """Return a note's text and the first known key that signed it; signatures of unknown keys are passed over.

    Raises UnknownKey where none of the keys signed it, BadNote where one is named whose signature does not hold.
    """
    text, gap, rest = note.rpartition("\n\n")
    text += "\n"
    if not gap or not rest.endswith("\n"):
        raise BadNote("This is no signed note: its text, an empty line and signature lines are expected.")
    _check_text(text)
    lines = rest[:-1].split("\n")
    if len(lines) > _MOST_SIGNATURES:
        raise BadNote(f"The note holds more than {_MOST_SIGNATURES} signatures.")
    signed: Verifier | None = None
    for line in lines:
        name, key_id, signature = _signature(line)
        for verifier in verifiers:
            if (verifier.name, verifier.id) != (name, key_id):
                continue
            if not verifier.verifies(text, signature):
                raise BadNote(f"The signature of {name} does not hold: the note or the signature was altered.")
            signed = signed or verifier
    if signed is None:
        raise UnknownKey("The note is signed by none of the keys that were given.")
    return text, signed


def _signature(line: str) -> tuple[str, bytes, bytes]:
    name, space, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not space or not is_name(name):
        raise BadNote("A signature line of the note is damaged.")
    raw = _decoded(encoded, "A signature")
    if len(raw) <= _ID_BYTES:
        raise BadNote("A signature of the note is too short.")
    return name, raw[:_ID_BYTES], raw[_ID_BYTES:]


def _check_text(text: str) -> None:
    if not text.endswith("\n") or any(ord(one) < ord(" ") and one != "\n" for one in text):
        raise BadNote("A note's text ends with a line break and holds no control characters.")


def _decoded(encoded: str, what: str) -> bytes:
    try:
        raw = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadNote(f"{what} is not proper base64.") from error
    if base64.b64encode(raw).decode() != encoded:
        raise BadNote(f"{what} is not proper base64.")
    return raw


@dataclass(frozen=True)
class Checkpoint:
    """How large a log is and what its root is; `origin` names the log."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def checkpoint_of(text: str) -> Checkpoint:
    """Read the text of a checkpoint; further lines are extensions and passed over. Raises BadNote."""
    lines = text.split("\n")
    if len(lines) < len(("origin", "size", "root", "")) or not lines[0]:
        raise BadNote("A checkpoint has the lines origin, size and root.")
    origin, size, root = lines[:3]
    if not (size.isascii() and size.isdigit()) or str(int(size)) != size:
        raise BadNote("The checkpoint's size is no plain number.")
    raw = _decoded(root, "The checkpoint's root")
    if len(raw) != _ROOT_BYTES:
        raise BadNote("The checkpoint's root is no SHA-256 hash.")
    return Checkpoint(origin, int(size), raw)


def note_in(text: str) -> str:
    """Return the signed checkpoint that stands in a text, such as the daily mail. It may be quoted or have CRLF.

    Raises BadNote where there is none, or more than one.
    """
    plain = "\n".join(line.strip("\ufeff\r\t >") for line in text.split("\n"))
    found: list[str] = list(dict.fromkeys(one.rstrip("\n") + "\n" for one in _CHECKPOINT.findall(plain)))
    if not found:
        raise BadNote(
            "There is no signed checkpoint in it: three lines (the log's name, its size, its root), an empty line, and "
            "a line that begins with a dash and the log's name. Give all of them, just as they came."
        )
    if len(found) > 1:
        raise BadNote(f"There are {len(found)} checkpoints in it. Give one at a time.")
    checkpoint_of(found[0].rpartition("\n\n")[0] + "\n")
    return found[0]


def sign_checkpoint(checkpoint: Checkpoint, key: Ed25519PrivateKey) -> str:
    """Return the signed note of a checkpoint, under its origin's name."""
    return sign(checkpoint.text, checkpoint.origin, key)


def open_checkpoint(note: str, verifiers: Sequence[Verifier]) -> Checkpoint:
    """Return the checkpoint of a note that one of the keys signed. Raises BadNote."""
    text, signed = opened(note, verifiers)
    found = checkpoint_of(text)
    if found.origin != signed.name:
        raise BadNote(f"The checkpoint is of {found.origin}, but {signed.name} signed it.")
    return found
