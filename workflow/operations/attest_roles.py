"""Attests that everybody holds the roles that he or she should: a yearly act of a supervisor or an admin."""

from datetime import datetime

from workflow.access import Deed
from workflow.decisions.outcome import Act, Done
from workflow.decisions.permit import demand
from workflow.decisions.record import enter_act
from workflow.errors import BadInput
from workflow.reports.access import accounts, digest_of
from workflow.store.office import Office


def attest_roles(office: Office, *, digest: str, act: Act) -> Done:
    """Attest the list whose digest is given, so that nobody attests what he did not see.

    Raises BadInput when the roles changed since, and NotPermitted.
    """
    demand(Deed.ATTEST_ROLES, act)
    with office.database.transaction() as transaction:
        connection = transaction.connection
        found = accounts(connection, act.now + datetime.resolution)  # what was recorded at this instant too
        present = digest_of(found)
        if digest != present:
            raise BadInput(
                "ROLES_CHANGED",
                "That is not the digest of the roles as they are now. Look at them again: aeo officer attest.",
            )
        active = sum(1 for one in found.values() if one.active)
        enter_act(connection, act, "people:roles:attested", {"accounts": active, "digest": present})
    words = f"The roles of {active} accounts are attested."
    return Done(words, {"accounts": active, "digest": present})
