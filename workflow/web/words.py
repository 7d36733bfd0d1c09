"""How pages say things: dates, standing, messages, roles, states as badges. Knows no database and no request."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from states.guards import in_words, role_words


@dataclass(frozen=True)
class Badge:
    """A colour family, a border and a glyph; the word beside them says the same."""

    family: str
    border: str
    glyph: str


_BADGES = {
    "submitted": Badge("ours", "solid", "submitted"),
    "checklist_review": Badge("ours", "solid", "checklist_review"),
    "awaiting_information": Badge("theirs", "dashed", "awaiting_information"),
    "validation": Badge("ours", "solid", "validation"),
    "certified": Badge("force", "solid", "certified"),
    "revalidation_due": Badge("due", "solid", "revalidation_due"),
    "lapsed": Badge("ended", "none", "lapsed"),
    "rejected": Badge("adverse", "solid", "rejected"),
    "withdrawn": Badge("ended", "none", "withdrawn"),
    "suspended": Badge("adverse", "dashed", "suspended"),
    "revoked": Badge("adverse", "solid", "revoked"),
}
_BY_KIND = {
    "review": Badge("ours", "solid", "state"),
    "waiting": Badge("theirs", "dashed", "awaiting_information"),
    "certified": Badge("force", "solid", "certified"),
    "suspended": Badge("adverse", "dashed", "suspended"),
    "closed": Badge("ended", "none", "lapsed"),
}

_WAITS_FOR = {
    "officer": "an officer",
    "approver": "an approver",
    "company": "the company",
    "account_manager": "the account manager",
    "clock": "the clock",
    "nobody": "nobody",
}
_AUDIENCE = {
    "company": "the company",
    "account_manager": "the account manager",
    "officer": "the officer",
    "supervisor": "supervisors",
    "clock": "",
}
_CLOCK = {
    "open_revalidation": "Revalidation opens",
    "lapse": "The certificate's last day is over: the case lapses",
    "renewal_heads_up": "Notice that the renewal is coming",
    "renewal_invitation": "Invitation to renew",
    "renewal_not_started": "Notice that the renewal has not begun",
    "renewal_pack_due": "Reminder: the renewal pack is due",
    "renewal_reminder": "Reminder to renew",
    "renewal_last_day": "Notice of the last day of validity",
    "certificate_ended": "Notice that the certificate has ended",
    "certificate_ends": "Notice that the certificate ends",
    "certificate_ended_under_review": "Notice that the certificate has ended, the renewal undecided",
    "renewal_undecided": "Notice that the renewal is undecided",
    "renewal_under_review": "Notice that the renewal is under review",
    "renewal_waits_for_information": "Notice that the renewal waits for answers",
    "information_reminder": "Reminder: an answer was due",
    "information_final_notice": "Final notice: an answer was due",
    "band_ends": "Notice that the band ends before the certificate",
    "reminder_of_task": "Reminder: a second person must confirm",
}
_ANSWERS = {"yes": "Yes", "no": "No", "na": "Not applicable", None: "No answer yet"}
_ASSESSMENTS = {
    "met": "Met",
    "action": "Met with action",
    "unmet": "Not met",
    "ask": "Company asked",
    None: "To assess",
}
_OUTCOMES = {
    "certify": "certify",
    "reject": "reject the application",
    "suspend": "suspend the certificate",
    "reinstate": "reinstate the certificate",
    "revoke": "revoke the certificate",
    "extend": "extend the certificate",
}


_MESSAGES = {
    "certified": "certificate and letter",
    "information_requested": "the question",
    "renewal_received": "renewal received",
}

# Fields whose text is worth keeping when a form fails, as people call them; the rest goes along unseen.
FIELDS = {
    "reason": "Reason",
    "internal_reason": "Internal reason",
    "note": "Note",
    "remark": "Remark",
    "question": "Question",
    "answer_text": "Answer",
    "evidence": "Evidence",
}


def badge(state: str, kind: str) -> Badge:
    """Return how a state looks; one that a new programme brings looks like its kind."""
    return _BADGES.get(state) or _BY_KIND[kind]


def day(value: date | None) -> str:
    return in_words(value) if value else ""


def moment(value: datetime | None, zone: str) -> str:
    """Return an instant as people of a zone write it: Tue 24 Nov 2026, 9:12."""
    if value is None:
        return ""
    local = value.astimezone(ZoneInfo(zone))
    return f"{in_words(local.date())}, {local.hour}:{local:%M}"


def written(value: str | datetime, zone: str) -> str:
    """Return an instant of an entry as people of a zone write it."""
    return moment(datetime.fromisoformat(value) if isinstance(value, str) else value, zone)


def local(value: datetime | None, zone: str) -> date | None:
    return value.astimezone(ZoneInfo(zone)).date() if value else None


def place(zone: str) -> str:
    """Return a zone as people say it: Singapore time."""
    return f"{zone.rpartition('/')[2].replace('_', ' ')} time"


def standing(case: Mapping[str, Any]) -> tuple[str, str]:
    """Return the standing of a case's certificate in words, and the date that belongs to them."""
    certificate = case["certificate"] or {}
    match case["standing"]:
        case "pending":
            return "Certificate in force from", day(certificate["valid_from"])
        case "in_force":
            return "In force to", day(certificate["valid_until"])
        case "suspended":
            return "Suspended; certificate runs to", day(certificate["valid_until"])
        case "ended":
            return "Certificate ended on", day(certificate["valid_until"])
        case _:
            return "No certificate", ""


