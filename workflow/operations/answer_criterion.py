"""Records a company's answer to a criterion, with the documents that support it; per site where the criterion is."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select

from states.definition import Programme
from workflow import inputs, models
from workflow.access import Deed
from workflow.decisions.decide import summary
from workflow.decisions.outcome import Act, Done, Outcome, Refused
from workflow.decisions.permit import permit
from workflow.decisions.record import Change, record
from workflow.errors import BadInput, StaleVersion
from workflow.models.base import table_of
from workflow.store import cases, findings
from workflow.store.cases import Case
from workflow.store.office import Office
from workflow.store.sites import of_company

_FINDING = table_of(models.Finding)
_DOCUMENT = table_of(models.Document)
_WITHDRAWN = table_of(models.DocumentWithdrawal)
ANSWERS = ("yes", "no", "na")
# What an assessment leaves in a finding, as it is before one.
NOT_ASSESSED: dict[str, Any] = {
    "assessment": None,
    "due_on": None,
    "closed_at": None,
    "closed_by": None,
    "closing_evidence": "",
}


def answer_criterion(
    office: Office,
    *,
    reference: str,
    criterion: str,
    answer: str,
    act: Act,
    documents: Sequence[int] = (),
    remark: str = "",
    site: str = "",
    seen: str | None = None,
) -> Outcome:
    """Record an answer; a changed answer must be assessed again.

    A criterion per site that is answered without a site is answered for all of them: Yes only if every site meets it.

    Raises NotFound, BadInput for an unknown criterion, answer, site or document, and StaleVersion when `seen` is given
    and the answer is not what was seen any more.
    """
    answer = inputs.one_of(answer, ANSWERS, "The answer")
    remark = inputs.text(remark, "The remark", empty=True)
    with office.database.transaction() as transaction:
        connection = transaction.connection
        case = cases.lock(connection, reference, act.actor)
        programme = office.editions.machine(connection, case.programme, case.edition).programme
        sites = places(connection, programme, case, criterion, site)
        _own_documents(connection, case, documents)
        role = permit(connection, office.origin, case, programme, Deed.ANSWER, act)
        if isinstance(role, Refused):
            return role
        still(connection, case, criterion, site, seen)
        values: dict[str, Any] = {
            "answer": answer,
            "remark": remark,
            "documents": json.dumps(sorted(set(documents))),
            "answered_by": act.actor.id,
            "answered_at": act.now,
        }
        for one in sites:
            write_finding(connection, case, criterion, values | NOT_ASSESSED, one)
        if sites != ("",):  # what was said before any site was known gives way
            _forget(connection, case, criterion)
        detail = {"criterion": criterion, "answer": answer, "documents": sorted(set(documents))} | _named(sites)
        record(connection, office.origin, case, programme, act, Change("case:finding:answered", role, detail=detail))
        words = f"Criterion {criterion} of {reference}{at(sites)} is answered {answer}."
        return Done(words, summary(case) | _named(sites))


def still(connection: Connection, case: Case, criterion: str, site: str, seen: str | None) -> None:
    """Raise StaleVersion when an answer is not what somebody saw any more; nothing is compared without `seen`."""
    if seen is None:
        return
    key = {"application_id": case.id, "cycle": case.facts_cycle, "criterion": criterion, "site": site}
    query = select(_FINDING).where(*(_FINDING.c[name] == value for name, value in key.items()))
    if findings.mark(connection.execute(query).mappings().first()) != seen:
        raise StaleVersion(
            "STALE_VERSION",
            f"Criterion {criterion} of {case.reference}{at((site,))} was answered or assessed after you opened it. "
            "Look at it as it is now, then send yours again.",
        )


def known_criterion(programme: Programme, criterion: str) -> None:
    """Raise BadInput for a criterion that the programme does not have."""
    if criterion not in programme.criteria:
        known = ", ".join(programme.criteria)
        raise BadInput("CRITERION", f'{programme.code} has no criterion "{criterion[:40]}". Known: {known}.')


def known_site(connection: Connection, case: Case, site: str) -> str:
    """Return the name of a site of the case's company as it is written there; nothing stays nothing. Raises BadInput."""
    if not site:
        return ""
    sites = of_company(connection, case.company_id)
    found = next((name for name in sites if name.casefold() == inputs.name(site, "The site's name").casefold()), None)
    if found is None:
        known = f"Known: {', '.join(sites)}." if sites else "It has none; aeo application site add adds one."
        raise BadInput("SITE", f'{case.company_name} has no site "{site[:40]}". {known}')
    return found


def places(connection: Connection, programme: Programme, case: Case, criterion: str, site: str) -> tuple[str, ...]:
    """Return the sites that an answer or its assessment counts for; the empty one is the whole company.

    Raises BadInput for an unknown criterion or site, and for a site where the criterion is not per site.
    """
    known_criterion(programme, criterion)
    if programme.criteria[criterion].scope == "entity":
        if site:
            sentence = f"Criterion {criterion} is answered once for the whole company. Leave the site out."
            raise BadInput("SITE", sentence)
        return ("",)
    name = known_site(connection, case, site)
    return (name,) if name else of_company(connection, case.company_id) or ("",)


def at(sites: tuple[str, ...]) -> str:
    """Return the sites in words for a sentence."""
    named = [site for site in sites if site]
    return f" at {', '.join(named)}" if named else ""


def _named(sites: tuple[str, ...]) -> dict[str, Any]:
    named = [site for site in sites if site]
    return {"sites": named} if named else {}


def write_finding(connection: Connection, case: Case, criterion: str, values: dict[str, Any], site: str = "") -> None:
    """Change the finding of the current cycle, or make it."""
    key = {"application_id": case.id, "cycle": case.facts_cycle, "criterion": criterion, "site": site}
    match = [_FINDING.c[name] == value for name, value in key.items()]
    if connection.execute(_FINDING.update().where(*match).values(values)).rowcount == 0:
        empty = {"documents": "[]", "remark": "", "note": "", "closing_evidence": ""}
        connection.execute(_FINDING.insert(), key | empty | values)


def _forget(connection: Connection, case: Case, criterion: str) -> None:
    key = {"application_id": case.id, "cycle": case.facts_cycle, "criterion": criterion, "site": ""}
    connection.execute(_FINDING.delete().where(*(_FINDING.c[name] == value for name, value in key.items())))


def _own_documents(connection: Connection, case: Case, documents: Sequence[int]) -> None:
    query = select(_DOCUMENT.c.id).where(
        _DOCUMENT.c.application_id == case.id,
        _DOCUMENT.c.cycle == case.facts_cycle,
        _DOCUMENT.c.id.not_in(select(_WITHDRAWN.c.document_id)),
    )
    strangers = sorted(set(documents) - set(connection.execute(query).scalars()))
    if strangers:
        raise BadInput(
            "DOCUMENT", f"Document {strangers[0]} does not belong to {case.reference}. Add it to the case first."
        )
