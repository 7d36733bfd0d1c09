"""The trail for auditors and supervisors: entries, proofs, exports, verification, and what an auditor asks."""

import tempfile
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from sqlalchemy import Connection
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from states.dates import local_day
from states.facts import CLOCK, OPERATOR
from workflow import inputs
from workflow.access import Area, Deed, role_for
from workflow.audit import bundle
from workflow.audit.note import BadNote, note_in
from workflow.audit.wording import WORDING
from workflow.errors import BadInput, NotPermitted
from workflow.operations.draw_sample import draw_sample
from workflow.operations.export_trail import export_trail
from workflow.operations.prove_entry import prove_entry
from workflow.operations.seal_log import seal_log
from workflow.reports import access, exceptions, log_replay, people, retention, stops, trail_page
from workflow.reports.trail.as_bundle import bundle_lines
from workflow.reports.trail.choice import choose
from workflow.reports.trail.formats import FORMATS
from workflow.reports.trail.trail import Wanted
from workflow.store import log
from workflow.web.answers import Problem, problem_of, values_of
from workflow.web.forms import Posted, at, days_of, posted_of
from workflow.web.guard import routes, see
from workflow.web.rendering import page, zone_of
from workflow.web.site import Acting, Here, Site, Who, caller_of, site_of
from workflow.web.tables import as_csv

_PAGE = 50
_MOST_DIFFERENCES = 50
_ENDINGS = {"jsonl": "jsonl", "ocel": "json", "xes": "xes", "csv": "csv", "xlsx": "xlsx", "pdf": "pdf"}
made = routes()


def router() -> APIRouter:
    """Return the routes of the trail."""
    return made


@made.get("/trail")
@see(Area.TRAIL)
def explorer(request: Request, site: Here, who: Who, before: str = "") -> Response:
    asked = request.query_params
    problem, rows = None, []
    with site.office.database.snapshot() as connection:
        try:
            rows = trail_page.entries(
                connection,
                viewer=who.person,
                wanted=_wanted(request, connection, dict(asked)),
                before=int(before) if before.isdecimal() and len(before) < 16 else None,  # noqa: PLR2004  # an id
                limit=_PAGE + 1,
            )
        except BadInput as error:
            problem = problem_of(error)
        officers = people.officers(connection, local_day(site.clock(), zone_of(request)))
    return page(
        request,
        "trail/list.html",
        status=problem.status if problem else 200,
        problem=problem,
        rows=rows[:_PAGE],
        more=rows[_PAGE - 1]["id"] if len(rows) > _PAGE else "",
        asked={name: asked.get(name, "") for name in ("case", "kind", "person", "first", "last")},
        kinds=[(kind, kind) for kind in sorted(WORDING)],
        actors=[*((one["email"], one["name"]) for one in officers), *((one.id, one.name) for one in (CLOCK, OPERATOR))],
        formats=list(FORMATS),
    )


@made.get("/trail/{index:int}")
@see(Area.TRAIL)
def one_entry(request: Request, site: Here, index: int) -> Response:
    with site.office.database.snapshot() as connection:
        found = trail_page.entry(connection, index=index)
    return page(request, "trail/entry.html", entry=found, members=_flat(found["members"]))


@made.get("/trail/{index:int}/proof")
@see(Area.TRAIL)
def proof(site: Here, index: int) -> Response:
    """Hand out the entry with its proof: a bundle of one, which anybody can verify."""
    lines = prove_entry(site.office, site.signer(), index=index, now=site.clock())
    headers = {"Content-Disposition": f'attachment; filename="entry-{index}.jsonl"', "Cache-Control": "no-store"}
    return Response("".join(f"{line}\n" for line in lines), media_type="application/jsonl", headers=headers)


@made.post("/trail/export")
@see(Area.TRAIL)
def export(request: Request, site: Here, acting: Acting) -> Response:
    posted, zone = posted_of(request), zone_of(request)
    folder = tempfile.TemporaryDirectory(prefix="aeo-export-")
    try:
        form = inputs.one_of(posted.text("format"), tuple(FORMATS), "The format")
        with site.office.database.snapshot() as connection:
            wanted = _wanted(request, connection, dict(posted.typed()))
        file = Path(folder.name) / f"trail.{_ENDINGS[form]}"
        export_trail(
            site.office,
            site.signer(),
            file=file,
            wanted=wanted,
            act=acting,
            zone=zone,
            form=form,
            internal_reasons=posted.text("internal") == "yes",
        )
    except (BadInput, NotPermitted) as error:
        folder.cleanup()
        return page(
            request, "trail/export_failed.html", status=422, problem=problem_of(error), typed=values_of(request)
        )
    except BaseException:
        folder.cleanup()
        raise
    file = _one_file(file, FORMATS[form].beside)
    name = f"trail-{wanted.application or local_day(acting.now, zone).isoformat()}{file.suffix}"
    return FileResponse(
        file, filename=name, headers={"Cache-Control": "no-store"}, background=BackgroundTask(folder.cleanup)
    )


