"""The only writer of a case: decision, state, certificate, planned actions, outgoing mail and trail entry together.

Runs inside the caller's transaction, on a case that the caller has locked. It decides nothing.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, CursorResult, Update, bindparam, func, select, update

from states.definition import Programme
from states.planner import Planned, Subject
from workflow import models
from workflow.audit.entry import Entry, leaf_hash
from workflow.decisions.notices import Notice, message_id
from workflow.decisions.outcome import Act
from workflow.errors import StaleVersion
from workflow.models.base import table_of
from workflow.store.cases import Case
from workflow.store.placing import place

_APPLICATION = table_of(models.Application)
_DECISION = table_of(models.Decision)
_ENTRY = table_of(models.AuditEntry)
_CERTIFICATE = table_of(models.Certificate)
_CERTIFICATE_EVENT = table_of(models.CertificateEvent)
_PLANNED = table_of(models.PlannedAction)
_NOTIFICATION = table_of(models.Notification)
_PARTICIPATION = table_of(models.Participation)
_CONTACT = table_of(models.Contact)

_INSERT_ENTRY = _ENTRY.insert()
_INSERT_ENTRIES = _INSERT_ENTRY.inline()  # nobody asks for their ids
_INSERT_DECISION = _DECISION.insert()
_INSERT_NOTIFICATION = _NOTIFICATION.insert().inline()  # nobody asks for its id
_INSERT_PLANNED = _PLANNED.insert()
_SETTLE = (
    update(_PLANNED)
    .where(_PLANNED.c.id == bindparam("b_id"), _PLANNED.c.status == "planned")
    .values(status=bindparam("b_status"), outcome=bindparam("b_outcome"), settled_at=bindparam("b_at"))
)
_CONTACTS = select(_CONTACT.c.id).where(_CONTACT.c.company_id == bindparam("company_id")).order_by(_CONTACT.c.id)
_CERTIFICATE_ID = select(_CERTIFICATE.c.id).where(_CERTIFICATE.c.number == bindparam("number"))
_SUPERSEDE = (
    update(_PLANNED)
    .where(
        _PLANNED.c.application_id == bindparam("b_case"),
        _PLANNED.c.subject == bindparam("b_subject"),
        _PLANNED.c.status == "planned",
    )
    .values(status="superseded", outcome=bindparam("b_outcome"), settled_at=bindparam("b_at"))
)
_SUPERSEDE_ONE = _SUPERSEDE.where(_PLANNED.c.occurrence == bindparam("b_occurrence"))
_TAKEN = tuple(
    bindparam(name, type_=_PARTICIPATION.c[column].type)
    for name, column in (
        ("p_case", "application_id"),
        ("p_cycle", "cycle"),
        ("p_officer", "officer_id"),
        ("p_deed", "deed"),
    )
)
_TAKE_PART = _PARTICIPATION.insert().from_select(
    ["application_id", "cycle", "officer_id", "deed", "at"],
    select(*_TAKEN, bindparam("p_at", type_=_PARTICIPATION.c.at.type)).where(
        ~select(_PARTICIPATION.c.deed)
        .where(*(column == value for column, value in zip(_PARTICIPATION.primary_key, _TAKEN, strict=True)))
        .exists()
    ),
)
_NEXT_DUE = select(func.min(_PLANNED.c.due_at)).where(
    _PLANNED.c.application_id == bindparam("case_id"), _PLANNED.c.status == "planned"
)


_NEXT_DUES = (
    select(_PLANNED.c.application_id, func.min(_PLANNED.c.due_at).label("next_due"))
    .where(_PLANNED.c.application_id.in_(bindparam("ids", expanding=True)), _PLANNED.c.status == "planned")
    .group_by(_PLANNED.c.application_id)
)


@dataclass(frozen=True)
class Decided:
    """A transition that was accepted."""

    trigger: str
    to_state: str
    role: str
    given: dict[str, Any] = field(default_factory=dict)
    reason_code: str = ""
    reason: str = ""
    internal_reason: str = ""


@dataclass(frozen=True)
class Issued:
    """A certificate that the decision issues."""

    number: str
    valid_from: date
    valid_until: date
    aeo_code: str
    cycle: int | None = None  # of a re-issue, the one that the old number was issued in; else the case's
    as_printed: bool = False


@dataclass(frozen=True)
class Happened:
    """Something that happens to a certificate from a day on."""

    number: str
    kind: str
    effective_on: date
    valid_from: date | None = None
    valid_until: date | None = None
    publication: bool | None = None
    partners: bool | None = None
    replaced_by: str | None = None
    undoes: int | None = None


@dataclass(frozen=True)
class Superseded:
    """Everything that is still planned for one subject, or for one occurrence of it, makes no sense any more."""

    subject: Subject
    reason: str
    occurrence: int | None = None  # the number of a request or an approval; None: all of them


@dataclass(frozen=True)
class Settled:
    """A planned action that is done or makes no sense any more."""

    id: int
    status: str
    outcome: str


@dataclass(frozen=True)
class Revised:
    """A planned action whose day has moved: it gives way to the next revision of the same rule, basis and occurrence."""

    id: int
    basis: int
    revision: int  # of the one that gives way
    planned: Planned
    reason: str


@dataclass
class Change:
    """All that one act changes on one case."""

    kind: str
    role: str
    effective_at: datetime | None = None
    on_behalf_of: str = ""
    updates: dict[str, Any] = field(default_factory=dict)  # columns of the application
    detail: dict[str, Any] = field(default_factory=dict)
    rules: list[list[str]] = field(default_factory=list)
    unmet: list[list[str]] = field(default_factory=list)
    decided: Decided | None = None
    deed: str | None = None  # for later four-eyes
    issued: Issued | None = None
    events: list[Happened] = field(default_factory=list)
    superseded: list[Superseded] = field(default_factory=list)  # before `planned` is added
    basis: int | None = None  # the decision that `planned` is counted from, where this act is none
    planned: Sequence[Planned] = ()
    notices: Sequence[Notice] = ()
    cause: str = ""  # of the notices, where no decision is
    settled: Sequence[Settled] = ()
    revised: Sequence[Revised] = ()
    visible: bool = True  # whether people see a change, so that the version rises


def record(connection: Connection, origin: str, case: Case, programme: Programme, act: Act, change: Change) -> int:
    """Write a change and return the entry's id. Raises StaleVersion when the row is not the one that was locked."""
    entry_id = enter(connection, _entry(connection, case, programme, act, change), case.id)
    decision_id = _decide(connection, case, act, change, entry_id)
    if change.deed:
        _take_part(connection, case, act, change.deed)
    if change.issued and decision_id:
        _issue(connection, case, change.issued, decision_id)
    for event in change.events:
        _happen(connection, event, decision_id, act.now)
    if change.settled:
        settle(connection, change.settled, act.now)
    for one in change.superseded:
        _supersede(connection, case, one, act.now)
    basis = decision_id or change.basis
    if change.planned and basis:
        connection.execute(_INSERT_PLANNED, [_planned(case, one, basis, 1, act.now) for one in change.planned])
    if change.revised:
        _revise(connection, case, change.revised, act.now)
    if change.notices:
        _post(connection, origin, case, act, change.notices, change.cause or f"decision:{decision_id}")
    if change.planned or change.settled or change.superseded or change.revised:
        change.updates["next_due"] = connection.execute(_NEXT_DUE, {"case_id": case.id}).scalar_one()
    _update(connection, case, change)
    return entry_id


