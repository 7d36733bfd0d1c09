"""Loads a small demonstration set through the real operations: fictitious companies, days that lie in the past.

Every name is invented and every UEN computed. It must not be loaded beside real cases.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from stdnum.sg import uen as stdnum_uen

from states.facts import OPERATOR, Person
from workflow import models
from workflow.decisions.outcome import Act, Outcome, Refused
from workflow.errors import BadInput
from workflow.models.base import table_of
from workflow.operations.add_document import add_document
from workflow.operations.advance_application import advance_application
from workflow.operations.answer_criterion import answer_criterion
from workflow.operations.assess_criterion import assess_answers, assess_criterion
from workflow.operations.assign_application import assign_application
from workflow.operations.deliver_outbox import Post, deliver_outbox
from workflow.operations.manage_officers import add_officer
from workflow.operations.recommend_outcome import recommend_outcome
from workflow.operations.record_visit import record_visit
from workflow.operations.set_band import set_band
from workflow.operations.submit_application import submit_application
from workflow.operations.sweep import sweep
from workflow.store import people
from workflow.store.office import Office

_A = table_of(models.Application)
_PROVEN = "demonstration"
PEOPLE = (
    ("admin@casework.example", "Rosnah Yusof", ("admin",)),
    ("tan.weiming@casework.example", "Tan Wei Ming", ("officer",)),
    ("lee.jiahui@casework.example", "Lee Jia Hui", ("officer",)),
    ("priya.nair@casework.example", "Priya Nair", ("approver",)),
    ("lim.boonkiat@casework.example", "Lim Boon Kiat", ("approver",)),
    ("nurul.huda@casework.example", "Nurul Huda", ("account_manager",)),
    ("goh.siewling@casework.example", "Goh Siew Ling", ("supervisor",)),
    ("arun.pillai@casework.example", "Arun Pillai", ("auditor",)),
)
_OFFICER, _COLLEAGUE, _APPROVER = (
    "tan.weiming@casework.example",
    "lee.jiahui@casework.example",
    "priya.nair@casework.example",
)
_MANAGER = "nurul.huda@casework.example"
_THREE_YEARS = 3 * 365 + 1
_TO_CERTIFICATE = 100  # days from receipt to certificate in this set


def valid_uen(year: int, number: int) -> str:
    """Return a local company's UEN with its computed check letter."""
    stem = f"{year}{number:05d}"
    return stem + str(stdnum_uen.calc_local_company_check_digit(stem))


@dataclass
class _Case:
    """One fictitious company and how far it is carried."""

    name: str
    days_ago: int  # of receipt
    until: str
    band: str = "Intermediate"
    officer: str = _OFFICER
    assigned: bool = True


def _story() -> list[_Case]:
    """Ends of validity are named by the day they leave: T = today + n."""

    def ending_in(days: int) -> int:
        return _THREE_YEARS - days + _TO_CERTIFICATE - 10

    return [
        _Case("Lanternreef Forwarding Pte. Ltd.", 3, "incomplete", assigned=False),
        _Case("Oarwright Warehousing Pte. Ltd.", 8, "submitted", assigned=False),
        _Case("Brindlemere Cold Chain Pte. Ltd.", 36, "checklist_review", officer=_COLLEAGUE),
        _Case("Saltfern Trading Pte. Ltd.", 150, "checklist_review"),
        _Case("Quillhaven Logistics Pte. Ltd.", 70, "validation"),
        _Case("Fathomleaf Air Cargo Pte. Ltd.", 96, "recommended", band="Premium"),
        _Case("Tideglass Freight Pte. Ltd.", 80, "returned", officer=_COLLEAGUE),
        _Case("Wickerbay Transport Pte. Ltd.", 160, "certified", band="Enhanced"),
        _Case("Pinnacre Marine Supply Pte. Ltd.", 520, "certified", band="Premium", officer=_COLLEAGUE),
        _Case("Copperwake Terminals Pte. Ltd.", ending_in(100), "certified", band="Premium"),
        _Case("Mossgate Chandlery Pte. Ltd.", ending_in(20), "certified", band="Premium", officer=_COLLEAGUE),
        _Case("Harrowmist Polymers Pte. Ltd.", ending_in(-40), "certified", band="Premium"),
        _Case("Ferncastle Bonded Stores Pte. Ltd.", 60, "rejected"),
        _Case("Palewater Packaging Pte. Ltd.", 45, "withdrawn", officer=_COLLEAGUE),
    ]


