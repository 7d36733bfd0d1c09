"""The trail for object-centric process mining: OCEL 2.0 as JSON.

Events are written as they are read; objects come after them, so that only the objects' names are held.
"""

import json
from collections.abc import Iterator
from itertools import chain, groupby
from typing import Any, BinaryIO

from workflow.audit.wording import in_words
from workflow.reports.trail.trail import Line, Trail

_TYPES = {
    "application": ("programme", "state"),
    "company": (),
    "certificate": ("valid_from", "valid_until"),
    "officer": (),
    "export": ("title", "text"),  # the format has no other place for what an export says of itself
}
_LOG = "export:1"
_STRINGS = ("role", "from_state", "to_state", "on_behalf_of", "reason", "summary", "leaf")
_EVENT = [
    *({"name": name, "type": "string"} for name in _STRINGS),
    {"name": "effective_at", "type": "time"},
    {"name": "index", "type": "integer"},
]


def write(trail: Trail, target: BinaryIO) -> int:
    """Write the log; return how many events it holds."""
    officers = trail.officers()
    kinds: dict[str, None] = {}
    objects: dict[str, dict[str, Any]] = {}
    count = 0
    target.write(b'{"events":[')
    for line in trail.lines():
        kinds[line.members["kind"]] = None
        target.write((",\n" if count else "\n").encode() + _json(_event(line, officers, objects)))
        count += 1
    target.write(b'],\n"objects":[\n' + _json(_export(trail, count)))
    target.writelines(b",\n" + _json(one) for one in chain(objects.values(), _applications(trail)))
    types = [
        {"name": name, "attributes": [{"name": attribute, "type": "string"} for attribute in attributes]}
        for name, attributes in _TYPES.items()
    ]
    target.write(b'],\n"objectTypes":' + _json(types) + b",\n")
    target.write(b'"eventTypes":' + _json([{"name": kind, "attributes": _EVENT} for kind in kinds]) + b"}\n")
    return count


def _event(line: Line, officers: dict[str, str], objects: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return an event, and note every object but the case that it names."""
    members, about = line.members, line.about
    related = {}
    if case := about.get("application"):
        related["case"] = f"application:{case}"
    if company := about.get("company"):
        related["party"] = _noted(objects, "company", company)
    if number := line.detail.get("certificate"):
        related["certificate"] = _noted(objects, "certificate", number)
        if case:
            objects[related["certificate"]]["relationships"] = [_related(related["case"], "issued in")]
        _term(objects[related["certificate"]], line)
    if members["actor"] in officers:
        related["actor"] = _noted(objects, "officer", members["actor"])
    if not related:
        related["log"] = _LOG  # tools drop events without objects
    told = {name: members.get(name) for name in ("role", "on_behalf_of", "effective_at")} | {
        "from_state": members.get("from"),
        "to_state": members.get("to"),
        "reason": line.reason,
        "summary": in_words(members),
        "leaf": line.leaf,
        "index": line.position,
    }
    return {
        "id": f"entry:{line.position}",
        "type": members["kind"],
        "time": members["recorded_at"],
        "attributes": [{"name": name, "value": value} for name, value in told.items() if value not in (None, "")],
        "relationships": [_related(id_, qualifier) for qualifier, id_ in related.items()],
    }


def _noted(objects: dict[str, dict[str, Any]], kind: str, name: str) -> str:
    id_ = f"{kind}:{name}"
    objects.setdefault(id_, {"id": id_, "type": kind, "attributes": [], "relationships": []})
    return id_


def _term(certificate: dict[str, Any], line: Line) -> None:
    """Note a certificate's days where an entry changes them."""
    changes = line.members.get("changes", {})
    if changes.get("certificate_number", (None, None))[1] != line.detail["certificate"]:
        return
    for name in _TYPES["certificate"]:
        if name in changes and changes[name][1]:
            certificate["attributes"].append(_valued(name, line.members["recorded_at"], changes[name][1]))


def _applications(trail: Trail) -> Iterator[dict[str, Any]]:
    """Yield the cases with every state they reached."""
    for case, lines in groupby(trail.lines_by_case(), key=lambda line: str(line.about["application"])):
        attributes: list[dict[str, str]] = []
        company = ""
        for line in lines:
            members = line.members
            if not attributes and (programme := line.about.get("programme")):
                attributes.append(_valued("programme", members["recorded_at"], programme))
            if state := members.get("to"):
                attributes.append(_valued("state", members.get("effective_at", members["recorded_at"]), state))
            company = company or line.about.get("company", "")
        relationships = [_related(f"company:{company}", "of")] if company else []
        yield {
            "id": f"application:{case}",
            "type": "application",
            "attributes": attributes,
            "relationships": relationships,
        }


def _export(trail: Trail, count: int) -> dict[str, Any]:
    text = "\n".join(f"{title}: {text}" for title, text in trail.about(count))
    at = trail.made_at.isoformat()
    attributes = [_valued("title", at, f"Trail of {trail.checkpoint.origin}"), _valued("text", at, text)]
    return {"id": _LOG, "type": "export", "attributes": attributes, "relationships": []}


def _valued(name: str, at: str, value: str) -> dict[str, str]:
    return {"name": name, "time": at, "value": value}


def _related(id_: str, qualifier: str) -> dict[str, str]:
    return {"objectId": id_, "qualifier": qualifier}


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
