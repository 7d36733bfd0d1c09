"""Loads the facts of cases for the rules, in one query however many cases. It judges nothing."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Date,
    Integer,
    Select,
    String,
    Table,
    bindparam,
    cast,
    literal_column,
    null,
    select,
    union_all,
)
from sqlalchemy.sql.selectable import CompoundSelect

from states.dates import local_day
from states.facts import (
    BandFact,
    DocumentFact,
    Facts,
    FindingFact,
    Person,
    RecommendationFact,
    VisitFact,
)
from workflow import models
from workflow.models.base import table_of
from workflow.store.cases import Case

_A = table_of(models.Application)
_DOCUMENT, _FINDING, _VISIT, _BAND, _RECOMMENDATION, _DEED, _CONTACT = range(7)
_TEXT, _NUMBER, _DATE = cast(null(), String), cast(null(), Integer), cast(null(), Date)


@dataclass(frozen=True)
class Loaded:
    """A case's facts, and the ids of the company's contacts, whom messages go to."""

    facts: Facts
    contacts: tuple[int, ...]


def _part(part: int, table: Table, *columns: ColumnElement[Any] | Column[Any], per_cycle: bool) -> Select[Any]:
    match = table.c.application_id == _A.c.id if "application_id" in table.c else table.c.company_id == _A.c.company_id
    query = select(_A.c.id.label("case_id"), literal_column(str(part)).label("part"), *columns)
    query = query.select_from(_A.join(table, match))
    return query.where(table.c.cycle == _A.c.cycle) if per_cycle else query


def _query(which: ColumnElement[bool]) -> CompoundSelect[Any]:
    """Every part of the facts as rows of one shape: case, part, number, three texts, a text, two dates."""
    d, f, v = (table_of(m) for m in (models.Document, models.Finding, models.Visit))
    b, r, p = (table_of(m) for m in (models.BandAssessment, models.Recommendation, models.Participation))
    c = table_of(models.Contact)
    parts = (
        _part(_DOCUMENT, d, d.c.id.label("n"), d.c.kind.label("t1"), _TEXT.label("t2"), _TEXT.label("t3"),
              _TEXT.label("t4"), _DATE.label("d1"), _DATE.label("d2"), per_cycle=True),
        _part(_FINDING, f, f.c.id, f.c.criterion, f.c.answer, f.c.documents, f.c.assessment, _DATE, _DATE, per_cycle=True),
        _part(_VISIT, v, v.c.report_id, _TEXT, _TEXT, _TEXT, _TEXT, v.c.held_on, _DATE, per_cycle=True),
        _part(_BAND, b, b.c.id, b.c.band, b.c.assessor_id, _TEXT, _TEXT, b.c.assessed_on, b.c.valid_until, per_cycle=False),
        _part(_RECOMMENDATION, r, r.c.id, r.c.outcome, r.c.officer_id, r.c.digest, _TEXT, _DATE, _DATE, per_cycle=True),
        _part(_DEED, p, _NUMBER, p.c.officer_id, p.c.deed, _TEXT, _TEXT, _DATE, _DATE, per_cycle=True),
        _part(_CONTACT, c, c.c.id, _TEXT, _TEXT, _TEXT, _TEXT, _DATE, _DATE, per_cycle=False),
    )  # fmt: skip
    return union_all(*(part.where(which) for part in parts))


_ONE = _query(_A.c.id == bindparam("id"))
_MANY = _query(_A.c.id.in_(bindparam("ids", expanding=True)))


def load(
    connection: Connection,
    cases: Sequence[Case],
    *,
    now: datetime,
    zones: Mapping[int, str],
    people: Mapping[str, Person] | None = None,
) -> dict[int, Loaded]:
    """Return each case's facts on the local day of `now`, by case id; `zones` gives each case's time zone."""
    rows = (
        connection.execute(_ONE, {"id": cases[0].id})
        if len(cases) == 1
        else connection.execute(_MANY, {"ids": [case.id for case in cases]})
    )
    parts: dict[int, dict[int, list[Any]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        parts[row[0]][row[1]].append(row)
    return {case.id: _loaded(case, parts[case.id], now, zones[case.id], dict(people or {})) for case in cases}


def _loaded(case: Case, parts: dict[int, list[Any]], now: datetime, zone: str, people: dict[str, Person]) -> Loaded:
    band = max(parts[_BAND], key=lambda row: (row[7], row[2]), default=None)  # the newest assessment day, then record
    recommendation = max(parts[_RECOMMENDATION], key=lambda row: int(row[2]), default=None)
    facts = Facts(
        reference=case.reference,
        state=case.state,
        today=local_day(now, zone),
        cycle=case.cycle,
        account_manager=case.account_manager_id,
        assignee=case.assignee_id,
        documents=tuple(DocumentFact(row[2], row[3]) for row in parts[_DOCUMENT]),
        findings=tuple(FindingFact(row[3], row[4], tuple(json.loads(row[5])), row[6]) for row in parts[_FINDING]),
        visits=tuple(VisitFact(row[7], row[2]) for row in parts[_VISIT]),
        band=BandFact(band[3], band[7], band[8], band[4]) if band else None,
        recommendation=RecommendationFact(recommendation[3], recommendation[4], recommendation[5])
        if recommendation
        else None,
        took_part=frozenset(
            [(row[3], row[4]) for row in parts[_DEED]] + ([(band[4], "assessed_band")] if band else [])
        ),
        held=case.held,
        people=people,
    )
    return Loaded(facts, tuple(row[2] for row in parts[_CONTACT]))
