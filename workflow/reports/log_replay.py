"""Tells cases, certificates, roles, editions and holidays from the trail's entries alone, and where the tables say something else.

So a row that was changed behind the triggers is found. It changes nothing, and must not take a value from the tables.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import chain
from typing import Any

from sqlalchemy import Connection, Row

from workflow.audit.canonical import instant
from workflow.audit.entry import leaf_hash
from workflow.audit.merkle import Frontier
from workflow.audit.note import BadNote, checkpoint_of
from workflow.store import log, replayed
from workflow.store.editions import Editions
from workflow.store.replayed import Kept

_PAGE, _CASES = 5_000, 200
_FROM_NODE = log.KEPT_FROM
# Columns of an application that entries tell; what is not told at the opening is empty.
_TOLD = (
    "state", "channel", "received_on", "trader_roles", "linked_to", "state_since", "submitted_at", "assignee_id", "cycle",
    "facts_cycle", "cycle_since", "back", "live_key", "deadline", "complete_at", "certificate_number", "valid_from",
    "valid_until", "ended_on", "suspended_on", "continues_until", "next_certificate", "next_valid_from",
    "next_valid_until", "publication_consent", "partner_consent",
)  # fmt: skip
_EMPTY = (None, "", False)


@dataclass(frozen=True)
class Difference:
    """Where a table and the log do not say the same; `told` is what the log says."""

    table: str
    key: str
    column: str
    found: Any
    told: Any

    @property
    def sentence(self) -> str:
        if self.column == "*":
            what = "is not in the log" if self.told is None else "is in the log, but not in the table"
            return f"{self.table} {self.key} {what}."
        return f"{self.table} {self.key}: {self.column} is {_words(self.found)}; the log says {_words(self.told)}."


def _words(value: Any) -> str:
    return "empty" if value in (None, "") else str(value)


def replay(
    connection: Connection, editions: Editions, *, progress: Callable[[int], None] = lambda _: None
) -> Iterator[Difference]:
    """Yield every difference, in one snapshot: the log's own hashes first, then cases, people, editions, holidays.

    Values that cannot be read at all come alone: nothing can be told from the tables before they are mended.
    """
    if damaged := [
        Difference(table, key, column, value, kind)
        for table, key, column, value, kind in replayed.unreadable(connection)
    ]:
        yield from damaged
        return
    office = _Office()
    yield from _log(connection, office, progress)
    for chunk in replayed.kept_cases(connection, _CASES):
        for kept in chunk:
            yield from _Case(kept, office).differences(connection, editions)
    yield from _people(connection, office)
    yield from _editions(connection, office)
    yield from _holidays(connection, office)
    yield from _periods(connection, office)


@dataclass
class _Office:
    """What entries say that belongs to no case."""

    staff: dict[str, tuple[bool, frozenset[str]]] = field(default_factory=dict)
    editions: dict[tuple[str, str], str] = field(default_factory=dict)
    days: Counter[tuple[str, str, bool]] = field(default_factory=Counter)  # zone, day, whether offices are closed
    periods: dict[str, dict[str, Any]] = field(default_factory=dict)  # of retention, by kind and instant

    def hear(self, members: Mapping[str, Any]) -> None:
        detail = members.get("detail", {})
        match members["kind"]:
            case "people:officer:added":
                self.staff[detail["officer"]] = (True, frozenset(detail["roles"]))
            case "people:role:changed":
                self.staff[detail["officer"]] = (True, frozenset(detail["after"]))
            case "people:officer:disabled":
                _, roles = self.staff.get(detail["officer"], (True, frozenset()))
                self.staff[detail["officer"]] = (False, roles)
            case "programme:edition:installed":
                self.editions[detail["code"], detail["edition_name"]] = detail["sha256"]
            case "system:holidays:computed":
                self.days.update((detail["zone"], day, True) for day in detail["days"])
            case "system:holiday:gazetted" | "system:holiday:withdrawn" as kind:
                self.days[detail["zone"], detail["day"], kind.endswith("gazetted")] += 1
            case "system:retention:set":
                told = {"years": detail["years"], "source": detail["source"], "set_by": members["actor"]}
                self.periods[f"{detail['record_kind']} at {members['recorded_at']}"] = told
        if edition := members.get("edition"):
            self.editions.setdefault((edition[0], edition[1]), edition[2])


def _log(connection: Connection, office: _Office, progress: Callable[[int], None]) -> Iterator[Difference]:
    tree, expected = _Tree(), 0
    for page in replayed.placed(connection, _PAGE):
        signed = replayed.checkpoints(connection, expected, expected + len(page))
        for row in page:
            if row.position != expected:
                yield _gap(row, expected)
            yield from _entry(row, office)
            yield from tree.grow(row, signed)
            expected = row.position + 1
        progress(expected)
    for row in chain.from_iterable(replayed.unplaced(connection, _PAGE)):
        yield from _entry(row, office)
    if (largest := replayed.largest_checkpoint(connection)) > expected:
        yield Difference("audit_entry", f"positions {expected} to {largest - 1}", "*", None, "signed")
    if expected == tree.frontier.size:
        yield from _nodes(connection, tree.made)


class _Tree:
    """The tree over the entries up to the first gap: behind one, every root would be another one."""

    def __init__(self) -> None:
        self.made: dict[tuple[int, int], str] = {}
        self.frontier = Frontier(0, [], self._complete)

    def _complete(self, level: int, number: int, found: bytes) -> None:
        if level >= _FROM_NODE:
            self.made[level, number] = found.hex()

    def grow(self, row: Row[Any], signed: Mapping[int, Sequence[Row[Any]]]) -> Iterator[Difference]:
        """Take an entry in and tell where a checkpoint says another root.

        An altered entry is told by the hash beside it; this tells whether the tree was made of another hash.
        """
        if row.position != self.frontier.size:
            return
        self.frontier.append(_leaf(row))
        for one in signed.get(self.frontier.size, ()):
            yield from _checkpoint(one, self.frontier.root())


def _gap(row: Row[Any], expected: int) -> Difference:
    if row.position > expected:
        last = row.position - 1
        key = f"position {expected}" if last == expected else f"positions {expected} to {last}"
        return Difference("audit_entry", key, "*", None, "sealed")
    return Difference("audit_entry", f"id {row.id}", "position", row.position, expected)


def _leaf(row: Row[Any]) -> bytes:
    try:
        kept = bytes.fromhex(row.leaf)
    except ValueError:
        kept = b""
    return kept if len(kept) == hashlib.sha256().digest_size else bytes.fromhex(leaf_hash(row.canonical))


def _nodes(connection: Connection, made: Mapping[tuple[int, int], str]) -> Iterator[Difference]:
    kept = replayed.nodes(connection)
    for at in sorted(made.keys() | kept.keys()):
        if kept.get(at) != made.get(at):
            key = f"level {at[0]}, number {at[1]}"
            yield Difference("log_node", key, "hash", kept.get(at), made.get(at))


def _entry(row: Row[Any], office: _Office) -> Iterator[Difference]:
    key = f"id {row.id}" if row.position is None else f"position {row.position}"
    leaf = leaf_hash(row.canonical)
    if row.leaf != leaf:
        yield Difference("audit_entry", key, "leaf", row.leaf, leaf)
    try:
        members = json.loads(row.canonical)
        told = {
            "kind": members["kind"],
            "recorded_at": members["recorded_at"],
            "case_seq": members.get("case_seq"),
        }
        office.hear(members)
    except (ValueError, KeyError, TypeError):
        yield Difference("audit_entry", key, "canonical", "damaged", "an entry")
        return
    found = {"kind": row.kind, "recorded_at": _plain(row.recorded_at), "case_seq": row.case_seq}
    if told["case_seq"] is not None:
        told["application_id"], found["application_id"] = members["about"]["application"], row.reference
    yield from _compare("audit_entry", key, found, told)


def _checkpoint(row: Row[Any], root: bytes) -> Iterator[Difference]:
    key = f"of {row.size} entries"
    try:
        noted = checkpoint_of(row.note.partition("\n\n")[0] + "\n")
    except BadNote:
        yield Difference("checkpoint", key, "note", "damaged", "a signed note")
        return
    found = {"root": row.root, "size": noted.size, "origin": noted.origin}
    yield from _compare("checkpoint", key, found, {"root": root.hex(), "size": row.size, "origin": row.origin})
    if noted.root.hex() != row.root:
        yield Difference("checkpoint", key, "note", f"of the root {noted.root.hex()}", f"a note of the root {row.root}")


@dataclass
class _Case:
    """One case as its entries tell it."""

    kept: Kept
    office: _Office
    columns: dict[str, Any] = field(default_factory=dict)
    decisions: dict[str, dict[str, Any]] = field(default_factory=dict)
    certificates: dict[str, dict[str, Any]] = field(default_factory=dict)
    events: Counter[str] = field(default_factory=Counter)
    deeds: dict[str, dict[str, Any]] = field(default_factory=dict)
    documents: dict[str, dict[str, Any]] = field(default_factory=dict)
    recommendations: dict[str, dict[str, Any]] = field(default_factory=dict)
    holds: dict[str, dict[str, Any]] = field(default_factory=dict)
    disposals: dict[str, dict[str, Any]] = field(default_factory=dict)

    def differences(self, connection: Connection, editions: Editions) -> Iterator[Difference]:
        row, entries = self.kept.case, self.kept.rows["entries"]
        sequenced = [entry for entry in entries if entry.case_seq is not None]
        if not sequenced:
            yield Difference("application", row.reference, "*", row.reference, None)
            return
        for number, entry in enumerate(sequenced, start=1):
            if entry.case_seq > number:
                yield Difference("audit_entry", f"{number} of {row.reference}", "*", None, "numbered")
                return
            if entry.case_seq < number:
                yield Difference("audit_entry", f"of {row.reference}", "case_seq", entry.case_seq, number)
                return
        try:
            for entry in sequenced:
                self._hear(json.loads(entry.canonical))
        except (ValueError, KeyError, TypeError):
            yield Difference("audit_entry", f"of {row.reference}", "canonical", "damaged", "an entry")
            return
        yield from self._of_case(row, len(sequenced), connection, editions)
        yield from self._rows()

    def _hear(self, members: dict[str, Any]) -> None:
        wrote, about = members.get("wrote", {}), members["about"]
        if "case" in wrote:
            self.columns = {"uen": about["company"], "programme": about["programme"], "edition": members["edition"][1]}
            self.columns |= dict.fromkeys(_TOLD) | wrote["case"]
        self.columns |= {name: change[1] for name, change in members.get("changes", {}).items()}
        by = {"actor_id": members["actor"], "recorded_at": members["recorded_at"]}
        if decision := wrote.get("decision"):
            effective_at = members.get("effective_at", members["recorded_at"])
            self.columns |= {"state": members["to"], "decided_at": effective_at, "decision_no": decision["no"]}
            self.decisions[str(decision["no"])] = by | {
                "cycle": decision["cycle"],
                "trigger": decision["trigger"],
                "role": decision["role"],
                "from_state": members["from"],
                "to_state": members["to"],
                "effective_at": effective_at,
                "reason_code": members.get("reason_code", ""),
                "reason_to_company": members.get("reason", ""),
                "internal_reason": members.get("internal_reason_digest", ""),
                "given": decision.get("given", {}),
            }
        if deed := wrote.get("deed"):
            key = f"{deed[0]} by {members['actor']} in cycle {deed[1]}"
            self.deeds.setdefault(key, {"at": members["recorded_at"]})
        if certificate := wrote.get("certificate"):
            dates = {name: value for name, value in certificate.items() if name != "number"}
            decision_no = {"decision_no": wrote["decision"]["no"]} if "decision" in wrote else {}
            self.certificates[certificate["number"]] = dates | decision_no
        for event in wrote.get("events", ()):
            self.events[_event(event, members["recorded_at"])] += 1
        self._hear_detail(members)

    def _hear_detail(self, members: dict[str, Any]) -> None:
        detail = members.get("detail", {})
        if members["kind"] == "case:document:added":
            names = ("version", "filename", "size", "sha256")
            told = {name: detail[name] for name in names} | {"kind": detail["document_kind"]}
            self.documents[str(detail["document"])] = told | {"added_by": members["actor"]}
        elif members["kind"] == "case:recommendation:made":
            key = f"by {members['actor']} at {members['recorded_at']}"
            self.recommendations[key] = {"outcome": detail["outcome"], "digest": detail["facts"]}
        elif members["kind"] == "case:recommendation:taken_back":
            self.recommendations[f"by {members['actor']} at {members['recorded_at']}"] = {"outcome": "", "digest": ""}
        else:
            self._hear_of_keeping(members, detail)

    def _hear_of_keeping(self, members: dict[str, Any], detail: dict[str, Any]) -> None:
        """Holds and disposals: what was told of a decision before one is blank from then on."""
        by = members["actor"]
        match members["kind"]:
            case "case:hold:placed":
                self.holds[str(detail["hold"])] = {"reason": detail["why"], "placed_by": by}
            case "case:hold:lifted":
                self.holds[str(detail["hold"])] |= {"lifted_by": by, "lift_reason": detail["why"]}
            case "case:disposal:made":
                told = {"approval_id": detail["approval"], "at": members["recorded_at"]}
                self.disposals |= dict.fromkeys(detail["kinds"], told)
                if "case_file" in detail["kinds"]:
                    for decision in self.decisions.values():
                        decision |= {"reason_to_company": "", "internal_reason": ""}

    def _of_case(self, row: Row[Any], entries: int, connection: Connection, editions: Editions) -> Iterator[Difference]:
        told = self.columns | {"case_seq": entries}
        found = {name: _plain(getattr(row, name)) for name in told}
        yield from _compare("application", row.reference, found, told)
        if self.office.editions.get((told["programme"], told["edition"])) and found["edition"] == told["edition"]:
            programme = editions.machine(connection, row.programme, row.edition).programme
            state = programme.state_by_name.get(told["state"])
            if state is not None and row.state_kind != state.kind:
                yield Difference("application", row.reference, "state_kind", row.state_kind, state.kind)

    def _rows(self) -> Iterator[Difference]:
        rows, of = self.kept.rows, f"of {self.kept.case.reference}"
        numbers = {row.id: row.decision_no for row in rows["decisions"]}
        decisions = {str(row.decision_no): _decision(row) for row in rows["decisions"]}
        yield from _compare_rows("decision", of, decisions, self.decisions)
        certificates = {
            row.number: {
                name: _plain(getattr(row, name))
                for name in ("valid_from", "valid_until", "aeo_code", "as_printed", "cycle")
            }
            | {"decision_no": numbers.get(row.decision_id)}
            for row in rows["certificates"]
        }
        yield from _compare_rows("certificate", of, certificates, self.certificates)
        yield from self._events(rows["events"], of)
        deeds = {
            f"{row.deed} by {row.officer_id} in cycle {row.cycle}": {"at": _plain(row.at)} for row in rows["deeds"]
        }
        yield from _compare_rows("participation", of, deeds, self.deeds)
        documents = {
            str(row.id): {
                name: getattr(row, name) for name in ("version", "filename", "size", "sha256", "kind", "added_by")
            }
            for row in rows["documents"]
        }
        yield from _compare_rows("document", of, documents, self.documents)
        recommendations = {
            f"by {row.officer_id} at {_plain(row.recorded_at)}": {"outcome": row.outcome, "digest": row.digest}
            for row in rows["recommendations"]
        }
        yield from _compare_rows("recommendation", of, recommendations, self.recommendations)
        names = ("reason", "placed_by", "lifted_by", "lift_reason")
        holds = {str(row.id): {name: getattr(row, name) for name in names} for row in rows["holds"]}
        told = {hold: dict.fromkeys(names) | one for hold, one in self.holds.items()}
        yield from _compare_rows("legal_hold", of, holds, told)
        disposals = {row.kind: {"approval_id": row.approval_id, "at": _plain(row.at)} for row in rows["disposals"]}
        yield from _compare_rows("disposal", of, disposals, self.disposals)

    def _events(self, rows: list[Row[Any]], of: str) -> Iterator[Difference]:
        found: Counter[str] = Counter()
        for row in rows:
            found[_event({name: _plain(getattr(row, name)) for name in _EVENT}, _plain(row.recorded_at))] += 1
        yield from (
            Difference("certificate_event", f"{one} {of}", "*", one, None) for one in sorted(found - self.events)
        )
        yield from (
            Difference("certificate_event", f"{one} {of}", "*", None, one) for one in sorted(self.events - found)
        )


_EVENT = (
    "number",
    "kind",
    "effective_on",
    "valid_from",
    "valid_until",
    "publication",
    "partners",
    "replaced_by",
    "undoes",
)


def _event(members: Mapping[str, Any], recorded_at: str) -> str:
    """Return an event in one line: a certificate may have several alike, so they have no key."""
    more = [f"{name} {members[name]}" for name in _EVENT[3:] if members.get(name) is not None]
    return ", ".join(
        [f"{members['number']} {members['kind']} on {members['effective_on']}", *more, f"recorded {recorded_at}"]
    )


def _decision(row: Row[Any]) -> dict[str, Any]:
    names = ("actor_id", "recorded_at", "cycle", "trigger", "role", "from_state", "to_state", "effective_at")
    found = {name: _plain(getattr(row, name)) for name in (*names, "reason_code", "reason_to_company")}
    digest = leaf_hash(row.internal_reason) if row.internal_reason else ""  # the log holds only the digest
    try:
        given = json.loads(row.given)
    except ValueError:
        given = row.given
    return found | {"internal_reason": digest, "given": given}


def _people(connection: Connection, office: _Office) -> Iterator[Difference]:
    kept = replayed.staff(connection)
    for officer in sorted(kept.keys() | office.staff.keys()):
        if officer not in kept or officer not in office.staff:
            yield Difference("officer", officer, "*", kept.get(officer), office.staff.get(officer))
            continue
        (active, roles), (told_active, told_roles) = kept[officer], office.staff[officer]
        if active != told_active:
            yield Difference("officer", officer, "active", active, told_active)
        if roles != told_roles:
            yield Difference("officer_role", officer, "role", ", ".join(sorted(roles)), ", ".join(sorted(told_roles)))


def _editions(connection: Connection, office: _Office) -> Iterator[Difference]:
    kept = {(row.code, row.edition): row for row in replayed.editions(connection)}
    for at in sorted(kept.keys() | office.editions.keys()):
        row, told = kept.get(at), office.editions.get(at)
        key = " ".join(at)
        if row is None or told is None:
            yield Difference("programme_edition", key, "*", row and row.sha256, told)
            continue
        if row.sha256 != told:
            yield Difference("programme_edition", key, "sha256", row.sha256, told)
        if (digest := hashlib.sha256(row.canonical.encode()).hexdigest()) != told:
            yield Difference("programme_edition", key, "canonical", f"of the digest {digest}", f"the digest {told}")


def _holidays(connection: Connection, office: _Office) -> Iterator[Difference]:
    """A day that is gazetted or withdrawn later has a row more; each is told once."""
    kept = Counter((zone, _plain(day), bool(closed)) for zone, day, closed in replayed.holidays(connection))
    for one in sorted((kept - office.days) + (office.days - kept)):
        zone, day, closed = one
        told = None if kept[one] > office.days[one] else "told"
        yield Difference("calendar_day", f"{day} in {zone}, {'closed' if closed else 'open'}", "*", kept[one], told)


def _periods(connection: Connection, office: _Office) -> Iterator[Difference]:
    kept = {
        f"{row.kind} at {_plain(row.set_at)}": {"years": row.years, "source": row.source, "set_by": row.set_by}
        for row in replayed.periods(connection)
    }
    yield from _compare_rows("retention_period", "", kept, office.periods)


def _compare_rows(
    table: str, of: str, found: Mapping[str, Mapping[str, Any]], told: Mapping[str, Mapping[str, Any]]
) -> Iterator[Difference]:
    for key in sorted(found.keys() | told.keys()):
        if key not in found or key not in told:
            yield Difference(table, f"{key} {of}", "*", found.get(key), told.get(key))
        else:
            yield from _compare(table, f"{key} {of}", found[key], told[key])


def _compare(table: str, key: str, found: Mapping[str, Any], told: Mapping[str, Any]) -> Iterator[Difference]:
    for name, value in told.items():
        if found[name] != value and not (found[name] in _EMPTY and value in _EMPTY):
            yield Difference(table, key, name, found[name], value)


def _plain(value: Any) -> Any:
    """Return a column's value in the form the trail uses."""
    if isinstance(value, datetime):
        return instant(value)
    return value.isoformat() if isinstance(value, date) else value
