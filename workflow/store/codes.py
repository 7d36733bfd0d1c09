"""One-time codes of authenticator apps (RFC 6238: six digits, thirty seconds). It must not know whose they are."""

import hmac
from datetime import datetime

import pyotp

_SECONDS = 30
_DRIFT = (0, -1, 1)  # steps that a phone's clock may be off


def new_secret() -> str:
    """Return a secret of 160 bits, in base 32 as people type it."""
    return pyotp.random_base32()


def address_of(secret: str, *, account: str, issuer: str) -> str:
    """Return the otpauth:// address that an app takes over."""
    return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=issuer)


def code_at(secret: str, at: datetime) -> str:
    return pyotp.TOTP(secret).generate_otp(_step(at))


def step_of(secret: str, code: str, at: datetime) -> int | None:
    """Return the step to which a code belongs, or None when it belongs to none near this instant."""
    typed = "".join(code.split()).encode("utf-8", "surrogatepass")
    found = [
        _step(at) + off
        for off in _DRIFT
        if hmac.compare_digest(pyotp.TOTP(secret).generate_otp(_step(at) + off).encode(), typed)
    ]
    return found[0] if found else None


def _step(at: datetime) -> int:
    return int(at.timestamp()) // _SECONDS
