"""Asks for a second person and notes what the second person said. Must not know what is done when one agrees."""

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, func, select, update

from states.dates import local_instant
from states.definition import Programme
from states.planner import Planned
from workflow import models
from workflow.audit.entry import Entry
from workflow.decisions.outcome import Act
from workflow.decisions.record import Change, Superseded, enter, new_id, record
from workflow.models.base import table_of
from workflow.store.cases import Case
from workflow.store.office import Office

_APPROVAL = table_of(models.Approval)
_DECISION = table_of(models.Decision)


def open_approval(
    connection: Connection,
    office: Office,
    case: Case | None,
    programme: Programme | None,
    act: Act,
    *,
    role: str,
    kind: str,
    sentence: str,
    request: Mapping[str, Any] | None = None,
    blocks: bool = False,
    confirm_by: date | None = None,
) -> int:
    """Ask for a second person and return the approval's id; with a day to confirm by, the clock reminds of it."""
    row = {
        "kind": kind,
        "application_id": case.id if case else None,
        "sentence": sentence,
        "request": json.dumps({"proven": act.proven} | dict(request or {}), default=str, sort_keys=True),
        "blocks": blocks,
        "requested_by": act.actor.id,
        "role": role,
        "requested_at": act.now,
        "confirm_by": confirm_by,
        "status": "open",
        "decision_reason": "",
    }
    approval_id = new_id(connection.execute(_APPROVAL.insert(), row))
    detail = {"approval": approval_id, "approval_kind": kind, "asked": sentence, "confirm_by": confirm_by}
    change = Change("case:approval:asked", role, detail=detail)
    if case and programme and confirm_by:
        change.basis = newest_decision(connection, case)
        due_at = local_instant(confirm_by, 8, programme.time_zone)
        change.planned = [
            Planned(
                "approval_due",
                confirm_by,
                due_at,
                None,
                "reminder_of_task",
                ("supervisor",),
                "",
                "approval",
                approval_id,
                "office",
            )
        ]
    _tell(connection, office, case, programme, act, change)
    return approval_id


def newest_decision(connection: Connection, case: Case) -> int | None:
    """Return the id of a case's newest decision: what is planned by no decision is counted from it."""
    newest = select(func.max(_DECISION.c.id)).where(_DECISION.c.application_id == case.id)
    found: int | None = connection.execute(newest).scalar_one()
    return found


def close_approval(
    connection: Connection,
    office: Office,
    approval: Any,
    case: Case | None,
    programme: Programme | None,
    act: Act,
    *,
    role: str,
    status: str,
    reason: str = "",
    deed: str | None = None,
) -> None:
    """Note what the second person said, and the deed that saying it was in the case."""
    values = {"status": status, "decided_by": act.actor.id, "decided_at": act.now, "decision_reason": reason}
    connection.execute(update(_APPROVAL).where(_APPROVAL.c.id == approval.id).values(values))
    detail = {"approval": approval.id, "approval_kind": approval.kind, "asked": approval.sentence, "why": reason}
    change = Change(f"case:approval:{status}", role, detail=detail, deed=deed)
    if case and approval.confirm_by:
        outcome = f"{status} in time" if _in_time(approval, act.now) else status
        change.superseded.append(Superseded("approval", outcome, approval.id))
    _tell(connection, office, case, programme, act, change)


def _in_time(approval: Any, now: datetime) -> bool:
    return bool(approval.confirm_by and now.date() <= approval.confirm_by)


def _tell(
    connection: Connection, office: Office, case: Case | None, programme: Programme | None, act: Act, change: Change
) -> None:
    if case is not None and programme is not None:
        record(connection, office.origin, case, programme, act, change)
        return
    entry = Entry(
        kind=change.kind,
        recorded_at=act.now,
        actor=act.actor.id,
        role=change.role,
        proven=act.proven,
        detail=change.detail,
    )
    enter(connection, entry)
