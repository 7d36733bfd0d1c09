"""Accounts for every reminder: what decisions and rules made the clock owe, against ledger, outbox and delivery log.

Or, without a database, against what the entries of a log tell. What is expected comes from states.expectation alone.
Reads in chunks of cases; it changes and sends nothing.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, select

from states.dates import Standing, local_day
from states.definition import Programme
from states.expectation import Expectation, Expected, History, Holidays, Moment, expect
from states.guards import in_words
from states.planner import BEFORE_BEGIN, BEFORE_DECISION, ENDED, NOBODY
from workflow import models
from workflow.errors import BadInput
from workflow.models.base import table_of
from workflow.reports.told import Told
from workflow.store import evidence as evidences
from workflow.store import histories, staffing
from workflow.store.cases import held_of
from workflow.store.evidence import Evidence, Key
from workflow.store.office import Office
from workflow.store.outbox import TWICE
from workflow.store.recipients import COMPANY, is_company
from workflow.store.staffing import Staffing

GRACE = timedelta(minutes=5)  # a sweep runs every few seconds; what is due for longer has been missed
CHUNK = 500
# What became of a reminder, from the best to the worst; one that was for several people has the worst of theirs.
OF_MAIL = ("sent", "by_letter", "waiting", "suppressed", "failed", "in_doubt", "unaccounted")
FATES = (*OF_MAIL[:-1], "superseded", "cancelled", "planned")

_A = table_of(models.Application)
_C = table_of(models.Company)
_CASES = select(_A, _C.c.name.label("company_name")).join(_C, _C.c.id == _A.c.company_id).order_by(_A.c.id)
_CLAIMED = timedelta(minutes=15)  # the longest between finding who gets a mail and noting how it went


@dataclass(frozen=True)
class Reached:
    """One recipient of a reminder, and what became of the mail."""

    recipient: str  # as in the outbox: "contact:3", "account_manager", "assignee" or "officer:ID"
    name: str  # who that was, as far as is known
    fate: str
    at: datetime | None = None
    why: str = ""


@dataclass(frozen=True)
class Account:
    """One thing that was expected or found, and what became of it."""

    application: str
    certificate: str | None
    rule: str
    due_on: date | None
    due_at: datetime | None
    audience: str
    message: str
    fate: str
    why: str = ""
    account_manager: str = ""  # on that day
    recipients: tuple[Reached, ...] = ()
    timer: bool = False

    def as_data(self) -> dict[str, Any]:
        return asdict(self)

    def sentence(self) -> str:
        """Return what is wrong in one line."""
        day = self.due_on.isoformat() if self.due_on else "-"
        return f"Unaccounted: {day}  {self.application}  {self.rule or 'case'}: {self.why}"


@dataclass
class Proof:
    """What everything came to. Each reminder is counted once; `unaccounted` lists also what nobody expected."""

    first: date
    last: date
    as_at: datetime
    cases: int = 0
    expected: int = 0
    fates: Counter[str] = field(default_factory=Counter)
    rules: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    timers: Counter[str] = field(default_factory=Counter)
    unaccounted: list[Account] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        return not self.unaccounted

    def add(self, one: Account, *, expected: bool) -> None:
        if one.fate == "unaccounted":
            self.unaccounted.append(one)
        if not expected:
            return
        if one.timer:
            self.timers.update(["expected", one.fate])
        else:
            self.expected += 1
            self.fates[one.fate] += 1
            self.rules[one.rule][one.fate] += 1

    def as_data(self) -> dict[str, Any]:
        span = {"from": self.first, "to": self.last, "as_at": self.as_at, "cases": self.cases}
        counts = {"expected": self.expected} | {fate: self.fates[fate] for fate in FATES}
        listed = [one.as_data() for one in self.unaccounted]
        return counts | {"unaccounted": listed, "timers": dict(sorted(self.timers.items()))} | span

    def sentence(self) -> str:
        """Return the proof in one line."""
        told = [f"{self.fates[fate]:,} {fate.replace('_', ' ')}" for fate in FATES if self.fates[fate]]
        return (
            ", ".join([f"Reminders: {self.expected:,} expected", *told, f"{len(self.unaccounted):,} unaccounted"]) + "."
        )


def prove(
    connection: Connection,
    office: Office,
    *,
    first: date,
    last: date,
    now: datetime,
    tell: Callable[[Account], None] = lambda _: None,
    progress: Callable[[int], None] = lambda _: None,
    chunk: int = CHUNK,
) -> Proof:
    """Account for every reminder and timer due on local days from `first` to `last`, both included, as at `now`.

    Raises BadInput when the days are the wrong way round.
    """
    found = _from_tables(connection, office, _span(first, last, now), chunk)
    return _account_for(found, Proof(first, last, now), tell, progress)


def prove_told(
    told: Told,
    programmes: Mapping[tuple[str, str], Programme],
    *,
    first: date,
    last: date,
    now: datetime,
    tell: Callable[[Account], None] = lambda _: None,
    progress: Callable[[int], None] = lambda _: None,
) -> Proof:
    """Account for the same from what the entries of a log tell, without a database. Raises like `prove`, and Untold."""
    found = _from_log(told, programmes, _span(first, last, now))
    return _account_for(found, Proof(first, last, now), tell, progress)


def _span(first: date, last: date, now: datetime) -> "_Span":
    if last < first:
        raise BadInput("DATE_ORDER", f"A proof cannot run from {in_words(first)} to {in_words(last)}.")
    return _Span(first, last, now)


def _account_for(
    found: Iterable["_Case"], proof: Proof, tell: Callable[[Account], None], progress: Callable[[int], None]
) -> Proof:
    for one in found:
        if one.broken:
            proof.add(one.account("", one.broken), expected=False)
        else:
            for account, expected in one.accounts():
                proof.add(account, expected=expected)
                tell(account)
        proof.cases += 1
        if proof.cases % CHUNK == 0:
            progress(proof.cases)
    return proof


def _from_tables(connection: Connection, office: Office, span: "_Span", chunk: int) -> Iterator["_Case"]:
    staff, known_days = staffing.load(connection), histories.holidays(connection)

    def programme_of(case: Row[Any]) -> Programme:
        return office.editions.machine(connection, case.programme, case.edition).programme

    after = 0
    while cases := connection.execute(_CASES.where(_A.c.id > after).limit(chunk)).all():
        after = cases[-1].id
        evidence = evidences.gather(connection, cases)
        staffing.add(connection, staff, list(evidence.contacts), [case.id for case in cases])
        replayed, ids = histories.load(connection, cases, programme_of)
        for case in cases:
            history = replayed[case.id]
            expectation, broken = _expect(history, known_days[history.programme.time_zone])
            yield _Case(case, history, ids.get(case.id, {}), evidence, staff, span, expectation, broken)


def _from_log(told: Told, programmes: Mapping[tuple[str, str], Programme], span: "_Span") -> Iterator["_Case"]:
    zones = {programme.time_zone for programme in programmes.values()}
    known_days = {zone: told.holidays(zone) for zone in sorted(zones)}
    for case in told.cases.values():
        history = case.history(programmes[case.programme, case.edition])
        zone = history.programme.time_zone
        expectation, broken = _expect(history, known_days[zone])
        numbers = {decision.no: decision.no for decision in history.decisions}
        evidence = case.evidence(expectation, zone)
        yield _Case(case.row, history, numbers, evidence, told.staff, span, expectation, broken)


def _expect(history: History, holidays: Holidays) -> tuple[Expectation, str]:
    """Return what the clock owed for a case, or why that cannot be told."""
    try:
        return expect(history, holidays), ""
    except (LookupError, ValueError, StopIteration) as error:
        return Expectation(), f"Its decisions cannot be replayed: {error}"


class _Span(NamedTuple):
    first: date
    last: date
    now: datetime

    def covers(self, day: date) -> bool:
        return self.first <= day <= self.last


class Judged(NamedTuple):
    """What became of something, why, and whom it reached."""

    fate: str
    why: str = ""
    recipients: tuple[Reached, ...] = ()


def _missed(why: str, *recipients: Reached) -> Judged:
    return Judged("unaccounted", why, recipients)


@dataclass
class _Case:
    """One case: what was expected of the clock, beside what was found."""

    row: Any  # a row of the table, or what the entries tell of it
    history: History
    basis_ids: dict[int, int]
    evidence: Evidence
    staff: Staffing
    span: _Span
    expectation: Expectation
    broken: str = ""  # why the decisions cannot be replayed

    def accounts(self) -> Iterator[tuple[Account, bool]]:
        """Yield an account of everything in the span, and whether it was expected."""
        if why := self._kept_otherwise():
            yield self.account("", why), False
        expected = {self._key(one): one for one in self.expectation.expected}
        found = self.evidence.ledger.get(self.row.id, {})
        for key in [*expected, *(key for key in found if key not in expected)]:
            one, row = expected.get(key), found.get(key)
            days = [one.planned.due_on] if one else []
            days += [row.due_on] if row else []
            if any(self.span.covers(day) for day in days):
                yield self._account(one, row), one is not None
        causes = {f"planned:{row.id}" for row in found.values()}
        for cause, mails in self.evidence.mails.get(self.row.id, {}).items():
            for mail in mails:
                if cause not in causes and self.span.covers(self._day(mail.created_at)):
                    to = self._named(mail.recipient, mail.created_at)
                    why = f"Message {mail.id} ({mail.message}) to {to} names {cause} as its cause, which is not in the ledger."
                    yield self.account("", why), False

    def _key(self, one: Expected) -> Key:
        return Key(one.planned.rule, self.basis_ids[one.basis], one.planned.occurrence, one.revision)

    def account(self, rule: str, why: str) -> Account:
        """Return an account of something that is wrong with the case as a whole."""
        return Account(self.row.reference, None, rule, None, None, "", "", "unaccounted", why)

    def _account(self, one: Expected | None, row: Row[Any] | None) -> Account:
        timer = not (one.is_reminder if one else row is not None and row.message is not None)
        judged = self._judge(one, row)
        what: Any = one.planned if one else row
        when = row.settled_at if row is not None and row.status == "done" and row.settled_at else what.due_at
        audience = what.audience if isinstance(what.audience, str) else ",".join(what.audience)
        moments = self.expectation.at(min(when, self.span.now))
        newest = moments[-1].held.newest if moments else None
        return Account(
            self.row.reference,
            newest.number if newest else None,
            what.rule,
            what.due_on,
            what.due_at,
            audience or "clock",
            what.message or what.trigger,
            judged.fate,
            judged.why,
            "" if timer else self._who("account_manager", when),
            judged.recipients,
            timer,
        )

    def _kept_otherwise(self) -> str:
        """Say in what the case's own columns differ from what its decisions give."""
        final = self.expectation.moments[-1:] or [
            Moment(self.row.submitted_at, self.history.programme.initial, "", held_of(self.row))
        ]
        moment, kept = final[0], held_of(self.row)
        pairs = [("state", self.row.state, moment.state), ("back", self.row.back, moment.back)]
        pairs += [(name, getattr(kept, name), getattr(moment.held, name)) for name in vars(kept)]
        wrong = [
            f"{name} is {has or 'empty'}, but its decisions give {gives or 'none'}"
            for name, has, gives in pairs
            if has != gives
        ]
        return f"The case's own {'; '.join(wrong)}." if wrong else ""

    # What became of one thing

    def _judge(self, one: Expected | None, row: Row[Any] | None) -> Judged:
        if one is None:
            return _missed("It is in the ledger, but no decision and no rule gives it.", *self._mails_of(row))
        wrong = self._at_odds(one, row)
        if row is None or wrong:
            return _missed(wrong, *self._mails_of(row))
        done = self._done if one.is_reminder else self._fired
        return {"planned": self._still_planned, "done": done}.get(row.status, self._given_up)(one, row)

    def _at_odds(self, one: Expected, row: Row[Any] | None) -> str:
        """Say in what the ledger differs from what was expected, or nothing."""
        if row is None:
            return "It was owed, and it is not in the ledger."
        if differs := _differences(one, row):
            return differs
        if one.unmoved:
            return f"A holiday that was known moves it to {in_words(one.unmoved)}, and nothing moved it."
        mail = row.status != "done" and self._mails(row)
        return f"The ledger has it {row.status}, but there is mail for it." if mail else ""

    def _still_planned(self, one: Expected, row: Row[Any]) -> Judged:
        if one.planned.superseded or one.until is not None:
            why = one.planned.superseded or one.reason
            return _missed(f'It is still planned, although it is owed no more: "{why}".')
        if row.due_at > self.span.now - GRACE:
            return Judged("planned")
        error = f" Its error: {row.last_error}" if row.last_error else ""
        return _missed(f"It was due at {_instant(row.due_at)} and has not been done.{error}")

    def _given_up(self, one: Expected, row: Row[Any]) -> Judged:
        """Superseded or cancelled: only for a reason that can be shown to be true."""
        start = one.planned.superseded
        if (row.status, row.outcome, row.settled_at) == (
            ("superseded", start, one.since) if start else ("superseded", one.reason, one.until)
        ):
            return Judged("superseded", row.outcome)
        said = f'It is {row.status}, "{row.outcome}"'
        if wrong := self._untimely(one, row):
            return _missed(f"{said}. {wrong}")
        for status, pattern, verify in REASONS:
            match = re.fullmatch(pattern, row.outcome)
            if match and status == row.status:
                so = verify(self, one, row, match.groups())
                return Judged(row.status, row.outcome) if so else _missed(f"{said}, and that was not so.")
        return _missed(f"{said}, and nothing verifies such a reason.")

    def _untimely(self, one: Expected, row: Row[Any]) -> str:
        """Say why something could not be settled when it was, or nothing."""
        at = row.settled_at
        if one.planned.superseded:
            return f'It made no sense from the start: "{one.planned.superseded}".'
        if at is None:
            return "It is settled without an instant."
        if at < row.due_at:
            return f"It was settled at {_instant(at)}, before it was due at {_instant(row.due_at)}."
        if one.until is not None and at > one.until:
            return f'It was settled at {_instant(at)}, but owed no more since {_instant(one.until)}: "{one.reason}".'
        return ""

    def _fired(self, one: Expected, row: Row[Any]) -> Judged:
        """A timer is done by a decision of that effective instant, or by the end of standing."""
        if wrong := self._untimely(one, row):
            return _missed(wrong)
        fired = [d for d in self.history.decisions if d.trigger == row.trigger and d.recorded_at == row.settled_at]
        ended = [act for act in self.history.acts if act.kind == "ended" and act.at == row.settled_at]
        if any(d.effective_at >= row.due_at for d in fired) or ended:
            return Judged("done", row.outcome)
        return _missed(f'It is done, "{row.outcome}", and there is no decision that did it.')

    # Mail

    def _mails(self, row: Row[Any] | None) -> list[Row[Any]]:
        """Return the mails for a ledger row, of each recipient the newest one."""
        if row is None:
            return []
        newest = {
            mail.recipient: mail for mail in self.evidence.mails.get(self.row.id, {}).get(f"planned:{row.id}", [])
        }
        return list(newest.values())

    def _mails_of(self, row: Row[Any] | None) -> tuple[Reached, ...]:
        return tuple(self._reached(mail) for mail in self._mails(row))

    def _done(self, one: Expected, row: Row[Any]) -> Judged:
        mails = self._mails(row)
        if wrong := self._untimely(one, row):
            return _missed(wrong, *self._mails_of(row))
        if not mails:
            return _missed("It is done, and there is no message for it in the outbox.")
        told = {person for mail in mails for person in self._people(mail.recipient, row.settled_at)}
        there = {mail.recipient for mail in mails}
        required, allowed = self._audience(one.planned.audience, row.settled_at, there)
        mails = self._once(mails)
        reached = [self._reached(mail) for mail in mails]
        for token in sorted(required - there):
            if self._people(token, row.settled_at) <= told:
                continue  # written to in another role
            name = self._named(token, row.settled_at)
            reached.append(Reached(token, name, "unaccounted", None, f"Nobody wrote to {name}."))
        for index, mail in enumerate(mails):
            why = ""
            if mail.message != one.planned.message:
                why = f"Message {mail.id} says {mail.message}, not {one.planned.message}."
            elif mail.recipient not in allowed and not self._stands_in(mail, mails):
                why = f"Message {mail.id} went to {self._named(mail.recipient, mail.created_at)}, whom it was not for."
            if why:
                reached[index] = replace(reached[index], fate="unaccounted", why=why)
        reached += self._deputies_missed(mails)
        worst = max((OF_MAIL.index(one.fate) for one in reached), default=0)
        whys = (to.why if to.fate == "unaccounted" else f"{to.name}: {to.why}." for to in reached if to.why)
        return Judged(OF_MAIL[worst], " ".join(dict.fromkeys(whys)), tuple(reached))

    def _once(self, mails: Sequence[Row[Any]]) -> list[Row[Any]]:
        """Leave out what was held back because the person got it in another row, where that is so."""
        one = [mail for mail in mails if mail.last_reply != TWICE]
        got = {person for mail in one for person in self._people(mail.recipient, self._tried_at(mail))}
        left = [mail for mail in mails if mail.last_reply == TWICE]
        return one + [mail for mail in left if not self._people(mail.recipient, self._tried_at(mail)) <= got]

    def _audience(
        self, audience: Sequence[str], at: datetime, there: Collection[str] = ()
    ) -> tuple[set[str], set[str]]:
        """Return whom a message was surely for at an instant, and whom it may have been for; `there` is whom it went to."""
        required, allowed = set[str](), set[str]()
        groups = [{f"officer:{person}" for person in group} for group in self.staff.supervisors(at)]
        for name in audience:
            match name:
                case "company":
                    tokens = {f"contact:{id_}": id_ for id_ in self._contacts}
                    unknown = not any(self._written_to(token, at) for token in tokens) and COMPANY in there
                    options = [{token for token, id_ in tokens.items() if self._known(id_, at)} or {COMPANY}]
                    if unknown and self.row.company_id not in self.evidence.only_case:
                        options.append({COMPANY})  # its contacts may have come later, with another case
                    allowed |= set(tokens)
                case "account_manager":
                    options = self._or_supervisors(
                        "account_manager", self.staff.manager(self.row.company_id, at), groups
                    )
                case "officer":
                    options = self._or_supervisors("assignee", self.staff.assignee(self.row.id, at), groups)
                case _:
                    options = groups
            required |= set.intersection(*options) if options else set()
            allowed |= set[str]().union(*options)
        return required, allowed

    @staticmethod
    def _or_supervisors(token: str, people: Sequence[str], supervisors: list[set[str]]) -> list[set[str]]:
        return [{token} for person in people if person] + [
            group for person in people if not person for group in supervisors
        ]

    @property
    def _contacts(self) -> dict[int, str | None]:
        return self.evidence.contacts[self.row.company_id]

    def _known(self, contact: int, at: datetime) -> bool:
        """Say whether a contact was surely known: a company's contacts came with its cases, and have no date of their own."""
        alone = self.row.company_id in self.evidence.only_case
        return alone or contact == min(self._contacts) or self._written_to(f"contact:{contact}", at)

    def _written_to(self, token: str, at: datetime) -> bool:
        written = self.evidence.written_to.get(token)
        return written is not None and written <= at

    def _people(self, token: str, at: datetime) -> set[str]:
        """Return who a recipient stood for at an instant, as delivery notes people; "" for nobody."""
        kind, _, id_ = token.partition(":")
        match kind:
            case "account_manager":
                return set(self.staff.manager(self.row.company_id, at))
            case "assignee":
                return set(self.staff.assignee(self.row.id, at))
            case "contact":
                return {token} if id_.isdigit() and int(id_) in self._contacts else set()
            case "company":
                return set()
            case _:
                return {id_}

    def _reached(self, mail: Row[Any]) -> Reached:
        name = self._named(mail.recipient, mail.settled_at or mail.created_at)
        at = mail.settled_at
        if mail.id in self.evidence.posted and mail.status in ("suppressed", "failed", "in_doubt"):
            return Reached(mail.recipient, name, "by_letter", at, "a letter was posted")
        match mail.status:
            case "queued" | "sending":
                return Reached(mail.recipient, name, "waiting", None, f"the mail is {mail.status}")
            case "sent":
                return self._sent(mail, name)
            case fate:
                return Reached(mail.recipient, name, fate, at, mail.last_reply or fate.replace("_", " "))

    def _sent(self, mail: Row[Any], name: str) -> Reached:
        """Sent is what the delivery log shows as sent, to the person for whom it was at that instant.

        So is a try in doubt that a person found out to have arrived.
        """
        tries = self._tries(mail)
        if not tries:
            why = f"Message {mail.id} is sent, and the delivery log has no try that was."
            return Reached(mail.recipient, name, "unaccounted", mail.settled_at, why)
        last = tries[-1]
        person = last.person or self._by_address(mail.recipient, last.address)
        meant = self._people(mail.recipient, last.at) | self._people(mail.recipient, last.at - _CLAIMED)
        address = self._contacts.get(int(person.removeprefix("contact:"))) if person.startswith("contact:") else None
        # After a disposal either address may be blank; the person stands all the same.
        if person not in meant or (address and last.address and address != last.address):
            whom = self.staff.names.get(person) or last.address or "nobody"
            should = ", ".join(sorted(filter(None, (self._name(one) for one in meant)))) or "nobody"
            why = f"Message {mail.id} reached {whom}, and it was for {should}."
            return Reached(mail.recipient, whom, "unaccounted", last.at, why)
        why = "no answer came, and a person found out that it arrived" if last.outcome == "in_doubt" else ""
        return Reached(mail.recipient, self._name(person) or name, "sent", last.at, why)

    def _tries(self, mail: Row[Any]) -> list[Row[Any]]:
        """Return the tries that arrived: of the mail itself, or of the one that carried it."""
        return self.evidence.tries.get(mail.id) or self.evidence.tries.get(mail.bundled_into, [])

    def _by_address(self, recipient: str, address: str) -> str:
        if recipient.startswith("contact:"):
            return recipient
        return self.staff.by_address.get(address, "")

    def _stands_in(self, mail: Row[Any], mails: Sequence[Row[Any]]) -> bool:
        """Say whether a colleague got it for another: a deputy, or a supervisor where nobody was there."""
        kind, _, person = mail.recipient.partition(":")
        if kind != "officer":
            return False
        others = [other for other in mails if other is not mail and not is_company(other.recipient)]
        away = (self._away(other)[1] for other in others)
        nobody = any(other.status == "suppressed" for other in others)
        supervisors = self.staff.supervisors(mail.created_at) if nobody else []
        return any(person in deputies for deputies in away) or any(person in group for group in supervisors)

    def _away(self, mail: Row[Any]) -> tuple[set[str], set[str]]:
        """Return who surely stood in for the one a mail was for, and who may have."""
        at = self._tried_at(mail)
        people = self._people(mail.recipient, at) - {""}
        found = [self.staff.deputies(person, at, self._zone) for person in people]
        return (
            set.intersection(*(before for before, _ in found)) if found else set(),
            set[str]().union(*(until for _, until in found)),
        )

    def _deputies_missed(self, mails: Sequence[Row[Any]]) -> Iterator[Reached]:
        """While a colleague is absent, the deputy gets it too, under whatever name."""
        got = {person for mail in mails for person in self._people(mail.recipient, self._tried_at(mail))}
        for mail in mails:
            if is_company(mail.recipient) or mail.status in ("queued", "sending"):
                continue
            for deputy in sorted(self._away(mail)[0] - got):
                name, whom = self._name(deputy), self._named(mail.recipient, self._tried_at(mail))
                yield Reached(
                    f"officer:{deputy}",
                    name,
                    "unaccounted",
                    None,
                    f"{whom} was absent, and nobody wrote to the deputy.",
                )

    def _tried_at(self, mail: Row[Any]) -> datetime:
        tries = self._tries(mail)
        at: datetime = tries[-1].at if tries else mail.settled_at or mail.created_at
        return at

    # Words

    def _who(self, token: str, at: datetime) -> str:
        names = sorted(self._name(person) for person in self._people(token, min(at, self.span.now)) if person)
        return " or ".join(names)

    def _named(self, token: str, at: datetime) -> str:
        known = {
            COMPANY: "the company",
            "account_manager": "the account manager",
            "assignee": "the officer of the case",
        }
        what = known.get(token, "")
        return " ".join(part for part in (what, self._who(token, at)) if part) or token

    def _name(self, person: str) -> str:
        if person.startswith("contact:"):
            return f"the company ({person.replace(':', ' ')})"
        return self.staff.names.get(person, person)

    def _day(self, at: datetime) -> date:
        return local_day(at, self._zone)

    @property
    def _zone(self) -> str:
        return self.history.programme.time_zone

    # What a reason rests on

    def stood(self, at: datetime) -> list[Moment]:
        return self.expectation.at(at)

    def ended(self, at: datetime) -> bool:
        return any(moment.held.standing(self._day(at)) == Standing.ENDED for moment in self.stood(at))

    @cached_property
    def settled(self) -> dict[datetime | None, list[Row[Any]]]:
        """The ledger's rows by the instant at which they were settled: what one sweep did is of one instant."""
        found: dict[datetime | None, list[Row[Any]]] = defaultdict(list)
        for row in self.evidence.ledger.get(self.row.id, {}).values():
            found[row.settled_at].append(row)
        return found

    def late(self, row: Row[Any]) -> int:
        """By how many local days something was settled late."""
        due_on: date = row.due_on
        return (self._day(row.settled_at) - due_on).days

    def offset_of(self, row: Row[Any]) -> int | None:
        rules = {
            rule.rule: rule.offset_days for rule in self.history.programme.reminders if rule.message == row.message
        }
        return rules.get(row.rule)


