"""Takes a recommendation back before anybody decides on it. Who made it took part all the same."""

from typing import Any

from sqlalchemy import Connection

from states.guards import Unmet, names, role_words
from workflow import inputs, models
from workflow.access import ALLOWED, Deed, role_for, takes_back
from workflow.decisions.decide import summary
from workflow.decisions.once import once
from workflow.decisions.outcome import Act, Done, Outcome
from workflow.decisions.permit import refuse
from workflow.decisions.record import Change, record, stale
from workflow.models.base import table_of
from workflow.reports.acting import recommendations
from workflow.store import cases, people
from workflow.store.cases import Case
from workflow.store.office import Office

_RECOMMENDATION = table_of(models.Recommendation)


def take_back_recommendation(
    office: Office,
    *,
    reference: str,
    reason: str,
    act: Act,
    version: int | None = None,
    idempotency_key: str = "",
) -> Outcome:
    """Take the open recommendation back: nothing is recommended then, and the case waits as its state says.

    Refused to anybody but the officer who made it and supervisors, and where none is open. The same request with the
    same key again does nothing and gets the same answer.

    Raises NotFound, BadInput (no reason, a key of another request) and StaleVersion.
    """
    reason, key = inputs.text(reason, "The reason"), inputs.key(idempotency_key)
    body = {"reference": reference, "reason": reason, "version": version}
    with office.database.transaction() as transaction:
        connection = transaction.connection
        case = cases.lock(connection, reference, act.actor)

        def take_back() -> Outcome:
            if version is not None and version != case.version:
                raise stale(reference)
            return _take_back(connection, office, case, reason, act)

        return once(connection, act, "recommendations/taking-back", key, body, take_back)


def _take_back(connection: Connection, office: Office, case: Case, reason: str, act: Act) -> Outcome:
    programme = office.editions.machine(connection, case.programme, case.edition).programme
    made = recommendations(connection, [case]).get(case.id)
    if made is not None and programme.transition(made["outcome"], case.state, case.back_to) is None:
        made = None  # it was followed already
    role, unmet = role_for(Deed.TAKE_BACK, act.actor.roles), _unmet(connection, made, act)
    if made is None or role is None or unmet:
        return refuse(connection, office.origin, case, programme, Deed.TAKE_BACK, act, unmet)
    connection.execute(
        _RECOMMENDATION.insert(),
        {
            "application_id": case.id,
            "cycle": case.facts_cycle,
            "outcome": "",
            "reason": reason,
            "digest": "",
            "officer_id": act.actor.id,
            "recorded_at": act.now,
        },
    )
    state = programme.state_by_name[case.state]
    change = Change(
        kind="case:recommendation:taken_back",
        role=role,
        updates={"waits_for": state.waits_for, "next_step": state.next_step},
        detail={"outcome": made["outcome"], "why": reason},
    )
    record(connection, office.origin, case, programme, act, change)
    return Done(f"The recommendation to {made['outcome']} {case.reference} is taken back.", summary(case))


def _unmet(connection: Connection, made: dict[str, Any] | None, act: Act) -> list[Unmet]:
    unmet = []
    if made is None:
        sentence = "No recommendation is open in this case: none was made, it was taken back, or it was decided on."
        unmet.append(Unmet("recommended", "RECOMMENDATION_MISSING", sentence, "nobody"))
        if role_for(Deed.TAKE_BACK, act.actor.roles) is None:
            who = role_words(ALLOWED[Deed.TAKE_BACK])
            unmet.append(Unmet("role_permits", "WRONG_ROLE", f"To {Deed.TAKE_BACK} takes {who}.", who))
    elif not takes_back(act.actor, made["by_id"]):
        staff = people.everybody(connection).values()
        can = tuple(sorted((p for p in staff if takes_back(p, made["by_id"])), key=lambda p: p.name))
        who = names(can) if can else "a supervisor"
        sentence = f"{made['by']} recommended this. Only who recommended and supervisors take it back: {who} can."
        unmet.append(Unmet("role_permits", "WRONG_ROLE", sentence, who))
    return unmet
