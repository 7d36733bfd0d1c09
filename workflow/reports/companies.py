"""Companies that are parties to cases, as people and programs list them. Reads one snapshot and changes nothing."""

from collections import defaultdict
from typing import Any

from sqlalchemy import Connection, select

from states.facts import Person
from workflow import models
from workflow.models.base import table_of
from workflow.store import visible

_A = table_of(models.Application)
_C = table_of(models.Company)
_O = table_of(models.Officer)
_SITE = table_of(models.Site)


def list_(
    connection: Connection, *, viewer: Person, uen: str = "", after_id: int = 0, limit: int = 50
) -> list[dict[str, Any]]:
    """Return companies that somebody may see, in the order in which they came, in three queries."""
    query = (
        select(_C.c.id, _C.c.scheme, _C.c.identifier, _C.c.name, _C.c.created_at, _O.c.name.label("manager"))
        .outerjoin(_O, _O.c.id == _C.c.account_manager_id)
        .where(visible.companies(viewer), _C.c.id > after_id)
        .order_by(_C.c.id)
        .limit(limit)
    )
    if uen:
        query = query.where(_C.c.identifier == uen)
    rows = connection.execute(query).all()
    ids = [row.id for row in rows]
    sites, references = defaultdict(list), defaultdict(list)
    for company_id, name in connection.execute(
        select(_SITE.c.company_id, _SITE.c.name).where(_SITE.c.company_id.in_(ids)).order_by(_SITE.c.id)
    ):
        sites[company_id].append(name)
    for company_id, reference in connection.execute(
        select(_A.c.company_id, _A.c.reference).where(_A.c.company_id.in_(ids)).order_by(_A.c.id)
    ):
        references[company_id].append(reference)
    return [
        {
            "id": row.id,
            "scheme": row.scheme,
            "uen": row.identifier,
            "name": row.name,
            "account_manager": row.manager,
            "since": row.created_at,
            "sites": sites[row.id],
            "applications": references[row.id],
        }
        for row in rows
    ]
