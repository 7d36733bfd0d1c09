"""The log's signing key and, beside it, the newest checkpoint that was ever signed with it. Knows files, no database."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from workflow.audit.note import BadNote, Checkpoint, Verifier, open_checkpoint, sign_checkpoint
from workflow.errors import Unavailable

_PEM = "-----BEGIN"


@dataclass(frozen=True)
class Signer:
    """Signs checkpoints, and remembers outside the database the newest one it has seen."""

    key: Ed25519PrivateKey
    seen: Path

    def verifier(self, origin: str) -> Verifier:
        return Verifier(origin, self.key.public_key().public_bytes_raw())

    def newest_seen(self, origin: str) -> Checkpoint | None:
        """Return the newest checkpoint of a log that was signed here; none when another log's was. Raises Unavailable."""
        try:
            note = self.seen.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Unavailable("CHECKPOINT_SEEN", f"{self.seen} cannot be read: {error.strerror}.") from error
        if note.partition("\n")[0] != origin:
            return None
        try:
            return open_checkpoint(note, [self.verifier(origin)])
        except BadNote as error:
            sentence = f"{self.seen} is damaged: {error} Nothing is signed until an operator has looked into it."
            raise Unavailable("CHECKPOINT_SEEN", sentence) from error

    def sign(self, checkpoint: Checkpoint) -> str:
        """Sign a checkpoint and remember it, before anybody gets it. Raises Unavailable."""
        return self._remembered(sign_checkpoint(checkpoint, self.key))

    def sign_with(self, checkpoint: Checkpoint, other: Ed25519PrivateKey) -> str:
        """Sign a checkpoint with this key and another one, so that whoever knows either can open it. Raises Unavailable."""
        line = sign_checkpoint(checkpoint, other).removeprefix(checkpoint.text + "\n")
        return self._remembered(sign_checkpoint(checkpoint, self.key) + line)

    def _remembered(self, note: str) -> str:
        try:
            write_whole(self.seen, note)
        except OSError as error:
            sentence = f"{self.seen} cannot be written: {error.strerror}. Nothing is signed without it."
            raise Unavailable("CHECKPOINT_SEEN", sentence) from error
        return note


def write_whole(file: Path, content: str) -> None:
    """Put a file in place as a whole: whoever reads it, and after a loss of power, finds the old or the new one."""
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    with beside.open("w", encoding="utf-8") as target:
        target.write(content)
        target.flush()
        os.fsync(target.fileno())
    beside.replace(file)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def signer_of(given: str, folder: Path) -> Signer:
    """Return the signer of a key: PEM text, or a file that only its owner can read. Raises Unavailable."""
    if given.lstrip().startswith(_PEM):
        return Signer(_key(given.encode(), "AEO_SIGNING_KEY"), folder / "newest-checkpoint")
    file = Path(given)
    try:
        mode = file.stat().st_mode
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            sentence = f"Others can read the signing key {file}. Take their rights away: chmod 600 {file}"
            raise Unavailable("SIGNING_KEY", sentence)
        content = file.read_bytes()
    except OSError as error:
        sentence = f"The signing key {file} cannot be read: {error.strerror}. Make one with `aeo db upgrade`."
        raise Unavailable("SIGNING_KEY", sentence) from error
    return Signer(_key(content, str(file)), file.with_name(f"{file.name}.newest-checkpoint"))


def _key(content: bytes, where: str) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(content, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise Unavailable("SIGNING_KEY", f"{where} is no private key in PEM form without a password.") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise Unavailable("SIGNING_KEY", f"{where} is no Ed25519 key.")
    return key


def make_key(file: Path) -> None:
    """Write a new key that only its owner can read; an existing file is left alone. Raises FileExistsError."""
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as target:
        target.write(pem)
        target.flush()
        os.fsync(target.fileno())
