"""Takes the signed checkpoint off the machine: into a folder and, once a day, by mail to every auditor. Signs nothing."""

import hashlib
import json
from datetime import datetime
from pathlib import Path

from states.dates import local_day, local_instant
from workflow.decisions.notices import Notice
from workflow.decisions.posting import post
from workflow.errors import Unavailable
from workflow.operations.seal_log import Sealed
from workflow.store import people
from workflow.store.absences import OFFICE_ZONE
from workflow.store.office import Office
from workflow.store.signing import write_whole

MESSAGE = "checkpoint"
_HOUR = 8  # in the office's zone


def put_into(folder: Path, sealed: Sealed, vkey: str) -> None:
    """Replace `checkpoint` and `log.vkey` as a whole and keep `checkpoint-SIZE`. Raises Unavailable.

    What was kept stays: another note over as many entries, of a log renewed or a key rotated, is kept beside it.
    """
    if sealed.note is None:
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        kept = folder / f"checkpoint-{sealed.size}"
        if _text(kept) not in (None, sealed.note):
            digest = hashlib.sha256(sealed.note.encode()).hexdigest()
            kept = folder / f"checkpoint-{sealed.size}-{digest[:8]}"
        for file, content in (
            (kept, sealed.note),
            (folder / "log.vkey", vkey + "\n"),
            (folder / "checkpoint", sealed.note),
        ):
            if _text(file) != content:
                write_whole(file, content)
    except OSError as error:
        raise Unavailable(
            "CHECKPOINT_DIR",
            f"The checkpoint cannot be written into {folder}: {error.strerror}. Check AEO_CHECKPOINT_DIR.",
        ) from error


def _text(file: Path) -> str | None:
    return file.read_text(encoding="utf-8") if file.exists() else None


def send_checkpoint(office: Office, sealed: Sealed, vkey: str, *, now: datetime) -> int:
    """Queue today's mail to every auditor who has none yet, from eight o'clock on; return how many."""
    today = local_day(now, OFFICE_ZONE)
    if sealed.note is None or now < local_instant(today, _HOUR, OFFICE_ZONE):
        return 0
    told = {"day": today, "origin": sealed.origin, "size": sealed.size, "note": sealed.note, "vkey": vkey}
    with office.database.snapshot() as connection:
        auditors = [one for one in people.everybody(connection).values() if "auditor" in one.roles]
    queued = 0
    for person in sorted(auditors, key=lambda one: one.id):
        payload = json.dumps(told | {"name": person.name}, default=str, ensure_ascii=False)
        notice = Notice(MESSAGE, f"officer:{person.id}", payload)
        with office.database.transaction() as transaction:
            queued += post(transaction.connection, office.origin, notice, f"checkpoint:{today}", now, None)
    return queued