@dataclass
class _Loader:
    office: Office
    staff: dict[str, Person]

    def act(self, email: str, at: datetime) -> Act:
        return Act(self.staff[email], _PROVEN, at)

    def carry(self, case: _Case, number: int, now: datetime) -> None:
        """Carry one case through the operations people use, each on its own past day."""
        start = (now - timedelta(days=case.days_ago)).replace(hour=1 + number % 7, minute=(number * 13) % 60, second=0)
        uen = valid_uen(2001 + number, 90400 + 37 * number)
        contact = f"trade@{case.name.split()[0].lower()}.example"
        reference = submit_application(
            self.office, act=self.act(_MANAGER, start), programme="STP", uen=uen, company_name=case.name,
            contact_email=contact, account_manager=_MANAGER,
        ).data["reference"]  # fmt: skip
        for day, reach, step in self._steps(case, reference, uen):
            at = start + timedelta(days=day, minutes=17 * day)
            if at >= now:
                break
            for part in step:
                _expect(part(at))
            if case.until == reach:
                break

    def _steps(
        self, case: _Case, reference: str, uen: str
    ) -> list[tuple[int, str, list[Callable[[datetime], Outcome]]]]:
        """Day after receipt, what it reaches, what is done."""
        office, officer, act = self.office, case.officer, self.act

        def document(kind: str) -> Callable[[datetime], Outcome]:
            content = b"%PDF-1.4\n% Demonstration: " + f"{kind} of {case.name}".encode() + b"\n%%EOF\n"
            return lambda at: add_document(
                office, reference=reference, filename=f"{kind}.pdf", content=content, kind=kind, act=act(_MANAGER, at)
            )

        def advance(trigger: str, by: str, **more: str) -> Callable[[datetime], Outcome]:
            return lambda at: advance_application(office, reference=reference, trigger=trigger, act=act(by, at), **more)  # type: ignore[arg-type]  # reasons only

        def recommend(outcome: str, why: str) -> Callable[[datetime], Outcome]:
            return lambda at: recommend_outcome(
                office, reference=reference, outcome=outcome, reason=why, act=act(officer, at)
            )

        some = [document(kind) for kind in ("application_form", "tradefirst_checklist")]
        rest = [document(kind) for kind in ("bizfile_report", "financial_statements", "evidence")]
        review = [advance("start_review", officer)]
        if case.assigned:
            review.insert(
                0, lambda at: assign_application(office, reference=reference, to=officer, act=act(officer, at))
            )
        steps: list[tuple[int, str, list[Callable[[datetime], Outcome]]]] = [
            (0, "incomplete", some),
            (1, "submitted", rest),
        ]
        if case.until == "withdrawn":
            return [*steps, (4, "withdrawn", [advance("withdraw", officer, reason_code="request")])]
        steps.append((6, "in_review", review))
        if case.until == "rejected":
            why = "The company holds no valid Customs Account."
            reject = advance("reject", _APPROVER, reason_code="no_customs_account", reason=why)
            return [*steps, (20, "rejected", [recommend("reject", why), reject])]
        answers = [self._answer(reference, officer, code) for code in self._criteria()]
        steps.append((12, "checklist_review", answers[: None if case.until != "checklist_review" else 11]))
        steps.append((30, "passed", [self._assess(reference, officer), advance("pass_checklist", officer)]))
        if case.until == "returned":
            why = "The seal log of August is missing."
            return [*steps, (50, "returned", [advance("return_to_checklist", officer, reason=why)])]
        steps.append(
            (
                44,
                "validation",
                [lambda at: set_band(office, uen=uen, band=case.band, assessed_on=at.date(), act=act(officer, at))],
            )
        )
        steps.append((90, "visited", [document("visit_report"), self._visit(reference, officer)]))
        again = lambda at: set_band(office, uen=uen, band=case.band, assessed_on=at.date(), act=act(officer, at))  # noqa: E731
        steps.append(
            (90, "recommended", [again, recommend("certify", "Every criterion is met; visit without remarks.")])
        )
        return [*steps, (_TO_CERTIFICATE, "certified", [advance("certify", _APPROVER)])]

    def _criteria(self) -> list[str]:
        with self.office.database.snapshot() as connection:
            return list(self.office.editions.newest(connection, "STP").programme.criteria)

    def _answer(self, reference: str, officer: str, code: str) -> Callable[[datetime], Outcome]:
        def answer(at: datetime) -> Outcome:
            evidence = self._document(reference, "evidence")
            return answer_criterion(
                self.office,
                reference=reference,
                criterion=code,
                answer="yes",
                documents=[evidence],
                act=self.act(officer, at),
            )

        return answer

    def _assess(self, reference: str, officer: str) -> Callable[[datetime], Outcome]:
        def assess(at: datetime) -> Outcome:
            act = self.act(officer, at)
            note = "Visitor log on paper only; an electronic one is agreed."
            _expect(
                assess_criterion(
                    self.office, reference=reference, criterion="S3", assessment="action", note=note, act=act
                )
            )
            return assess_answers(self.office, reference=reference, act=act)

        return assess

    def _visit(self, reference: str, officer: str) -> Callable[[datetime], Outcome]:
        def visit(at: datetime) -> Outcome:
            report = self._document(reference, "visit_report")
            return record_visit(
                self.office, reference=reference, held_on=at.date(), report=report, act=self.act(officer, at)
            )

        return visit

    def _document(self, reference: str, kind: str) -> int:
        table = table_of(models.Document)
        query = select(table.c.id).join(_A, _A.c.id == table.c.application_id)
        with self.office.database.snapshot() as connection:
            return int(
                connection.execute(query.where(_A.c.reference == reference, table.c.kind == kind)).scalars().first()
                or 0
            )