@dataclass(frozen=True)
class Settlement:
    """What becomes of planned actions of a locked case, with mail and entry: a change that decides nothing."""

    case: Case
    programme: Programme
    change: Change


def record_settlements(connection: Connection, origin: str, act: Act, settlements: Sequence[Settlement]) -> None:
    """Write many changes that only settle planned actions, or move some, kind of row by kind: the clock makes thousands.

    Raises StaleVersion when a row is not the one that was locked.
    """
    entries, letters = [], []
    for one in settlements:
        entry = _entry(connection, one.case, one.programme, act, one.change)
        entries.append(_entry_row(entry, one.case.id))
        letters += _letters(origin, one.case, act, one.change.notices, one.change.cause)
    if not entries:
        return
    connection.execute(_INSERT_ENTRIES, entries)
    if letters:
        connection.execute(_INSERT_NOTIFICATION, letters)
    settle(connection, [settled for one in settlements for settled in one.change.settled], act.now)
    for one in settlements:
        if one.change.revised:
            _revise(connection, one.case, one.change.revised, act.now)
    touched = {one.case.id: one.case for one in settlements}
    found = connection.execute(_NEXT_DUES, {"ids": list(touched)})
    next_dues = {row.application_id: row.next_due for row in found}
    locked = [
        {"b_id": case.id, "b_version": case.version, "v_next_due": next_dues.get(id_), "v_case_seq": case.case_seq}
        for id_, case in touched.items()
    ]
    if connection.execute(_update_of(("next_due", "case_seq")), locked).rowcount != len(locked):
        raise stale("One of the cases that are due")
    for id_, case in touched.items():
        case.next_due = next_dues.get(id_)


