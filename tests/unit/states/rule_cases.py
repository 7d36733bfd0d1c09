"""Facts of cases for tests of the rules: a complete one, and random ones with the faults they were given."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from hypothesis import strategies as st

from states.definition import Programme, Transition
from states.facts import (
    BandFact,
    DocumentFact,
    Facts,
    FindingFact,
    Person,
    RecommendationFact,
    RequestFact,
    VisitFact,
)
from states.guards import Attempt
from states.loader import load_programme
from states.standing import Certificate, Held

PROGRAMMES = Path(__file__).parents[3] / "states" / "programmes"
TODAY = date(2026, 11, 23)
DAY = timedelta(days=1)
OFFICER = Person("p-01", "Adeline Goh", frozenset({"officer"}))
SECOND_OFFICER = Person("p-02", "Bala Krishnan", frozenset({"officer"}))
APPROVER = Person("p-03", "Chen Wei Ling", frozenset({"approver"}))
MANAGER = Person("p-04", "Dewi Lestari", frozenset({"account_manager"}))
SUPERVISOR = Person("p-05", "Edmund Tan", frozenset({"supervisor"}))
AUDITOR = Person("p-06", "Farah Aziz", frozenset({"auditor"}))
STAFF = {p.id: p for p in (OFFICER, SECOND_OFFICER, APPROVER, MANAGER, SUPERVISOR, AUDITOR)}
DEEDS = ("recommended", "passed_checklist", "assessed", "assessed_band", "visited")

# What a case may hold today, and the standing that people would read from the dates.
RUNNING = Held(Certificate("STP-0001", date(2024, 1, 8), date(2027, 1, 8)))  # revalidation is due
FRESH = Held(Certificate("STP-0002", date(2026, 8, 3), date(2029, 8, 3)))  # it is not
SUSPENDED = replace(RUNNING, suspended_on=date(2026, 10, 5))
FOLLOWED = replace(RUNNING, following=Certificate("STP-0003", date(2027, 1, 9), date(2030, 1, 8)))
OVER = Held(Certificate("STP-0004", date(2023, 11, 22), date(2026, 11, 22)))
REVOKED = replace(RUNNING, ended_on=TODAY)
PENDING = Held(Certificate("STP-0005", TODAY + DAY, date(2029, 11, 24)))
HELD = {
    Held(): "none",
    RUNNING: "in_force",
    FRESH: "in_force",
    FOLLOWED: "in_force",
    SUSPENDED: "suspended",
    OVER: "ended",
    REVOKED: "ended",
    PENDING: "pending",
}
REQUESTS = (
    RequestFact(1, "Which sites store goods?", TODAY - 40 * DAY, final_notice_on=TODAY - 20 * DAY),
    RequestFact(2, "Who answers for security?", TODAY + 5 * DAY),
)


def shipped(name: str) -> Programme:
    """Return a programme that comes with us, read afresh."""
    path = PROGRAMMES / f"{name}.toml"
    return load_programme(path.read_text(encoding="utf-8"), file=path.name)


def changed(programme: Programme, **changes) -> Programme:
    """Return a programme that says something else, under the keys of its file."""
    return Programme.model_validate(programme.model_dump(by_alias=True) | changes)


def answers(programme: Programme, sites: tuple[str, ...] = (), **changes: FindingFact) -> tuple[FindingFact, ...]:
    """Return a Yes with evidence, met, to everything that is asked; `changes` replace a criterion, S1_2 for S1.2."""
    return tuple(
        changes.get(code.replace(".", "_"), FindingFact(code, "yes", (6,), "met", site))
        for code, criterion in programme.criteria.items()
        for site in (sites if sites and criterion.scope == "site" else ("",))
    )


def make_facts(programme: Programme, *, recommend: str | None = "certify", by: str = OFFICER.id, **changes) -> Facts:
    """Return a case in validation that meets every rule of `certify`, with changes; the recommendation saw them."""
    values = {
        "reference": "STP-2026-000001",
        "state": "validation",
        "today": TODAY,
        "account_manager": MANAGER.id,
        "documents": tuple(DocumentFact(n, d.kind) for n, d in enumerate(programme.documents, 1)),
        "findings": answers(programme, changes.get("sites", ())),
        "visits": (VisitFact(TODAY, 7),),
        "band": BandFact("Premium", TODAY, TODAY + timedelta(days=1095), OFFICER.id),
        "took_part": frozenset({(OFFICER.id, "recommended"), (OFFICER.id, "assessed")}),
        "people": STAFF,
    } | changes
    facts = Facts(**values)
    if recommend is None:
        return facts
    return Facts(**(values | {"recommendation": RecommendationFact(recommend, by, facts.digest)}))


ORDER = 9  # the document of that kind in a complete case, see make_facts


def attempt_at(transition: Transition | None, **changes) -> Attempt:
    """Return an attempt that leaves nothing out that a transition asks of its caller."""
    if transition is None:
        return Attempt(reason="As agreed.")
    every = {"valid_until": date(2030, 6, 28), "valid_from": TODAY, "order": ORDER, "reply_by": TODAY + 14 * DAY}
    given = {key: value for key, value in every.items() if key in transition.given}
    codes = transition.reason_codes
    return replace(Attempt(reason="As agreed.", reason_code=codes[0] if codes else "", given=given), **changes)


def persons() -> st.SearchStrategy[Person]:
    """Anybody of the staff, with any roles: also somebody who holds several."""
    roles = st.sets(
        st.sampled_from(["officer", "approver", "account_manager", "supervisor", "auditor", "applicant", "clock"]),
        max_size=4,
    )
    return st.builds(
        lambda p, held: Person(p.id, p.name, frozenset(held)), st.sampled_from(list(STAFF.values())), roles
    )


@st.composite
def random_attempts(draw: st.DrawFn, transition: Transition | None) -> Attempt:
    """Mostly a complete attempt, else one that leaves something out or says something else."""
    whole = attempt_at(transition)
    if transition is None or draw(st.integers(0, 2)):
        return whole
    given = dict(whole.given or {})
    if "answers" in transition.given:
        given["answers"] = draw(st.sampled_from(["all", "1", "1, 2", "2"]))
    for key in [key for key in given if draw(st.integers(0, 3)) == 0]:
        del given[key]
    if "valid_until" in given:
        given["valid_until"] = draw(st.sampled_from([date(2020, 1, 1), date(2027, 2, 1), date(2030, 6, 28)]))
    return Attempt(
        reason=draw(st.sampled_from(["As agreed.", "As agreed.", " "])),
        reason_code=draw(st.sampled_from(["", *transition.reason_codes, *transition.reason_codes, "weather"])),
        given=given,
    )


@st.composite
def _random_findings(draw: st.DrawFn, programme: Programme, whole: Facts) -> tuple[FindingFact, ...]:
    """Any answers and assessments, or a complete set with one corrective action."""
    if draw(st.booleans()):
        action = st.builds(
            lambda due_on, closed, assessment: replace(
                whole.findings[-1], assessment=assessment, due_on=due_on, closed=closed
            ),
            st.sampled_from([TODAY, TODAY - DAY, TODAY + DAY]),
            st.booleans(),
            st.sampled_from(["action", "unmet"]),
        )
        return (*whole.findings[:-1], draw(action))
    finding = st.builds(
        FindingFact,
        st.sampled_from(list(programme.criteria)),
        st.sampled_from(["yes", "no", "na", None]),
        st.sampled_from([(), (6,)]),
        st.sampled_from(["met", "action", "unmet", "ask", None]),
        st.sampled_from(["", "Tuas"]),
    )
    return tuple(draw(st.lists(finding, unique_by=lambda f: f.criterion, max_size=16)))


@st.composite
def _random_place(draw: st.DrawFn, programme: Programme, state: str) -> dict:
    """Where a case is, what lies beneath and which certificate it holds."""
    kind = programme.state_by_name[state].kind
    side = kind in ("waiting", "suspended", "closed")
    suited = {"suspended": [SUSPENDED, RUNNING], "certified": [RUNNING, FRESH, FOLLOWED]}
    return {
        "state": state,
        "back": draw(st.sampled_from(programme.before(state))) if side else "",
        "held": draw(st.sampled_from([*HELD, *suited.get(kind, [RUNNING, SUSPENDED, FRESH]) * 3])),
        "undecided": draw(st.booleans()),
        "requests": draw(st.sampled_from([(), REQUESTS[:1], REQUESTS[1:], REQUESTS])),
        "sites": draw(st.sampled_from([()] * 8 + [("Tuas",), ("Changi", "Tuas")])),
    }


@st.composite
def random_facts(draw: st.DrawFn, programme: Programme, **fixed) -> Facts:
    """A complete case with some faults, in any state, but for what is fixed."""
    state = draw(st.sampled_from([s.name for s in programme.states]))
    place = draw(_random_place(programme, fixed.get("state", state)))
    whole = make_facts(programme, **place)
    until, bands = st.sampled_from([None, TODAY, TODAY - DAY]), ["Basic", "Standard", "Intermediate", "Enhanced"]
    kinds = st.sampled_from([d.kind for d in programme.documents])
    faults = {
        "documents": st.lists(st.sampled_from(whole.documents), unique=True).map(tuple),
        "waived": st.sets(kinds, max_size=3).map(frozenset),
        "findings": _random_findings(programme, whole),
        "visits": st.sampled_from([(), (VisitFact(TODAY, None),), (VisitFact(TODAY, 7, "Tuas"),)]),
        "band": st.none() | st.builds(BandFact, st.sampled_from(bands), st.just(TODAY), until, st.just(OFFICER.id)),
        "account_manager": st.none(),
        "unconfirmed": st.just(("a waiver of bizfile_report",)),
        "refused": st.just(("UEN 201890417A",)),
        "criteria_accepted": st.just(False),
        "other_live": st.just("STP-2026-000099"),
    }
    rarely = st.sampled_from([False] * 9 + [True])
    changes = place | {name: draw(fault) for name, fault in faults.items() if draw(rarely)}
    if draw(st.booleans()):
        took_part = st.tuples(st.sampled_from(sorted(STAFF)), st.sampled_from((*DEEDS, "decided")))
        changes["took_part"] = frozenset(draw(st.sets(took_part, max_size=3)))
    likely = [t.trigger for t in programme.from_state(place["state"]) if "recommended" in t.guards]
    recommend = draw(st.sampled_from([*likely * 3, "certify", None]))
    facts = make_facts(programme, **({"recommend": recommend} | changes | fixed))
    # Rarely something changed after the recommendation.
    return replace(facts, visits=(VisitFact(TODAY, 8),)) if draw(rarely) else facts
