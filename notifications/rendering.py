"""Turns a message's name and payload into subject, text and HTML. A value that is missing is an error, never a blank."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined, select_autoescape

TEMPLATES = Path(__file__).resolve().parents[1] / "templates"


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


class Renderer:
    """Renders the three files of a message; a folder of overriding templates comes first."""

    def __init__(self, override: Path | None = None) -> None:
        folders = [folder for folder in (override, TEMPLATES) if folder is not None]
        self._environment = Environment(
            loader=ChoiceLoader([FileSystemLoader(folder) for folder in folders]),
            undefined=StrictUndefined,
            autoescape=select_autoescape(["html"]),
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        self._environment.filters["day"] = day_in_words

    def render(self, message: str, payload: dict[str, Any]) -> Rendered:
        """Render a message. Raises jinja2 errors for an unknown message or a missing value."""
        subject, text, html = (
            self._environment.get_template(f"email/{message}/{part}").render(payload)
            for part in ("subject.txt", "body.txt", "body.html")
        )
        return Rendered(" ".join(subject.split()), text, html)


def messages() -> frozenset[str]:
    """Return the names of the messages that have all their three templates."""
    return frozenset(
        folder.name
        for folder in (TEMPLATES / "email").iterdir()
        if all((folder / part).is_file() for part in ("subject.txt", "body.txt", "body.html"))
    )


def day_in_words(value: str | date | None) -> str:
    """A date as people write it, from ISO: Thu 28 Jan 2027."""
    if value is None:
        return "a date that is not set"
    found = value if isinstance(value, date) else date.fromisoformat(value[:10])
    return f"{found:%a} {found.day} {found:%b %Y}"
