"""The history of one case for print: PDF/A-2b by typst. Text reaches the template as data, never as markup.

One case fits into memory. The template's fonts are those that come with typst, then the machine's.
"""

import json
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

from workflow.audit.wording import in_words
from workflow.errors import BadInput
from workflow.reports.trail.plain import plain
from workflow.reports.trail.trail import Line, Trail, Wanted

_TEMPLATES = Path(__file__).resolve().parents[3] / "templates" / "documents"
_NUMBER = (
    "The number of an entry is its place in the log; the line of letters and digits below it is its leaf hash, "
    "SHA-256(0x00 || canonical form)."
)
_PAPER = (
    "Paper proves nothing by itself. Ask for the same case as an audit bundle (aeo audit export --format jsonl) and "
    "check it with aeo audit verify, or with any tool for RFC 6962 logs and C2SP signed notes: the hashes in it must be "
    "those printed here, under a checkpoint that extends this one."
)
_COMMITS = "This checkpoint commits to the whole log as it was when this was made:"


def write(trail: Trail, target: BinaryIO) -> int:
    """Write the document; return how many entries it shows. Raises BadInput for text that no font here can show."""
    import typst  # noqa: PLC0415  # heavy, and only this format needs it

    officers = trail.officers()
    lines = list(trail.lines())
    data = json.dumps(_cleaned(document(trail, lines, officers)), ensure_ascii=False)
    try:
        made = typst.compile(
            _TEMPLATES / "case_history.typ",
            root=_TEMPLATES,
            sys_inputs={"data": data},
            pdf_standards=["a-2b"],
            timestamp=int(trail.made_at.timestamp()),
        )
    except typst.TypstError as error:
        raise BadInput(
            "PDF",
            f"The document cannot be made as PDF/A: {error.message}. Where a font is missing for some script, install "
            "one (Debian: fonts-noto-cjk, fonts-noto-core); the other formats hold the same entries.",
        ) from error
    target.write(made)
    return len(lines)


def document(trail: Trail, lines: list[Line], officers: dict[str, str]) -> dict[str, Any]:
    """Return all that the template prints, as data."""
    zone = ZoneInfo(trail.zone)
    told = dict(trail.about(len(lines)))
    whole = trail.wanted == Wanted(trail.wanted.application)
    names = dict.fromkeys(line.about["company_name"] for line in lines if line.about.get("company_name"))
    uens = dict.fromkeys(line.about["company"] for line in lines if line.about.get("company"))
    programmes = dict.fromkeys(line.about["programme"] for line in lines if line.about.get("programme"))
    facts = [
        ("Case", trail.wanted.application),
        ("Company", ", ".join((*names, *uens))),
        ("Programme", ", ".join(programmes)),
        ("Entries", told["Entries"]),
        ("Filters", trail.wanted.in_words(trail.zone, officers)),
        ("Times and days", f"in {trail.zone}"),
        ("Exported", f"{_moment(trail.made_at, zone)} by {officers.get(trail.made_by.id, trail.made_by.id)}"),
        ("Internal reasons", told["Internal reasons"]),
    ]
    return {
        "title": f"{'History' if whole else 'A part of the history'} of case {trail.wanted.application}",
        "origin": trail.checkpoint.origin,
        "made_at": f"{_moment(trail.made_at, zone)} ({trail.zone})",
        "facts": [(name, value) for name, value in facts if value],
        "lines": [_printed(line, officers, zone) for line in lines],
        "verify": [_NUMBER, _PAPER, _COMMITS],
        "note": trail.note,
        "key_title": "The verifier key of the log; compare it with one that you got another way:",
        "verifier": trail.verifier,
    }


def _printed(line: Line, officers: dict[str, str], zone: ZoneInfo) -> dict[str, Any]:
    members = line.members
    recorded = datetime.fromisoformat(members["recorded_at"])
    effective = datetime.fromisoformat(members.get("effective_at", members["recorded_at"]))
    more = []
    if effective != recorded:
        more.append(f"Counts from {_moment(effective, zone)}")
    if line.reason:
        more.append(f"Reason: {line.reason}")
    more += [f"Unmet: {sentence}" for _, sentence, *_ in members.get("unmet", [])]
    role = members["role"] + (f", rule {members['on_behalf_of']}" if members.get("on_behalf_of") else "")
    return {
        "index": str(line.position),
        "when": _moment(recorded, zone),
        "who": officers.get(members["actor"], members["actor"]),
        "role": role,
        "summary": in_words(members, officers),
        "more": more,
        "leaf": line.leaf,
    }


def _moment(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).isoformat(sep=" ", timespec="seconds")


def _cleaned(value: Any) -> Any:
    """Return the same with only characters that print."""
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, dict):
        return {name: _cleaned(member) for name, member in value.items()}
    return [_cleaned(member) for member in value]
