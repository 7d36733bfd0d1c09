"""What the entries of a log tell of cases, colleagues, holidays and mail, for accounting for reminders without a database.

It reads entries in the order of the log. It judges nothing, and must not take a value from anywhere else.
"""

import hashlib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import orjson

from states.dates import local_day
from states.definition import Programme
from states.expectation import (
    Act,
    Band,
    Decision,
    Expectation,
    Expected,
    Happened,
    History,
    Holidays,
    Issued,
    Request,
    SpecialDay,
)
from states.facts import CLOCK
from states.loader import read_stored
from states.planner import NOBODY
from workflow.models.calendar_day import ALWAYS
from workflow.store.calendar import COMPUTED
from workflow.store.evidence import Evidence, Key
from workflow.store.histories import ACTS, GIVEN_UP, SENT, act_of
from workflow.store.staffing import ASSIGNED, Staffing

_DAYS = frozenset(
    {
        "valid_from",
        "valid_until",
        "next_valid_from",
        "next_valid_until",
        "continues_until",
        "suspended_on",
        "ended_on",
    }
)
_COLUMNS = ("state", "back", "certificate_number", "next_certificate", *sorted(_DAYS))
_GIVEN_UP = (GIVEN_UP, "clock:timer:superseded")
_ANSWERED = ("case:finding:answered", "case:findings:confirmed")
_MANAGER = ("case:account_manager:changed", "people:account_manager:changed")
_DELIVERED = "mail:delivery:"
_MICROSECOND = timedelta(microseconds=1)


class Untold(Exception):
    """The log does not tell what is needed, or what came with it is not what the log names; the sentence says which."""


@dataclass
class Mail:
    """One message of a reminder, as the outbox would have it."""

    cause: str
    message: str
    recipient: str
    created_at: datetime
    id: int = 0  # not known before its first delivery
    status: str = "queued"
    settled_at: datetime | None = None
    last_reply: str = ""
    bundled_into: int | None = None


@dataclass(frozen=True)
class Settled:
    """What an entry says became of something that the clock owed."""

    at: datetime
    rule: str
    due_at: datetime
    status: str
    outcome: str
    basis: int = 0  # the decision's number
    revision: int = 0
    occurrence: int | None = None  # of a request or an approval
    cause: str = ""
    message: str | None = None
    trigger: str | None = None  # of a timer that fired; then `due_at` is when it counts from

    def is_of(self, one: Expected) -> bool:
        planned = one.planned
        if self.trigger is not None:
            return (planned.rule, planned.trigger) == (self.rule, self.trigger) and planned.due_at <= self.due_at
        same = (planned.rule, one.basis, one.revision) == (self.rule, self.basis, self.revision)
        return same and self.occurrence in (None, planned.occurrence)

    def in_time(self, one: Expected) -> bool:
        return one.since <= self.at and (one.until is None or self.at <= one.until)


@dataclass
class Company:
    """What is known of a company."""

    id: int
    contacts: dict[int, str | None] = field(default_factory=dict)  # their addresses are in no entry
    known_since: dict[str, datetime] = field(default_factory=dict)  # contacts, by token
    bands: list[Band] = field(default_factory=list)
    assessed: set[tuple[str, date]] = field(default_factory=set)  # letters and days
    cases: int = 0