def enter(connection: Connection, entry: Entry, application_id: int | None = None) -> int:
    """Insert an entry that belongs to no case's sequence, or one that `record` has numbered."""
    return new_id(connection.execute(_INSERT_ENTRY, _entry_row(entry, application_id)))


def enter_many(connection: Connection, entries: Iterable[Entry]) -> None:
    """Insert entries that belong to no case's sequence."""
    if rows := [_entry_row(entry, None) for entry in entries]:
        connection.execute(_INSERT_ENTRIES, rows)


def _entry_row(entry: Entry, application_id: int | None) -> dict[str, Any]:
    canonical = entry.canonical()
    return {
        "kind": entry.kind,
        "application_id": application_id,
        "case_seq": entry.case_seq,
        "recorded_at": entry.recorded_at,
        "canonical": canonical,
        "leaf": leaf_hash(canonical),
    }


def enter_act(
    connection: Connection, act: Act, kind: str, detail: dict[str, Any], about: dict[str, Any] | None = None
) -> int:
    """Insert an entry of what somebody did that belongs to no case."""
    role = ",".join(sorted(act.actor.roles))
    return enter(connection, Entry(kind, act.now, act.actor.id, role, act.proven, about=about or {}, detail=detail))


def new_id(result: CursorResult[Any]) -> int:
    """Return the id that the database gave to one inserted row."""
    key = result.inserted_primary_key
    if key is None:
        raise RuntimeError("The database gave no id.")
    return int(key[0])


def settle(connection: Connection, settled: Sequence[Settled], now: datetime) -> None:
    """Write what became of planned actions."""
    rows = [{"b_id": one.id, "b_status": one.status, "b_outcome": one.outcome, "b_at": now} for one in settled]
    if rows:
        connection.execute(_SETTLE, rows)


def _entry(connection: Connection, case: Case, programme: Programme, act: Act, change: Change) -> Entry:
    """Return the next entry of a case's sequence."""
    case.case_seq += 1
    decided = change.decided
    changes = {
        name: [getattr(case, name), value]
        for name, value in change.updates.items()
        if name in _TOLD and value != getattr(case, name)
    }
    return Entry(
        kind=change.kind,
        recorded_at=act.now,
        effective_at=change.effective_at,
        actor=act.actor.id,
        role=change.role,
        proven=act.proven,
        on_behalf_of=change.on_behalf_of,
        about={
            "application": case.reference,
            "company": case.uen,
            "company_name": case.company_name,
            "programme": case.programme,
        },
        case_seq=case.case_seq,
        from_state=case.state if decided else "",
        to_state=decided.to_state if decided else "",
        changes=changes,
        reason_code=decided.reason_code if decided else "",
        reason=decided.reason if decided else "",
        internal_reason_digest=_digest(decided.internal_reason) if decided else "",
        rules=change.rules,
        unmet=change.unmet,
        edition=[programme.code, programme.edition, programme.sha256],
        detail=change.detail,
        wrote=_wrote(connection, case, change),
    )


