"""What an auditor asks, as commands of `aeo audit`: exceptions, access, clock stops, a sample, retention."""

import csv
import sys
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Annotated, Any

import typer

from states.dates import local_day
from workflow import inputs
from workflow.access import Deed
from workflow.cli.shared import As, Json, act_of, finish, opened, show, table
from workflow.decisions.outcome import Done
from workflow.decisions.permit import demand
from workflow.errors import BadInput
from workflow.operations.draw_sample import draw_sample
from workflow.reports.access import access_on, staffing_changes
from workflow.reports.exceptions import KINDS
from workflow.reports.exceptions import exceptions as find_exceptions
from workflow.reports.retention import holds, kept, schedule
from workflow.reports.stops import by_cause
from workflow.reports.stops import stops as find_stops
from workflow.reports.trail.table import safe
from workflow.store.absences import OFFICE_ZONE

app = typer.Typer()
Format = Annotated[str, typer.Option("--format", help="table, csv or json.")]
First = Annotated[str, typer.Option("--from", metavar="D", help="The first day, 2026-11-22.")]
Last = Annotated[str, typer.Option("--to", metavar="D", help="The last day, included.")]
Programme = Annotated[str, typer.Option(help="Only cases of this programme.")]

_EXCEPTION = ("date", "kind", "application", "who", "second_person", "reason", "entry")
_PERSON = ("name", "roles", "active", "changes", "absent_until", "deputy", "stands_in_for")
_CHANGE = ("recorded_at", "who", "what", "before", "after", "application", "entry")
_CAUSE = ("cause", "from_state", "reason_code", "stops", "open", "cases", "days", "longest", "longest_of")
_STOP = ("application", "since", "until", "days", "cause", "from_state", "reason_code")
_SCHEDULE = ("kind", "years", "source", "holds")
_KEPT = ("application", "kind", "over_on", "due_on", "status", "why")
_HOLD = ("hold", "application", "reason", "placed_by", "placed_at")


@app.command()
def exceptions(
    first: First = "",
    last: Last = "",
    kind: Annotated[str, typer.Option(help=f"Only one kind: {', '.join(KINDS)}.")] = "",
    format_: Format = "table",
    as_: As = "",
    json: Json = False,
) -> None:
    """List what was done out of the ordinary: waivers, overrides, past days, haste, and who the second person was."""
    form, (begin, end) = _form(format_, json), span(first, last)
    chosen = inputs.one_of(kind, tuple(KINDS), "The kind") if kind else ""
    with opened() as installation:
        demand(Deed.AUDIT, act_of(installation, as_))
        with installation.office.database.snapshot() as connection:
            rows = find_exceptions(connection, installation.office, first=begin, last=end, kind=chosen)
    _print(rows, _EXCEPTION, form, empty="Nothing out of the ordinary is in the trail between these days.")


@app.command()
def access(
    on: Annotated[str, typer.Option(metavar="D", help="The day; who could do what at any time of it.")] = "",
    first: First = "",
    last: Last = "",
    format_: Format = "table",
    as_: As = "",
    json: Json = False,
) -> None:
    """Tell who could do what on a day (--on), or what changed about it in a period (--from, --to).

    Both from the trail: accounts, roles, absences with deputies; in a period assignments and hand-overs too.
    """
    form, (begin, end) = _form(format_, json), span(first, last)
    if bool(on) == bool(begin and end) or (on and (begin or end)):
        raise BadInput("DAYS", "Name one day (--on D), or the first and last day of a period (--from D --to D).")
    with opened() as installation:
        act = act_of(installation, as_)
        demand(Deed.AUDIT, act)
        with installation.office.database.snapshot() as connection:
            if begin and end:
                changes = staffing_changes(connection, first=begin, last=end)
                _print(changes, _CHANGE, form, empty="Nothing about people changed between these days.")
                return
            day = inputs.not_future(inputs.day(on, "--on"), local_day(act.now, OFFICE_ZONE), "--on")
            found = access_on(connection, installation.office, day=day)
    if form == "json":
        show(found, as_json=True)
        return
    _print(found["people"], _PERSON, form, empty="Nobody had an account on that day.")
    if form == "table":
        for line in _role_lines(found):
            show(line, as_json=False)


