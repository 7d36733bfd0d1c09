"""What ledger, outbox and delivery log say of a chunk of cases, and what else a reason in them may rest on.

In a fixed number of queries however many cases. It judges nothing.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import BindParameter, Connection, Row, bindparam, func, literal, or_, select

from workflow import models
from workflow.models.base import table_of
from workflow.store.outbox import ARRIVED

_A = table_of(models.Application)
_P = table_of(models.PlannedAction)
_N = table_of(models.Notification)
_TRY = table_of(models.DeliveryAttempt)
_CONTACT = table_of(models.Contact)
_TASK = table_of(models.Task)
_NOTE = table_of(models.ContactNote)
_DISPOSAL = table_of(models.Disposal)
_DOCUMENT = table_of(models.Document)
_FINDING = table_of(models.Finding)
_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_TELLING = ("sent", "in_doubt", ARRIVED)
_CAUSED = _N.c.cause.startswith("planned:")
# Contacts that a disposal removed are known from whom the company's mail was for.
_ERASED = (
    select(_A.c.company_id, _N.c.recipient)
    .distinct()
    .join(_A, _A.c.id == _N.c.application_id)
    .join(_DISPOSAL, (_DISPOSAL.c.application_id == _A.c.id) & (_DISPOSAL.c.kind == "case_file"))
    .where(_A.c.id.in_(_IDS), _N.c.recipient.startswith("contact:"))
)


class Key(NamedTuple):
    """What makes a planned action of a case the one that it is."""

    rule: str
    basis: int  # the decision's id
    occurrence: int
    revision: int


@dataclass
class Evidence:
    """By case unless it says otherwise."""

    ledger: dict[int, dict[Key, Row[Any]]]
    mails: dict[int, dict[str, list[Row[Any]]]]  # by case and cause
    tries: dict[int, list[Row[Any]]]  # that succeeded, or in doubt and arrived as a person says, by notification
    posted: set[int]  # notifications whose place a letter took
    contacts: dict[int, dict[int, str | None]]  # address by id, None where unknown, "" where disposed of, by company
    written_to: dict[str, datetime]  # the first mail to a contact, by token
    only_case: set[int]  # companies with one case
    notes: dict[int, list[Row[Any]]]
    begun: dict[int, list[tuple[int, datetime, str]]]  # cycle, instant and kind of papers, answers without a kind


def gather(connection: Connection, cases: Sequence[Row[Any]]) -> Evidence:
    """Return what is known of cases."""
    ids, companies = {"ids": [case.id for case in cases]}, {"ids": list({case.company_id for case in cases})}
    ledger: dict[int, dict[Key, Row[Any]]] = defaultdict(dict)
    for row in connection.execute(select(_P).where(_P.c.application_id.in_(_IDS)).order_by(_P.c.id), ids):
        ledger[row.application_id][Key(row.rule, row.basis, row.occurrence, row.revision)] = row
    of_ledger = (_N.c.application_id.in_(_IDS), _CAUSED)
    mails: dict[int, dict[str, list[Row[Any]]]] = defaultdict(lambda: defaultdict(list))
    columns = [column for column in _N.c if column.name != "payload"]
    for row in connection.execute(select(*columns).where(*of_ledger).order_by(_N.c.resend_no, _N.c.id), ids):
        mails[row.application_id][row.cause].append(row)
    letters = select(_TASK.c.notification_id).where(
        _TASK.c.application_id.in_(_IDS), _TASK.c.closed_at.is_not(None), _TASK.c.posted_on.is_not(None)
    )
    contacts: dict[int, dict[int, str | None]] = {id_: {} for id_ in companies["ids"]}
    for row in connection.execute(select(_CONTACT).where(_CONTACT.c.company_id.in_(_IDS)), companies):
        contacts[row.company_id][row.id] = row.email
    for row in connection.execute(_ERASED, ids):
        if row.recipient.removeprefix("contact:").isdigit():
            contacts[row.company_id].setdefault(int(row.recipient.removeprefix("contact:")), "")
    written = select(_N.c.recipient, func.min(_N.c.created_at)).where(
        _N.c.application_id.in_(_IDS), _N.c.recipient.startswith("contact:")
    )
    alone = select(_A.c.company_id).where(_A.c.company_id.in_(_IDS)).group_by(_A.c.company_id).having(func.count() == 1)
    notes: dict[int, list[Row[Any]]] = defaultdict(list)
    for row in connection.execute(select(_NOTE).where(_NOTE.c.application_id.in_(_IDS)), ids):
        notes[row.application_id].append(row)
    return Evidence(
        ledger,
        mails,
        _tries(connection, of_ledger, ids),
        set(connection.execute(letters, ids).scalars()),
        contacts,
        dict(tuple(row) for row in connection.execute(written.group_by(_N.c.recipient), ids)),
        set(connection.execute(alone, companies).scalars()),
        notes,
        _begun(connection, ids),
    )


def _tries(connection: Connection, of_ledger: tuple[Any, ...], ids: dict[str, list[int]]) -> dict[int, list[Row[Any]]]:
    own, leading = select(_N.c.id).where(*of_ledger), select(_N.c.bundled_into).where(*of_ledger)
    telling = (
        select(_TRY)
        .where(or_(_TRY.c.notification_id.in_(own), _TRY.c.notification_id.in_(leading)), _TRY.c.outcome.in_(_TELLING))
        .order_by(_TRY.c.id)
    )
    tries: dict[int, list[Row[Any]]] = defaultdict(list)
    doubts: dict[int, Row[Any]] = {}
    for row in connection.execute(telling, ids):
        match row.outcome:
            case "in_doubt":
                doubts[row.notification_id] = row
            case "sent":
                tries[row.notification_id].append(row)
            case _ if row.notification_id in doubts:
                tries[row.notification_id].append(doubts[row.notification_id])
    return tries


def _begun(connection: Connection, ids: dict[str, list[int]]) -> dict[int, list[tuple[int, datetime, str]]]:
    found: dict[int, list[tuple[int, datetime, str]]] = defaultdict(list)
    kinds = ((_DOCUMENT, _DOCUMENT.c.added_at, _DOCUMENT.c.kind), (_FINDING, _FINDING.c.answered_at, literal("")))
    for table, at, kind in kinds:
        key = (table.c.application_id, table.c.cycle, kind)
        query = select(*key, func.min(at)).where(table.c.application_id.in_(_IDS)).group_by(*key)
        for application_id, cycle, named, begun in connection.execute(query, ids):
            if begun is not None:
                found[application_id].append((cycle, begun, named))
    return found
