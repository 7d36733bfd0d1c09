"""Reads a programme file's text and refuses what is unsound, each problem with file, key and remedy.

Takes text, never a path: where files lie is not its business.
"""

import tomllib
from collections import Counter
from collections.abc import Collection, Iterator
from difflib import get_close_matches
from string import ascii_lowercase
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import ValidationError

from states.definition import TARGETS, BandReminder, Programme, ReminderRule
from states.guards import GUARDS


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
    problems = list(_problems(programme, messages))
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


def _problems(programme: Programme, messages: Collection[str] | None) -> Iterator[str]:
    yield from _basic_problems(programme)
    yield from _transition_problems(programme)
    yield from _graph_problems(programme)
    yield from _clock_problems(programme)
    if messages is not None:
        yield from _message_problems(programme, messages)


def _unknown(key: str, what: str, name: str, known: Collection[str]) -> str:
    near = get_close_matches(name, known, n=1)
    remedy = f'Did you mean "{near[0]}"?' if near else f"Known: {', '.join(sorted(known))}."
    return f'{key}: {what} "{name}" does not exist. {remedy}'


def _basic_problems(programme: Programme) -> Iterator[str]:
    try:
        ZoneInfo(programme.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        yield f'time_zone: "{programme.time_zone}" is not a time zone. Write one such as "Asia/Singapore".'
    lists = {
        "states": [s.name for s in programme.states],
        "documents": [d.kind for d in programme.documents],
        "reminders": [f"{r.rule}, {phase}" for r in programme.reminders for phase in r.phases],
        "band_reminders": [r.rule for r in programme.band_reminders],
        "criteria": [c.code for i in programme.instruments for s in i.sections for c in s.criteria],
    }
    for key, names in lists.items():
        for name, count in Counter(names).items():
            if count > 1:
                yield f'{key}[{name}]: "{name}" is used {count} times. Give each one a name of its own.'
    if programme.initial not in programme.state_by_name:
        yield _unknown("initial", "state", programme.initial, programme.state_by_name)


def _transition_problems(programme: Programme) -> Iterator[str]:
    states = programme.state_by_name
    seen: dict[tuple[str, str], set[str]] = {}
    for transition in programme.transitions:
        key = f"transitions[{transition.trigger}]"
        named = (transition.target,) if transition.target not in TARGETS else ()
        for state in (*transition.sources, *transition.returning_to, *named):
            if state not in states:
                yield _unknown(key, "state", state, [*states, *TARGETS])
        for guard in transition.guards:
            if guard not in GUARDS:
                yield _unknown(f"{key}.guards", "guard", guard, GUARDS)
        first_pair = "recommended" in transition.guards or "decided" in transition.distinct_from
        if transition.distinct_from and not first_pair:
            yield f'{key}.distinct_from: four-eyes needs the guard "recommended", or nobody was the first pair of eyes.'
        for source in transition.sources:
            # Two of one trigger may leave a side state only when they differ in the state below it.
            before, own = seen.get((transition.trigger, source)), set(transition.returning_to)
            if before is not None and (not before or not own or before & own):
                yield f"{key}: two transitions of this trigger leave {source}. Keep one, or give the other its own trigger."
            seen[transition.trigger, source] = (before or set()) | own


def _graph_problems(programme: Programme) -> Iterator[str]:
    reached = {programme.initial}
    while True:
        more = {t.target for t in programme.transitions if reached & set(t.sources)} - reached - set(TARGETS)
        if not more:
            break
        reached |= more
    for state in programme.states:
        if state.name not in reached:
            yield f"states[{state.name}]: no transition leads here. Add one, or remove the state."
        if state.kind != "closed" and not programme.from_state(state.name):
            yield f'states[{state.name}]: nothing leads out of it. Add a transition, or make its kind "closed".'


def _clock_problems(programme: Programme) -> Iterator[str]:
    for timer in programme.timers:
        key = f"timers[{timer.trigger}]"
        fired = [t for t in programme.transitions if t.trigger == timer.trigger]
        if not fired:
            yield _unknown(key, "trigger", timer.trigger, programme.triggers)
        elif not any("clock" in t.roles for t in fired):
            yield f'{key}: the clock may not fire this trigger. Add "clock" to its roles.'
    for reminder in programme.reminders:
        yield from _offset_problems("reminders", reminder)
    for band_reminder in programme.band_reminders:
        yield from _offset_problems("band_reminders", band_reminder)


def _offset_problems(key: str, reminder: ReminderRule | BandReminder) -> Iterator[str]:
    named = int(reminder.rule[1:].rstrip(ascii_lowercase))
    if named != reminder.offset_days:
        yield (
            f"{key}[{reminder.rule}].offset_days: {reminder.offset_days} does not agree with the rule's name. "
            f"Write {named}."
        )


def _message_problems(programme: Programme, known: Collection[str]) -> Iterator[str]:
    places = {f"transitions[{t.trigger}].messages": tuple(t.messages.values()) for t in programme.transitions}
    places |= {f"reminders[{r.rule}].message": (r.message,) for r in (*programme.reminders, *programme.band_reminders)}
    information = programme.information
    places["information"] = (information.reminder_message, information.final_notice_message)
    places["submission_messages"] = tuple(programme.submission_messages.values())
    for key, messages in places.items():
        for message in messages:
            if message not in known:
                yield _unknown(key, "message template", message, known)
