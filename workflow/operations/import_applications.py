"""Takes over open cases from paper: where they stand, and the stops of their processing clock as decisions.

So the deadline comes out as if the case had been kept here from the beginning.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path

from sqlalchemy import Connection, select

from states.dates import local_day, start_of
from states.definition import Programme
from states.processing import due_by, spans
from workflow import inputs, models
from workflow.decisions.effects import ask, deadline, planned_request
from workflow.decisions.outcome import Act
from workflow.decisions.record import Change, Decided, record
from workflow.errors import BadInput
from workflow.models.base import table_of
from workflow.operations import cut_over
from workflow.operations.cut_over import Run, TakenOver
from workflow.operations.submit_application import open_case
from workflow.store import cases
from workflow.store.cases import Case
from workflow.store.office import Office

COLUMNS = (
    "programme",
    "uen",
    "company_name",
    "state",
    "received_on",
    "complete_at",
    "stops",
    "officer_email",
    "account_manager_email",
)
STATES = ("submitted", "checklist_review", "awaiting_information", "validation")
_SUBMITTED, _REVIEW, _WAITING, _VALIDATION = STATES
_A = table_of(models.Application)
_COMPANY = table_of(models.Company)
_DECISION = table_of(models.Decision)


def import_applications(
    office: Office,
    *,
    file: Path,
    act: Act,
    rejects: Path | None = None,
    dry_run: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> TakenOver:
    """Take over a file; bad rows go to the rejects file with their reason. Doing it again changes nothing.

    Raises BadInput when the file is missing or lacks a column, NotPermitted for a role that may not.
    """
    return cut_over.take_over(
        office,
        what="applications",
        columns=COLUMNS,
        file=file,
        rejects=rejects,
        dry_run=dry_run,
        act=act,
        row=_take_over,
        progress=progress,
    )


@dataclass(frozen=True)
class _Given:
    """One row, read and in order."""

    programme: str
    uen: str
    company_name: str
    state: str
    received_on: date
    complete_on: date | None
    stops: tuple[tuple[date, date | None], ...]  # first day, and the day on which the clock ran again
    officer: str
    manager: str


def _read(row: dict[str, str]) -> _Given:
    return _Given(
        programme=inputs.name(row["programme"], "The programme"),
        uen=inputs.uen(row["uen"]).value,
        company_name=row["company_name"],
        state=inputs.one_of(row["state"], STATES, "The state"),
        received_on=inputs.day(inputs.name(row["received_on"], "received_on"), "received_on"),
        complete_on=inputs.day(row["complete_at"], "complete_at") if row["complete_at"] else None,
        stops=tuple(_stop(part.strip()) for part in row["stops"].split("|") if part.strip()),
        officer=row["officer_email"].lower(),
        manager=row["account_manager_email"].lower(),
    )


def _stop(text: str) -> tuple[date, date | None]:
    first, slash, last = text.partition("/")
    if not slash:
        raise BadInput(
            "STOPS", f'The stop "{text[:40]}" is not two days such as 2026-03-01/2026-03-15, or 2026-04-01/.'
        )
    return inputs.day(first.strip(), "A stop"), inputs.day(last.strip(), "A stop") if last.strip() else None


def _judge(given: _Given, today: date) -> None:
    """Raise BadInput for days that cannot be and for stops that do not fit the state."""
    inputs.not_future(given.received_on, today, "received_on")
    complete = given.complete_on
    if complete and not given.received_on <= complete <= today:
        raise BadInput("DATE_ORDER", f"complete_at {complete.isoformat()} must lie between received_on and today.")
    if (complete is None) != (given.state == _SUBMITTED) and given.state != _WAITING:
        need = "has no complete_at: leave it empty" if complete else "needs complete_at, the day the pack was complete"
        raise BadInput("COMPLETE_AT", f"A case in {given.state} {need}.")
    if (given.state == _WAITING) != bool(given.stops and given.stops[-1][1] is None):
        raise BadInput(
            "STOPS", "A case in awaiting_information, and no other, ends with an open stop such as 2026-04-01/."
        )
    before = given.received_on
    for first, last in given.stops:
        if first < before or (last or today) < first or (last or first) > today:
            raise BadInput(
                "STOPS", "Stops lie between received_on and today, one after the other; only the last is open."
            )
        if complete and first < complete < (last or date.max):
            raise BadInput("STOPS", f"A stop runs across complete_at {complete.isoformat()}. Begin it on that day.")
        before = last or date.max


def _take_over(connection: Connection, run: Run, number: int, row: dict[str, str]) -> bool:
    given = _read(row)
    key, content = f"{given.programme}:{given.uen}", cut_over.digest(asdict(given))
    run.note_duplicate(number, key, f"a {given.programme} application of {given.uen}")
    if _is_known(connection, given, content):
        return False
    programme = run.office.editions.newest(connection, given.programme).programme
    _judge(given, run.today(programme))
    company_id = cut_over.company(connection, run, number, given.uen, given.company_name)
    cut_over.give_manager(connection, run, number, company_id, given.manager)
    officer = cut_over.person(connection, given.officer, "officer") if given.officer else None
    if officer is None:
        run.find(number, "NO_OFFICER", "The case has no officer yet. Assign it with `aeo application assign`.")
    reference = open_case(connection, programme, company_id, given.received_on, "paper", run.act)
    case = cases.lock(connection, reference, run.act.actor)
    _record(connection, run, programme, case, given, content, officer.id if officer else None)
    return True


def _is_known(connection: Connection, given: _Given, content: str) -> bool:
    """Say whether the same row was taken over before. Raises BadInput when its live case says something else."""
    query = (
        select(_A.c.reference, _A.c.live_key, _DECISION.c.given)
        .join(_COMPANY, _COMPANY.c.id == _A.c.company_id)
        .join(_DECISION, (_DECISION.c.application_id == _A.c.id) & (_DECISION.c.decision_no == 1))
        .where(_COMPANY.c.identifier == given.uen, _A.c.programme == given.programme, _A.c.channel == "paper")
    )
    for row in connection.execute(query).all():
        if content in row.given:
            return True
        if row.live_key is not None:
            cut_over.no_change(f"Application {row.reference} of {given.uen}", row.given, content)
    return False


def _steps(given: _Given) -> list[tuple[date, str]]:
    """Return the states entered with their days, oldest first; the last one is the present state."""
    steps, started = [(given.received_on, _SUBMITTED)], given.complete_on is None
    beneath = _SUBMITTED
    for first, last in given.stops:
        if not started and given.complete_on and first >= given.complete_on:
            steps.append((given.complete_on, _REVIEW))
            started, beneath = True, _REVIEW
        steps.append((first, _WAITING))
        if last:
            steps.append((last, beneath))
    if not started and given.complete_on:
        steps.append((given.complete_on, _REVIEW))
    if given.state == _VALIDATION:  # the day on which the checklist was passed is not known, and the clock runs in both
        steps[-1:] = [(steps[-1][0], _VALIDATION)]
    return steps


def _record(
    connection: Connection, run: Run, programme: Programme, case: Case, given: _Given, content: str, officer: str | None
) -> None:
    steps, zone = _steps(given), programme.time_zone
    entered: list[tuple[str, date]] = []
    for day, state in steps:
        at = max(start_of(day, zone), case.decided_at) if entered else start_of(day, zone)
        title = programme.state_by_name[state].title
        first = not entered
        beneath = entered[-1][0] if entered and state == _WAITING else ""
        entered.append((state, day))
        change = Change(
            kind="case:application:imported" if first else "case:state:imported",
            role=run.role,
            effective_at=at,
            detail={"what": title} | ({"content": content, "received_on": given.received_on} if first else {}),
            decided=Decided("import", state, run.role, {"content": content} if first else {}),
            updates=cut_over.entering(programme, state, at, beneath),
        )
        if first:
            change.updates |= {"submitted_at": at, "assignee_id": officer}
        elif day == given.complete_on and state in (_REVIEW, _VALIDATION) and case.complete_at is None:
            change.updates["complete_at"] = at
        if len(entered) == len(steps):
            _finish(connection, run, programme, case, given, entered, change)
        record(connection, run.office.origin, case, programme, run.act, change)


def _finish(
    connection: Connection,
    run: Run,
    programme: Programme,
    case: Case,
    given: _Given,
    entered: list[tuple[str, date]],
    change: Change,
) -> None:
    """Set what the present state works towards; an open stop becomes a request that the clock follows up."""
    if given.state == _WAITING:
        counted = _reply_by(programme, entered[-1][1], local_day(run.act.now, programme.time_zone))
        reply = deadline(connection, programme, counted)
        number = ask(connection, case, "As asked for on paper, before the case was taken over.", reply, run.act)
        change.planned = planned_request(connection, programme, number, reply.day)
        change.updates["deadline"] = reply.day
        change.detail |= {"request": number, "reply_by": reply.day, "calendar": reply.calendar}
    elif given.complete_on:
        change.updates["deadline"] = due_by(programme, spans(programme, entered), given.complete_on)


def _reply_by(programme: Programme, asked_on: date, today: date) -> date:
    """The day on paper is not in the file: the programme's days from the stop, or from today where they are over."""
    days = timedelta(days=programme.information.reply_days)
    return asked_on + days if asked_on + days >= today else today + days
