"""The trail as CSV (RFC 4180, UTF-8), with a file beside it that says what it is (W3C CSV on the Web)."""

import csv
import io
import json
import re
from typing import BinaryIO

from workflow.reports.trail.table import COLUMNS, FORMULA, INTERNAL, row_of, safe
from workflow.reports.trail.trail import Trail

_FORMULA = re.compile(f',"?[{re.escape("".join(FORMULA))}]')
BESIDE = "-metadata.json"  # after the whole name of the file: where CSV on the Web looks for it


def write(trail: Trail, target: BinaryIO) -> int:
    """Write a heading and a line for each entry; return how many."""
    actors = trail.actors()
    text = io.TextIOWrapper(target, encoding="utf-8", newline="", write_through=False)
    writer = csv.writer(text)
    writer.writerow([*COLUMNS, *(INTERNAL if trail.internal else ())])
    internal = trail.internal_reasons()
    count = 0
    for some in trail.some_lines():
        rows = [row_of(line, actors) for line in some]
        if trail.internal:
            rows = [[*cells, internal.get(line.position, "")] for cells, line in zip(rows, some, strict=True)]
        if plain := _plain(rows):
            text.write(plain)
        else:
            writer.writerows([safe(cell) for cell in cells] for cells in rows)
        count += len(rows)
    text.detach()  # flushes, and leaves the file open to whoever opened it
    return count


def _plain(rows: list[list[str]]) -> str:
    """Return the lines of rows of which nothing needs an apostrophe and at most commas need quotation marks; else nothing.

    Nearly all rows are so, and to see it of several at once takes a tenth of the time of looking at each cell.
    """
    joined = "\r\n".join([",".join(cells) for cells in rows])
    if '"' in joined:
        return ""
    if joined.count(",") > len(rows) * (len(rows[0]) - 1):
        joined = "\r\n".join([",".join([f'"{cell}"' if "," in cell else cell for cell in cells]) for cells in rows])
    ends = joined.count("\r") + joined.count("\n")
    if ends > 2 * (len(rows) - 1) or _FORMULA.search(joined):  # a row's first cell is a number, which nothing runs
        return ""
    return joined + "\r\n"


def metadata(trail: Trail, name: str, count: int) -> str:
    """Return what the file beside a CSV says: its columns, filters, time zone and checkpoint."""
    told = COLUMNS | (INTERNAL if trail.internal else {})
    columns = [{"name": column, "titles": column, "dc:description": says} for column, says in told.items()]
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