def _differences(one: Expected, row: Row[Any]) -> str:
    planned = one.planned
    pairs = (
        ("due at", _instant(row.due_at), _instant(planned.due_at)),
        ("due on", row.due_on.isoformat(), planned.due_on.isoformat()),
        ("for", row.audience, ",".join(planned.audience)),
        ("the message", row.message, planned.message),
        ("the trigger", row.trigger, planned.trigger),
        ("about", row.subject, planned.subject),
    )
    wrong = [f"{what} {has}, but the rules give {gives}" for what, has, gives in pairs if has != gives]
    return f"The ledger has it {'; '.join(wrong)}." if wrong else ""


def _instant(at: datetime) -> str:
    return at.isoformat(timespec="seconds")


# Why something may be given up when its time has come: THE table of reasons, and what shows each to be true.

Verifier = Callable[[_Case, Expected, Row[Any], tuple[str, ...]], bool]


def _told(case: _Case, one: Expected, row: Row[Any], groups: tuple[str, ...]) -> bool:
    """Another one of the same count went out in the same sweep, and the company got what the company was to get."""
    same = [other for other in case.settled[row.settled_at] if other.message and other.rule[0] == row.rule[0]]
    went = [other for other in same if other.status in ("done", "cancelled") and other.id != row.id]
    told = [other for other in went if other.rule == groups[0]]
    reached = {who for other in went for who in other.audience.split(",")}
    return bool(told) and ("company" not in one.planned.audience or "company" in reached)


