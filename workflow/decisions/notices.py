"""Which messages a change sends, to whom, with what in them. Sends nothing: rows of the outbox come out."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from states.definition import Audience, Programme
from states.facts import Person
from workflow.store.cases import Case
from workflow.store.recipients import COMPANY


@dataclass(frozen=True)
class Notice:
    """One message to one recipient. The address is found when it is sent."""

    message: str
    recipient: str  # "contact:3", "company", "officer:ID", "account_manager" or "assignee"
    payload: str
    bundled: bool = False  # may wait to go out with others to the same colleague, one mail a day


def recipients(
    audience: Iterable[str], contacts: tuple[int, ...], case: Case, people: Mapping[str, Person]
) -> list[str]:
    """Return who an audience is. A case without an account manager or officer falls to the supervisors.

    A company without a contact is written to all the same: by a letter that somebody has to post. A colleague whom
    two ways lead to is written to once: as the account manager before as the officer, and as either before by name.
    """
    found: list[str] = []
    supervisors = [f"officer:{p.id}" for p in sorted(people.values(), key=lambda p: p.id) if "supervisor" in p.roles]
    for name in audience:
        match name:
            case "company":
                found += [f"contact:{contact}" for contact in contacts] or [COMPANY]
            case "account_manager":
                found += ["account_manager"] if case.account_manager_id else supervisors
            case "officer":
                found += ["assignee"] if case.assignee_id else supervisors
            case "supervisor":
                found += supervisors
            case _:
                raise ValueError(f"Unknown audience {name}.")
    of_case = {"account_manager": case.account_manager_id, "assignee": case.assignee_id}
    twice = {f"officer:{person}" for token, person in of_case.items() if token in found}
    if "account_manager" in found and case.account_manager_id == case.assignee_id:
        twice.add("assignee")
    return [token for token in dict.fromkeys(found) if token not in twice]


def notices_of(
    messages: Mapping[Audience, str], contacts: tuple[int, ...], case: Case, people: Mapping[str, Person], body: str
) -> tuple[Notice, ...]:
    """Return the messages of one cause, given by audience: the same one to each person once."""
    audiences: dict[str, list[str]] = {}
    for audience, message in messages.items():
        audiences.setdefault(message, []).append(audience)
    return tuple(
        Notice(message, recipient, body)
        for message, together in audiences.items()
        for recipient in recipients(together, contacts, case, people)
    )


def payload(case: Case, programme: Programme, **more: Any) -> str:
    """Return what a template may show, as JSON; dates are ISO and put into words by the template."""
    values = {
        "reference": case.reference,
        "company_name": case.company_name,
        "uen": case.uen,
        "programme": programme.title,
        "programme_code": programme.code,
        "authority": programme.authority,
        "received_on": case.received_on,
        "certificate_number": case.certificate_number,
        "valid_from": case.valid_from,
        "valid_until": case.valid_until,
        "pack_due_on": _pack_due_on(case, programme),
        "documents": [d.title for d in programme.documents if d.mandatory],
    } | more
    return json.dumps(values, default=_iso, ensure_ascii=False, sort_keys=True)


def _pack_due_on(case: Case, programme: Programme) -> date | None:
    """The day by which a complete pack leaves time to decide before the certificate ends."""
    if case.valid_until is None:
        return None
    return case.valid_until - timedelta(days=programme.renewal.pack_complete_days)


def message_id(origin: str, notice: Notice, cause: str, resend_no: int = 0) -> str:
    """Return the Message-ID that every try of one outbox row carries."""
    key = f"{notice.message}/{cause}/{notice.recipient}/{resend_no}"
    return f"<{hashlib.sha256(f'{origin}/{key}'.encode()).hexdigest()[:32]}@{origin}>"


def _iso(value: object) -> str:
    if isinstance(value, date | datetime):
        return value.isoformat()
    raise TypeError(type(value).__name__)
