"""Certification programmes as people read them: editions, cases under each, the parts of one edition. Changes nothing."""

from typing import Any

from sqlalchemy import Connection, func, select

from states.definition import Programme
from states.difference import Difference, differences
from workflow import models
from workflow.errors import NotFound
from workflow.models.base import table_of
from workflow.store.office import Office

_E = table_of(models.ProgrammeEdition)
_A = table_of(models.Application)
_ACCEPTED = table_of(models.ProgrammeAcceptance)
_O = table_of(models.Officer)


def editions(connection: Connection, office: Office, code: str = "") -> list[dict[str, Any]]:
    """Return every stored edition, the newest first within its programme, with how many cases run under it."""
    cases = (
        select(_A.c.programme, _A.c.edition, func.count().label("cases"))
        .group_by(_A.c.programme, _A.c.edition)
        .subquery()
    )
    query = (
        select(
            _E.c.code, _E.c.edition, _E.c.sha256, _E.c.installed_at, cases.c.cases, _ACCEPTED.c.accepted_at, _O.c.name
        )
        .outerjoin(cases, (cases.c.programme == _E.c.code) & (cases.c.edition == _E.c.edition))
        .outerjoin(_ACCEPTED, (_ACCEPTED.c.code == _E.c.code) & (_ACCEPTED.c.edition == _E.c.edition))
        .outerjoin(_O, _O.c.id == _ACCEPTED.c.accepted_by)
        .order_by(_E.c.code, _E.c.installed_at.desc(), _E.c.edition.desc())
    )
    rows = connection.execute(query.where(_E.c.code == code) if code else query)
    return [
        {
            "code": row.code,
            "edition": row.edition,
            "title": programme(connection, office, row.code, row.edition).title,
            "sha256": row.sha256,
            "installed_at": row.installed_at,
            "cases": row.cases or 0,
            "accepted_at": row.accepted_at,
            "accepted_by": row.name,
        }
        for row in rows
    ]


def programme(connection: Connection, office: Office, code: str, edition: str = "") -> Programme:
    """Return one edition of a programme, the newest when none is named. Raises NotFound."""
    newest = office.editions.newest(connection, code).programme
    if edition in ("", newest.edition):
        return newest
    known = select(_E.c.edition).where(_E.c.code == code, _E.c.edition == edition)
    if connection.execute(known).first() is None:
        raise NotFound("NO_EDITION", f'There is no edition "{edition[:40]}" of {code}. See `aeo programme list`.')
    return office.editions.machine(connection, code, edition).programme


def compared(
    connection: Connection, office: Office, *, one: tuple[str, str], other: tuple[str, str]
) -> list[Difference]:
    """Return what differs from one edition to another, also of another programme. Raises NotFound."""
    return differences(programme(connection, office, *one), programme(connection, office, *other))
