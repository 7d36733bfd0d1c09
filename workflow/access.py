"""Who sees which cases, which pages a role opens, and who may do what outside the programme's transitions.

Trigger roles live in the programme and are explain()'s.
"""

from enum import StrEnum

from states.facts import Person

STAFF = frozenset({"officer", "approver", "account_manager", "supervisor", "auditor", "admin"})
CASE_ROLES = frozenset({"officer", "approver", "account_manager", "supervisor"})  # in which a deputy can stand in


class Deed(StrEnum):
    """What people do to a case beside firing a transition."""

    SUBMIT = "submit an application"
    ADD_DOCUMENT = "add a document"
    ANSWER = "record an answer"
    ASSESS = "assess an answer"
    RECORD_VISIT = "record a visit"
    SET_BAND = "record a band"
    PLAN_VISIT = "plan a visit"
    CLOSE_ACTION = "close a corrective action"
    ASK = "ask the company for information"
    TAKE_ANSWER = "record the company's answer"
    ADD_SITE = "add a site"
    WAIVE = "waive a document"
    REFILE = "file a document again"
    CONSENT = "record a consent"
    CORRECT = "correct a certificate"
    REISSUE = "re-issue a certificate"
    CONFIRM = "confirm what another person asked for"
    IMPORT_CASES = "take over cases from elsewhere"
    ACCEPT_PROGRAMME = "accept a programme's criteria"
    RECOMMEND = "recommend"
    TAKE_BACK = "take a recommendation back"
    ASSIGN = "assign a case"
    EXPORT_TRAIL = "export the trail"
    MANAGE_PEOPLE = "manage people"
    RECORD_ABSENCE = "record an absence"
    NAME_MANAGER = "name an account manager"
    TRANSFER_PORTFOLIO = "transfer a portfolio"
    CONFIRM_SWEEP = "confirm a sweep"
    RELEASE_ADDRESS = "release an address"
    RETRY_MESSAGE = "send a message again"
    TRY_RELAY = "try the mail relay"
    KEEP_CALENDAR = "keep the calendar of public holidays"
    NOTE_CONTACT = "note a contact with the company"
    KEEP_ACCESS = "set passwords, reset codes, keep tokens and end sessions"
    AUDIT = "read what an auditor asks"
    SEE_RETENTION = "see what is kept how long"
    SET_RETENTION = "set how long records are kept"
    HOLD = "place or lift a legal hold"
    DISPOSE = "dispose of records"
    ATTEST_ROLES = "attest the roles of the staff"


ALLOWED: dict[Deed, tuple[str, ...]] = {
    Deed.SUBMIT: ("officer", "account_manager"),
    Deed.ADD_DOCUMENT: ("officer", "account_manager"),
    Deed.ANSWER: ("officer", "account_manager"),
    Deed.ASSESS: ("officer",),
    Deed.RECORD_VISIT: ("officer",),
    Deed.SET_BAND: ("officer",),
    Deed.PLAN_VISIT: ("officer",),
    Deed.CLOSE_ACTION: ("officer",),
    Deed.ASK: ("officer",),
    Deed.TAKE_ANSWER: ("officer", "account_manager"),
    Deed.ADD_SITE: ("officer", "account_manager"),
    Deed.WAIVE: ("officer",),
    Deed.REFILE: ("officer",),
    Deed.CONSENT: ("officer", "account_manager"),
    Deed.CORRECT: ("officer", "approver"),
    Deed.REISSUE: ("approver",),
    Deed.CONFIRM: ("approver", "supervisor"),
    Deed.IMPORT_CASES: ("supervisor", "admin", "operator"),
    Deed.ACCEPT_PROGRAMME: ("admin",),
    Deed.RECOMMEND: ("officer",),
    Deed.TAKE_BACK: ("officer", "supervisor"),  # an officer the own one alone
    Deed.ASSIGN: ("officer", "supervisor"),
    Deed.EXPORT_TRAIL: ("auditor", "supervisor"),
    Deed.MANAGE_PEOPLE: ("admin",),
    Deed.RECORD_ABSENCE: ("supervisor", "admin"),  # and the person who is absent
    Deed.NAME_MANAGER: ("officer", "supervisor", "admin"),
    Deed.TRANSFER_PORTFOLIO: ("supervisor", "admin"),  # and the account manager who hands over
    Deed.CONFIRM_SWEEP: ("supervisor",),
    Deed.RELEASE_ADDRESS: ("officer", "supervisor", "admin"),
    Deed.RETRY_MESSAGE: ("officer", "account_manager", "supervisor", "admin"),
    Deed.TRY_RELAY: ("admin",),
    Deed.KEEP_CALENDAR: ("admin",),
    Deed.NOTE_CONTACT: ("officer", "supervisor", "account_manager"),  # an account manager for the own companies
    Deed.KEEP_ACCESS: ("admin",),  # and everybody for the own account
    Deed.AUDIT: ("auditor", "supervisor"),
    Deed.SEE_RETENTION: ("auditor", "supervisor", "admin"),
    Deed.SET_RETENTION: ("admin",),
    Deed.HOLD: ("supervisor", "admin"),
    Deed.DISPOSE: ("supervisor", "admin"),  # one asks, another one confirms
    Deed.ATTEST_ROLES: ("supervisor", "admin"),
}