def _expect(outcome: Outcome) -> None:
    if isinstance(outcome, Refused):
        raise RuntimeError(  # noqa: TRY004  # a defect of the story, not of a type
            f"{outcome.title}: {json.dumps([one.sentence for one in outcome.unmet])}"
        )


def load_demonstration(
    office: Office, post: Post, *, now: datetime, progress: Callable[[int], None] = lambda _: None
) -> int:
    """Load the set and let the clock run through the years up to `now`. Return how many cases; 0 when some are there.

    Raises BadInput when the database has people but no demonstration: it would mix with real work.
    """
    with office.database.snapshot() as connection:
        if connection.execute(select(func.count()).select_from(_A)).scalar_one():
            return 0
        empty = people.nobody_yet(connection)
    if not empty:
        raise BadInput(
            "NOT_EMPTY", "This database has people already. The demonstration is loaded into an empty one only."
        )
    story = _story()
    begin = now - timedelta(days=max(case.days_ago for case in story) + 1)
    admin = OPERATOR
    for email, name, roles in PEOPLE:
        add_officer(office, email=email, name=name, roles=list(roles), act=Act(admin, _PROVEN, begin))
        if admin is OPERATOR:
            with office.database.snapshot() as connection:
                admin = people.by_email(connection, email)
    with office.database.snapshot() as connection:
        staff = {email: people.by_email(connection, email) for email, _, _ in PEOPLE}
    loader = _Loader(office, staff)
    for number, case in enumerate(sorted(story, key=lambda c: -c.days_ago), start=1):
        loader.carry(case, number, now)
        progress(number)
    _let_the_clock_run(office, post, begin, now)
    return len(story)


def _let_the_clock_run(office: Office, post: Post, begin: datetime, now: datetime) -> None:
    """Sweep and deliver at each instant at which something was due, as a running worker would have."""
    at = begin
    while True:
        with office.database.snapshot() as connection:
            due = connection.execute(select(func.min(_A.c.next_due))).scalar_one()
        if due is None or due > now:
            break
        at = max(at, due)
        sweep(office, now=at)
        deliver_outbox(office, post, now=at)
    deliver_outbox(office, post, now=now)
