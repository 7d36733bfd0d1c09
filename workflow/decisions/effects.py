"""What a transition does beside moving the case: completeness, cycles, requests, certificates. One function an effect.

Each changes the `Deciding` it is given; nothing is written here but rows of requests. It must not decide whether.
"""

import secrets
import string
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, bindparam, or_, select, update

from states.dates import CalendarName, local_day
from states.definition import Effect, Programme
from states.facts import Facts
from states.guards import Attempt, in_words
from states.planner import plan_request
from states.standing import FOR_EVER, Certificate, Held
from states.terms import Term, decided_term
from workflow import models
from workflow.decisions.outcome import Act
from workflow.decisions.record import Change, Happened, Issued, Superseded
from workflow.errors import BadInput
from workflow.models.base import table_of
from workflow.store import calendar
from workflow.store.cases import Case
from workflow.store.numbers import next_number

_AEO_CODE = table_of(models.AeoCode)
_REQUEST = table_of(models.InformationRequest)
_DECISION = table_of(models.Decision)
_EVENT = table_of(models.CertificateEvent)
_CERTIFICATE = table_of(models.Certificate)
_PLANNED = table_of(models.PlannedAction)
_CODE_LETTERS = string.ascii_uppercase + string.digits
_ONE_DAY = timedelta(days=1)
REISSUE = "reissue"  # the trigger of the decision that gives a certificate a new number


@dataclass
class Deciding:
    """One decision in the making: what is known, the certificates as they become, and the change to be recorded."""

    connection: Connection
    programme: Programme
    case: Case
    facts: Facts
    attempt: Attempt
    act: Act
    day: date  # the effective day in the programme's zone
    target: str
    change: Change
    held: Held
    told: dict[str, Any] = field(default_factory=dict)  # more for the messages
    said: list[str] = field(default_factory=list)  # more for the person who acts, in sentences

    def happen(self, kind: str, **more: Any) -> None:
        """Let something happen to every certificate of the case that has not ended."""
        effective_on = more.pop("effective_on", self.day)
        for certificate in (self.held.current, self.held.following):
            if certificate is not None:
                self.change.events.append(Happened(certificate.number, kind, effective_on, **more))


def _complete(d: Deciding) -> None:
    d.change.updates["complete_at"] = d.change.effective_at


def _open_cycle(d: Deciding) -> None:
    """The renewal pack has arrived: its documents carry the next cycle's number already."""
    d.change.updates["cycle"] = d.case.facts_cycle
    until = continuation(d.programme, d.held.last_day)
    if until is None:
        return
    d.held = replace(d.held, continues_until=until)
    _of_newest(d, "continued", valid_until=until)


def continuation(programme: Programme, last: date | None) -> date | None:
    """Return the day to which a certificate runs on while its renewal is undecided, or None where it does not."""
    rules = programme.renewal
    if rules.pending_at_expiry == "ends" or last is None:
        return None
    return FOR_EVER if rules.pending_at_expiry == "continues_until_decided" else last + timedelta(rules.continues_days)


def _ask(d: Deciding) -> None:
    today = local_day(d.act.now, d.programme.time_zone)
    counted = answer_day(d.programme, d.attempt.day("reply_by"), asked_on=d.day, today=today)
    reply = deadline(d.connection, d.programme, counted)
    number = ask(d.connection, d.case, d.attempt.reason, reply, d.act)
    d.change.detail |= {"request": number, "reply_by": reply.day, "calendar": reply.calendar}
    d.told["requests"] = [{"number": number, "question": d.attempt.reason, "reply_by": reply.day}]
    d.said += [reply.sentence] if reply.sentence else []
    d.change.planned = (*d.change.planned, *planned_request(d.connection, d.programme, number, reply.day))


def answer_day(programme: Programme, named: date | None, *, asked_on: date, today: date) -> date:
    """Return the day by which a company shall answer: the named one, or as many days on as the programme gives.

    Raises BadInput for one that is past: question, reminder and final notice would go out together.
    """
    day = named or asked_on + timedelta(days=programme.information.reply_days)
    if day < today:
        sentence = (
            f"The answer would be due on {in_words(day)}, which is past; today is {in_words(today)}. Name a later day."
        )
        raise BadInput("DATE_ORDER", sentence, field="reply_by")
    return day


class Deadline(NamedTuple):
    """The day on which something is due of a company, the calendar by which it was found, and why it was moved."""

    day: date
    calendar: CalendarName
    sentence: str = ""


