"""Reads AEO_SMTP_URL: where mail is handed over, and how. Opens no connection."""

import math
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

_MODES = {"required": True, "opportunistic": None, "off": False}
_MOST_CONNECTIONS = 100
_SLOWEST = 0.1  # messages per second


class BadAddress(Exception):
    """The mail server's address cannot be used."""


@dataclass(frozen=True)
class Relay:
    """A mail server: how to reach it, and how much it may be asked."""

    host: str
    port: int
    username: str | None = None
    password: str | None = None
    use_tls: bool = False  # TLS from the first byte on
    start_tls: bool | None = True  # required; None: where the server offers it
    connections: int = 4  # at the same time, at most
    per_second: float | None = None  # messages, over all connections

    @property
    def at_once(self) -> int:
        """How many messages may be on their way: not so many that one waits a minute for its turn."""
        return self.connections if self.per_second is None else min(self.connections, int(self.per_second * 60))


def relay_of(url: str) -> Relay | Path:
    """Read smtp://, smtps:// or maildir:// addresses; a maildir is a folder. Raises BadAddress."""
    try:
        parts = urlsplit(url)
        port = parts.port
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
    except ValueError as error:
        raise BadAddress(f"AEO_SMTP_URL cannot be read: {error}.") from error
    if parts.scheme == "maildir" and parts.path:
        return Path(unquote(parts.path))
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise BadAddress(
            "AEO_SMTP_URL must look like smtp://user:password@host:587, smtps://host:465 or maildir:///path."
        )
    if unknown := set(query) - {"starttls", "connections", "per_second"}:
        raise BadAddress(
            f"AEO_SMTP_URL has {', '.join(sorted(unknown))} after its ?; it knows starttls, connections and per_second."
        )
    mode = query.get("starttls", "required")
    if mode not in _MODES:
        raise BadAddress(f'starttls in AEO_SMTP_URL is "{mode}"; write required, opportunistic or off.')
    if parts.username and mode == "opportunistic":
        raise BadAddress(
            "With starttls=opportunistic AEO_SMTP_URL would give the password to anybody who answers for the server; "
            "write required, or off if the line is safe."
        )
    secure = parts.scheme == "smtps"
    return Relay(
        parts.hostname,
        port or (465 if secure else 587),
        unquote(parts.username) if parts.username else None,
        unquote(parts.password) if parts.password else None,
        use_tls=secure,
        start_tls=_MODES[mode],
        connections=_connections(query.get("connections", str(Relay.connections))),
        per_second=_per_second(query["per_second"]) if "per_second" in query else None,
    )


def _connections(value: str) -> int:
    if not (value.isascii() and value.isdigit() and 1 <= int(value[:4]) <= _MOST_CONNECTIONS):
        raise BadAddress(f'connections in AEO_SMTP_URL is "{value}"; write a whole number from 1 to 100.')
    return int(value)


def _per_second(value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if not (math.isfinite(number) and number >= _SLOWEST):
        raise BadAddress(f'per_second in AEO_SMTP_URL is "{value}"; write a number from 0.1 on, such as 5 or 0.5.')
    return number