def _one_file(file: Path, beside: str) -> Path:
    """Return the file, or where a second one says what it is, both in an archive: a browser takes one."""
    if not beside:
        return file
    whole = file.with_suffix(".zip")
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for one in (file, file.with_name(file.name + beside)):
            archive.write(one, one.name)
    return whole


@made.get("/trail/verification")
@see(Area.TRAIL)
def verification(request: Request, site: Here) -> Response:
    return page(request, "trail/verification.html", verdict=None, differences=[], key=_key(site), kept="")


@made.post("/trail/verification")
@see(Area.TRAIL)
def verify(request: Request, site: Here, acting: Acting) -> Response:
    """Recompute every hash of the log, hold it to a checkpoint that was kept elsewhere, and the tables to the log."""
    kept = posted_of(request).text("checkpoint").strip()
    signer = site.signer()
    sealed = seal_log(site.office, signer, now=acting.now)
    key = signer.verifier(sealed.origin).text
    problem: Problem | None = None
    verdict, differences = None, []
    if sealed.note is None:
        problem = _problem("The log has no entry yet, so there is nothing to verify.")
    else:
        try:
            note = _note(kept, sealed.origin) if kept else None
            with site.office.database.snapshot() as connection:
                lines = bundle_lines(connection, note=sealed.note, verifier=key)
                verdict = bundle.verify((f"{line}\n".encode() for line in lines), checkpoint=note, key=key)
                found = log_replay.replay(connection, site.office.editions)
                differences = [one.sentence for one, _ in zip(found, range(_MOST_DIFFERENCES), strict=False)]
        except (bundle.BadBundle, BadNote) as error:
            problem = _problem(str(error))
    status = 422 if problem else 200
    return page(
        request,
        "trail/verification.html",
        status=status,
        problem=problem,
        verdict=verdict,
        differences=differences,
        key=key,
        kept=kept,
    )


@made.get("/trail/exceptions")
@see(Area.TRAIL)
def out_of_the_ordinary(request: Request, site: Here, first: str = "", last: str = "", kind: str = "") -> Response:
    asked = {"first": first, "last": last, "kind": kind}
    try:
        chosen = at("kind", lambda: inputs.one_of(kind, tuple(exceptions.KINDS), "The kind")) if kind else ""
        begin, end = days_of(first, last, _today(request))
    except BadInput as error:
        return _wrong(request, "trail/exceptions.html", error, kinds=exceptions.KINDS, asked=asked, rows=[])
    with site.office.database.snapshot() as connection:
        rows = exceptions.exceptions(connection, site.office, first=begin, last=end, kind=chosen)
    if request.query_params.get("format") == "csv":
        return as_csv("exceptions", rows, ("date", "kind", "application", "who", "second_person", "reason", "entry"))
    return page(request, "trail/exceptions.html", rows=rows, kinds=exceptions.KINDS, asked=asked)


@made.get("/trail/access")
@see(Area.TRAIL)
def who_could(request: Request, site: Here, on: str = "", first: str = "", last: str = "") -> Response:
    today, asked = _today(request), {"on": on, "first": first, "last": last}
    try:
        day = at("on", lambda: _until_today(on, today)) if on.strip() else today
        begin, end = days_of(first, last, today)
        _both_or_neither(begin, end)
    except BadInput as error:
        return _wrong(request, "trail/access.html", error, found=None, changes=[], asked=asked)
    with site.office.database.snapshot() as connection:
        found = access.access_on(connection, site.office, day=day)
        changes = access.staffing_changes(connection, first=begin, last=end) if begin and end else []
    return page(request, "trail/access.html", found=found, changes=changes, asked=asked)


def _until_today(on: str, today: date) -> date:
    return inputs.not_future(inputs.written_day(on, "The day", today), today, "The day")


def _both_or_neither(begin: date | None, end: date | None) -> None:
    if bool(begin) != bool(end):
        missing = "last" if begin else "first"
        raise BadInput("DAYS", "Name the first and the last day of a period, or neither.", field=missing)