def _wrote(connection: Connection, case: Case, change: Change) -> dict[str, Any]:
    """Return the rows that a change makes beside what an entry says anyhow: `aeo db check` tells them from the log.

    With a case opens what is known of its company: contacts and account managers come with cases.
    """
    made: dict[str, Any] = {}
    if case.case_seq == 1:
        made["case"] = _said({name: getattr(case, name) for name in _OPENED})
        contacts = list(connection.execute(_CONTACTS, {"company_id": case.company_id}).scalars())
        made["company"] = _said({"account_manager": case.account_manager_id}) | {"contacts": contacts}
    if decided := change.decided:
        made["decision"] = {
            "no": case.decision_no + 1,
            "cycle": change.updates.get("cycle", case.cycle),
            "trigger": decided.trigger,
            "role": decided.role,
        } | ({"given": json.loads(_given(decided))} if decided.given else {})
    if change.deed:
        made["deed"] = [change.deed, case.facts_cycle]
    if issued := change.issued:
        made["certificate"] = _said(asdict(issued)) | {"cycle": issued.cycle or case.cycle}
    if change.events:
        made["events"] = [_said(asdict(event)) for event in change.events]
    return made


def _said(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value not in (None, "")}


def _given(decided: Decided) -> str:
    return json.dumps(decided.given, default=str, sort_keys=True)


_TOLD = frozenset(
    {
        "assignee_id",
        "cycle",
        "deadline",
        "complete_at",
        "certificate_number",
        "valid_from",
        "valid_until",
        "ended_on",
        "suspended_on",
        "continues_until",
        "next_certificate",
        "next_valid_from",
        "next_valid_until",
        "publication_consent",
        "partner_consent",
        "back",
        "cycle_since",
        "facts_cycle",
        "live_key",
        "state_since",
        "submitted_at",
    }
)
_OPENED = ("channel", "linked_to", "received_on", "state", "trader_roles", *sorted(_TOLD))


def _digest(text: str) -> str:
    return leaf_hash(text) if text else ""


def _decide(connection: Connection, case: Case, act: Act, change: Change, entry_id: int) -> int | None:
    decided = change.decided
    if decided is None:
        return None
    case.decision_no += 1
    effective_at = change.effective_at or act.now
    result = connection.execute(
        _INSERT_DECISION,
        {
            "application_id": case.id,
            "decision_no": case.decision_no,
            "cycle": change.updates.get("cycle", case.cycle),
            "trigger": decided.trigger,
            "from_state": case.state,
            "to_state": decided.to_state,
            "actor_id": act.actor.id,
            "role": decided.role,
            "effective_at": effective_at,
            "recorded_at": act.now,
            "reason_code": decided.reason_code,
            "reason_to_company": decided.reason,
            "internal_reason": decided.internal_reason,
            "given": _given(decided),
            "entry_id": entry_id,
        },
    )
    change.updates |= {"decision_no": case.decision_no, "decided_at": effective_at}
    return new_id(result)


def _take_part(connection: Connection, case: Case, act: Act, deed: str) -> None:
    """Remember for good that somebody took part in this cycle; doing it again adds nothing."""
    values = {
        "p_case": case.id,
        "p_cycle": case.facts_cycle,
        "p_officer": act.actor.id,
        "p_deed": deed,
        "p_at": act.now,
    }
    connection.execute(_TAKE_PART, values)


def _issue(connection: Connection, case: Case, issued: Issued, decision_id: int) -> None:
    connection.execute(
        _CERTIFICATE.insert(),
        {
            "number": issued.number,
            "application_id": case.id,
            "cycle": issued.cycle or case.cycle,
            "valid_from": issued.valid_from,
            "valid_until": issued.valid_until,
            "aeo_code": issued.aeo_code,
            "conditions": "",
            "as_printed": issued.as_printed,
            "decision_id": decision_id,
        },
    )