class Area(StrEnum):
    """What a route shows or changes. Every route names one; the objects in it are looked at apart."""

    PUBLIC = "public"  # anybody, signed in or not
    OWN = "your account"  # everybody who is signed in
    WORK = "my work"
    CASES = "cases"
    APPROVALS = "approvals"
    PORTFOLIO = "portfolio"
    CALENDAR = "calendar"
    COMPANIES = "companies"
    PROGRAMMES = "programmes"
    TEAM = "team"
    TRAIL = "the trail"
    PROOF = "the proof of reminders"
    MESSAGES = "messages"
    MAILBOX = "the embedded mailbox"
    PEOPLE = "people"
    SETTINGS = "settings"


OPENED_BY: dict[Area, frozenset[str]] = {
    Area.OWN: STAFF,
    Area.WORK: frozenset({"officer", "approver", "supervisor"}),
    Area.CASES: STAFF,  # an account manager sees the own companies' cases alone
    Area.APPROVALS: frozenset({"approver", "supervisor"}),
    Area.PORTFOLIO: frozenset({"account_manager", "supervisor"}),
    Area.CALENDAR: STAFF,
    Area.COMPANIES: STAFF,
    Area.PROGRAMMES: STAFF,
    Area.TEAM: frozenset({"supervisor", "auditor"}),
    Area.TRAIL: frozenset({"auditor", "supervisor"}),
    Area.PROOF: frozenset({"auditor", "supervisor"}),
    Area.MESSAGES: STAFF,
    Area.MAILBOX: STAFF - {"account_manager"},  # it holds everybody's mail
    Area.PEOPLE: frozenset({"admin", "auditor"}),
    Area.SETTINGS: frozenset({"admin", "auditor"}),
}

_ALONE = frozenset({"admin", "auditor"})
_WITH_CODE = frozenset({"approver", "admin"})  # a password alone neither decides nor gives roles
_SEE_ALL = (STAFF - {"account_manager"}) | {"operator", "clock"}


def sees_all(person: Person) -> bool:
    """Say whether somebody sees every case and company, whoever their account manager is."""
    return bool(person.roles & _SEE_ALL)


def portfolios_of(person: Person) -> frozenset[str]:
    """Return the account managers whose companies are somebody's own: the person, and those he or she stands in for."""
    return person.stands_in_for | {person.id} if "account_manager" in person.roles else frozenset()


def role_for(deed: Deed, roles: frozenset[str]) -> str | None:
    """Return the role in which somebody with these roles may do the deed, or None."""
    return next((role for role in ALLOWED[deed] if role in roles), None)


def takes_back(person: Person, recommended_by: str) -> bool:
    """Say whether somebody may take back what this person recommended: an officer the own one, a supervisor every one."""
    role = role_for(Deed.TAKE_BACK, person.roles)
    return role is not None and (person.id == recommended_by or "supervisor" in person.roles)


def opens(area: Area, roles: frozenset[str]) -> bool:
    """Say whether somebody with these roles may use an area's routes. PUBLIC is everybody's."""
    return area is Area.PUBLIC or bool(OPENED_BY[area] & roles)


def needs_code(roles: frozenset[str]) -> bool:
    """Say whether somebody with these roles proves himself or herself in two ways."""
    return bool(roles & _WITH_CODE)


def clashing(roles: frozenset[str]) -> str | None:
    """Return the role that combines with no other but is held beside another, or None."""
    return next((role for role in sorted(_ALONE & roles) if len(roles) > 1), None)
