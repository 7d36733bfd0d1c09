"""Turns a message's name and payload into subject, text and HTML. A value that is missing is an error, never a blank."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from textwrap import wrap
from typing import Any
from urllib.parse import quote

from jinja2 import (
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    StrictUndefined,
    TemplateError,
    TemplateSyntaxError,
    select_autoescape,
)
from markupsafe import Markup

TEMPLATES = Path(__file__).resolve().parents[1] / "templates"
_PARTS = ("subject.txt", "body.txt", "body.html")
_WIDTH = 76
_BARE = re.compile(r"<([a-z][a-z0-9]*)>")
_WHOLE = re.compile(
    r"\b(?:[A-Z][a-z]{2} \d{1,2} [A-Z][a-z]{2} \d{4}|UEN \w+)\b|^\N{EM DASH} \S+ \S+$"
)  # never broken in two; the last is a signature
_KEPT = "\0"  # stands for a space that must not break
_INDENT = re.compile(r" *(- )?")
_BLANKS = re.compile(r"\n(?:[ \t]*\n){2,}")


@dataclass(frozen=True)
class Attachment:
    """A file beside the text. `filename` is of ASCII letters, digits, dot, dash and underscore."""

    filename: str
    content: bytes
    media_type: str = "text/calendar; charset=utf-8; method=PUBLISH"


@dataclass(frozen=True)
class Rendered:
    """What a message says; its addresses and date are the envelope's."""

    subject: str
    text: str
    html: str
    attachments: tuple[Attachment, ...] = ()
    fault: str = ""  # why the overriding template could not be used, as a sentence; the shipped one stands in


class Renderer:
    """Renders the three files of a message; a folder of overriding templates comes first.

    `base_url` is where people reach the pages; without it messages have no buttons.
    """

    def __init__(self, override: Path | None = None, *, base_url: str = "") -> None:
        self._base_url = base_url.rstrip("/")
        self._override = override
        self._shipped = self._environment(TEMPLATES)
        self._own = self._environment(override, TEMPLATES) if override else self._shipped

    def render(self, message: str, payload: Mapping[str, Any]) -> Rendered:
        """Render a message. Raises TemplateError for an unknown message or a missing value.

        A faulty override must not stop mail that is owed: the shipped template takes its place, and `fault` says why.
        """
        if self._own is self._shipped:
            return _rendered(self._shipped, message, payload)
        try:
            return _rendered(self._own, message, payload)
        except TemplateError as error:
            return replace(_rendered(self._shipped, message, payload), fault=self._sentence(message, error))

    def _sentence(self, message: str, error: TemplateError) -> str:
        line = f", line {error.lineno} of {error.name}" if isinstance(error, TemplateSyntaxError) else ""
        return (
            f"The overriding template of {message} in {self._override} cannot be used{line}: {str(error.message).rstrip('.')}. "
            f"The shipped one is sent instead. Mend the file, then try `aeo outbox preview {message}`."
        )

    def _environment(self, *folders: Path) -> Environment:
        made = Environment(
            loader=ChoiceLoader([FileSystemLoader(folder) for folder in folders]),
            undefined=StrictUndefined,
            autoescape=select_autoescape(["html"]),
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        made.filters |= {"day": day_in_words, "styled": styled, "wrapped": wrapped, "path": quote}
        made.globals["base_url"] = self._base_url
        return made


def _rendered(environment: Environment, message: str, payload: Mapping[str, Any]) -> Rendered:
    try:
        subject, text, html = (environment.get_template(f"email/{message}/{part}").render(payload) for part in _PARTS)
    except TemplateError:
        raise
    except Exception as error:  # a template may do anything: a file that is not UTF-8, a filter given the wrong value
        raise TemplateError(f"{type(error).__name__}: {error}") from error
    return Rendered(" ".join(subject.split()), text, html)


def messages() -> frozenset[str]:
    """Return the names of the messages that have all their three templates."""
    return frozenset(
        folder.name for folder in (TEMPLATES / "email").iterdir() if all((folder / part).is_file() for part in _PARTS)
    )


def day_in_words(value: str | date | None) -> str:
    """A date as people write it, from ISO: Thu 28 Jan 2027."""
    if value is None:
        return "a date that is not set"
    found = value if isinstance(value, date) else date.fromisoformat(value[:10])
    return f"{found:%a} {found.day} {found:%b %Y}"


def styled(html: str, looks: Mapping[str, str]) -> Markup:
    """Write looks into bare tags. What people wrote is escaped by now and holds no tag."""
    return Markup(_BARE.sub(lambda tag: f"<{tag[1]} {looks[tag[1]]}>" if tag[1] in looks else tag[0], str(html)))  # noqa: S704  # as above


def wrapped(text: str) -> str:
    """Break long lines between words, further lines under the first; addresses and long words stay whole."""
    lines = [line for long in _BLANKS.sub("\n\n", text.strip("\n")).split("\n") for line in _broken(long)]
    return "\n".join(lines) + "\n"


def _broken(line: str) -> list[str]:
    if len(line) <= _WIDTH:
        return [line.rstrip(" ")]
    start = _INDENT.match(line)
    further = " " * len(start.group()) if start else ""
    whole = _WHOLE.sub(lambda one: one[0].replace(" ", _KEPT), line)
    lines = wrap(whole, _WIDTH, subsequent_indent=further, break_long_words=False, break_on_hyphens=False,
                 replace_whitespace=False, expand_tabs=False)  # fmt: skip
    return [one.replace(_KEPT, " ") for one in lines] or [""]
