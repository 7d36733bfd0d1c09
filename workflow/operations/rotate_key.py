"""Goes on signing the log with a new key: one last checkpoint is signed by both, so that whoever trusts the old follows."""

from datetime import datetime
from pathlib import Path

from workflow.audit.note import Checkpoint
from workflow.decisions.outcome import Act, Done
from workflow.decisions.record import enter_act
from workflow.errors import Unavailable
from workflow.operations.seal_log import seal_log
from workflow.store import log, signing
from workflow.store.office import Office
from workflow.store.signing import signer_of


def rotate_key(office: Office, file: Path, *, act: Act) -> Done:
    """Replace the key in a file; the old one stays beside it, readable for its owner only. Audited.

    Run again after it broke off, it goes on with the same new key. Raises Unavailable as `seal_log` does, and while
    another process gives positions.
    """
    folder = file.parent
    old = signer_of(str(file), folder)
    coming = file.with_name(f"{file.name}.new")
    if not coming.exists():
        signing.make_key(coming)
    new = signer_of(str(coming), folder)
    seal_log(office, old, now=act.now)  # nothing is rotated on a log that does not extend what was signed
    with office.database.transaction() as transaction:
        connection = transaction.connection
        origin = log.origin(connection)
        before, after = old.verifier(origin).text, new.verifier(origin).text
        enter_act(connection, act, "audit:key:rotated", {"before": before, "after": after})
    seal_log(office, old, now=act.now)
    with office.database.transaction() as transaction:
        connection = transaction.connection
        if not log.become_sequencer(connection):
            raise Unavailable("SEQUENCER", "Another process is sealing the log just now. Do this again in a moment.")
        size = log.size(connection)
        checkpoint = Checkpoint(origin, size, log.frontier_of(connection, size).root())
        note = old.sign_with(checkpoint, new.key)
        log.add_checkpoint(connection, origin=origin, size=size, root=checkpoint.root, note=note, now=act.now)
        kept = _swap(file, coming, act.now)
    words = (
        f"The log is signed with a new key from now on. The last checkpoint of the old key, over {size} entries, bears "
        f"both signatures. The old key is kept in {kept}. Give auditors the new verifier key: {after}"
    )
    return Done(words, {"before": before, "after": after, "checkpoint": note, "size": size, "kept": str(kept)})


def _swap(file: Path, coming: Path, now: datetime) -> Path:
    kept = file.with_name(f"{file.name}.until-{now:%Y%m%dT%H%M%SZ}")
    kept.hardlink_to(file)  # at no instant is there no key
    coming.replace(file)
    return kept
