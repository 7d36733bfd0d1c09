"""May this person do this deed to this case now? For what is no transition; a refusal is recorded like any other."""

from sqlalchemy import Connection

from states.dates import local_day
from states.definition import Programme
from states.guards import Unmet, names, role_words
from workflow.access import ALLOWED, Deed, role_for
from workflow.decisions.outcome import Act, Refused
from workflow.decisions.record import Change, record
from workflow.errors import NotPermitted
from workflow.store import people
from workflow.store.cases import Case

_UNDER_REVIEW = frozenset({Deed.ASSESS, Deed.RECORD_VISIT, Deed.PLAN_VISIT})
# An order may come after the end, where the rules judge the rest; so may a hold.
_ALWAYS = frozenset({Deed.ADD_DOCUMENT, Deed.RECOMMEND, Deed.HOLD})


def demand(deed: Deed, act: Act) -> str:
    """Return the role in which the actor may do what belongs to no case. Raises NotPermitted."""
    role = role_for(deed, act.actor.roles)
    if role is None:
        raise NotPermitted("WRONG_ROLE", f"To {deed} takes {role_words(ALLOWED[deed])}.")
    return role


def permit(
    connection: Connection, origin: str, case: Case, programme: Programme, deed: Deed, act: Act
) -> str | Refused:
    """Return the role in which the actor may do it, or the recorded refusal with every unmet rule."""
    unmet: list[Unmet] = []
    role = role_for(deed, act.actor.roles)
    if role is None:
        staff = people.everybody(connection).values()
        can = tuple(sorted((p for p in staff if p.roles & set(ALLOWED[deed])), key=lambda p: p.name))
        who = names(can) if can else role_words(ALLOWED[deed])
        help_ = f" {names(can)} can." if can else ""
        sentence = f"To {deed} takes {role_words(ALLOWED[deed])}.{help_}"
        unmet.append(Unmet("role_permits", "WRONG_ROLE", sentence, who))
    under_review = case.state_kind in ("review", "waiting")
    # While a certificate runs the company may prepare its renewal.
    possible = under_review or (deed not in _UNDER_REVIEW and case.held.runs(local_day(act.now, programme.time_zone)))
    if not possible and deed not in _ALWAYS:
        state = programme.state_by_name[case.state].title
        sentence = f"To {deed} is not possible in {state}, only while the case is under review."
        unmet.append(Unmet("state", "WRONG_STATE", sentence, "nobody"))
    return refuse(connection, origin, case, programme, deed, act, unmet) if unmet or role is None else role


def refuse(
    connection: Connection, origin: str, case: Case, programme: Programme, deed: Deed, act: Act, unmet: list[Unmet]
) -> Refused:
    """Record a refused deed in the case's trail and return it."""
    change = Change(
        kind="case:deed:refused",
        role=",".join(sorted(act.actor.roles)),
        unmet=[[one.code, one.sentence] for one in unmet],
        detail={"title": str(deed)},
        visible=False,
    )
    record(connection, origin, case, programme, act, change)
    return Refused(str(deed).capitalize(), tuple(unmet))
