"""`aeo simulate`: the years ahead, on a scratch copy."""

import csv
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Annotated, Any

import typer

from workflow import bootstrap, inputs
from workflow.cli.progress import counting
from workflow.cli.shared import Json, command, show
from workflow.errors import BadInput
from workflow.operations.simulate import Happening, Outage, Span, Summary, check
from workflow.operations.simulate import simulate as run
from workflow.reports.trail.table import safe
from workflow.settings import read_settings

app = command()
_COLUMNS = ("at", "application", "rule", "due_at", "status", "outcome", "recipients")


@app.command(
    help="Run the whole system through a time on a scratch copy and say what happens; nothing live is touched."
)
def simulate(
    from_: Annotated[str, typer.Option("--from", metavar="INSTANT", help="When the first tick is.")],
    until: Annotated[str, typer.Option("--until", metavar="INSTANT", help="No tick comes after it.")],
    step: Annotated[int, typer.Option("--step", metavar="DAYS", help="Days between ticks.")] = 1,
    down: Annotated[
        list[str] | None,
        typer.Option("--down", metavar="FROM/TO", help="An outage: days, both included, or instants; repeatable."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Keep database, mailbox and events.csv there.")
    ] = None,
    json: Json = False,
) -> None:
    start = inputs.instant(from_, "--from")
    span = Span(start, inputs.instant(until, "--until"), step, [_outage(one, start.tzinfo) for one in down or ()])
    happenings: list[Happening] = []
    settings = read_settings()
    with bootstrap.open_for_reading(settings) as live:
        check(live, span)
        with _folder(out) as folder:
            with (
                bootstrap.open_scratch(settings, live, folder, now=start) as (copy, post),
                counting("Days", total=len(span.instants()), quiet=json) as progress,
            ):
                begin = time.perf_counter()
                summary = run(copy, post, span, tell=happenings.append, progress=progress)
                seconds = time.perf_counter() - begin
            if out is not None:
                _keep(folder / "events.csv", happenings)
    pace = ((summary.end - span.start).days + 1) / seconds
    if json:
        show({"events": [_data(one) for one in happenings], "summary": _summary(span, summary, pace)}, as_json=True)
        return
    for happening in happenings:
        show(_line(happening, start.tzinfo), as_json=False)
    for line in _words(span, summary, pace):
        show(line, as_json=False)
    if out is not None:
        show(f"The copy, its mailbox and events.csv are in {out}.", as_json=False)


def _outage(given: str, zone: tzinfo | None) -> Outage:
    """Read FROM/TO. A day counts in the zone of --from, from its begin to its end. Raises BadInput."""
    first, _, last = given.partition("/")
    try:
        outage = Outage(_edge(first, zone, 0), _edge(last, zone, 1))
        if outage.start < outage.end:
            return outage
    except (BadInput, OverflowError):
        pass
    raise BadInput(
        "OUTAGE",
        f'--down "{given[:80]}" is not an outage. Write FROM/TO, the earlier first, such as 2027-03-01/2027-04-09 '
        "or with instants such as 2027-03-01T12:00:00+08:00.",
    )


def _edge(given: str, zone: tzinfo | None, days: int) -> datetime:
    try:
        day = date.fromisoformat(given)
    except ValueError:
        return inputs.instant(given, "--down")
    return datetime(day.year, day.month, day.day, tzinfo=zone) + timedelta(days=days)


@contextmanager
def _folder(out: Path | None) -> Iterator[Path]:
    """Yield a folder of our own: the one to keep, or one that is removed."""
    if out is None:
        with tempfile.TemporaryDirectory(prefix="aeo-simulate-") as name:
            yield Path(name)
        return
    try:
        out.mkdir(mode=0o700, parents=True, exist_ok=True)
        taken = any(out.iterdir())
    except OSError as error:
        raise BadInput("FOLDER", f"{out} cannot be used: {error.strerror}. Choose another place (--out).") from error
    if taken:
        raise BadInput("FOLDER_TAKEN", f"{out} is not empty. Name a new folder, so that nothing is lost (--out).")
    yield out


def _keep(file: Path, happenings: Sequence[Happening]) -> None:
    with file.open("w", encoding="utf-8", newline="") as target:
        writer = csv.writer(target)
        writer.writerow(_COLUMNS)
        for one in happenings:
            cells = _data(one) | {"at": one.at.isoformat(), "due_at": one.due_at.isoformat()}
            writer.writerow([safe(cell) for cell in (cells | {"recipients": " ".join(one.recipients)}).values()])


def _data(one: Happening) -> dict[str, Any]:
    return {column: getattr(one, column) for column in _COLUMNS}


def _line(one: Happening, zone: tzinfo | None) -> str:
    day, due = one.at.astimezone(zone).date(), one.due_at.astimezone(zone).date()
    late = f", due {due.isoformat()}" if due != day else ""
    to = f" -> {', '.join(one.recipients)}" if one.recipients else ""
    return f"{day.isoformat()}  {one.application or 'all cases':<15}  {one.rule:<22}  {one.status}: {one.outcome}{late}{to}"


def _summary(span: Span, summary: Summary, pace: float) -> dict[str, Any]:
    return {
        "from": span.start,
        "until": span.until,
        "last_tick_at": summary.end,
        "ticks": summary.ticks,
        "ticks_down": summary.ticks_down,
        "days_per_second": round(pace, 1),
        "rules": {rule: dict(sorted(counts.items())) for rule, counts in sorted(summary.rules.items())},
        "mails": dict(sorted(summary.mails.items())),
        "states": summary.states,
        "standings": summary.standings,
        "overdue": summary.overdue,
        "held": summary.held,
        "reminders": summary.proof.as_data() if summary.proof else None,
    }


def _words(span: Span, summary: Summary, pace: float) -> Iterator[str]:
    down = f", {summary.ticks_down} left out while down" if summary.ticks_down else ""
    yield ""
    yield f"{span.start.isoformat()} to {summary.end.isoformat()}: {summary.ticks} ticks{down}; {pace:,.0f} days per second."
    yield "What was done, by rule:" if summary.rules else "Nothing was due."
    for rule, counts in sorted(summary.rules.items()):
        yield f"  {rule:<22}  {_counted(counts)}"
    yield f"Mails: {_counted(summary.mails)}."
    yield f"Cases by state: {_counted(summary.states)}."
    yield f"Cases by standing: {_counted(summary.standings)}."
    if summary.proof:
        yield summary.proof.sentence()
        yield from (one.sentence() for one in summary.proof.unaccounted)
    if not summary.overdue:
        yield "Nothing that was planned is overdue."
        return
    yield f"Overdue: {len(summary.overdue)} planned actions. {summary.held or _why(span, summary)}"
    for one in summary.overdue:
        yield f"  {one['due_at'].astimezone(span.start.tzinfo).date().isoformat()}  {one['application']}  {one['rule']}"


def _why(span: Span, summary: Summary) -> str:
    return "The system is down at the end." if span.is_down(summary.end) else "See the tasks of their cases."


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in sorted(counts.items())) or "none"
