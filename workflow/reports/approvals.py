"""What waits for a second person: cases that were recommended, and single acts. Reads one snapshot and changes nothing."""

import json
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, tuple_

from states.facts import Person
from states.guards import names
from workflow import models
from workflow.models.base import table_of
from workflow.reports.acting import recommendations
from workflow.store import cases, facts, people, visible
from workflow.store.office import Office

_P = table_of(models.Approval)
_A = table_of(models.Application)
_O = table_of(models.Officer)
_C = table_of(models.Company)


def approvals(connection: Connection, *, viewer: Person, status: str = "open") -> list[dict[str, Any]]:
    """Return approvals of a status that somebody may see, oldest first; every status when it is empty."""
    query = (
        visible.only(select(_P, _A.c.reference, _O.c.name, _C.c.name.label("company_name")), viewer)
        .outerjoin(_A, _A.c.id == _P.c.application_id)
        .outerjoin(_C, _C.c.id == _A.c.company_id)
        .outerjoin(_O, _O.c.id == _P.c.requested_by)
        .order_by(_P.c.id)
    )
    if status:
        query = query.where(_P.c.status == status)
    return [
        {
            "id": row.id,
            "kind": row.kind,
            "application": row.reference,
            "company_name": row.company_name,
            "sentence": row.sentence,
            "requested_by": row.name or "the operator",
            "requested_by_id": row.requested_by,
            "asked": json.loads(row.request),
            "requested_at": row.requested_at,
            "confirm_by": row.confirm_by,
            "status": row.status,
            "reason": row.decision_reason,
        }
        for row in connection.execute(query)
    ]


PAGE = 25


def waiting_cases(
    connection: Connection, office: Office, *, viewer: Person, now: datetime, after: str = ""
) -> list[dict[str, Any]]:
    """Return a page of cases that wait for an approver, by deadline, each with whether this person may decide it.

    The rules are asked for each one with facts loaded in one query for all; one row more than a page says that more
    follow. `after` is the last reference of the page before. Raises NotFound for one that is unknown.
    """
    query = visible.only(select(_A.c.id), viewer).where(_A.c.waits_for == "approver")
    none = _A.c.deadline.is_(None)
    if after:
        last = cases.read(connection, after, viewer)
        later = tuple_(_A.c.deadline, _A.c.reference) > (last.deadline, last.reference)
        query = query.where(none & (_A.c.reference > after) if last.deadline is None else none | later)
    ids = list(connection.execute(query.order_by(none, _A.c.deadline, _A.c.reference).limit(PAGE + 1)).scalars())
    found = cases.read_many(connection, ids)
    of = [found[one] for one in ids]
    if not of:
        return []
    staff = people.everybody(connection)
    loaded = facts.load(connection, office, of, now=now, people=staff)
    made = recommendations(connection, of)
    return [_waiting(connection, office, case, loaded[case.id], made.get(case.id), viewer) for case in of]


def _waiting(
    connection: Connection,
    office: Office,
    case: cases.Case,
    loaded: facts.Loaded,
    made: dict[str, Any] | None,
    viewer: Person,
) -> dict[str, Any]:
    machine = office.editions.machine(connection, case.programme, case.edition)
    programme, seen = machine.programme, loaded.facts
    action = machine.judge(made["outcome"], seen, viewer) if made else None
    transition = action.transition if action else None
    if transition is None:  # what was recommended is done already
        made, action = None, None
    barred = frozenset(who for who, deed in seen.took_part if transition and deed in transition.distinct_from)
    can = seen.with_role(*transition.roles, but=barred) if transition else ()
    unmet = [{"code": one.code, "sentence": one.sentence, "who": one.who} for one in action.unmet] if action else []
    return {
        "reference": case.reference,
        "company_name": case.company_name,
        "uen": case.uen,
        "programme": case.programme,
        "state": case.state,
        "state_kind": case.state_kind,
        "state_title": programme.state_by_name[case.state].title,
        "state_since": case.state_since,
        "time_zone": programme.time_zone,
        "complete_at": case.complete_at,
        "deadline": case.deadline,
        "recommendation": made,
        "stale": made is not None and made["digest"] != seen.digest,
        "unmet": unmet,
        "allowed": action is not None and action.allowed,
        "barred": any(one["code"].startswith("FOUR_EYES") or one["code"] == "WRONG_ROLE" for one in unmet),
        "can": names(can) if can else "",
    }
