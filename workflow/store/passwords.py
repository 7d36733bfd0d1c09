"""Hashes and compares passwords with argon2id, a few at a time. It must not know whose they are.

Each comparison takes 64 MiB and a tenth of a second on purpose, so more at once would be a way to stop the machine.
"""

import os
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from workflow.errors import Unavailable

HASHER = PasswordHasher()  # RFC 9106, section 4, second recommended option
_AT_ONCE = BoundedSemaphore(4)
_PATIENCE = 10  # seconds


def hashed(password: str) -> str:
    """Return the hash to keep. Raises Unavailable when too many are being computed."""
    with _turn():
        return HASHER.hash(_bytes(password))


def matches(kept: str, password: str) -> bool:
    """Compare; without a hash the same work is done for nothing, so that the time says nothing. Raises Unavailable."""
    against = kept or _nobodys(HASHER)
    with _turn():
        try:
            return HASHER.verify(against, _bytes(password)) and bool(kept)
        except (Argon2Error, InvalidHashError):
            return False


def is_old(kept: str) -> bool:
    """Say whether a hash was made with weaker parameters than today's."""
    return HASHER.check_needs_rehash(kept)


@cache
def _nobodys(hasher: PasswordHasher) -> str:
    return hasher.hash(os.urandom(16))


def _bytes(password: str) -> bytes:
    """One password however a keyboard composes its letters; what is no text at all still has bytes."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


@contextmanager
def _turn() -> Iterator[None]:
    if not _AT_ONCE.acquire(timeout=_PATIENCE):
        raise Unavailable("BUSY", "Too many people sign in at this moment. Try again in a minute.")
    try:
        yield
    finally:
        _AT_ONCE.release()
