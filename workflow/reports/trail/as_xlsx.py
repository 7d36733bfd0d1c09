"""The trail as an Excel workbook: the same cells as in CSV, and a sheet that says what it is.

Every cell is text, times too: Excel knows neither time zones nor microseconds. Rows leave memory as they are written.
"""

import string
from collections.abc import Callable
from typing import Any, BinaryIO

import xlsxwriter
from xlsxwriter.exceptions import FileCreateError

from workflow.reports.trail.plain import plain
from workflow.reports.trail.table import COLUMNS, INTERNAL, row_of, safe
from workflow.reports.trail.trail import Trail

ROWS = 1_048_576  # of a sheet, in Excel
CELL = 32_767  # characters of a cell, in Excel
_CUT = " [cut: Excel takes no more; the JSON Lines export holds all]"
_WIDTHS = (8, 28, 28, 30, 16, 12, 28, 18, 14, 10, 20, 20, 40, 60, 20, 60)
_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


class _Target:
    """The file as zipfile writes it. Once it takes no more, the rest goes nowhere.

    An archive that is thrown away unfinished writes its end once more, and would print a traceback where that fails.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._over = False
        self._at = 0

    def write(self, data: bytes) -> int:
        return self._done(lambda: self._file.write(data), self._at + len(data), len(data))

    def seek(self, at: int) -> int:
        return self._done(lambda: self._file.seek(at), at, at)

    def flush(self) -> None:
        self._done(self._file.flush, self._at, 0)

    def tell(self) -> int:
        return self._at

    def _done(self, act: Callable[[], int | None], at: int, instead: int) -> int:
        answer = instead
        if not self._over:
            try:
                answer = act() or 0
            except OSError:
                self._over = True
                raise
        self._at = at
        return answer


def write(trail: Trail, target: BinaryIO, *, rows: int = ROWS) -> int:
    """Write the workbook; after `rows` rows, heading included, the trail goes on in a further sheet. Raises OSError."""
    book = xlsxwriter.Workbook(_Target(target), _OPTIONS)
    book.use_zip64()
    book.set_properties({"title": f"Trail of {trail.checkpoint.origin}", "created": trail.made_at.replace(tzinfo=None)})
    bold = book.add_format({"bold": True})
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    columns = COLUMNS | (INTERNAL if trail.internal else {})
    internal = trail.internal_reasons()
    sheet, about = _sheet(book, "Trail", bold, columns), book.add_worksheet("About")
    actors = trail.actors()
    count, row, number = 0, 1, 1
    for line in trail.lines():
        if row == rows:
            number += 1
            sheet, row = _sheet(book, f"Trail {number}", bold, columns), 1
        cells = [*row_of(line, actors), internal.get(line.position, "")]
        for column, cell in enumerate(cells):
            if cell:
                sheet.write_string(row, column, _fitting(safe(plain(cell))))
        row += 1
        count += 1
    _about(about, trail, count, bold, wrapped, columns)
    try:
        book.close()
    except FileCreateError as error:  # it hides the reason, which is an OSError
        raise error.args[0] from error
    return count


def _sheet(book: Any, name: str, bold: Any, columns: dict[str, str]) -> Any:
    sheet = book.add_worksheet(name)
    sheet.freeze_panes(1, 0)
    for column, (title, width) in enumerate(zip(columns, _WIDTHS, strict=False)):
        sheet.set_column(column, column, width)
        sheet.write_string(0, column, title, bold)
    return sheet


def _about(sheet: Any, trail: Trail, count: int, bold: Any, wrapped: Any, columns: dict[str, str]) -> None:
    sheet.set_column(0, 0, 20)
    sheet.set_column(1, 1, 100)
    said = [
        *trail.about(count),
        ("Formulas", "A cell that begins with = + - @ ' a tab or a return got an apostrophe before it; take one away."),
        *((f"Column {string.ascii_uppercase[n]}", f"{name}: {says}") for n, (name, says) in enumerate(columns.items())),
    ]
    for row, (title, text) in enumerate(said):
        sheet.write_string(row, 0, title, bold)
        sheet.write_string(row, 1, safe(plain(text)), wrapped)


def _fitting(cell: str) -> str:
    return cell if len(cell) <= CELL else cell[: CELL - len(_CUT)] + _CUT
