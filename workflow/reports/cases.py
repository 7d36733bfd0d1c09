"""What people read about cases: one case, a worklist, the history in words, the possible actions.

Reads one snapshot and changes nothing; it must not know operations, pages or commands.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, select, tuple_

from states.dates import local_day
from states.definition import Programme, Transition
from states.facts import CLOCK, OPERATOR, Facts, Person
from states.guards import Unmet
from states.machine import Action, ProgrammeMachine
from workflow import models
from workflow.audit.wording import in_words
from workflow.errors import BadInput
from workflow.models.base import table_of
from workflow.store import cases, facts, people, sites, visible
from workflow.store.office import Office

LONGEST_PAGE = 500

_A = table_of(models.Application)
_C = table_of(models.Company)
_CERTIFICATE = table_of(models.Certificate)
_EDITION = table_of(models.ProgrammeEdition)
_ENTRY = table_of(models.AuditEntry)
_OFFICER = table_of(models.Officer)
_ASSIGNEE = _OFFICER.alias("assignee")
_MANAGER = _OFFICER.alias("manager")

_NO_DEADLINE = _A.c.deadline.is_(None)


def query() -> Select[Any]:
    """Return the columns that `shown` needs, of every case; to be narrowed and ordered."""
    return select(
        *_A.c,
        _C.c.identifier.label("uen"),
        _C.c.name.label("company_name"),
        _ASSIGNEE.c.name.label("assignee_name"),
        _MANAGER.c.name.label("manager_name"),
        _CERTIFICATE.c.aeo_code,
    ).select_from(
        _A.join(_C, _C.c.id == _A.c.company_id)
        .outerjoin(_ASSIGNEE, _ASSIGNEE.c.id == _A.c.assignee_id)
        .outerjoin(_MANAGER, _MANAGER.c.id == _C.c.account_manager_id)
        .outerjoin(_CERTIFICATE, _CERTIFICATE.c.number == _A.c.certificate_number)
    )


_ONE = query().where(_A.c.id == bindparam("case_id"))
_LIST = query().order_by(_NO_DEADLINE, _A.c.deadline, _A.c.reference)
_HISTORY = (
    select(_ENTRY.c.position, _ENTRY.c.canonical)
    .where(_ENTRY.c.application_id == bindparam("case_id"))
    .order_by(_ENTRY.c.case_seq)
)


def show(connection: Connection, office: Office, *, reference: str, viewer: Person, now: datetime) -> dict[str, Any]:
    """Return one case as people and programs read it. Raises NotFound."""
    case = cases.read(connection, reference, viewer)
    found = shown(connection, office, connection.execute(_ONE, {"case_id": case.id}).one(), now)
    return found | {"sites": list(sites.of_company(connection, case.company_id))}


def list_(
    connection: Connection,
    office: Office,
    *,
    viewer: Person,
    now: datetime,
    state: str = "",
    assignee_id: str = "",
    after: str = "",
    limit: int = 50,
) -> list[dict[str, Any]]:
    """Return cases that somebody may see, by deadline, those without one last; `after` is the last reference of the page before.

    Raises BadInput for an unknown state or a limit out of bounds, NotFound for an unknown `after`.
    """
    if not 1 <= limit <= LONGEST_PAGE:
        raise BadInput("LIMIT", f"A page has 1 to {LONGEST_PAGE} cases; {limit} were asked for.")
    asked = visible.only(_LIST, viewer).limit(limit)
    if state:
        asked = asked.where(_A.c.state == _known_state(connection, office, state))
    if assignee_id:
        asked = asked.where(_A.c.assignee_id == assignee_id)
    if after:
        last = cases.read(connection, after, viewer)
        if last.deadline is None:
            asked = asked.where(_NO_DEADLINE, _A.c.reference > last.reference)
        else:
            later = tuple_(_A.c.deadline, _A.c.reference) > (last.deadline, last.reference)
            asked = asked.where(_NO_DEADLINE | later)
    return [shown(connection, office, row, now) for row in connection.execute(asked).all()]


def some(
    connection: Connection, office: Office, *, references: Sequence[str], viewer: Person, now: datetime
) -> list[dict[str, Any]]:
    """Return those of the named cases that somebody may see, by reference."""
    asked = visible.only(query(), viewer).where(_A.c.reference.in_(list(references))).order_by(_A.c.reference)
    return [shown(connection, office, row, now) for row in connection.execute(asked).all()]


def oldest_first(
    connection: Connection,
    office: Office,
    *,
    viewer: Person,
    now: datetime,
    state: str = "",
    programme: str = "",
    uen: str = "",
    assignee_id: str = "",
    after_id: int = 0,
    limit: int = 50,
) -> list[dict[str, Any]]:
    """Return cases that somebody may see, in the order in which they came, which never changes; for programs.

    `after_id` is the `id` of the last one before. Raises BadInput for an unknown state.
    """
    asked = visible.only(query(), viewer).where(_A.c.id > after_id).order_by(_A.c.id).limit(limit)
    if state:
        asked = asked.where(_A.c.state == _known_state(connection, office, state))
    if programme:
        asked = asked.where(_A.c.programme == programme)
    if uen:
        asked = asked.where(_C.c.identifier == uen)
    if assignee_id:
        asked = asked.where(_A.c.assignee_id == assignee_id)
    return [shown(connection, office, row, now) for row in connection.execute(asked).all()]


def _known_state(connection: Connection, office: Office, state: str) -> str:
    known = states(connection, office)
    if state not in known:
        raise BadInput("UNKNOWN_STATE", f'There is no state "{state[:40]}". Known: {", ".join(known)}.')
    return state


def states(connection: Connection, office: Office) -> dict[str, str]:
    """Return the title of every state of the stored editions by its name, in the order of the files."""
    editions = connection.execute(select(_EDITION.c.code, _EDITION.c.edition).order_by(_EDITION.c.code)).all()
    programmes = [_programme(connection, office, row.code, row.edition) for row in editions]
    return {state.name: state.title for programme in programmes for state in programme.states}


def history(connection: Connection, office: Office, *, reference: str, viewer: Person) -> list[dict[str, Any]]:
    """Return what happened to a case, oldest first, in words. Raises NotFound."""
    case = cases.read(connection, reference, viewer)
    programme = _programme(connection, office, case.programme, case.edition)
    names = names_of_all(connection)
    return [
        told(json.loads(row.canonical), row.position, names, programme)
        for row in connection.execute(_HISTORY, {"case_id": case.id})
    ]


def names_of_all(connection: Connection) -> dict[str, str]:
    """Return the name of everybody who ever acted, by the id in entries."""
    officers = connection.execute(select(_OFFICER.c.id, _OFFICER.c.name))
    return {row.id: row.name for row in officers} | {CLOCK.id: CLOCK.name, OPERATOR.id: OPERATOR.name}


def actions(
    connection: Connection, office: Office, *, reference: str, actor: Person, now: datetime
) -> list[dict[str, Any]]:
    """Return every action of the case's state for one person: allowed, or each unmet rule. Raises NotFound."""
    case = cases.read(connection, reference, actor)
    machine = office.editions.machine(connection, case.programme, case.edition)
    loaded = facts.load_one(connection, office, case, now=now, people=people.everybody(connection))
    return actions_of(machine, loaded.facts, actor)


