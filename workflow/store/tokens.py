"""Random texts that prove something by being known, and the digests under which they are kept."""

import hashlib
import secrets


def new_token(prefix: str = "") -> str:
    """Return a text of 256 random bits that fits into a header and a cookie."""
    return prefix + secrets.token_urlsafe(32)


def new_id(prefix: str) -> str:
    return f"{prefix}_{secrets.token_hex(6)}"


def digest(token: str) -> str:
    """Return what is kept of a token. It needs no salt: nobody guesses 256 bits."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
