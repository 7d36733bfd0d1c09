"""Decides which rows of the outbox leave now and as which mails: still true, to whom, alone or bundled. Sends nothing."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row

from states.dates import local_day, local_instant
from states.planner import FINAL_NOTICE, REQUEST_REMINDER
from workflow.decisions.deliveries import settle
from workflow.decisions.stand_ins import also
from workflow.store import outbox, people, recipients, requests, suppressions
from workflow.store.cases import Case, read_many
from workflow.store.office import Office
from workflow.store.outbox import Fate, Mail
from workflow.store.recipients import Found
from workflow.store.tasks import add_task

LEASE = timedelta(minutes=30)
BUNDLES_AT = 8  # the local hour at which a bundle leaves that had to wait for another day
_MOST_BUNDLED = 10_000  # rows looked at together; each person's share of them is one mail
_DEAD = "Mail to this address comes back."
_NO_CONTACT = "The company has no contact with an address."
_UNTRUE_AFTER_END = frozenset(
    {
        "renewal_heads_up",
        "renewal_invitation",
        "renewal_not_started",
        "renewal_pack_due",
        "renewal_reminder",
        "renewal_last_day",
        "renewal_undecided",
        "renewal_under_review",
        "renewal_waits_for_information",
        "certificate_ends",
    }
)
_CHASING = frozenset({"information_reminder", "information_final_notice"})
# How reminders are counted while a case is in a state of a kind; a suspension changes nothing.
_PHASES = {"review": "under_review", "waiting": "awaiting", "certified": "running", "closed": "closing"}


@dataclass(frozen=True, slots=True)
class Parcel:
    """One mail: the row that carries it, and the rows that are bundled into it."""

    mail: Mail
    members: tuple[Mail, ...] = ()

    @property
    def mails(self) -> tuple[Mail, ...]:
        return (self.mail, *self.members)


@dataclass
class Claimed:
    """What a claim came to."""

    looked_at: int = 0  # rows; with none, nothing is due
    parcels: list[Parcel] = field(default_factory=list)
    held_back: list[str] = field(default_factory=list)  # the status of each row that is settled without a try


def claim(connection: Connection, office: Office, now: datetime, many: int) -> Claimed:
    """Take in hand what is due: what is in doubt and waits for a second mail, what goes out alone, then the bundles."""
    doubted = outbox.doubted(connection, now, many)
    rows = doubted + (outbox.queued(connection, now, many - len(doubted)) if len(doubted) < many else [])
    if not rows:
        return _claim_bundles(connection, office, now)
    members = outbox.members(connection, [row.id for row in doubted])
    look = _Look(connection, office, [*rows, *(one for group in members.values() for one in group)], now)
    parcels = [parcel for row in rows if (parcel := look.parcel(row, members.get(row.id, ())))]
    return look.take(parcels, len(rows))


def _claim_bundles(connection: Connection, office: Office, now: datetime) -> Claimed:
    """Take everything that waits to be bundled: one mail for each colleague who had none today."""
    held_back: list[str] = []
    while True:
        rows = outbox.bundled(connection, now, _MOST_BUNDLED)
        if not rows:
            return Claimed(len(held_back), held_back=held_back)
        look = _Look(connection, office, rows, now)
        ready = [(row, look.found[row.id]) for row in rows if look.is_ready(row)]
        if not look.posted:
            break
        held_back += look.take([], 0).held_back  # then again: what those who stand in get goes into their bundles
    groups: dict[str, list[Row[Any]]] = defaultdict(list)
    for row, found in ready:
        groups[found.person].append(row)
    people.lock(connection, groups)  # so that two workers do not send two bundles
    last = outbox.last_bundles(connection, groups, now)
    parcels: list[Parcel] = []
    for person, group in groups.items():
        zone = look.found[group[0].id].zone
        today = local_day(now, zone)
        if person in last and local_day(last[person], zone) == today:
            tomorrow = local_instant(today + timedelta(days=1), BUNDLES_AT, zone)
            outbox.postpone(connection, [row.id for row in group], tomorrow)
        else:
            parcels.append(look.bundle(group, today.isoformat()))
    claimed = look.take(parcels, len(rows))
    return Claimed(claimed.looked_at, parcels, held_back + claimed.held_back)


class _Look:
    """A look at rows that are locked: whom each goes to now, and whether it still may go."""

    def __init__(self, connection: Connection, office: Office, rows: Sequence[Row[Any]], now: datetime) -> None:
        self._connection, self._office, self._now = connection, office, now
        self._cases = read_many(connection, {row.application_id for row in rows if row.application_id is not None})
        self.found = recipients.find(connection, office.editions, rows, self._cases, now)
        addresses = {row.address for row in rows} | {found.address for found in self.found.values()}
        self._dead = suppressions.among(connection, addresses)
        self._payloads: dict[int, dict[str, Any]] = {row.id: json.loads(row.payload) for row in rows}
        chased = {row.cause for row in rows if chases(self._payloads[row.id])}
        self._answered = requests.answered(connection, chased)
        to_colleagues = [row for row in rows if not recipients.is_company(row.recipient)]
        self._reached = outbox.reached(connection, to_colleagues)
        self._fates: list[Fate] = []
        self.posted = False  # whether rows for others came into the outbox

    def parcel(self, row: Row[Any], members: Iterable[Row[Any]]) -> Parcel | None:
        """Return the mail of a row; nothing when it is held back."""
        if row.status == "in_doubt" or row.resends:
            return self._once_more(row, members)
        if not self.is_ready(row):
            return None
        return Parcel(self._mail(row))

    def is_ready(self, row: Row[Any]) -> bool:
        """Say whether a row may go out now. If not it is settled, and whoever must know gets to know."""
        found = self.found[row.id]
        fate = self._held_back(row, found)
        if fate is None and self._reached_by_another(row, found):
            fate = Fate(self._mail(row, try_it=False), "suppressed", outbox.TWICE)
        if fate is not None:
            self._fates.append(fate)
            return False
        if found.deputy:
            self.posted |= also(self._connection, self._office.origin, row, found, [found.deputy], self._now)
        return True

    def bundle(self, rows: Sequence[Row[Any]], day: str) -> Parcel:
        """Return the one mail of a colleague's rows; a single one goes out as it is."""
        lead, *others = rows
        if others:
            self._payloads[lead.id]["bundle"] = {"name": self.found[lead.id].name, "day": day}
        return Parcel(self._mail(lead), tuple(self._mail(row, into=lead.id) for row in others))

    def take(self, parcels: list[Parcel], looked_at: int) -> Claimed:
        """Write who holds the rows of these mails, and settle those that are held back."""
        leased = [mail for parcel in parcels for mail in parcel.mails]
        mails = leased + [fate.mail for fate in self._fates]
        texts = {mail.id: json.dumps(mail.payload, ensure_ascii=False, sort_keys=True) for mail in mails}
        outbox.lease(self._connection, mails, texts)
        return Claimed(looked_at, parcels, settle(self._connection, self._office, self._fates, self._now))

    def _mail(self, row: Row[Any], *, into: int | None = None, try_it: bool = True) -> Mail:
        found, case = self.found[row.id], self._cases.get(row.application_id)
        # Kept in the row, so that a second mail after a doubt is the same to the byte.
        payload = self._payloads[row.id] | {"reply_to": found.reply_to}
        return _mail(
            row, case, row.attempts + try_it, row.resends, found.address, found.person, payload, self._now + LEASE, into
        )

    def _once_more(self, row: Row[Any], members: Iterable[Row[Any]]) -> Parcel | None:
        """Return the mail of a doubt again, to the same address; nothing when it is not to be sent again."""
        rows = (row, *members)
        untrue = (held for one in rows if (held := self._not_true_any_more(one)))
        why = next(untrue, _DEAD if row.address.lower() in self._dead else "")
        mails = [self._again(one, try_it=not why) for one in rows]
        if not why:
            return Parcel(mails[0], tuple(mails[1:]))
        told = f"It may have arrived, and is not sent again: {why}"
        self._fates += [Fate(mail, "in_doubt", told, dead=why == _DEAD) for mail in mails]
        return None

    def _again(self, row: Row[Any], *, try_it: bool) -> Mail:
        case, resends = self._cases.get(row.application_id), row.resends + (try_it and row.status == "in_doubt")
        return _mail(
            row, case, row.attempts + try_it, resends, row.address, row.person, self._payloads[row.id],
            self._now + LEASE, row.bundled_into,
        )  # fmt: skip

    def _held_back(self, row: Row[Any], found: Found) -> Fate | None:
        """Return the end of a row that is not true any more or that nobody is there for."""
        mail = self._mail(row, try_it=False)
        if held := self._not_true_any_more(row):
            return Fate(mail, "suppressed", held)
        if row.recipient == recipients.COMPANY:
            return Fate(mail, "suppressed", _NO_CONTACT, dead=True)
        dead = found.address.lower() in self._dead
        if dead and mail.to_company:
            return Fate(mail, "suppressed", _DEAD, dead=True)
        if nobody := found.nobody or (_DEAD if dead else ""):
            self._to_supervisors(row, found, nobody)
            return Fate(mail, "suppressed", nobody)
        if not found.address:
            return Fate(mail, "failed", "Nobody with an address is there to receive it.")
        return None

    def _reached_by_another(self, row: Row[Any], found: Found) -> bool:
        """Say whether another row carries the same message to the same person: a hand-over since may have made two one."""
        if recipients.is_company(row.recipient):
            return False
        return self._reached.setdefault((row.message, row.cause, row.resend_no, found.person), int(row.id)) != int(
            row.id
        )

    def _to_supervisors(self, row: Row[Any], found: Found, why: str) -> None:
        """Nobody is there for a message to a colleague: every supervisor gets it, and has to do something about it."""
        staff = people.everybody(self._connection).values()
        supervisors = sorted(p.id for p in staff if "supervisor" in p.roles)
        self.posted |= also(self._connection, self._office.origin, row, found, supervisors, self._now)
        remedy = (
            "Correct the address, or release it."
            if why == _DEAD
            else "Name somebody: hand the company over, or assign the case."
        )
        sentence = f"Message {row.id} ({row.message}) went to the supervisors: {why} {remedy}"
        key = f"nobody:{row.cause}:{row.recipient}"
        add_task(self._connection, key, "supervisor", sentence, self._now, row.application_id)

    def _not_true_any_more(self, row: Row[Any]) -> str:
        """Check the rule again at send time: what was due may not be true any more."""
        case = self._cases.get(row.application_id)
        if case is None:
            return ""
        return untrue(case, row.message, self._payloads[row.id], answered=row.cause in self._answered)


