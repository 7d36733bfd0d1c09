"""Asks a company one more question while its case waits for information already."""

from datetime import date

from states.dates import local_day
from states.guards import Unmet, in_words
from workflow import inputs
from workflow.access import Deed
from workflow.decisions.approvals import newest_decision
from workflow.decisions.decide import summary
from workflow.decisions.effects import answer_day, ask, deadline, planned_request
from workflow.decisions.notices import Notice, payload, recipients
from workflow.decisions.outcome import Act, Done, Outcome, Refused
from workflow.decisions.permit import permit, refuse
from workflow.decisions.record import Change, record, stale
from workflow.errors import BadInput
from workflow.operations.advance_application import advance_application
from workflow.store import cases, facts
from workflow.store.office import Office
from workflow.store.requests import asked_already, next_reply_by


def put_question(
    office: Office,
    *,
    reference: str,
    question: str,
    act: Act,
    reply_by: date | None = None,
    version: int | None = None,
) -> Outcome:
    """Ask the company, wherever the case is: the first question makes it wait, a further one joins those that are open.

    Raises NotFound, BadInput and StaleVersion as the two ways of asking do.
    """
    question = inputs.text(question, "The question")
    with office.database.snapshot() as connection:
        case = cases.read(connection, reference, act.actor)
        programme = office.editions.machine(connection, case.programme, case.edition).programme
    asking = next(
        (t.trigger for t in programme.transitions if case.state in t.sources and "ask_information" in t.effects), None
    )
    if asking is None:
        return ask_information(
            office, reference=reference, question=question, reply_by=reply_by, version=version, act=act
        )
    return advance_application(
        office,
        reference=reference,
        trigger=asking,
        reason=question,
        given={"reply_by": reply_by.isoformat()} if reply_by else {},
        version=version,
        act=act,
    )


def ask_information(
    office: Office,
    *,
    reference: str,
    question: str,
    act: Act,
    reply_by: date | None = None,
    version: int | None = None,
) -> Outcome:
    """Add a request with its own deadline and write to the company. Refused while the case does not wait.

    Raises NotFound; BadInput for an empty question, one that is open already, or a deadline that is past; StaleVersion
    when `version` is given and the case changed since. These write nothing.
    """
    question = inputs.text(question, "The question")
    with office.database.transaction() as transaction:
        connection = transaction.connection
        case = cases.lock(connection, reference, act.actor)
        if version is not None and version != case.version:
            raise stale(reference)
        programme = office.editions.machine(connection, case.programme, case.edition).programme
        today = local_day(act.now, programme.time_zone)
        counted = answer_day(programme, reply_by, asked_on=today, today=today)
        inputs.not_far(counted, today, "The day by which to answer", field="reply_by")
        role = permit(connection, office.origin, case, programme, Deed.ASK, act)
        if isinstance(role, Refused):
            return role
        if case.state_kind != "waiting":
            state = programme.state_by_name[case.state].title
            sentence = (
                f"{reference} is in {state} and does not wait for information. The first question is asked "
                "by requesting information."
            )
            unmet = [Unmet("state", "WRONG_STATE", sentence, "an officer")]
            return refuse(connection, office.origin, case, programme, Deed.ASK, act, unmet)
        if (before := asked_already(connection, case, question)) is not None:
            raise BadInput("ASKED", f"Request {before} asks just this and is not answered yet. Nothing was sent again.")
        reply = deadline(connection, programme, counted)
        number = ask(connection, case, question, reply, act)
        asked = [{"number": number, "question": question, "reply_by": reply.day}]
        contacts = facts.load_one(connection, office, case, now=act.now).contacts
        body = payload(case, programme, requests=asked)
        change = Change(
            "case:information:asked",
            role,
            detail={"request": number, "reply_by": reply.day, "calendar": reply.calendar},
            updates={"deadline": next_reply_by(connection, case.id, case.facts_cycle)},
            basis=newest_decision(connection, case),
            planned=planned_request(connection, programme, number, reply.day),
            notices=[Notice("information_requested", who, body) for who in recipients(["company"], contacts, case, {})],
            cause=f"request:{case.id}:{number}",
        )
        record(connection, office.origin, case, programme, act, change)
        due = reply.sentence or f"The answer is due on {in_words(reply.day)}."
        words = f"Request {number} of {reference} is put to the company. {due}"
        return Done(words, summary(case) | {"number": number, "reply_by": reply.day, "calendar": reply.calendar})
