"""Records a recommendation: the first pair of eyes, bound to a digest of the facts it saw."""

from sqlalchemy import Connection

from states.guards import Attempt
from workflow import inputs, models
from workflow.access import Deed
from workflow.decisions.decide import summary
from workflow.decisions.once import once
from workflow.decisions.outcome import Act, Done, Outcome, Refused
from workflow.decisions.permit import permit, refuse
from workflow.decisions.record import Change, record, stale
from workflow.errors import BadInput
from workflow.models.base import table_of
from workflow.store import cases, facts, people
from workflow.store.cases import Case
from workflow.store.office import Office

_RECOMMENDATION = table_of(models.Recommendation)


def recommend_outcome(
    office: Office,
    *,
    reference: str,
    outcome: str,
    reason: str,
    act: Act,
    version: int | None = None,
    idempotency_key: str = "",
) -> Outcome:
    """Recommend an outcome; refused while a rule of that outcome is unmet that only facts can meet.

    The same request with the same key again does nothing and gets the same answer.

    Raises NotFound, BadInput (unknown outcome, no reason, a key of another request) and StaleVersion.
    """
    reason, key = inputs.text(reason, "The reason"), inputs.key(idempotency_key)
    body = {"reference": reference, "outcome": outcome, "reason": reason, "version": version}
    with office.database.transaction() as transaction:
        connection = transaction.connection
        case = cases.lock(connection, reference, act.actor)

        def recommend() -> Outcome:
            if version is not None and version != case.version:
                raise stale(reference)
            return _recommend(connection, office, case, outcome, reason, act)

        return once(connection, act, "recommendations", key, body, recommend)


def _recommend(connection: Connection, office: Office, case: Case, outcome: str, reason: str, act: Act) -> Outcome:
    machine = office.editions.machine(connection, case.programme, case.edition)
    programme = machine.programme
    possible = [t.trigger for t in programme.transitions if "recommended" in t.guards]
    if outcome not in possible:
        raise BadInput("OUTCOME", f'"{outcome[:40]}" cannot be recommended. Known: {", ".join(possible)}.')
    role = permit(connection, office.origin, case, programme, Deed.RECOMMEND, act)
    if isinstance(role, Refused):
        return role
    everybody = people.everybody(connection)
    loaded = facts.load_one(connection, office, case, now=act.now, people=everybody)
    judged = machine.judge(outcome, loaded.facts, act.actor, Attempt(reason=reason))
    if unmet := list(judged.facts_in_the_way):
        return refuse(connection, office.origin, case, programme, Deed.RECOMMEND, act, unmet)
    connection.execute(
        _RECOMMENDATION.insert(),
        {
            "application_id": case.id,
            "cycle": case.facts_cycle,
            "outcome": outcome,
            "reason": reason,
            "digest": loaded.facts.digest,
            "officer_id": act.actor.id,
            "recorded_at": act.now,
        },
    )
    change = Change(
        kind="case:recommendation:made",
        role=role,
        deed="recommended",
        updates={"waits_for": "approver", "next_step": f"Decide on the recommendation to {outcome}"},
        detail={"outcome": outcome, "facts": loaded.facts.digest},
    )
    record(connection, office.origin, case, programme, act, change)
    return Done(f"Recommended to {outcome} {case.reference}. Somebody else decides.", summary(case))
