"""Reads where a company operates. It judges nothing."""

from sqlalchemy import Connection, select

from workflow import models
from workflow.models.base import table_of

_S = table_of(models.Site)


def of_company(connection: Connection, company_id: int) -> tuple[str, ...]:
    """Return the names of a company's sites, sorted as the rules sort them."""
    return tuple(sorted(connection.execute(select(_S.c.name).where(_S.c.company_id == company_id)).scalars()))
