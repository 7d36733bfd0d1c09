"""What is wrong with a programme whose every key is in order: each problem with its key and what to write instead.

Pure; `loader.py` turns a file into a Programme first.
"""

from collections import Counter
from collections.abc import Collection, Iterator
from difflib import get_close_matches
from string import ascii_lowercase
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from states.dates import WEEKDAYS
from states.definition import (
    BACK,
    DATED,
    PHASES,
    TARGETS,
    BandReminder,
    Effect,
    Kind,
    Programme,
    ReminderRule,
    Transition,
)
from states.guards import GUARDS

# What a guard needs a caller to give.
_GIVEN = {
    "valid_until_later": ("valid_until", "date"),
    "last_day_ahead": ("valid_until", "date"),
    "order_attached": ("order", "document"),
}
# The kind of state that a transition with an effect leads to, or starts in.
_LEADS_TO: dict[Effect, Kind] = {
    "open_cycle": "review",
    "ask_information": "waiting",
    "issue_certificate": "certified",
    "suspend_certificate": "suspended",
    "revoke_certificate": "closed",
    "surrender_certificate": "closed",
}
_STARTS_IN: dict[Effect, Kind] = {"take_information": "waiting"}


def problems_of(programme: Programme, messages: Collection[str] | None) -> Iterator[str]:
    """Say everything that is wrong; `messages` are the e-mail templates that exist, None leaves that check out."""
    yield from _basic_problems(programme)
    yield from _rule_problems(programme)
    yield from _calendar_problems(programme)
    for transition in programme.transitions:
        yield from _transition_problems(programme, transition)
        yield from _effect_problems(programme, transition)
    yield from _overlap_problems(programme)
    yield from _graph_problems(programme)
    yield from _clock_problems(programme)
    yield from _reminder_problems(programme)
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
        "instruments": [i.code for i in programme.instruments],
        "criteria": [c.code for i in programme.instruments for s in i.sections for c in s.criteria],
    }
    for key, names in lists.items():
        for name, count in Counter(names).items():
            if count > 1:
                yield f'{key}[{name}]: "{name}" is used {count} times. Give each one a name of its own.'
    for state in programme.states:
        if state.name in TARGETS:
            yield f'states[{state.name}]: "{state.name}" means a way back in the key "to". Give the state another name.'
    initial = programme.state_by_name.get(programme.initial)
    if initial is None:
        yield _unknown("initial", "state", programme.initial, programme.state_by_name)
    elif initial.kind != "review":
        yield (
            f'initial: "{initial.name}" is of kind "{initial.kind}", but a case begins by being reviewed. '
            'Name a state of kind "review".'
        )


def _rule_problems(programme: Programme) -> Iterator[str]:
    """Programme-wide rules that contradict each other or that a certificate could not do without."""
    renewal, band = programme.renewal, programme.band
    if renewal.pending_at_expiry == "continues_days" and not renewal.continues_days:
        yield 'renewal.continues_days: "continues_days" needs a number of days. Write one such as 60.'
    if renewal.pending_at_expiry != "continues_days" and renewal.continues_days:
        yield (
            f'renewal.continues_days: no day is counted while pending_at_expiry is "{renewal.pending_at_expiry}". '
            'Remove this key, or write pending_at_expiry = "continues_days".'
        )
    if band.minimum not in band.years:
        yield (
            f"band.years: how long {band.minimum}, the minimum, holds is not said. "
            f"Add it, such as {band.minimum} = {programme.validity.years}."
        )
    if not programme.criteria:
        yield "instruments: there is no criterion, so there would be nothing to assess. Add a section with one."
    if not any(document.mandatory for document in programme.documents):
        yield "documents: no document is required, so no pack could be incomplete. Make at least one mandatory."
    if not any(state.kind == "certified" for state in programme.states):
        yield 'states: no state is of kind "certified". Add the one that a certified case is in.'
    if not any("issue_certificate" in t.effects for t in programme.transitions):
        yield 'transitions: none has the effect "issue_certificate". Add it to the one that certifies.'


