"""Ends an absence earlier than recorded, or takes back one that has not begun: the deputy stands in no longer."""

from datetime import date, timedelta

from states.dates import local_day
from states.guards import in_words
from workflow.access import Deed, role_for
from workflow.decisions.outcome import Act, Done
from workflow.decisions.record import enter_act
from workflow.errors import BadInput, NotPermitted
from workflow.store import absences, people
from workflow.store.office import Office


def end_absence(office: Office, *, email: str, first: date | None = None, act: Act) -> Done:
    """End the absence that began or begins on `first`; without it the one of today, or else the next.

    Today stays covered: mail of today went to the deputy. Raises NotFound for an unknown person, BadInput when there is
    no such absence or it is over, NotPermitted for anybody but a supervisor, an admin and the person.
    """
    today = local_day(act.now, absences.OFFICE_ZONE)
    with office.database.transaction() as transaction:
        connection = transaction.connection
        person = people.by_email(connection, email)
        if act.actor.id != person.id and role_for(Deed.RECORD_ABSENCE, act.actor.roles) is None:
            raise NotPermitted("WRONG_ROLE", f"A supervisor, an admin or {person.name} ends this absence.")
        people.lock(connection, [person.id])
        coming = [one for one in absences.between(connection, today, date.max) if one.officer_id == person.id]
        found = next((one for one in coming if first in (None, one.first)), None)
        if found is None:
            which = f"that begins on {in_words(first)} and is not over" if first else "now or later"
            raise BadInput("NO_ABSENCE", f"{person.name} has no absence {which}. Nothing is to be ended.")
        last = today if found.first <= today else found.first - timedelta(days=1)
        if last == found.last:
            raise BadInput("NO_ABSENCE", f"The absence of {person.name} ends today already.")
        absences.end(connection, found, last)
        detail = {"officer": person.id, "first": found.first, "last": last, "planned_last": found.last}
        enter_act(connection, act, "people:absence:ended", detail | {"deputy": found.deputy_id})
        deputy = people.by_id(connection, found.deputy_id).name
        words = (
            f"The absence of {person.name} ends today; from tomorrow on {deputy} no longer stands in."
            if found.first <= today
            else f"The absence of {person.name} from {in_words(found.first)} is taken back."
        )
        return Done(words, {"email": email, "from": found.first, "to": last})
