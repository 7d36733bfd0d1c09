"""The trail for process mining: XES (IEEE 1849-2016), a trace for each case and an event for each of its entries."""

from collections.abc import Iterator
from itertools import groupby
from typing import BinaryIO
from xml.sax.saxutils import quoteattr

from workflow.audit.wording import in_words
from workflow.reports.trail.plain import plain
from workflow.reports.trail.trail import Line, Trail

_EXTENSIONS = (("Concept", "concept"), ("Time", "time"), ("Organizational", "org"), ("Lifecycle", "lifecycle"))
_NO_CASE = "Entries that belong to no case are left out; the other formats have them."


def write(trail: Trail, target: BinaryIO) -> int:
    """Write the log; return how many events it holds."""
    count = 0
    target.writelines(piece.encode() for piece in _head(trail))
    for case, lines in groupby(trail.lines_by_case(), key=lambda line: str(line.about["application"])):
        target.write(b"  <trace>\n" + _text("concept:name", case).encode())
        for line in lines:
            target.write("".join(("    <event>\n", *_event(line), "    </event>\n")).encode())
            count += 1
        target.write(b"  </trace>\n")
    target.write(b"</log>\n")
    return count


def activity(line: Line) -> str:
    """Return what was done: of a transition its trigger, otherwise the kind of the entry."""
    kind = str(line.members["kind"])
    return str(line.detail.get("trigger") or kind) if kind == "case:state:changed" else kind


def _head(trail: Trail) -> Iterator[str]:
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield '<log xes.version="1849.2016" xes.features="" xmlns="http://www.xes-standard.org/">\n'
    for name, prefix in _EXTENSIONS:
        uri = f"http://www.xes-standard.org/{prefix}.xesext"
        yield f'  <extension name="{name}" prefix="{prefix}" uri="{uri}"/>\n'
    yield f'  <global scope="trace">\n{_text("concept:name", "unknown")}  </global>\n'
    yield '  <global scope="event">\n'
    for key in ("concept:name", "org:resource", "org:role", "lifecycle:transition"):
        yield _text(key, "unknown")
    yield _date("time:timestamp", "1970-01-01T00:00:00.000000Z") + "  </global>\n"
    yield '  <classifier name="Activity" keys="concept:name"/>\n'
    yield _text("concept:name", f"Trail of {trail.checkpoint.origin}")
    for title, text in (*trail.about(), ("Entries without a case", _NO_CASE)):
        yield _text(title, text)


def _event(line: Line) -> Iterator[str]:
    members = line.members
    yield _text("concept:name", activity(line))
    yield _date("time:timestamp", members["recorded_at"])
    yield _text("org:resource", members["actor"])
    yield _text("org:role", members["role"])
    yield _text("lifecycle:transition", "complete")
    if "effective_at" in members:
        yield _date("effective_at", members["effective_at"])
    told = {
        "kind": members["kind"],
        "from_state": members.get("from"),
        "to_state": members.get("to"),
        "on_behalf_of": members.get("on_behalf_of"),
        "company": line.about.get("company"),
        "programme": line.about.get("programme"),
        "reason": line.reason,
        "summary": in_words(members),
        "leaf": line.leaf,
    }
    yield from (_text(key, value) for key, value in told.items() if value)
    yield f'      <int key="index" value="{line.position}"/>\n'


def _text(key: str, value: str) -> str:
    return f"      <string key={quoteattr(key)} value={_quoted(value)}/>\n"


def _date(key: str, at: str) -> str:
    return f'      <date key="{key}" value={_quoted(at)}/>\n'


def _quoted(value: str) -> str:
    return quoteattr(plain(value), {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})
