"""Facts of cases for tests of the rules: a complete one, and random ones with the faults they were given."""

from datetime import date, timedelta

from hypothesis import strategies as st

from states.definition import Programme
from states.facts import (
    BandFact,
    DocumentFact,
    Facts,
    FindingFact,
    Person,
    RecommendationFact,
    VisitFact,
)

TODAY = date(2026, 11, 23)
OFFICER = Person("p-01", "Adeline Goh", frozenset({"officer"}))
SECOND_OFFICER = Person("p-02", "Bala Krishnan", frozenset({"officer"}))
APPROVER = Person("p-03", "Chen Wei Ling", frozenset({"approver"}))
MANAGER = Person("p-04", "Dewi Lestari", frozenset({"account_manager"}))
SUPERVISOR = Person("p-05", "Edmund Tan", frozenset({"supervisor"}))
AUDITOR = Person("p-06", "Farah Aziz", frozenset({"auditor"}))
STAFF = {p.id: p for p in (OFFICER, SECOND_OFFICER, APPROVER, MANAGER, SUPERVISOR, AUDITOR)}
DEEDS = ("recommended", "passed_checklist", "assessed", "assessed_band", "visited")


def make_facts(programme: Programme, *, recommend: str | None = "certify", by: str = OFFICER.id, **changes) -> Facts:
    """Return a case in validation that meets every rule of `certify`, with changes; the recommendation saw them."""
    values = {
        "reference": "STP-2026-000001",
        "state": "validation",
        "today": TODAY,
        "account_manager": MANAGER.id,
        "documents": tuple(DocumentFact(n, d.kind) for n, d in enumerate(programme.documents, 1)),
        "findings": tuple(FindingFact(code, "yes", (6,), "met") for code in programme.criteria),
        "visits": (VisitFact(TODAY, 7),),
        "band": BandFact("Premium", TODAY, TODAY + timedelta(days=1095), OFFICER.id),
        "took_part": frozenset({(OFFICER.id, "recommended"), (OFFICER.id, "assessed")}),
        "people": STAFF,
    } | changes
    facts = Facts(**values)
    if recommend is None:
        return facts
    return Facts(**(values | {"recommendation": RecommendationFact(recommend, by, facts.digest)}))


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
def random_facts(draw: st.DrawFn, programme: Programme, **fixed) -> Facts:
    """A complete case with some faults, in any state, but for what is fixed."""
    whole = make_facts(programme)
    rarely = st.sampled_from([False] * 9 + [True])
    changes: dict = {"state": draw(st.sampled_from([s.name for s in programme.states]))}
    if draw(rarely):
        changes["documents"] = tuple(draw(st.lists(st.sampled_from(whole.documents), unique=True)))
    if draw(rarely):
        finding = st.builds(
            FindingFact,
            st.sampled_from(list(programme.criteria)),
            st.sampled_from(["yes", "no", "na", None]),
            st.sampled_from([(), (6,)]),
            st.sampled_from(["met", "action", "unmet", "ask", None]),
        )
        changes["findings"] = tuple(draw(st.lists(finding, unique_by=lambda f: f.criterion, max_size=16)))
    if draw(rarely):
        changes["visits"] = draw(st.sampled_from([(), (VisitFact(TODAY, None),)]))
    if draw(rarely):
        until = st.sampled_from([None, TODAY, TODAY - timedelta(days=1)])
        bands = st.sampled_from(["Basic", "Standard", "Intermediate", "Enhanced"])
        changes["band"] = draw(st.none() | st.builds(BandFact, bands, st.just(TODAY), until, st.just(OFFICER.id)))
    if draw(rarely):
        changes["account_manager"] = None
    if draw(st.booleans()):
        took_part = st.tuples(st.sampled_from(sorted(STAFF)), st.sampled_from(DEEDS))
        changes["took_part"] = frozenset(draw(st.sets(took_part, max_size=3)))
    recommend = draw(st.sampled_from(["certify", "reject", None]))
    facts = make_facts(programme, **({"recommend": recommend} | changes | fixed))
    if draw(rarely):  # something changed after the recommendation
        facts = Facts(**{f: getattr(facts, f) for f in Facts.__dataclass_fields__} | {"visits": (VisitFact(TODAY, 8),)})
    return facts