@dataclass
class ToldCase:
    """One case as its entries tell it."""

    id: int
    reference: str
    company: Company
    programme: str
    edition: str
    submitted_at: datetime
    facts_cycle: int
    columns: dict[str, Any]
    entries: int = 0  # of its own sequence
    decisions: list[Decision] = field(default_factory=list)
    issued: list[Issued] = field(default_factory=list)
    happened: list[Happened] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)
    settled: list[Settled] = field(default_factory=list)
    mails: dict[str, dict[str, Mail]] = field(default_factory=lambda: defaultdict(dict))  # by cause and recipient
    tries: dict[int, list[Any]] = field(default_factory=lambda: defaultdict(list))
    doubts: dict[int, Any] = field(default_factory=dict)  # the newest try of each mail whose answer never came
    posted: set[int] = field(default_factory=set)
    notes: list[Any] = field(default_factory=list)
    begun: list[tuple[int, datetime, str]] = field(default_factory=list)

    @property
    def row(self) -> Any:
        """The case as its row would be."""
        more = {"id": self.id, "reference": self.reference, "company_id": self.company.id}
        return SimpleNamespace(**more, submitted_at=self.submitted_at, **self.columns)

    def mails_of(self, notification: int) -> list[Mail]:
        return [mail for of in self.mails.values() for mail in of.values() if mail.id == notification]

    def history(self, programme: Programme) -> History:
        return History(
            programme,
            tuple(self.decisions),
            tuple(self.issued),
            tuple(self.happened),
            tuple(self.company.bands),
            tuple(self.requests),
            tuple(self.acts),
        )

    def evidence(self, expectation: Expectation, zone: str) -> Evidence:
        """Return what the entries say became of what was owed."""
        mails: Any = {cause: list(of.values()) for cause, of in self.mails.items()}
        company = self.company
        return Evidence(
            {self.id: self._ledger(expectation, zone)},
            {self.id: mails},
            self.tries,
            self.posted,
            {company.id: company.contacts},
            company.known_since,
            {company.id} if company.cases == 1 else set(),
            {self.id: self.notes},
            {self.id: self.begun},
        )

    def _ledger(self, expectation: Expectation, zone: str) -> dict[Key, Any]:
        """Settle what was owed by what the entries say; what a decision ended needs none but the decision's own."""
        left, rows = list(expectation.expected), dict[Key, Any]()
        for number, entry in enumerate(self.settled):
            one = _best([one for one in left if entry.is_of(one)], entry)
            if one is None:
                day = local_day(entry.due_at, zone)
                rows[Key(entry.rule, 0, number, 0)] = _row(entry, -number - 1, due_on=day, due_at=entry.due_at)
            else:
                left.remove(one)
                at_odds = entry.trigger is None and entry.due_at != one.planned.due_at
                told = {"due_at": entry.due_at, "due_on": local_day(entry.due_at, zone)} if at_odds else {}
                rows[key_of(one)] = _row(entry, -number - 1, **(_planned(one) | told))
        rows |= {key_of(one): _untouched(one, -len(self.settled) - n) for n, one in enumerate(left, start=1)}
        return rows


def key_of(one: Expected) -> Key:
    return Key(one.planned.rule, one.basis, one.planned.occurrence, one.revision)


def _best(candidates: list[Expected], entry: Settled) -> Expected | None:
    """Return what an entry is about: owed at that time, rather than before or after; of several the newest."""
    return max(
        candidates,
        key=lambda one: (not one.planned.superseded, entry.in_time(one), one.since),
        default=None,
    )


def _planned(one: Expected) -> dict[str, Any]:
    planned = one.planned
    return {
        "due_on": planned.due_on,
        "due_at": planned.due_at,
        "audience": ",".join(planned.audience),
        "message": planned.message,
        "trigger": planned.trigger,
        "subject": planned.subject,
    }


_NOTHING = {"audience": "", "message": None, "trigger": None, "subject": "certificate", "last_error": ""}


def _row(entry: Settled, id_: int, **known: Any) -> Any:
    number = int(entry.cause.partition(":")[2]) if entry.cause else id_
    said = {"message": entry.message} if entry.message else {}
    said |= {"trigger": entry.trigger} if entry.trigger else {}
    fate = {"status": entry.status, "outcome": entry.outcome, "settled_at": entry.at}
    return SimpleNamespace(**(_NOTHING | known | said | fate), id=number, rule=entry.rule)


def _untouched(one: Expected, id_: int) -> Any:
    """Return what no entry settles as it must stand: ended by what ended it, or still planned."""
    reason, at = (one.planned.superseded, one.since) if one.planned.superseded else (one.reason, one.until)
    fate = {"status": "superseded" if at else "planned", "outcome": reason, "settled_at": at}
    return SimpleNamespace(**(_NOTHING | _planned(one) | fate), id=id_, rule=one.planned.rule)


