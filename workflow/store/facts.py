"""Loads the facts of cases for the rules, in one query however many cases. It judges nothing."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
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
    case,
    cast,
    literal_column,
    null,
    select,
    union_all,
)
from sqlalchemy.sql.selectable import CompoundSelect

from states.dates import local_day
from states.definition import Programme
from states.facts import BandFact, DocumentFact, Facts, FindingFact, Person, RecommendationFact, RequestFact, VisitFact
from workflow import models
from workflow.models.base import table_of
from workflow.store.cases import Case
from workflow.store.office import Office

_A = table_of(models.Application)
_ACCEPTANCE = table_of(models.ProgrammeAcceptance)
_PARTS = range(11)
_DOCUMENT, _FINDING, _VISIT, _BAND, _RECOMMENDATION, _DEED, _CONTACT, _SITE, _WAIVER, _REQUEST, _APPROVAL = _PARTS
_T, _N, _D = cast(null(), String), cast(null(), Integer), cast(null(), Date)
_LIVE = select(_A.c.reference).where(_A.c.live_key == bindparam("live_key"))
_ACCEPTED = select(_ACCEPTANCE.c.code).where(
    _ACCEPTANCE.c.code == bindparam("code"), _ACCEPTANCE.c.edition == bindparam("edition")
)


@dataclass(frozen=True)
class Loaded:
    """A case's facts, and the ids of the company's contacts, whom messages go to."""

    facts: Facts
    contacts: tuple[int, ...]


def _part(
    part: int, table: Table, *columns: ColumnElement[Any] | Column[Any], where: ColumnElement[bool] | None = None
) -> Select[Any]:
    match = table.c.application_id == _A.c.id if "application_id" in table.c else table.c.company_id == _A.c.company_id
    query = select(_A.c.id.label("case_id"), literal_column(str(part)).label("part"), *columns)
    query = query.select_from(_A.join(table, match))
    return query if where is None else query.where(where)


def _query(which: ColumnElement[bool], own: ColumnElement[int]) -> CompoundSelect[Any]:
    """Every part of the facts as rows of one shape: case, part, number, five texts, two dates.

    What belongs to a cycle is read for `own`, the cycle that is being worked on; who took part, also for the one before.
    """
    d, f, v = (table_of(m) for m in (models.Document, models.Finding, models.Visit))
    b, r, p = (table_of(m) for m in (models.BandAssessment, models.Recommendation, models.Participation))
    c, s, w = (table_of(m) for m in (models.Contact, models.Site, models.DocumentWaiver))
    q, a, gone = (table_of(m) for m in (models.InformationRequest, models.Approval, models.DocumentWithdrawal))
    counts = (d.c.cycle == own) & d.c.id.not_in(select(gone.c.document_id))
    closed = case((f.c.closed_at.is_(None), 0), else_=1)
    doubted = a.c.blocks & (a.c.status != "confirmed")
    parts = (
        _part(_DOCUMENT, d, d.c.id.label("n"), d.c.kind.label("t1"), _T.label("t2"), _T.label("t3"), _T.label("t4"),
              _T.label("t5"), _D.label("d1"), _D.label("d2"), where=counts),
        _part(_FINDING, f, closed, f.c.criterion, f.c.answer, f.c.documents, f.c.assessment, f.c.site, f.c.due_on, _D,
              where=f.c.cycle == own),
        _part(_VISIT, v, v.c.report_id, v.c.site, _T, _T, _T, _T, v.c.held_on, _D,
              where=(v.c.cycle == own) & v.c.held_on.is_not(None)),
        _part(_BAND, b, b.c.id, b.c.band, b.c.assessor_id, _T, _T, _T, b.c.assessed_on, b.c.valid_until),
        _part(_RECOMMENDATION, r, r.c.id, r.c.outcome, r.c.officer_id, r.c.digest, _T, _T, _D, _D, where=r.c.cycle == own),
        _part(_DEED, p, _N, p.c.officer_id, p.c.deed, _T, _T, _T, _D, _D, where=p.c.cycle >= _A.c.cycle),
        _part(_CONTACT, c, c.c.id, _T, _T, _T, _T, _T, _D, _D),
        _part(_SITE, s, s.c.id, s.c.name, _T, _T, _T, _T, _D, _D),
        _part(_WAIVER, w, _N, w.c.kind, _T, _T, _T, _T, _D, _D, where=w.c.cycle == own),
        _part(_REQUEST, q, q.c.number, q.c.question, _T, _T, _T, _T, q.c.reply_by, q.c.final_notice_on,
              where=(q.c.cycle == own) & q.c.received_on.is_(None)),
        _part(_APPROVAL, a, a.c.id, a.c.sentence, a.c.status, _T, _T, _T, _D, _D, where=doubted),
    )  # fmt: skip
    return union_all(*(part.where(which) for part in parts))


_ONE = _query(_A.c.id == bindparam("id"), _A.c.facts_cycle)
_ONE_DECIDED = _query(_A.c.id == bindparam("id"), _A.c.cycle)
_MANY = _query(_A.c.id.in_(bindparam("ids", expanding=True)), _A.c.facts_cycle)


def load(
    connection: Connection,
    office: Office,
    cases: Sequence[Case],
    *,
    now: datetime,
    people: Mapping[str, Person] | None = None,
) -> dict[int, Loaded]:
    """Return each case's facts on the local day of `now`, by case id."""
    rows = (
        connection.execute(_ONE, {"id": cases[0].id})
        if len(cases) == 1
        else connection.execute(_MANY, {"ids": [case.id for case in cases]})
    )
    parts: dict[int, dict[int, list[Any]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        parts[row[0]][row[1]].append(row)
    return {case.id: _loaded(connection, office, case, parts[case.id], now, dict(people or {})) for case in cases}


def load_one(
    connection: Connection, office: Office, case: Case, *, now: datetime, people: Mapping[str, Person] | None = None
) -> Loaded:
    """Return the facts of one case."""
    return load(connection, office, [case], now=now, people=people)[case.id]


def load_decided(
    connection: Connection, office: Office, case: Case, *, now: datetime, people: Mapping[str, Person] | None = None
) -> Loaded:
    """Return the facts of the case's own cycle, also once it is decided, for people to read; never for the rules."""
    parts: dict[int, list[Any]] = defaultdict(list)
    for row in connection.execute(_ONE_DECIDED, {"id": case.id}):
        parts[row[1]].append(row)
    own = replace(
        case, facts_cycle=case.cycle, cycle_since=case.cycle_since if case.facts_cycle == case.cycle else None
    )
    return _loaded(connection, office, own, parts, now, dict(people or {}))


def _loaded(
    connection: Connection,
    office: Office,
    case: Case,
    parts: dict[int, list[Any]],
    now: datetime,
    people: dict[str, Person],
) -> Loaded:
    programme = office.editions.machine(connection, case.programme, case.edition).programme
    band = _band(case, programme, parts[_BAND])
    newest = max(parts[_BAND], key=lambda row: (row[8], row[2]), default=None)
    recommendation = max(parts[_RECOMMENDATION], key=lambda row: int(row[2]), default=None)
    facts = Facts(
        reference=case.reference,
        state=case.state,
        today=local_day(now, programme.time_zone),
        cycle=case.facts_cycle,
        undecided=case.facts_cycle == case.cycle,
        back=case.back_to,
        beneath=_beneath(programme, case),
        decision_no=case.decision_no,
        account_manager=case.account_manager_id,
        assignee=case.assignee_id,
        documents=tuple(DocumentFact(row[2], row[3]) for row in parts[_DOCUMENT]),
        findings=tuple(
            FindingFact(row[3], row[4], tuple(json.loads(row[5])), row[6], row[7], row[8], bool(row[2]))
            for row in parts[_FINDING]
        ),
        visits=tuple(VisitFact(row[8], row[2], row[3]) for row in parts[_VISIT]),
        band=BandFact(band[3], band[8], band[9], band[4]) if band else None,
        newest_band=newest[3] if newest else "",
        newest_band_until=newest[9] if newest else None,
        recommendation=RecommendationFact(recommendation[3], recommendation[4], recommendation[5])
        if recommendation and recommendation[3]  # without an outcome: taken back
        else None,
        took_part=frozenset(
            [(row[3], row[4]) for row in parts[_DEED]] + ([(band[4], "assessed_band")] if band else [])
        ),
        traders=case.traders,
        sites=tuple(sorted(row[3] for row in parts[_SITE])),
        waived=frozenset(row[3] for row in parts[_WAIVER]),
        requests=tuple(
            RequestFact(row[2], row[3], row[8], row[9]) for row in sorted(parts[_REQUEST], key=lambda row: int(row[2]))
        ),
        unconfirmed=tuple(row[3] for row in parts[_APPROVAL] if row[4] == "open"),
        refused=tuple(row[3] for row in parts[_APPROVAL] if row[4] == "refused"),
        criteria_accepted=not office.production or _accepted(connection, programme),
        other_live=_other_live(connection, case),
        held=case.held,
        people=people,
    )
    return Loaded(facts, tuple(row[2] for row in parts[_CONTACT]))


def _beneath(programme: Programme, case: Case) -> str:
    """Return the state that a way back leads to in the end: beneath a suspension there is another one."""
    states = [name for name in reversed(case.back.split(",")) if name]
    return next((name for name in states if programme.state_by_name[name].kind != "suspended"), case.back_to)


def _band(case: Case, programme: Programme, rows: list[Any]) -> Any:
    """Return the newest band of the cycle: a renewal needs one assessed after the cycle before it was decided."""
    if case.facts_cycle > 1 and case.cycle_since and not programme.band.carried_over:
        since = local_day(case.cycle_since, programme.time_zone)
        rows = [row for row in rows if row[8] > since]
    return max(rows, key=lambda row: (row[8], row[2]), default=None)  # the newest assessment day, then record


def _accepted(connection: Connection, programme: Programme) -> bool:
    if not any(criterion.placeholder for criterion in programme.criteria.values()):
        return True
    key = {"code": programme.code, "edition": programme.edition}
    return connection.execute(_ACCEPTED, key).first() is not None


def _other_live(connection: Connection, case: Case) -> str:
    """Return the company's live case of the programme, for a case that is live no more."""
    if case.live_key is not None:
        return ""
    key = {"live_key": f"{case.company_id}:{case.programme}"}
    return str(connection.execute(_LIVE, key).scalar_one_or_none() or "")