def deadline(connection: Connection, programme: Programme, counted: date) -> Deadline:
    """Return a company's deadline: a counted or named day that law leaves out rolls to the next one that counts."""
    if programme.calendars is None:
        return Deadline(counted, "none")
    zone, ahead = programme.time_zone, counted + timedelta(days=60)
    days = calendar.statutory_calendar(connection, zone, programme.calendars, counted, ahead)
    why, day = days.excluded(counted), days.deadline(counted)
    sentence = f"{in_words(counted)} is {why}: the answer is due on {in_words(day)}." if why else ""
    return Deadline(day, "statutory", sentence)


def ask(connection: Connection, case: Case, question: str, reply: Deadline, act: Act) -> int:
    """Insert a request for information and return its number within the case."""
    query = select(_REQUEST.c.number).where(_REQUEST.c.application_id == case.id)
    number = max(connection.execute(query).scalars(), default=0) + 1
    row = {"application_id": case.id, "number": number, "cycle": case.facts_cycle, "question": question}
    asked = {"asked_by": act.actor.id, "asked_at": act.now, "answer": ""}
    connection.execute(_REQUEST.insert(), row | asked | {"reply_by": reply.day, "calendar": reply.calendar})
    return number


def planned_request(connection: Connection, programme: Programme, number: int, reply_by: date) -> tuple[Any, ...]:
    """Return what the clock owes for a request."""
    last = reply_by + timedelta(days=programme.information.final_notice_days + 30)
    office = calendar.office_calendar(connection, programme.time_zone, reply_by, last)
    return plan_request(programme, number, reply_by, office)


def _take(d: Deciding) -> None:
    """Every request is answered on the day the information was received."""
    d.connection.execute(
        update(_REQUEST)
        .where(
            _REQUEST.c.application_id == d.case.id,
            _REQUEST.c.cycle == d.case.facts_cycle,
            _REQUEST.c.received_on.is_(None),
        )
        .values(received_on=d.day, answered_by=d.act.actor.id)
    )
    d.change.superseded.append(Superseded("request", "answered"))


def _issue(d: Deciding) -> None:
    """Issue the certificate; after an early renewal it follows the one that still runs."""
    term = _term(d)
    number = new_certificate_number(d.connection, d.programme, d.day)
    code = aeo_code(d.connection, d.case.company_id, d.programme.family)
    d.change.issued = Issued(number, term.valid_from, term.valid_until, code)
    d.change.detail |= {
        "certificate": number,
        "aeo_code": code,
        "counting": d.programme.validity.counting,
        "years": d.programme.validity.years,
    }
    d.told["aeo_code"] = code
    new, old = Certificate(number, term.valid_from, term.valid_until), d.held
    if old.newest is not None and old.runs(d.day):
        d.told["follows"] = old.newest.valid_until
        if old.newest.valid_until >= term.valid_from or old.continues_until:  # the old one gives way
            happened = Happened(old.newest.number, "replaced", term.valid_from, replaced_by=number)
            d.change.events.append(happened)
        if term.valid_from > d.day:
            d.held = Held(old.current, new, suspended_on=old.suspended_on)
            return
    d.held = Held(new)


def new_certificate_number(connection: Connection, programme: Programme, day: date) -> str:
    """Return a number that no certificate has had, also none that came from elsewhere."""
    while True:
        series = next_number(connection, f"certificate:{programme.code}:{day.year}")
        number = f"{programme.code}-{day.year}-C{series:05d}"
        if connection.execute(select(_CERTIFICATE.c.id).where(_CERTIFICATE.c.number == number)).first() is None:
            return number


def _term(d: Deciding) -> Term:
    band = d.facts.band.valid_until if d.facts.band else None
    first, earlier = d.attempt.day("valid_from"), d.attempt.day("valid_until")
    return decided_term(d.programme, d.held, d.day, band, first=first, earlier=earlier)


def aeo_code(connection: Connection, company_id: int, family: str, code: str = "") -> str:
    """Return the company's code in the family, given once and kept: AEOSG and 12 characters (Circular 06/2024).

    `code` is one that another system gave; it counts where the company has none yet.
    """
    query = select(_AEO_CODE.c.code).where(_AEO_CODE.c.company_id == company_id, _AEO_CODE.c.family == family)
    known: str | None = connection.execute(query).scalar_one_or_none()
    if known is None:
        known = code or "AEOSG" + "".join(secrets.choice(_CODE_LETTERS) for _ in range(12))
        connection.execute(_AEO_CODE.insert(), {"company_id": company_id, "family": family, "code": known})
    return known


