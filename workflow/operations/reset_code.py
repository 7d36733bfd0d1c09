"""Takes somebody's one-time codes away, because the phone is lost: the next sign-in sets up new ones."""

from workflow.decisions import sign_ins
from workflow.decisions.deliveries import salted
from workflow.decisions.outcome import Act, Done
from workflow.decisions.record import enter_act
from workflow.errors import BadInput
from workflow.operations.set_password import may_keep_access
from workflow.store import credentials, people, sign_in_counts
from workflow.store.office import Office


def reset_code(office: Office, *, email: str, act: Act) -> Done:
    """Forget a person's codes and end all sessions. Raises NotPermitted, NotFound, and BadInput when there are none."""
    may_keep_access(office, act, "resets codes")
    with office.database.transaction() as transaction:
        connection = transaction.connection
        person = people.by_email(connection, email)
        people.lock(connection, [person.id])
        proofs = credentials.existing(credentials.by_id(connection, person.id))
        if not proofs.has_code:
            raise BadInput("NO_CODE", f"{person.name} has no one-time codes. Nothing is to be reset.")
        credentials.keep(connection, person.id, code_secret="", code_since=None, code_last_step=None)
        entry = enter_act(connection, act, "access:code:reset", {"officer": person.id})
        sign_ins.end_all(connection, person.id, "codes reset", act)
        sign_ins.tell_owner(connection, office, person, "codes", entry, act)
        sign_in_counts.forget(connection, salted(proofs.email, office.salt))
        sentence = f"The one-time codes of {person.name} are reset. The next sign-in sets up new ones."
        return Done(sentence, {"email": email})
