"""Who is account manager of a company, and since when. Keeps the history; it judges nothing."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, select, update

from workflow import models
from workflow.models.base import table_of

_COMPANY = table_of(models.Company)
_TERM = table_of(models.AccountManagerTerm)


def name(connection: Connection, company_ids: Collection[int], officer_id: str | None, now: datetime) -> None:
    """Make a colleague, or nobody, the account manager of companies from now on."""
    others = select(_COMPANY.c.id).where(
        _COMPANY.c.id.in_(company_ids), _COMPANY.c.account_manager_id.is_distinct_from(officer_id)
    )
    changed = [
        {"company_id": id_, "officer_id": officer_id, "since": now}
        for id_ in connection.execute(others.order_by(_COMPANY.c.id)).scalars()
    ]
    if changed:
        ids = [one["company_id"] for one in changed]
        connection.execute(update(_COMPANY).where(_COMPANY.c.id.in_(ids)).values(account_manager_id=officer_id))
        connection.execute(_TERM.insert(), changed)
