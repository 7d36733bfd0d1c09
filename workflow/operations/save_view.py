"""Keeps a worklist under a name, for oneself or for everybody, and forgets it again."""

from urllib.parse import parse_qsl, urlencode

from sqlalchemy import delete, func, select

from workflow import inputs, models
from workflow.decisions.outcome import Act, Done
from workflow.errors import BadInput, NotFound
from workflow.models.base import table_of
from workflow.store.office import Office

_VIEW = table_of(models.SavedView)
_MOST = 50  # of one person
_WORDS = ("view", "find", "programme", "state", "due", "sort")


def save_view(office: Office, *, name: str, query: str, shared: bool, act: Act) -> Done:
    """Keep the words of a list's address. Raises BadInput for an empty name, one that another view of theirs has, or one too many."""
    name = inputs.name(name, "The name of the view")
    kept = [(word, value) for word, value in parse_qsl(query, max_num_fields=20) if word in _WORDS]
    with office.database.transaction() as transaction:
        connection = transaction.connection
        mine = select(func.count()).select_from(_VIEW).where(_VIEW.c.officer_id == act.actor.id)
        if connection.execute(mine).scalar_one() >= _MOST:
            raise BadInput("VIEWS", f"You keep {_MOST} views already. Forget one first.")
        row = {"officer_id": act.actor.id, "name": name, "query": urlencode(kept), "shared": shared}
        named = select(_VIEW.c.query, _VIEW.c.shared).where(_VIEW.c.officer_id == act.actor.id, _VIEW.c.name == name)
        if (same := connection.execute(named).first()) is not None:
            if (same.query, same.shared) == (row["query"], shared):  # the second press of the button
                return Done(f'The view "{name}" is kept.')
            raise BadInput("VIEW_NAME", f'You keep another view as "{name}". Choose another name, or forget that one.')
        connection.execute(_VIEW.insert(), row | {"created_at": act.now})
    return Done(f'The view "{name}" is kept.')


def forget_view(office: Office, *, view: int, act: Act) -> Done:
    """Forget a view of one's own. Raises NotFound for anybody else's."""
    with office.database.transaction() as transaction:
        mine = delete(_VIEW).where(_VIEW.c.id == view, _VIEW.c.officer_id == act.actor.id)
        if transaction.connection.execute(mine).rowcount != 1:
            raise NotFound("NOT_FOUND", "There is no such view of yours.")
    return Done("The view is forgotten.")
