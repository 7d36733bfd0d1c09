"""Reads what came back into the inbound mailbox: a dead address gets no more mail, and a letter takes the mail's place.

A file is looked at until it is moved from `new` to `cur`, after the commit: one that a killed worker left is read again,
and changes nothing then.
"""

import os
import stat
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row

from notifications.bounces import LARGEST, Bounce, Unreadable, read_bounce
from notifications.retry import Outcome
from workflow.decisions.deliveries import plain, settle
from workflow.errors import Unavailable
from workflow.store import outbox, suppressions
from workflow.store.cases import read_many
from workflow.store.office import Office
from workflow.store.outbox import Fate

_SEEN, _ASIDE = ":2,S", ":2,F"  # how a maildir marks what was read, and what a person should look at


def read_bounces(office: Office, mailbox: Path, *, now: datetime) -> dict[str, int]:
    """Read every new message once. Return how many were `suppressed`, `temporary`, `known`, `unknown`, `set_aside`.

    `known` told us nothing new; `unknown` concerns no message of ours, or is no report; `set_aside` cannot be read: it
    is kept in `cur`, flagged. Raises Unavailable when there is no such mailbox.
    """
    if not (mailbox / "new").is_dir():
        raise Unavailable("BOUNCES", f"{mailbox} is no maildir: it has no folder `new`. Correct AEO_BOUNCES.")
    counts: Counter[str] = Counter()
    for file in sorted((mailbox / "new").iterdir()):
        came_to = _look_at(office, file, now)
        if came_to:
            counts[came_to] += 1
            _move(file, mailbox / "cur", _ASIDE if came_to == "set_aside" else _SEEN)
    return dict(counts)


def _look_at(office: Office, file: Path, now: datetime) -> str:
    """Return what a file came to; nothing when it is to be looked at another time, or was by another worker."""
    try:
        bounce = read_bounce(_content(file))
    except FileNotFoundError:
        return ""
    except (OSError, Unreadable):
        return "set_aside"
    if not bounce.permanent:
        return "temporary" if bounce.temporary else "unknown"
    return _take(office, bounce, now)


def _content(file: Path) -> bytes:
    """Read a plain file; nothing else that somebody may have put there. Raises Unreadable and OSError."""
    handle = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise Unreadable("It is not a plain file.")
        with os.fdopen(handle, "rb", closefd=False) as opened:
            return opened.read(LARGEST + 1)
    finally:
        os.close(handle)


def _move(file: Path, folder: Path, mark: str) -> None:
    folder.mkdir(mode=0o700, exist_ok=True)
    try:
        file.rename(folder / f"{file.name.partition(':')[0]}{mark}")
    except FileNotFoundError:
        return  # another worker was quicker


def _take(office: Office, bounce: Bounce, now: datetime) -> str:
    with office.database.transaction() as transaction:
        connection = transaction.connection
        row = _ours(connection, bounce)
        if row is None:
            return "unknown"
        if row.status == "sending":  # the answer to the text is still to be noted; then it is our turn
            return ""
        if suppressions.knows(connection, row.address, row.id):
            return "known"
        _fail(connection, office, row, plain(f"It came back: {bounce.reason or 'the address takes no mail'}"), now)
        return "suppressed"


def _ours(connection: Connection, bounce: Bounce) -> Row[Any] | None:
    """Return the row that came back. Anybody can name an address; a Message-ID of ours only who has got the mail."""
    if bounce.message_ids:
        return outbox.by_message_ids(connection, bounce.message_ids)
    found = (outbox.newest_to(connection, address) for address in sorted(bounce.permanent))
    return next((row for row in found if row is not None), None)


def _fail(connection: Connection, office: Office, row: Row[Any], reason: str, now: datetime) -> None:
    """What a relay took has failed after all, with everything that the mail carried."""
    rows = [row, *outbox.members(connection, [row.id]).get(row.id, [])]
    cases = read_many(connection, {one.application_id for one in rows if one.application_id is not None})
    mails = [outbox.as_it_stands(one, cases.get(one.application_id)) for one in rows]
    fates = [Fate(mail, "failed", reason, outcome=str(Outcome.PERMANENT), dead=True) for mail in mails]
    settle(connection, office, fates, now)
