"""Takes over companies that were certified elsewhere: certificate, code, band, consents, sites, what is under way.

Plans their reminders: one catch-up for a certificate whose renewal is open already, then as if it had been issued here.
"""

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from states.dates import last_valid_day, start_of
from states.definition import BANDS, Programme
from states.facts import OPERATOR
from states.planner import Outlook, Planned, opening, phase_of, plan
from states.processing import due_by
from states.standing import Certificate, Held
from states.terms import Term, band_valid_until
from workflow import inputs, models
from workflow.decisions.effects import aeo_code, continuation, projection
from workflow.decisions.outcome import Act
from workflow.decisions.record import Change, Decided, Happened, Issued, record
from workflow.errors import BadInput
from workflow.models.base import table_of
from workflow.operations import cut_over
from workflow.operations.csv_import import header_of, reading, rejects_of, rows_of
from workflow.operations.cut_over import Run, TakenOver
from workflow.operations.submit_application import add_contact, open_case
from workflow.store import cases
from workflow.store.cases import Case
from workflow.store.office import Office

COLUMNS = (
    "uen",
    "company_name",
    "programme",
    "certificate_number",
    "valid_from",
    "valid_until",
    "account_manager_email",
    "contact_email",
)
OPTIONAL = (
    "aeo_code",
    "band",
    "band_assessed_on",
    "publication_consent",
    "partner_consent",
    "sites",
    "extended_until",
    "suspended_on",
    "renewal_received_on",
)
_AEO_CODE = table_of(models.AeoCode)
_BAND = table_of(models.BandAssessment)
_CERTIFICATE = table_of(models.Certificate)
_DECISION = table_of(models.Decision)
_SITE = table_of(models.Site)
_CODE = re.compile(r"AEOSG[A-Z0-9]{12}")