def actions_of(machine: ProgrammeMachine, seen: Facts, actor: Person) -> list[dict[str, Any]]:
    """Return the actions that loaded facts allow, with all that a door must ask for and tell before it is pressed."""
    return [
        _action(action, action.transition, seen, actor) for action in machine.explain(seen, actor) if action.transition
    ]


def one_action(machine: ProgrammeMachine, seen: Facts, actor: Person, trigger: str) -> dict[str, Any] | None:
    """Return one trigger as `actions_of` does, or None where the case's state does not have it."""
    action = machine.judge(trigger, seen, actor) if trigger in machine.programme.triggers else None
    return _action(action, action.transition, seen, actor) if action and action.transition else None


def _action(action: Action, transition: Transition, seen: Facts, actor: Person) -> dict[str, Any]:
    barred = frozenset(person for person, deed in seen.took_part if deed in transition.distinct_from)
    required = transition.reason == "required" or bool(set(transition.reason_required_of) & actor.roles)
    return {
        "trigger": action.trigger,
        "title": action.title,
        "target": transition.target,
        "allowed": action.allowed,
        "unmet": _unmet(action.unmet),
        "asks": _asks(transition),
        "met": len(action.met),
        "met_rules": [{"rule": one.rule, "value": one.value} for one in action.met],
        "roles": list(transition.roles),
        "four_eyes": bool(transition.distinct_from),
        "can": [person.name for person in seen.with_role(*transition.roles, but=barred)],
        "reason": "required" if required else transition.reason,
        "reason_codes": list(transition.reason_codes),
        "reason_code_optional": transition.reason_code_optional,
        "emergency_code": transition.emergency.reason_code if transition.emergency else "",
        "emergency_days": transition.emergency.confirm_within_days if transition.emergency else 0,
        "given": dict(transition.given),
        "effects": list(transition.effects),
        "messages": dict(transition.messages),
        "recommendable": "recommended" in transition.guards,
        "in_the_way": _unmet(action.facts_in_the_way),
    }


