"""Records whether a company consents to be listed in public and to be named to partner administrations."""

from typing import Any

from sqlalchemy import Connection, Row

from states.dates import local_day
from workflow import inputs
from workflow.access import Deed
from workflow.decisions.decide import summary
from workflow.decisions.once import once
from workflow.decisions.outcome import Act, Done, Outcome, Refused
from workflow.decisions.permit import permit
from workflow.decisions.record import Change, Happened, record
from workflow.errors import BadInput
from workflow.store import certificates
from workflow.store.cases import Case
from workflow.store.office import Office


def record_consent(
    office: Office,
    *,
    number: str,
    act: Act,
    publication: bool | None = None,
    partners: bool | None = None,
    idempotency_key: str = "",
) -> Outcome:
    """Record one consent or both, given or withdrawn. The same request with the same key again does nothing.

    Raises NotFound, and BadInput for neither or an ended one.
    """
    key = inputs.key(idempotency_key)
    if publication is None and partners is None:
        raise BadInput(
            "CONSENT", "Say whether the company consents to being published, to being told to partners, or to both."
        )
    with office.database.transaction() as transaction:
        connection = transaction.connection
        row, case = certificates.lock(connection, number, act.actor)
        return once(
            connection,
            act,
            "consents",
            key,
            {"number": number, "publication": publication, "partners": partners},
            lambda: _consent(connection, office, row, case, publication, partners, act),
        )


def _consent(
    connection: Connection,
    office: Office,
    row: Row[Any],
    case: Case,
    publication: bool | None,
    partners: bool | None,
    act: Act,
) -> Outcome:
    programme = office.editions.machine(connection, case.programme, case.edition).programme
    today = local_day(act.now, programme.time_zone)
    certificates.running(row, case, today)
    role = permit(connection, office.origin, case, programme, Deed.CONSENT, act)
    if isinstance(role, Refused):
        return role
    given = {"publication_consent": publication, "partner_consent": partners}
    what = in_words(publication, partners)
    change = Change(
        kind="case:consent:recorded",
        role=role,
        detail={"certificate": row.number, "what": what},
        updates={name: value for name, value in given.items() if value is not None},
        events=[Happened(row.number, "consent", today, publication=publication, partners=partners)],
    )
    record(connection, office.origin, case, programme, act, change)
    kept = {"publication_consent": case.publication_consent, "partner_consent": case.partner_consent}
    return Done(f"Recorded for certificate {row.number}: {what}.", summary(case) | kept)


def in_words(publication: bool | None, partners: bool | None) -> str:
    """Return consents as people read them."""
    words = {True: "yes", False: "no"}
    parts = [
        f"{name} {words[given]}"
        for name, given in (("publication", publication), ("partner exchange", partners))
        if given is not None
    ]
    return ", ".join(parts)
