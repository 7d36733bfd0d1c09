"""Pages, one file for each area: they read reports, call one operation, and render. No rule is decided here."""

from workflow.web.pages import (
    account,
    approvals,
    calendar,
    case,
    companies,
    home,
    people,
    portfolio,
    programmes,
    proof,
    settings,
    sign_in,
    team,
    trail,
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
    trail,
    proof,
    programmes,
    settings,
)
