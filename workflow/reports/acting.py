"""What somebody sees who is about to act on a case: the possible actions, who is told, and what a decision rests on.

Reads one snapshot and changes nothing; it must not know how a page looks.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, select

from states.definition import Programme
from states.facts import Facts, Person
from states.planner import Outlook, plan
from states.terms import decided_term
from workflow import models
from workflow.models.base import table_of
from workflow.reports.cases import actions_of, one_action
from workflow.store import cases, facts, openings, people
from workflow.store.calendar import office_calendar
from workflow.store.cases import Case
from workflow.store.office import Office

_CONTACT = table_of(models.Contact)
_DECISION = table_of(models.Decision)
_RECOMMENDATION = table_of(models.Recommendation)
_FINDING = table_of(models.Finding)
_DOCUMENT = table_of(models.Document)
_GONE = table_of(models.DocumentWithdrawal)
_WAIVER = table_of(models.DocumentWaiver)
_OFFICER = table_of(models.Officer)


@dataclass(frozen=True)
class Moment:
    """One case as it stands for one person now."""

    case: Case
    programme: Programme
    facts: Facts
    actions: list[dict[str, Any]]
    recommendation: dict[str, Any] | None  # the newest one of the cycle: outcome, by, by_id, at, reason, stale
    viewer: Person

    @property
    def mine(self) -> bool:
        return self.case.assignee_id == self.viewer.id


def moment(connection: Connection, office: Office, *, reference: str, viewer: Person, now: datetime) -> Moment:
    """Return what a person can do with a case now. Raises NotFound."""
    case = cases.read(connection, reference, viewer)
    machine = office.editions.machine(connection, case.programme, case.edition)
    staff = people.everybody(connection)
    seen = facts.load_one(connection, office, case, now=now, people=staff).facts
    actions = actions_of(machine, seen, viewer)
    made = recommendations(connection, [case]).get(case.id)
    if made is not None and not any(one["trigger"] == made["outcome"] for one in actions):
        made = None  # it was followed already
    if made is not None:
        made |= {"stale": made["digest"] != seen.digest}
    return Moment(case, machine.programme, seen, actions, made, viewer)


def recommendations(connection: Connection, of: Sequence[Case]) -> dict[int, dict[str, Any]]:
    """Return the newest recommendation of each case that was not taken back and that no decision followed, in one query."""
    decided = select(func.max(_DECISION.c.recorded_at)).where(
        _DECISION.c.application_id == _RECOMMENDATION.c.application_id
    )
    query = (
        select(_RECOMMENDATION, _OFFICER.c.name, decided.scalar_subquery().label("decided"))
        .outerjoin(_OFFICER, _OFFICER.c.id == _RECOMMENDATION.c.officer_id)
        .where(_RECOMMENDATION.c.application_id.in_([case.id for case in of]))
        .order_by(_RECOMMENDATION.c.id)
    )
    known = {case.id: case for case in of}
    newest = {
        row.application_id: {
            "outcome": row.outcome,
            "by": row.name or "somebody who left",
            "by_id": row.officer_id,
            "at": row.recorded_at,
            "reason": row.reason,
            "digest": row.digest,
        }
        for row in connection.execute(query)
        if row.cycle == known[row.application_id].facts_cycle
        and (row.decided is None or row.recorded_at >= row.decided)  # as recorded: it may count from an earlier day
    }
    return {case: made for case, made in newest.items() if made["outcome"]}


def elsewhere(
    connection: Connection, office: Office, *, reference: str, trigger: str, viewer: Person, now: datetime
) -> dict[str, Any] | None:
    """Return one action of a case, also one that its state does not offer in a list, or None. Raises NotFound."""
    case = cases.read(connection, reference, viewer)
    machine = office.editions.machine(connection, case.programme, case.edition)
    seen = facts.load_one(connection, office, case, now=now, people=people.everybody(connection)).facts
    return one_action(machine, seen, viewer, trigger)


def contacts(connection: Connection, case: Case) -> list[dict[str, str]]:
    """Return whom messages to the company go to."""
    query = select(_CONTACT.c.name, _CONTACT.c.email).where(_CONTACT.c.company_id == case.company_id)
    return [{"name": row.name, "email": row.email} for row in connection.execute(query.order_by(_CONTACT.c.id))]


def orders(connection: Connection, case: Case) -> list[dict[str, Any]]:
    """Return the orders and rulings among a case's documents, newest first."""
    query = select(_DOCUMENT.c.id, _DOCUMENT.c.filename).where(
        _DOCUMENT.c.application_id == case.id, _DOCUMENT.c.kind == "order"
    )
    return [dict(row) for row in connection.execute(query.order_by(_DOCUMENT.c.id.desc())).mappings()]


