"""Takes the signed checkpoint off the machine: into a folder and, once a day, by mail to every auditor. Signs nothing."""

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

    The first file for a size stays as it is, and a log under another name has its checkpoints in a folder of its own.
    """
    if sealed.note is None:
        return
    name = sealed.origin.replace("/", "_")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        kept = folder / name / f"checkpoint-{sealed.size}"
        kept.parent.mkdir(exist_ok=True)
        if not kept.exists():
            write_whole(kept, sealed.note)
        for file, content in ((folder / "checkpoint", sealed.note), (folder / "log.vkey", vkey + "\n")):
            if not file.exists() or file.read_text(encoding="utf-8") != content:
                write_whole(file, content)
    except OSError as error:
        raise Unavailable(
            "CHECKPOINT_DIR",
            f"The checkpoint cannot be written into {folder}: {error.strerror}. Check AEO_CHECKPOINT_DIR.",
        ) from error


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
