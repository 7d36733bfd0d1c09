"""Revokes a token: from then on it proves nothing."""

from workflow.access import Deed, role_for
from workflow.decisions.outcome import Act, Done
from workflow.decisions.record import enter_act
from workflow.errors import NotFound
from workflow.store import api_tokens
from workflow.store.office import Office


def revoke_token(office: Office, *, token_id: str, act: Act) -> Done:
    """Revoke a token; one that is revoked stays so. Raises NotFound for another's, unless an admin or the operator does it."""
    with office.database.transaction() as transaction:
        connection = transaction.connection
        row = api_tokens.lock(connection, token_id)
        # The operator may take access away at any time: the one deed that can do no harm in the wrong hands.
        may = "operator" in act.actor.roles or role_for(Deed.KEEP_ACCESS, act.actor.roles) is not None
        if row is None or not (may or row.officer_id == act.actor.id):
            raise NotFound("NO_TOKEN", f'There is no token "{token_id[:40]}". See `aeo token list`.')
        if row.revoked_at is None:
            api_tokens.revoke(connection, token_id, act.now)
            enter_act(connection, act, "access:token:revoked", {"token": token_id, "officer": row.officer_id})
        return Done(f'The token "{row.name}" is revoked.', {"id": token_id})
