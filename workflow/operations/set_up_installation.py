"""Sets up what an installation needs once: its identity, its calendars, the programme editions it ships; its clock."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, select, update

from states.definition import Programme
from states.facts import OPERATOR
from workflow import models
from workflow.audit.entry import Entry
from workflow.decisions.record import enter
from workflow.models.base import table_of
from workflow.store import calendar, editions
from workflow.store.database import Database

_INSTALLATION = table_of(models.Installation)
_MICROSECOND = timedelta(microseconds=1)


def set_up_installation(database: Database, programmes: Sequence[Programme], *, now: datetime) -> list[str]:
    """Make what is missing and return what was made. Raises Unavailable when a stored edition's file has changed."""
    made: list[str] = []
    with database.transaction() as transaction:
        connection = transaction.connection
        if connection.execute(select(_INSTALLATION.c.id)).first() is None:
            origin, _ = _new_identity(connection, now)
            made.append(f"installation {origin}")
        if added := keep_calendars(connection, now=now):
            made.append(f"{added} public holidays")
        for programme in programmes:
            if editions.install(connection, programme, now=now):
                detail = {"code": programme.code, "edition_name": programme.edition, "sha256": programme.sha256}
                enter(connection, _entry("programme:edition:installed", now, detail))
                made.append(f"programme {programme.code} edition {programme.edition}")
    return made


def keep_calendars(connection: Connection, *, now: datetime) -> int:
    """Store the computed holidays of zones that have none, and enter which they are: what is due rests on them.

    Return how many were stored. A zone that was filled before its days were entered gets its entry now.
    """
    added = calendar.fill(connection)
    told = calendar.entered(connection)
    for zone, days in calendar.computed(connection).items():
        if zone not in told:
            detail = {"zone": zone, "count": len(days), "days": days}
            enter(connection, _entry(calendar.COMPUTED, now, detail))
    return added


def renew_identity(database: Database, *, now: datetime) -> tuple[str, str]:
    """Give a copy an origin and a salt of its own and real time. Return origin and salt."""
    with database.transaction() as transaction:
        transaction.connection.execute(delete(_INSTALLATION))
        return _new_identity(transaction.connection, now)


def _new_identity(connection: Connection, now: datetime) -> tuple[str, str]:
    origin, salt = f"casework-{secrets.token_hex(4)}.invalid", secrets.token_hex(16)
    row = {"id": 1, "origin": origin, "log_origin": origin, "salt": salt, "created_at": now}
    connection.execute(_INSTALLATION.insert(), row | {"clock_setting": "", "clock_offset_us": 0})
    enter(connection, _entry("system:installation:opened", now, {"origin": origin}))
    return origin, salt


def set_clock(database: Database, *, setting: str, wanted: datetime, real: datetime) -> None:
    """Move the installation's clock so that it shows `wanted` now and runs on; the same setting moves nothing."""
    with database.transaction() as transaction:
        connection = transaction.connection
        if connection.execute(select(_INSTALLATION.c.clock_setting)).scalar_one() == setting:
            return
        offset = (wanted - real) // _MICROSECOND
        connection.execute(update(_INSTALLATION).values(clock_setting=setting, clock_offset_us=offset))
        enter(connection, _entry("system:clock:moved", real, {"setting": setting}))


def _entry(kind: str, now: datetime, detail: dict[str, Any]) -> Entry:
    return Entry(kind=kind, recorded_at=now, actor=OPERATOR.id, role="operator", proven="command line", detail=detail)
