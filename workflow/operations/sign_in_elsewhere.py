"""Signs somebody in whom the administration's own provider vouches for. Accounts come from here, never from there."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection

from workflow import inputs
from workflow.decisions import sign_ins
from workflow.decisions.outcome import Act
from workflow.decisions.record import enter_act
from workflow.decisions.sign_ins import StartedSession
from workflow.errors import BadInput
from workflow.operations.sign_in import end_before
from workflow.provider import Flow, Identity, Provider, refused
from workflow.store import credentials, idempotency, people
from workflow.store.credentials import Proofs
from workflow.store.idempotency import Scope
from workflow.store.office import Office
from workflow.store.secrets import Secrets, Unreadable

LASTS = timedelta(minutes=10)  # at the provider
_SEALED = {"purpose": "provider", "about": "flow"}


@dataclass(frozen=True)
class Begun:
    """Where to send the browser, and what it brings back with the answer, in a cookie of its own."""

    address: str
    blob: str = field(repr=False)


def oidc_begin(provider: Provider, secrets: Secrets, *, back: str, real_now: datetime) -> Begun:
    """Begin at the provider; `back` is the page that takes its answer. Raises Unavailable."""
    address, flow = provider.begin(back)
    until = int((real_now + LASTS).timestamp())
    return Begun(address, secrets.seal(json.dumps(asdict(flow) | {"until": until}), **_SEALED))


def oidc_finish(
    office: Office,
    secrets: Secrets,
    provider: Provider,
    *,
    answer: Mapping[str, str],
    blob: str,
    back: str,
    address: str = "",
    agent: str = "",
    before: str = "",
    now: datetime,
    real_now: datetime,
) -> StartedSession:
    """Begin a session for whom the provider's answer names. Raises NotSignedIn, TooMany, Unavailable.

    The account is found by the provider's subject or, the first time, by an address that the provider has verified.
    Without its word for a second proof the person's own code follows.
    """
    flow = _flow(secrets, blob, real_now)
    identity = provider.finish(flow, answer, back, real_now)
    account = identity.email.lower() or f"{identity.issuer} {identity.subject}"
    with office.database.transaction() as transaction:
        found = _known(transaction.connection, identity)
        counted = sign_ins.counted_for(
            office, secrets, found.email if found else account, address, found.person.id if found else None
        )
        sign_ins.count(transaction.connection, counted, now)
    with office.database.transaction() as transaction:
        connection = transaction.connection
        if found is not None:  # two first sign-ins of one person must not bind at once
            people.lock(connection, [found.person.id])
        proofs = _known(connection, identity)
        once = Scope("provider", "sign-in", hashlib.sha256(flow.state.encode()).hexdigest())
        fresh = idempotency.claim(connection, once, {}, real_now) is None
        if proofs is not None and fresh:
            idempotency.keep(connection, once, {})
            proven = "oidc+code" if identity.strong else "oidc"
            _bind(connection, proofs, identity, Act(proofs.person, proven, now))
            end_before(connection, before, now)
            started = sign_ins.begin(connection, proofs, proven=proven, agent=agent, now=now)
            sign_ins.note_passed(connection, counted, now, wholly=started.stage == "complete")
            return started
        sign_ins.note_failed(connection, counted, now)
    if proofs is not None:
        raise refused("this answer was used already")
    raise refused("no active account here belongs to it. Ask an administrator")


def _flow(secrets: Secrets, blob: str, real_now: datetime) -> Flow:
    """Return what the browser brought back. Raises NotSignedIn when it is not ours or too old."""
    try:
        kept = json.loads(secrets.unseal(blob, **_SEALED))
    except Unreadable:
        raise refused("this browser did not begin the sign-in") from None
    if real_now.timestamp() >= kept.pop("until"):
        raise refused("it took too long")
    return Flow(**kept)


def _known(connection: Connection, identity: Identity) -> Proofs | None:
    """Return whose account it is; an address alone does not lead to somebody who is known by another subject."""
    found = credentials.by_subject(connection, identity.issuer, identity.subject, keep=True)
    if found is not None or not identity.email:
        return found
    try:
        found = credentials.by_email(connection, inputs.email(identity.email), keep=True)
    except BadInput:
        return None
    return found if found is not None and found.oidc is None else None


def _bind(connection: Connection, proofs: Proofs, identity: Identity, act: Act) -> None:
    if proofs.oidc is None:
        bound = {"oidc_issuer": identity.issuer, "oidc_subject": identity.subject}
        credentials.keep(connection, proofs.person.id, **bound)
        detail = {"officer": proofs.person.id, "issuer": identity.issuer}
        enter_act(connection, act, "access:provider:bound", detail)
