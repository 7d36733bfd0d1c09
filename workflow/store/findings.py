"""What tells whether an answer is still as somebody saw it. Must not know who sees or changes it."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

_SEEN = ("answer", "remark", "documents", "assessment", "note", "due_on", "closed_at")
NOTHING = ""  # the mark of an answer that is not there yet


def mark(row: Mapping[Any, Any] | None) -> str:
    """Return a short word for what a finding says; the same word, the same content.

    The case's version would not do: it rises with every document and every other answer, and an officer who works
    through a checklist would be told each time that something changed.
    """
    if row is None:
        return NOTHING
    told = json.dumps([row[name] for name in _SEEN], default=str)
    return hashlib.sha256(told.encode()).hexdigest()[:16]
