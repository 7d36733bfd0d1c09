"""Named rules. Each says Met with the value it saw, or Unmet with a code, a sentence and who can meet it.

Pure, without side effects. A guard's name never changes its meaning, because stored editions name it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from states.dates import Standing
from states.definition import BANDS, Programme, Transition
from states.facts import Facts, Person

# What only the deciding person or the recommendation itself can meet.
LEFT_TO_THE_DECISION = frozenset(
    {"recommended", "four_eyes", "role_permits", "reason_given", "reason_code_known", "valid_until_later"}
)
_NAMED = 4  # how many things a sentence names before it counts the rest


@dataclass(frozen=True)
class Met:
    rule: str
    value: str  # what the rule saw, for the trail


@dataclass(frozen=True)
class Unmet:
    rule: str
    code: str
    sentence: str
    who: str  # who can meet it, in words


@dataclass(frozen=True)
class Attempt:
    """What a caller gives with a trigger."""

    reason: str = ""
    reason_code: str = ""
    given: Mapping[str, date | str | int] | None = None
    lifts_emergency: bool = False  # a second person does not share what one did at once; no caller can give this

    def day(self, name: str) -> date | None:
        """Return a given day, or None when it was not given."""
        value = (self.given or {}).get(name)
        return value if isinstance(value, date) else None


@dataclass(frozen=True)
class Question:
    """May this person fire this transition, with these facts? `attempt` is None while only looking."""

    programme: Programme
    transition: Transition
    facts: Facts
    actor: Person
    attempt: Attempt | None = None

    @property
    def is_emergency(self) -> bool:
        """Whether one person acts at once and a second one confirms it later, or lifts it."""
        emergency = self.transition.emergency
        if self.attempt is None:
            return False
        at_once = emergency is not None and self.attempt.reason_code == emergency.reason_code
        return at_once or self.attempt.lifts_emergency


Verdict = Met | Unmet
Guard = Callable[[Question], Verdict]

_ROLE_WORDS = {
    "officer": "officer",
    "approver": "approver",
    "account_manager": "account manager",
    "supervisor": "supervisor",
    "applicant": "company",
    "clock": "clock",
    "operator": "operator",
    "auditor": "auditor",
    "admin": "administrator",
}


_STANDING_WORDS = {
    Standing.NONE: "no certificate was issued",
    Standing.PENDING: "the certificate begins later",
    Standing.IN_FORCE: "the certificate is in force",
    Standing.SUSPENDED: "the certificate is suspended",
    Standing.ENDED: "the certificate has ended",
}


def some(things: list[str], last: str = "and", *, named: int | None = _NAMED) -> str:
    """Join words for a sentence: "a, b and c", or "a, b, c, d and 12 more"; all of them when `named` is None."""
    if named is not None and len(things) > named:
        things = [*things[:named], f"{len(things) - named} more"]
    return things[0] if len(things) == 1 else f"{', '.join(things[:-1])} {last} {things[-1]}"


def role_words(roles: tuple[str, ...], last: str = "or") -> str:
    words = [_ROLE_WORDS.get(role, role) for role in roles]
    return some([("an " if word[0] in "aeiou" else "the " if word == "clock" else "a ") + word for word in words], last)


def names(people: tuple[Person, ...]) -> str:
    return some([p.name for p in people], "or")


def in_words(day: date) -> str:
    """A date as people write it: Thu 28 Jan 2027."""
    return f"{day:%a} {day.day} {day:%b %Y}"


def _officer(facts: Facts) -> str:
    officer = facts.people.get(facts.assignee or "")
    return f"{officer.name}, the officer of this case" if officer else "an officer"


def _plural(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


# The rules every transition has.


def role_permits(q: Question) -> Verdict:
    allowed = set(q.transition.roles)
    if held := [role for role in q.transition.roles if role in q.actor.roles]:
        return Met("role_permits", held[0])
    who = role_words(tuple(r for r in q.transition.roles if r != "clock") or ("clock",))
    can = q.facts.with_role(*allowed)
    own = " and ".join(sorted(_ROLE_WORDS.get(role, role) for role in q.actor.roles)) or "no role"
    act = q.transition.title[0].lower() + q.transition.title[1:]
    help_ = f" {names(can)} can." if can else ""
    return Unmet(
        "role_permits", "WRONG_ROLE", f'To "{act}" takes {who}; you act as {own}.{help_}', names(can) if can else who
    )


def four_eyes(q: Question) -> Verdict:
    """Who took part in this cycle may not decide, also if taken back, reassigned or done under another role."""
    barred = {person: deed for person, deed in sorted(q.facts.took_part) if deed in q.transition.distinct_from}
    can = q.facts.with_role(*q.transition.roles, but=frozenset(barred))
    if q.is_emergency:
        return Met("four_eyes", "emergency, to be confirmed by a second person")
    if q.actor.id not in barred:
        return Met("four_eyes", f"{len(barred)} others took part")
    if not can:
        return Unmet(
            "four_eyes",
            "FOUR_EYES_NOBODY",
            "Everyone who may decide has taken part in this case. An administrator must name another approver first.",
            "an administrator",
        )
    deed = {
        "recommended": "recommended this case",
        "passed_checklist": "passed the checklist of this case",
        "assessed": "assessed this case",
        "assessed_band": "assessed the band of this company",
        "visited": "visited this company",
        "decided": "decided this case before",
    }[barred[q.actor.id]]
    return Unmet("four_eyes", "FOUR_EYES", f"You {deed}, so someone else must decide it. {names(can)} can.", names(can))


def reason_required(transition: Transition, roles: frozenset[str]) -> bool:
    return transition.reason == "required" or bool(set(transition.reason_required_of) & roles)


def reason_given(q: Question) -> Verdict:
    earlier = q.attempt is not None and "issue_certificate" in q.transition.effects and q.attempt.day("valid_until")
    what = "an earlier last day than the rules give" if earlier else q.transition.title
    required = earlier or reason_required(q.transition, q.actor.roles)
    if q.attempt is None or q.attempt.reason.strip() or not required:
        return Met("reason_given", "given" if q.attempt and q.attempt.reason.strip() else "not needed")
    return Unmet(
        "reason_given",
        "REASON_MISSING",
        f"Write the reason for: {what}. The company reads this text.",
        "you",
    )


def reason_code_known(q: Question) -> Verdict:
    codes = q.transition.reason_codes
    given = q.attempt.reason_code if q.attempt else ""
    if q.attempt is None or not (codes or given) or (q.transition.reason_code_optional and not given):
        return Met("reason_code_known", "not needed")
    if given in codes:
        return Met("reason_code_known", given)
    if not codes:
        sentence = f'"{q.transition.title}" takes no ground. Leave it out (--reason-code), or write the reason as text.'
        return Unmet("reason_code_known", "REASON_CODE", sentence, "you")
    said = some([code.replace("_", " ") for code in codes], "or", named=None)
    sentence = f"Choose the ground: {said} (--reason-code {', '.join(codes)})."
    return Unmet("reason_code_known", "REASON_CODE", sentence, "you")


# The rules a programme names.


def documents_present(q: Question) -> Verdict:
    present = {d.kind for d in q.facts.documents}
    missing = [d.title for d in q.programme.documents if d.mandatory and d.kind not in present | q.facts.waived]
    if not missing:
        return Met("documents_present", f"{len(present)} kinds")
    count = _plural(len(missing), "required document is missing", "required documents are missing")
    return Unmet(
        "documents_present",
        "DOCUMENTS_MISSING",
        f"{count}: {some(missing)}. Add {'it' if len(missing) == 1 else 'them'} to the case.",
        "the company, its account manager or an officer",
    )


def account_manager_assigned(q: Question) -> Verdict:
    if q.facts.account_manager:
        return Met("account_manager_assigned", q.facts.account_manager)
    return Unmet(
        "account_manager_assigned",
        "NO_ACCOUNT_MANAGER",
        "The company has no account manager, so nobody would be reminded of its renewal. "
        "Name one (aeo portfolio assign).",
        "an officer or a supervisor",
    )


def wanted(programme: Programme, sites: tuple[str, ...], traders: frozenset[str]) -> list[tuple[str, str]]:
    """Return what must be answered: criterion and site; the whole company where a criterion is not per site.

    A criterion for some traders is asked of those, and of a company that did not say what it does.
    """
    return [
        (code, site)
        for code, criterion in programme.criteria.items()
        if not criterion.roles or not traders or traders & set(criterion.roles)
        for site in (sites if criterion.scope == "site" and sites else ("",))
    ]


def _place(criterion: str, site: str) -> str:
    return f"{criterion} ({site})" if site else criterion


def answers_complete(q: Question) -> Verdict:
    """One assessment for the company and all its operating sites (TradeFIRST page)."""
    found = {(f.criterion, f.site) for f in q.facts.findings if f.answer is not None}
    missing = [_place(*one) for one in wanted(q.programme, q.facts.sites, q.facts.traders) if one not in found]
    if not missing:
        return Met("answers_complete", f"{len(found)} answers")
    count = _plural(len(missing), "criterion has", "criteria have")
    return Unmet(
        "answers_complete", "ANSWERS_MISSING", f"{count} no answer: {some(missing)}.", "the company or an officer"
    )


def evidence_present(q: Question) -> Verdict:
    """Supporting documents are mandatory for every Yes (TradeFIRST page; 2014 dialogue session deck)."""
    bare = [_place(f.criterion, f.site) for f in q.facts.findings if f.answer == "yes" and not f.documents]
    if not bare:
        return Met("evidence_present", "every Yes has a document")
    sentence = (
        f"Answer {bare[0]} is Yes without a document. Attach one, or change the answer."
        if len(bare) == 1
        else f"{len(bare)} answers are Yes without a document: {some(sorted(bare))}. Attach one to each, or change them."
    )
    return Unmet("evidence_present", "EVIDENCE_MISSING", sentence, "the company or an officer")


def answers_assessed(q: Question) -> Verdict:
    open_ = [
        _place(f.criterion, f.site) for f in q.facts.findings if f.answer is not None and f.assessment in (None, "ask")
    ]
    if not open_:
        return Met("answers_assessed", f"{len(q.facts.findings)} assessed")
    count = _plural(len(open_), "answer is", "answers are")
    return Unmet(
        "answers_assessed", "ASSESSMENT_MISSING", f"{count} not assessed yet: {some(sorted(open_))}.", _officer(q.facts)
    )


def mandatory_met(q: Question) -> Verdict:
    criteria = q.programme.criteria
    failed = sorted(
        _place(f.criterion, f.site)
        for f in q.facts.findings
        if f.assessment == "unmet" and f.criterion in criteria and criteria[f.criterion].mandatory is True
    )
    if not failed:
        return Met("mandatory_met", "no mandatory criterion is unmet")
    sentence = (
        f"Criterion {failed[0]} is mandatory and not met. The company must meet it first."
        if len(failed) == 1
        else f"Criteria {some(failed)} are mandatory and not met. The company must meet them first."
    )
    return Unmet("mandatory_met", "MANDATORY_UNMET", sentence, "the company")


def visit_reported(q: Question) -> Verdict:
    """The on-site assessment covers every operating site (TradeFIRST page); a visit without a site covers all."""
    visited = {v.site for v in q.facts.visits if v.report is not None}
    missing = sorted(set(q.facts.sites) - visited)
    if visited and (not missing or "" in visited):
        return Met("visit_reported", max(v.held_on for v in q.facts.visits).isoformat())
    sentence = (
        f"No visit with a report is recorded in this cycle for {some(missing)}."
        if visited
        else "No on-site visit with a report is recorded in this cycle."
    )
    return Unmet("visit_reported", "VISIT_MISSING", sentence, _officer(q.facts))


def band_sufficient(q: Question) -> Verdict:
    minimum, band = q.programme.band.minimum, q.facts.band
    if band is None:
        return Unmet(
            "band_sufficient",
            "BAND_MISSING",
            f"No TradeFIRST band is recorded for the company{' in this cycle' if q.facts.cycle > 1 else ''}. "
            f"{q.programme.code} needs {minimum} or better.",
            _officer(q.facts),
        )
    if BANDS.index(band.band) >= BANDS.index(minimum):
        return Met("band_sufficient", f"{band.band}, assessed {band.assessed_on.isoformat()}")
    return Unmet(
        "band_sufficient",
        "BAND_TOO_LOW",
        f"{q.programme.code} needs band {minimum}. The band recorded on {in_words(band.assessed_on)} is {band.band}. "
        "Record a newer assessment.",
        _officer(q.facts),
    )


def band_current(q: Question) -> Verdict:
    band = q.facts.band
    if band is None or band.valid_until is None:  # a missing band is band_sufficient's to say
        return Met("band_current", "no period")
    if band.valid_until >= q.facts.today:
        begins = _begins(q)
        if not q.programme.validity.limited_by_band or band.valid_until >= begins:
            return Met("band_current", band.valid_until.isoformat())
        sentence = (
            f"The TradeFIRST assessment of {in_words(band.assessed_on)} ends on {in_words(band.valid_until)}, before the "
            f"certificate would begin on {in_words(begins)}. Assess the band closer to that day."
        )
        return Unmet("band_current", "BAND_EXPIRED", sentence, _officer(q.facts))
    return Unmet(
        "band_current",
        "BAND_EXPIRED",
        f"The TradeFIRST assessment of {in_words(band.assessed_on)} ended on {in_words(band.valid_until)}. "
        "Record the new one first.",
        _officer(q.facts),
    )


def _begins(q: Question) -> date:
    """The day on which a certificate decided today begins."""
    last = q.facts.held.last_day
    if last and q.facts.held.runs(q.facts.today) and q.programme.renewal.renewal_starts == "day_after":
        return max(last + timedelta(days=1), q.facts.today)
    return (q.attempt.day("valid_from") if q.attempt else None) or q.facts.today


def recommended(q: Question) -> Verdict:
    """The first pair of eyes: a recommendation of just this outcome, resting on the facts as they still are."""
    if q.is_emergency:
        return Met("recommended", "emergency, to be confirmed by a second person")
    found = q.facts.recommendation
    act = q.transition.trigger
    if found is None or found.outcome != act:
        other = f" The recommendation made is to {found.outcome}." if found else ""
        return Unmet(
            "recommended", "RECOMMENDATION_MISSING", f"Nobody has recommended to {act} this case.{other}", "an officer"
        )
    if found.digest != q.facts.digest:
        by = q.facts.people.get(found.by)
        return Unmet(
            "recommended",
            "RECOMMENDATION_STALE",
            f"The facts changed after {by.name if by else 'the officer'} recommended this case. "
            "It must be recommended again before it can be decided.",
            by.name if by else "an officer",
        )
    return Met("recommended", f"{found.outcome} by {found.by}")


def in_force(q: Question) -> Verdict:
    if q.facts.standing == Standing.IN_FORCE:
        return Met("in_force", _last_day(q))
    sentence = f"No certificate is in force today: {_STANDING_WORDS[q.facts.standing]}."
    return Unmet("in_force", "NOT_IN_FORCE", sentence, "nobody")


def certificate_runs(q: Question) -> Verdict:
    """A certificate is there that has not ended: pending, in force or suspended."""
    if q.facts.held.runs(q.facts.today):
        return Met("certificate_runs", _last_day(q))
    sentence = f"There is no certificate that still runs: {_STANDING_WORDS[q.facts.standing]}."
    return Unmet("certificate_runs", "NO_CERTIFICATE", sentence, "nobody")


def suspension_open(q: Question) -> Verdict:
    if q.facts.standing == Standing.SUSPENDED:
        return Met("suspension_open", str(q.facts.held.suspended_on))
    sentence = f"No suspension is open: {_STANDING_WORDS[q.facts.standing]}."
    return Unmet("suspension_open", "NOT_SUSPENDED", sentence, "nobody")


def no_suspension_open(q: Question) -> Verdict:
    if q.facts.standing != Standing.SUSPENDED or q.facts.held.suspended_on is None:
        return Met("no_suspension_open", _standing(q))
    can = q.facts.with_role("approver")
    return Unmet(
        "no_suspension_open",
        "SUSPENSION_OPEN",
        f"The certificate has been suspended since {in_words(q.facts.held.suspended_on)}. "
        "Decide on the suspension first: reinstate or revoke.",
        names(can) if can else "an approver",
    )


def cycle_decided(q: Question) -> Verdict:
    """A renewal opens a cycle, so the one before must be decided and its certificate begun."""
    if q.facts.undecided:
        sentence = (
            f"Cycle {q.facts.cycle} is not decided yet. Certify, reject or withdraw it before the next one opens."
        )
        return Unmet("cycle_decided", "CYCLE_UNDECIDED", sentence, "an approver")
    following = q.facts.held.following
    if following and q.facts.today < following.valid_from:
        sentence = f"Certificate {following.number} begins on {in_words(following.valid_from)}. Renew after that day."
        return Unmet("cycle_decided", "CERTIFICATE_PENDING", sentence, "nobody")
    return Met("cycle_decided", f"cycle {q.facts.cycle} is next")


def requests_answered(q: Question) -> Verdict:
    """Every open request is answered; a single one is answered by supplying the information."""
    requests, answered = q.facts.requests, str((q.attempt.given or {}).get("answers", "")) if q.attempt else ""
    open_ = [r for r in requests if answered != "all" and str(r.number) not in answered.replace(" ", "").split(",")]
    if not open_ or len(requests) == 1:
        return Met("requests_answered", f"{len(requests)} answered now")
    listed = some([f"no. {r.number}, due {in_words(r.reply_by)}" for r in open_])
    sentence = (
        f"{_plural(len(open_), 'request is', 'requests are')} not answered yet: {listed}. "
        "Record each answer (aeo information answer), or say which ones arrived (--given answers=1,2 or answers=all)."
    )
    return Unmet("requests_answered", "REQUESTS_OPEN", sentence, "the company or an officer")


def no_reply_noticed(q: Question) -> Verdict:
    """Closing for no reply takes a reminder and a final notice whose time has passed; never the clock."""
    if q.attempt is None or q.attempt.reason_code != "no_reply":
        return Met("no_reply_noticed", "not for this ground")
    days = timedelta(days=q.programme.information.close_days)
    noticed = [r.final_notice_on + days for r in q.facts.requests if r.final_notice_on]
    if noticed and min(noticed) < q.facts.today:
        return Met("no_reply_noticed", min(noticed).isoformat())
    sentence = (
        f"The final notice gives the company time until {in_words(min(noticed))}. Close the case after that day."
        if noticed
        else "No request for information has gone without an answer past its final notice, so the case cannot be closed "
        "for no reply. Ask, let the clock remind, and wait for the final notice."
    )
    return Unmet("no_reply_noticed", "NO_REPLY_TOO_EARLY", sentence, "nobody")


def valid_until_later(q: Question) -> Verdict:
    """An extension names a later last day."""
    last = q.facts.held.last_day
    if q.attempt is None or last is None:  # a missing certificate is another rule's to say
        return Met("valid_until_later", "not asked yet")
    given = q.attempt.day("valid_until")
    if given is not None and given > last:
        return Met("valid_until_later", given.isoformat())
    sentence = f"Give the new last day (--given valid_until=YYYY-MM-DD); it must be after {in_words(last)}."
    return Unmet("valid_until_later", "VALID_UNTIL_NOT_LATER", sentence, "you")


def order_attached(q: Question) -> Verdict:
    """Setting a decision aside rests on an order or a ruling that is in the case."""
    if q.attempt is None:
        return Met("order_attached", "not asked yet")
    order = (q.attempt.given or {}).get("order")
    if any(d.id == order and d.kind == "order" for d in q.facts.documents):
        return Met("order_attached", str(order))
    sentence = "Add the order or ruling to the case as a document and name its number (--given order=NUMBER)."
    return Unmet("order_attached", "ORDER_MISSING", sentence, "an officer")


def last_day_ahead(q: Question) -> Verdict:
    """A certificate that ended by its last day comes back only with a new one, as the order says."""
    last, back = q.facts.held.last_day, q.programme.state_by_name.get(q.facts.beneath or q.facts.back)
    returns = back is not None and back.kind == "certified"
    if q.attempt is None or last is None or not returns or last >= q.facts.today:
        return Met("last_day_ahead", str(last))
    given = q.attempt.day("valid_until")
    if given is not None and given >= q.facts.today:
        return Met("last_day_ahead", given.isoformat())
    sentence = (
        f"The certificate ended on its last day, {in_words(last)}, so the case would lapse again at once. "
        "Give the last day that the order sets (--given valid_until=YYYY-MM-DD)."
    )
    return Unmet("last_day_ahead", "LAST_DAY_PAST", sentence, "you")


def no_other_live(q: Question) -> Verdict:
    if not q.facts.other_live:
        return Met("no_other_live", "no other live case")
    sentence = (
        f"{q.facts.other_live} is the company's live case of {q.programme.code} now, and there may be only one. "
        "Withdraw it first."
    )
    return Unmet("no_other_live", "OTHER_LIVE", sentence, "an officer")


def second_person_confirmed(q: Question) -> Verdict:
    """What one person took over as it stands holds once another agrees; a no stays one."""
    if q.facts.refused:
        sentence = (
            f"A second person refused: {some(list(q.facts.refused))}. So this case cannot be certified: withdraw it, "
            "and submit the application again with what holds."
        )
        return Unmet("second_person_confirmed", "APPROVAL_REFUSED", sentence, _officer(q.facts))
    if not q.facts.unconfirmed:
        return Met("second_person_confirmed", "nothing waits")
    sentence = f"A second person must confirm first: {some(list(q.facts.unconfirmed))} (aeo approval list)."
    can = q.facts.with_role("supervisor", "approver")
    return Unmet("second_person_confirmed", "APPROVAL_OPEN", sentence, names(can) if can else "a supervisor")


def actions_in_time(q: Question) -> Verdict:
    """A corrective action may stay open beyond the decision, but not beyond its day."""
    late = [f for f in q.facts.findings if f.due_on and not f.closed and f.due_on < q.facts.today]
    if not late:
        return Met("actions_in_time", "none overdue")
    listed = some([f"{_place(f.criterion, f.site)}, due {in_words(f.due_on)}" for f in late if f.due_on])
    sentence = f"{_plural(len(late), 'corrective action is', 'corrective actions are')} overdue: {listed}. Close or assess anew."
    return Unmet("actions_in_time", "ACTION_OVERDUE", sentence, "the company or an officer")


def criteria_accepted(q: Question) -> Verdict:
    """Placeholder criteria are our words: in production the administration confirms them first."""
    if q.facts.criteria_accepted:
        return Met("criteria_accepted", "accepted, or not in production")
    sentence = (
        f"The criteria of {q.programme.code} edition {q.programme.edition} are placeholders, not the authority's text. "
        f"Replace them, or confirm them as your own (aeo programme accept {q.programme.code})."
    )
    return Unmet("criteria_accepted", "CRITERIA_NOT_ACCEPTED", sentence, "an administrator")


def _standing(q: Question) -> str:
    return q.facts.standing.replace("_", " ")


def _last_day(q: Question) -> str:
    return f"until {q.facts.held.last_day}"


GUARDS: dict[str, Guard] = {
    guard.__name__: guard
    for guard in (
        documents_present,
        account_manager_assigned,
        answers_complete,
        evidence_present,
        answers_assessed,
        mandatory_met,
        visit_reported,
        band_sufficient,
        band_current,
        recommended,
        in_force,
        certificate_runs,
        suspension_open,
        no_suspension_open,
        cycle_decided,
        requests_answered,
        no_reply_noticed,
        valid_until_later,
        order_attached,
        last_day_ahead,
        no_other_live,
        second_person_confirmed,
        actions_in_time,
        criteria_accepted,
    )
}


def rules_of(transition: Transition) -> tuple[Guard, ...]:
    """Return every rule of a transition, the programme's first and then those that every transition has."""
    own = tuple(GUARDS[name] for name in transition.guards)
    eyes = (four_eyes,) if transition.distinct_from else ()
    return (*own, *eyes, role_permits, reason_given, reason_code_known)