def stops(message: str, *, to_company: bool) -> tuple[str, ...]:
    """Return in words what keeps a message of this kind from going out when its time comes."""
    nobody = "its address takes no mail any more" if to_company else "no colleague is there to receive it"
    if message in _CHASING:
        return ("the company has answered", "the case waits for no answer any more", nobody)
    if message not in _UNTRUE_AFTER_END:
        return (nobody,)
    return ("the certificate has ended", "its last day has changed", "the renewal has moved on", nobody)


def chases(payload: Mapping[str, Any]) -> bool:
    """Say whether a message reminds of a question to the company."""
    return payload.get("rule") in (REQUEST_REMINDER, FINAL_NOTICE)


def untrue(case: Case, message: str, payload: Mapping[str, Any], *, answered: bool = False) -> str:
    """Return why what a message says is not true of its case any more, or nothing."""
    if chases(payload):
        waits = case.state_kind in ("waiting", "suspended")  # a suspension changes nothing
        still = "" if waits else "The case waits for no answer any more."
        return "The company has answered meanwhile." if answered else still
    if message not in _UNTRUE_AFTER_END:
        return ""
    if case.ended_on is not None:
        return "The certificate has ended meanwhile."
    if payload.get("valid_until") != str(case.held.last_day):
        return "The certificate's last day has changed meanwhile."
    if payload.get("phase", "") not in ("", _PHASES.get(case.state_kind, payload.get("phase"))):
        return "The renewal has moved on meanwhile."
    return ""


def _mail(
    row: Row[Any], case: Case | None, attempts: int, resends: int, address: str, person: str,
    payload: Mapping[str, Any], lease_until: datetime, into: int | None,
) -> Mail:  # fmt: skip
    return Mail(
        id=row.id,
        fence=row.fence + 1,
        message=row.message,
        cause=row.cause,
        recipient=row.recipient,
        message_id=row.message_id,
        created_at=row.created_at,
        attempts=attempts,
        resends=resends,
        address=address,
        person=person,
        payload=payload,
        application_id=row.application_id,
        reference=case.reference if case else "",
        programme=case.programme if case else "",
        uen=case.uen if case else "",
        lease_until=lease_until,
        bundled_into=into,
        was=row.status,
    )
