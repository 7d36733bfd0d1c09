"""Fires one transition of one case: lock, load facts, fire, record. The choke point of every door."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from states.dates import local_day, start_of
from states.definition import Programme, Transition
from states.guards import Attempt
from workflow import inputs
from workflow.decisions.decide import Request, decide
from workflow.decisions.outcome import Act, Outcome
from workflow.decisions.record import stale
from workflow.errors import BadInput
from workflow.store import cases, facts
from workflow.store.cases import Case
from workflow.store.office import Office


def advance_application(
    office: Office,
    *,
    reference: str,
    trigger: str,
    act: Act,
    reason_code: str = "",
    reason: str = "",
    internal_reason: str = "",
    effective_on: date | None = None,
    given: Mapping[str, str] | None = None,
    version: int | None = None,
) -> Outcome:
    """Advance a case, or return the refusal with every unmet rule; both are in the trail.

    Raises NotFound, BadInput (unknown trigger, unknown or ill-formed given fact, dates out of order) and StaleVersion
    when `version` is given and the case changed since; these write nothing.
    """
    reason = inputs.text(reason, "The reason", empty=True)
    internal_reason = inputs.text(internal_reason, "The internal reason", empty=True)
    with office.database.transaction() as transaction:
        connection = transaction.connection
        case = cases.lock(connection, reference)
        if version is not None and version != case.version:
            raise stale(reference)
        machine = office.editions.machine(connection, case.programme, case.edition)
        programme = machine.programme
        transition = _transition(programme, trigger, case.state)
        effective_at = _effective_at(programme, case, effective_on, act.now)
        read = _given(programme, transition, given or {}, effective_at)
        loaded = facts.load(connection, [case], now=act.now, zones={case.id: programme.time_zone})[case.id]
        request = Request(trigger, Attempt(reason, reason_code, read), effective_at, internal_reason)
        return decide(connection, office.origin, machine, case, loaded, request, act)


def _transition(programme: Programme, trigger: str, state: str) -> Transition:
    """Return what the trigger means here, or anywhere when the state does not have it: the machine then refuses."""
    named = [t for t in programme.transitions if t.trigger == trigger]
    if not named:
        raise BadInput(
            "TRIGGER", f'{programme.code} has no trigger "{trigger[:40]}". Known: {", ".join(programme.triggers)}.'
        )
    return programme.transition(trigger, state) or named[0]


def _effective_at(programme: Programme, case: Case, effective_on: date | None, now: datetime) -> datetime:
    """A past day counts from its beginning, or from the previous decision when that fell on the same day."""
    today = local_day(now, programme.time_zone)
    if effective_on is None or effective_on == today:
        return max(now, case.decided_at)
    inputs.not_future(effective_on, today, "The effective day")
    before = local_day(case.decided_at, programme.time_zone)
    if effective_on < before:
        raise BadInput(
            "DATE_ORDER",
            f"The effective day {effective_on.isoformat()} is before the previous decision of {before.isoformat()}. "
            "Decisions keep their order.",
        )
    return max(start_of(effective_on, programme.time_zone), case.decided_at)


def _given(
    programme: Programme, transition: Transition, given: Mapping[str, str], effective_at: datetime
) -> dict[str, date | str]:
    read: dict[str, date | str] = {}
    for key, value in given.items():
        kind = transition.given.get(key)
        if kind is None:
            known = ", ".join(transition.given) or "none"
            raise BadInput("GIVEN", f'{transition.trigger} takes no given fact "{key[:40]}". Known: {known}.')
        read[key] = inputs.day(value, key) if kind == "date" else inputs.text(value, key)
    valid_from = read.get("valid_from")
    if isinstance(valid_from, date):
        first = local_day(effective_at, programme.time_zone)
        last = first + timedelta(days=programme.validity.start_within_days)
        if not first <= valid_from <= last:
            raise BadInput(
                "DATE_ORDER",
                f"valid_from {valid_from.isoformat()} must lie between the decision day {first.isoformat()} and "
                f"{last.isoformat()}. A certificate is never backdated.",
            )
    return read
