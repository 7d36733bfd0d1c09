"""Carries the demonstration through the real operations, all companies in one timeline, the clock running between.

It must not be loaded beside real cases. Of a load that fails only letters in the local mailbox stay behind.
"""

import heapq
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import func, select

from states.dates import local_day, local_instant
from states.facts import OPERATOR, Person
from workflow import models
from workflow.decisions.outcome import Act, Done, Outcome, Refused
from workflow.errors import BadInput
from workflow.files import checked
from workflow.models.base import table_of
from workflow.operations.add_document import add_document
from workflow.operations.advance_application import advance_application
from workflow.operations.answer_criterion import answer_criterion
from workflow.operations.assess_criterion import assess_answers, assess_criterion
from workflow.operations.assign_application import assign_application
from workflow.operations.decide_approval import confirm_approval
from workflow.operations.deliver_outbox import Post, deliver_outbox
from workflow.operations.demonstration.sheet import sheet
from workflow.operations.demonstration.sign_ins import open_to_all
from workflow.operations.demonstration.story import PEOPLE, Step, Tale, story, valid_uen
from workflow.operations.manage_officers import add_officer
from workflow.operations.recommend_outcome import recommend_outcome
from workflow.operations.record_visit import record_visit
from workflow.operations.set_band import set_band
from workflow.operations.submit_application import submit_application
from workflow.operations.sweep import sweep
from workflow.store import people
from workflow.store.office import Office
from workflow.store.secrets import Secrets

_A = table_of(models.Application)
_DOCUMENT = table_of(models.Document)
_MAIL = table_of(models.Notification)
_APPROVAL = table_of(models.Approval)
_PROVEN = "demonstration"
_ZONE = "Asia/Singapore"
_OPENS = 9  # o'clock


@dataclass(frozen=True)
class _Member:
    """Somebody of the staff."""

    email: str
    person: Person


