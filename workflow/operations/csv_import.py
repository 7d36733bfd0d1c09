"""Reads a CSV file in runs, puts bad rows aside with the reason, resumes. It must not know what a row means."""

import csv
import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Self

from sqlalchemy import Row, select

from workflow import models
from workflow.decisions.outcome import Act
from workflow.decisions.record import new_id
from workflow.errors import BadInput
from workflow.models.base import table_of
from workflow.store.office import Office

RUN = 5_000
_RUN = table_of(models.ImportRun)


def rejects_of(file: Path, rejects: Path | None) -> Path:
    """Return where bad rows go. Raises BadInput when the input is missing or would be overwritten."""
    rejects = rejects or file.with_name(file.name + ".rejects.csv")
    if not file.is_file():
        raise BadInput("NO_FILE", f"There is no file {file}. Check its name.")
    if rejects.resolve() == file.resolve():
        raise BadInput("SAME_FILE", "The rejects file is the input itself. Name another one (--rejects).")
    return rejects


def digest_of(file: Path) -> str:
    """Return the SHA-256 of a file."""
    with file.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


@contextmanager
def reading(file: Path) -> Iterator[Iterator[list[str]]]:
    """Open a CSV file. Undecodable bytes become lone surrogates, so that they spoil their own row and no other."""
    csv.field_size_limit(1_000_000)
    with file.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as source:
        yield csv.reader(source)


def header_of(reader: Iterator[list[str]], file: Path, wanted: Sequence[str]) -> list[str]:
    """Read the header. Raises BadInput when a column is missing."""
    header = [name.strip().lower() for name in next(reader, [])]
    missing = [name for name in wanted if name not in header]
    if missing:
        raise BadInput("COLUMNS", f"{file.name} lacks the column {', '.join(missing)}. Nothing is loaded.")
    return header


def rows_of(reader: Iterator[list[str]], header: list[str]) -> Iterator[tuple[int, list[str] | str]]:
    """Yield (row number, fields or what is wrong with the row); the header is row 1."""
    number = 1
    while True:
        number += 1
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield number, f"This row cannot be read: {error}."
            continue
        if len(fields) != len(header):
            yield number, f"This row has {len(fields)} fields; {len(header)} are expected."
        else:
            yield number, fields


def run_of(office: Office, kind: str, file: Path, digest: str, act: Act) -> tuple[int, Row[Any] | None]:
    """Begin a run, or return the unfinished one of the same file with how far it got."""
    with office.database.transaction() as transaction:
        connection = transaction.connection
        unfinished = select(_RUN).where(_RUN.c.sha256 == digest, _RUN.c.kind == kind, _RUN.c.finished_at.is_(None))
        if open_ := connection.execute(unfinished.order_by(_RUN.c.id.desc())).first():
            return open_.id, open_
        row = {"kind": kind, "filename": file.name, "sha256": digest, "started_at": act.now}
        return new_id(connection.execute(_RUN.insert(), row)), None


class Rejects:
    """The file of rejected rows, made when the first one comes: just those of the rows that are read and committed."""

    def __init__(self, path: Path, header: list[str], *, read: int) -> None:
        """`read` is how many rows an earlier try of the same run got through; what it rejected of them stays."""
        self._path = path
        self.header = header
        self._read = read
        self._rows: list[list[Any]] = []
        self._file: IO[str] | None = None

    def __enter__(self) -> Self:
        if self._read and self._path.exists():
            self._forget_what_was_not_committed()
        return self

    def add(self, number: int, reason: str, fields: list[str]) -> None:
        self._rows.append([number, reason, *fields])

    def keep(self) -> None:
        """Put what was added onto the disk; call it last before the commit of the rows beside it."""
        if not self._rows:
            return
        if self._file is None:
            self._file = self._open()
        csv.writer(self._file).writerows(self._rows)
        self._rows = []
        self._file.flush()
        os.fsync(self._file.fileno())

    def _open(self) -> IO[str]:
        again = bool(self._read) and self._path.exists()
        file = self._path.open("a" if again else "w", encoding="utf-8", errors="backslashreplace", newline="")
        if not again:
            csv.writer(file).writerow(["row", "reason", *self.header])
        return file

    def _forget_what_was_not_committed(self) -> None:
        """Drop rows behind those that were read: they are read again."""
        kept = self._path.with_name(self._path.name + ".kept")
        with (
            reading(self._path) as rows,
            kept.open("w", encoding="utf-8", errors="surrogateescape", newline="") as file,
        ):
            last = self._read + 1  # the header of the input is its row 1
            csv.writer(file).writerows(
                row for row in rows if not row[:1] or not row[0].isdecimal() or int(row[0]) <= last
            )
        kept.replace(self._path)

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()