def plural(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def distance(due: date, today: date, working_days: int) -> str:
    """Return how far a day is from today, counted in working days."""
    if due == today:
        return "today"
    if working_days == 0:
        return "last weekend or holiday" if due < today else "before the next working day"
    if working_days < 0:
        return f"{plural(-working_days, 'working day', 'working days')} late"
    return f"in {plural(working_days, 'working day', 'working days')}"


def cycle(number: int) -> str:
    return "first application" if number == 1 else f"renewal {number - 1}"


def waits_for(who: str) -> str:
    return _WAITS_FOR.get(who, who)


def audience(names: str) -> str:
    """Return to whom a planned message goes; nothing where the clock acts alone."""
    words = [_AUDIENCE.get(name, name) for name in names.split(",")]
    words = [word for word in words if word]
    return "" if not words else f"to {words[0] if len(words) == 1 else ', '.join(words[:-1]) + ' and ' + words[-1]}"


def planned(name: str) -> str:
    return _CLOCK.get(name) or name.replace("_", " ").capitalize()


def message(name: str) -> str:
    """Return a message by its name as people speak of it: certificate suspended."""
    return _MESSAGES.get(name) or name.replace("_", " ")


def answer(value: str | None) -> str:
    return _ANSWERS.get(value, str(value))


def assessment(value: str | None) -> str:
    return _ASSESSMENTS.get(value, str(value))


def outcome(value: str) -> str:
    return _OUTCOMES.get(value, value)


def role(name: str) -> str:
    """Return a role as it stands beside a person: account manager."""
    return ", ".join(role_words((one,)).partition(" ")[2] or one for one in name.split(",") if one)


def roles(names: Iterable[str]) -> str:
    """Return roles as they stand under a name: Officer, account manager."""
    said = ", ".join(role(name) for name in sorted(names))
    return said[:1].upper() + said[1:]


def named(people: Iterable[Mapping[str, Any]], first: str, *, without: str = "") -> list[tuple[str, str]]:
    """Return people as options of a choice, after a first one that chooses nobody."""
    return [("", first), *((str(one["email"]), str(one["name"])) for one in people if one["email"] != without)]


def typed_day(value: date | str | None) -> str:
    """Return a day as somebody would type it into a form: 27 Mar 2027."""
    return f"{value.day} {value:%b %Y}" if isinstance(value, date) else value or ""


@dataclass(frozen=True)
class Clock:
    """The service clock of a case: how it stands, the share that has run (of 100), and words; in lists the first alone."""

    kind: str  # running, late, stopped, waiting
    share: int | None
    words: str
    until: str = ""  # what the date is
    on: str = ""


def clock(case: Mapping[str, Any], today: date) -> Clock | None:
    """Return the service clock of a case under review, or None where no clock runs."""
    begun, due = local(case["complete_at"], case["time_zone"]), case["deadline"]
    if case["state_kind"] == "waiting":
        late = due is not None and due < today
        since = f"Stopped since {day(local(case['state_since'], case['time_zone']))}"
        until = "" if due is None else "answers were due" if late else "answers due by"
        return Clock("stopped late" if late else "stopped", None, since, until, day(due))
    if case["state_kind"] != "review":
        return None
    if begun is None:
        return Clock("waiting", None, "Starts when complete")
    if due is None:
        return Clock("running", None, f"Day {max((today - begun).days, 0)}", "no target set")
    run, whole = max((today - begun).days, 0), max((due - begun).days, 1)
    if today > due:
        return Clock("late", 100, f"Day {run} of {whole}", "target was", day(due))
    return Clock("running", min(100 * run // whole, 100), f"Day {run} of {whole}", "decide by", day(due))