def _has_ended(case: _Case, one: Expected, row: Row[Any], groups: tuple[str, ...]) -> bool:
    del one, groups
    return not row.rule.startswith("T+") and case.ended(row.settled_at)


def _not_possible(case: _Case, one: Expected, row: Row[Any], groups: tuple[str, ...]) -> bool:
    del one
    programme = case.history.programme
    return any(
        programme.state_by_name[moment.state].title == groups[0]
        and programme.transition(row.trigger or "", moment.state, moment.back_to) is None
        for moment in case.stood(row.settled_at)
    )


def _had_ended(case: _Case, one: Expected, row: Row[Any], groups: tuple[str, ...]) -> bool:
    del one, groups
    return any(moment.held.newest is None or moment.held.ended_on for moment in case.stood(row.settled_at))


def _nobody(case: _Case, one: Expected, row: Row[Any], groups: tuple[str, ...]) -> bool:
    del groups
    required, _ = case._audience(one.planned.audience, row.settled_at)  # noqa: SLF001  # a verifier is part of the case
    return not required


def _begun_already(case: _Case, one: Expected, row: Row[Any], groups: tuple[str, ...]) -> bool:
    """Documents of the pack or answers of the coming cycle are there; setting aside may have led back to an earlier one.

    A decision of the same instant may have come before or after.
    """
    del one, groups
    decisions = sorted(case.history.decisions, key=lambda d: d.no)
    before = [d.cycle for d in decisions if d.recorded_at < row.settled_at]
    cycles = {*before[-1:], *(d.cycle for d in decisions if d.recorded_at == row.settled_at)}
    kinds = {"", *(document.kind for document in case.history.programme.documents if document.mandatory)}
    papers = [(cycle, at) for cycle, at, kind in case.evidence.begun.get(case.row.id, []) if kind in kinds]
    return any(cycle > current and at <= row.settled_at for cycle, at in papers for current in cycles)


