"""Reads one e-mail address strictly, and writes it as a mail server takes it. Knows nothing of messages."""

import re
from functools import lru_cache

import idna

_LONGEST, _LONGEST_LOCAL = 254, 64  # bytes, RFC 5321, section 4.5.3.1
_ATOM = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+")
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_SPECIAL = frozenset('()<>[]:;@\\," ')


class NotAnAddress(ValueError):
    """Not one plain address that can be written safely."""


@lru_cache(maxsize=1024)
def as_sent(address: str) -> str:
    """Return the address with its domain as A-labels (IDNA 2008). Raises NotAnAddress.

    One dot-atom, @, one domain: no display name, comment, quoted part or literal. The part before the @ stays as it
    is; where it is not ASCII, so is the result, and only a server with SMTPUTF8 can take it.
    """
    local, at, domain = address.rpartition("@")
    if not (at and local and domain):
        raise NotAnAddress(f'"{_shown(address)}" is not an e-mail address; it looks like name@domain.')
    if not _safe_local(local):
        raise NotAnAddress(f'"{_shown(address)}" has a part before the @ that mail programmes read differently.')
    if not domain.isascii():
        try:
            domain = idna.encode(domain, uts46=True).decode("ascii")
        except idna.IDNAError as error:
            raise NotAnAddress(
                f'"{_shown(address)}" has a domain that cannot be looked up: {_shown(error)}.'
            ) from error
    if not _DOMAIN.fullmatch(domain):
        raise NotAnAddress(f'"{_shown(address)}" has a domain that cannot be looked up.')
    if len(local.encode()) > _LONGEST_LOCAL or len(local.encode()) + 1 + len(domain) > _LONGEST:
        raise NotAnAddress(f'"{_shown(address)}" is longer than mail servers take: 64 bytes before the @, 254 in all.')
    return f"{local}@{domain}"


def _safe_local(local: str) -> bool:
    """A dot-atom (RFC 5321, RFC 6531). "=?" begins an encoded word, which some programmes decode even here."""
    if local.startswith(".") or local.endswith(".") or ".." in local or "=?" in local:
        return False
    if local.isascii():
        return _ATOM.fullmatch(local) is not None
    # isprintable leaves out controls, invisible and direction-changing characters, spaces and lone surrogates.
    return local.isprintable() and _SPECIAL.isdisjoint(local)


def _shown(value: object) -> str:
    return ascii(str(value)[:80])[1:-1]
