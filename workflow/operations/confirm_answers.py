"""Takes the last cycle's answers of one section over into the present cycle, with their documents. Nothing is assessed."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, select

from states.definition import Programme
from workflow import models
from workflow.access import Deed
from workflow.decisions.decide import summary
from workflow.decisions.outcome import Act, Done, Outcome, Refused
from workflow.decisions.permit import permit
from workflow.decisions.record import Change, record
from workflow.errors import BadInput
from workflow.models.base import table_of
from workflow.operations.add_document import Kept, enter
from workflow.operations.answer_criterion import NOT_ASSESSED, write_finding
from workflow.operations.assess_criterion import known_section
from workflow.store import cases
from workflow.store.cases import Case
from workflow.store.drafts import drafts
from workflow.store.office import Office

_DOCUMENT = table_of(models.Document)
_WITHDRAWN = table_of(models.DocumentWithdrawal)


def confirm_answers(office: Office, *, reference: str, section: str, act: Act, instrument: str = "") -> Outcome:
    """Confirm that the answers of a section are as they were; one that is given in this cycle already is kept.

    Raises NotFound, and BadInput for an unknown section or in a case's first cycle.
    """
    with office.database.transaction() as transaction:
        connection = transaction.connection
        case = cases.lock(connection, reference, act.actor)
        programme = office.editions.machine(connection, case.programme, case.edition).programme
        codes = {criterion.code for criterion in known_section(programme, section, instrument).criteria}
        if case.facts_cycle == 1:
            raise BadInput(
                "FIRST_CYCLE", f"{reference} is in its first cycle: no earlier answers are there. Record each answer."
            )
        role = permit(connection, office.origin, case, programme, Deed.ANSWER, act)
        if isinstance(role, Refused):
            return role
        found = [row for row in drafts(connection, case, programme) if row["criterion"] in codes]
        if not found:
            words = f"No answer of an earlier cycle waits to be confirmed in section {section} of {reference}."
            return Done(words, summary(case) | {"confirmed": []})
        carried = _carry(connection, office, case, programme, act, role, found)
        for row in found:
            documents = sorted({carried[one] for one in json.loads(row["documents"]) if one in carried})
            values: dict[str, Any] = {
                "answer": row["answer"],
                "remark": row["remark"],
                "documents": json.dumps(documents),
                "answered_by": act.actor.id,
                "answered_at": act.now,
            }
            write_finding(connection, case, row["criterion"], values | NOT_ASSESSED, row["site"])
        confirmed = [f"{row['criterion']} ({row['site']})" if row["site"] else row["criterion"] for row in found]
        detail = {
            "count": len(found),
            "criteria": confirmed,
            "section": section,
            "from_cycle": found[0]["cycle"],
            "documents": len(carried),
        }
        record(connection, office.origin, case, programme, act, Change("case:findings:confirmed", role, detail=detail))
        words = f"{len(found)} answers of section {section} of {reference} are confirmed for cycle {case.facts_cycle}."
        return Done(words, summary(case) | {"confirmed": confirmed})


def _carry(
    connection: Connection,
    office: Office,
    case: Case,
    programme: Programme,
    act: Act,
    role: str,
    found: Sequence[RowMapping],
) -> dict[int, int]:
    """Enter each document of the answers in the present cycle, once; return the new number by the old one."""
    wanted = {one for row in found for one in json.loads(row["documents"])}
    counting = _DOCUMENT.c.id.not_in(select(_WITHDRAWN.c.document_id))
    here = select(_DOCUMENT).where(
        _DOCUMENT.c.application_id == case.id, _DOCUMENT.c.cycle == case.facts_cycle, counting
    )
    known = {(row.kind, row.filename, row.sha256): row.id for row in connection.execute(here)}
    old = connection.execute(select(_DOCUMENT).where(_DOCUMENT.c.id.in_(wanted), counting).order_by(_DOCUMENT.c.id))
    carried: dict[int, int] = {}
    for row in old.all():
        key = (row.kind, row.filename, row.sha256)
        if key not in known:
            kept = Kept(row.filename, row.media_type, row.size, row.sha256)
            known[key] = enter(
                connection, office.origin, case, programme, act, role, kept, row.kind, carried_from=row.id
            )
        carried[row.id] = known[key]
    return carried
