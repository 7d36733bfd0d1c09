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
_DAY = len("2027-01-28")
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

_MAIL = {
    "queued": "Queued",
    "sending": "Sending",
    "sent": "Sent",
    "failed": "Failed",
    "in_doubt": "Uncertain",
    "suppressed": "Held back",
}
_MAIL_GLYPHS = {
    "queued": "state-clock",
    "sending": "state-clock",
    "sent": "yes",
    "failed": "no",
    "in_doubt": "warn",
    "suppressed": "awaiting_information",
}
_KEPT = "kept in the local mailbox"
_CAUSES = {
    "decision": "A decision on the case",
    "planned": "A planned message",
    "application": "The application came in",
    "visit": "A visit was planned",
    "request": "Question{number} to the company",
    "entry": "The company got another account manager",
    "account": "An administrator changed how the colleague signs in",
    "task": "Task{number} stayed open",
    "notification": "Message{number} did not arrive",
}
_TRIES = {"temporary": "Refused for now", "permanent": "Refused for good", "arrived": "Marked as arrived"}
_FATES = {"planned": "Planned", "done": "Done", "superseded": "Superseded", "cancelled": "Cancelled"}
_SPANS = {"runs": "Runs", "stopped": "Stopped", "off": "Does not count"}
_FAMILIES = {
    "decisions": "Decisions and refusals",
    "documents": "Documents",
    "answers": "Answers and assessments",
    "visits": "Visits and band",
    "questions": "Questions to the company",
    "clock": "What the clock did",
    "other": "Everything else",
}
_FIELDS = {
    "assignee_id": "Officer",
    "cycle": "Cycle",
    "deadline": "Service target",
    "complete_at": "Complete since",
    "certificate_number": "Certificate",
    "valid_from": "Valid from",
    "valid_until": "Last day of validity",
    "ended_on": "Ended on",
    "suspended_on": "Suspended on",
    "continues_until": "Continues until",
    "next_certificate": "Certificate that follows",
    "next_valid_from": "That one is valid from",
    "next_valid_until": "Its last day",
    "publication_consent": "May be published",
    "partner_consent": "May be told to partners",
}
# What a company reads of its case: a title, and what happens next.
_COMPANY = {
    "submitted": ("Received", "We look whether everything is there. If something is missing, we write to you."),
    "checklist_review": ("We are checking your answers", "We read your answers and documents. Then we visit you."),
    "awaiting_information": ("Waiting for you", "Answer the questions. Our clock runs again when your answers arrive."),
    "validation": ("On-site assessment", "We visit your sites. Then the application is decided."),
    "certified": ("Certified", "Keep to what you declared and tell us about changes. We write to you before it ends."),
    "revalidation_due": ("Time to renew", "Send your renewal application, so that there is time to decide it."),
    "lapsed": ("Certificate ended", "You can apply again at any time."),
    "rejected": ("Application not approved", "The letter says why and what you can do about it."),
    "withdrawn": ("Withdrawn by you", "You can apply again at any time."),
    "suspended": ("Suspended", "The letter says why, and what has to be done before the benefits count again."),
    "revoked": ("Revoked", "The letter says why and what you can do about it."),
}
_COMPANY_KINDS = {
    "review": ("We are working on your application", "We write to you when something changes."),
    "waiting": _COMPANY["awaiting_information"],
    "certified": _COMPANY["certified"],
    "suspended": _COMPANY["suspended"],
    "closed": ("Closed", "You can apply again at any time."),
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


def ahead(rule: str) -> str:
    """Return how far a reminder lies from the last valid day, of a certificate (T-60, T-60c, T+1) or a band (B-30)."""
    days = int(rule[1:].rstrip("abcdefghijklmnopqrstuvwxyz"))
    far = f"{plural(-days, 'day', 'days')} left" if days < 0 else f"{plural(days, 'day', 'days')} after"
    return ("Band, " if rule[0] == "B" else "") + (far if days else "Last day")


def holds(until: date, today: date) -> str:
    """Return what stands before the last day of a band: one that is over holds no more."""
    return "ended on" if until < today else "holds to"


def planned(name: str) -> str:
    return _CLOCK.get(name) or name.replace("_", " ").capitalize()


def came_of(outcome: str | None) -> str:
    """Return what became of something planned, in words; that the clock did it stands there already."""
    return "" if not outcome or outcome.startswith("fired ") else outcome


def message(name: str) -> str:
    """Return a message by its name as people speak of it: certificate suspended."""
    return _MESSAGES.get(name) or name.replace("_", " ")


def mail_state(status: str) -> str:
    return _MAIL.get(status, status)


def mail_glyph(status: str) -> str:
    return _MAIL_GLYPHS.get(status, "mail")


def mail_try(outcome: str) -> str:
    """Return what one try came to: Sent, Refused for now, Refused for good, Uncertain."""
    return _TRIES.get(outcome) or mail_state(outcome)


def reply(text: str) -> str:
    """Return what a mail server said; of the local mailbox without the name of the file."""
    return _KEPT if text.startswith(_KEPT) else text


def recipient(name: str, who: str) -> str:
    """Return whom a message is for: the company or a contact of it, or a colleague in a role or by name."""
    kind = name.partition(":")[0]
    if kind in ("contact", "company"):
        return who or "the company"
    role_ = {"account_manager": "account manager", "assignee": "officer of the case"}.get(name, "")
    return ", ".join(filter(None, (who, role_))) or "a colleague"


def why_sent(why: Mapping[str, Any]) -> str:
    """Return why a message goes out, as a sentence without its end."""
    number = f" {why['number']}" if why["number"] else ""
    if why["kind"] == "decision" and why["rule"]:
        return f"Decision{number} of the case: {why['rule']}"
    if why["kind"] == "planned" and why["rule"]:
        return f"Rule {why['rule'].replace('_', ' ')}, due {day(why['on'])}"
    return _CAUSES.get(why["kind"], "Sent by the clock to colleagues").format(number=number)


def fate(status: str) -> str:
    return _FATES.get(status, status)


def span(clock_: str) -> str:
    return _SPANS.get(clock_, clock_)


def family(name: str) -> str:
    return _FAMILIES.get(name, name)


def changed(name: str) -> str:
    return _FIELDS.get(name, name.replace("_", " ").capitalize())


def value(found: Any, zone: str) -> str:
    """Return a value of an entry as people read it: days and instants in words, nothing as a dash."""
    if found is None or found == "":
        return "nothing"
    if isinstance(found, bool):
        return "yes" if found else "no"
    if isinstance(found, str) and len(found) >= _DAY and found[4:5] == "-" and found[7:8] == "-":
        try:
            return day(date.fromisoformat(found)) if len(found) == _DAY else moment(datetime.fromisoformat(found), zone)
        except ValueError:
            return found
    return str(found)


def for_company(state: str, kind: str, *, no_reply: bool = False) -> tuple[str, str]:
    """Return what a company reads of a state: a title, and what happens next."""
    if state == "withdrawn" and no_reply:
        return "Closed, no answer", "You can apply again at any time."
    return _COMPANY.get(state) or _COMPANY_KINDS[kind]


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
