"""Lets mail go again to an address to which nothing was sent any more."""

from workflow import inputs
from workflow.access import Deed, role_for
from workflow.decisions.deliveries import salted
from workflow.decisions.outcome import Act, Done
from workflow.decisions.record import enter_act
from workflow.errors import NotFound, NotPermitted
from workflow.store import suppressions
from workflow.store.office import Office


def release_address(office: Office, *, address: str, reason: str, act: Act) -> Done:
    """Release a suppressed address; what was held back stays so until somebody sends it again.

    Raises NotFound when it is not suppressed; NotPermitted for anybody but an officer, a supervisor and an admin.
    """
    address, reason = inputs.email(address, "The address"), inputs.text(reason, "The reason")
    if role_for(Deed.RELEASE_ADDRESS, act.actor.roles) is None:
        raise NotPermitted("WRONG_ROLE", "An officer, a supervisor or an admin releases an address.")
    with office.database.transaction() as transaction:
        connection = transaction.connection
        if not suppressions.release(connection, address, by=act.actor.id, reason=reason, now=act.now):
            raise NotFound(
                "NOT_SUPPRESSED", f"Mail to {address} is not held back. Look at the addresses that are held back."
            )
        detail = {"address": salted(address, office.salt), "why": reason}
        enter_act(connection, act, "mail:address:released", detail)
    return Done(f"Mail goes to {address} again. What was held back can be sent again.", {"address": address})
