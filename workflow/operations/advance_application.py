"""Fires one transition of one case: lock, load facts, fire, record. The choke point of every door."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from states.dates import local_day, start_of
from states.definition import Programme, Transition
from states.facts import Facts
from states.guards import Attempt, Unmet, in_words
from states.terms import decided_term
from workflow import inputs, models
from workflow.access import Deed
from workflow.decisions.approvals import open_approval
from workflow.decisions.decide import Request, decide, summary
from workflow.decisions.effects import answer_day, end_of_standing
from workflow.decisions.once import once
from workflow.decisions.outcome import Act, Done, Outcome
from workflow.decisions.permit import refuse
from workflow.decisions.record import stale
from workflow.errors import BadInput
from workflow.models.base import table_of
from workflow.store import cases, facts, requests
from workflow.store.calendar import office_calendar
from workflow.store.cases import Case
from workflow.store.facts import Loaded
from workflow.store.office import Office

BACKDATED_DAYS = 5  # office days; beyond them a second person confirms
_DOCUMENT = table_of(models.Document)


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
    idempotency_key: str = "",
) -> Outcome:
    """Advance a case, or return the refusal with every unmet rule; both are in the trail.

    What one person alone may not do is kept until a second one confirms it. The same request with the same key again
    does nothing and gets the same answer.

    Raises NotFound, BadInput (unknown trigger, unknown or ill-formed given fact, dates out of order, a key of another
    request) and StaleVersion when `version` is given and the case changed since; these write nothing.
    """
    key, wish = inputs.key(idempotency_key), _Wish(trigger, effective_on, dict(given or {}))
    wish.reason_code, wish.reason = reason_code, inputs.text(reason, "The reason", empty=True)
    wish.internal_reason = inputs.text(internal_reason, "The internal reason", empty=True)
    body = asdict(wish) | {"reference": reference, "version": version}
    with office.database.transaction() as transaction:
        connection = transaction.connection
        case = cases.lock(connection, reference, act.actor)

        def advance() -> Outcome:
            if version is not None and version != case.version:
                raise stale(reference)
            return _advance(connection, office, case, wish, act)

        return once(connection, act, "transitions", key, body, advance)


@dataclass
class _Wish:
    """What a caller asks for, as given."""

    trigger: str
    effective_on: date | None
    given: dict[str, str]
    reason_code: str = ""
    reason: str = ""
    internal_reason: str = ""


def _advance(connection: Connection, office: Office, case: Case, wish: _Wish, act: Act) -> Outcome:
    machine = office.editions.machine(connection, case.programme, case.edition)
    programme = machine.programme
    transition = _transition(programme, wish.trigger, case)
    day = wish.effective_on or _received_on(connection, programme, case, transition)
    effective_at = _effective_at(programme, case, transition, day, act.now)
    loaded = facts.load_one(connection, office, case, now=act.now)
    read = _given(connection, programme, case, loaded, transition, wish.given, effective_at, act.now)
    request = Request(wish.trigger, Attempt(wish.reason, wish.reason_code, read), effective_at, wish.internal_reason)
    why = _second_person(connection, programme, transition, request, act.now, chosen=wish.effective_on is not None)
    if why and machine.judge(wish.trigger, loaded.facts, act.actor, request.attempt).allowed:
        return _ask(connection, office, case, programme, transition, request, loaded.facts.digest, why, act)
    return decide(connection, office, machine, case, loaded, request, act)


def _received_on(connection: Connection, programme: Programme, case: Case, transition: Transition) -> date | None:
    """The processing clock runs on from the day the last answer arrived, where every answer is recorded already.

    Nobody chooses this day here, so a late record of it is confirmed where the answer is recorded.
    """
    if "take_information" not in transition.effects:
        return None
    day = requests.all_received_on(connection, case)
    return max(day, local_day(case.decided_at, programme.time_zone)) if day else None


def fire_confirmed(
    connection: Connection, office: Office, case: Case, asked: dict[str, Any], by: Act, act: Act
) -> Outcome:
    """Fire what the actor of `by` asked for and the actor of `act`, a second person, confirms.

    The rules are asked anew, on the facts that the first person saw: nobody decides on others through somebody else.
    """
    loaded = facts.load_one(connection, office, case, now=act.now)
    machine = office.editions.machine(connection, case.programme, case.edition)
    if asked.get("seen") != loaded.facts.digest:
        sentence = (
            f"The facts of {case.reference} changed since {by.actor.name} asked for this, so it cannot be done on them. "
            f"Refuse it; {by.actor.name} can look again and ask anew."
        )
        unmet = [Unmet("facts_seen", "APPROVAL_STALE", sentence, by.actor.name)]
        return refuse(connection, office.origin, case, machine.programme, Deed.CONFIRM, act, unmet)
    transition = _transition(machine.programme, asked["trigger"], case)
    day = inputs.day(asked["effective_on"], "The effective day") if asked["effective_on"] else None
    effective_at = _effective_at(machine.programme, case, transition, day, act.now)
    read = _given(connection, machine.programme, case, loaded, transition, asked["given"], effective_at, act.now)
    attempt = Attempt(asked["reason"], asked["reason_code"], read)
    request = Request(asked["trigger"], attempt, effective_at, asked["internal_reason"], confirmed_by=act.actor.id)
    return decide(connection, office, machine, case, loaded, request, by)


def _second_person(
    connection: Connection,
    programme: Programme,
    transition: Transition,
    request: Request,
    now: datetime,
    *,
    chosen: bool,
) -> str:
    """Return why one person alone may not do it, or nothing; `chosen` says that the person named the day."""
    today, day = local_day(now, programme.time_zone), local_day(request.effective_at, programme.time_zone)
    if chosen and far_back(connection, programme, day, today):
        return f"counted from {in_words(day)}, more than {BACKDATED_DAYS} office days ago"
    if request.attempt.reason_code == "no_reply":
        return "closing for no reply"
    earlier = request.attempt.day("valid_until")
    if earlier and "issue_certificate" in transition.effects:
        return f"another last day than the rules give, {in_words(earlier)}"
    return ""


def far_back(connection: Connection, programme: Programme, day: date, today: date) -> bool:
    """Say whether a day is so many office days back that a second person must confirm it."""
    if (today - day).days <= BACKDATED_DAYS:
        return False
    office = office_calendar(connection, programme.time_zone, day, today)
    return office.office_days_between(day, today) > BACKDATED_DAYS


def _ask(
    connection: Connection,
    office: Office,
    case: Case,
    programme: Programme,
    transition: Transition,
    request: Request,
    seen: str,
    why: str,
    act: Act,
) -> Done:
    """Keep what was asked for, with the digest of the facts that were seen, until a second person confirms it."""
    day = local_day(request.effective_at, programme.time_zone)
    backdated = request.effective_at < act.now and day != local_day(act.now, programme.time_zone)
    asked = {
        "trigger": request.trigger,
        "reason": request.attempt.reason,
        "reason_code": request.attempt.reason_code,
        "internal_reason": request.internal_reason,
        "effective_on": day.isoformat() if backdated else "",
        "given": {name: str(value) for name, value in (request.attempt.given or {}).items()},
        "seen": seen,
    }
    role = next(role for role in transition.roles if role in act.actor.roles)
    sentence = f"{transition.title}, {why}: {case.reference}"
    approval = open_approval(
        connection, office, case, programme, act, role=role, kind="transition", sentence=sentence, request=asked
    )
    words = (
        f"{transition.title}: a second person must confirm it first (aeo approval confirm {approval}), because: {why}."
    )
    return Done(words, summary(case) | {"approval": approval})


def _transition(programme: Programme, trigger: str, case: Case) -> Transition:
    """Return what the trigger means here, or anywhere when the state does not have it: the machine then refuses."""
    named = [t for t in programme.transitions if t.trigger == trigger]
    if not named:
        raise BadInput(
            "TRIGGER", f'{programme.code} has no trigger "{trigger[:40]}". Known: {", ".join(programme.triggers)}.'
        )
    return programme.transition(trigger, case.state, case.back_to) or named[0]


def _effective_at(
    programme: Programme, case: Case, transition: Transition, effective_on: date | None, now: datetime
) -> datetime:
    """A past day counts from its beginning, or from the previous decision when that fell on the same day."""
    today = local_day(now, programme.time_zone)
    if effective_on is None or effective_on == today:
        return max(now, case.decided_at)
    inputs.not_future(effective_on, today, "The effective day", field="effective_on")
    before = local_day(case.decided_at, programme.time_zone)
    if effective_on < before:
        raise BadInput(
            "DATE_ORDER",
            f"The effective day {in_words(effective_on)} is before the previous decision of {in_words(before)}. "
            "Decisions keep their order.",
            field="effective_on",
        )
    if "take_information" not in transition.effects:  # when an answer arrived, whatever has ended since
        _not_before_end(case, effective_on, today)
    return max(start_of(effective_on, programme.time_zone), case.decided_at)


def _not_before_end(case: Case, effective_on: date, today: date) -> None:
    """What is judged by a certificate that has ended cannot count from a day on which it had not."""
    ended_on = case.held.ended_on or end_of_standing(case.held)
    if ended_on is None or not effective_on < ended_on <= today:
        return
    raise BadInput(
        "DATE_ORDER",
        f"The effective day {in_words(effective_on)} is before {in_words(ended_on)}, the first day after the end of "
        "the certificate. What is decided after the end counts from that day at the earliest.",
        field="effective_on",
    )


def _given(
    connection: Connection,
    programme: Programme,
    case: Case,
    loaded: Loaded,
    transition: Transition,
    given: Mapping[str, str],
    effective_at: datetime,
    now: datetime,
) -> dict[str, date | str | int]:
    """Read the given facts as the transition declares them. Raises BadInput."""
    read: dict[str, date | str | int] = {}
    for key, value in given.items():
        match transition.given.get(key):
            case "date":
                read[key] = inputs.day(value, key)
            case "text":
                read[key] = inputs.text(value, key)
            case "document":
                read[key] = _own_document(connection, case, key, value)
            case None:
                known = ", ".join(transition.given) or "none"
                raise BadInput("GIVEN", f'{transition.trigger} takes no given fact "{key[:40]}". Known: {known}.')
    if "undo_ending" in transition.effects:
        _never_shorter(case, read.get("valid_until"))
    if "ask_information" in transition.effects:
        named, zone = read.get("reply_by"), programme.time_zone
        day = named if isinstance(named, date) else None
        counted = answer_day(programme, day, asked_on=local_day(effective_at, zone), today=local_day(now, zone))
        inputs.not_far(counted, local_day(now, zone), "The day by which to answer", field="reply_by")
    if "issue_certificate" in transition.effects:
        _in_bounds(programme, loaded.facts, read, local_day(effective_at, programme.time_zone))
    return read


def _own_document(connection: Connection, case: Case, key: str, value: str) -> int:
    query = select(_DOCUMENT.c.id).where(_DOCUMENT.c.application_id == case.id)
    if not value.isdigit() or int(value) not in set(connection.execute(query).scalars()):
        raise BadInput("DOCUMENT", f'{key} "{value[:40]}" is not the number of a document of {case.reference}.')
    return int(value)


def _never_shorter(case: Case, until: date | str | int | None) -> None:
    """Setting a decision aside restores the original dates; an order may set a later last day, never an earlier one."""
    last = case.held.last_day
    if until is None or (isinstance(until, date) and last and until > last):
        return
    told = f"must be after {in_words(last)}, the last day as it stands" if last else "needs a certificate"
    day = f", {in_words(until)}," if isinstance(until, date) else ""
    raise BadInput(
        "DATE_ORDER",
        f"The last day that the order sets{day} {told} (--given valid_until). Leave it out to restore the dates as they were.",
        field="valid_until",
    )


def _in_bounds(programme: Programme, seen: Facts, read: Mapping[str, date | str | int], decided_on: date) -> None:
    """A certificate begins between the decision and some days later, and never ends later than the rules say."""
    held, band = seen.held.promoted(decided_on), seen.band.valid_until if seen.band else None
    first, until = (day if isinstance(day := read.get(name), date) else None for name in ("valid_from", "valid_until"))
    rules = decided_term(programme, held, decided_on, band)
    last = decided_on + timedelta(days=programme.validity.start_within_days)
    if first and held.newest and held.runs(decided_on) and programme.renewal.renewal_starts == "day_after":
        if first != rules.valid_from:
            raise BadInput(
                "DATE_ORDER",
                f"The certificate in hand runs to {in_words(held.newest.valid_until)}, so the renewed one begins on "
                f"{in_words(rules.valid_from)}. Leave the first day out (--given valid_from).",
                field="valid_from",
            )
    elif first and not decided_on <= first <= last:
        raise BadInput(
            "DATE_ORDER",
            f"The first day, {in_words(first)}, must lie between the decision day {in_words(decided_on)} and "
            f"{in_words(last)} (--given valid_from). A certificate is never backdated.",
            field="valid_from",
        )
    rules = decided_term(programme, held, decided_on, band, first=first)
    if rules.valid_until < rules.valid_from:  # the band ends before that: the rules say so
        return
    if until and not rules.valid_from <= until <= rules.valid_until:
        raise BadInput(
            "DATE_ORDER",
            f"The last day, {in_words(until)}, must lie between {in_words(rules.valid_from)} and "
            f"{in_words(rules.valid_until)} (--given valid_until): an approver may set it earlier than the rules give, "
            "never later.",
            field="valid_until",
        )
