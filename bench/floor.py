"""The floor: the durable work of one transition, written by hand against the driver, with nothing else.

The same rows in the same tables, with the same triggers, in one commit: lock and read the case, insert the trail's
entry (JSON and SHA-256), the decision and the outbox row, update the case with the version check. It checks no rule.
"""

import hashlib
import json
import sqlite3
from datetime import UTC, date, datetime
from typing import Any, Protocol

import psycopg

from states.definition import Programme

_LOCK = (
    "SELECT a.id, a.version, a.state, a.case_seq, a.decision_no, a.cycle, a.received_on, c.identifier, c.name, t.id "
    "FROM application a JOIN company c ON c.id = a.company_id JOIN contact t ON t.company_id = c.id "
    "WHERE a.reference = ?"
)
_ENTRY = (
    "INSERT INTO audit_entry (kind, application_id, case_seq, recorded_at, canonical, leaf) "
    "VALUES (?, ?, ?, ?, ?, ?) RETURNING id"
)
_DECISION = (
    "INSERT INTO decision (application_id, decision_no, cycle, trigger, from_state, to_state, actor_id, role, "
    "effective_at, recorded_at, reason_code, reason_to_company, internal_reason, given, entry_id) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', '', '', '{}', ?) RETURNING id"
)
_OUTBOX = (
    "INSERT INTO notification (application_id, message, cause, recipient, resend_no, message_id, payload, address, "
    "status, created_at, next_try_at, fence, attempts, last_reply) "
    "VALUES (?, ?, ?, ?, 0, ?, ?, '', 'queued', ?, ?, 0, 0, '')"
)
_UPDATE = (
    "UPDATE application SET state = ?, state_kind = ?, state_since = ?, next_step = ?, waits_for = ?, "
    "complete_at = ?, deadline = ?, decision_no = ?, decided_at = ?, case_seq = ?, version = ? "
    "WHERE id = ? AND version = ?"
)


class Raw(Protocol):
    """What the floor needs of a driver."""

    def begin(self) -> None: ...
    def one(self, statement: str, values: tuple[Any, ...]) -> Any: ...
    def insert(self, statement: str, values: tuple[Any, ...]) -> int: ...
    def change(self, statement: str, values: tuple[Any, ...]) -> int: ...
    def commit(self) -> None: ...
    def instant(self, at: datetime) -> Any: ...
    def day(self, day: date) -> Any: ...


