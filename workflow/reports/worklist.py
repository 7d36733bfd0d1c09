"""Worklists: cases in the order of what must happen next and by when, paged by key, counted up to a bound.

Reads one snapshot in a constant number of queries; what it costs follows the page, not how many cases there are.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, case, func, or_, select

from states.facts import Person
from workflow import models
from workflow.errors import BadInput
from workflow.models.base import table_of
from workflow.reports import cases
from workflow.store import cases as stored
from workflow.store import search, visible
from workflow.store.office import Office
from workflow.store.placing import Rank

MOST_COUNTED = 500  # beyond, "more than" says enough, and counting would cost what there is
VIEWS = {
    "mine": "Mine",
    "unassigned": "Unassigned",
    "company": "Waiting for a company",
    "approval": "Waiting for approval",
    "team": "Whole team",
    "certificates": "Certificates at rest",
    "all": "Every case",
}
DUE = {"": "Any time", "overdue": "Overdue", "week": "This week", "month": "Within 30 days"}
SORTS = {"when": "By when", "company": "Company", "state": "State", "received": "Received"}

_A = table_of(models.Application)
_C = table_of(models.Company)
OPEN = _A.c.work_rank <= Rank.THEIRS


@dataclass(frozen=True)
class Wanted:
    """What a worklist shows: the words of its address."""

    view: str = "mine"
    find: str = ""
    programme: str = ""
    state: str = ""
    due: str = ""
    sort: str = "when"
    after: str = ""  # the last reference of the page before

    def checked(self) -> "Wanted":
        """Return it when every word is known. Raises BadInput."""
        for word, known in ((self.view, VIEWS), (self.due, DUE), (self.sort.removeprefix("-"), SORTS)):
            if word not in known:
                raise BadInput("UNKNOWN", f'A list knows no "{word[:40]}". Known: {", ".join(k for k in known if k)}.')
        if len(self.find) > 200:  # noqa: PLR2004  # longer than any name
            raise BadInput("TEXT_LONG", "What is sought has more than 200 characters. Shorten it.")
        return self


def read(
    connection: Connection, office: Office, *, viewer: Person, wanted: Wanted, now: datetime, today: date, limit: int
) -> tuple[list[dict[str, Any]], bool]:
    """Return one page of a worklist, and whether another one follows. Raises BadInput, NotFound for `after`."""
    narrowed = _narrowed(connection, cases.query(), viewer, wanted.checked(), today)
    ordered = _ordered(connection, narrowed, wanted, viewer)
    rows = connection.execute(ordered.limit(limit + 1)).all()
    return [cases.shown(connection, office, row, now) for row in rows[:limit]], len(rows) > limit


def every(
    connection: Connection, office: Office, *, viewer: Person, wanted: Wanted, now: datetime, today: date, most: int
) -> Iterator[dict[str, Any]]:
    """Yield what the pages show, all of them up to a bound."""
    given, more = 0, True
    while more and given < most:
        rows, more = read(connection, office, viewer=viewer, wanted=wanted, now=now, today=today, limit=500)
        yield from rows
        given += len(rows)
        wanted = replace(wanted, after=rows[-1]["reference"] if rows else "")


def tally(connection: Connection, *, viewer: Person, wanted: Wanted, today: date) -> dict[str, int]:
    """Return how many cases a list holds by group: total, overdue, week, later, new, waiting, held, ended.

    At most MOST_COUNTED + 1 are looked at, so a total above MOST_COUNTED means "more than".
    """
    end = sunday(today)
    base: Select[Any] = select(*(_A.c.work_rank, _A.c.work_on))
    some = _narrowed(connection, base, viewer, wanted.checked(), today).limit(MOST_COUNTED + 1).subquery()
    rank, on = some.c.work_rank, some.c.work_on
    groups = {
        "overdue": overdue(rank, on, today),
        "week": and_(rank == Rank.OURS, on >= today, on <= end),
        "later": and_(rank == Rank.OURS, on > end),
        "new": rank == Rank.NEW,
        "waiting": rank == Rank.THEIRS,
        "held": rank == Rank.HELD,
        "ended": rank == Rank.ENDED,
    }
    counted = [func.coalesce(func.sum(case((holds, 1), else_=0)), 0).label(name) for name, holds in groups.items()]
    row = connection.execute(select(func.count().label("total"), *counted).select_from(some)).one()
    return {name: int(count) for name, count in row._mapping.items()}  # noqa: SLF001  # a public name


def counts(connection: Connection, *, viewer: Person, views: tuple[str, ...], today: date) -> dict[str, int]:
    """Return how many cases each view holds, counted up to MOST_COUNTED + 1: one query."""

    def counted(view: str) -> Any:
        base: Select[Any] = select(*(_A.c.id,))
        some = _narrowed(connection, base, viewer, Wanted(view), today).limit(MOST_COUNTED + 1).subquery()
        return select(func.count()).select_from(some).scalar_subquery().label(view)

    row = connection.execute(select(*(counted(view) for view in views))).one()
    return {view: int(count) for view, count in row._mapping.items()}  # noqa: SLF001  # likewise


def _narrowed(connection: Connection, query: Select[Any], viewer: Person, wanted: Wanted, today: date) -> Select[Any]:
    query = visible.only(query, viewer).where(*_of_view(wanted.view, viewer), *search.matches(connection, wanted.find))
    if wanted.programme:
        query = query.where(_A.c.programme == wanted.programme)
    if wanted.state:
        query = query.where(_A.c.state == wanted.state)
    if wanted.due == "overdue":
        return query.where(overdue(_A.c.work_rank, _A.c.work_on, today))
    ends = {"week": sunday(today), "month": today + timedelta(days=30)}
    dated = _A.c.work_rank != Rank.NEW  # those stand by the day they were received, which is no target
    return query.where(dated, _A.c.work_on <= ends[wanted.due]) if wanted.due else query


def overdue(rank: ColumnElement[Any], on: ColumnElement[Any], today: date) -> ColumnElement[bool]:
    """Return the one condition for what is overdue: our move, and its day is over."""
    return and_(rank == Rank.OURS, on < today)


def _of_view(view: str, viewer: Person) -> list[ColumnElement[bool]]:
    return {
        "mine": [_A.c.assignee_id == viewer.id, OPEN],
        "unassigned": [_A.c.assignee_id.is_(None), OPEN],
        "company": [_A.c.waits_for == "company", OPEN],
        "approval": [_A.c.waits_for == "approver", OPEN],
        "team": [OPEN],
        "certificates": [_A.c.work_rank == Rank.HELD],
        "all": list[ColumnElement[bool]](),
    }[view]


def _ordered(connection: Connection, query: Select[Any], wanted: Wanted, viewer: Person) -> Select[Any]:
    """Order by the key and go on after the last case of the page before."""
    down = wanted.sort.startswith("-")
    keys: list[Any] = {
        "when": [_A.c.work_rank, _A.c.work_on, _A.c.id],
        "company": [_C.c.name, _A.c.id],
        "state": [_A.c.state, _A.c.work_on, _A.c.id],
        "received": [_A.c.received_on, _A.c.id],
    }[wanted.sort.removeprefix("-")]
    if wanted.after:
        last = stored.read(connection, wanted.after, viewer)
        query = query.where(_beyond(keys, [getattr(last, _FIELD.get(key.name, key.name)) for key in keys], down))
    return query.order_by(*(key.desc() if down else key for key in keys))


_FIELD = {"name": "company_name"}


def _beyond(keys: list[Any], values: list[Any], down: bool) -> ColumnElement[bool]:
    """Return the condition for what comes after a row; written out, so that both databases use the index."""
    first, value = keys[0], values[0]
    ahead: ColumnElement[bool] = first < value if down else first > value
    if len(keys) == 1:
        return ahead
    reached = first <= value if down else first >= value
    return and_(reached, or_(ahead, _beyond(keys[1:], values[1:], down)))


def sunday(today: date) -> date:
    """Return the last day of the week."""
    return today + timedelta(days=6 - today.weekday())