def points(connection: Connection, programme: Programme, case: Case) -> list[dict[str, Any]]:
    """Return what a decision turns on: answers not met, met with action, or not applicable, and what is waived."""
    query = select(_FINDING).where(_FINDING.c.application_id == case.id, _FINDING.c.cycle == case.cycle)
    found = [
        {
            "kind": row.assessment if row.assessment in ("action", "unmet") else "na",
            "criterion": row.criterion,
            "site": row.site,
            "text": programme.criteria[row.criterion].text if row.criterion in programme.criteria else "",
            "answer": row.answer,
            "remark": row.remark,
            "assessment": row.assessment,
            "note": row.note,
            "due_on": row.due_on,
            "closed": row.closed_at is not None,
            "documents": json.loads(row.documents),
        }
        for row in connection.execute(query)
        if row.assessment in ("action", "unmet") or row.answer == "na"
    ]
    order = list(programme.criteria)
    found.sort(key=lambda one: (one["kind"] != "unmet", order.index(one["criterion"]), one["site"]))
    titles = {document.kind: document.title for document in programme.documents}
    waived = select(_WAIVER).where(_WAIVER.c.application_id == case.id, _WAIVER.c.cycle == case.cycle)
    return found + [
        {"kind": "waiver", "text": titles.get(row.kind, row.kind), "note": row.reason}
        for row in connection.execute(waived.order_by(_WAIVER.c.kind))
    ]


def evidence(connection: Connection, programme: Programme, case: Case, viewer: Person) -> list[dict[str, Any]]:
    """Return the documents that count in the case's cycle, each with whether this person has opened it."""
    query = (
        select(_DOCUMENT, _OFFICER.c.name)
        .outerjoin(_OFFICER, _OFFICER.c.id == _DOCUMENT.c.added_by)
        .where(
            _DOCUMENT.c.application_id == case.id,
            _DOCUMENT.c.cycle == case.cycle,
            _DOCUMENT.c.id.not_in(select(_GONE.c.document_id)),
        )
        .order_by(_DOCUMENT.c.id)
    )
    opened = {one.document for one in openings.of_case(connection, case.id) if one.by == viewer.id}
    titles = {document.kind: document.title for document in programme.documents}
    return [
        {
            "id": row.id,
            "title": titles.get(row.kind, row.kind),
            "filename": row.filename,
            "version": row.version,
            "media_type": row.media_type,
            "size": row.size,
            "added_at": row.added_at,
            "added_by": row.name or "the company",
            "sha256": row.sha256,
            "opened": row.id in opened,
        }
        for row in connection.execute(query)
    ]


def sections(programme: Programme, criteria: Sequence[dict[str, Any]]) -> tuple[list[str], list[dict[str, Any]]]:
    """Return the sites and, for each section, how many answers are assessed well by site; `criteria` as at_a_glance has them."""
    columns = list(dict.fromkeys(one["site"] for one in criteria))
    columns.sort(key=lambda site: (site != "", site))
    rows = []
    for instrument in programme.instruments:
        for section in instrument.sections:
            codes = {criterion.code for criterion in section.criteria}
            own = [one for one in criteria if one["code"] in codes]
            if own:
                cells = [_cell([one for one in own if one["site"] == site]) for site in columns]
                rows.append(
                    {"code": section.code, "title": section.title, "instrument": instrument.title, "cells": cells}
                )
    return columns, rows


def _cell(here: Sequence[dict[str, Any]]) -> dict[str, int] | None:
    if not here:
        return None
    good = sum(one["assessment"] in ("met", "action") for one in here)
    return {"good": good, "of": len(here), "unmet": sum(one["assessment"] == "unmet" for one in here)}


def outlook(connection: Connection, seen: Facts, programme: Programme, *, first: date | None = None) -> dict[str, Any]:
    """Return the certificate that a decision today would issue, and the messages that would be planned for it."""
    band = seen.band.valid_until if seen.band else None
    term = decided_term(programme, seen.held, seen.today, band, first=first)
    year = timedelta(days=400)
    days = office_calendar(connection, programme.time_zone, seen.today - year, term.valid_until + year)
    coming = plan(programme, term, days, Outlook(band_until=seen.newest_band_until))
    limited = programme.validity.limited_by_band and band is not None and band == term.valid_until
    return {
        "valid_from": term.valid_from,
        "valid_until": term.valid_until,
        "years": programme.validity.years,
        "limited_by_band": limited,
        "renewal": seen.held.runs(seen.today) and first is None,
        "latest_start": seen.today + timedelta(days=programme.validity.start_within_days),
        "messages": [
            {"on": one.due_on, "rule": one.rule, "message": one.message, "audience": ",".join(one.audience)}
            for one in coming
            if one.message and not one.superseded
        ],
    }
