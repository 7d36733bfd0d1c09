"""What callers give, checked once for every door: text, addresses, identifiers, dates.

Refuses with one clear sentence; nothing is done before it passes. Tables do not validate, so this room must.
"""

import re
import unicodedata
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from stdnum.sg import uen as stdnum_uen

from states.dates import add_years
from states.guards import in_words
from workflow.errors import BadInput

NAME_LENGTH = 200
TEXT_LENGTH = 4_000
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2199, 12, 31)  # beyond, counting days leaves what dates can hold
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_SURROGATES = re.compile(r"[\ud800-\udfff]")
_ADDRESS = re.compile(r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)+$")  # fmt: skip
_ADDRESS_LENGTH, _LOCAL_LENGTH = 254, 64  # RFC 5321, section 4.5.3.1


def text(value: str, what: str, *, longest: int = TEXT_LENGTH, empty: bool = False, lines: bool = True) -> str:
    """Return a text in NFC without outer space. Raises BadInput for what no record should hold."""
    if _SURROGATES.search(value):
        raise BadInput(
            "TEXT", f"{what} holds half a character (a lone surrogate). Type it again instead of pasting it."
        )
    value = unicodedata.normalize("NFC", value).strip()
    bad = _CONTROLS.search(value) or (None if lines else re.search(r"[\n\t]", value))
    if bad:
        raise BadInput("TEXT", f"{what} holds a control character (U+{ord(bad.group()):04X}). Remove it.")
    if not value and not empty:
        raise BadInput("TEXT_EMPTY", f"{what} is empty. Write it.")
    if len(value) > longest:
        raise BadInput("TEXT_LONG", f"{what} has {len(value):,} characters; {longest:,} are the limit. Shorten it.")
    return value


def name(value: str, what: str) -> str:
    """Return a name: one line of at most 200 characters."""
    return text(value, what, longest=NAME_LENGTH, lines=False)


def key(value: str) -> str:
    """Return an idempotency key: what a caller made up for one request, or nothing."""
    return text(value, "The idempotency key", longest=NAME_LENGTH, lines=False, empty=True)


def email(value: str, what: str = "The e-mail address") -> str:
    """Return an address in lower case. Raises BadInput; mail libraries would quietly cut a bad one."""
    value = text(value, what, longest=_ADDRESS_LENGTH, lines=False).lower()
    local = value.partition("@")[0]
    if not _ADDRESS.match(value) or len(local) > _LOCAL_LENGTH or ".." in local or local[0] == "." or local[-1] == ".":
        raise BadInput("EMAIL", f'"{value[:80]}" is not an e-mail address such as adeline.goh@quillhaven.example.')
    return value


@dataclass(frozen=True)
class Identifier:
    """A UEN of the right shape; `expected` is the check letter it should end with."""

    value: str
    expected: str

    @property
    def check_holds(self) -> bool:
        return self.value[-1] == self.expected

    def sentence(self) -> str:
        return f"The last letter of {self.value} should be {self.expected}."


_BUSINESS, _LOCAL, _OTHER = (
    re.compile(r"\d{8}[A-Z]"),
    re.compile(r"\d{9}[A-Z]"),
    re.compile(r"[RST]\d{2}[A-Z]{2}\d{4}[A-Z]"),
)


def uen(value: str) -> Identifier:
    """Return a Singapore UEN (three shapes, check letters as python-stdnum computes them). Raises BadInput."""
    value = text(value, "The UEN", longest=40, lines=False).upper()
    for shape, check in (
        (_BUSINESS, stdnum_uen.calc_business_check_digit),
        (_LOCAL, stdnum_uen.calc_local_company_check_digit),
        (_OTHER, stdnum_uen.calc_other_check_digit),
    ):
        if value.isascii() and shape.fullmatch(value):
            return Identifier(value, str(check(value)))
    raise BadInput("UEN_SHAPE", f'"{value}" is not a UEN: 9 or 10 characters expected, such as 201890417D.')


def day(value: str, what: str) -> date:
    """Return a date written 2027-03-27. Raises BadInput."""
    try:
        found = date.fromisoformat(value)
    except ValueError:
        raise BadInput("DATE", f'{what} "{value[:40]}" is not a date. Write year, month, day: 2027-03-27.') from None
    return _countable(found, what)


def _countable(found: date, what: str) -> date:
    if not FIRST_DAY <= found <= LAST_DAY:
        raise BadInput("DATE_RANGE", f"{what} {found} does not lie between {FIRST_DAY} and {LAST_DAY}. Correct it.")
    return found


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WRITTEN = re.compile(
    r"(?:[a-z]{3,9}\.?,?\s+)?(?P<day>\d{1,2})[\s./-]+(?P<month>\d{1,2}|[a-z]{3,9})\.?,?[\s./-]+(?P<year>\d{4}|\d{2})"
)
_FURTHEST = 36_500  # days from today: a century


