"""What somebody may see, as conditions of queries, so that a list stays one query. Whom they hold for, access.py says."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, select, true

from states.facts import Person
from workflow import models
from workflow.access import portfolios_of, sees_all
from workflow.models.base import table_of

_A = table_of(models.Application)
_C = table_of(models.Company)


def companies(viewer: Person) -> ColumnElement[bool]:
    """Return the condition on companies; nothing is asked of those that everybody's cases are open to."""
    return true() if sees_all(viewer) else _C.c.account_manager_id.in_(sorted(portfolios_of(viewer)))


def cases(viewer: Person) -> ColumnElement[bool]:
    """Return the condition on applications; where a row may be about none, only those who see all see it."""
    return true() if sees_all(viewer) else _A.c.company_id.in_(select(_C.c.id).where(companies(viewer)))


def only(query: Select[Any], viewer: Person) -> Select[Any]:
    """Leave out of a query with applications what somebody may not see; it is as it was for those who see all."""
    return query if sees_all(viewer) else query.where(cases(viewer))


def sees_company(connection: Connection, viewer: Person, company_id: int) -> bool:
    """Say whether somebody may see a company: one query, and none for those who see all."""
    return _holds(connection, viewer, select(_C.c.id).where(_C.c.id == company_id, companies(viewer)))


def sees_case(connection: Connection, viewer: Person, application_id: int | None) -> bool:
    """Say the same of a case; None is what is about no case."""
    return _holds(connection, viewer, select(_A.c.id).where(_A.c.id == application_id, cases(viewer)))


def _holds(connection: Connection, viewer: Person, query: Select[Any]) -> bool:
    return sees_all(viewer) or connection.execute(query).first() is not None