def _unmet(unmet: Iterable[Unmet]) -> list[dict[str, str]]:
    return [{"rule": one.rule, "code": one.code, "sentence": one.sentence, "who": one.who} for one in unmet]


def _asks(transition: Transition) -> list[str]:
    """What must or may be given with the trigger: a reason, a reason code, facts."""
    reason = ["reason"] if transition.reason == "required" else []
    return [*reason, *(["reason_code"] if transition.reason_codes else []), *transition.given]


def shown(connection: Connection, office: Office, row: Row[Any], now: datetime) -> dict[str, Any]:
    """Return a row of `query` as people and programs read it."""
    programme = _programme(connection, office, row.programme, row.edition)
    today = local_day(now, programme.time_zone)
    held = cases.held_of(row)
    counts = held.on(today)
    certificate = {
        "number": counts.number if counts else None,
        "valid_from": counts.valid_from if counts else None,
        "valid_until": counts.valid_until if counts else None,
        "aeo_code": row.aeo_code,
    }
    return {
        "id": row.id,
        "reference": row.reference,
        "programme": row.programme,
        "uen": row.uen,
        "company_name": row.company_name,
        "state": row.state,
        "state_title": programme.state_by_name[row.state].title,
        "state_kind": row.state_kind,
        "work_rank": row.work_rank,
        "work_on": row.work_on,
        "state_since": row.state_since,
        "standing": str(held.standing(today)),
        "cycle": row.cycle,
        "facts_cycle": row.facts_cycle,
        "version": row.version,
        "assignee": row.assignee_name,
        "account_manager": row.manager_name,
        "received_on": row.received_on,
        "complete_at": row.complete_at,
        "deadline": row.deadline,
        "next_step": row.next_step,
        "waits_for": row.waits_for,
        "next_due": row.next_due,
        "ended_on": row.ended_on,
        "edition": row.edition,
        "programme_title": programme.title,
        "time_zone": programme.time_zone,
        "certificate": certificate if row.certificate_number else None,
        "next_certificate": {
            "number": held.following.number,
            "valid_from": held.following.valid_from,
            "valid_until": held.following.valid_until,
        }
        if held.following and today < held.following.valid_from
        else None,
        "suspended_on": row.suspended_on,
        "trader_roles": [role for role in row.trader_roles.split(",") if role],
        "linked_to": row.linked_to,
        "back_to": row.back.rpartition(",")[2],
    }


def told(entry: dict[str, Any], position: int | None, names: Mapping[str, str], programme: Programme) -> dict[str, Any]:
    """Return one entry of the trail as people read it."""
    actor = str(entry["actor"])
    return {
        "at": _instant(entry["recorded_at"]),
        "effective_at": _instant(entry.get("effective_at")),
        "actor": names.get(actor, "Somebody without an account"),
        "role": entry["role"],
        "kind": entry["kind"],
        "sentence": in_words(_with_names(entry, names, programme)),
        "reason": entry.get("reason", ""),
        "unmet": [sentence for _, sentence in entry.get("unmet", [])],
        "index": position,
    }


def _with_names(entry: dict[str, Any], names: Mapping[str, str], programme: Programme) -> dict[str, Any]:
    """Return the entry as people would name things: titles of states for their names, people for their ids."""
    titles = {state.name: state.title for state in programme.states}
    detail = dict(entry.get("detail", {}))
    if "assignee" in detail:
        detail["assignee"] = names.get(str(detail["assignee"]), detail["assignee"])
    for name in ("held_on", "assessed_on", "planned_on", "reply_by", "received_on"):
        if detail.get(name):
            day = date.fromisoformat(str(detail[name])[:10])
            detail[name] = f"{day:%a} {day.day} {day:%b %Y}"
    ends: dict[str, Any] = {end: titles.get(str(entry[end]), entry[end]) for end in ("from", "to") if end in entry}
    return entry | ends | {"detail": detail}


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def title_of(programme: Programme, trigger: str, state: str, back: str = "", *, unknown: str = "") -> str:
    """Return what an action is called in a state; one trigger may have several titles. `back` as the case keeps it."""
    here = programme.transition(trigger, state, back.rpartition(",")[2])
    named = (one.title for one in programme.transitions if one.trigger == trigger)
    return here.title if here else next(named, unknown or trigger)


def _programme(connection: Connection, office: Office, code: str, edition: str) -> Programme:
    return office.editions.machine(connection, code, edition).programme
