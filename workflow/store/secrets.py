"""One secret of the installation, and what is derived from it for each purpose. Knows a file, no database.

Whoever reads it can forge forms and read the secrets of codes; passwords and tokens are hashed and need it not.
"""

import base64
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from workflow.errors import Unavailable

_SHORTEST = 32  # characters
_NONCE = 12  # bytes, as AES-GCM wants it


class Unreadable(ValueError):
    """What was sealed was sealed with another secret, for another purpose, or was changed."""


@dataclass(frozen=True)
class Secrets:
    """Keys by purpose: one that leaks says nothing about another."""

    root: bytes = field(repr=False)

    def derive(self, purpose: str) -> bytes:
        """Return the 32 bytes of a purpose, such as "csrf"."""
        return HKDF(SHA256(), 32, salt=None, info=f"aeo-casework/{purpose}".encode()).derive(self.root)

    def seal(self, text: str, *, purpose: str, about: str) -> str:
        """Encrypt a text so that only the same purpose opens it, and only beside what it is about."""
        nonce = os.urandom(_NONCE)
        sealed = AESGCM(self.derive(purpose)).encrypt(nonce, text.encode(), about.encode())
        return base64.urlsafe_b64encode(nonce + sealed).decode()

    def unseal(self, sealed: str, *, purpose: str, about: str) -> str:
        """Return what was sealed. Raises Unreadable."""
        try:
            raw = base64.urlsafe_b64decode(sealed)
            return AESGCM(self.derive(purpose)).decrypt(raw[:_NONCE], raw[_NONCE:], about.encode()).decode()
        except (InvalidTag, ValueError) as error:
            raise Unreadable("It cannot be opened with this installation's secret.") from error


def secrets_of(given: str, file: Path) -> Secrets:
    """Return the secrets of a text, or of a file that only its owner can read. Raises Unavailable."""
    if given:
        return _strong(given, "AEO_SECRET_KEY")
    try:
        if file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            sentence = f"Others can read the secret {file}. Take their rights away: chmod 600 {file}"
            raise Unavailable("SECRET_KEY", sentence)
        content = file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text"
        raise Unavailable(
            "SECRET_KEY", f"The secret {file} cannot be read: {why}. Make one with `aeo db upgrade`."
        ) from error
    return _strong(content, str(file))


def _strong(text: str, where: str) -> Secrets:
    if len(text) < _SHORTEST:
        raise Unavailable("SECRET_KEY", f"{where} has {len(text)} characters; {_SHORTEST} are the least.")
    return Secrets(text.encode())


def make_secret(file: Path) -> None:
    """Write a new secret that only its owner can read; an existing file is left alone. Raises FileExistsError."""
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as target:
        target.write(base64.urlsafe_b64encode(os.urandom(32)) + b"\n")
        target.flush()
        os.fsync(target.fileno())
