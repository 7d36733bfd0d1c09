"""Forms as people send them: reads one within limits, hands out its fields, and gives back what was typed when it fails.

Knows no page and no operation.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, cast

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request

from workflow import inputs
from workflow.errors import BadInput, CaseworkError

_FIELDS, _FILES, _FIELD_SIZE = 2_000, 20, 256 * 1024
_OURS = frozenset({"csrf", "once"})  # what a page adds by itself


@dataclass(frozen=True)
class Posted:
    """A form that was sent. Text fields are strings, absent ones empty."""

    data: FormData
    token: str = ""  # the session's, as the page printed it

    @staticmethod
    def nothing() -> "Posted":
        return Posted(FormData())

    def text(self, name: str) -> str:
        value = self.data.get(name)
        return value.replace("\r\n", "\n") if isinstance(value, str) else ""

    def many(self, name: str) -> list[str]:
        return [value for value in self.data.getlist(name) if isinstance(value, str) and value]

    def files(self, name: str) -> list[UploadFile]:
        """Return the files that were chosen; browsers send an empty one where none was."""
        return [f for f in self.data.getlist(name) if isinstance(f, UploadFile) and f.filename]

    def number(self, name: str) -> int | None:
        """Return a whole number, or None when the field is empty. Raises BadInput."""
        value = self.text(name).strip()
        if not value:
            return None
        if not value.isascii() or not value.lstrip("-").isdigit() or len(value) > 12:  # noqa: PLR2004  # no field needs more
            raise BadInput("NUMBER", f'"{value[:40]}" is not a whole number.', field=name)
        return int(value)

    @property
    def version(self) -> int | None:
        """The version of the case that the page showed."""
        return self.number("version")

    @property
    def once(self) -> str:
        """What tells a second press of the same button from a new wish."""
        return self.text("once")

    def given(self, prefix: str = "given_") -> dict[str, str]:
        """Return the facts that a transition asks for, without those left empty."""
        fields = {n.removeprefix(prefix): self.text(n) for n in self.data if n.startswith(prefix)}
        return {name: value for name, value in fields.items() if value.strip()}

    def typed(self) -> list[tuple[str, str]]:
        """Return what was typed, to be kept; files cannot be given back."""
        pairs = self.data.multi_items()
        return [(name, value) for name, value in pairs if isinstance(value, str) and name not in _OURS]

    def day(self, name: str, what: str, today: date, *, needed: bool = False) -> date | None:
        """Return a day as people write it, or None when the field is empty. Raises BadInput that names the field."""
        value = self.text(name).strip()
        if not value and not needed:
            return None
        return cast(date, at(name, lambda: inputs.written_day(value, what, today)))


def at(field_name: str, read: Callable[[], Any]) -> Any:
    """Read a field; what is wrong with it names the field, unless it names another, so that the page can point there."""
    try:
        return read()
    except BadInput as error:
        raise BadInput(error.code, error.sentence, **({"field": field_name} | error.details)) from None


def days_of(first: str, last: str, today: date) -> tuple[date | None, date | None]:
    """Read a filter's first and last day, each of which may be open. Raises BadInput that names the fields."""
    problems = Problems()

    def read(text: str, name: str, what: str) -> date | None:
        return problems.take(lambda: at(name, lambda: inputs.written_day(text, what, today))) if text.strip() else None

    begin, end = read(first, "first", "The first day"), read(last, "last", "The last day")
    problems.stop()
    return inputs.in_order(begin, end)


@dataclass
class Problems:
    """Collects what is wrong with a form, so that everything is said at once."""

    found: list[CaseworkError] = field(default_factory=list)

    def take(self, read: Callable[[], Any], instead: Any = None) -> Any:
        """Read one thing; when it is bad remember why and go on."""
        try:
            return read()
        except BadInput as error:
            self.found += error.problems if isinstance(error, ManyProblems) else [error]
            return instead

    def stop(self) -> None:
        """Raise what was found: one problem as it is, several together."""
        if len(self.found) == 1:
            raise self.found[0]
        if self.found:
            raise ManyProblems(self.found)


class ManyProblems(BadInput):
    """Several fields are bad."""

    def __init__(self, problems: Iterable[CaseworkError]) -> None:
        self.problems = list(problems)
        super().__init__("FIELDS", " ".join(one.sentence for one in self.problems))


async def read_form(request: Request) -> Posted:
    """Read the form of a request within limits; a body that is no form is an empty one."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ("application/x-www-form-urlencoded", "multipart/form-data"):
        return Posted.nothing()
    data = await request.form(max_files=_FILES, max_fields=_FIELDS, max_part_size=_FIELD_SIZE)
    token = data.get("csrf")
    return Posted(data, token if isinstance(token, str) else "")


def posted_of(request: Request) -> Posted:
    posted: Posted = request.state.posted
    return posted
