"""Tables as CSV, so that nothing in a cell runs in a spreadsheet. Knows no report."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from starlette.responses import Response

from workflow.reports.trail.table import safe


def as_csv(name: str, rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> Response:
    """Return rows as a file to download."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([safe("" if row[column] is None else str(row[column])) for column in columns] for row in rows)
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"', "Cache-Control": "no-store"}
    return Response(text.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)
