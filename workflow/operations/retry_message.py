"""Sends a message again that failed, was held back or may not have arrived, because a person says so."""

from workflow.access import Deed, role_for
from workflow.decisions.outcome import Act, Done
from workflow.decisions.record import enter_act
from workflow.errors import BadInput, NotPermitted
from workflow.store import disposal, outbox, tasks
from workflow.store.cases import read_many
from workflow.store.office import Office

AGAIN = ("failed", "in_doubt", "suppressed")


def retry_message(office: Office, *, message: int, act: Act) -> Done:
    """Queue a message again under its old Message-ID. One in doubt goes to the same address with the same bytes, any
    other one to whom it is for on the day.

    Its open task is closed, but for one that asks for a letter. Raises NotFound; BadInput for a message that waits, is
    on its way, has arrived or went out with another's mail; NotPermitted for anybody but an officer, an account manager,
    a supervisor and an admin.
    """
    if role_for(Deed.RETRY_MESSAGE, act.actor.roles) is None:
        raise NotPermitted("WRONG_ROLE", "An officer, an account manager, a supervisor or an admin sends mail again.")
    with office.database.transaction() as transaction:
        connection = transaction.connection
        row = outbox.lock(connection, message, act.actor)
        if row.status not in AGAIN:
            raise BadInput(
                "NOT_TO_RETRY", f"Message {message} is {row.status}. Only one of {', '.join(AGAIN)} is sent again."
            )
        if row.application_id is not None and disposal.done(connection, row.application_id, "mail"):
            raise BadInput("DISPOSED", f"The text of message {message} was disposed of after its retention period.")
        if row.bundled_into is not None and row.status == "in_doubt":
            raise BadInput(
                "BUNDLED", f"Message {message} went out in the mail of message {row.bundled_into}: send that one again."
            )
        outbox.queue_again(connection, row, act.now)
        closed = tasks.open_of_message(connection, message)
        tasks.close(connection, closed, by=act.actor.id, outcome="The message is sent again.", now=act.now)
        case = None if row.application_id is None else read_many(connection, [row.application_id])[row.application_id]
        about = {"application": case.reference, "programme": case.programme} if case else {}
        detail = {"message": row.message, "notification": message, "before": row.status}
        enter_act(connection, act, "mail:message:retried", detail, about)
    return Done(f"Message {message} is sent again at the next delivery.", {"message": message, "before": row.status})
