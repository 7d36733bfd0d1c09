"""The bar above every page: which areas a person's roles open, the most used first. Decides no access itself."""

from dataclasses import dataclass

from workflow.access import Area, opens


@dataclass(frozen=True)
class Link:
    area: Area
    title: str
    href: str


_LINKS = {
    link.area: link
    for link in (
        Link(Area.WORK, "My work", "/work"),
        Link(Area.APPROVALS, "Approvals", "/approvals"),
        Link(Area.PORTFOLIO, "Portfolio", "/portfolio"),
        Link(Area.CASES, "Cases", "/cases"),
        Link(Area.CALENDAR, "Calendar", "/calendar"),
        Link(Area.COMPANIES, "Companies", "/companies"),
        Link(Area.TEAM, "Team", "/team"),
        Link(Area.TRAIL, "Trail", "/trail"),
        Link(Area.PROOF, "Proof", "/proof"),
        Link(Area.MESSAGES, "Messages", "/messages"),
        Link(Area.PEOPLE, "People", "/people"),
        Link(Area.PROGRAMMES, "Programmes", "/programmes"),
        Link(Area.SETTINGS, "Settings", "/settings"),
    )
}
# Role by role what it opens most; somebody with several roles gets them in this order, each once.
_BY_ROLE: tuple[tuple[str, tuple[Area, ...]], ...] = (
    ("approver", (Area.APPROVALS, Area.WORK, Area.CASES, Area.CALENDAR, Area.COMPANIES)),
    ("officer", (Area.WORK, Area.CASES, Area.CALENDAR, Area.COMPANIES, Area.MESSAGES)),
    ("supervisor", (Area.WORK, Area.TEAM, Area.APPROVALS, Area.CASES, Area.CALENDAR, Area.COMPANIES, Area.MESSAGES)),
    ("account_manager", (Area.PORTFOLIO, Area.CASES, Area.CALENDAR, Area.COMPANIES, Area.MESSAGES)),
    ("auditor", (Area.TRAIL, Area.PROOF, Area.CASES, Area.TEAM, Area.PEOPLE)),
    ("admin", (Area.PEOPLE, Area.PROGRAMMES, Area.MESSAGES, Area.SETTINGS, Area.CASES)),
)
_LAST = (Area.TRAIL, Area.PROOF, Area.PROGRAMMES)


def links(roles: frozenset[str]) -> list[Link]:
    """Return the links of the bar, first the page where this person begins the day."""
    wanted = [area for role, areas in _BY_ROLE if role in roles for area in areas] + list(_LAST)
    return [_LINKS[area] for area in dict.fromkeys(wanted) if opens(area, roles)]


def home(roles: frozenset[str]) -> str:
    """Return where somebody with these roles begins."""
    found = links(roles)
    return found[0].href if found else "/me"