class Told:
    """Everything that the entries heard so far tell."""

    def __init__(self) -> None:
        self.cases: dict[str, ToldCase] = {}  # by reference, in the order of their opening
        self.companies: dict[str, Company] = {}
        self.editions: dict[tuple[str, str], str] = {}  # digests
        self.as_at: datetime = ALWAYS  # when the newest entry was recorded
        self.broken = ""  # why an entry could not be taken in
        self._days: dict[str, dict[date, list[SpecialDay]]] = defaultdict(lambda: defaultdict(list))
        self._roles: list[tuple[datetime, Mapping[str, frozenset[str]]]] = [(ALWAYS, {})]
        self._created: dict[str, datetime] = {}
        self._names: dict[str, str] = {}  # there are no others than the ids
        self._absences: list[Any] = []
        self.staff = Staffing(
            self._names, {}, self._created, self._roles, self._absences, defaultdict(list), defaultdict(list)
        )

    def hear(self, index: int, canonical: bytes) -> None:
        """Take in the next entry; nothing more after one that says too little."""
        if self.broken:
            return
        try:
            members = orjson.loads(canonical)
            self._hear(index, members)
        except (LookupError, ValueError, TypeError, AttributeError, StopIteration) as error:
            why = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
            why = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
            self.broken = f"Entry {index} cannot be used for this proof: {why}."

    def programmes(self, carried: Any) -> dict[tuple[str, str], Programme]:
        """Return the carried editions of cases' programmes.

        Raises Untold for one that is not the one the log names, and when an entry could not be taken in.
        """
        if self.broken:
            raise Untold(self.broken)
        texts = {}
        for one in carried if isinstance(carried, list) else []:
            try:
                texts[one["code"], one["edition"]] = str(one["text"])
            except (LookupError, TypeError) as error:
                raise Untold("The bundle's first line lists programmes in an unknown form.") from error
        found = {}
        for at in sorted({(case.programme, case.edition) for case in self.cases.values()}):
            name = f"edition {at[1]} of {at[0]}"
            if at not in texts:
                raise Untold(f"The bundle does not carry {name}, by which cases were decided.")
            if hashlib.sha256(texts[at].encode()).hexdigest() != self.editions[at]:
                raise Untold(f"The bundle carries another text as {name} than the one whose SHA-256 the log names.")
            found[at] = read_stored(texts[at])
        return found

    def holidays(self, zone: str) -> Holidays:
        """Return the holidays of a zone as they became known. Raises Untold for a zone of which the log tells none."""
        if zone not in self._days:
            raise Untold(f"The log does not tell which days are public holidays in {zone}.")
        return Holidays(day for known in self._days[zone].values() for day in known)

    # One entry

    def _hear(self, index: int, members: dict[str, Any]) -> None:
        kind, at = members["kind"], _instant(members["recorded_at"])
        self.as_at = at
        about, detail = members.get("about", {}), members.get("detail", {})
        if edition := members.get("edition"):
            self._edition(edition[0], edition[1], edition[2])
        case = self._case(at, members) if "case_seq" in members else self.cases.get(about.get("application", ""))
        if uen := about.get("company"):
            self._of_company(self._company(uen), kind, at, detail)
        if case and "case_seq" in members:
            case.entries += 1
            if members["case_seq"] != case.entries:
                raise ValueError(
                    f"it is no. {members['case_seq']} of {case.reference}, where no. {case.entries} must come"
                )
            self._of_case(case, index, at, members)
        if case:
            self._beside(case, kind, at, detail)
        if case is None:
            self._of_office(kind, at, detail)

    def _edition(self, code: str, edition: str, digest: str) -> None:
        if self.editions.setdefault((code, edition), digest) != digest:
            raise ValueError(f"it names another text of edition {edition} of {code} than an earlier one")

    def _of_office(self, kind: str, at: datetime, detail: dict[str, Any]) -> None:
        match kind:
            case "programme:edition:installed":
                self._edition(detail["code"], detail["edition_name"], detail["sha256"])
            case "people:officer:added" | "people:role:changed" | "people:officer:disabled":
                self._account(kind, at, detail)
            case "people:absence:recorded":
                days = {"first": date.fromisoformat(detail["first"]), "last": date.fromisoformat(detail["last"])}
                who = {"officer_id": detail["officer"], "deputy_id": detail["deputy"]}
                self._absences.append(SimpleNamespace(**who, **days, recorded_at=at))
            case "people:absence:ended":
                for one in self._absences:
                    if (one.officer_id, f"{one.first}") == (detail["officer"], detail["first"]):
                        one.last = date.fromisoformat(detail["last"])
            case "system:holiday:gazetted" | "system:holiday:withdrawn":
                day = date.fromisoformat(detail["day"])
                known = self._days[detail["zone"]][day]
                since = max(at, known[-1].since + _MICROSECOND) if known else at
                known.append(SpecialDay(day, since, kind.endswith("gazetted")))
            case _ if kind == COMPUTED:
                for day in map(date.fromisoformat, detail["days"]):
                    self._days[detail["zone"]][day].insert(0, SpecialDay(day, ALWAYS))

    def _account(self, kind: str, at: datetime, detail: dict[str, Any]) -> None:
        person, roles = detail["officer"], dict(self._roles[-1][1])
        if kind == "people:officer:disabled":
            roles.pop(person, None)
        else:
            roles[person] = frozenset(detail["roles" if kind == "people:officer:added" else "after"])
        self._created.setdefault(person, at)
        self._names[person] = person
        self._roles.append((at, roles))

    def _company(self, uen: str) -> Company:
        return self.companies.setdefault(uen, Company(len(self.companies) + 1))

    def _of_company(self, company: Company, kind: str, at: datetime, detail: dict[str, Any]) -> None:
        if kind in _MANAGER:
            self.staff.managers[company.id].append((at, detail["after"]))
        assessed = _day(detail.get("assessed_on"))
        if not assessed or "band" not in detail:
            return
        imported, said = kind != "case:band:assessed", (detail["band"], assessed)
        until = _day(detail["band_until" if imported else "valid_until"])
        same = [band for band in company.bands if (band.assessed_on, band.recorded_at) == (assessed, at)]
        if not same and not (imported and said in company.assessed):  # several cases of a company tell of the same one
            company.bands.append(Band(len(company.bands) + 1, assessed, until, at))
            company.assessed.add(said)

    def _case(self, at: datetime, members: dict[str, Any]) -> ToldCase:
        about, wrote = members["about"], members.get("wrote", {})
        if "case" not in wrote:
            return self.cases[about["application"]]
        company, opened = self._company(about["company"]), wrote["case"]
        columns = {name: _value(name, opened.get(name)) for name in _COLUMNS}
        case = ToldCase(
            len(self.cases) + 1,
            about["application"],
            company,
            about["programme"],
            members["edition"][1],
            _instant(opened["submitted_at"]),
            opened["facts_cycle"],
            columns,
        )
        self.cases[case.reference] = case
        company.cases += 1
        known = wrote["company"]
        self.staff.managers[company.id].append((at, known.get("account_manager", "")))
        for contact in known["contacts"]:
            company.contacts.setdefault(contact, None)
            company.known_since.setdefault(f"contact:{contact}", at + _MICROSECOND)  # not yet at that very instant
        return case

    def _of_case(self, case: ToldCase, place: int, at: datetime, members: dict[str, Any]) -> None:
        kind, detail, wrote = members["kind"], members.get("detail", {}), members.get("wrote", {})
        changes = members.get("changes", {})
        effective_at = _instant(members["effective_at"]) if "effective_at" in members else at
        if kind in ASSIGNED and "assignee_id" in changes:
            self.staff.assignees[case.id].append((at, changes["assignee_id"][1] or ""))
        if decision := wrote.get("decision"):
            case.decisions.append(
                Decision(
                    place,
                    decision["no"],
                    decision["cycle"],
                    decision["trigger"],
                    members["from"],
                    members["to"],
                    effective_at,
                    at,
                )
            )
            if members["actor"] == CLOCK.id:
                rule = members["on_behalf_of"]
                fired = decision["trigger"]
                case.settled.append(Settled(at, rule, effective_at, "done", f"fired {fired}", trigger=fired))
            case.columns["state"] = members["to"]
        if certificate := wrote.get("certificate"):
            days = _day(certificate["valid_from"]), _day(certificate["valid_until"])
            case.issued.append(Issued(wrote["decision"]["no"], certificate["number"], *_both(days)))
        if "decision" in wrote:
            self._events(case, wrote, detail)
        if "reply_by" in detail and kind != "case:deadline:moved":
            reply_by = date.fromisoformat(detail["reply_by"])
            case.requests.append(Request(detail["request"], case.facts_cycle, reply_by, at))
        if kind in (*ACTS, SENT, GIVEN_UP):
            case.acts.append(act_of(place, kind, at, detail, case.company.bands))
        if kind in (SENT, *_GIVEN_UP, "case:certificate:ended"):
            self._settle(case, kind, at, detail)
        case.columns |= {name: _value(name, changes[name][1]) for name in _COLUMNS if name in changes}
        case.facts_cycle = changes.get("facts_cycle", [0, case.facts_cycle])[1]

    @staticmethod
    def _events(case: ToldCase, wrote: dict[str, Any], detail: dict[str, Any]) -> None:
        undone: list[int | None] = []
        for event in wrote.get("events", ()):
            undoes = None
            if event["kind"] == "set_aside":
                left = [one for one in case.happened if one.certificate == event["number"] and one.id not in undone]
                undoes = _undone(case, left, detail["undone_decision"])
                undone.append(undoes)
            days: Any = tuple(_day(event.get(name)) for name in ("effective_on", "valid_from", "valid_until"))
            what: Any = (len(case.happened) + 1, wrote["decision"]["no"], event["number"], event["kind"], *days, undoes)
            case.happened.append(Happened(*what))

    @staticmethod
    def _settle(case: ToldCase, kind: str, at: datetime, detail: dict[str, Any]) -> None:
        outcome, status = detail["outcome"], "superseded" if kind in _GIVEN_UP else "done"
        settled = Settled(
            at,
            detail["rule"],
            _instant(detail["due_at"]),
            "cancelled" if outcome == NOBODY else status,
            outcome,
            detail["basis"],
            detail["revision"],
            detail.get("request", detail.get("approval")),
            detail.get("cause", ""),
            detail.get("message"),
        )
        case.settled.append(settled)
        for recipient in detail.get("to", ()):
            mail = Mail(settled.cause, detail["message"], recipient, at)
            case.mails[settled.cause][recipient] = mail

    @staticmethod
    def _beside(case: ToldCase, kind: str, at: datetime, detail: dict[str, Any]) -> None:
        """Take in what belongs to a case without being an act on its plan."""
        match kind:
            case "case:contact:noted":
                days = {"contacted_on": _day(detail["contacted_on"]), "expects_on": _day(detail["expects_on"])}
                case.notes.append(SimpleNamespace(**days, recorded_at=at))
            case "case:document:added":
                case.begun.append((case.facts_cycle, at, detail["document_kind"]))
            case "people:task:closed" if "posted_on" in detail:
                case.posted.add(detail["notification"])
            case "mail:message:retried" if detail["before"] != "in_doubt":  # a doubt stays one until it is answered
                for mail in case.mails_of(detail["notification"]):
                    mail.status, mail.settled_at = "queued", None
            case "mail:message:arrived":
                for mail in case.mails_of(detail["notification"]):
                    mail.status, mail.settled_at, mail.last_reply = "sent", at, detail["why"]
                    case.tries[mail.id] += [case.doubts[mail.id]] if mail.id in case.doubts else []
            case _ if kind in _ANSWERED:
                case.begun.append((case.facts_cycle, at, ""))
            case _ if kind.startswith(_DELIVERED) and detail["cause"].startswith("planned:"):
                _deliver(case, kind.removeprefix(_DELIVERED), at, detail)


