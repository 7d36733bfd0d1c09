"""What actions are called on pages, what they ask, what follows from them, and where each rule is met.

Words and places for machine names; knows no request and no database.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from states.guards import in_words, some
from workflow.access import Deed, role_for

# The act and its object, as a button says it.
BUTTONS = {
    "start_review": "Start review",
    "request_information": "Ask the company for information",
    "supply_information": "Record that the answers arrived",
    "pass_checklist": "Pass checklist",
    "return_to_checklist": "Return to checklist",
    "certify": "Issue certificate",
    "reject": "Reject application",
    "withdraw": "Record withdrawal",
    "open_revalidation": "Open revalidation",
    "renew": "Accept renewal application",
    "suspend": "Suspend certificate",
    "reinstate": "Reinstate certificate",
    "revoke": "Revoke certificate",
    "surrender": "Record that the certificate is given up",
    "extend": "Extend to a later date",
    "set_aside": "Set decision aside",
}
# What has happened once it is done.
DONE = {
    "start_review": "The review has begun",
    "request_information": "The question is put to the company",
    "supply_information": "The answers are in",
    "pass_checklist": "The checklist is passed",
    "return_to_checklist": "The case is back at the checklist",
    "certify": "The certificate is issued",
    "reject": "The application is rejected",
    "withdraw": "The withdrawal is recorded",
    "open_revalidation": "Revalidation is open",
    "renew": "The renewal application is accepted",
    "suspend": "The certificate is suspended",
    "reinstate": "The certificate is reinstated",
    "revoke": "The certificate is revoked",
    "surrender": "The certificate is given up",
    "extend": "The certificate is extended",
    "set_aside": "The decision is set aside",
}
RECOMMEND = {
    "certify": "Recommend certification",
    "reject": "Recommend rejection",
    "suspend": "Recommend suspension",
    "reinstate": "Recommend reinstatement",
    "revoke": "Recommend revocation",
    "extend": "Recommend an extension",
}
# Hard to undo: on a page of their own, with a button that looks it.
GRAVE = frozenset({"reject", "suspend", "revoke", "withdraw", "surrender", "set_aside"})
GIVEN = {
    "valid_from": ("Valid from", "Empty: today, or the day after a certificate that still runs"),
    "valid_until": ("Last day of validity", "Empty: as the rules compute it"),
    "reply_by": ("Answers are due by", "Empty: as many days as the programme gives"),
    "answers": ("Requests answered now", "Their numbers, such as 1,2, or: all"),
    "order": ("Order or ruling", "A document of the kind Order in this case"),
}
_NEW_LAST_DAY = ("New last day", "Later than the last day as it stands")
REASON_CODES = {
    "documents_missing": "Documents are missing",
    "criteria_not_met": "Criteria are not met",
    "band_too_low": "The band is too low",
    "compliance_record": "Compliance record",
    "no_customs_account": "No customs account",
    "request": "The company asked for it",
    "no_reply": "The company did not reply",
    "entity_ceased": "The company ceased to exist",
    "duplicate": "A duplicate of another case",
    "security_incident": "Security incident",
    "emergency": "Emergency: at once, a second person confirms",
    "false_information": "False information",
    "appeal": "Appeal",
    "court": "Court order",
    "stay": "Stay",
    "own_error": "Our own error",
}
_EFFECTS = {
    "complete_application": "The application counts as complete from today.",
    "open_cycle": "The renewal opens; the last answers become drafts to confirm.",
    "ask_information": "The service clock stands still until the company has answered.",
    "take_information": "The service clock runs on from the day the last answer arrived.",
    "issue_certificate": "A certificate is issued and every reminder of its term is planned.",
    "suspend_certificate": "Benefits stop for as long as the suspension lasts; the last day of validity stays.",
    "reinstate_certificate": "Benefits count again; the last day of validity stays.",
    "extend_certificate": "The certificate runs to the new last day; its reminders are planned anew.",
    "revoke_certificate": "The certificate ends today. Reminders that are still planned are dropped.",
    "surrender_certificate": "The certificate ends today. Reminders that are still planned are dropped.",
    "undo_ending": "What the decision did to the certificate is reversed; its dates are as before.",
}
_MET = {
    "documents_present": "Every required document is there or waived",
    "account_manager_assigned": "The company has an account manager",
    "answers_complete": "Every criterion has an answer",
    "evidence_present": "Every Yes has a document",
    "answers_assessed": "Every answer is assessed",
    "mandatory_met": "No mandatory criterion is unmet",
    "visit_reported": "Every site was visited, with a report",
    "band_sufficient": "The band is high enough",
    "band_current": "The band has not ended",
    "recommended": "Somebody recommended this on the facts as they are",
    "in_force": "The certificate is in force",
    "certificate_runs": "The certificate has not ended",
    "suspension_open": "The certificate is suspended",
    "no_suspension_open": "No suspension is open",
    "cycle_decided": "The cycle before is decided",
    "requests_answered": "No more than one request is open",
    "no_other_live": "The company has no other live case of this programme",
    "second_person_confirmed": "Nothing waits for a second person",
    "actions_in_time": "No corrective action is overdue",
    "criteria_accepted": "The criteria are accepted",
    "four_eyes": "You took no part in this cycle",
    "role_permits": "Your role allows it",
}
_SAYS_NOTHING = frozenset({"no period", "not asked yet", "not for this ground", "not needed"})
_WITH_VALUE = frozenset({"band_sufficient", "answers_complete", "in_force", "certificate_runs"})


@dataclass(frozen=True)
class Place:
    """Where a rule is met: a path under the case, or from the root when it begins with a slash; and by which deed."""

    path: str
    words: str
    deed: Deed | None


_PLACES = {
    "DOCUMENTS_MISSING": Place("documents", "Add the documents", Deed.ADD_DOCUMENT),
    "NO_ACCOUNT_MANAGER": Place("/companies/{uen}#manager", "Name an account manager", Deed.NAME_MANAGER),
    "ANSWERS_MISSING": Place("checklist", "Record the answers", Deed.ANSWER),
    "EVIDENCE_MISSING": Place("checklist", "Attach the evidence", Deed.ANSWER),
    "ASSESSMENT_MISSING": Place("checklist", "Assess the answers", Deed.ASSESS),
    "MANDATORY_UNMET": Place("checklist", "Open the checklist", Deed.ASSESS),
    "ACTION_OVERDUE": Place("visits", "Close the corrective actions", Deed.CLOSE_ACTION),
    "VISIT_MISSING": Place("visits/new", "Add the visit report", Deed.RECORD_VISIT),
    "BAND_MISSING": Place("band", "Record the band", Deed.SET_BAND),
    "BAND_TOO_LOW": Place("band", "Record a newer band", Deed.SET_BAND),
    "BAND_EXPIRED": Place("band", "Record the new band", Deed.SET_BAND),
    "RECOMMENDATION_MISSING": Place("recommend/{trigger}", "Recommend it", Deed.RECOMMEND),
    "RECOMMENDATION_STALE": Place("recommend/{trigger}", "Recommend it again", Deed.RECOMMEND),
    "REQUESTS_OPEN": Place("information", "Record the answers", Deed.TAKE_ANSWER),
    "APPROVAL_OPEN": Place("/approvals", "Open approvals", Deed.CONFIRM),
    "ORDER_MISSING": Place("documents", "Add the order", Deed.ADD_DOCUMENT),
    "CRITERIA_NOT_ACCEPTED": Place("/programmes", "Open the programme", Deed.ACCEPT_PROGRAMME),
}
# Sections that show everybody what is missing; the other places hold a form alone.
_FOR_READERS = ("documents", "checklist", "visits", "information")
# Unmet by what was given with the trigger: the field that mends it.
FIELDS = {
    "REASON_MISSING": "reason",
    "REASON_CODE": "reason_code",
    "VALID_UNTIL_NOT_LATER": "given_valid_until",
    "LAST_DAY_PAST": "given_valid_until",
    "ORDER_MISSING": "given_order",
    "UEN_CHECK": "uen",
}
_NAME = re.compile(r"\(([a-z]+(?:_[a-z]+)*)\)")  # of a message, in brackets
_DAY = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")  # in a value that the trail keeps
# Where the work goes on after an action, when that is not the case's first page.
AFTERWARDS = {"start_review": "/checklist"}
_FOR_THE_COMMAND_LINE = re.compile(r",? ?\((?:aeo |--)[^)]*\)")


def said(sentence: str) -> str:
    """Return a sentence without what it says in brackets to people at a command line."""
    return _FOR_THE_COMMAND_LINE.sub("", sentence)


def task(sentence: str) -> str:
    """Return what a task says without the sentences that name commands; its page offers the same as forms."""
    told = " ".join(one for one in re.split(r"(?<=[.:]) (?=[A-Z])", said(sentence)) if "`aeo " not in one)
    return _NAME.sub(lambda found: f"({found[1].replace('_', ' ')})", told)


def button(trigger: str, title: str) -> str:
    return BUTTONS.get(trigger, title)


def done(trigger: str, reference: str, sentence: str) -> str:
    """Return what is said after an action; what waits for a second person says so itself."""
    title, moved, rest = sentence.partition(f": {reference} is now ")
    return f"{DONE.get(trigger, title)}. {reference} is now {rest}" if moved else said(sentence)


def recommend(trigger: str, title: str) -> str:
    return RECOMMEND.get(trigger, f"Recommend: {title[0].lower()}{title[1:]}")


def given(name: str, effects: list[str]) -> tuple[str, str]:
    """Return label and hint of a fact that a transition asks for."""
    if name == "valid_until" and "extend_certificate" in effects:
        return _NEW_LAST_DAY
    if name == "valid_until" and "undo_ending" in effects:
        return "Last day that the order sets", "Empty: the dates as they were"
    return GIVEN.get(name, (name.replace("_", " ").capitalize(), ""))


def reason_label(trigger: str) -> str:
    """Return what the text is called that stands with an act."""
    return "Question" if trigger == "request_information" else "Reason"


def reason_code(code: str) -> str:
    return REASON_CODES.get(code, code.replace("_", " ").capitalize())


def effects(names: list[str]) -> list[str]:
    return [_EFFECTS[name] for name in names if name in _EFFECTS]


def met(rule: str, value: str) -> str:
    """Return a rule that is met as a line of a list, or nothing where it says nothing to people."""
    line = _MET.get(rule, "") if value not in _SAYS_NOTHING else ""
    value = _DAY.sub(lambda found: in_words(date.fromisoformat(found[0])), value)
    return f"{line}: {value}" if line and rule in _WITH_VALUE else line


def unmet(one: Mapping[str, str], reference: str, trigger: str, roles: frozenset[str], *, uen: str) -> dict[str, Any]:
    """Return an unmet rule with where it is met, and whether somebody with these roles can meet it."""
    place = _PLACES.get(one["code"])
    path = place.path.format(trigger=trigger, uen=uen) if place else ""
    yours = bool(place and place.deed and role_for(place.deed, roles))
    if not yours and not path.startswith(_FOR_READERS):
        path = ""
    return {
        "code": one["code"],
        "sentence": said(one["sentence"]),
        "who": one["who"],
        "yours": yours,
        "href": "" if not path else path if path.startswith("/") else f"/cases/{reference}/{path}",
        "words": place.words if place else "",
    }


def people(names: list[str]) -> str:
    """Return people who can do something: Priya Nair or Lim Boon Kiat."""
    return some(names, "or") if names else ""


def band_choices(bands: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return bands for a select, the highest first."""
    return [("", "Choose a band"), *((band, band) for band in reversed(bands))]


def code_choices(codes: list[str], *, optional: bool) -> list[tuple[str, str]]:
    first = "None" if optional else "Choose a ground"
    return [("", first), *((code, reason_code(code)) for code in codes)]


def document_choices(documents: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(str(one["id"]), f"{one['filename']}, no. {one['id']}") for one in documents]
