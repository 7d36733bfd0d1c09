"""Addresses to which nothing is sent any more, since when and why, until somebody releases them. It judges nothing."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, bindparam, select, update

from workflow import models
from workflow.models.base import table_of

_S = table_of(models.SuppressedAddress)
_AMONG = select(_S.c.address).where(
    _S.c.address.in_(bindparam("addresses", expanding=True)), _S.c.released_at.is_(None)
)
_KNOWN = select(_S.c.released_at).where(
    _S.c.address == bindparam("address"), _S.c.notification_id == bindparam("notification_id")
)


def among(connection: Connection, addresses: Collection[str]) -> set[str]:
    """Return which of these addresses take no mail any more, in lower case."""
    wanted = sorted({address.lower() for address in addresses if address})
    return set(connection.execute(_AMONG, {"addresses": wanted}).scalars()) if wanted else set()


def knows(connection: Connection, address: str, notification_id: int) -> bool:
    """Say whether an address was suppressed because of this message before, even if it is released by now."""
    values = {"address": address.lower(), "notification_id": notification_id}
    return connection.execute(_KNOWN, values).first() is not None


def suppress(connection: Connection, address: str, reason: str, notification_id: int, now: datetime) -> bool:
    """Send nothing to an address from now on; return whether that is new."""
    if among(connection, [address]):
        return False
    row = {"address": address.lower(), "reason": reason, "since": now, "notification_id": notification_id}
    connection.execute(_S.insert(), row)
    return True


def release(connection: Connection, address: str, *, by: str, reason: str, now: datetime) -> bool:
    """Let mail go to an address again; return whether it was suppressed."""
    values = {"released_at": now, "released_by": by, "release_reason": reason}
    open_ = update(_S).where(_S.c.address == address.lower(), _S.c.released_at.is_(None))
    return connection.execute(open_.values(values)).rowcount > 0
