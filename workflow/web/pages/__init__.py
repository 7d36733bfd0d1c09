"""Pages, one file for each area: they read reports, call one operation, and render. No rule is decided here."""

from workflow.web.pages import (
    account,
    approvals,
    calendar,
    case,
    companies,
    home,
    mailbox,
    messages,
    people,
    portfolio,
    programmes,
    settings,
    sign_in,
    tasks,
    team,
    work,
)

AREAS = (
    sign_in,
    home,
    account,
    work,
    approvals,
    case,
    portfolio,
    calendar,
    companies,
    team,
    people,
    programmes,
    messages,
    mailbox,
    tasks,
    settings,
)