def _contacted(case: _Case, one: Expected, row: Row[Any], groups: tuple[str, ...]) -> bool:
    del one
    notes = case.evidence.notes.get(case.row.id, [])
    return any(n.contacted_on.isoformat() == groups[0] and n.recorded_at <= row.settled_at for n in notes)


def _muted(case: _Case, one: Expected, row: Row[Any], groups: tuple[str, ...]) -> bool:
    """Only account managers are spared what they know, while the day lasts that was noted, and never close to the end."""
    notes = [n for n in case.evidence.notes.get(case.row.id, []) if n.recorded_at <= row.settled_at and n.expects_on]
    noted = any(n.expects_on.isoformat() == groups[0] for n in notes)
    offset, day = case.offset_of(row), date.fromisoformat(groups[0])
    spared = (
        one.planned.audience == ("account_manager",)
        and offset is not None
        and offset < -case.history.programme.renewal.muting_ends_days
    )
    return noted and spared and local_day(row.settled_at, case.history.programme.time_zone) <= day


def _too_late(case: _Case, one: Expected, row: Row[Any], groups: tuple[str, ...]) -> bool:
    del one
    return case.late(row) > int(groups[0])


_DAY = r"(\d{4}-\d{2}-\d{2})"
REASONS: tuple[tuple[str, str, Verifier], ...] = (
    ("superseded", r"overtaken by (\S+)", _told),
    ("superseded", r"(\S+) says it to the company too", _told),
    ("superseded", re.escape(ENDED), _has_ended),
    ("superseded", r"not possible in (.+)", _not_possible),
    ("superseded", r"the certificate had ended", _had_ended),
    ("superseded", r"the company has begun its renewal", _begun_already),
    ("superseded", rf"the company was contacted on {_DAY}", _contacted),
    ("superseded", rf"contacted, files by {_DAY} expected", _muted),
    ("superseded", r"more than (\d+) days late", _too_late),
    ("cancelled", re.escape(NOBODY), _nobody),
)
assert not {BEFORE_BEGIN, BEFORE_DECISION} & {reason for _, reason, _ in REASONS}  # noqa: S101  # known from the start only
