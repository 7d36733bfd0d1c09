"""Records the company's answer to one request for information. The case moves on when an officer says so."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, select, update

from states.dates import local_day
from states.definition import Programme
from states.guards import in_words
from workflow import inputs, models
from workflow.access import Deed
from workflow.decisions.approvals import open_approval
from workflow.decisions.decide import summary
from workflow.decisions.outcome import Act, Done, Outcome, Refused
from workflow.decisions.permit import permit
from workflow.decisions.record import Change, Superseded, record
from workflow.errors import BadInput
from workflow.files import File
from workflow.models.base import table_of
from workflow.operations.add_document import keep, known_kind
from workflow.operations.advance_application import BACKDATED_DAYS, far_back
from workflow.store import cases
from workflow.store.cases import Case
from workflow.store.office import Office
from workflow.store.requests import next_reply_by

_REQUEST = table_of(models.InformationRequest)
_REPLY = "information_reply"


def answer_information(
    office: Office,
    *,
    reference: str,
    number: int,
    act: Act,
    received_on: date | None = None,
    text: str = "",
    files: Sequence[File] = (),
) -> Outcome:
    """Record an answer with what came along; from its day the processing clock runs on once every request has one.

    A day far back counts once a second person has confirmed it; until then the answer counts from today.

    Raises NotFound, and BadInput for a request that is not open, or a day in the future or before the question.
    """
    answer = inputs.text(text, "The answer", empty=True)
    with office.database.transaction() as transaction:
        connection = transaction.connection
        case = cases.lock(connection, reference, act.actor)
        programme = office.editions.machine(connection, case.programme, case.edition).programme
        open_ = (
            _REQUEST.c.application_id == case.id,
            _REQUEST.c.cycle == case.facts_cycle,
            _REQUEST.c.received_on.is_(None),
        )
        found = {row.number: row for row in connection.execute(select(_REQUEST).where(*open_))}
        if number not in found:
            known = ", ".join(f"no. {one}" for one in sorted(found)) or "none"
            raise BadInput("REQUEST", f"Request {number} of {reference} is not open. Open: {known}.")
        today = local_day(act.now, programme.time_zone)
        day = inputs.not_future(received_on or today, today, "The day of receipt")
        asked_on = local_day(found[number].asked_at, programme.time_zone)
        if day < asked_on:
            raise BadInput(
                "DATE_ORDER",
                f"The day of receipt {in_words(day)} is before the question of {in_words(asked_on)}. Correct it.",
            )
        role = permit(connection, office.origin, case, programme, Deed.TAKE_ANSWER, act)
        if isinstance(role, Refused):
            return role
        documents = _keep(connection, office, case, programme, act, role, files)
        doubted = far_back(connection, programme, day, today)
        values = {"received_on": today if doubted else day, "answer": answer, "answered_by": act.actor.id}
        connection.execute(update(_REQUEST).where(_REQUEST.c.id == found[number].id).values(values))
        change = Change(
            "case:information:answered",
            role,
            detail={"request": number, "received_on": day} | ({"documents": documents} if documents else {}),
            superseded=[Superseded("request", "answered", number)],
        )
        if case.state_kind == "waiting":
            change.updates["deadline"] = next_reply_by(connection, case.id, case.facts_cycle)
        record(connection, office.origin, case, programme, act, change)
        words, data = f"The answer to request {number} of {reference} is recorded.", {"open": len(found) - 1}
        if doubted:
            why = f"more than {BACKDATED_DAYS} office days before it was recorded"
            sentence = f"The answer to request {number} of {reference} arrived on {in_words(day)}, {why}"
            approval = open_approval(
                connection,
                office,
                case,
                programme,
                act,
                role=role,
                kind="received_on",
                sentence=sentence,
                request={"request": number, "received_on": day},
            )
            words += f" It counts from today until a second person confirms its day (aeo approval confirm {approval})."
            data["approval"] = approval
        return Done(words, summary(case) | data)


def day_confirmed(connection: Connection, case: Case, asked: dict[str, Any]) -> Done:
    """Let an answer count from the day that was recorded; a decision that was made meanwhile keeps its own."""
    day = inputs.day(asked["received_on"], "The day of receipt")
    request = (_REQUEST.c.application_id == case.id, _REQUEST.c.number == asked["request"])
    connection.execute(update(_REQUEST).where(*request).values(received_on=day))
    return Done(f"The answer to request {asked['request']} of {case.reference} arrived on {day.isoformat()}.")


def _keep(
    connection: Connection,
    office: Office,
    case: Case,
    programme: Programme,
    act: Act,
    role: str,
    files: Sequence[File],
) -> list[int]:
    """Keep what came with the answer as documents of the case. Raises BadInput where the programme knows no such kind."""
    if files:
        known_kind(programme, _REPLY)
    return [keep(connection, office.origin, case, programme, act, role, file, _REPLY) for file in files]