def load_demonstration(
    office: Office,
    post: Post,
    *,
    now: datetime,
    secrets: Secrets | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> int:
    """Load the set as years of office life up to `now`, whole or not at all. Return how many cases; 0 when some are there.

    With `secrets` everybody can sign in with what is printed. Raises BadInput when the database has people but no demonstration: it would mix with real work.
    """
    with office.database.snapshot() as connection:
        if connection.execute(select(func.count()).select_from(_A)).scalar_one():
            return 0
        empty = people.nobody_yet(connection)
    if not empty:
        raise BadInput(
            "NOT_EMPTY", "This database has people already. The demonstration is loaded into an empty one only."
        )
    tales = story(local_day(now, _ZONE))
    with office.database.whole() as database:
        within = replace(office, database=database)
        _carry(within, post, tales, now, progress)
        if secrets is not None:
            open_to_all(within, secrets, now=now)
    return len(tales)


def _carry(office: Office, post: Post, tales: list[Tale], now: datetime, progress: Callable[[int], None]) -> None:
    """Do the steps of all tales in the order of their instants, and whatever the clock and the mail owe between them."""
    timeline = _timeline(tales)
    staff = _staff(office, timeline[0][0] - timedelta(days=1))
    numbers = {company: number for number, company in enumerate(dict.fromkeys(tale.company for tale in tales), 1)}
    runs = [_Run(office, tale, numbers[tale.company], staff) for tale in tales]
    left = Counter(number for _, number, _ in timeline)
    worker = _Worker(office, post)
    while timeline:
        at, number, order = heapq.heappop(timeline)
        worker.work_until(at)
        runs[number].do(tales[number].steps[order], at)
        left[number] -= 1
        progress(sum(not count for count in left.values()))
    worker.work_until(now)
    worker.deliver(now)


def _timeline(tales: list[Tale]) -> list[tuple[datetime, int, int]]:
    """Return a heap of instant, tale and step: each tale begins its days at a time of its own."""
    heap: list[tuple[datetime, int, int]] = []
    for number, tale in enumerate(tales):
        same_day: Counter[object] = Counter()
        for order, step in enumerate(tale.steps):
            minutes = 37 * number % 180 + 11 * same_day[step.day]
            same_day[step.day] += 1
            heap.append((local_instant(step.day, _OPENS, _ZONE) + timedelta(minutes=minutes), number, order))
    heapq.heapify(heap)
    return heap


def _staff(office: Office, at: datetime) -> dict[str, list[_Member]]:
    """Give everybody an account; return who holds each role."""
    admin, staff = OPERATOR, dict[str, list[_Member]]()
    for email, name, roles in PEOPLE:
        add_officer(office, email=email, name=name, roles=list(roles), act=Act(admin, _PROVEN, at))
        with office.database.snapshot() as connection:
            person = people.by_email(connection, email)
        if admin is OPERATOR:
            admin = person
        for role in roles:
            staff.setdefault(role, []).append(_Member(email, person))
    return staff


@dataclass
class _Worker:
    """The clock and the mail, as they would have run."""

    office: Office
    post: Post
    last: datetime | None = None  # when somebody last worked

    def work_until(self, until: datetime) -> None:
        """Do what is due up to an instant when it is due; the mail of a day leaves on that day."""
        if self.last and self.last.date() < until.date():
            self.deliver(self.last)
        while (due := self._due()) is not None and due <= until:
            at = max(due, self.last or due)
            sweep(self.office, now=at)
            self.deliver(at)
            self.last = at
        self.last = until

    def deliver(self, at: datetime) -> None:
        """Hand over what is queued."""
        queued = select(_MAIL.c.id).where(_MAIL.c.status == "queued").limit(1)
        with self.office.database.snapshot() as connection:
            waiting = connection.execute(queued).first()
        if waiting:
            deliver_outbox(self.office, self.post, now=at)

    def _due(self) -> datetime | None:
        with self.office.database.snapshot() as connection:
            due: datetime | None = connection.execute(select(func.min(_A.c.next_due))).scalar_one()
        return due


class _Run:
    """One tale on its way through the operations that people use."""

    def __init__(self, office: Office, tale: Tale, company: int, staff: dict[str, list[_Member]]) -> None:
        def one(role: str, plus: int = 0) -> _Member:
            return staff[role][(company + plus) % len(staff[role])]

        self._office, self._tale, self._reference = office, tale, ""
        self._uen = valid_uen(2001 + company % 23, 90400 + 37 * company)
        self._cast = {
            "officer": one("officer"),
            "manager": one("account_manager"),
            "approver": one("approver"),
            "second_approver": one("approver", 1),
            "supervisor": one("supervisor"),
        }
        self._acts: dict[str, Callable[..., Outcome]] = {
            "submit": self._submit,
            "documents": self._add_documents,
            "assign": self._assign,
            "answer": self._answer,
            "assess": self._assess,
            "visit": self._visit,
            "band": self._band,
            "recommend": self._recommend,
            "confirm": self._confirm,
        }

    def do(self, step: Step, at: datetime) -> None:
        """Do one act; what is no act of its own is a trigger of the programme."""
        act = Act(self._cast[step.by].person, _PROVEN, at)
        if step.act in self._acts:
            self._expect(self._acts[step.act](act, **step.more))
        else:
            self._expect(self._advance(act, step.act, **step.more))

    def _expect(self, outcome: Outcome) -> Done:
        if isinstance(outcome, Refused):
            unmet = json.dumps([one.sentence for one in outcome.unmet])
            raise RuntimeError(f"{self._tale.company}, {outcome.title}: {unmet}")  # noqa: TRY004  # a defect of the story
        return outcome

    def _submit(self, act: Act) -> Outcome:
        first_word = self._tale.company.split()[0].lower()
        done = submit_application(
            self._office,
            act=act,
            programme=self._tale.programme,
            uen=self._uen,
            company_name=self._tale.company,
            contact_email=f"trade@{first_word}.example",
            account_manager=self._cast["manager"].email,
        )
        self._reference = str(done.data["reference"])
        return done

    def _add_documents(self, act: Act, kinds: str) -> Outcome:
        *before, last = kinds.split()
        for kind in before:
            self._expect(self._add(act, kind))
        return self._add(act, last)

    def _add(self, act: Act, kind: str) -> Outcome:
        content = self._content(act, kind)
        return add_document(
            self._office, reference=self._reference, filename=f"{kind}.pdf", content=content, kind=kind, act=act
        )

    def _content(self, act: Act, kind: str) -> bytes:
        on = local_day(act.now, _ZONE).isoformat()
        return sheet(kind.replace("_", " ").capitalize(), [self._tale.company, on, "", "A sheet of the demonstration."])

    def _assign(self, act: Act) -> Outcome:
        return assign_application(self._office, reference=self._reference, to=self._cast["officer"].email, act=act)

    def _answer(self, act: Act, first: str = "0", last: str = "") -> Outcome:
        """Answer the criteria of a part of the checklist Yes, each with the newest evidence."""
        with self._office.database.snapshot() as connection:
            programme = self._office.editions.newest(connection, self._tale.programme).programme
        evidence = self._newest_document("evidence")
        answers = [
            answer_criterion(
                self._office, reference=self._reference, criterion=code, answer="yes", documents=[evidence], act=act
            )
            for code in list(programme.criteria)[int(first) : int(last) if last else None]
        ]
        return [self._expect(answer) for answer in answers][-1]

    def _assess(self, act: Act) -> Outcome:
        if self._tale.action:
            found = assess_criterion(
                self._office,
                reference=self._reference,
                criterion="S3",
                assessment="action",
                note="Visitor log on paper only; an electronic one is agreed.",
                due_on=local_day(act.now, _ZONE) + timedelta(days=365),
                act=act,
            )
            self._expect(found)
        return assess_answers(self._office, reference=self._reference, act=act)

    def _visit(self, act: Act) -> Outcome:
        held_on, report = local_day(act.now, _ZONE), checked("visit_report.pdf", self._content(act, "visit_report"))
        return record_visit(self._office, reference=self._reference, held_on=held_on, report=report, act=act)

    def _band(self, act: Act) -> Outcome:
        assessed_on = local_day(act.now, _ZONE)
        return set_band(self._office, uen=self._uen, band=self._tale.band, assessed_on=assessed_on, act=act)

    def _recommend(self, act: Act, outcome: str, reason: str) -> Outcome:
        return recommend_outcome(self._office, reference=self._reference, outcome=outcome, reason=reason, act=act)

    def _advance(self, act: Act, trigger: str, reason: str = "", reason_code: str = "", **given: str) -> Outcome:
        """Advance the case; a given order is the newest document of its kind."""
        if "order" in given:
            given["order"] = str(self._newest_document(given["order"]))
        return advance_application(
            self._office,
            reference=self._reference,
            trigger=trigger,
            act=act,
            reason=reason,
            reason_code=reason_code,
            given=given,
        )

    def _confirm(self, act: Act) -> Outcome:
        query = select(_APPROVAL.c.id).join(_A, _A.c.id == _APPROVAL.c.application_id)
        query = query.where(_A.c.reference == self._reference, _APPROVAL.c.status == "open")
        with self._office.database.snapshot() as connection:
            approval = connection.execute(query).scalar_one()
        return confirm_approval(self._office, approval_id=approval, act=act)

    def _newest_document(self, kind: str) -> int:
        query = select(func.max(_DOCUMENT.c.id)).join(_A, _A.c.id == _DOCUMENT.c.application_id)
        query = query.where(_A.c.reference == self._reference, _DOCUMENT.c.kind == kind)
        with self._office.database.snapshot() as connection:
            return int(connection.execute(query).scalar_one())
