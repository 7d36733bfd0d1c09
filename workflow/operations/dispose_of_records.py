"""Asks to dispose of records whose retention period is over, and does it once a second person confirms."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from states.guards import Unmet, some
from workflow.access import Deed
from workflow.decisions.approvals import open_approval
from workflow.decisions.outcome import Act, Done, Outcome, Refused
from workflow.decisions.permit import demand
from workflow.decisions.record import Change, enter_act, record
from workflow.errors import BadInput
from workflow.models.retention import KINDS
from workflow.reports.retention import Kept, kept
from workflow.store import cases, disposal, holdings
from workflow.store.cases import Case
from workflow.store.office import Office

MOST = 200  # cases in one request: one transaction, and what a second person can look through


def ask_disposal(office: Office, *, act: Act, references: Sequence[str] = ()) -> Done:
    """Ask a second person to dispose of what is due of the named cases; of every case, the longest over first.

    Raises NotFound; BadInput when nothing is due, or a named case has nothing that is; NotPermitted.
    """
    role = demand(Deed.DISPOSE, act)
    with office.database.transaction() as transaction:
        connection = transaction.connection
        ids = sorted({cases.read(connection, reference, act.actor).id for reference in references})
        found = kept(connection, office, now=act.now, ids=ids or None)
        due = _by_case([one for one in found if one.status == "due"])
        if missing := [one for one in found if ids and one.application_id not in due]:
            raise BadInput("NOT_DUE", f"Nothing of {missing[0].reference} is due: {_why(missing)}.")
        if not due:
            raise BadInput("NOTHING_DUE", "Nothing is due for disposal. Look at what is kept how long.")
        chosen = dict(list(due.items())[:MOST])
        disposals = [{"application": id_, "kinds": [k.kind for k in those]} for id_, those in chosen.items()]
        named = [those[0].reference for those in chosen.values()]
        sentence = f"Dispose of the records that are due of {_count(len(named))}: {some(named)}"
        approval = open_approval(
            connection,
            office,
            None,
            None,
            act,
            role=role,
            kind="disposal",
            sentence=sentence,
            request={"cases": sorted(chosen), "disposals": disposals},
        )
        more = f" {_count(len(due) - len(chosen))} more are due; ask again for them." if len(due) > len(chosen) else ""
        words = f"A second person must confirm it first (aeo approval confirm {approval}): {sentence[0].lower()}{sentence[1:]}.{more}"
        told = [{"application": those[0].reference, "kinds": [k.kind for k in those]} for those in chosen.values()]
        return Done(words, {"approval": approval, "disposals": told})


def dispose_confirmed(
    connection: Connection, office: Office, locked: Mapping[int, Case], asked: Mapping[str, Any], approval: int,
    act: Act, role: str,
) -> Outcome:  # fmt: skip
    """Dispose of what was asked for. Refused as a whole where something of it is not due any more: a hold, a new task."""
    wanted = {(one["application"], kind) for one in asked["disposals"] for kind in one["kinds"]}
    found = kept(connection, office, now=act.now, ids=list(locked), beside=approval)
    found = [one for one in found if (one.application_id, one.kind) in wanted]
    if not_due := [one for one in found if one.status != "due"]:
        sentence = (
            f"Not everything is due any more: {_why(not_due)}. Refuse this with a reason, and let it be asked for anew."
        )
        enter_act(connection, act, "people:deed:refused", {"title": str(Deed.DISPOSE), "why": sentence})
        return Refused("Dispose of records", (Unmet("due_for_disposal", "NOT_DUE", sentence, "nobody"),))
    holdings.lock_companies(connection, {locked[one.application_id].company_id for one in found})
    for id_, those in _by_case(found).items():
        _dispose(connection, office, locked[id_], those, approval, act, role)
    return Done(f"The records that were due of {_count(len(locked))} are disposed of. The trail keeps its entries.")


def _dispose(
    connection: Connection, office: Office, case: Case, those: Sequence[Kept], approval: int, act: Act, role: str
) -> None:
    programme = office.editions.machine(connection, case.programme, case.edition).programme
    kinds = [kind for kind in KINDS if kind in {one.kind for one in those}]
    detail = {
        "approval": approval,
        "kinds": kinds,
        "what": some([kind.replace("_", " ") for kind in kinds]),
        "over_on": those[0].over_on,
        "due_on": [one.due_on for one in those],
    }
    change = Change("case:disposal:made", role, detail=detail, visible=False)
    entry = record(connection, office.origin, case, programme, act, change)
    disposal.note(connection, case.id, kinds, approval, entry, act.now)
    disposal.erase(connection, case.id, case.company_id, kinds)


def _by_case(found: Sequence[Kept]) -> dict[int, list[Kept]]:
    by_case: dict[int, list[Kept]] = {}
    for one in found:
        by_case.setdefault(one.application_id, []).append(one)
    return by_case


def _why(found: Sequence[Kept]) -> str:
    return some([f"{one.reference} {one.kind.replace('_', ' ')} ({one.why or one.status})" for one in found])


def _count(cases_: int) -> str:
    return f"{cases_} case{'' if cases_ == 1 else 's'}"