def import_certificates(
    office: Office,
    *,
    file: Path,
    act: Act,
    rejects: Path | None = None,
    dry_run: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> TakenOver:
    """Take over a file; bad rows go to the rejects file with their reason. Doing it again changes nothing.

    Raises BadInput when the file is missing or lacks a column, or names bands while nobody is named who takes them
    over; NotPermitted for a role that may not.
    """
    rejects_of(file, rejects)
    if act.actor.id == OPERATOR.id and _names_bands(file):
        raise BadInput(
            "BAND_NEEDS_PERSON",
            "The file holds bands, and a band needs a person who answers for it. Run it with --as a supervisor or admin.",
        )
    return cut_over.take_over(
        office,
        what="certificates",
        columns=COLUMNS,
        optional=OPTIONAL,
        file=file,
        rejects=rejects,
        dry_run=dry_run,
        act=act,
        row=_take_over,
        progress=progress,
    )


def _names_bands(file: Path) -> bool:
    with reading(file) as reader:
        header = header_of(reader, file, COLUMNS)
        if "band" not in header:
            return False
        at = header.index("band")
        return any(isinstance(fields, list) and fields[at].strip() for _, fields in rows_of(reader, header))


@dataclass(frozen=True)
class _Given:
    """One row, read and in order."""

    uen: str
    company_name: str
    programme: str
    number: str
    valid_from: date
    valid_until: date
    manager: str
    contact: str
    aeo_code: str
    band: str
    assessed_on: date | None
    publication: bool | None
    partners: bool | None
    sites: tuple[str, ...]
    extended_until: date | None
    suspended_on: date | None
    renewal_on: date | None

    @property
    def last(self) -> date:
        return self.extended_until or self.valid_until

    def band_until(self, programme: Programme) -> date | None:
        return band_valid_until(programme, self.band, self.assessed_on) if self.assessed_on else None


def _read(row: dict[str, str]) -> _Given:
    def day(column: str) -> date | None:
        return inputs.day(row[column], column) if row.get(column) else None

    def required(column: str) -> date:
        return inputs.day(inputs.name(row[column], column), column)

    def answer(column: str) -> bool | None:
        return inputs.one_of(row[column], ("yes", "no"), column) == "yes" if row.get(column) else None

    band, code = row.get("band", ""), row.get("aeo_code", "")
    if code and not _CODE.fullmatch(code):
        raise BadInput("AEO_CODE", f'"{code[:40]}" is not an AEO code: AEOSG and 12 capital letters or digits.')
    if bool(band) != bool(row.get("band_assessed_on")):
        raise BadInput("BAND", "A band and the day of its assessment (band_assessed_on) belong together. Give both.")
    return _Given(
        uen=inputs.uen(row["uen"]).value,
        company_name=row["company_name"],
        programme=inputs.name(row["programme"], "The programme"),
        number=inputs.name(row["certificate_number"], "The certificate's number"),
        valid_from=required("valid_from"),
        valid_until=required("valid_until"),
        manager=row["account_manager_email"].lower(),
        contact=inputs.email(row["contact_email"]) if row["contact_email"] else "",
        aeo_code=code,
        band=inputs.one_of(band, BANDS, "The band") if band else "",
        assessed_on=day("band_assessed_on"),
        publication=answer("publication_consent"),
        partners=answer("partner_consent"),
        sites=tuple(
            dict.fromkeys(inputs.name(site, "A site") for site in row.get("sites", "").split("|") if site.strip())
        ),
        extended_until=day("extended_until"),
        suspended_on=day("suspended_on"),
        renewal_on=day("renewal_received_on"),
    )


def _judge(given: _Given, today: date) -> None:
    """Raise BadInput for days that cannot be."""
    if given.valid_from > given.valid_until:
        raise BadInput("DATE_ORDER", "valid_from is after valid_until. Put them in order.")
    if given.extended_until and given.extended_until <= given.valid_until:
        raise BadInput(
            "DATE_ORDER", "extended_until must be after valid_until. Leave it empty if nothing was extended."
        )
    if given.last < today:
        raise BadInput(
            "ENDED",
            f"Certificate {given.number} ended on {given.last.isoformat()}. An ended one is not taken over: "
            "the company submits anew.",
        )
    for what, day in (("suspended_on", given.suspended_on), ("renewal_received_on", given.renewal_on)):
        if day and not given.valid_from <= day <= today:
            raise BadInput("DATE_ORDER", f"{what} {day.isoformat()} must lie between valid_from and today.")
    if given.assessed_on:
        inputs.not_future(given.assessed_on, today, "band_assessed_on")


def _take_over(connection: Connection, run: Run, number: int, row: dict[str, str]) -> bool:
    given = _read(row)
    run.note_duplicate(number, given.number, f"certificate {given.number}")
    content = cut_over.digest(asdict(given))
    known = select(_DECISION.c.given).join(_CERTIFICATE, _CERTIFICATE.c.decision_id == _DECISION.c.id)
    kept = connection.execute(known.where(_CERTIFICATE.c.number == given.number)).scalar_one_or_none()
    if kept is not None:
        cut_over.no_change(f"Certificate {given.number}", kept, content)
        return False
    programme = run.office.editions.newest(connection, given.programme).programme
    today = run.today(programme)
    _judge(given, today)
    company_id = cut_over.company(connection, run, number, given.uen, given.company_name)
    cut_over.give_manager(connection, run, number, company_id, given.manager)
    _give(connection, run, number, company_id, given, programme)
    code = _code(connection, company_id, given, programme)
    reference = open_case(connection, programme, company_id, min(given.valid_from, today), "import", run.act)
    case = cases.lock(connection, reference, run.act.actor)
    _Taking(connection, run, programme, case, given, today).take(
        code, content, _as_printed(run, number, given, programme)
    )
    opens = opening(programme, Term(given.valid_from, given.last))
    if opens and opens <= run.act.now:
        sentence = f"{given.number} ends on {given.last.isoformat()}: its renewal is open, one reminder goes out now."
        run.find(number, "DUE_SOON", sentence)
    return True


def _code(connection: Connection, company_id: int, given: _Given, programme: Programme) -> str:
    if given.aeo_code:
        owner = select(_AEO_CODE.c.company_id, _AEO_CODE.c.family).where(_AEO_CODE.c.code == given.aeo_code)
        held = connection.execute(owner).first()
        if held and (held.company_id, held.family) != (company_id, programme.family):
            raise BadInput("AEO_CODE", f"AEO code {given.aeo_code} belongs to another company or programme. Check it.")
    code = aeo_code(connection, company_id, programme.family, given.aeo_code)
    if given.aeo_code and code != given.aeo_code:
        raise BadInput("AEO_CODE", f"The company has another AEO code, {code}, which it keeps. Check the file.")
    return code


def _give(connection: Connection, run: Run, number: int, company_id: int, given: _Given, programme: Programme) -> None:
    """Give a company its contact, sites and band."""
    if given.contact:
        add_contact(connection, company_id, given.contact)
    else:
        run.find(
            number, "NO_CONTACT", "The company has no contact: each message to it becomes a letter that somebody posts."
        )
    sites = set(connection.execute(select(_SITE.c.name).where(_SITE.c.company_id == company_id)).scalars())
    for site in given.sites:
        if site not in sites:
            connection.execute(_SITE.insert(), {"company_id": company_id, "name": site, "added_at": run.act.now})
    if given.band and given.assessed_on:
        band = {"company_id": company_id, "band": given.band, "assessed_on": given.assessed_on}
        same = select(_BAND.c.id).where(*(_BAND.c[name] == value for name, value in band.items()))
        if connection.execute(same).first() is None:
            by = {
                "valid_until": given.band_until(programme),
                "assessor_id": run.act.actor.id,
                "recorded_at": run.act.now,
            }
            connection.execute(_BAND.insert(), band | by)


def _as_printed(run: Run, number: int, given: _Given, programme: Programme) -> bool:
    """Say whether the days are other than the programme's rule gives, and note it."""
    rule = programme.validity
    last = last_valid_day(given.valid_from, rule.years, rule.counting)
    band = given.band_until(programme)
    expected = min(last, band) if band and rule.limited_by_band else last
    if given.valid_until in (last, expected):
        return False
    sentence = (
        f"{given.number} ends on {given.valid_until.isoformat()}; the rule gives {expected.isoformat()}. "
        "It is taken over as printed."
    )
    run.find(number, "OFF_RULE", sentence)
    return True


@dataclass
class _Taking:
    """One new case that a row becomes."""

    connection: Connection
    run: Run
    programme: Programme
    case: Case
    given: _Given
    today: date

    def take(self, code: str, content: str, as_printed: bool) -> None:
        """Record the certificate, then what has happened to it since, oldest first."""
        given, programme = self.given, self.programme
        steps = self._later()
        first = self._first_state() if not steps else self._certified
        begin = min(self._start(given.valid_from), self.run.act.now)
        opens = opening(programme, Term(given.valid_from, given.last))
        since = opens if first != self._certified and opens else begin
        issued = Issued(given.number, given.valid_from, given.valid_until, code, as_printed=as_printed)
        held = Held(Certificate(given.number, given.valid_from, given.last))
        change = Change(
            kind="case:certificate:imported",
            role=self.run.role,
            effective_at=begin,
            detail={
                "certificate": given.number,
                "what": f"{given.valid_from.isoformat()} to {given.last.isoformat()}{', as printed' * as_printed}",
                "aeo_code": code,
                "band": given.band,
                "assessed_on": given.assessed_on,
                "band_until": given.band_until(programme),
                "sites": list(given.sites),
                "content": content,
            },
            decided=Decided("import", first, self.run.role, {"content": content}),
            issued=issued,
            events=self._events(),
            updates=cut_over.entering(programme, first, since)
            | projection(held)
            | {
                "submitted_at": begin,
                "facts_cycle": 2,
                "cycle_since": begin,
                "publication_consent": bool(given.publication),
                "partner_consent": bool(given.partners),
            },
        )
        final, back = (steps[-1].state, steps[-1].back) if steps else (first, "")
        for step in steps:
            held = replace(held, suspended_on=given.suspended_on if step.suspends else held.suspended_on)
            if not step.suspends:
                held = replace(held, continues_until=continuation(programme, given.last))
        change.planned = self._planned(final, back, held)
        change.detail["planned"] = len(change.planned)
        self._record(change)
        for step in steps:
            self._follow(step, held)

    @property
    def _certified(self) -> str:
        return next(state.name for state in self.programme.states if state.kind == "certified")

    def _start(self, day: date) -> datetime:
        return start_of(day, self.programme.time_zone)

    def _first_state(self) -> str:
        return self.programme.as_dated(self._certified, self.given.last, self.today)

    def _later(self) -> list["_Step"]:
        """A suspension and a renewal pack, in the order in which they came."""
        given, steps = self.given, list[_Step]()
        renewed = self.programme.transition("renew", self._certified)
        if given.renewal_on and renewed is None:
            raise BadInput("NO_RENEWAL", f"{self.programme.code} knows no renewal. Leave renewal_received_on empty.")
        review = renewed.target if renewed else ""
        if given.suspended_on:
            after_renewal = given.renewal_on is not None and given.renewal_on < given.suspended_on
            side = next(state.name for state in self.programme.states if state.kind == "suspended")
            steps.append(_Step(given.suspended_on, side, review if after_renewal else self._certified, suspends=True))
        if given.renewal_on:
            steps.append(_Step(given.renewal_on, review))
        return sorted(steps, key=lambda step: step.on)

    def _events(self) -> list[Happened]:
        given, events = self.given, list[Happened]()
        if given.extended_until:
            decided_by = min(self.today, given.valid_until)  # on which day is not known; by then at the latest
            events.append(Happened(given.number, "extended", decided_by, valid_until=given.extended_until))
        if given.publication is not None or given.partners is not None:
            events.append(
                Happened(given.number, "consent", self.today, publication=given.publication, partners=given.partners)
            )
        return events

    def _planned(self, state: str, back: str, held: Held) -> tuple[Planned, ...]:
        programme = self.programme
        newest = select(_BAND.c.valid_until).where(_BAND.c.company_id == self.case.company_id)
        newest = newest.order_by(_BAND.c.assessed_on.desc(), _BAND.c.id.desc()).limit(1)
        outlook = Outlook(
            phase_of(programme, state, back),
            back if programme.state_by_name[state].kind == "suspended" else state,
            held.continues_until,
            self.connection.execute(newest).scalar_one_or_none(),
            after=self.run.act.now,
            catch_up=True,
        )
        office = self.run.office_calendar(self.connection, programme)
        return plan(programme, Term(self.given.valid_from, self.given.last), office, outlook)

    def _follow(self, step: "_Step", held: Held) -> None:
        """Record what happened since, as a decision of its own."""
        at = max(self._start(step.on), self.case.decided_at)
        change = Change(
            kind="case:state:imported",
            role=self.run.role,
            effective_at=at,
            detail={"what": self.programme.state_by_name[step.state].title},
            decided=Decided("import", step.state, self.run.role),
            updates=cut_over.entering(self.programme, step.state, at, step.back),
        )
        if step.suspends:
            change.updates["suspended_on"] = step.on
            change.events = [Happened(self.given.number, "suspended", step.on)]
        else:
            complete: dict[str, Any] = {"complete_at": at, "cycle": 2, "continues_until": held.continues_until}
            change.updates |= complete | {"deadline": due_by(self.programme, (), step.on)}
            if held.continues_until:
                until = held.continues_until
                change.events = [Happened(self.given.number, "continued", step.on, valid_until=until)]
        self._record(change)

    def _record(self, change: Change) -> None:
        record(self.connection, self.run.office.origin, self.case, self.programme, self.run.act, change)


@dataclass(frozen=True)
class _Step:
    on: date
    state: str
    back: str = ""
    suspends: bool = False