def _calendar_problems(programme: Programme) -> Iterator[str]:
    """Weekdays that law leaves out."""
    named = programme.calendars.statutory_excludes if programme.calendars else ()
    for weekday, count in Counter(named).items():
        if count > 1:
            yield f'calendars.statutory_excludes: "{weekday}" is named {count} times. Name it once.'
    if set(named) == set(WEEKDAYS):
        yield "calendars.statutory_excludes: no weekday remains, so no deadline could ever end. Leave one out of it."


def _transition_problems(programme: Programme, transition: Transition) -> Iterator[str]:
    key, states = f"transitions[{transition.trigger}]", programme.state_by_name
    named = (transition.target,) if transition.target not in TARGETS else ()
    for state in (*transition.sources, *transition.returning_to, *named):
        if state not in states:
            yield _unknown(key, "state", state, [*states, *TARGETS])
    for guard in transition.guards:
        if guard not in GUARDS:
            yield _unknown(f"{key}.guards", "guard", guard, GUARDS)
    for role in transition.reason_required_of:
        if role not in transition.roles:
            yield f'{key}.reason_required_of: "{role}" may not fire this. Add it to roles, or remove it here.'
    yield from _way_back_problems(programme, transition)
    yield from _guard_problems(transition)


def _guard_problems(transition: Transition) -> Iterator[str]:
    """What guards and four-eyes need beside them."""
    key = f"transitions[{transition.trigger}]"
    first_pair = "recommended" in transition.guards or "decided" in transition.distinct_from
    if transition.distinct_from and not first_pair:
        yield f'{key}.distinct_from: four-eyes needs the guard "recommended", or nobody was the first pair of eyes.'
    if "recommended" in transition.guards and "recommended" not in transition.distinct_from:
        yield f'{key}.distinct_from: who recommended could decide too. Add "recommended".'
    for guard, (name, kind) in _GIVEN.items():
        if guard in transition.guards and transition.given.get(name) != kind:
            yield f'{key}.given: the guard "{guard}" looks at what the caller gives. Add {name} = "{kind}".'
    if "no_reply_noticed" in transition.guards and "no_reply" not in transition.reason_codes:
        yield f'{key}.reason_codes: the guard "no_reply_noticed" is for the code "no_reply". Add it, or drop the guard.'
    emergency = transition.emergency
    if emergency and emergency.reason_code not in transition.reason_codes:
        yield (
            f'{key}.emergency.reason_code: "{emergency.reason_code}" is not among the reason codes, so nobody could '
            "choose it. Add it to reason_codes."
        )


def _way_back_problems(programme: Programme, transition: Transition) -> Iterator[str]:
    """A way back needs a way in."""
    key, states = f"transitions[{transition.trigger}]", programme.state_by_name
    for source in transition.sources:
        if source not in states:
            continue
        entered = programme.before(source)
        side = transition.target == BACK or (transition.target == DATED and states[source].kind == "suspended")
        if side and not entered:
            yield (
                f"{key}.to: no transition leads to {source}, so there is no way back from it. Lead one there by name, "
                f"or take {source} out of from."
            )
        for below in transition.returning_to:
            if below in states and below not in entered:
                yield (
                    f"{key}.returning_to: {source} is not entered from {below}, so this would never apply. "
                    f"Remove {below}, or add a transition from it to {source}."
                )


def _effect_problems(programme: Programme, transition: Transition) -> Iterator[str]:
    """An effect belongs to a kind of state: where the transition leads, or where it starts."""
    key, states = f"transitions[{transition.trigger}].effects", programme.state_by_name
    target = states.get(transition.target)
    for effect in transition.effects:
        kind = _LEADS_TO.get(effect)
        if kind and (target is None or target.kind != kind):
            yield f'{key}: "{effect}" belongs to a transition whose target is of kind "{kind}". Correct "to", or remove it.'
        begins = _STARTS_IN.get(effect)
        wrong = [s for s in transition.sources if begins and s in states and states[s].kind != begins]
        if wrong:
            yield (
                f'{key}: "{effect}" belongs to a transition from a state of kind "{begins}", and {wrong[0]} is not one. '
                'Correct "from", or remove it.'
            )


