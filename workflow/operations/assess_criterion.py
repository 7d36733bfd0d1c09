"""Records what an officer found about one answer, or about every answer that has its evidence."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, select, update

from states.dates import local_day
from states.definition import Programme, Section
from states.guards import Unmet, in_words
from workflow import inputs, models
from workflow.access import Deed
from workflow.decisions.decide import summary
from workflow.decisions.outcome import Act, Done, Outcome, Refused
from workflow.decisions.permit import permit, refuse
from workflow.decisions.record import Change, record
from workflow.errors import BadInput
from workflow.models.base import table_of
from workflow.operations.answer_criterion import NOT_ASSESSED, at, places, still, write_finding
from workflow.store import cases, findings, openings
from workflow.store.cases import Case
from workflow.store.office import Office

_FINDING = table_of(models.Finding)
ASSESSMENTS = ("met", "action", "unmet", "ask")


def assess_criterion(
    office: Office,
    *,
    reference: str,
    criterion: str,
    assessment: str,
    act: Act,
    note: str = "",
    site: str = "",
    due_on: date | None = None,
    seen: str | None = None,
) -> Outcome:
    """Assess one answer; of a criterion per site, without a site, the answers of all sites. Refused while there is none.

    Raises NotFound, BadInput for unknown words, an unknown site, or a day that is past or belongs to no action, and
    StaleVersion when `seen` is given and the answer is not what was seen any more.
    """
    assessment = inputs.one_of(assessment, ASSESSMENTS, "The assessment")
    note = inputs.text(note, "The note", empty=True)
    with office.database.transaction() as transaction:
        connection = transaction.connection
        case = cases.lock(connection, reference, act.actor)
        programme = office.editions.machine(connection, case.programme, case.edition).programme
        sites = places(connection, programme, case, criterion, site)
        _due(assessment, due_on, local_day(act.now, programme.time_zone))
        role = permit(connection, office.origin, case, programme, Deed.ASSESS, act)
        if isinstance(role, Refused):
            return role
        still(connection, case, criterion, site, seen)
        missing = tuple(one for one in sites if one not in _answered(connection, case, criterion))
        if missing:
            sentence = f"Criterion {criterion} has no answer yet{at(missing)}, so there is nothing to assess."
            unmet = [Unmet("answered", "ANSWERS_MISSING", sentence, "the company or an officer")]
            return refuse(connection, office.origin, case, programme, Deed.ASSESS, act, unmet)
        values = NOT_ASSESSED | {
            "assessment": assessment,
            "note": note,
            "assessed_by": act.actor.id,
            "assessed_at": act.now,
            "due_on": due_on,
        }
        for one in sites:
            write_finding(connection, case, criterion, values, one)
        detail: dict[str, Any] = {"criterion": criterion, "assessment": assessment}
        if due_on:
            detail["due_on"] = due_on
        if sites != ("",):
            detail["sites"] = list(sites)
        change = Change("case:finding:assessed", role, detail=detail, deed="assessed")
        record(connection, office.origin, case, programme, act, change)
        words = f"Criterion {criterion} of {reference}{at(sites)} is assessed {assessment}."
        if assessment == "action" and not note:
            words += " Nothing says what the company must do. Assess again with a note."
        if assessment == "action" and due_on is None:
            words += " The action has no day by which it is due, so it never counts as overdue. Assess again with one."
        return Done(words, summary(case))


def _due(assessment: str, due_on: date | None, today: date) -> None:
    if due_on is None:
        return
    if assessment != "action":
        raise BadInput("DUE", f"Only a corrective action has a day by which it is due, not {assessment}. Leave it out.")
    if due_on < today:
        sentence = f"The day of the action, {in_words(due_on)}, is past; today is {in_words(today)}."
        raise BadInput("DATE_ORDER", sentence, field="due_on")
    inputs.not_far(due_on, today, "The day of the action", field="due_on")


def _answered(connection: Connection, case: Case, criterion: str) -> set[str]:
    query = select(_FINDING.c.site).where(
        _FINDING.c.application_id == case.id,
        _FINDING.c.cycle == case.facts_cycle,
        _FINDING.c.criterion == criterion,
        _FINDING.c.answer.is_not(None),
    )
    return set(connection.execute(query).scalars())


@dataclass(frozen=True)
class Chosen:
    """One answer of a list that somebody looked at, and the mark of what it said then."""

    criterion: str
    site: str
    seen: str


def assess_answers(
    office: Office,
    *,
    reference: str,
    act: Act,
    section: str = "",
    instrument: str = "",
    chosen: Collection[Chosen] | None = None,
) -> Outcome:
    """Assess met, in one act, every answer that is open and has its evidence: a Yes with a document.

    With a section, those of this section only; with `chosen`, exactly these. The entry names the documents behind the
    answers that nobody had opened.

    Raises NotFound, and BadInput for an unknown section, an empty choice, or a chosen answer that is not as it was seen.
    """
    with office.database.transaction() as transaction:
        connection = transaction.connection
        case = cases.lock(connection, reference, act.actor)
        programme = office.editions.machine(connection, case.programme, case.edition).programme
        of_section = _of_section(programme, section, instrument)
        role = permit(connection, office.origin, case, programme, Deed.ASSESS, act)
        if isinstance(role, Refused):
            return role
        open_ = (
            _FINDING.c.application_id == case.id,
            _FINDING.c.cycle == case.facts_cycle,
            _FINDING.c.assessment.is_(None),
            _FINDING.c.answer == "yes",
            _FINDING.c.documents != "[]",
            *of_section,
        )
        found = connection.execute(select(_FINDING).where(*open_)).mappings().all()
        if chosen is not None:
            found = _chosen(found, chosen)
        criteria = sorted(f"{row['criterion']} ({row['site']})" if row["site"] else row["criterion"] for row in found)
        if not criteria:
            return Done("No answer with evidence waits to be assessed.", summary(case) | {"assessed": []})
        ids = [row["id"] for row in found]
        values = {"assessment": "met", "note": "", "assessed_by": act.actor.id, "assessed_at": act.now}
        connection.execute(update(_FINDING).where(_FINDING.c.id.in_(ids)).values(values))
        documents = {one for row in found for one in json.loads(row["documents"])}
        unopened = openings.unopened(openings.of_case(connection, case.id), documents)
        detail: dict[str, Any] = {"count": len(criteria), "criteria": criteria}
        if section:
            detail["section"] = section
        if unopened:
            detail["unopened"] = unopened
        change = Change("case:findings:assessed", role, detail=detail, deed="assessed")
        record(connection, office.origin, case, programme, act, change)
        said = "1 answer" if len(criteria) == 1 else f"{len(criteria)} answers"
        words = f"{said} of {reference} {'is' if len(criteria) == 1 else 'are'} assessed met."
        return Done(words, summary(case) | {"assessed": criteria, "unopened": unopened})


def _chosen(found: Sequence[RowMapping], chosen: Collection[Chosen]) -> list[RowMapping]:
    """Return the rows that were chosen. Raises BadInput when none was, or one is not open with its evidence as seen."""
    if not chosen:
        raise BadInput("NO_ANSWER", "No answer is ticked. Tick those that you accept.")
    by_place = {(row["criterion"], row["site"]): row for row in found}
    changed = sorted(
        f"{one.criterion}{at((one.site,))}"
        for one in chosen
        if findings.mark(by_place.get((one.criterion, one.site))) != one.seen
    )
    if changed:
        raise BadInput(
            "ANSWER_CHANGED",
            f"Nothing was accepted: {', '.join(changed)} changed after you opened the list. Look at it again below.",
        )
    return [by_place[place] for place in sorted({(one.criterion, one.site) for one in chosen})]


def _of_section(programme: Programme, section: str, instrument: str) -> list[ColumnElement[bool]]:
    if not section and not instrument:
        return []
    return [_FINDING.c.criterion.in_([c.code for c in known_section(programme, section, instrument).criteria])]


def known_section(programme: Programme, section: str, instrument: str = "") -> Section:
    """Return a section of one instrument, or of all where only one has it. Raises BadInput."""
    instruments = {one.code: one for one in programme.instruments}
    if instrument and instrument not in instruments:
        raise BadInput(
            "INSTRUMENT", f'{programme.code} has no instrument "{instrument[:40]}". Known: {", ".join(instruments)}.'
        )
    among = [instruments[instrument]] if instrument else list(programme.instruments)
    found = [(one.code, s) for one in among for s in one.sections if s.code == section]
    if not found:
        known = ", ".join(s.code for one in among for s in one.sections)
        raise BadInput("SECTION", f'There is no section "{section[:40]}". Known: {known}.')
    if len(found) > 1:
        raise BadInput("SECTION", f"Section {section} is in {' and '.join(c for c, _ in found)}. Name the instrument.")
    return found[0][1]