class RawSqlite:
    """The sqlite3 module with WAL, synchronous=FULL and foreign keys, as the product sets them."""

    def __init__(self, path: str) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._cursor = self._connection.cursor()
        for pragma in ("busy_timeout=30000", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            self._cursor.execute(f"PRAGMA {pragma}")

    def begin(self) -> None:
        self._cursor.execute("BEGIN IMMEDIATE")

    def one(self, statement: str, values: tuple[Any, ...]) -> Any:
        return self._cursor.execute(statement, values).fetchone()

    def insert(self, statement: str, values: tuple[Any, ...]) -> int:
        self._cursor.execute(statement.removesuffix(" RETURNING id"), values)
        return int(self._cursor.lastrowid or 0)

    def change(self, statement: str, values: tuple[Any, ...]) -> int:
        return self._cursor.execute(statement, values).rowcount

    def commit(self) -> None:
        self._cursor.execute("COMMIT")

    def instant(self, at: datetime) -> str:
        return at.strftime("%Y-%m-%d %H:%M:%S.%f")

    def day(self, day: date) -> str:
        return day.isoformat()

    def close(self) -> None:
        self._connection.close()


class RawPostgresql:
    """psycopg with its defaults: it prepares a statement on the server after five uses."""

    def __init__(self, conninfo: str) -> None:
        self._connection = psycopg.connect(conninfo)
        self._cursor = self._connection.cursor()

    def begin(self) -> None:
        """Do nothing: psycopg sends BEGIN before the first statement."""

    def one(self, statement: str, values: tuple[Any, ...]) -> Any:
        self._cursor.execute(statement.replace("?", "%s") + " FOR UPDATE OF a", values)
        return self._cursor.fetchone()

    def insert(self, statement: str, values: tuple[Any, ...]) -> int:
        self._cursor.execute(statement.replace("?", "%s"), values)
        row: Any = self._cursor.fetchone() if statement.endswith(" RETURNING id") else (0,)
        return int(row[0])

    def change(self, statement: str, values: tuple[Any, ...]) -> int:
        self._cursor.execute(statement.replace("?", "%s"), values)
        return self._cursor.rowcount

    def commit(self) -> None:
        self._connection.commit()

    def instant(self, at: datetime) -> datetime:
        return at

    def day(self, day: date) -> date:
        return day

    def close(self) -> None:
        self._connection.close()


class Floor:
    """Starts the review of cases, knowing beforehand that it may."""

    def __init__(self, raw: Raw, programme: Programme, origin: str, officer: str, deadline: date) -> None:
        self._raw = raw
        self._programme = programme
        self._state = programme.state_by_name["checklist_review"]
        self._documents = [d.title for d in programme.documents if d.mandatory]
        self._origin = origin
        self._officer = officer
        self._deadline = deadline

    def start_review(self, reference: str) -> None:
        raw, state, now = self._raw, self._state, datetime.now(UTC)
        at, day = raw.instant(now), raw.day(self._deadline)
        raw.begin()
        case_id, version, source, case_seq, decision_no, cycle, received_on, uen, name, contact = raw.one(
            _LOCK, (reference,)
        )
        canonical = self._entry(now, reference, source, (case_seq, decision_no), (uen, name))
        leaf = hashlib.sha256(b"\x00" + canonical.encode()).hexdigest()
        entry_id = raw.insert(_ENTRY, ("case:state:changed", case_id, case_seq + 1, at, canonical, leaf))
        decision = (case_id, decision_no + 1, cycle, "start_review", source, state.name, self._officer, "officer")
        decision_id = raw.insert(_DECISION, (*decision, at, at, entry_id))
        cause, recipient = f"decision:{decision_id}", f"contact:{contact}"
        key = f"{self._origin}/application_complete/{cause}/{recipient}/0"
        message_id = f"<{hashlib.sha256(key.encode()).hexdigest()[:32]}@{self._origin}>"
        payload = self._payload(reference, uen, name, received_on)
        raw.insert(_OUTBOX, (case_id, "application_complete", cause, recipient, message_id, payload, at, at))
        moved = (state.name, state.kind, at, state.next_step, state.waits_for, at, day, decision_no + 1, at)
        if raw.change(_UPDATE, (*moved, case_seq + 1, version + 1, case_id, version)) != 1:
            raise RuntimeError("The version changed.")
        raw.commit()

    def _entry(
        self, now: datetime, reference: str, source: str, numbers: tuple[int, int], company: tuple[str, str]
    ) -> str:
        (case_seq, decision_no), (uen, name) = numbers, company
        at = now.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        entry = {
            "v": 1, "kind": "case:state:changed", "recorded_at": at, "effective_at": at, "actor": self._officer,
            "role": "officer", "proven": "bench", "case_seq": case_seq + 1, "from": source, "to": self._state.name,
            "about": {"application": reference, "company": uen, "company_name": name, "programme": self._programme.code},
            "changes": {"complete_at": [None, at], "deadline": [None, self._deadline.isoformat()]},
            "rules": [["role_permits", "officer"], ["four_eyes", "0 others took part"], ["reason_given", "not needed"],
                      ["reason_code_known", "not needed"], ["documents_present", f"{len(self._documents)} kinds"]],
            "edition": [self._programme.code, self._programme.edition, self._programme.sha256],
            "detail": {"trigger": "start_review", "title": "Start the review", "decision_no": decision_no + 1},
        }  # fmt: skip
        return json.dumps(entry, sort_keys=True, ensure_ascii=False, separators=(",", ":"))

    def _payload(self, reference: str, uen: str, name: str, received_on: date | str) -> str:
        programme = self._programme
        values = {
            "reference": reference, "company_name": name, "uen": uen, "programme": programme.title,
            "programme_code": programme.code, "authority": programme.authority, "received_on": str(received_on),
            "certificate_number": None, "valid_from": None, "valid_until": None, "documents": self._documents,
            "reason": "", "deadline": self._deadline.isoformat(),
        }  # fmt: skip
        return json.dumps(values, ensure_ascii=False, sort_keys=True)
