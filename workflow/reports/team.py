"""How a team's work stands: open cases by state, age and officer, targets missed, certificates that end. Counts only.

Reads one snapshot in a constant number of queries.
"""

from collections import Counter
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Select, func, select

from states.dates import local_day
from states.facts import Person
from workflow import models
from workflow.models.base import table_of
from workflow.reports import worklist
from workflow.reports.cases import states
from workflow.store import visible
from workflow.store.office import Office

AGES = ((30, "0 to 30 days"), (60, "31 to 60 days"), (90, "61 to 90 days"), (None, "91 days and more"))
_MONTHS = 36

_A = table_of(models.Application)
_O = table_of(models.Officer)
_UNDER_REVIEW = ("review", "waiting")  # whose age says something: a certificate is old by nature
_LAST_DAY = func.coalesce(_A.c.next_valid_until, _A.c.valid_until)


def team(connection: Connection, office: Office, *, viewer: Person, now: datetime, zone: str) -> dict[str, Any]:
    """Return the figures of the cases that somebody may see: `open`, `late`, `unassigned`, and rows for each chart."""
    today = local_day(now, zone)
    late_now = worklist.overdue(_A.c.work_rank, _A.c.work_on, today).label("late")
    query = select(_A.c.state, _A.c.state_kind, _A.c.submitted_at, _A.c.complete_at, late_now, _O.c.name)
    query = query.outerjoin(_O, _O.c.id == _A.c.assignee_id).where(worklist.OPEN)  # as the list of the team has them
    rows = connection.execute(visible.only(query, viewer)).all()
    late = [row for row in rows if row.late]
    by_state, by_officer = Counter(row.state for row in rows), Counter(row.name or "" for row in rows)
    late_of = Counter(row.name or "" for row in late)
    begun = [row.complete_at or row.submitted_at for row in rows if row.state_kind in _UNDER_REVIEW]
    ages = Counter(_age(local_day(one, zone), today) for one in begun)
    titles = states(connection, office)
    return {
        "open": len(rows),
        "late": len(late),
        "unassigned": by_officer[""],
        "by_state": [{"name": title, "count": by_state[name]} for name, title in titles.items() if by_state[name]],
        "by_age": [{"name": words, "count": ages[words]} for _, words in AGES],
        "by_officer": [
            {"name": name or "No officer yet", "count": count, "late": late_of[name]}
            for name, count in sorted(by_officer.items(), key=lambda pair: (-pair[1], pair[0]))
        ],
        "late_in": [{"name": titles[name], "count": n} for name, n in Counter(r.state for r in late).most_common()],
        "ends": _ends(connection, viewer, today),
    }


def _age(since: date, today: date) -> str:
    days = (today - since).days
    return next(words for end, words in AGES if end is None or days <= end)


def _ends(connection: Connection, viewer: Person, today: date) -> list[dict[str, Any]]:
    """Return how many certificates end in each of the next months, this one first."""
    counted = [_LAST_DAY.label("last"), func.count().label("certificates")]
    held: Select[Any] = select(*counted)
    held = held.where(_A.c.ended_on.is_(None), _LAST_DAY.is_not(None), today <= _LAST_DAY).group_by(_LAST_DAY)
    months: Counter[tuple[int, int]] = Counter()
    for row in connection.execute(visible.only(held, viewer)):
        months[row.last.year, row.last.month] += row.certificates
    ahead = [divmod(today.year * 12 + today.month - 1 + n, 12) for n in range(_MONTHS)]
    return [{"name": f"{date(y, m + 1, 1):%b %Y}", "count": months[y, m + 1]} for y, m in ahead]