def _happen(connection: Connection, event: Happened, decision_id: int | None, now: datetime) -> None:
    row = asdict(event)
    certificate = connection.execute(_CERTIFICATE_ID, {"number": row.pop("number")}).scalar_one()
    more = {"certificate_id": certificate, "decision_id": decision_id, "recorded_at": now}
    connection.execute(_CERTIFICATE_EVENT.insert(), row | more)


def _supersede(connection: Connection, case: Case, one: Superseded, now: datetime) -> None:
    values = {"b_case": case.id, "b_subject": one.subject, "b_outcome": one.reason, "b_at": now}
    if one.occurrence is None:
        connection.execute(_SUPERSEDE, values)
    else:
        connection.execute(_SUPERSEDE_ONE, values | {"b_occurrence": one.occurrence})


def _revise(connection: Connection, case: Case, revised: Sequence[Revised], now: datetime) -> None:
    settle(connection, [Settled(one.id, "superseded", one.reason) for one in revised], now)
    rows = [_planned(case, one.planned, one.basis, one.revision + 1, now) for one in revised]
    connection.execute(_INSERT_PLANNED, rows)


def _planned(case: Case, one: Planned, basis: int, revision: int, now: datetime) -> dict[str, Any]:
    return {
        "application_id": case.id,
        "subject": one.subject,
        "rule": one.rule,
        "basis": basis,
        "occurrence": one.occurrence,
        "revision": revision,
        "trigger": one.trigger,
        "message": one.message,
        "audience": ",".join(one.audience),
        "due_on": one.due_on,
        "due_at": one.due_at,
        "calendar": one.calendar,
        "status": "superseded" if one.superseded else "planned",
        "outcome": one.superseded,
        "settled_at": now if one.superseded else None,
        "attempts": 0,
        "last_error": "",
    }


def _post(connection: Connection, origin: str, case: Case, act: Act, notices: Sequence[Notice], cause: str) -> None:
    rows = _letters(origin, case, act, notices, cause)
    # One row is sent as one statement; drivers take a longer way for a list.
    connection.execute(_INSERT_NOTIFICATION, rows[0] if len(rows) == 1 else rows)


def _letters(origin: str, case: Case, act: Act, notices: Sequence[Notice], cause: str) -> list[dict[str, Any]]:
    return [
        {
            "application_id": case.id,
            "message": notice.message,
            "cause": cause,
            "recipient": notice.recipient,
            "resend_no": 0,
            "message_id": message_id(origin, notice, cause),
            "payload": notice.payload,
            "address": "",
            "bundled": notice.bundled,
            "status": "queued",
            "created_at": act.now,
            "next_try_at": act.now,
            "fence": 0,
            "attempts": 0,
            "last_reply": "",
        }
        for notice in notices
    ]


def _update(connection: Connection, case: Case, change: Change) -> None:
    version = case.version + 1 if change.visible else case.version
    locked = {"b_id": case.id, "b_version": case.version}
    for name, value in change.updates.items():
        setattr(case, name, value)
    rank, day = place(case)
    values = change.updates | {"case_seq": case.case_seq, "version": version, "work_rank": rank, "work_on": day}
    result = connection.execute(
        _update_of(tuple(values)), locked | {f"v_{name}": value for name, value in values.items()}
    )
    if result.rowcount != 1:
        raise stale(case.reference)
    case.version, case.work_rank, case.work_on = version, rank, day


@cache
def _update_of(names: tuple[str, ...]) -> Update:
    """Return the update of these columns with the version check, made once: only a few sets of columns occur."""
    return (
        update(_APPLICATION)
        .where(_APPLICATION.c.id == bindparam("b_id"), _APPLICATION.c.version == bindparam("b_version"))
        .values({name: bindparam(f"v_{name}", type_=_APPLICATION.c[name].type) for name in names})
    )


def stale(reference: str) -> StaleVersion:
    return StaleVersion(
        "STALE_VERSION",
        f"Case {reference} changed after you read it. Look at the change, then send it again.",
        reference=reference,
    )
