"""What companies said of their renewal when somebody spoke with them. It judges nothing."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, select

from workflow import models
from workflow.models.base import table_of
from workflow.store.cases import Case

_N = table_of(models.ContactNote)
_READ: Select[Any] = (
    select(_N.c.application_id, _N.c.cycle, _N.c.contacted_on, _N.c.expects_on)
    .where(_N.c.application_id.in_(bindparam("ids", expanding=True)))
    .order_by(_N.c.id)
)


def newest_of(connection: Connection, cases: Sequence[Case]) -> dict[int, Row[Any]]:
    """Return by case id the newest contact about the cycle that comes next or is being worked on, where there is one."""
    cycles = {case.id: case.facts_cycle for case in cases}
    rows = connection.execute(_READ, {"ids": list(cycles)})
    return {row.application_id: row for row in rows if row.cycle == cycles[row.application_id]}
