"""Companies that are parties to cases: found by name, listed in the order they came, one with all that is kept of it.

Reads one snapshot and changes nothing.
"""

from collections import defaultdict
from typing import Any

from sqlalchemy import Connection, Select, Table, func, or_, select

from states.facts import Person
from workflow import models
from workflow.errors import NotFound
from workflow.models.base import table_of
from workflow.store import visible

_C = table_of(models.Company)
_A = table_of(models.Application)
_O = table_of(models.Officer)
_NAME = table_of(models.CompanyName)
_SITE = table_of(models.Site)
_CONTACT = table_of(models.Contact)
_BAND = table_of(models.BandAssessment)
_TERM = table_of(models.AccountManagerTerm)
_REGISTERED = table_of(models.RegisteredEntity)


def find(
    connection: Connection, *, viewer: Person, sought: str = "", after: str = "", limit: int = 50
) -> list[dict[str, Any]]:
    """Return companies that somebody may see by name and identifier; `after` is the last identifier of the page before."""
    cases = select(_A.c.company_id, func.count().label("cases")).group_by(_A.c.company_id).subquery()
    query = (
        select(_C.c.identifier, _C.c.name, _O.c.name.label("account_manager"), cases.c.cases)
        .outerjoin(_O, _O.c.id == _C.c.account_manager_id)
        .outerjoin(cases, cases.c.company_id == _C.c.id)
        .where(visible.companies(viewer))
        .order_by(func.lower(_C.c.name), _C.c.identifier)
        .limit(limit)
    )
    if sought:
        like = "%" + sought.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        query = query.where(
            or_(func.lower(_C.c.name).like(like, escape="\\"), func.lower(_C.c.identifier).like(like, escape="\\"))
        )
    if after:
        last = select(func.lower(_C.c.name)).where(_C.c.identifier == after).scalar_subquery()
        query = query.where(
            or_(func.lower(_C.c.name) > last, (func.lower(_C.c.name) == last) & (_C.c.identifier > after))
        )
    return [
        {
            "uen": row.identifier,
            "name": row.name,
            "account_manager": row.account_manager,
            "cases": row.cases or 0,
        }
        for row in connection.execute(query)
    ]


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


def company(connection: Connection, *, uen: str, viewer: Person) -> dict[str, Any]:
    """Return one company with what is kept of it. Raises NotFound, also for one that is not the viewer's to see."""
    query = select(_C, _O.c.name.label("account_manager")).outerjoin(_O, _O.c.id == _C.c.account_manager_id)
    row = connection.execute(query.where(_C.c.identifier == uen, visible.companies(viewer))).first()
    if row is None:
        raise NotFound("NO_COMPANY", f'There is no company "{uen[:40]}" that you can see. Check the UEN.')
    mine = row.id
    registered = connection.execute(select(_REGISTERED).where(_REGISTERED.c.uen == uen)).mappings().first()
    return {
        "uen": row.identifier,
        "name": row.name,
        "account_manager": row.account_manager,
        "check_letter_reason": row.check_letter_reason,
        "names": _rows(connection, select(_NAME.c.name, _NAME.c.since).order_by(_NAME.c.since.desc()), _NAME, mine),
        "sites": _rows(connection, select(_SITE.c.name).order_by(_SITE.c.name), _SITE, mine),
        "contacts": _rows(
            connection, select(_CONTACT.c.email, _CONTACT.c.name).order_by(_CONTACT.c.email), _CONTACT, mine
        ),
        "bands": _rows(
            connection,
            select(_BAND.c.band, _BAND.c.assessed_on, _BAND.c.valid_until).order_by(_BAND.c.assessed_on.desc()),
            _BAND,
            mine,
        ),
        "managers": _rows(
            connection,
            select(_O.c.name, _TERM.c.since)
            .select_from(_TERM.outerjoin(_O, _O.c.id == _TERM.c.officer_id))
            .order_by(_TERM.c.since.desc()),
            _TERM,
            mine,
        ),
        "cases": [
            one["reference"] for one in _rows(connection, select(_A.c.reference).order_by(_A.c.id.desc()), _A, mine)
        ],
        "registered": dict(registered) if registered else None,
    }


def _rows(connection: Connection, query: Select[Any], table: Table, company_id: int) -> list[dict[str, Any]]:
    found = connection.execute(query.where(table.c.company_id == company_id))
    return [dict(row) for row in found.mappings()]
