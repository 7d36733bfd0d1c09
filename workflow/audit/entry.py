"""One entry of the trail: its members, its canonical form and its leaf hash (RFC 6962, section 2.1).

It names people by opaque id and must not hold names or addresses.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from workflow.audit.canonical import encode

VERSION = 1


@dataclass(frozen=True)
class Entry:
    """What happened: who, in which role and how proven, when, what, on which object, under which rules."""

    kind: str  # source:subject:action, a past fact
    recorded_at: datetime
    actor: str
    role: str
    proven: str  # how the door knew the actor: "console", "command line", "clock"
    effective_at: datetime | None = None
    on_behalf_of: str = ""  # the rule that owed it, for the clock's acts
    about: dict[str, Any] = field(default_factory=dict)  # application, company, programme, ...
    case_seq: int | None = None
    from_state: str = ""
    to_state: str = ""
    changes: dict[str, Any] = field(default_factory=dict)  # field -> [before, after]
    reason_code: str = ""
    reason: str = ""
    internal_reason_digest: str = ""
    rules: list[list[str]] = field(default_factory=list)  # rules met with the value each saw
    unmet: list[list[str]] = field(default_factory=list)  # for refusals: code and sentence
    edition: list[str] = field(default_factory=list)  # programme code, edition, SHA-256
    detail: dict[str, Any] = field(default_factory=dict)
    wrote: dict[str, Any] = field(default_factory=dict)  # the rows it made, so that they can be told from the log alone

    def canonical(self) -> str:
        """Return the RFC 8785 form; members that are empty are left out."""
        members: dict[str, Any] = {
            "v": VERSION,
            "kind": self.kind,
            "recorded_at": self.recorded_at,
            "effective_at": self.effective_at,
            "actor": self.actor,
            "role": self.role,
            "proven": self.proven,
            "on_behalf_of": self.on_behalf_of,
            "about": self.about,
            "case_seq": self.case_seq,
            "from": self.from_state,
            "to": self.to_state,
            "changes": self.changes,
            "reason_code": self.reason_code,
            "reason": self.reason,
            "internal_reason_digest": self.internal_reason_digest,
            "rules": self.rules,
            "unmet": self.unmet,
            "edition": self.edition,
            "detail": self.detail,
            "wrote": self.wrote,
        }
        return encode({name: value for name, value in members.items() if value not in (None, "", {}, [])})


def leaf_hash(canonical: str) -> str:
    """Return the leaf hash of an entry's canonical form, in hexadecimal."""
    return hashlib.sha256(b"\x00" + canonical.encode()).hexdigest()
