"""What was done out of the ordinary, told from the trail: waivers, overrides, days far back, haste, second persons.

It reads entries alone, so what was disposed of since changes nothing. It judges nothing: each row may have been right.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from states.dates import end_of, local_day, start_of
from states.facts import CLOCK, OPERATOR
from workflow import models
from workflow.audit.wording import in_words
from workflow.models.base import table_of
from workflow.store import people
from workflow.store.absences import OFFICE_ZONE
from workflow.store.office import Office

HASTE = timedelta(minutes=5)  # a decision so soon after its recommendation
KINDS = {
    "waiver": "a required document that a case may do without",
    "uen_override": "an identifier with a wrong check letter, taken as it stands",
    "validity_override": "a certificate with another last day than the rules give",
    "backdating": "what counts from a day before it was recorded, or was received before",
    "bulk_assessment": "answers assessed met together",
    "quick_decision": "a decision within five minutes of its recommendation",
    "confirmed_sweep": "a sweep that the lapse guard had held",
    "no_reply": "a case closed because the company did not answer",
    "refiled_document": "a document filed again under another kind or case",
    "as_printed": "a certificate taken over with days that the rules would not give",
    "emergency": "a suspension at once, confirmed later",
    "set_aside": "a decision set aside",
    "correction": "a certificate corrected",
}
_E = table_of(models.AuditEntry)
_APPROVALS = ("case:approval:asked", "case:approval:confirmed", "case:approval:refused")
_READ = (
    "case:document:waived",
    "case:identifier:accepted",
    "case:state:changed",
    "case:application:submitted",
    "case:information:answered",
    "case:findings:assessed",
    "case:recommendation:made",
    "case:recommendation:taken_back",
    "case:document:refiled",
    "case:certificate:imported",
    "case:certificate:corrected",
    "clock:sweep:confirmed",
)
_SIMPLE = {
    "case:findings:assessed": "bulk_assessment",
    "clock:sweep:confirmed": "confirmed_sweep",
}


@dataclass
class _Approval:
    """One question to a second person, as the trail tells it."""

    number: int
    asked_by: str
    answered_by: str = ""
    answer: str = ""  # "confirmed", "refused" or not yet

    def in_words(self, names: Mapping[str, str]) -> str:
        who = names.get(self.answered_by, self.answered_by)
        return (
            who if self.answer == "confirmed" else f"refused by {who}" if self.answer else f"waits (no. {self.number})"
        )


@dataclass
class _Approvals:
    """Questions to second persons by number, and by what they came with: the same case, kind and instant."""

    by_number: dict[int, _Approval] = field(default_factory=dict)
    with_act: dict[tuple[str, str, str], _Approval] = field(default_factory=dict)

    def hear(self, members: Mapping[str, Any]) -> None:
        detail, action = members["detail"], members["kind"].rpartition(":")[2]
        if action == "asked":
            made = self.by_number[detail["approval"]] = _Approval(detail["approval"], members["actor"])
            self.with_act[_case(members), detail["approval_kind"], members["recorded_at"]] = made
        elif asked := self.by_number.get(detail["approval"]):
            asked.answered_by, asked.answer = members["actor"], action

    def of(self, members: Mapping[str, Any], kind: str) -> _Approval | None:
        return self.with_act.get((_case(members), kind, members["recorded_at"]))


@dataclass(frozen=True)
class _Found:
    kind: str
    reason: str
    who: str
    second: str = ""  # an id, or words where the second person has not agreed
    asked: _Approval | None = None


def exceptions(
    connection: Connection, office: Office, *, first: date | None = None, last: date | None = None, kind: str = ""
) -> list[dict[str, Any]]:
    """Return what was recorded between two days (in the office's zone, both included), in the order of the trail."""
    names = people.names(connection) | {CLOCK.id: CLOCK.name, OPERATOR.id: OPERATOR.name}
    approvals = _approvals(connection)
    begin = start_of(first, OFFICE_ZONE) if first else None
    query = (
        select(_E.c.id, _E.c.position, _E.c.recorded_at, _E.c.canonical).where(_E.c.kind.in_(_READ)).order_by(_E.c.id)
    )
    if begin:
        query = query.where(_E.c.recorded_at >= begin - HASTE)  # a recommendation just before counts
    if last:
        query = query.where(_E.c.recorded_at < end_of(last, OFFICE_ZONE))
    recommended: dict[str, dict[str, Any]] = {}
    rows = []
    for entry in connection.execute(query.execution_options(yield_per=5_000)):
        members = json.loads(entry.canonical)
        if members["kind"] == "case:recommendation:made":
            recommended[_case(members)] = members
            continue
        if members["kind"] == "case:recommendation:taken_back":
            recommended.pop(_case(members), None)
            continue
        if begin and entry.recorded_at < begin:
            continue
        zone = _zone(connection, office, members)
        found = _found(members, approvals, recommended.get(_case(members)), zone)
        rows += [_row(entry, members, one, names, zone) for one in found if kind in ("", one.kind)]
    return rows


def _approvals(connection: Connection) -> _Approvals:
    approvals = _Approvals()
    query = select(_E.c.canonical).where(_E.c.kind.in_(_APPROVALS)).order_by(_E.c.id)
    for text in connection.execute(query).scalars():
        approvals.hear(json.loads(text))
    return approvals


def _found(
    members: Mapping[str, Any], approvals: _Approvals, recommended: Mapping[str, Any] | None, zone: str
) -> Iterator[_Found]:
    detail, actor = members.get("detail", {}), members["actor"]
    match members["kind"]:
        case "case:state:changed":
            if actor != CLOCK.id:
                yield from _of_decision(members, approvals, recommended, zone)
        case "case:document:waived" | "case:document:refiled" as kind:
            asked = approvals.by_number.get(detail.get("approval", 0))
            name = "waiver" if kind == "case:document:waived" else "refiled_document"
            yield _Found(name, detail["why"], asked.asked_by if asked else "", actor)
        case "case:identifier:accepted":
            yield _Found("uen_override", detail["why"], actor, asked=approvals.of(members, "check_letter"))
        case "case:application:submitted" | "case:information:answered":
            received, recorded = detail.get("received_on", ""), _day(members["recorded_at"], zone)
            if received and date.fromisoformat(received) < recorded:
                yield _Found("backdating", f"received on {received}", actor, asked=approvals.of(members, "received_on"))
        case "case:certificate:imported":
            if members.get("wrote", {}).get("certificate", {}).get("as_printed"):
                signed_off = approvals.with_act.get(("", "import", members["recorded_at"]))
                yield _Found("as_printed", detail["what"], actor, asked=signed_off)
        case "case:certificate:corrected":
            yield _Found("correction", members.get("reason", ""), actor, _confirmed_by(members))
        case kind:
            yield _Found(_SIMPLE[kind], in_words(members), actor)


def _of_decision(
    members: Mapping[str, Any], approvals: _Approvals, recommended: Mapping[str, Any] | None, zone: str
) -> Iterator[_Found]:
    trigger, who, second = members["detail"]["trigger"], members["actor"], _confirmed_by(members)
    reason = members.get("reason", "")
    wrote = members.get("wrote", {})
    until = wrote.get("decision", {}).get("given", {}).get("valid_until")
    effective_on, recorded = _day(members["effective_at"], zone), _at(members["recorded_at"])
    if effective_on < local_day(recorded, zone):
        yield _Found("backdating", _joined(f"counts from {effective_on.isoformat()}", reason), who, second)
    if until and "certificate" in wrote:
        yield _Found("validity_override", _joined(f"until {until}", reason), who, second)
    if members.get("reason_code") == "no_reply":
        yield _Found("no_reply", reason, who, second)
    if asked := approvals.of(members, "emergency_suspension"):
        yield _Found("emergency", reason, who, asked=asked)
    if trigger == "set_aside":
        yield _Found("set_aside", _joined(members.get("reason_code", ""), reason), who, second)
    if recommended and recommended["detail"]["outcome"] == trigger:
        after = recorded - _at(recommended["recorded_at"])
        if after <= HASTE:
            minutes, seconds = divmod(int(after.total_seconds()), 60)
            told = f"{minutes} min {seconds} s after the recommendation"
            yield _Found("quick_decision", told, who, recommended["actor"])


def _row(entry: Any, members: Mapping[str, Any], one: _Found, names: Mapping[str, str], zone: str) -> dict[str, Any]:
    second = one.asked.in_words(names) if one.asked else names.get(one.second, one.second)
    return {
        "kind": one.kind,
        "date": local_day(entry.recorded_at, zone),
        "recorded_at": entry.recorded_at,
        "who": names.get(one.who, one.who),
        "second_person": second,
        "application": _case(members) or None,
        "reason": one.reason,
        "what": in_words(members),
        "entry": entry.position,
    }


def _zone(connection: Connection, office: Office, members: Mapping[str, Any]) -> str:
    if not (edition := members.get("edition")):
        return OFFICE_ZONE
    return office.editions.machine(connection, edition[0], edition[1]).programme.time_zone


def _case(members: Mapping[str, Any]) -> str:
    return str(members.get("about", {}).get("application", ""))


def _confirmed_by(members: Mapping[str, Any]) -> str:
    return str(members.get("wrote", {}).get("decision", {}).get("given", {}).get("confirmed_by", ""))


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _day(text: str, zone: str) -> date:
    return local_day(_at(text), zone)


def _joined(*parts: str) -> str:
    return ": ".join(part for part in parts if part)