def _suspend(d: Deciding) -> None:
    """A suspension hits every certificate that has not ended."""
    d.held = replace(d.held, suspended_on=d.day)
    d.happen("suspended")
    d.told["effective_on"] = d.day


def _reinstate(d: Deciding) -> None:
    d.held = replace(d.held, suspended_on=None)
    d.happen("reinstated")
    d.told["effective_on"] = d.day


def _extend(d: Deciding) -> None:
    until, newest = d.attempt.day("valid_until"), d.held.newest
    if until is None or newest is None:
        raise RuntimeError("An extension without a later last day passed its rule.")
    d.told["previous_valid_until"] = newest.valid_until
    _of_newest(d, "extended", valid_until=until)
    d.held = with_newest(d.held, replace(newest, valid_until=until))


def with_newest(held: Held, certificate: Certificate) -> Held:
    """Return the same with its newest certificate exchanged."""
    return replace(held, following=certificate) if held.following else replace(held, current=certificate)


def _of_newest(d: Deciding, kind: str, effective_on: date | None = None, **more: Any) -> None:
    if d.held.newest is not None:
        d.change.events.append(Happened(d.held.newest.number, kind, effective_on or d.day, **more))


def _expire(d: Deciding) -> None:
    """The first day without standing is the one after the last valid day."""
    ended_on = end_of_standing(d.held)
    if ended_on is not None:
        _of_newest(d, "expired", ended_on)
        if d.held.suspended_on is not None and d.change.decided:
            d.change.decided = replace(d.change.decided, reason="Ended while suspended.")
        d.held = replace(d.held, ended_on=ended_on)


def end_of_standing(held: Held) -> date | None:
    """Return the first day without standing that follows from the dates alone."""
    if held.last_day is None:
        return None
    return max(held.last_day, held.continues_until or held.last_day) + _ONE_DAY


def _revoke(d: Deciding) -> None:
    _end(d, "revoked")


def _surrender(d: Deciding) -> None:
    _end(d, "surrendered")


def _end(d: Deciding, kind: str) -> None:
    """The suspension stays on record: were the ending set aside, it would still be open."""
    d.happen(kind)
    d.held = replace(d.held, ended_on=d.day)
    d.told["effective_on"] = d.day


def _undo(d: Deciding) -> None:
    """Reverse what the decision that led here did to the certificates, by new events; dates are as before."""
    # Others lead here too: an extension or a reinstatement of a case that stays withdrawn, or something set aside.
    entering = [t.trigger for t in d.programme.transitions if t.target == d.case.state]
    led_here = and_(_DECISION.c.trigger.in_(entering), _DECISION.c.from_state == d.case.back_to)
    newest = select(_DECISION.c.id, _DECISION.c.trigger, _DECISION.c.decision_no).where(
        _DECISION.c.application_id == d.case.id,
        _DECISION.c.to_state == d.case.state,
        or_(led_here, _DECISION.c.trigger == "import"),
    )
    decision = d.connection.execute(newest.order_by(_DECISION.c.decision_no.desc()).limit(1)).one()
    d.change.detail |= {"undone": decision.trigger, "undone_decision": decision.decision_no}
    titles = (t.title for t in d.programme.transitions if t.trigger == decision.trigger)
    title = next(titles, "As taken over from elsewhere")
    d.told |= {"undone": title, "state_title": d.programme.state_by_name[d.target].title}
    if d.programme.state_by_name[d.case.state].kind == "closed":
        _chase_again(d)
    later = d.attempt.day("valid_until")
    for event in _done_by(d, decision):
        happened = Happened(event.number, "set_aside", d.day, undoes=event.id)
        d.change.events.append(happened)
        if event.kind == "suspended":
            d.held = replace(d.held, suspended_on=None)
        elif event.kind == "continued":
            d.held = replace(d.held, continues_until=_continued_before(d, event.certificate_id, event.id))
        else:
            d.held = replace(d.held, ended_on=None)
    if later and d.held.newest:
        if d.held.ended_on is not None:
            _undo_expiry(d, d.held.newest.number)
        _of_newest(d, "extended", valid_until=later)
        d.held = with_newest(d.held, replace(d.held.newest, valid_until=later))


