"""Locks and reads one case. Lock order is always the application, then the rest; nothing here decides anything."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, select

from states.facts import Person
from states.standing import Certificate, Held
from workflow import models
from workflow.errors import NotFound
from workflow.models.base import table_of
from workflow.store import visible

_A = table_of(models.Application)
_C = table_of(models.Company)


@dataclass
class Case:
    """An application's row with its company, as read; `record` keeps it in step while a transaction goes on."""

    id: int
    reference: str
    programme: str
    edition: str
    company_id: int
    live_key: str | None
    state: str
    state_kind: str
    state_since: datetime
    cycle: int
    version: int
    channel: str
    received_on: date
    submitted_at: datetime
    complete_at: datetime | None
    assignee_id: str | None
    deadline: date | None
    decided_at: datetime
    decision_no: int
    back: str
    facts_cycle: int
    cycle_since: datetime | None
    trader_roles: str
    linked_to: str | None
    case_seq: int
    certificate_number: str | None
    valid_from: date | None
    valid_until: date | None
    ended_on: date | None
    suspended_on: date | None
    continues_until: date | None
    next_certificate: str | None
    next_valid_from: date | None
    next_valid_until: date | None
    publication_consent: bool
    partner_consent: bool
    next_step: str
    waits_for: str
    next_due: datetime | None
    work_rank: int
    work_on: date
    uen: str
    company_name: str
    account_manager_id: str | None

    @property
    def held(self) -> Held:
        """The certificates of the case, for standing."""
        return held_of(self)

    @property
    def traders(self) -> frozenset[str]:
        """What the company does in trade; empty when it was not said."""
        return frozenset(role for role in self.trader_roles.split(",") if role)

    @property
    def back_to(self) -> str:
        """The state before the side state, empty in any other."""
        return self.back.rpartition(",")[2]


def held_of(row: Any) -> Held:
    """Return the certificates that an application's row keeps."""

    def certificate(number: str | None, first: date | None, last: date | None) -> Certificate | None:
        return Certificate(number, first, last) if number and first and last else None

    return Held(
        certificate(row.certificate_number, row.valid_from, row.valid_until),
        certificate(row.next_certificate, row.next_valid_from, row.next_valid_until),
        row.continues_until,
        row.suspended_on,
        row.ended_on,
    )


def _case_query() -> Select[Any]:
    extra = (
        _C.c.identifier.label("uen"),
        _C.c.name.label("company_name"),
        _C.c.account_manager_id,
    )
    return select(*_A.c, *extra).join(_C, _C.c.id == _A.c.company_id)


_READ = _case_query().where(_A.c.reference == bindparam("reference"))
_LOCK = _READ.with_for_update(of=_A)
_LOCK_OF_COMPANY = (
    _case_query()
    .where(_A.c.company_id == bindparam("company_id"), _A.c.live_key.is_not(None))
    .order_by(_A.c.id)
    .with_for_update(of=_A)
)
_READ_MANY = _case_query().where(_A.c.id.in_(bindparam("ids", expanding=True))).order_by(_A.c.id)
_LOCK_MANY = _READ_MANY.with_for_update(of=_A)

assert tuple(f.name for f in fields(Case)) == tuple(c.name for c in _READ.selected_columns)  # noqa: S101  # at import


def _case(row: Row[Any]) -> Case:
    return Case(*tuple(row))


def _found(row: Row[Any] | None, reference: str) -> Case:
    if row is None:
        raise NotFound(
            "NOT_FOUND", f'There is no application "{reference[:40]}" that you can see. Check the reference.'
        )
    return _case(row)


def lock(connection: Connection, reference: str, viewer: Person) -> Case:
    """Lock one application's row until the transaction ends, then read it. Raises NotFound.

    A case that the viewer may not see is not found, and not locked.
    """
    return _found(connection.execute(visible.only(_LOCK, viewer), {"reference": reference}).first(), reference)


def read(connection: Connection, reference: str, viewer: Person) -> Case:
    """Read one case without locking it. Raises NotFound, also for a case that the viewer may not see."""
    return _found(connection.execute(visible.only(_READ, viewer), {"reference": reference}).first(), reference)


def lock_live_of_company(connection: Connection, company_id: int) -> list[Case]:
    """Lock every live application of a company, before anything of the company that their rules look at changes."""
    return [_case(row) for row in connection.execute(_LOCK_OF_COMPANY, {"company_id": company_id})]


def lock_many(connection: Connection, ids: Sequence[int]) -> list[Case]:
    return [_case(row) for row in connection.execute(_LOCK_MANY, {"ids": list(ids)})]


def read_many(connection: Connection, ids: Iterable[int]) -> dict[int, Case]:
    """Read cases by id without locking them."""
    wanted = sorted(set(ids))
    return {row.id: _case(row) for row in connection.execute(_READ_MANY, {"ids": wanted})} if wanted else {}
