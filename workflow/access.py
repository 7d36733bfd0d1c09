"""Who may do what outside the programme's transitions. Trigger roles live in the programme and are explain()'s."""

from enum import StrEnum

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
    RECOMMEND = "recommend"
    ASSIGN = "assign a case"
    EXPORT_TRAIL = "export the trail"
    MANAGE_PEOPLE = "manage people"
    RECORD_ABSENCE = "record an absence"
    TRANSFER_PORTFOLIO = "transfer a portfolio"
    CONFIRM_SWEEP = "confirm a sweep"


ALLOWED: dict[Deed, tuple[str, ...]] = {
    Deed.SUBMIT: ("officer", "account_manager"),
    Deed.ADD_DOCUMENT: ("officer", "account_manager"),
    Deed.ANSWER: ("officer", "account_manager"),
    Deed.ASSESS: ("officer",),
    Deed.RECORD_VISIT: ("officer",),
    Deed.SET_BAND: ("officer",),
    Deed.RECOMMEND: ("officer",),
    Deed.ASSIGN: ("officer", "supervisor"),
    Deed.EXPORT_TRAIL: ("auditor", "supervisor"),
    Deed.MANAGE_PEOPLE: ("admin",),
    Deed.RECORD_ABSENCE: ("supervisor", "admin"),  # and the person who is absent
    Deed.TRANSFER_PORTFOLIO: ("supervisor", "admin"),  # and the account manager who hands over
    Deed.CONFIRM_SWEEP: ("supervisor",),
}

_ALONE = frozenset({"admin", "auditor"})


def role_for(deed: Deed, roles: frozenset[str]) -> str | None:
    """Return the role in which somebody with these roles may do the deed, or None."""
    return next((role for role in ALLOWED[deed] if role in roles), None)


def clashing(roles: frozenset[str]) -> str | None:
    """Return the role that combines with no other but is held beside another, or None."""
    return next((role for role in sorted(_ALONE & roles) if len(roles) > 1), None)
