"""Reads a programme file's text and refuses what is unsound, each problem with file, key and remedy.

Takes text, never a path: where files lie is not its business.
"""

import tomllib
from collections.abc import Collection
from typing import Any

from pydantic import ValidationError

from states.definition import Programme
from states.soundness import problems_of


class UnsoundProgramme(Exception):
    """The programme file cannot be used; `problems` are sentences that a clerk can act on."""

    def __init__(self, file: str, problems: list[str]) -> None:
        self.file = file
        self.problems = problems
        super().__init__("\n".join(f"{file}: {problem}" for problem in problems))


def load_programme(text: str, *, file: str, messages: Collection[str] | None = None) -> Programme:
    """Return the programme that a TOML text defines.

    `messages` are the names of the e-mail templates that exist; None leaves that one check out.
    Raises UnsoundProgramme with every problem at once.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UnsoundProgramme(file, [f"This is not TOML: {error}. Mend the line named."]) from error
    programme = _validated(data, file)
    problems = list(problems_of(programme, messages))
    if problems:
        raise UnsoundProgramme(file, problems)
    return programme


def read_stored(canonical: str) -> Programme:
    """Return a programme from the canonical JSON of a stored edition, which was checked when it was stored."""
    return Programme.model_validate_json(canonical)


def _validated(data: dict[str, Any], file: str) -> Programme:
    try:
        return Programme.model_validate(data)
    except ValidationError as error:
        problems = [_sentence(e["type"], e["loc"], e["msg"], data) for e in error.errors()]
        raise UnsoundProgramme(file, problems) from error


def _sentence(kind: str, location: tuple[int | str, ...], message: str, data: dict[str, Any]) -> str:
    key = _key(location, data)
    if kind == "missing":
        return f"{key}: this key is missing. Add it."
    if kind == "extra_forbidden":
        return f"{key}: no such key exists here. Remove it, or correct its spelling."
    return f"{key}: {message}. Write a value of that kind."


def _key(location: tuple[int | str, ...], data: Any) -> str:
    """Name a place as a person would: transitions[certify].to instead of transitions.5.to."""
    words: list[str] = []
    for step in location:
        if step == "[key]" or not isinstance(data, (dict, list)):
            break  # what follows names a kind of value, not a place in the file
        data = _step_into(data, step)
        if isinstance(step, int) and words:
            name = (
                next((data[k] for k in ("trigger", "name", "rule", "code", "kind") if k in data), None)
                if isinstance(data, dict)
                else None
            )
            words[-1] += f"[{name or step + 1}]"
        else:
            words.append(str(step))
    return ".".join(words)


def _step_into(data: Any, step: int | str) -> Any:
    try:
        return data[step]
    except (KeyError, IndexError, TypeError):
        return None
