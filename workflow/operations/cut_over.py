"""Takes over rows from elsewhere: the frame that certificates and paper cases share. What a row means is the caller's.

Every row stands alone: one that cannot be taken over leaves nothing behind but its reason. A second person signs off.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select, update

from states.dates import OfficeCalendar, local_day
from states.definition import Programme
from states.facts import Person
from workflow import inputs, models
from workflow.access import Deed, role_for
from workflow.decisions.approvals import open_approval
from workflow.decisions.outcome import Act
from workflow.decisions.record import enter_act
from workflow.errors import BadInput, NotFound, NotPermitted
from workflow.models.base import table_of
from workflow.operations.csv_import import RUN, Rejects, digest_of, header_of, reading, rejects_of, rows_of, run_of
from workflow.operations.submit_application import company_of
from workflow.store import calendar, managers, people
from workflow.store.office import Office

_COMPANY = table_of(models.Company)
_RUN = table_of(models.ImportRun)


@dataclass
class TakenOver:
    """What a run came to, in rows, and what a person should look at."""

    read: int = 0
    added: int = 0
    unchanged: int = 0
    rejected: int = 0
    findings: list[dict[str, Any]] = field(default_factory=list)  # row, code, sentence
    rejects: str = ""  # the file they are in
    approval: int | None = None
    dry_run: bool = False


@dataclass
class Run:
    """One run at work: who, in which role, and what is looked up once."""

    office: Office
    act: Act
    role: str
    result: TakenOver
    seen: dict[str, int] = field(default_factory=dict)  # what a row is about -> its number in the file
    _calendars: dict[str, OfficeCalendar] = field(default_factory=dict)

    def find(self, number: int, code: str, sentence: str) -> None:
        """Note what a person should look at."""
        self.result.findings.append({"row": number, "code": code, "sentence": sentence})

    def note_duplicate(self, number: int, key: str, what: str) -> None:
        """Note a row about what an earlier row of the file is about."""
        if first := self.seen.get(key):
            self.find(number, "DUPLICATE", f"Row {first} of the file names {what} too.")
        self.seen.setdefault(key, number)

    def today(self, programme: Programme) -> date:
        return local_day(self.act.now, programme.time_zone)

    def office_calendar(self, connection: Connection, programme: Programme) -> OfficeCalendar:
        zone = programme.time_zone
        if zone not in self._calendars:
            self._calendars[zone] = calendar.office_calendar(connection, zone, date.min, date.max)
        return self._calendars[zone]


TakeOver = Callable[[Connection, Run, int, dict[str, str]], bool]  # whether the row was new; raises to reject it


def take_over(
    office: Office,
    *,
    what: str,
    columns: tuple[str, ...],
    optional: tuple[str, ...] = (),
    file: Path,
    rejects: Path | None,
    dry_run: bool,
    act: Act,
    row: TakeOver,
    progress: Callable[[int], None],
) -> TakenOver:
    """Take over a file of `what` row by row; a dry run does the same and undoes it.

    Raises BadInput when the file is missing, lacks a column or has an unknown one; NotPermitted for a role that may not.
    """
    role = role_for(Deed.IMPORT_CASES, act.actor.roles)
    if role is None:
        raise NotPermitted("WRONG_ROLE", "A supervisor, an admin or the operator takes over cases from elsewhere.")
    rejects = rejects_of(file, rejects)
    digest = digest_of(file)
    run = Run(office, act, role, TakenOver(dry_run=dry_run))
    result = run.result
    with reading(file) as reader:
        header = header_of(reader, file, columns)
        if unknown := sorted(set(header) - {*columns, *optional}):
            known = ", ".join((*columns, *optional))
            raise BadInput(
                "COLUMNS",
                f"{file.name} has the unknown column {', '.join(unknown)}. Known: {known}. Nothing is loaded.",
            )
        if dry_run:
            with office.database.rehearsal() as rehearsal:
                for number, fields in rows_of(reader, header):
                    _one(rehearsal.connection, run, header, (number, fields), row, None)
                    progress(result.read)
            return result
        run_id = _resume(run, what, file, digest)
        rows = islice(rows_of(reader, header), result.read, None)
        with Rejects(rejects, header, read=result.read) as bad:
            while chunk := list(islice(rows, RUN)):
                with office.database.transaction() as transaction:
                    for numbered in chunk:
                        _one(transaction.connection, run, header, numbered, row, bad)
                    _note(transaction.connection, run_id, result)
                    bad.keep()
                progress(result.read)
    result.rejects = str(rejects) if result.rejected else ""
    _finish(run, run_id, what, file, digest)
    return result


def _resume(run: Run, what: str, file: Path, digest: str) -> int:
    run_id, known = run_of(run.office, what, file, digest, run.act)
    if known is not None:
        run.result.read, run.result.added, run.result.rejected = known.rows_read, known.added, known.rejected
        run.result.unchanged = known.rows_read - known.added - known.rejected
    return run_id


def _one(
    connection: Connection,
    run: Run,
    header: list[str],
    numbered: tuple[int, list[str] | str],
    row: TakeOver,
    bad: Rejects | None,
) -> None:
    number, fields = numbered
    result = run.result
    result.read += 1
    try:
        if isinstance(fields, str):
            raise BadInput("ROW", fields)  # noqa: TRY301  # the same road for every bad row
        with connection.begin_nested():
            new = row(connection, run, number, dict(zip(header, (f.strip() for f in fields), strict=True)))
    except (BadInput, NotFound) as error:
        result.rejected += 1
        run.find(number, error.code, f"Rejected: {error.sentence}")
        if bad is not None:
            bad.add(number, error.sentence, fields if isinstance(fields, list) else [])
        return
    result.added += new
    result.unchanged += not new


def _note(connection: Connection, run_id: int, result: TakenOver) -> None:
    values = {"rows_read": result.read, "added": result.added, "rejected": result.rejected}
    connection.execute(update(_RUN).where(_RUN.c.id == run_id).values(values))


def _finish(run: Run, run_id: int, what: str, file: Path, digest: str) -> None:
    """Close the run with its one entry in the trail and ask a second person to sign off what is new."""
    result, act = run.result, run.act
    counts = {"rows": result.read, "added": result.added, "unchanged": result.unchanged, "rejected": result.rejected}
    with run.office.database.transaction() as transaction:
        connection = transaction.connection
        connection.execute(update(_RUN).where(_RUN.c.id == run_id).values(finished_at=act.now))
        detail = {"filename": file.name, "sha256": digest, "run": run_id, "what": what, **counts}
        enter_act(connection, act, "register:cut_over:completed", detail)
        if not result.added:
            return
        sentence = (
            f"Cut-over of {what} from {file.name}: {result.added} taken over, {result.unchanged} known already, "
            f"{result.rejected} rejected of {result.read} rows"
        )
        asked = {"run": run_id, "sha256": digest}
        result.approval = open_approval(
            connection, run.office, None, None, act, role=run.role, kind="import", sentence=sentence, request=asked
        )


# What rows of both kinds name


def company(connection: Connection, run: Run, number: int, uen: str, name: str) -> int:
    """Return the company of a row, made when it is new. Raises BadInput for a wrong check letter or no name."""
    identifier = inputs.uen(uen)
    if not identifier.check_holds:
        raise BadInput("UEN_CHECK", f"{identifier.sentence()} Correct it in the file.")
    name = inputs.name(name, "The company's name") if name else ""
    with _in_a_file():
        company_id = company_of(connection, identifier.value, name, "", run.act)
    known = connection.execute(select(_COMPANY.c.name).where(_COMPANY.c.id == company_id)).scalar_one()
    if name and name != known:
        run.find(number, "OTHER_NAME", f"{identifier.value} is known as {known}, not {name}; the known name stays.")
    return company_id


@contextmanager
def _in_a_file() -> Iterator[None]:
    try:
        yield
    except BadInput as error:
        if error.code != "COMPANY_UNKNOWN":
            raise
        raise BadInput(error.code, "The company is not in the imported register. Give company_name.") from error


def give_manager(connection: Connection, run: Run, number: int, company_id: int, email: str) -> None:
    """Give a company its account manager, unless it has one. Raises NotFound and BadInput for somebody who is none."""
    manager = person(connection, email, "account_manager") if email else None
    query = select(_COMPANY.c.account_manager_id).where(_COMPANY.c.id == company_id)
    known = connection.execute(query).scalar_one()
    if manager and known is None:
        managers.name(connection, [company_id], manager.id, run.act.now)
    elif manager and known != manager.id:
        run.find(number, "OTHER_MANAGER", "The company has another account manager already, who stays.")
    elif known is None:
        run.find(number, "NO_MANAGER", "The company has no account manager: reminders go to the supervisors.")


def person(connection: Connection, email: str, role: str) -> Person:
    """Return somebody with a role. Raises NotFound, and BadInput for another role."""
    found = people.by_email(connection, email, keep=True)
    if role not in found.roles:
        raise BadInput("WRONG_ROLE", f"{found.name} does not hold the role {role}.")
    return found


def entering(programme: Programme, state: str, at: datetime, back: str = "") -> dict[str, Any]:
    """Return the columns of a case that say which state it is in."""
    rules = programme.state_by_name[state]
    return {
        "state": state,
        "state_kind": rules.kind,
        "state_since": at,
        "back": back,
        "next_step": rules.next_step,
        "waits_for": rules.waits_for,
    }


def digest(content: dict[str, Any]) -> str:
    """Return a digest of what a row says, so that the same row is known again."""
    text = json.dumps(content, default=str, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def no_change(what: str, known: str, content: str) -> None:
    """Raise BadInput unless what is known was taken over with the same content."""
    if json.loads(known).get("content") != content:
        raise BadInput("KNOWN", f"{what} is known already with other content. Change it by its own command instead.")
