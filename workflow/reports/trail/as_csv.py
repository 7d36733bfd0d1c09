"""The trail as CSV (RFC 4180, UTF-8), with a file beside it that says what it is (W3C CSV on the Web)."""

import csv
import io
import json
from typing import BinaryIO

from workflow.reports.trail.table import COLUMNS, row_of, safe
from workflow.reports.trail.trail import Trail

BESIDE = "-metadata.json"  # after the whole name of the file: where CSV on the Web looks for it


def write(trail: Trail, target: BinaryIO) -> int:
    """Write a heading and a line for each entry; return how many."""
    officers = trail.officers()
    text = io.TextIOWrapper(target, encoding="utf-8", newline="", write_through=False)
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    count = 0
    for line in trail.lines():
        writer.writerow([safe(cell) if cell else cell for cell in row_of(line, officers)])
        count += 1
    text.detach()  # flushes, and leaves the file open to whoever opened it
    return count


def metadata(trail: Trail, name: str, count: int) -> str:
    """Return what the file beside a CSV says: its columns, filters, time zone and checkpoint."""
    columns = [{"name": column, "titles": column, "dc:description": says} for column, says in COLUMNS.items()]
    about = dict(trail.about(count)) | {
        "Formulas": "A cell that begins with = + - @ ' a tab or a return got an apostrophe before it; take one away."
    }
    table = {
        "@context": "http://www.w3.org/ns/csvw",
        "url": name,
        "dc:title": f"Trail of {trail.checkpoint.origin}",
        "dialect": {"header": True, "encoding": "utf-8"},
        "tableSchema": {"columns": columns},
        "notes": [about],
    }
    return json.dumps(table, ensure_ascii=False, indent=2) + "\n"
