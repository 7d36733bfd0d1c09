"""Kinds of trail entries and their wording for people. Must not know how entries are stored."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from functools import lru_cache
from typing import Any

# kind -> sentence; the names in braces are members of the entry's `about` and `detail`, and `from`/`to`/`trigger`.
WORDING: dict[str, str] = {
    "case:application:submitted": "Application {application} of {company_name} received for {programme}",
    "case:identifier:accepted": "Wrong check letter of {identifier} accepted: {why}",
    "case:state:changed": "{title}: {from} to {to}",
    "case:transition:refused": "Refused: {title}, {unmet_count} unmet",
    "case:deed:refused": "Refused: {title}, {unmet_count} unmet",
    "case:document:added": "Document added: {document_kind}, {filename}, version {version}",
    "case:document:opened": "Document {document} opened: {filename}",
    "case:document:waived": "The case may do without: {document_kind}",
    "case:document:refiled": "Document {document} filed again as document {filed_as}, {document_kind}, of {filed_in}",
    "case:site:added": "Site added: {site}",
    "case:finding:answered": "Criterion {criterion} answered {answer}",
    "case:findings:confirmed": "{count} answers of cycle {from_cycle} confirmed for this cycle, section {section}",
    "case:finding:assessed": "Criterion {criterion} assessed {assessment}",
    "case:action:closed": "Corrective action {finding} closed: {criterion}",
    "case:information:asked": "Request {request} for information, answer due on {reply_by}",
    "case:information:answered": "Answer to request {request} received on {received_on}",
    "case:visit:planned": "Visit planned for {planned_on}",
    "case:findings:assessed": "{count} answers assessed met together",
    "case:visit:recorded": "Visit of {held_on} recorded",
    "case:band:assessed": "Band {band} assessed on {assessed_on}",
    "case:recommendation:made": "Recommended to {outcome}",
    "case:recommendation:taken_back": "Recommendation to {outcome} taken back: {why}",
    "case:application:assigned": "Assigned to {assignee}",
    "case:approval:asked": "A second person is asked (no. {approval}): {asked}",
    "case:approval:confirmed": "Confirmed by a second person (no. {approval}): {asked}",
    "case:approval:refused": "Refused by a second person (no. {approval}): {asked}: {why}",
    "case:certificate:ended": "Certificate ended: {outcome}",
    "case:certificate:corrected": "Certificate {certificate} corrected: {what}",
    "case:certificate:reissued": "Certificate {previous} replaced by {certificate}",
    "case:certificate:imported": "Certificate {certificate} taken over from elsewhere: {what}",
    "case:consent:recorded": "Consent recorded for certificate {certificate}: {what}",
    "case:application:imported": "Application {application} of {company_name} taken over from paper: {what}",
    "case:state:imported": "{what}, as taken over from elsewhere",
    "case:account_manager:changed": "Account manager changed from {before} to {after}: {note}",
    "case:contact:noted": "Company contacted on {contacted_on}, expects to file by {expects_on}: {note}",
    "case:hold:placed": "Legal hold no. {hold} placed: {why}",
    "case:hold:lifted": "Legal hold no. {hold} lifted: {why}",
    "case:disposal:made": "Disposed of after the retention period (no. {approval}): {what}",
    "case:plan:moved": "{moved} planned messages moved, {why}",
    "case:deadline:moved": "Answer to request {request} due on {reply_by} instead of {before}, {why}",
    "clock:reminder:sent": "Reminder {rule} put into the outbox, recipients: {recipients}",
    "clock:reminder:superseded": "Reminder {rule} superseded: {outcome}",
    "clock:task:escalated": "Supervisors told of task {task}, open since {open_since}",
    "clock:timer:superseded": "{rule} superseded: {outcome}",
    "clock:sweep:held": "Sweep held: {lapses} certificates of {certificates} would lapse",
    "clock:sweep:confirmed": "Held sweep confirmed: {lapses} certificates of {certificates}",
    "mail:delivery:sent": "Message {message} delivered to {recipient}",
    "mail:delivery:failed": "Message {message} to {recipient} could not be delivered",
    "mail:delivery:in_doubt": "Message {message} to {recipient}: no answer after the text was sent",
    "mail:delivery:suppressed": "Message {message} to {recipient} was held back: {why}",
    "mail:address:suppressed": "Nothing is sent any more to the address of message {message}",
    "mail:address:released": "Mail goes again to an address that was held back: {why}",
    "mail:message:retried": "Message {message} is sent again; it was {before}",
    "mail:message:arrived": "Message {message} to {recipient} marked as arrived by a person who asked: {why}",
    "mail:relay:tried": "Mail relay tried: {outcome}",
    "people:task:closed": "Task {task} closed: {outcome}",
    "people:officer:added": "Account added for {officer} with roles {roles}",
    "people:role:changed": "Roles of {officer} changed",
    "people:officer:disabled": "Account of {officer} disabled; {cases} cases and {companies} companies handed over",
    "people:absence:recorded": "Absence of {officer} from {first} to {last} recorded, deputy {deputy}",
    "people:absence:ended": "Absence of {officer} from {first} ended with {last}, before it was to last to {planned_last}",
    "people:roles:attested": "Roles of {accounts} accounts attested (list {digest})",
    "people:deed:refused": "Refused: {title}: {why}",
    "people:account_manager:changed": "Account manager of {company_name} changed from {before} to {after}: {note}",
    "access:calendar:subscribed": "Address for a calendar program made; an older one is revoked",
    "access:calendar:revoked": "Address for a calendar program revoked",
    "access:route:denied": "Denied: {method} {route}",
    "register:import:completed": "Register import of {filename}: {rows} rows",
    "register:cut_over:completed": "Cut-over from {filename}: {added} {what} taken over of {rows} rows",
    "programme:edition:installed": "Programme {code}, edition {edition_name}, stored",
    "programme:criteria:accepted": "Criteria of {code}, edition {edition_name}, accepted as the administration's own",
    "access:session:started": "Signed in, session {session}",
    "access:session:ended": "Session {session} of {officer} ended: {why}",
    "access:sign_in:failed": "Sign-in failed {failures} times for {whom}, from {first} to {last}",
    "access:password:set": "Password of {officer} set",
    "access:code:enrolled": "{officer} set up one-time codes",
    "access:code:reset": "One-time codes of {officer} reset",
    "access:token:added": "Token {token} added for {officer} with roles {roles}, good until {until}",
    "access:token:revoked": "Token {token} of {officer} revoked",
    "access:provider:bound": "{officer} is known by an account at {issuer} from now on",
    "audit:sample:drawn": "Sample of {size} of {population} cases drawn with the seed {seed}",
    "audit:export:made": "Trail exported as {format}, {choice}: {entries} entries",
    "system:holidays:computed": "{count} public holidays of {zone} computed",
    "system:holiday:gazetted": "{day} is a public holiday in {zone}: {name}",
    "system:holiday:withdrawn": "{day} is no public holiday in {zone} after all: {name}: {why}",
    "audit:key:rotated": "The log is signed with {after} from now on, before it was {before}",
    "audit:origin:renewed": "The log goes on as {after}, before it was {before}: {why}",
    "system:retention:set": "Records of the kind {record_kind} are kept for {years} years: {source}",
    "system:clock:moved": "The installation's clock was set to {setting}",
    "system:installation:opened": "Installation {origin} set up",
}


_NAME = re.compile(r"\{(\w+)\}")
_OF_THE_ENTRY = frozenset({"from", "to", "unmet_count"})
_People = Mapping[str, str]  # names by opaque id


@lru_cache(maxsize=8192)  # the same days and kinds come again and again in a long export
def _day(value: str) -> str:
    """Return a day as people write it: Thu 28 Jan 2027."""
    try:
        day = date.fromisoformat(value)
    except ValueError:
        return value
    return f"{day:%a} {day.day} {day:%b %Y}"


@lru_cache(maxsize=8192)
def _plain(value: str) -> str:
    return value.replace("_", " ")


def _spoken(say: Callable[[str, _People], str]) -> Callable[[Any, _People], Any]:
    return lambda value, people: say(value, people) if isinstance(value, str) else value


def _recipient(value: str, people: _People) -> str:
    if not people:
        return value
    kind, _, who = value.partition(":")
    known = {"contact": "a contact of the company", "officer": people.get(who, "an officer")}
    return known.get(kind) or f"the {_plain(kind)}"


def _listed(value: Any, _people: _People) -> Any:
    return ", ".join(map(str, value)) if isinstance(value, list) else value


# How values are said that entries hold otherwise: opaque ids, short names, days. Others are said as they stand.
_SHORT = _spoken(lambda value, _: _plain(value))
_ON = _spoken(lambda value, _: _day(value))
_WHO = _spoken(lambda value, people: people.get(value, value))
_SAID: dict[str, Callable[[Any, _People], Any]] = {
    **dict.fromkeys(("document_kind", "rule", "message", "assessment"), _SHORT),
    **dict.fromkeys(("reply_by", "received_on", "planned_on", "held_on", "assessed_on", "open_since", "day"), _ON),
    **dict.fromkeys(("contacted_on", "expects_on", "first", "last", "planned_last"), _ON),
    **dict.fromkeys(("assignee", "before", "after", "officer", "deputy"), _WHO),
    "recipient": _spoken(_recipient),
    "roles": _listed,
}
# Each sentence for the operator %, and the names it wants, with what is said where one is not there and how its value
# is said: taken apart once and not for each entry of a long export.
_PARTS = {
    kind: (
        _NAME.sub("%s", sentence.replace("%", "%%")),
        [(name, name in _OF_THE_ENTRY, f"({name} not recorded)", _SAID.get(name)) for name in _NAME.findall(sentence)],
    )
    for kind, sentence in WORDING.items()
}
_NOTHING: dict[str, Any] = {}


def in_words(entry: Mapping[str, Any], people: _People = _NOTHING) -> str:
    """Return an entry as a sentence for people; an unknown kind is named as it stands.

    `people` names those whom entries know by opaque ids alone.
    """
    parts = _PARTS.get(entry["kind"])
    if parts is None:
        return str(entry["kind"])
    sentence, names = parts
    about, detail = entry.get("about", _NOTHING), entry.get("detail", _NOTHING)
    values = []
    for name, of_the_entry, missing, said in names:
        if of_the_entry:
            values.append(len(entry.get("unmet", ())) if name == "unmet_count" else _plain(entry.get(name, "")))
        elif said is None:
            values.append(about[name] if name in about else detail.get(name, missing))
        else:
            values.append(said(about[name] if name in about else detail.get(name, missing), people))
    return sentence % tuple(values)
