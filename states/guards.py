"""Named rules. Each says Met with the value it saw, or Unmet with a code, a sentence and who can meet it.

Pure, without side effects. A guard's name never changes its meaning, because stored editions name it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from states.definition import BANDS, Programme, Transition
from states.facts import Facts, FindingFact, Person

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
    given: Mapping[str, date | str] | None = None


@dataclass(frozen=True)
class Question:
    """May this person fire this transition, with these facts? `attempt` is None while only looking."""

    programme: Programme
    transition: Transition
    facts: Facts
    actor: Person
    attempt: Attempt | None = None


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


def some(things: list[str], last: str = "and") -> str:
    """Join words for a sentence: "a, b and c", or "a, b, c, d and 12 more"."""
    if len(things) > _NAMED:
        things = [*things[:_NAMED], f"{len(things) - _NAMED} more"]
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
    }[barred[q.actor.id]]
    return Unmet("four_eyes", "FOUR_EYES", f"You {deed}, so someone else must decide it. {names(can)} can.", names(can))


def reason_given(q: Question) -> Verdict:
    required = q.transition.reason == "required" or bool(set(q.transition.reason_required_of) & q.actor.roles)
    if q.attempt is None or q.attempt.reason.strip() or not required:
        return Met("reason_given", "given" if q.attempt and q.attempt.reason.strip() else "not needed")
    return Unmet(
        "reason_given",
        "REASON_MISSING",
        f"Write the reason for: {q.transition.title}. The company reads this text.",
        "you",
    )


def reason_code_known(q: Question) -> Verdict:
    codes = q.transition.reason_codes
    if q.attempt is None or not codes:
        return Met("reason_code_known", "not needed")
    if q.attempt.reason_code in codes:
        return Met("reason_code_known", q.attempt.reason_code)
    return Unmet("reason_code_known", "REASON_CODE", f"Choose a reason code: {some(list(codes), 'or')}.", "you")


# The rules a programme names.


def documents_present(q: Question) -> Verdict:
    present = {d.kind for d in q.facts.documents}
    missing = [d.title for d in q.programme.documents if d.mandatory and d.kind not in present]
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
        "The company has no account manager, so nobody would be reminded of its renewal. Assign one.",
        "an officer or a supervisor",
    )


def _finding(q: Question) -> dict[str, FindingFact]:
    return {f.criterion: f for f in q.facts.findings}


def answers_complete(q: Question) -> Verdict:
    found = _finding(q)
    missing = [code for code in q.programme.criteria if code not in found or found[code].answer is None]
    if not missing:
        return Met("answers_complete", f"{len(found)} answers")
    count = _plural(len(missing), "criterion has", "criteria have")
    return Unmet(
        "answers_complete", "ANSWERS_MISSING", f"{count} no answer: {some(missing)}.", "the company or an officer"
    )


def evidence_present(q: Question) -> Verdict:
    """Supporting documents are mandatory for every Yes (TradeFIRST page; 2014 dialogue session deck)."""
    bare = [f.criterion for f in q.facts.findings if f.answer == "yes" and not f.documents]
    if not bare:
        return Met("evidence_present", "every Yes has a document")
    sentence = (
        f"Answer {bare[0]} is Yes without a document. Attach one, or change the answer."
        if len(bare) == 1
        else f"{len(bare)} answers are Yes without a document: {some(sorted(bare))}. Attach one to each, or change them."
    )
    return Unmet("evidence_present", "EVIDENCE_MISSING", sentence, "the company or an officer")


def answers_assessed(q: Question) -> Verdict:
    open_ = [f.criterion for f in q.facts.findings if f.answer is not None and f.assessment in (None, "ask")]
    if not open_:
        return Met("answers_assessed", f"{len(q.facts.findings)} assessed")
    count = _plural(len(open_), "answer is", "answers are")
    return Unmet(
        "answers_assessed", "ASSESSMENT_MISSING", f"{count} not assessed yet: {some(sorted(open_))}.", _officer(q.facts)
    )


def mandatory_met(q: Question) -> Verdict:
    criteria = q.programme.criteria
    failed = sorted(
        f.criterion
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
    if any(v.report is not None for v in q.facts.visits):
        return Met("visit_reported", max(v.held_on for v in q.facts.visits).isoformat())
    return Unmet(
        "visit_reported",
        "VISIT_MISSING",
        "No on-site visit with a report is recorded in this cycle.",
        _officer(q.facts),
    )


def band_sufficient(q: Question) -> Verdict:
    minimum, band = q.programme.band.minimum, q.facts.band
    if band is None:
        return Unmet(
            "band_sufficient",
            "BAND_MISSING",
            f"No TradeFIRST band is recorded for the company. {q.programme.code} needs {minimum} or better.",
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
        return Met("band_current", band.valid_until.isoformat())
    return Unmet(
        "band_current",
        "BAND_EXPIRED",
        f"The TradeFIRST assessment of {in_words(band.assessed_on)} ended on {in_words(band.valid_until)}. "
        "Record the new one first.",
        _officer(q.facts),
    )


def recommended(q: Question) -> Verdict:
    """The first pair of eyes: a recommendation of just this outcome, resting on the facts as they still are."""
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
    )
}


def rules_of(transition: Transition) -> tuple[Guard, ...]:
    """Return every rule of a transition, the programme's first and then those that every transition has."""
    own = tuple(GUARDS[name] for name in transition.guards)
    eyes = (four_eyes,) if transition.distinct_from else ()
    return (*own, *eyes, role_permits, reason_given, reason_code_known)