def _undone(case: ToldCase, left: list[Happened], decision_no: int) -> int | None:
    """Return what is set aside: the decision's own events in their order, or its suspension under a later number.

    There is nothing else but the end that the clock had noted, which no decision made.
    """
    own = [one.id for one in left if one.decision_no == decision_no]
    if not own and any(one.kind == "suspended" for one in case.happened if one.decision_no == decision_no):
        own = [one.id for one in left if one.kind == "suspended"]
    return next(iter(own), None)


def _deliver(case: ToldCase, fate: str, at: datetime, detail: dict[str, Any]) -> None:
    cause, recipient = detail["cause"], detail["recipient"]
    mail = case.mails[cause].setdefault(recipient, Mail(cause, detail["message"], recipient, at))
    mail.id, mail.message, mail.bundled_into = detail["notification"], detail["message"], detail.get("bundled_into")
    mail.status, mail.settled_at, mail.last_reply = fate, at, detail.get("why", "")
    if fate in ("sent", "in_doubt"):
        address, person = detail.get("address", ""), detail.get("person", "")
        tried = SimpleNamespace(at=at, address=address, person=person, outcome=fate)
        if fate == "sent":
            case.tries[mail.id].append(tried)
        else:
            case.doubts[mail.id] = tried


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _both(days: tuple[date | None, date | None]) -> tuple[date, date]:
    first, last = days
    if first is None or last is None:
        raise ValueError("a certificate has no days")
    return first, last


def _value(name: str, value: Any) -> Any:
    if name in _DAYS:
        return _day(value)
    return value or ("" if name in ("state", "back") else None)