@made.get("/trail/stops")
@see(Area.TRAIL)
def clock_stops(request: Request, site: Here, first: str = "", last: str = "") -> Response:
    asked = {"first": first, "last": last}
    try:
        begin, end = days_of(first, last, _today(request))
    except BadInput as error:
        return _wrong(request, "trail/stops.html", error, causes=[], rows=[], asked=asked)
    with site.office.database.snapshot() as connection:
        found = stops.stops(connection, site.office, now=site.clock(), first=begin, last=end)
    return page(request, "trail/stops.html", causes=stops.by_cause(found), rows=found, asked=asked)


@made.get("/trail/retention")
@see(Area.TRAIL)
def kept_how_long(request: Request, site: Here) -> Response:
    with site.office.database.snapshot() as connection:
        rows = retention.schedule(connection)
        holds = retention.holds(connection)
        kept = [one.as_data() for one in retention.kept(connection, site.office, now=site.clock())]
    by_status = {status: [one for one in kept if one["status"] == status] for status in ("asked", "due", "held")}
    return page(request, "trail/retention.html", rows=rows, holds=holds, by_status=by_status)


@made.get("/trail/sample")
@see(Area.TRAIL)
def sample_form(request: Request) -> Response:
    return _sample(request, None, None)


@made.post("/trail/sample")
@see(Area.TRAIL)
def sample(request: Request, site: Here, acting: Acting) -> Response:
    posted = posted_of(request)
    today = local_day(acting.now, zone_of(request))
    try:
        seed, size = _seed(posted), posted.number("size")
        done = draw_sample(
            site.office,
            seed=seed,
            size=25 if size is None else size,
            programme=posted.text("programme"),
            first=posted.day("first", "The first day", today),
            last=posted.day("last", "The last day", today),
            act=acting,
        )
    except (BadInput, NotPermitted) as error:
        return _sample(request, problem_of(error), None)
    return _sample(request, None, done.data)


def _seed(posted: Posted) -> int:
    seed = posted.number("seed")
    if seed is None:
        raise BadInput("SEED", "Write the seed: a whole number that nobody chose for its result.", field="seed")
    return seed


def _sample(request: Request, problem: Problem | None, drawn: dict[str, Any] | None) -> Response:
    site = site_of(request)
    with site.office.database.snapshot() as connection:
        codes = site.office.editions.codes(connection)
    return page(
        request,
        "trail/sample.html",
        status=problem.status if problem else 200,
        problem=problem,
        typed=values_of(request) if request.method == "POST" else {},
        drawn=drawn,
        programmes=codes,
        may_draw=role_for(Deed.AUDIT, caller_of(request).person.roles) is not None,
    )


def _wanted(request: Request, connection: Connection, given: dict[str, str]) -> Wanted:
    """Read a choice of entries. Raises BadInput that names the field."""
    first, last = days_of(given.get("first", ""), given.get("last", ""), _today(request))
    try:
        return choose(
            connection,
            site_of(request).office.editions,
            zone=zone_of(request),
            application=given.get("case", "").strip(),
            actor=given.get("person", ""),
            kind=given.get("kind", ""),
            first=first,
            last=last,
        )
    except BadInput as error:
        field = error.details.get("field")
        raise BadInput(error.code, error.sentence, field="person" if field == "actor" else field) from None


def _wrong(request: Request, template: str, error: BadInput, **values: Any) -> Response:
    """Return a page of questions with what is wrong at its filter, and no answer."""
    problem = problem_of(error)
    return page(request, template, status=problem.status, problem=problem, **values)


def _today(request: Request) -> date:
    return local_day(site_of(request).clock(), zone_of(request))


def _key(site: Site) -> str:
    with site.office.database.snapshot() as connection:
        origin = log.origin(connection)
    return site.signer().verifier(origin).text


def _note(typed: str, origin: str) -> str:
    """Return the checkpoint that somebody typed. Raises BadNote where there is none, or one of another log."""
    note = note_in(typed)
    named = note.partition("\n")[0]
    if named != origin:
        raise BadNote(f"This is a checkpoint of {named}; the log here is {origin}. Give one of this log.")
    return note


def _problem(sentence: str) -> Problem:
    return Problem("There is a problem", ({"sentence": sentence, "field": "checkpoint", "code": "BUNDLE", "who": ""},))


def _flat(value: Any, where: str = "") -> list[tuple[str, str]]:
    """Return what an entry holds as pairs of place and text."""
    if isinstance(value, dict):
        return [pair for name, inner in value.items() for pair in _flat(inner, f"{where}.{name}" if where else name)]
    if isinstance(value, list):
        return [pair for n, inner in enumerate(value, 1) for pair in _flat(inner, f"{where} {n}")]
    return [(where, "" if value is None else str(value))]
