"""What changed between two editions of a programme, rule by rule. Pure; must not know where editions are kept."""

from dataclasses import dataclass
from typing import Any

from states.definition import Programme

# What tells one item of a list from another, wherever it stands in the file.
_NAMES = ("code", "kind", "rule", "name", "trigger")


@dataclass(frozen=True)
class Difference:
    """One value that differs: where it stands, in words of the file; None where it is not there."""

    where: str
    before: str | None
    after: str | None


def differences(before: Programme, after: Programme) -> list[Difference]:
    """Return every value that differs, in the order of the newer file; what was taken out comes last."""
    old = _flat(before.model_dump(mode="json", by_alias=True))
    new = _flat(after.model_dump(mode="json", by_alias=True))
    found = [Difference(where, old.get(where), value) for where, value in new.items() if old.get(where) != value]
    return found + [Difference(where, value, None) for where, value in old.items() if where not in new]


def _flat(value: Any, where: str = "") -> dict[str, str]:
    if isinstance(value, dict):
        found: dict[str, str] = {}
        for key, inner in value.items():
            found |= _flat(inner, f"{where}.{key}" if where else key)
        return found
    if isinstance(value, list) and all(isinstance(one, dict) for one in value):  # an empty list says nothing
        found, seen = {}, dict[str, int]()
        for one in value:
            name = _name(one)
            seen[name] = seen.get(name, 0) + 1
            found |= _flat(one, f"{where} {name}" + (f" ({seen[name]})" if seen[name] > 1 else ""))
        return found
    return {where: _said(value)}


def _name(item: dict[str, Any]) -> str:
    """Name an item: a transition by its trigger and states, since one trigger may have several."""
    if "trigger" in item and "from" in item:
        return f"{item['trigger']} from {', '.join(item['from'])}"
    return next((str(item[key]) for key in _NAMES if key in item), "item")


def _said(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(str(one) for one in value) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value in (None, "", {}) else str(value)