def _done_by(d: Deciding, decision: Any) -> list[Any]:
    """Return what a decision did to the certificates; its suspension goes on under each number given since."""
    happened = (
        select(_EVENT.c.id, _EVENT.c.kind, _EVENT.c.certificate_id, _CERTIFICATE.c.number)
        .join(_CERTIFICATE, _CERTIFICATE.c.id == _EVENT.c.certificate_id)
        .join(_DECISION, _DECISION.c.id == _EVENT.c.decision_id)
        .where(_CERTIFICATE.c.application_id == d.case.id)
        .order_by(_EVENT.c.id)
    )
    own = list(d.connection.execute(happened.where(_DECISION.c.id == decision.id)))
    if all(event.kind != "suspended" for event in own):
        return own
    since = and_(_DECISION.c.decision_no > decision.decision_no, _DECISION.c.trigger == REISSUE)
    carried_over = happened.where(since, _EVENT.c.kind == "suspended")
    return [*own, *d.connection.execute(carried_over)]


def _undo_expiry(d: Deciding, number: str) -> None:
    """A later last day reverses the end that the clock noted by the earlier one, though no decision made it."""
    expired = (
        select(_EVENT.c.id)
        .join(_CERTIFICATE, _CERTIFICATE.c.id == _EVENT.c.certificate_id)
        .where(_CERTIFICATE.c.number == number, _EVENT.c.kind == "expired")
    )
    newest = d.connection.execute(expired.order_by(_EVENT.c.id.desc()).limit(1)).scalar_one()
    d.change.events.append(Happened(number, "set_aside", d.day, undoes=newest))
    d.held = replace(d.held, ended_on=None)


def _continued_before(d: Deciding, certificate_id: int, event_id: int) -> date | None:
    """Return how long a certificate ran on before an event that cut it short."""
    earlier = select(_EVENT.c.valid_until).where(
        _EVENT.c.certificate_id == certificate_id, _EVENT.c.kind == "continued", _EVENT.c.id < event_id
    )
    until: date | None = d.connection.execute(earlier.order_by(_EVENT.c.id.desc()).limit(1)).scalar_one_or_none()
    return until


def _chase_again(d: Deciding) -> None:
    """Plan again what the ending stopped. Of what fell due meanwhile the clock sends the reminder first."""
    states = d.programme.state_by_name
    beneath = d.change.updates["back"].rpartition(",")[2] if states[d.target].kind == "suspended" else d.target
    if states[beneath].kind != "waiting":
        return
    query = select(_REQUEST).where(
        _REQUEST.c.application_id == d.case.id, _REQUEST.c.cycle == d.case.cycle, _REQUEST.c.received_on.is_(None)
    )
    went_out = select(_PLANNED.c.rule).where(
        _PLANNED.c.application_id == d.case.id,
        _PLANNED.c.subject == "request",
        _PLANNED.c.occurrence == bindparam("number"),
        _PLANNED.c.status == "done",
    )
    for row in d.connection.execute(query.order_by(_REQUEST.c.number)).all():
        gone = d.connection.execute(went_out, {"number": row.number}).scalars().all()
        planned = planned_request(d.connection, d.programme, row.number, row.reply_by)
        d.change.planned = (*d.change.planned, *(one for one in planned if one.rule not in gone))


EFFECTS: dict[Effect, Callable[[Deciding], None]] = {
    "complete_application": _complete,
    "open_cycle": _open_cycle,
    "ask_information": _ask,
    "take_information": _take,
    "issue_certificate": _issue,
    "suspend_certificate": _suspend,
    "reinstate_certificate": _reinstate,
    "extend_certificate": _extend,
    "end_certificate": _expire,
    "revoke_certificate": _revoke,
    "surrender_certificate": _surrender,
    "undo_ending": _undo,
}


def stop_continuing(d: Deciding) -> None:
    """A renewal that ends without a certificate ends the running-on: today, or at the original last day.

    The clock ends the certificate when that day is over.
    """
    last, until = d.held.last_day, d.held.continues_until
    if last is None or until is None or d.held.ended_on is not None:
        return
    end = max(last, min(until, d.day))
    _of_newest(d, "continued", valid_until=end)
    d.held = replace(d.held, continues_until=end if end > last else None)


def projection(held: Held) -> dict[str, Any]:
    """Return the columns of an application that keep its certificates."""
    current, following = held.current, held.following
    return {
        "certificate_number": current.number if current else None,
        "valid_from": current.valid_from if current else None,
        "valid_until": current.valid_until if current else None,
        "next_certificate": following.number if following else None,
        "next_valid_from": following.valid_from if following else None,
        "next_valid_until": following.valid_until if following else None,
        "continues_until": held.continues_until,
        "suspended_on": held.suspended_on,
        "ended_on": held.ended_on,
    }
