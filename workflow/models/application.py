"""A case: where it is, and projections written in the same transaction so that worklists page by key."""

from datetime import date, datetime

from sqlalchemy import Index
from sqlmodel import Field

from workflow.models.base import Row, one_of


class Application(Row, table=True):
    __table_args__ = (
        one_of("state_kind", ("review", "waiting", "certified", "suspended", "closed")),
        Index("ix_application_next_due", "next_due", "id"),
        # One for each list of the console: everybody's, one officer's (or nobody's), and by whose move it is.
        Index("ix_application_work", "work_rank", "work_on", "id"),
        Index("ix_application_work_of", "assignee_id", "work_rank", "work_on", "id"),
        Index("ix_application_work_for", "waits_for", "work_rank", "work_on", "id"),
    )
    id: int | None = Field(default=None, primary_key=True)
    reference: str = Field(unique=True)
    programme: str
    edition: str
    company_id: int = Field(foreign_key="company.id", index=True)
    live_key: str | None = Field(default=None, unique=True)  # company and programme while live: one at a time
    state: str
    state_kind: str
    state_since: datetime
    cycle: int = 1
    version: int = 1  # rises with every change a person sees
    channel: str
    received_on: date
    submitted_at: datetime
    complete_at: datetime | None = None
    assignee_id: str | None = Field(default=None, foreign_key="officer.id")
    deadline: date | None = None  # the service target's day
    decided_at: datetime  # effective instant of the newest decision: none may be earlier
    decision_no: int = 0  # of the newest decision
    back: str = ""  # the states below a side state, comma-separated, the one to return to last
    facts_cycle: int = 1  # the cycle that new documents, answers and visits belong to
    cycle_since: datetime | None = None  # when that cycle began: the decision that closed the one before
    trader_roles: str = ""  # comma-separated; empty: not said, so every criterion is asked
    linked_to: str | None = None  # the reference of the case before this one
    case_seq: int = 0  # of the newest trail entry of this case
    # Projections
    certificate_number: str | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    ended_on: date | None = None  # first day without standing
    suspended_on: date | None = None  # first day of a suspension that is still open
    continues_until: date | None = None  # standing runs on to this day while a renewal is undecided
    next_certificate: str | None = None  # decided, begins when the other has ended
    next_valid_from: date | None = None
    next_valid_until: date | None = None
    publication_consent: bool = False
    partner_consent: bool = False
    next_step: str
    waits_for: str
    next_due: datetime | None = None  # when the clock must look at it
    work_rank: int = 0  # its group in worklists, `store/placing.py`
    work_on: date = date.max  # its day within the group
