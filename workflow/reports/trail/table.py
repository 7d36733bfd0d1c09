"""The trail as a table for people: its columns, a row for each entry, and cells that no spreadsheet runs."""

from workflow.audit.wording import in_words
from workflow.reports.trail.trail import Line

COLUMNS = {
    "index": "the entry's place in the log, from 0",
    "recorded_at": "when it was written down (UTC)",
    "effective_at": "from when it counts (UTC)",
    "actor": "who, by name and opaque id",
    "role": "in which role",
    "on_behalf_of": "the planned rule, when the clock acted",
    "kind": "what happened, for machines",
    "application": "the case's reference",
    "company": "the company's identifier",
    "programme": "the programme's code",
    "from_state": "of a transition",
    "to_state": "of a transition",
    "reason": "the reason's code and the text the company reads",
    "summary": "what happened, for people",
    "leaf": "SHA-256(0x00 || canonical form), hexadecimal",
}
INTERNAL = {"internal_reason": "what only those who need to know may read; not in the log, which holds its digest"}
_NOTHING: dict[str, str] = {}
FORMULA = frozenset("=+-@\t\r'")


def row_of(line: Line, actors: dict[str, str]) -> list[str]:
    """Return the cells of an entry, in the order of COLUMNS, as plain text; `actors` is what people are called."""
    position, _, leaf, members = line
    get, actor = members.get, members["actor"]
    about = (get("about") or _NOTHING).get
    return [
        str(position),
        members["recorded_at"],
        get("effective_at", ""),
        actors.get(actor, actor),
        members["role"],
        get("on_behalf_of", ""),
        members["kind"],
        about("application", ""),
        about("company", ""),
        about("programme", ""),
        get("from", ""),
        get("to", ""),
        line.reason if "reason" in members or "reason_code" in members else "",
        in_words(members, actors),
        leaf,
    ]


def safe(cell: str) -> str:
    """Neutralise what a spreadsheet would run; taking one leading apostrophe away gives the cell back."""
    return "'" + cell if cell and cell[0] in FORMULA else cell
