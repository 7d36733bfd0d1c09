"""Settles a message in doubt as arrived, because a person asked the recipient; the server's silence stays on record."""

from workflow import inputs
from workflow.access import Deed, role_for
from workflow.decisions.deliveries import plain
from workflow.decisions.outcome import Act, Done
from workflow.decisions.record import enter_act
from workflow.errors import BadInput, NotPermitted
from workflow.store import disposal, outbox, tasks
from workflow.store.cases import read_many
from workflow.store.office import Office


def mark_arrived(office: Office, *, message: int, note: str, act: Act) -> Done:
    """Let a message in doubt count as sent, and with it what went out in the same mail; its open task is closed.

    The note says who was asked. Raises NotFound; BadInput without a note, for a message that is not in doubt, whose
    records were disposed of or that went out with another's mail; NotPermitted for whoever may not send it again.
    """
    note = inputs.text(note, "The note")
    if role_for(Deed.RETRY_MESSAGE, act.actor.roles) is None:
        raise NotPermitted("WRONG_ROLE", "An officer, an account manager, a supervisor or an admin says what arrived.")
    with office.database.transaction() as transaction:
        connection = transaction.connection
        row = outbox.lock(connection, message, act.actor)
        if row.status != "in_doubt":
            raise BadInput(
                "NOT_IN_DOUBT", f"Message {message} is {row.status}. Only one that is in doubt is marked as arrived."
            )
        if row.application_id is not None and disposal.done(connection, row.application_id, "mail"):
            raise BadInput(
                "DISPOSED", f"What is known of message {message} was disposed of after its retention period."
            )
        if row.bundled_into is not None:
            raise BadInput(
                "BUNDLED", f"Message {message} went out in the mail of message {row.bundled_into}: mark that one."
            )
        carried = [one for one in outbox.members(connection, [message]).get(message, ()) if one.status == "in_doubt"]
        rows = [row, *carried]
        cases = read_many(connection, {one.application_id for one in rows if one.application_id is not None})
        said = plain(f"Marked as arrived by {act.actor.name}: {note}")
        mails = [outbox.as_it_stands(one, cases.get(one.application_id)) for one in rows]
        outbox.settle_by_hand(connection, mails, said, act.now)
        for mail in mails:
            closed = tasks.open_of_message(connection, mail.id)
            tasks.close(connection, closed, by=act.actor.id, outcome=said, now=act.now)
            about = {"application": mail.reference, "programme": mail.programme} if mail.reference else {}
            detail = {"message": mail.message, "recipient": mail.recipient, "notification": mail.id}
            enter_act(connection, act, "mail:message:arrived", detail | {"cause": mail.cause, "why": note}, about)
    also = f", and with it {len(carried)} that went out in its mail" if carried else ""
    return Done(f"Message {message} counts as arrived{also}.", {"message": message, "carried": len(carried)})
