"""Ends sessions: one's own, or all of a person's."""

from workflow.access import Deed, role_for
from workflow.decisions import sign_ins
from workflow.decisions.outcome import Act, Done
from workflow.errors import NotFound
from workflow.store import people, sessions
from workflow.store.office import Office


def end_session(office: Office, *, session_id: str, act: Act, why: str = "signed out") -> Done:
    """End a session. Raises NotFound for one that is another's, unless an admin ends it; one that is over stays so."""
    with office.database.transaction() as transaction:
        connection = transaction.connection
        kept = sessions.by_id(connection, session_id)
        if kept is None or not _may_end(act, kept.person.id):
            raise NotFound("NO_SESSION", "There is no such session. See the list of your sessions.")
        if not kept.over(act.now):
            sign_ins.end(connection, kept.row, why, act)
        return Done("The session is ended.", {"session": session_id})


def end_sessions_of(office: Office, *, officer_id: str, act: Act, but: str = "") -> Done:
    """End every session of a person, but for one. Raises NotFound for another's, unless an admin ends them."""
    with office.database.transaction() as transaction:
        connection = transaction.connection
        if not _may_end(act, officer_id):
            raise NotFound("NO_SESSION", "There are no such sessions. See the list of your sessions.")
        people.lock(connection, [officer_id])
        ended = sign_ins.end_all(connection, officer_id, "ended from elsewhere", act, but=but)
        which = "other session is" if ended == 1 and but else "session is" if ended == 1 else "sessions are"
        return Done(f"{ended or 'No'} {which} ended.", {"ended": ended})


def _may_end(act: Act, officer_id: str) -> bool:
    return act.actor.id == officer_id or role_for(Deed.KEEP_ACCESS, act.actor.roles) is not None
