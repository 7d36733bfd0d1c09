"""Confirms an edition's placeholder criteria as the administration's own; production certifies nobody before that."""

from sqlalchemy import select

from workflow import models
from workflow.access import Deed, role_for
from workflow.audit.entry import Entry
from workflow.decisions.outcome import Act, Done
from workflow.decisions.record import enter
from workflow.errors import NotPermitted
from workflow.models.base import table_of
from workflow.store.office import Office

_ACCEPTANCE = table_of(models.ProgrammeAcceptance)


def accept_programme(office: Office, *, code: str, act: Act) -> Done:
    """Accept the newest edition's criteria; a second time changes nothing.

    Raises NotFound for an unknown programme and NotPermitted for anybody but an admin.
    """
    if role_for(Deed.ACCEPT_PROGRAMME, act.actor.roles) is None:
        raise NotPermitted("WRONG_ROLE", "An admin accepts a programme's criteria for the administration.")
    with office.database.transaction() as transaction:
        connection = transaction.connection
        programme = office.editions.newest(connection, code).programme
        placeholders = sorted(c.code for c in programme.criteria.values() if c.placeholder)
        data = {"code": programme.code, "edition": programme.edition, "placeholders": placeholders}
        key = (_ACCEPTANCE.c.code == programme.code, _ACCEPTANCE.c.edition == programme.edition)
        if connection.execute(select(_ACCEPTANCE.c.accepted_by).where(*key)).first():
            return Done(f"The criteria of {programme.code} edition {programme.edition} were accepted before.", data)
        row = {
            "code": programme.code,
            "edition": programme.edition,
            "accepted_by": act.actor.id,
            "accepted_at": act.now,
        }
        connection.execute(_ACCEPTANCE.insert(), row)
        entry = Entry(
            kind="programme:criteria:accepted",
            recorded_at=act.now,
            actor=act.actor.id,
            role="admin",
            proven=act.proven,
            edition=[programme.code, programme.edition, programme.sha256],
            detail={"code": programme.code, "edition_name": programme.edition, "placeholders": placeholders},
        )
        enter(connection, entry)
        words = f"The {len(placeholders)} placeholder criteria of {programme.code} edition {programme.edition} are accepted."
        return Done(words, data)