def _role_lines(found: dict[str, Any]) -> Iterable[str]:
    yield ""
    yield "What each role may do, by this version of the program and the editions stored by then:"
    for role in found["roles"]:
        editions = [f"{edition}: {', '.join(triggers)}" for edition, triggers in sorted(role["triggers"].items())]
        yield f"  {role['role']}: {'; '.join([', '.join(role['deeds']), *editions]).strip('; ') or 'nothing'}"
    attested = found["attested"]
    words = f"by {attested['by']} at {attested['at']:%Y-%m-%dT%H:%MZ}, {attested['digest']}" if attested else "never"
    yield f"Digest of the roles: {found['digest']}. Last attested: {words}."


@app.command()
def stops(
    first: First = "",
    last: Last = "",
    programme: Programme = "",
    details: Annotated[bool, typer.Option(help="Show every stop instead of the sums.")] = False,
    format_: Format = "table",
    as_: As = "",
    json: Json = False,
) -> None:
    """Sum up by cause how long the processing clock stood still; --from and --to are days on which stops began."""
    form, (begin, end) = _form(format_, json), span(first, last)
    with opened() as installation:
        act = act_of(installation, as_)
        demand(Deed.AUDIT, act)
        office = installation.office
        with office.database.snapshot() as connection:
            code = office.editions.newest(connection, programme).programme.code if programme else ""
            found = find_stops(connection, office, now=act.now, first=begin, last=end, programme=code)
    empty = "The processing clock stood still for no case between these days."
    _print(found if details else by_cause(found), _STOP if details else _CAUSE, form, empty=empty)


@app.command()
def sample(
    seed: Annotated[
        int, typer.Option(help="A whole number, best agreed on before: the same one draws the same cases.")
    ],
    size: Annotated[int, typer.Option(help="How many cases.")] = 25,
    programme: Programme = "",
    first: Annotated[str, typer.Option("--from", metavar="D", help="Only cases received from this day on.")] = "",
    last: Annotated[str, typer.Option("--to", metavar="D", help="Only cases received until this day.")] = "",
    as_: As = "",
    json: Json = False,
) -> None:
    """Draw a random sample of cases that anybody can draw again from seed and population; itself in the trail."""
    begin, end = span(first, last)
    with opened() as installation:
        act = act_of(installation, as_)
        drawn = draw_sample(
            installation.office, seed=seed, size=size, programme=programme, first=begin, last=end, act=act
        )
    if json:
        show(drawn.data, as_json=True)
        return
    lines = [drawn.sentence, f"Digest of the population: {drawn.data['digest']}.", *drawn.data["drawn"]]
    finish(Done("\n".join(lines)), as_json=False)


@app.command()
def retention(
    every: Annotated[bool, typer.Option("--all", help="Also what is kept, unset or disposed of already.")] = False,
    format_: Format = "table",
    as_: As = "",
    json: Json = False,
) -> None:
    """Show how long records are kept, what is due for disposal, and what a legal hold keeps."""
    form = _form(format_, json)
    with opened() as installation:
        act = act_of(installation, as_)
        demand(Deed.SEE_RETENTION, act)
        with installation.office.database.snapshot() as connection:
            periods, held = schedule(connection), holds(connection, lifted=every)
            found = kept(connection, installation.office, now=act.now)
    rows = [one.as_data() for one in found if every or one.status in ("due", "asked", "unfinished", "held")]
    if form == "json":
        show({"schedule": periods, "records": rows, "holds": held}, as_json=True)
        return
    if form == "csv":
        _print(rows, _KEPT, form, empty="")
        return
    table(periods, _SCHEDULE, as_json=False, empty="")
    show("", as_json=False)
    table(rows, _KEPT, as_json=False, empty="Nothing is due for disposal.")
    show("", as_json=False)
    table(held, (*_HOLD, *(("lifted_at", "lift_reason") if every else ())), as_json=False, empty="No legal hold.")


def _form(format_: str, json: bool) -> str:
    return "json" if json else inputs.one_of(format_, ("table", "csv", "json"), "The format")


def span(first: str, last: str) -> tuple[date | None, date | None]:
    """Return the days of --from and --to. Raises BadInput."""
    begin, end = (inputs.day(text, name) if text else None for text, name in ((first, "--from"), (last, "--to")))
    return inputs.in_order(begin, end, ("--from", "--to"))


def _print(rows: Sequence[dict[str, Any]], columns: Sequence[str], form: str, *, empty: str) -> None:
    """Print rows as JSON, as aligned columns, or for a spreadsheet with nothing that it would run."""
    if form != "csv":
        table(rows, columns, as_json=form == "json", empty=empty)
        return
    writer = csv.writer(sys.stdout)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([safe(_cell(row.get(column))) for column in columns])


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return "; ".join(map(str, value))
    return value.isoformat() if isinstance(value, date) else str(value)
