"""Exports the trail for an auditor, from a checkpoint that is signed first; the export is itself an entry.

It knows files and permission, and leaves what a format looks like to its writer.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from workflow.access import Deed, role_for
from workflow.audit.entry import Entry
from workflow.audit.note import checkpoint_of
from workflow.decisions.outcome import Act, Done
from workflow.decisions.record import enter
from workflow.errors import BadInput, NotPermitted, Unavailable
from workflow.operations.seal_log import seal_log
from workflow.reports.trail.formats import FORMATS, Format
from workflow.reports.trail.trail import Trail, Wanted
from workflow.store import log
from workflow.store.office import Office
from workflow.store.signing import Signer

_BUFFER = 1 << 18  # bytes: with less, a tenth of a large export is waiting for the file system


def export_trail(
    office: Office,
    signer: Signer,
    *,
    file: Path,
    wanted: Wanted,
    act: Act,
    zone: str,
    form: str = "csv",
    internal_reasons: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> Done:
    """Write the wanted entries of the trail in one of FORMATS; `zone` is where the days of the choice were days.

    Internal reasons are told to auditors who ask for them, where the format has room for them.

    The file comes into place whole and after its own entry, so that no export is without one. Raises NotPermitted,
    NotFound for an unknown application, BadInput for the file or a format that needs a case, and like `seal_log`.
    """
    role, chosen = _may(act, form, wanted, internal_reasons=internal_reasons)
    second = _new(file, chosen.beside)
    sealed = seal_log(office, signer, now=act.now)
    if sealed.note is None:
        raise BadInput("EMPTY", "The log has no entry yet, so there is nothing to export.")
    verifier = signer.verifier(sealed.origin).text
    try:
        with _beside(file) as (target, whole):
            with office.database.snapshot() as connection:
                trail = Trail(
                    connection, sealed.note, verifier, wanted, act.now, act.actor, zone, progress, internal_reasons
                )
                count = chosen.write(trail, target)
                about = chosen.about(trail, file.name, count) if chosen.about else ""
            told = wanted.told(zone) | {"choice": wanted.in_words(zone)}
            if internal_reasons:
                told |= {"internal_reasons": True, "choice": f"{told['choice']}, with internal reasons"}
            _enter(office, act, role, told | {"format": form, "entries": count}, sealed.note)
            if second:
                with _beside(second) as (text, second_whole):
                    text.write(about.encode())
                    second_whole()
            whole()
    except OSError as error:
        raise _unwritable(file, error) from error
    except log.Gap as gap:
        raise Unavailable("LOG_BROKEN", f"{gap} Nothing was exported; an operator must look into it.") from gap
    return Done(f"{count} entries of the trail are in {file}.", {"entries": count, "file": str(file)})


def _may(act: Act, form: str, wanted: Wanted, *, internal_reasons: bool) -> tuple[str, Format]:
    """Return the role in which somebody exports, and the format. Raises NotPermitted and BadInput."""
    role = role_for(Deed.EXPORT_TRAIL, act.actor.roles)
    if role is None:
        raise NotPermitted("WRONG_ROLE", "An auditor or a supervisor exports the trail.")
    chosen = FORMATS[form]
    if chosen.of_one_case and not wanted.application:
        raise BadInput("ONE_CASE", f"A {form} shows the history of one case. Name the case.")
    if internal_reasons and "auditor" not in act.actor.roles:
        raise NotPermitted("WRONG_ROLE", "Internal reasons are told to auditors alone.")
    if internal_reasons and not chosen.internal:
        raise BadInput("INTERNAL_REASONS", f"A {form} has no room for internal reasons. Choose csv or xlsx.")
    return role, chosen


def _new(file: Path, beside: str) -> Path | None:
    """Return the second file, where there is one. Raises BadInput for what is there already, or is no file."""
    try:
        if file.is_dir():  # so is what an empty name means
            raise BadInput("FILE", f"{file} is a folder. Name the file to write, such as trail.csv.")
        second = file.with_name(file.name + beside) if beside else None
        for one in filter(None, (file, second)):
            if one.exists():
                raise BadInput("FILE_EXISTS", f"{one} exists already. Name a new file, so that no export is lost.")
    except OSError as error:
        raise _unwritable(file, error) from error
    return second


def _unwritable(file: Path, error: OSError) -> BadInput:
    return BadInput("FILE", f"{file} cannot be written: {error.strerror}. Choose another place.")


def _enter(office: Office, act: Act, role: str, told: dict[str, Any], note: str) -> None:
    detail = told | {"log_size": checkpoint_of(note).size}
    entry = Entry("audit:export:made", act.now, act.actor.id, role, act.proven, detail=detail)
    with office.database.transaction() as transaction:
        enter(transaction.connection, entry)


@contextmanager
def _beside(file: Path) -> Iterator[tuple[BinaryIO, Callable[[], None]]]:
    """Yield a file beside, and what puts it in place once it is whole; otherwise nothing is left."""
    beside = file.with_name(f".{file.name}.{os.getpid()}")

    def whole() -> None:
        target.flush()
        os.fsync(target.fileno())
        beside.replace(file)

    with beside.open("wb", buffering=_BUFFER) as target:
        try:
            yield target, whole
        finally:
            with suppress(FileNotFoundError):
                beside.unlink()