def _year_and_month(found: re.Match[str]) -> tuple[int, int]:
    """Return year and month as numbers. Raises ValueError for a month that has no such name."""
    month, year = found["month"], int(found["year"])
    number = int(month) if month.isdigit() else _MONTHS.index(month[:3]) + 1
    return year + 2000 if year < 100 else year, number  # noqa: PLR2004  # two digits


def _beyond_its_month(found: re.Match[str]) -> str:
    """Return why a clearly written day does not exist, such as "February 2026 has 28 days", or nothing."""
    try:
        year, month = _year_and_month(found)
        last = monthrange(year, month)[1]
        first = date(year, month, 1)
    except ValueError:  # also a month beyond the twelfth
        return ""
    return f"{first:%B %Y} has {last} days" if int(found["day"]) > last else ""


def written_day(value: str, what: str, today: date) -> date:
    """Return a date as people write it, the day first: 27/3/27, 27 mar 2027, 2027-03-27, today, +30d. Raises BadInput."""
    said = text(value, what, longest=40, lines=False).lower()
    if said == "today":
        return today
    ahead = re.fullmatch(r"([+-])\s*(\d{1,5})\s*(?:d|days?)?", said)
    if ahead and int(ahead[2]) <= _FURTHEST:
        return _countable(today + timedelta(days=int(ahead[1] + ahead[2])), what)
    found = _WRITTEN.fullmatch(said)
    if found and (wrong := _beyond_its_month(found)):
        raise BadInput("DATE_AMBIGUOUS", f'{what} "{value[:40]}" does not exist: {wrong}.')
    try:
        read = date(*_year_and_month(found), int(found["day"])) if found else date.fromisoformat(said)
    except ValueError:
        raise BadInput(
            "DATE_AMBIGUOUS",
            f'{what} "{value[:40]}" is no date that is clear. Write day, month and year, for example 27 3 2027.',
        ) from None
    return _countable(read, what)


def instant(value: str, what: str) -> datetime:
    """Return an instant with a time zone. Raises BadInput."""
    try:
        parsed = datetime.fromisoformat(value)
    except ValueError:
        parsed = None
    if parsed is None or parsed.tzinfo is None:
        raise BadInput(
            "INSTANT",
            f'{what} "{value[:40]}" is not an instant with its zone. Write it such as 2029-05-01T09:00:00+08:00.',
        )
    return parsed


_EARLIEST_YEAR = 2000  # no case or company of a programme has done anything that counts before; it is a slip


def not_future(value: date, today: date, what: str, **details: str) -> date:
    """Return a day that is not after today, nor from before any programme of ours. Raises BadInput."""
    if value.year < _EARLIEST_YEAR:
        raise BadInput(
            "DATE_FAR", f"{what}, {in_words(value)}, is before the year {_EARLIEST_YEAR}. Look at its year.", **details
        )
    if value > today:
        raise BadInput(
            "DATE_ORDER", f"{what}, {in_words(value)}, is in the future; today is {in_words(today)}.", **details
        )
    return value


_YEARS_AHEAD = 10  # no deadline of a case lies further off; a day beyond is a slip of the year


def not_far(value: date, today: date, what: str, **details: str) -> date:
    """Return a day that is not so far ahead that its year must be a slip. Raises BadInput."""
    if value > add_years(today, _YEARS_AHEAD):
        sentence = f"{what}, {in_words(value)}, is more than ten years ahead. Look at its year."
        raise BadInput("DATE_FAR", sentence, **details)
    return value


def in_order(
    first: date | None, last: date | None, names: tuple[str, str] = ("the first day", "The last day")
) -> tuple[date | None, date | None]:
    """Return the first and last day of a span, each of which may be open. Raises BadInput for exchanged ones."""
    if first and last and last < first:
        raise BadInput("DATE_ORDER", f"{names[1]} {last} is before {names[0]} {first}. Exchange them.", field="last")
    return first, last


def one_of(value: str, known: tuple[str, ...], what: str) -> str:
    """Return a value of a closed set, whatever its case. Raises BadInput with the known ones."""
    by_lower = {one.lower(): one for one in known}
    if value.lower() not in by_lower:
        raise BadInput("UNKNOWN", f'{what} "{value[:40]}" does not exist. Known: {", ".join(known)}.')
    return by_lower[value.lower()]