def _overlap_problems(programme: Programme) -> Iterator[str]:
    """Two of one trigger may leave a side state only when they differ in the state below it."""
    seen: dict[tuple[str, str], set[str]] = {}
    for transition in programme.transitions:
        key = f"transitions[{transition.trigger}]"
        for source in transition.sources:
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
    ending = {t.trigger for t in programme.transitions if "end_certificate" in t.effects}
    if not any(timer.trigger in ending for timer in programme.timers):
        yield (
            "timers: none ends validity, so a certificate would never end by its date. "
            'Add a timer on a transition with the effect "end_certificate".'
        )


def _reminder_problems(programme: Programme) -> Iterator[str]:
    renewed = any("open_cycle" in t.effects for t in programme.transitions)
    for reminder in programme.reminders:
        key = f"reminders[{reminder.rule}].phases"
        yield from _offset_problems("reminders", reminder)
        if not reminder.phases:
            yield f"{key}: it is in no phase, so it would never go out. Name one of {', '.join(PHASES)}."
        yield from _unless_problems(reminder)
        for phase in reminder.phases:
            if phase != "running" and not renewed:
                yield (
                    f'{key}: "{phase}" never comes, as no transition has the effect "open_cycle". '
                    "Add one for renewals, or remove the phase."
                )
    for band_reminder in programme.band_reminders:
        yield from _offset_problems("band_reminders", band_reminder)
        if programme.validity.limited_by_band:
            yield (
                f"band_reminders[{band_reminder.rule}]: it would never go out, as a band that ends sooner ends the "
                "certificate. Remove it, or write validity.limited_by_band = false."
            )


def _unless_problems(reminder: ReminderRule) -> Iterator[str]:
    """What shows that a company has begun counts before its pack arrives, and spares colleagues alone."""
    key = f"reminders[{reminder.rule}].unless"
    for sign, count in Counter(reminder.unless).items():
        if count > 1:
            yield f'{key}: "{sign}" is named {count} times. Name it once.'
    if reminder.unless and set(reminder.phases) - {"running"}:
        yield (
            f"{key}: it looks at what a company does before its pack arrives, and there is nothing to look at after. "
            'Write phases = ["running"], or remove it.'
        )
    if reminder.unless and "company" in reminder.audience:
        yield (
            f"{key}: the company would not be reminded of its own renewal. Give colleagues a reminder of their own, or "
            "remove it."
        )


def _offset_problems(key: str, reminder: ReminderRule | BandReminder) -> Iterator[str]:
    named = int(reminder.rule[1:].rstrip(ascii_lowercase))
    if named != reminder.offset_days:
        yield (
            f"{key}[{reminder.rule}].offset_days: {reminder.offset_days} does not agree with the rule's name. "
            f"Write {named}."
        )


def _message_problems(programme: Programme, known: Collection[str]) -> Iterator[str]:
    information = programme.information
    named = [
        *((f"transitions[{t.trigger}].messages", name) for t in programme.transitions for name in t.messages.values()),
        *((f"reminders[{r.rule}].message", r.message) for r in programme.reminders),
        *((f"band_reminders[{r.rule}].message", r.message) for r in programme.band_reminders),
        ("information.reminder_message", information.reminder_message),
        ("information.final_notice_message", information.final_notice_message),
        *(("submission_messages", name) for name in programme.submission_messages.values()),
    ]
    for key, message in dict.fromkeys(named):
        if message not in known:
            yield _unknown(key, "message template", message, known)
