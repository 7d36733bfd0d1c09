"""The formats of the trail's export, in one table."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from workflow.reports.trail import as_bundle, as_csv, as_ocel, as_pdf, as_xes, as_xlsx
from workflow.reports.trail.trail import Trail


@dataclass(frozen=True)
class Format:
    """What writes a trail into a binary file and returns how many entries it wrote."""

    write: Callable[[Trail, BinaryIO], int]
    of_one_case: bool = False
    internal: bool = False  # whether it has room for internal reasons
    beside: str = ""  # the ending of a second file that says what the first is, where the format cannot
    about: Callable[[Trail, str, int], str] | None = None  # the text of that file, from the first one's name and count


FORMATS: dict[str, Format] = {
    "csv": Format(as_csv.write, internal=True, beside=as_csv.BESIDE, about=as_csv.metadata),
    "jsonl": Format(as_bundle.write),
    "xlsx": Format(as_xlsx.write, internal=True),
    "xes": Format(as_xes.write),
    "ocel": Format(as_ocel.write),
    "pdf": Format(as_pdf.write, of_one_case=True),
}
