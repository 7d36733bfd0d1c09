"""Locks what somebody looks after: cases in the order of their ids, then companies, then accounts. It judges nothing."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, bindparam, or_, select

from workflow import models
from workflow.errors import StaleVersion
from workflow.models.base import table_of
from workflow.store import cases, people
from workflow.store.cases import Case

_A = table_of(models.Application)
_C = table_of(models.Company)
_COMPANIES = select(_C.c.id, _C.c.identifier, _C.c.name).order_by(_C.c.id)
_LOCK = select(_C.c.id).where(_C.c.id.in_(bindparam("ids", expanding=True))).order_by(_C.c.id).with_for_update(of=_C)


@dataclass(frozen=True)
class Managed:
    """A company that somebody is the account manager of."""

    id: int
    identifier: str
    name: str


@dataclass(frozen=True)
class Holdings:
    """Companies that somebody manages, all their live cases, and the live cases that are assigned to the person."""

    companies: Sequence[Managed]
    cases: Sequence[Case]
    assigned: Sequence[Case]  # the same objects where a case is both

    def of_company(self, company_id: int) -> list[Case]:
        return [case for case in self.cases if case.company_id == company_id]


def lock(
    connection: Connection, officer_id: str | None, *, accounts: Iterable[str], uen: str = "", assigned: bool = False
) -> Holdings:
    """Lock what somebody manages (or the one company) and, if asked, is assigned; then the accounts.

    None stands for companies that nobody manages.

    Raises StaleVersion when that changed while the locks were being taken.
    """
    companies, ids = _read(connection, officer_id, uen, assigned)
    locked = cases.lock_many(connection, ids) if ids else []
    lock_companies(connection, [company.id for company in companies])
    people.lock(connection, accounts)
    if (companies, ids) != _read(connection, officer_id, uen, assigned):
        raise StaleVersion(
            "STALE_HOLDINGS", "Cases or companies of this person changed meanwhile. Nothing was moved; run it again."
        )
    managed = {company.id for company in companies}
    return Holdings(
        companies,
        [case for case in locked if case.company_id in managed],
        [case for case in locked if case.assignee_id == officer_id] if assigned else [],
    )


def lock_companies(connection: Connection, ids: Collection[int]) -> None:
    """Lock companies, after the cases that one locks too: who submits for one of them waits."""
    if ids:
        connection.execute(_LOCK, {"ids": list(ids)}).all()


def _read(connection: Connection, officer_id: str | None, uen: str, assigned: bool) -> tuple[list[Managed], list[int]]:
    query = _COMPANIES.where(_C.c.account_manager_id == officer_id)
    query = query.where(_C.c.identifier == uen) if uen else query
    companies = [Managed(*row) for row in connection.execute(query)]
    wanted: ColumnElement[bool] = _A.c.company_id.in_([company.id for company in companies])
    if assigned:
        wanted = or_(wanted, _A.c.assignee_id == officer_id)
    live = select(_A.c.id).where(_A.c.live_key.is_not(None), wanted).order_by(_A.c.id)
    return companies, list(connection.execute(live).scalars())
