"""Records that somebody is absent on some days, and who stands in."""

from datetime import date

from states.guards import in_words, role_words
from workflow import models
from workflow.access import CASE_ROLES, Deed, role_for
from workflow.decisions.outcome import Act, Done
from workflow.decisions.record import enter_act
from workflow.errors import BadInput, NotPermitted
from workflow.models.base import table_of
from workflow.store import absences, people
from workflow.store.office import Office

_ABSENCE = table_of(models.Absence)


def record_absence(office: Office, *, email: str, first: date, last: date, deputy: str, act: Act) -> Done:
    """Record local days, both included, on which the deputy also gets what the person would get.

    Raises NotFound for an unknown or disabled person; BadInput for days in the wrong order or taken already and for a
    deputy who cannot stand in; NotPermitted for anybody but a supervisor, an admin and the person.
    """
    if last < first:
        raise BadInput(
            "DATE_ORDER", f"The last day {in_words(last)} is before the first day {in_words(first)}. Swap them."
        )
    with office.database.transaction() as transaction:
        connection = transaction.connection
        person, stand_in = people.by_email(connection, email), people.by_email(connection, deputy)
        if act.actor.id != person.id and role_for(Deed.RECORD_ABSENCE, act.actor.roles) is None:
            raise NotPermitted("WRONG_ROLE", f"A supervisor, an admin or {person.name} records this absence.")
        people.lock(connection, [person.id, stand_in.id])
        person, stand_in = people.by_email(connection, email), people.by_email(connection, deputy)
        if person.id == stand_in.id:
            raise BadInput("OWN_DEPUTY", f"{person.name} cannot stand in for himself or herself. Name somebody else.")
        if not person.roles & stand_in.roles & CASE_ROLES:
            held = tuple(sorted(person.roles & CASE_ROLES))
            needed = f"is {role_words(held, 'and')}" if held else "holds no role that works on cases"
            raise BadInput(
                "DEPUTY_ROLE",
                f"{stand_in.name} shares no role with {person.name}, who {needed}. Name a deputy who does.",
            )
        if known := absences.within(connection, person.id, first, last):
            raise BadInput(
                "ABSENT_ALREADY",
                f"{person.name} is already recorded as absent {_days(known.first, known.last)}. Give other days.",
            )
        if away := absences.within(connection, stand_in.id, first, last):
            raise BadInput(
                "DEPUTY_ABSENT",
                f"{stand_in.name} is absent too, {_days(away.first, away.last)}. Name a deputy who is there.",
            )
        row = {"officer_id": person.id, "first": first, "last": last, "deputy_id": stand_in.id, "recorded_at": act.now}
        connection.execute(_ABSENCE.insert(), row)
        detail = {"officer": person.id, "first": first, "last": last, "deputy": stand_in.id}
        enter_act(connection, act, "people:absence:recorded", detail)
        sentence = f"{person.name} is absent {_days(first, last)}. {stand_in.name} also gets the mail of these days."
        if others := absences.deputised_by(connection, person.id, first, last):
            named = people.names(connection)
            for_ = ", ".join(sorted({named[one.officer_id] for one in others}))
            sentence += f" {person.name} is the deputy of {for_} in these days; that mail goes on to {stand_in.name}."
        return Done(sentence, {"email": email, "from": first, "to": last, "deputy": deputy})


def _days(first: date, last: date) -> str:
    return f"on {in_words(first)}" if first == last else f"from {in_words(first)} to {in_words(last)}"
